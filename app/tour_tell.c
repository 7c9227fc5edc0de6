/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tour_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 2 * URI_MAX };

const struct tour_leg tour_legs[TOUR_LEGS] = {
	{"The caller is put on hold and sent on to \"slow\", a phone that "
	 "rings for 5 seconds.",
	 "to slow, from hold", "slow", WAY_HELD, 0},
	{"The caller is sent on to \"busy\", which cannot work: you get the "
	 "caller back.",
	 "to busy", "busy", WAY_STRAIGHT, 486},
	{"You first ask \"echo\" whether it takes the call, then connect the "
	 "two.",
	 "to echo, by consultation", "echo", WAY_CONSULT, 0},
};

const struct tour_leg *tour_leg_of(const struct tour *t)
{
	return &tour_legs[t->leg];
}

void tour_say(struct tour *t, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	t->sayh(line, t->arg);
}

void tour_tell_call(struct tour *t, const struct tour_seen *s,
		    const struct call_info *info)
{
	switch (info->state) {
	case CALL_RINGING:
		tour_say(t, "  <- %s rings (%u %s)", s->who,
			 info->code ? info->code : 180,
			 info->text[0] ? info->text : "Ringing");
		break;
	case CALL_TALKING:
		tour_say(t,
			 info->consult_of ? "  <- %s answers: you talk to it"
			 : t->step > STEP_CALLING
				 ? "  <- %s is off hold: you talk"
				 : "  <- %s answers: you talk",
			 s->who);
		break;
	case CALL_HELD:
		tour_say(t, "  <- %s is on hold", s->who);
		break;
	case CALL_ENDED:
		if (info->code >= 300)
			tour_say(t, "  <- %s: the call ended (%u %s)", s->who,
				 info->code, info->text);
		else
			tour_say(t, "     %s: your call with it ended (BYE)",
				 s->who);
		break;
	default:
		break;
	}
}

void tour_tell_transfer(struct tour *t, const struct transfer_info *info)
{
	const struct transfer_info *was = &t->last;
	unsigned ms = info->since_refer_ms;
	bool answered = info->refer_code != was->refer_code;
	bool news = *info->say && strcmp(info->say, was->say) != 0;
	bool notified = info->state >= REFER_TRYING &&
			(info->code != was->code || was->state < REFER_TRYING);

	if (answered)
		tour_say(t, "  <- +%u.%03u s  REFER is answered with %u %s",
			 ms / 1000, ms % 1000, info->refer_code,
			 info->code == info->refer_code ? info->text : "");
	if (notified)
		tour_say(t, "  <- +%u.%03u s  NOTIFY says %u %s", ms / 1000,
			 ms % 1000, info->code, info->text);
	if (news)
		tour_say(t, "                %s", info->say);
}

void tour_tell_result(struct tour *t)
{
	unsigned i, right = 0;

	for (i = 0; i < TOUR_LEGS; ++i)
		right += t->resultv[i].right;

	tour_say(t, "%s", "");
	tour_say(t, "Result: %u of %d transfers ended as they should.", right,
		 TOUR_LEGS);
	for (i = 0; i < TOUR_LEGS; ++i) {
		const struct tour_result *r = &t->resultv[i];

		tour_say(t, "  %u. %s: %s%s", i + 1, tour_legs[i].name,
			 r->right ? "" : "NOT AS IT SHOULD: ",
			 r->ended ? r->text : "it was not tried");
	}
}

const char *tour_awaited(const struct tour *t)
{
	switch (t->step) {
	case STEP_CALLING:
		return "answer to pick up";
	case STEP_HOLDING:
		return "answer to accept the hold";
	case STEP_CONSULTING:
		return "the consulted phone to pick up";
	case STEP_TRANSFER:
		return t->last.state < REFER_ACCEPTED
			       ? "an answer to the REFER"
			       : "a NOTIFY with the result of the transfer";
	case STEP_BACK:
		return "the caller to come off hold";
	default:
		return "the end of the call";
	}
}
