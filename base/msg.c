/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/msg.h"

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))
#define NAME(v, i) ((size_t)(i) < COUNT(v) ? (v)[i] : "?")

static const char *const transp_names[] = {
	[TRANSP_UDP] = "udp",
	[TRANSP_TCP] = "tcp",
	[TRANSP_TLS] = "tls",
};

static const char *const account_state_names[] = {
	[ACCOUNT_OFF] = "off",
	[ACCOUNT_REGISTERING] = "registering",
	[ACCOUNT_REGISTERED] = "registered",
	[ACCOUNT_FAILED] = "failed",
};

static const char *const call_dir_names[] = {
	[CALL_IN] = "in",
	[CALL_OUT] = "out",
};

static const char *const call_state_names[] = {
	[CALL_DIALING] = "dialing", [CALL_RINGING] = "ringing",
	[CALL_EARLY] = "early",     [CALL_TALKING] = "talking",
	[CALL_HELD] = "held",       [CALL_ENDED] = "ended",
};

static const char *const transfer_kind_names[] = {
	[KIND_BLIND] = "blind",
	[KIND_ATTENDED] = "attended",
	[KIND_SEMI] = "semi",
};

static const char *const refer_state_names[] = {
	[REFER_IDLE] = "idle",
	[REFER_REQUESTED] = "refer-requested",
	[REFER_ACCEPTED] = "refer-accepted",
	[REFER_REJECTED] = "refer-rejected",
	[REFER_FAILED_TO_SEND] = "refer-failed",
	[REFER_TRYING] = "trying",
	[REFER_ALERTED] = "alerted",
	[REFER_SUCCEEDED] = "succeeded",
	[REFER_FAILED] = "failed",
	[REFER_REDIRECTED] = "redirected",
};

static const char *const refer_sub_names[] = {
	[SUB_NONE] = "none",   [SUB_WAIT] = "wait",     [SUB_ACTIVE] = "active",
	[SUB_UNSUB] = "unsub", [SUB_CLOSED] = "closed",
};

static const char *const outcome_names[] = {
	[OUTCOME_NONE] = NULL,
	[OUTCOME_SUCCEEDED] = "succeeded",
	[OUTCOME_SUCCEEDED_INFERRED] = "succeeded-inferred",
	[OUTCOME_REDIRECTED] = "redirected",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_REJECTED] = "rejected",
	[OUTCOME_NOT_SENT] = "not-sent",
	[OUTCOME_NO_ANSWER] = "no-answer",
	[OUTCOME_NO_REPORTS] = "no-reports",
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_TIMED_OUT] = "timed-out",
	[OUTCOME_STOPPED] = "stopped",
};

static const char *const request_names[] = {
	[REQ_NOP] = "nop",
	[REQ_STOP] = "quit",
	[REQ_ACCOUNT] = "account",
	[REQ_REGISTER] = "register",
	[REQ_UNREGISTER] = "unregister",
	[REQ_OPTION] = "set",
	[REQ_DIAL] = "dial",
	[REQ_PROGRESS] = "progress",
	[REQ_ANSWER] = "answer",
	[REQ_REJECT] = "reject",
	[REQ_HANGUP] = "hangup",
	[REQ_HOLD] = "hold",
	[REQ_RESUME] = "resume",
	[REQ_MUTE] = "mute",
	[REQ_DTMF] = "dtmf",
	[REQ_TRANSFER] = "transfer",
	[REQ_CONSULT] = "consult",
	[REQ_COMPLETE] = "complete",
	[REQ_SWAP] = "swap",
	[REQ_TAKEBACK] = "takeback",
	[REQ_JOIN] = "join",
	[REQ_UNWATCH] = "unwatch",
	[REQ_REFERRED_ANSWER] = "referred-answer",
	[REQ_REFERRED_CALL] = "referred-call",
	[REQ_REFERRED_NOTIFY] = "referred-notify",
};

_Static_assert(COUNT(transp_names) == TRANSP_COUNT, "transports");
_Static_assert(COUNT(account_state_names) == ACCOUNT_STATE_COUNT, "accounts");
_Static_assert(COUNT(call_dir_names) == CALL_OUT + 1, "directions");
_Static_assert(COUNT(call_state_names) == CALL_STATE_COUNT, "call states");
_Static_assert(COUNT(transfer_kind_names) == KIND_COUNT, "kinds");
_Static_assert(COUNT(refer_state_names) == REFER_STATE_COUNT, "refer states");
_Static_assert(COUNT(refer_sub_names) == SUB_COUNT, "subscriptions");
_Static_assert(COUNT(outcome_names) == OUTCOME_COUNT, "outcomes");
_Static_assert(COUNT(request_names) == REQ_COUNT, "requests");

const char *transp_name(enum transp v)
{
	return NAME(transp_names, v);
}

const char *account_state_name(enum account_state v)
{
	return NAME(account_state_names, v);
}

const char *call_dir_name(enum call_dir v)
{
	return NAME(call_dir_names, v);
}

const char *call_state_name(enum call_state v)
{
	return NAME(call_state_names, v);
}

const char *transfer_kind_name(enum transfer_kind v)
{
	return NAME(transfer_kind_names, v);
}

const char *refer_state_name(enum refer_state v)
{
	return NAME(refer_state_names, v);
}

const char *refer_sub_name(enum refer_sub v)
{
	return NAME(refer_sub_names, v);
}

const char *outcome_name(enum outcome v)
{
	return NAME(outcome_names, v);
}

const char *request_name(enum req_type type)
{
	return NAME(request_names, type);
}

enum post_class event_class(const void *event, uint64_t *keyp)
{
	const struct event *ev = event;
	uint32_t id;
	bool last;

	switch (ev->type) {
	case EV_ACCOUNT:
		id = ev->u.account.id;
		last = ev->u.account.gone;
		break;
	case EV_CALL:
		id = ev->u.call.id;
		last = ev->u.call.state == CALL_ENDED;
		break;
	case EV_REFERRED:
		id = ev->u.referred.id;
		last = ev->u.referred.gone;
		break;
	case EV_LOG:
	case EV_TRACE:
		return POST_CHATTER;
	case EV_HELLO:
	case EV_TRANSFER:
	case EV_REPLY:
	case EV_DROPPED:
	case EV_STOPPED:
	case EV_COUNT:
	default:
		return POST_HISTORY;
	}

	/* The end of a thing is history: nothing may merge it away, and it
	   must not overtake what was told of that thing before. */
	if (last)
		return POST_HISTORY;

	*keyp = (uint64_t)ev->type << 32 | id;
	return POST_STATE;
}

size_t event_size(enum ev_type type)
{
	static const size_t sizes[EV_COUNT] = {
		[EV_HELLO] = sizeof(struct hello_info),
		[EV_ACCOUNT] = sizeof(struct account_info),
		[EV_CALL] = sizeof(struct call_info),
		[EV_TRANSFER] = sizeof(struct transfer_info),
		[EV_REFERRED] = sizeof(struct referred_info),
		[EV_REPLY] = sizeof(struct reply_info),
		[EV_LOG] = sizeof(struct log_info),
		[EV_TRACE] = sizeof(struct trace_info),
		[EV_DROPPED] = sizeof(uint64_t),
	};

	return offsetof(struct event, u) +
	       ((unsigned)type < EV_COUNT ? sizes[type] : 0);
}
