/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

struct saying {
	char *dst;
	size_t size, len;
};

static void say(struct saying *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct saying *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->dst + s->len, s->size - s->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		s->len += (size_t)n;
	if (s->len >= s->size)
		s->len = s->size - 1;
}

/* A sentence ends once, also when the last word came with its own end. */
static void stop(struct saying *s)
{
	if (s->len && !strchr(".!?", s->dst[s->len - 1]))
		say(s, ".");
}

static void answer(struct saying *s, unsigned code, const char *text)
{
	if (code)
		say(s, ", %u%s%s", code, text[0] ? " " : "", text);
	else if (text[0])
		say(s, ", %s", text);
}

static void hello(struct saying *s, const struct hello_info *h)
{
	say(s, "cordpair " CORDPAIR_VERSION " listens on");
	for (unsigned i = 0; i < h->listenc && i < LISTEN_MAX; i++)
		say(s, "%s %s", i ? "," : "", h->listen[i]);
	stop(s);
}

static void account(struct saying *s, const struct account_info *a)
{
	say(s, "Account %u, %s: ", a->id, a->aor);
	switch (a->state) {
	case ACCOUNT_REGISTERED:
		say(s, "registered for %u seconds", a->expires);
		break;
	case ACCOUNT_REGISTERING:
		say(s, "registering");
		break;
	case ACCOUNT_FAILED:
		say(s, "not registered");
		answer(s, a->code, a->text);
		break;
	default:
		say(s, "%s", a->gone ? "gone" : "is not registered");
		break;
	}
	stop(s);
}

static void who(struct saying *s, const struct call_info *c)
{
	if (c->name[0])
		say(s, "%s, %s,", c->name, c->peer);
	else
		say(s, "%s", c->peer);
}

static void call_in(struct saying *s, const struct call_info *c)
{
	who(s, c);
	say(s, " is calling");
	if (c->local[0])
		say(s, " %s", c->local);
	if (c->replaces)
		say(s, ", to take the place of call %u", c->replaces);
	if (c->referred_by[0])
		say(s, ", sent by %s, which nobody has checked",
		    c->referred_by);
}

static void call(struct saying *s, const struct call_info *c)
{
	say(s, "Call %u: ", c->id);
	switch (c->state) {
	case CALL_DIALING:
		say(s, "calling ");
		who(s, c);
		break;
	case CALL_RINGING:
		if (c->dir == CALL_IN) {
			call_in(s, c);
			break;
		}
		who(s, c);
		say(s, " is ringing");
		break;
	case CALL_EARLY:
		who(s, c);
		say(s, " is not yet there but can be heard");
		break;
	case CALL_TALKING:
		if (c->remote_hold) {
			who(s, c);
			say(s, " has put us on hold");
		} else {
			say(s, "talking with ");
			who(s, c);
		}
		break;
	case CALL_HELD:
		who(s, c);
		say(s, " is on hold");
		break;
	default:
		who(s, c);
		say(s, " has ended");
		answer(s, c->code, c->text);
		if (c->contacts[0])
			say(s, ", redirected to %s", c->contacts);
		break;
	}
	if (c->muted && c->state != CALL_ENDED)
		say(s, ", muted");
	/* "Ann, sip:a@b, is ringing" wants its comma, "talking with" not */
	if (s->len && s->dst[s->len - 1] == ',')
		s->len--;
	stop(s);
}

static void transfer(struct saying *s, const struct transfer_info *t)
{
	const char *outcome = outcome_name(t->outcome);

	say(s, "Transfer %u of call %u: ", t->id, t->call);
	if (t->say[0]) {
		say(s, "%s", t->say);
	} else {
		say(s, "%s to %s", refer_state_name(t->state), t->target);
		answer(s, t->code, t->text);
	}
	stop(s);
	if (outcome)
		say(s, " Outcome: %s.", outcome);
}

static void reply(struct saying *s, const struct reply_info *r)
{
	if (r->err)
		say(s, "%s: %s", r->command,
		    r->error[0] ? r->error : "refused");
	else
		say(s, "%s: done", r->command);
	stop(s);
}

static void diary(struct saying *s, const struct log_info *l)
{
	static const char *const words[] = {"Error", "Warning", "Note",
					    "Detail"};

	/* what the user asked for is no entry in a diary */
	if (strcmp(l->tag, "help") == 0) {
		say(s, "%s", l->text);
		return;
	}

	say(s, "%s, %s: %s",
	    l->level >= 0 && l->level <= LOG_DEBUG ? words[l->level] : "Note",
	    l->tag, l->text);
}

bool say_event(char *dst, size_t size, const struct event *ev)
{
	struct saying s = {.dst = dst, .size = size};

	dst[0] = '\0';
	switch (ev->type) {
	case EV_HELLO:
		hello(&s, &ev->u.hello);
		break;
	case EV_ACCOUNT:
		account(&s, &ev->u.account);
		break;
	case EV_CALL:
		call(&s, &ev->u.call);
		break;
	case EV_TRANSFER:
		transfer(&s, &ev->u.transfer);
		break;
	case EV_REPLY:
		reply(&s, &ev->u.reply);
		break;
	case EV_LOG:
		diary(&s, &ev->u.log);
		break;
	case EV_DROPPED:
		say(&s,
		    "Warning: %" PRIu64 " log or trace records were dropped.",
		    ev->u.dropped);
		break;
	default:
		return false;
	}

	return true;
}
