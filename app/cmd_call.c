/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/handlers.h"

#include <errno.h>
#include <string.h>

#include "app/address.h"
#include "app/desk.h"
#include "base/clock.h"
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

/* Whom is meant, as the engine takes it: URI_MAX bytes at dst.  A slip is
 * told here and sends nothing. */
static int find_target(struct run *run, char *dst, const char *typed)
{
	struct directory *d = run->app->directory;
	const char *target = typed, *slip;
	char why[2 * TEXT_MAX];
	int err;

	if (d && strlen(typed) < URI_MAX) {
		(void)directory_poll(d); /* what it says now */
		err = directory_target(d, typed, dst, URI_MAX, why,
				       sizeof(why));
		if (err)
			return refuse(run, err, "%s", why);
		target = dst;
	}
	err = address_check(target, &slip);
	if (err)
		return refuse(run, err, "%s: '%s'", slip, target);
	if (target == typed)
		err = text_copy(dst, URI_MAX, typed);

	return err;
}

static int post_target(struct run *run, enum req_type type, uint32_t id,
		       const char *target)
{
	/* a blind transfer talks to nobody */
	struct request req = {
		.type = type,
		.id = id,
		.flags = type == REQ_TRANSFER ? 0 : CALL_ALONE,
	};
	int err;

	text_copy(req.u.text, sizeof(req.u.text), target);
	err = run_post(run, &req);
	if (!err && run->app->directory)
		directory_used(run->app->directory, target, clock_ms());

	return err;
}

int cmd_answer(struct run *run, const struct cmdline *line)
{
	const struct desk *d = run->app->desk;
	int err = post_alone(run, REQ_ANSWER, line->call);

	/* whom he answers he means from now on; a line that is half typed
	 * keeps its meaning */
	if (!err && d && d->line.use == LINE_NONE)
		model_select(&run->app->model, line->call);

	return err;
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
	char target[URI_MAX];
	int err = find_target(run, target, line->arg[0]);

	return err ? err : post_target(run, REQ_DIAL, 0, target);
}

/* The caller's own address is the one slip that is told before the engine
 * is asked: the transfer would ring where the caller calls from. */
static int send_on(struct run *run, enum req_type type,
		   const struct cmdline *line)
{
	const struct call_info *c = model_call(&run->app->model, line->call);
	char target[URI_MAX];
	int err = find_target(run, target, line->arg[1]);

	if (err)
		return err;
	if (c && address_same(c->peer, target))
		return refuse(run, EINVAL,
			      "the target is the caller, %s, itself", target);

	return post_target(run, type, line->call, target);
}

int cmd_transfer(struct run *run, const struct cmdline *line)
{
	return send_on(run, REQ_TRANSFER, line);
}

int cmd_consult(struct run *run, const struct cmdline *line)
{
	return send_on(run, REQ_CONSULT, line);
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
