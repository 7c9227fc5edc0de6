/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/app/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/thread.h"

enum { BEGAN_S = 13 * 3600 };

/* 2026-01-01 00:00 UTC; the tests run with TZ=UTC */
#define EPOCH_S 1767225600ull

static struct stage *open_stage; /* app->arg is the fake's */

static void on_news(const struct event *ev, enum news news, void *arg)
{
	struct stage *s = open_stage;

	(void)arg;
	if (ev->type == EV_REPLY && news == NEWS_SHOWN) {
		s->reply = ev->u.reply;
		s->replies++;
	}
	desk_event(&s->desk, ev);
}

void stage_open(struct stage *s)
{
	thread_adopt(THREAD_UI);
	memset(s, 0, sizeof(*s));
	open_stage = s;
	app_init(&s->app);
	fake_init(&s->fake, &s->app);
	s->app.newsh = on_news;
	desk_init(&s->desk, &s->app, NULL);
	s->desk.still = true;
	stage_at(s, 0);
}

void stage_close(struct stage *s)
{
	char command[128];

	desk_done(&s->desk);
	directory_free(s->app.directory);
	app_done(&s->app);
	if (!s->home[0])
		return;
	snprintf(command, sizeof(command), "%s/people.csv", s->home);
	(void)unlink(command);
	if (!rmdir(s->home))
		return;
	/* a test has left more there */
	snprintf(command, sizeof(command), "rm -r '%s'", s->home);
	assert_int_equal(0, system(command));
}

void stage_directory(struct stage *s, const char *csv)
{
	char path[96];
	FILE *f;

	snprintf(s->home, sizeof(s->home), "/tmp/stage.XXXXXX");
	assert_non_null(mkdtemp(s->home));
	snprintf(path, sizeof(path), "%s/people.csv", s->home);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(csv, f);
	assert_int_equal(0, fclose(f));
	directory_new(&s->app.directory);
	assert_int_equal(0, directory_load(s->app.directory, path));
}

void stage_tick(struct stage *s, double t)
{
	const unsigned at = BEGAN_S + (unsigned)t;

	s->desk.now_ms = (uint64_t)(t * 1000 + 0.5);
	snprintf(s->desk.wall, sizeof(s->desk.wall), "%02u:%02u:%02u",
		 at / 3600 % 24, at / 60 % 60, at % 60);
	desk_tick(&s->desk, s->desk.now_ms);
}

void stage_at(struct stage *s, double t)
{
	stage_tick(s, t);
	desk_shown(&s->desk);
}

/* ---- the engine speaks --------------------------------------------------- */

static void tell(struct stage *s, struct event *ev)
{
	stage_tick(s, ev->t);
	app_event(&s->app, ev);
	stage_at(s, ev->t);
}

static uint64_t dialog_of(uint32_t call)
{
	char id[32];

	snprintf(id, sizeof(id), "call-%u", call);

	return text_hash(id, strlen(id));
}

void stage_call(struct stage *s, double t, struct call_info c)
{
	struct event ev = {.type = EV_CALL, .t = t, .u.call = c};

	if (!c.dialog)
		ev.u.call.dialog = dialog_of(c.id);
	tell(s, &ev);
}

void stage_transfer(struct stage *s, double t, struct transfer_info x)
{
	struct event ev = {.type = EV_TRANSFER, .t = t, .u.transfer = x};

	if (!x.dialog)
		ev.u.transfer.dialog = dialog_of(x.call);
	tell(s, &ev);
}

void stage_account(struct stage *s, struct account_info a)
{
	struct event ev = {.type = EV_ACCOUNT, .t = 0, .u.account = a};

	app_event(&s->app, &ev);
}

void stage_sip(struct stage *s, double t, bool tx, uint32_t call,
	       const char *first, const char *cseq, const char *head,
	       const char *body)
{
	struct event ev = {.type = EV_TRACE, .t = t};
	struct trace_info *p = &ev.u.trace;
	int n = snprintf(p->data, sizeof(p->data),
			 "%s\r\nCall-ID: call-%u\r\nCSeq: %s\r\n%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 first, call, cseq, head, strlen(body), body);

	assert_true(n > 0 && n < (int)sizeof(p->data));
	p->serial = ++s->messages;
	p->wall_us = (EPOCH_S + BEGAN_S) * 1000000 + (uint64_t)(t * 1e6 + 0.5);
	p->total = p->len = (uint32_t)n;
	p->tp = TRANSP_TLS;
	p->tx = tx;
	text_copy(p->src, sizeof(p->src),
		  tx ? "192.0.2.4:5061" : "192.0.2.10:5061");
	text_copy(p->dst, sizeof(p->dst),
		  tx ? "192.0.2.10:5061" : "192.0.2.4:5061");
	tell(s, &ev);
}

/* ---- the user types ------------------------------------------------------ */

/* As much of readline as a test needs */
static void edit(struct desk *d, const struct key *key)
{
	char text[LEX_LINE_MAX], one[16];
	size_t len;

	text_copy(text, sizeof(text), d->line.text);
	len = strlen(text);
	if (key->code == KEYSYM_ENTER) {
		desk_enter(d, text);
		return;
	}
	if (key->code == KEYSYM_ESC) {
		desk_leave(d);
		return;
	}
	if (key->code >= KEYSYM_NAMED || key->mods)
		return;
	key_format(key, one, sizeof(one));
	text_copy(text + len, sizeof(text) - len, key->code == ' ' ? " " : one);
	desk_typed(d, text, strlen(text));
}

static void press(struct stage *s, const struct key *key)
{
	struct desk *d = &s->desk;

	if (desk_wants(d, key))
		desk_key(d, key);
	else
		edit(d, key);
	desk_shown(d);
}

void stage_keys(struct stage *s, const char *names)
{
	char buf[256], *save = NULL;

	text_copy(buf, sizeof(buf), names);
	for (char *k = strtok_r(buf, " ", &save); k;
	     k = strtok_r(NULL, " ", &save)) {
		struct key key;

		if (!key_parse(&key, k))
			fail_msg("%s is no key", k);
		press(s, &key);
	}
}

void stage_type(struct stage *s, const char *text)
{
	for (; *text; text++) {
		const struct key key = {.code = (unsigned char)*text};

		press(s, &key);
	}
}

const char *stage_note(const struct stage *s)
{
	const struct diary_line *l = desk_diary(&s->desk, 0);

	return l ? l->text : "";
}
