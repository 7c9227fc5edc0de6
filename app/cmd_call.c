/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/handlers.h"

#include <errno.h>
#include <string.h>

#include "app/address.h"
#include "base/text.h"

enum { DTMF_MAX = 64, REJECT_CODE = 486 };

static int post(struct run *run, enum req_type type, uint32_t id)
{
	struct request req = {.type = type, .id = id};

	return run_post(run, &req);
}

/* A user talks to one at a time. */
static int post_alone(struct run *run, enum req_type type, uint32_t id)
{
	struct request req = {.type = type, .id = id, .flags = CALL_ALONE};

	return run_post(run, &req);
}

/* A request with a target, checked here so that a slip sends nothing. */
static int post_target(struct run *run, struct request *req, const char *target)
{
	const char *why;
	int err = address_check(target, &why);

	if (err)
		return refuse(run, err, "%s: '%s'", why, target);
	text_copy(req->u.text, sizeof(req->u.text), target);

	return run_post(run, req);
}

int cmd_answer(struct run *run, const struct cmdline *line)
{
	return post_alone(run, REQ_ANSWER, line->call);
}

int cmd_hangup(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_HANGUP, line->call);
}

int cmd_hold(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_HOLD, line->call);
}

int cmd_resume(struct run *run, const struct cmdline *line)
{
	return post_alone(run, REQ_RESUME, line->call);
}

int cmd_mute(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_MUTE, line->call);
}

int cmd_complete(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_COMPLETE, line->call);
}

int cmd_swap(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_SWAP, line->call);
}

int cmd_takeback(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_TAKEBACK, line->call);
}

int cmd_unwatch(struct run *run, const struct cmdline *line)
{
	return post(run, REQ_UNWATCH, line->call);
}

int cmd_dial(struct run *run, const struct cmdline *line)
{
	struct request req = {.type = REQ_DIAL, .flags = CALL_ALONE};

	return post_target(run, &req, line->arg[0]);
}

/* The caller's own address is the one slip that is told before the engine
 * is asked: the transfer would ring where the caller calls from. */
static int not_itself(struct run *run, const struct cmdline *line)
{
	const struct call_info *c = model_call(&run->app->model, line->call);

	if (c && address_same(c->peer, line->arg[1]))
		return refuse(run, EINVAL,
			      "the target is the caller, %s, itself",
			      line->arg[1]);

	return 0;
}

int cmd_transfer(struct run *run, const struct cmdline *line)
{
	struct request req = {.type = REQ_TRANSFER, .id = line->call};
	int err = not_itself(run, line);

	return err ? err : post_target(run, &req, line->arg[1]);
}

int cmd_consult(struct run *run, const struct cmdline *line)
{
	struct request req = {
		.type = REQ_CONSULT, .id = line->call, .flags = CALL_ALONE};
	int err = not_itself(run, line);

	return err ? err : post_target(run, &req, line->arg[1]);
}

int cmd_join(struct run *run, const struct cmdline *line)
{
	struct request req = {.type = REQ_JOIN, .id = line->call};
	const char *why;
	char buf[TEXT_MAX];

	if (!text_u32(line->arg[1], 1, UINT32_MAX, &req.id2))
		return refuse(run, EINVAL, "'%s' is not the number of a call",
			      line->arg[1]);
	if (req.id2 == req.id)
		return refuse(run, EINVAL, "it takes two calls");
	why = command_refusal(run->app, line->cmd, req.id2, buf, sizeof(buf));
	if (why)
		return refuse(run, ENOENT, "%s", why);

	return run_post(run, &req);
}

int cmd_reject(struct run *run, const struct cmdline *line)
{
	struct request req = {
		.type = REQ_REJECT, .id = line->call, .code = REJECT_CODE};
	uint32_t code;

	if (line->arg[1]) {
		if (!text_u32(line->arg[1], 300, 699, &code))
			return refuse(run, ERANGE,
				      "a code is 300 to 699, not '%s'",
				      line->arg[1]);
		req.code = code;
	}

	return run_post(run, &req);
}

int cmd_dtmf(struct run *run, const struct cmdline *line)
{
	struct request req = {.type = REQ_DTMF, .id = line->call};
	const char *digits = line->arg[1];

	if (strspn(digits, "0123456789*#ABCDabcd") != strlen(digits))
		return refuse(run, EINVAL,
			      "digits are 0 to 9, *, # and A to D, not '%s'",
			      digits);
	if (strlen(digits) > DTMF_MAX)
		return refuse(run, EOVERFLOW, "at most %d digits at once",
			      DTMF_MAX);
	text_copy(req.u.text, sizeof(req.u.text), digits);

	return run_post(run, &req);
}

static int post_account(struct run *run, enum req_type type, const char *number)
{
	struct request req = {.type = type};

	if (number && !text_u32(number, 1, UINT32_MAX, &req.id))
		return refuse(run, EINVAL,
			      "'%s' is not the number of an account", number);
	if (req.id && !model_account(&run->app->model, req.id))
		return refuse(run, ENOENT, "there is no account %u", req.id);

	return run_post(run, &req);
}

int cmd_register(struct run *run, const struct cmdline *line)
{
	return post_account(run, REQ_REGISTER, line->arg[0]);
}

int cmd_unregister(struct run *run, const struct cmdline *line)
{
	return post_account(run, REQ_UNREGISTER, line->arg[0]);
}
