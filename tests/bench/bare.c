/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sip/recompat.h"

/*
 * The same work on nothing but libre: sipsess for the call, sip_drequestf()
 * for REFER, sip_listen() for NOTIFY; no checks, no states, no timers.
 *
 * Two ways: with a user's thread beside libre's, requests by libre's mqueue
 * and news by a pipe (as any program with a screen has it), or, with
 * -DBARE_ONE_THREAD, all in libre's own callbacks, the floor below which
 * nothing on libre can go.
 */

enum {
	HASH = 1024,
	FDS_MAX = 32768,
	TEXT = 96,
};

enum ask_kind { ASK_DIAL, ASK_TRANSFER, ASK_NUDGE, ASK_STOP };

struct ask {
	uint32_t call;
	char uri[TEXT];
};

struct call {
	struct le le; /* of calls, by Call-ID              */
	struct sipsess *sess;
	struct sip_request *req;
	uint32_t id;
};

static struct sip *sip;
static struct sipsess_sock *sock;
static struct sip_lsnr *lsnr, *stray;
static struct hash *calls;
static struct call **callv; /* by id                             */
static uint32_t callc, calln;
static struct sa laddr;
static char from[TEXT];

/* ---- news --------------------------------------------------------------- */

#ifndef BARE_ONE_THREAD
static int pipev[2] = {-1, -1};
#endif

static void tell(enum news_kind kind, const struct call *c, unsigned code)
{
	struct news news;

	memset(&news, 0, sizeof(news));
	news.kind = kind;
	news.call = c ? c->id : 0;
	news.code = code;
#ifdef BARE_ONE_THREAD
	measure_news(&news);
	if (measure_done())
		re_cancel();
#else
	if (write(pipev[1], &news, sizeof(news)) != sizeof(news))
		abort(); /* nothing here may be lost */
#endif
}

static void tell_bad(const char *why)
{
	struct call none;

	memset(&none, 0, sizeof(none));
	(void)re_fprintf(stderr, "bare: %s\n", why);
	tell(NEWS_DONE, &none, 0);
}

/* ---- calls -------------------------------------------------------------- */

static void call_destructor(void *arg)
{
	struct call *c = arg;

	hash_unlink(&c->le);
	mem_deref(c->req);
	mem_deref(c->sess);
	callv[c->id] = NULL;
}

static int on_offer(struct mbuf **descp, const struct sip_msg *msg, void *arg)
{
	(void)descp;
	(void)msg;
	(void)arg;
	return ENOSYS;
}

static int on_answer(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return 0;
}

static void on_progress(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
}

static void on_established(const struct sip_msg *msg, void *arg)
{
	struct call *c = arg;

	hash_append(calls, hash_joaat_pl(&msg->callid), &c->le, c);
	tell(NEWS_UP, c, msg->scode);
}

static void on_closed(int err, const struct sip_msg *msg, void *arg)
{
	(void)err;
	(void)msg;
	tell_bad("call closed by the far end");
	mem_deref(arg);
}

static int dial(const char *uri)
{
	static const char sdp[] = "v=0\r\n"
				  "o=bare 1 1 IN IP4 127.0.0.1\r\n"
				  "s=-\r\n"
				  "c=IN IP4 127.0.0.1\r\n"
				  "t=0 0\r\n"
				  "m=audio 40002 RTP/AVP 0 8 101\r\n"
				  "a=rtpmap:0 PCMU/8000\r\n"
				  "a=rtpmap:8 PCMA/8000\r\n"
				  "a=rtpmap:101 telephone-event/8000\r\n"
				  "a=fmtp:101 0-15\r\n"
				  "a=sendrecv\r\n";
	struct call *c = mem_zalloc(sizeof(*c), call_destructor);
	struct mbuf *mb = mbuf_alloc(512);
	int err = ENOMEM;

	if (!c || !mb)
		goto out;
	if (calln == callc) {
		const uint32_t n = callc ? callc * 2 : 1024;
		struct call **v = realloc(callv, n * sizeof(*v));

		if (!v)
			goto out;
		callv = v;
		callc = n;
	}
	c->id = calln++;
	callv[c->id] = c;
	err = mbuf_write_str(mb, sdp);
	if (err)
		goto out;
	mb->pos = 0;
	err = sipsess_connect(&c->sess, sock, uri, NULL, from, "bare", NULL, 0,
			      "application/sdp", mb, NULL, NULL, false,
			      on_offer, on_answer, on_progress, on_established,
			      NULL, NULL, on_closed, c, NULL);
out:
	mem_deref(mb);
	if (err)
		mem_deref(c);
	return err;
}

/* ---- REFER -------------------------------------------------------------- */

static int on_send(enum sip_transp tp, RC_SEND_SRC src, const struct sa *dst,
		   struct mbuf *mb, void *arg RC_SEND_CONTP)
{
	(void)dst;
	(void)arg;
	RC_SEND_CONTP_UNUSED;
	return mbuf_printf(mb, "Contact: <sip:bare@%J%s>\r\n", src,
			   sip_transp_param(tp));
}

static void on_refer_answer(int err, const struct sip_msg *msg, void *arg)
{
	(void)arg;
	if (err || (msg->scode >= 300))
		tell_bad("REFER refused");
}

static int transfer(uint32_t id, const char *target)
{
	struct call *c = id < calln ? callv[id] : NULL;

	if (!c)
		return ENOENT;
	return sip_drequestf(&c->req, sip, true, "REFER",
			     sipsess_dialog(c->sess), 0, NULL, on_send,
			     on_refer_answer, c,
			     "Refer-To: <%s>\r\n"
			     "Referred-By: <%s>\r\n"
			     "Content-Length: 0\r\n"
			     "\r\n",
			     target, from);
}

static bool is_call(struct le *le, void *arg)
{
	const struct call *c = le->data;

	return sip_dialog_cmp(sipsess_dialog(c->sess), arg);
}

static bool on_request(const struct sip_msg *msg, void *arg)
{
	struct pl code = PL_INIT;
	struct call *c;
	struct le *le;
	uint32_t n;

	(void)arg;
	if (pl_strcmp(&msg->met, "NOTIFY"))
		return false;
	le = hash_lookup(calls, hash_joaat_pl(&msg->callid), is_call,
			 (void *)(uintptr_t)msg);
	if (!le) {
		(void)sip_reply(sip, msg, 481, "No Such Call");
		return true;
	}
	c = le->data;
	(void)sip_treply(NULL, sip, msg, 200, "OK");
	if (re_regex((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb),
		     "SIP/2.0 [0-9]+", &code))
		return true;
	n = pl_u32(&code);
	tell(NEWS_REPORT, c, n);
	if (n < 200)
		return true;
#ifdef BARE_ONE_THREAD
	/* telling the news goes on to the next call; let this one go first */
	{
		struct call gone = *c;

		mem_deref(c);
		tell(NEWS_DONE, &gone, n);
	}
#else
	tell(NEWS_DONE, c, n);
	mem_deref(c);
#endif
	return true;
}

/* of a call that is gone; libre would print a line about it */
static bool on_stray(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return true;
}

static int open_sip(void)
{
	int err;

	err = libre_init();
	if (err)
		return err;
	err = fd_setsize(FDS_MAX);
	if (err)
		return err;
	err = sa_set_str(&laddr, "127.0.0.1", free_port());
	if (err)
		return err;
	err = sip_alloc(&sip, NULL, HASH, HASH, HASH, "bare", NULL, NULL);
	if (err)
		return err;
	err = sip_transp_add(sip, SIP_TRANSP_UDP, &laddr);
	if (err)
		return err;
	if (re_snprintf(from, sizeof(from), "sip:bare@%J", &laddr) < 0)
		return ENOMEM;
	err = hash_alloc(&calls, HASH);
	if (err)
		return err;
	/* before sipsess, which would take what it does not know */
	err = sip_listen(&lsnr, sip, true, on_request, NULL);
	if (err)
		return err;
	err = sipsess_listen(&sock, sip, HASH, NULL, NULL);
	if (err)
		return err;
	return sip_listen(&stray, sip, false, on_stray, NULL);
}

/* The process ends after it; the calls that are up are left to the far end */
static void close_sip(void)
{
	uint32_t i;

	for (i = 0; i < calln; i++)
		mem_deref(callv[i]);
	calln = 0;
	sock = mem_deref(sock);
	lsnr = mem_deref(lsnr);
	stray = mem_deref(stray);
	sip_close(sip, true);
	sip = mem_deref(sip);
	calls = mem_deref(calls);
	libre_close();
	free(callv);
	callv = NULL;
}

/* ---- one thread --------------------------------------------------------- */

#ifdef BARE_ONE_THREAD

static struct tmr tmr, tmr_rest;

static void on_nudge(void *arg)
{
	(void)arg;
	tell(NEWS_NUDGED, NULL, 0);
}

static int nudge(void)
{
	tmr_start(&tmr, 1, on_nudge, NULL);
	return 0;
}

static void on_rested(void *arg)
{
	(void)arg;
	measure_rested();
}

static int rest(void)
{
	/* the wheel turns in whole milliseconds: at least one of them */
	tmr_start(&tmr_rest, REST_MS + 1, on_rested, NULL);
	return 0;
}

static int start(void)
{
	return open_sip();
}

static void on_begin(void *arg)
{
	(void)arg;
	measure_begin();
}

static int run(void)
{
	tmr_start(&tmr, 0, on_begin, NULL);
	return re_main(NULL);
}

static void stop(void)
{
	tmr_cancel(&tmr);
	tmr_cancel(&tmr_rest);
	close_sip();
}

static const struct subject bare = {"bare1", start, dial, transfer,
				    nudge,   rest,  run,  stop};

#else

/* ---- a user's thread beside libre's ------------------------------------- */

static pthread_t thread;
static struct mqueue *mq;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int started = -1; /* under lock; -1: not yet           */

static void on_ask(int id, void *data, void *arg)
{
	struct ask *ask = data;
	int err = 0;

	(void)arg;
	switch ((enum ask_kind)id) {
	case ASK_DIAL:
		err = dial(ask->uri);
		break;
	case ASK_TRANSFER:
		err = transfer(ask->call, ask->uri);
		break;
	case ASK_NUDGE:
		tell(NEWS_NUDGED, NULL, 0);
		break;
	case ASK_STOP:
		re_cancel();
		break;
	}
	free(ask);
	if (err)
		tell_bad(strerror(err));
}

static void *loop(void *arg)
{
	int err = open_sip();

	(void)arg;
	if (!err)
		err = mqueue_alloc(&mq, on_ask, NULL);
	(void)pthread_mutex_lock(&lock);
	started = err;
	(void)pthread_cond_signal(&cond);
	(void)pthread_mutex_unlock(&lock);
	if (!err)
		(void)re_main(NULL);
	mem_deref(mq);
	close_sip();
	return NULL;
}

static int ask(enum ask_kind kind, uint32_t call, const char *uri)
{
	struct ask *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return ENOMEM;
	a->call = call;
	if (uri)
		strncpy(a->uri, uri, sizeof(a->uri) - 1);
	err = mqueue_push(mq, kind, a);
	if (err)
		free(a);
	return err;
}

static int ask_dial(const char *uri)
{
	return ask(ASK_DIAL, 0, uri);
}

static int ask_transfer(uint32_t call, const char *target)
{
	return ask(ASK_TRANSFER, call, target);
}

static int ask_nudge(void)
{
	return ask(ASK_NUDGE, 0, NULL);
}

static bool resting; /* the user's thread's own           */

static int rest(void)
{
	resting = true;
	return 0;
}

static int start(void)
{
	int err;

	if (pipe2(pipev, O_CLOEXEC))
		return errno;
	(void)fcntl(pipev[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(pipev[1], F_SETPIPE_SZ, 1 << 20);
	err = pthread_create(&thread, NULL, loop, NULL);
	if (err)
		return err;
	(void)pthread_mutex_lock(&lock);
	while (started < 0)
		(void)pthread_cond_wait(&cond, &lock);
	err = started;
	(void)pthread_mutex_unlock(&lock);
	return err;
}

static int run(void)
{
	struct pollfd pfd = {.fd = pipev[0], .events = POLLIN};

	measure_begin();
	while (!measure_done()) {
		struct news news;

		const int n = poll(&pfd, 1, resting ? REST_MS : SILENCE_MS);

		if (n < 0 && errno != EINTR)
			return errno;
		if (!n && !resting)
			return ETIMEDOUT;
		if (!n) {
			resting = false;
			measure_rested();
		}
		while (read(pipev[0], &news, sizeof(news)) == sizeof(news))
			measure_news(&news);
	}
	return 0;
}

static void stop(void)
{
	if (started < 0)
		return;
	if (!started)
		(void)ask(ASK_STOP, 0, NULL);
	(void)pthread_join(thread, NULL);
}

static const struct subject bare = {"bare",    start, ask_dial, ask_transfer,
				    ask_nudge, rest,  run,      stop};

#endif

int main(int argc, char *argv[])
{
	return measure_main(argc, argv, &bare);
}
