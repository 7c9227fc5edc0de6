/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/address.h"
#include "app/nearest.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/text.h"

enum { REGINT_MAX = 86400 };

struct setting {
	struct account_draft *a;
	const char *name, *value;
	char *why;
	size_t size;
};

static int too_long(const struct setting *s)
{
	snprintf(s->why, s->size, "%s is too long", s->name);

	return EOVERFLOW;
}

static int copy(const struct setting *s, char *dst, size_t size)
{
	if (!s->value[0]) {
		snprintf(s->why, s->size, "%s is empty", s->name);
		return EINVAL;
	}

	return text_copy(dst, size, s->value) ? too_long(s) : 0;
}

static int set_name(const struct setting *s)
{
	return copy(s, s->a->prm.name, sizeof(s->a->prm.name));
}

static int set_auth_user(const struct setting *s)
{
	return copy(s, s->a->prm.auth_user, sizeof(s->a->prm.auth_user));
}

static int set_password_command(const struct setting *s)
{
	return copy(s, s->a->password_command, sizeof(s->a->password_command));
}

static int set_password_file(const struct setting *s)
{
	return copy(s, s->a->password_file, sizeof(s->a->password_file));
}

static int set_transport(const struct setting *s)
{
	for (int t = 0; t < TRANSP_COUNT; t++) {
		if (strcasecmp(transp_name((enum transp)t), s->value) == 0) {
			s->a->prm.transport = (enum transp)t;
			s->a->prm.transport_set = true;
			return 0;
		}
	}
	snprintf(s->why, s->size, "transport is udp, tcp or tls, not '%s'",
		 s->value);

	return EINVAL;
}

static int set_outbound(const struct setting *s)
{
	const char *why;

	if (address_check(s->value, &why) ||
	    (!text_begins(s->value, "sip:") &&
	     !text_begins(s->value, "sips:"))) {
		snprintf(s->why, s->size,
			 "outbound is the proxy's URI, sip:HOST[:PORT], "
			 "not '%s'",
			 s->value);
		return EINVAL;
	}

	return copy(s, s->a->prm.outbound, sizeof(s->a->prm.outbound));
}

static int set_regint(const struct setting *s)
{
	if (text_u32(s->value, 0, REGINT_MAX, &s->a->prm.regint))
		return 0;
	snprintf(s->why, s->size,
		 "regint is 0 (do not register) to %d seconds, not '%s'",
		 REGINT_MAX, s->value);

	return EINVAL;
}

static int set_refer_mode(const struct setting *s)
{
	static const struct {
		const char *name;
		enum refer_mode mode;
	} modes[] = {
		{"auto", REFER_MODE_AUTO},
		{"in-dialog", REFER_MODE_IN_DIALOG},
		{"out", REFER_MODE_OUT},
	};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, s->value) == 0) {
			s->a->prm.refer_mode = (int)modes[i].mode;
			return 0;
		}
	}
	snprintf(s->why, s->size,
		 "refer_mode is auto, in-dialog or out, not '%s'", s->value);

	return EINVAL;
}

static int set_codecs(const struct setting *s)
{
	struct codecs codecs;
	int err = copy(s, s->a->prm.codecs, sizeof(s->a->prm.codecs));

	if (err)
		return err;

	return codecs_parse(&codecs, s->value, s->why, s->size);
}

/* Nobody may believe to talk in secret who does not. */
static int set_srtp(const struct setting *s)
{
	if (strcmp(s->value, "off") == 0)
		return 0;
	snprintf(s->why, s->size,
		 "this version encrypts no sound: srtp can only be off");

	return EINVAL;
}

/* clang-format off */
static const struct param {
	const char *name, *value, *help;
	int (*set)(const struct setting *s);
} params[] = {
	{"auth_user", "NAME", "Name for the login, when it is not the AOR's",
	 set_auth_user},
	{"codecs", "LIST", "Codecs to offer, best first: pcmu,pcma,telephone-event",
	 set_codecs},
	{"name", "TEXT", "Display name", set_name},
	{"outbound", "URI", "Proxy to send everything to: sip:HOST[:PORT]",
	 set_outbound},
	{"password_command", "COMMAND",
	 "Shell command whose first line of output is the password",
	 set_password_command},
	{"password_file", "FILE",
	 "File with the password; only its owner may be able to read it",
	 set_password_file},
	{"refer_mode", "MODE", "How REFER is sent: auto, in-dialog or out",
	 set_refer_mode},
	{"regint", "SECONDS", "How long to register for; 0: do not register",
	 set_regint},
	{"srtp", "off", "Encrypted sound; not yet possible", set_srtp},
	{"transport", "NAME", "udp, tcp or tls", set_transport},
};
/* clang-format on */

enum { PARAMS = sizeof(params) / sizeof(params[0]) };

const char *account_param(unsigned i, const char **valuep, const char **helpp)
{
	if (i >= PARAMS)
		return NULL;
	if (valuep)
		*valuep = params[i].value;
	if (helpp)
		*helpp = params[i].help;

	return params[i].name;
}

int account_begin(struct account_draft *a, const char *aor, char *why,
		  size_t size)
{
	const char *reason;

	memset(a, 0, sizeof(*a));
	if (address_check(aor, &reason)) {
		snprintf(why, size, "'%s': %s", aor, reason);
		return EINVAL;
	}
	if (!text_begins(aor, "sip:") && !text_begins(aor, "sips:")) {
		snprintf(why, size, "an account is sip:USER@DOMAIN, not '%s'",
			 aor);
		return EINVAL;
	}
	if (!strchr(aor, '@')) {
		snprintf(why, size, "'%s' lacks the user: sip:USER@DOMAIN",
			 aor);
		return EINVAL;
	}
	a->prm.regint = 300;

	return text_copy(a->prm.aor, sizeof(a->prm.aor), aor);
}

static int unknown(const char *name, char *why, size_t size)
{
	struct nearest near;
	char hint[64];

	if (strcmp(name, "password") == 0) {
		snprintf(why, size,
			 "a password does not stand here: use password_file "
			 "or password_command");
		return EPERM;
	}
	nearest_init(&near, name);
	for (unsigned i = 0; i < PARAMS; i++)
		nearest_try(&near, params[i].name);
	snprintf(why, size, "an account has no parameter %s%s", name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return ENOENT;
}

int account_set(struct account_draft *a, const char *pair, char *why,
		size_t size)
{
	const char *eq = strchr(pair, '=');
	char name[32];

	if (!eq) {
		snprintf(why, size, "'%s' is not PARAM=VALUE", pair);
		return EINVAL;
	}
	if (text_ncopy(name, sizeof(name), pair, (size_t)(eq - pair)))
		return unknown("with such a long name", why, size);

	for (unsigned i = 0; i < PARAMS; i++) {
		struct setting s = {a, params[i].name, eq + 1, why, size};

		if (strcmp(params[i].name, name) == 0)
			return params[i].set(&s);
	}

	return unknown(name, why, size);
}

int account_parse(struct account_draft *a, const char *text, char *why,
		  size_t size)
{
	char buf[PATH_MAX_LEN];
	char *save = NULL, *word;
	int err;

	if (text_copy(buf, sizeof(buf), text)) {
		snprintf(why, size, "too long");
		return EOVERFLOW;
	}
	word = strtok_r(buf, ";", &save);
	err = account_begin(a, word ? word : "", why, size);
	while (!err && (word = strtok_r(NULL, ";", &save)))
		err = account_set(a, word, why, size);

	return err;
}

int account_secret(struct account_draft *a, char *why, size_t size)
{
	const char *reason = NULL;
	int err = 0;

	if (a->password_file[0])
		err = secret_from_file(a->prm.password, sizeof(a->prm.password),
				       a->password_file, &reason);
	else if (a->password_command[0])
		err = secret_from_command(a->prm.password,
					  sizeof(a->prm.password),
					  a->password_command, &reason);
	if (err)
		snprintf(why, size, "%s",
			 reason ? reason : "the password cannot be read");

	return err;
}

int account_check(const struct account_draft *a, char *why, size_t size)
{
	struct account_draft copy_of = *a;
	int err;

	/* a command may ask, ring or cost: looking must not run it */
	copy_of.password_command[0] = '\0';
	err = account_secret(&copy_of, why, size);
	secret_wipe(&copy_of, sizeof(copy_of));

	return err;
}
