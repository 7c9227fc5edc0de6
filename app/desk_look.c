/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/desk_priv.h"
#include "base/text.h"
#include "base/thread.h"

/* What views ask of the desk. */

enum { TOLD_MS = 8000 }; /* how long a failure that settled itself is shown */

unsigned desk_calls(const struct desk *d, const struct call_info **v,
		    unsigned max)
{
	const struct model *m = &d->app->model;
	unsigned n = 0;

	ASSERT_UI();
	for (unsigned i = 0; i < m->callc && n < max; i++) {
		if (m->calls[i].state != CALL_ENDED)
			v[n++] = &m->calls[i];
	}

	return n;
}

uint64_t desk_since(const struct desk *d, uint64_t t_ms)
{
	return d->now_ms > t_ms ? d->now_ms - t_ms : 0;
}

/* "sip:202@pbx:5070;transport=tcp" -> "202", "sip:pbx" -> "pbx" */
const char *desk_number(const char *uri, char *buf, size_t size)
{
	const char *p = uri, *end;
	size_t len;

	for (const char *scheme = "sip:\0sips:\0tel:\0"; *scheme;
	     scheme += strlen(scheme) + 1) {
		if (text_begins(uri, scheme)) {
			p = uri + strlen(scheme);
			break;
		}
	}
	end = strchr(p, '@');
	len = end && end > p ? (size_t)(end - p) : strcspn(p, ";?");
	if (len >= size)
		len = size - 1;
	memcpy(buf, p, len);
	buf[len] = '\0';

	return buf;
}

/* Who has the account's domain is in the directory by his number alone */
const struct contact *desk_contact(const struct desk *d, const char *uri)
{
	const struct directory *dir = d->app->directory;
	const struct contact *who = dir ? directory_by_address(dir, uri) : NULL;
	const struct model *m = &d->app->model;
	const char *host = strchr(uri, '@');
	char number[NAME_MAX_LEN];

	for (unsigned i = 0; dir && !who && host && i < m->accountc; i++) {
		const char *own = strchr(m->accounts[i].aor, '@');

		if (own && strcasecmp(own, host) == 0)
			who = directory_by_address(
				dir, desk_number(uri, number, sizeof(number)));
	}

	return who;
}

const char *desk_name(const struct desk *d, const struct call_info *c,
		      char *buf, size_t size)
{
	const struct contact *who = desk_contact(d, c->peer);

	if (who)
		text_cut(buf, size, who->name);
	else if (c->name[0])
		text_cut(buf, size, c->name);
	else
		desk_number(c->peer, buf, size);

	return buf;
}

const char *desk_short(const char *name, char *buf, size_t size)
{
	size_t len = strcspn(name, " ,");

	/* a title or an initial names nobody; nor does half a number */
	if (len < 3 || strchr("+0123456789", name[0]))
		len = strlen(name);
	if (text_ncopy(buf, size, name, len))
		text_cut(buf, size, name);

	return buf;
}

/* Only what we can know: who is in a call of ours is busy */
enum lamp desk_lamp(const struct desk *d, const char *uri)
{
	const struct model *m = &d->app->model;
	char mine[NAME_MAX_LEN], his[NAME_MAX_LEN];

	desk_number(uri, mine, sizeof(mine));
	for (unsigned i = 0; i < m->callc; i++) {
		const struct call_info *c = &m->calls[i];

		if (c->state == CALL_ENDED ||
		    strcmp(desk_number(c->peer, his, sizeof(his)), mine) != 0)
			continue;
		return c->state == CALL_RINGING || c->state == CALL_DIALING
			       ? LAMP_RINGS
			       : LAMP_BUSY;
	}

	return LAMP_NONE;
}

/* ---- Enter ------------------------------------------------------------- */

static void next_of_call(const struct desk *d, char *buf, size_t size)
{
	const struct model *m = &d->app->model;
	const struct call_info *c = model_selected(m);
	const struct tale *t = desk_failure(d);

	if (t && (!c || c->id == t->info.call))
		snprintf(buf, size, "resume %u", t->info.call);
	else if (!c && model_ringing(m))
		snprintf(buf, size, "answer %u", model_ringing(m)->id);
	else if (c && c->dir == CALL_IN && c->state == CALL_RINGING)
		snprintf(buf, size, "answer %u", c->id);
	else if (c)
		snprintf(buf, size, "%s %u",
			 c->state == CALL_HELD ? "resume" : "ladder", c->id);
}

static void next_of_transfers(const struct desk *d, char *buf, size_t size)
{
	const struct tale *t = desk_failure(d);
	const unsigned at = desk_row(d, PANE_TRANSFERS);
	struct hint v[HINTS_MAX];
	const unsigned n = hints_recovery(d, v);

	if (n && at < n)
		snprintf(buf, size, "%s %u",
			 strcmp(v[at].line, "default") == 0 ? "resume"
							    : v[at].line,
			 t->info.call);
	else if (!n && at != DESK_NO_ROW)
		snprintf(buf, size, "ladder %u",
			 d->tales[d->talec - 1 - at].info.call);
}

const char *desk_next(const struct desk *d, char *buf, size_t size)
{
	ASSERT_UI();
	buf[0] = '\0';
	if (d->focus == PANE_CALLS)
		next_of_call(d, buf, size);
	else if (d->focus == PANE_TRANSFERS)
		next_of_transfers(d, buf, size);

	return buf;
}

/* ---- the alert --------------------------------------------------------- */

static void minutes(char *buf, size_t size, uint64_t ms)
{
	snprintf(buf, size, "%u:%02u", (unsigned)(ms / 60000),
		 (unsigned)(ms / 1000 % 60));
}

static void alert_key(const struct desk *d, struct alert *a, const char *line,
		      const char *label)
{
	struct key key;
	char name[16];
	size_t at = strlen(a->keys);

	if (!hint_any_key(d, line, &key))
		return;
	snprintf(a->keys + at, sizeof(a->keys) - at, "%s%s %s", at ? "  " : "",
		 key_format(&key, name, sizeof(name)), label);
}

/* The oldest that rings and was not silenced */
static const struct call_info *loudest(const struct desk *d)
{
	const struct model *m = &d->app->model;

	for (unsigned i = 0; i < m->callc; i++) {
		const struct call_info *c = &m->calls[i];
		const struct desk_call *k;

		if (c->dir != CALL_IN || c->state != CALL_RINGING)
			continue;
		k = desk_call(d, c->id);
		if (!k || !k->silenced)
			return c;
	}

	return NULL;
}

static void ring_alert(const struct desk *d, struct alert *a,
		       const struct call_info *c)
{
	const struct desk_call *k = desk_call(d, c->id);
	const struct tale *t = k ? desk_tale(d, k->returned) : NULL;
	char name[NAME_MAX_LEN], number[NAME_MAX_LEN], since[16], ago[16];

	desk_name(d, c, name, sizeof(name));
	desk_number(c->peer, number, sizeof(number));
	if (strcmp(name, number) == 0)
		number[0] = '\0';
	minutes(since, sizeof(since),
		desk_since(d, k ? k->began_ms : d->now_ms));
	a->kind = ALERT_RING;
	if (t) {
		minutes(ago, sizeof(ago), k->began_ms - t->ended_ms);
		snprintf(a->text, sizeof(a->text),
			 "BACK %s   %s%s%s   sent to %s %s before", since, name,
			 number[0] ? "  " : "", number, t->target, ago);
	} else {
		snprintf(a->text, sizeof(a->text), "RINGING %s   %s%s%s%s%s",
			 since, name, number[0] ? "  " : "", number,
			 c->local[0] ? " → " : "", c->local);
	}
	alert_key(d, a, "answer", "answer");
	alert_key(d, a, "reject", "reject");
}

static void fail_alert(const struct desk *d, struct alert *a,
		       const struct tale *t)
{
	const struct desk_call *k = desk_call(d, t->info.call);
	char since[16] = "", resume[32], next[TEXT_MAX];

	if (k && k->held_ms)
		minutes(since, sizeof(since), desk_since(d, k->held_ms));
	a->kind = ALERT_FAIL;
	if (t->info.code >= 300)
		snprintf(a->text, sizeof(a->text),
			 "TRANSFER FAILED  %u %s   %s is on hold %s",
			 t->info.code, t->info.text, t->caller, since);
	else
		snprintf(a->text, sizeof(a->text),
			 "TRANSFER FAILED  %s   %s is on hold %s", t->info.say,
			 t->caller, since);
	snprintf(resume, sizeof(resume), "resume %u", t->info.call);
	if (strcmp(desk_next(d, next, sizeof(next)), resume) == 0)
		alert_key(d, a, "default", "resume");
	else if (d->app->model.selected == t->info.call)
		alert_key(d, a, "resume", "resume");
}

/* It has failed, and the caller is back with the user already */
static const struct tale *just_failed(const struct desk *d)
{
	for (unsigned i = d->talec; i-- > 0;) {
		const struct tale *t = &d->tales[i];
		const struct call_info *c =
			model_call(&d->app->model, t->info.call);

		if (tale_failed(t) && !t->again && c &&
		    c->state == CALL_TALKING &&
		    d->now_ms < t->ended_ms + TOLD_MS)
			return t;
	}

	return NULL;
}

static void back_alert(struct alert *a, const struct tale *t)
{
	a->kind = ALERT_FAIL;
	snprintf(a->text, sizeof(a->text),
		 "TRANSFER FAILED  %s   you talk to %s again", t->info.say,
		 t->caller);
}

void desk_alert(const struct desk *d, struct alert *a)
{
	const struct call_info *c = loudest(d);
	const struct tale *t = desk_failure(d), *back = just_failed(d);

	ASSERT_UI();
	memset(a, 0, sizeof(*a));
	if (c)
		ring_alert(d, a, c);
	else if (t)
		fail_alert(d, a, t);
	else if (back)
		back_alert(a, back);
}

/* ---- whose messages ---------------------------------------------------- */

static void add_dialog(uint64_t *v, unsigned max, unsigned *np, uint64_t dialog)
{
	for (unsigned i = 0; i < *np; i++) {
		if (v[i] == dialog)
			return;
	}
	if (dialog && *np < max)
		v[(*np)++] = dialog;
}

unsigned desk_dialogs(const struct desk *d, uint32_t call, uint64_t *v,
		      unsigned max)
{
	const struct model *m = &d->app->model;
	const struct call_info *c = model_call(m, call);
	unsigned n = 0;

	ASSERT_UI();
	if (c)
		add_dialog(v, max, &n, c->dialog);
	for (unsigned i = 0; i < d->talec; i++) {
		const struct transfer_info *x = &d->tales[i].info;

		if (x->call != call && x->consult != call)
			continue;
		add_dialog(v, max, &n, x->dialog);
		c = model_call(m, x->call);
		add_dialog(v, max, &n, c ? c->dialog : 0);
		c = model_call(m, x->consult);
		add_dialog(v, max, &n, c ? c->dialog : 0);
	}

	return n;
}
