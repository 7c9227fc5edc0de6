/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/option.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "app/nearest.h"
#include "base/file.h"
#include "base/text.h"

/* clang-format off */
static const struct option rows[] = {
	{"ascii", OPTION_BOOL, NULL, 0, 0, NULL, "off", -1,
	 "Draw with ASCII characters only"},
	{"borders", OPTION_CHOICE, NULL, 0, 0, "line none box", "line", -1,
	 "What stands between the panes"},
	{"colors", OPTION_CHOICE, NULL, 0, 0, "auto mono 8 16 256 direct",
	 "auto", -1,
	 "How many colours to use; auto asks the terminal"},
	{"directory", OPTION_TEXT, NULL, 0, 0, NULL, "", -1,
	 "CSV or vCard file of whom to call; empty: directory.csv"},
	{"dns_server", OPTION_TEXT, NULL, 0, 0, NULL, "", EOPT_DNS_SERVER,
	 "Name server as ADDR[:PORT]; empty: the system's"},
	{"follow_redirects", OPTION_BOOL, NULL, 0, 0, NULL, "off",
	 EOPT_FOLLOW_REDIRECTS,
	 "Call the address a 3xx answer gives by itself"},
	{"hold_warn", OPTION_NUMBER, "seconds", 0, 3600, NULL, "120", -1,
	 "Warn when a caller is on hold for longer; 0: never"},
	{"key_guard", OPTION_NUMBER, "milliseconds", 0, 2000, NULL, "400", -1,
	 "Ignore a key once that meant something else this long ago"},
	{"keys", OPTION_CHOICE, NULL, 0, 0, "default desk vim", "default", -1,
	 "Preset of key bindings"},
	{"mouse", OPTION_BOOL, NULL, 0, 0, NULL, "on", -1,
	 "Listen to the mouse; off leaves it to the terminal"},
	{"notify", OPTION_CHOICE, NULL, 0, 0, "off bell desktop both", "bell",
	 -1,
	 "How to draw attention to an incoming call"},
	{"on_terminal_loss", OPTION_CHOICE, NULL, 0, 0, "keep hangup",
	 "hangup", -1,
	 "What becomes of the calls when the terminal goes away"},
	{"return_on_fail", OPTION_BOOL, NULL, 0, 0, NULL, "on",
	 EOPT_RETURN_ON_FAIL,
	 "Resume the caller when the transfer has failed"},
	{"ring_timeout", OPTION_NUMBER, "seconds", 5, 600, NULL, "180",
	 EOPT_RING_TIMEOUT,
	 "Give up a call that nobody answers"},
	{"sync_output", OPTION_CHOICE, NULL, 0, 0, "auto on off", "auto", -1,
	 "Send each frame in one piece to the terminal"},
	{"theme", OPTION_TEXT, NULL, 0, 0, NULL, "terminal", -1,
	 "Theme of the console"},
	{"tls_ca", OPTION_TEXT, NULL, 0, 0, NULL, "", EOPT_TLS_CA,
	 "PEM file or directory of authorities; empty: the system's"},
	{"tls_cert", OPTION_TEXT, NULL, 0, 0, NULL, "", EOPT_TLS_CERT,
	 "PEM file with our certificate and its key"},
	{"tls_verify", OPTION_BOOL, NULL, 0, 0, NULL, "on", EOPT_TLS_VERIFY,
	 "Check the certificate and the name of TLS peers"},
	{"transfer_timeout", OPTION_NUMBER, "seconds", 60, 1800, NULL, "600",
	 EOPT_TRANSFER_TIMEOUT,
	 "The longest a transfer may last"},
	{"voicemail", OPTION_TEXT, NULL, 0, 0, NULL, "", -1,
	 "Voicemail of a target, {} is its number, such as *{}"},
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct option *option_row(unsigned i)
{
	return i < ROWS ? &rows[i] : NULL;
}

const struct option *option_find(const char *name)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}

	return NULL;
}

void options_init(struct options *o)
{
	o->values = alloc_zero(ROWS * sizeof(*o->values));
	o->given = alloc_zero(ROWS * sizeof(*o->given));
	for (unsigned i = 0; i < ROWS; i++)
		text_copy(o->values[i], sizeof(o->values[i]), rows[i].def);
}

void options_done(struct options *o)
{
	free(o->values);
	free(o->given);
	memset(o, 0, sizeof(*o));
}

const char *option_range(const struct option *row, char *buf, size_t size)
{
	const char *p = row->choices;
	size_t at = 0;

	buf[0] = '\0';
	switch (row->type) {
	case OPTION_BOOL:
		snprintf(buf, size, "on or off");
		break;
	case OPTION_NUMBER:
		snprintf(buf, size, "%u to %u %s", row->min, row->max,
			 row->unit);
		break;
	case OPTION_TEXT:
		snprintf(buf, size, "a text");
		break;
	case OPTION_CHOICE:
		while (*p && at + 1 < size) {
			size_t len = strcspn(p, " ");
			const char *next = p + len + (p[len] == ' ');
			const char *mark = !*next              ? ""
					   : strchr(next, ' ') ? ", "
							       : " or ";

			at += (size_t)snprintf(buf + at, size - at, "%.*s%s",
					       (int)len, p, mark);
			p = next;
		}
		break;
	}

	return buf;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; len && *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && strncmp(p, value, n) == 0)
			return true;
		p += n + (p[n] == ' ');
	}

	return false;
}

/* Other ways to say on and off; NULL: neither. */
static const char *on_off(const char *value)
{
	static const char *const words[][2] = {
		{"on", "on"},   {"yes", "on"}, {"true", "on"},   {"1", "on"},
		{"off", "off"}, {"no", "off"}, {"false", "off"}, {"0", "off"},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], value) == 0)
			return words[i][1];
	}

	return NULL;
}

static int unknown(const char *name, char *why, size_t size)
{
	struct nearest near;
	char hint[64];

	nearest_init(&near, name);
	for (unsigned i = 0; i < ROWS; i++)
		nearest_try(&near, rows[i].name);
	snprintf(why, size, "there is no option %s%s", name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return ENOENT;
}

static int bad(const struct option *row, const char *value, char *why,
	       size_t size)
{
	char range[80];

	snprintf(why, size, "%s wants %s, not '%s'", row->name,
		 option_range(row, range, sizeof(range)), value);

	return row->type == OPTION_NUMBER ? ERANGE : EINVAL;
}

int option_set(struct options *o, const char *name, const char *value,
	       char *why, size_t size)
{
	const struct option *row = option_find(name);
	uint32_t number;

	if (!row)
		return unknown(name, why, size);

	switch (row->type) {
	case OPTION_BOOL:
		if (!on_off(value))
			return bad(row, value, why, size);
		value = on_off(value);
		break;
	case OPTION_NUMBER:
		if (!text_u32(value, row->min, row->max, &number))
			return bad(row, value, why, size);
		break;
	case OPTION_CHOICE:
		if (!is_choice(row->choices, value))
			return bad(row, value, why, size);
		break;
	case OPTION_TEXT:
		if (strlen(value) >= PATH_MAX_LEN) {
			snprintf(why, size, "the value of %s is too long",
				 name);
			return EOVERFLOW;
		}
		break;
	}
	text_copy(o->values[row - rows], PATH_MAX_LEN, value);
	o->given[row - rows] = true;

	return 0;
}

const char *option_get(const struct options *o, const char *name)
{
	const struct option *row = option_find(name);

	assert(row);
	return o->values[row - rows];
}

bool option_bool(const struct options *o, const char *name)
{
	return strcmp(option_get(o, name), "on") == 0;
}

uint32_t option_number(const struct options *o, const char *name)
{
	uint32_t n = 0;

	(void)text_u32(option_get(o, name), 0, UINT32_MAX, &n); /* checked */
	return n;
}

bool option_given(const struct options *o, const char *name)
{
	const struct option *row = option_find(name);

	assert(row);
	return o->given[row - rows];
}

bool option_request(const struct options *o, const char *name,
		    struct request *req)
{
	const struct option *row = option_find(name);

	if (!row || row->engine < 0)
		return false;

	req->type = REQ_OPTION;
	req->option = (enum engine_option)row->engine;
	switch (row->type) {
	case OPTION_BOOL:
		req->value = option_bool(o, name);
		break;
	case OPTION_NUMBER:
		req->value = option_number(o, name);
		break;
	default:
		/* a path may begin with ~; a server's name never does */
		if (file_expand(req->u.text, sizeof(req->u.text),
				option_get(o, name)))
			text_copy(req->u.text, sizeof(req->u.text),
				  option_get(o, name));
		break;
	}

	return true;
}
