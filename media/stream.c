/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sip/recompat.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

enum {
	SRATE_KHZ = 8,
	FRAME = STREAM_PTIME_MS * SRATE_KHZ, /* [samples] */
	DTMF_STEPS = STREAM_DTMF_TONE_MS / STREAM_PTIME_MS,
	DTMF_PAUSE = STREAM_DTMF_PAUSE_MS / STREAM_PTIME_MS,
	DTMF_ENDS = 3,      /* the end of an event is said three times */
	DTMF_VOLUME = 10,   /* [-dBm0]                                 */
	DTMF_BYTES = 4,     /* payload of an event                     */
	KEEPALIVE_PT = 126, /* never agreed on, so a peer ignores it   */
	CHUNK = 64,         /* streams served in one go                */
	SPREAD = 16,        /* a round is over after so many goes      */
	LATE_MAX_MS = 5 * STREAM_PTIME_MS,
};

struct stream {
	struct le le; /* in ticker.streams while it sends     */
	struct tmr keepalive;
	struct rtp_sock *rtp;
	struct sa agreed; /* what the peer's SDP says             */
	struct sa heard;  /* where its packets come from          */
	bool latched;     /* heard is valid                       */
	bool send, recv;
	bool marker; /* next packet begins a talkspurt       */
	bool told;   /* a send error was logged              */
	uint8_t pt;
	uint32_t round;   /* last round of the ticker it was in   */
	uint32_t ts_base; /* timestamp at tick 0 of the ticker    */
	uint32_t ts_last;
	uint64_t born; /* [ms]                                 */
	uint32_t ts_born;
	struct {
		char wait[STREAM_DTMF_MAX];
		uint8_t ptv[STREAM_DTMF_MAX];
		unsigned n;
		unsigned step; /* packets of wait[0] so far            */
		uint32_t ts;   /* when it began                        */
	} dtmf;
	struct stream_stats stats;
};

/* Streams are served head first and move to the tail, so that a stream may
 * leave at any time and the rest of a round is still known: those at the head
 * with an older round number. */
static _Thread_local struct ticker {
	struct list streams;
	uint32_t count;
	struct tmr tmr;
	struct mbuf *mb;
	uint64_t due;   /* of the round [ms]                           */
	uint32_t ticks; /* of 20 ms since the ticker was first started */
	uint32_t round;
	bool between; /* every stream has had its turn               */
} ticker;

static bool has_place(const struct stream *s)
{
	/* false for 0.0.0.0 and for port 0, too */
	return sa_isset(&s->agreed, SA_ALL);
}

static void count_sent(struct stream *s, int err, size_t len)
{
	if (!err) {
		++s->stats.tx_packets;
		s->stats.tx_bytes += len;
		return;
	}

	++s->stats.tx_errors;
	if (s->told)
		return;

	s->told = true;
	log_warn("media", "port %u: sound cannot be sent: %s", stream_port(s),
		 strerror(err));
}

static const struct sa *destination(const struct stream *s)
{
	return s->latched ? &s->heard : &s->agreed;
}

/* libre writes the RTP header into the room in front of the payload */
static int put_packet(struct stream *s, struct mbuf *mb, bool marker,
		      uint8_t pt, uint32_t ts)
{
	mb->pos = RTP_HEADER_SIZE;

	return rtp_send(s->rtp, destination(s), false, marker, pt, ts, mb);
}

static int dtmf_packet(struct stream *s, struct mbuf *mb, uint32_t ts)
{
	unsigned step = ++s->dtmf.step;
	bool end = step >= DTMF_STEPS;
	unsigned len = (end ? DTMF_STEPS : step) * FRAME;
	int err;

	if (step == 1)
		s->dtmf.ts = ts;

	mb->pos = RTP_HEADER_SIZE;
	err = mbuf_write_u8(mb, (uint8_t)telev_digit2code(s->dtmf.wait[0]));
	err |= mbuf_write_u8(mb, (uint8_t)((end ? 0x80 : 0) | DTMF_VOLUME));
	err |= mbuf_write_u16(mb, htons((uint16_t)len));
	if (err)
		return ENOMEM;

	return put_packet(s, mb, step == 1, s->dtmf.ptv[0], s->dtmf.ts);
}

static void dtmf_next(struct stream *s)
{
	--s->dtmf.n;
	memmove(s->dtmf.wait, s->dtmf.wait + 1, s->dtmf.n);
	memmove(s->dtmf.ptv, s->dtmf.ptv + 1, s->dtmf.n);
	s->dtmf.step = 0;
}

static void stream_tick(struct stream *s)
{
	struct mbuf *mb = ticker.mb;
	uint32_t ts = s->ts_base + ticker.ticks * FRAME;
	int err;

	if ((int32_t)(ts - s->ts_last) < FRAME)
		ts = s->ts_last + FRAME;
	s->ts_last = ts;

	mbuf_rewind(mb);

	if (s->dtmf.n && s->dtmf.step < DTMF_STEPS + DTMF_ENDS - 1) {
		err = dtmf_packet(s, mb, ts);
		count_sent(s, err, DTMF_BYTES);
		return;
	}
	if (s->dtmf.n && ++s->dtmf.step >= DTMF_STEPS + DTMF_PAUSE)
		dtmf_next(s);

	mb->pos = RTP_HEADER_SIZE;
	err = mbuf_fill(mb, s->pt == STREAM_PCMA ? 0xd5 : 0xff, FRAME);
	if (!err)
		err = put_packet(s, mb, s->marker, s->pt, ts);
	s->marker = false;
	count_sent(s, err, FRAME);
}

static void on_tick(void *arg)
{
	uint32_t n = ticker.count / SPREAD + 1;
	struct stream *s;
	uint64_t now;

	ASSERT_SIP();
	(void)arg;

	if (ticker.between) {
		ticker.between = false;
		++ticker.round;
		++ticker.ticks;
	}

	for (n = n < CHUNK ? CHUNK : n; n; --n) {
		s = list_ledata(list_head(&ticker.streams));
		if (s->round == ticker.round)
			break;

		list_unlink(&s->le);
		list_append(&ticker.streams, &s->le, s);
		s->round = ticker.round;
		stream_tick(s);
	}

	s = list_ledata(list_head(&ticker.streams));
	if (s->round != ticker.round) {
		/* let the loop look at the sockets in between */
		tmr_start(&ticker.tmr, 1, on_tick, NULL);
		return;
	}

	ticker.between = true;
	ticker.due += STREAM_PTIME_MS;
	now = clock_ms();
	if (now > ticker.due + LATE_MAX_MS) {
		/* the machine slept: time has passed, nobody wants a burst */
		uint64_t lost = (now - ticker.due) / STREAM_PTIME_MS;

		ticker.ticks += (uint32_t)lost;
		ticker.due += lost * STREAM_PTIME_MS;
	}
	tmr_start(&ticker.tmr, ticker.due > now ? ticker.due - now : 1, on_tick,
		  NULL);
}

static int ticker_join(struct stream *s)
{
	uint64_t now = clock_ms();

	if (!ticker.mb) {
		ticker.mb = mbuf_alloc(RTP_HEADER_SIZE + FRAME);
		if (!ticker.mb)
			return ENOMEM;
	}
	if (!ticker.count) {
		ticker.due = now + STREAM_PTIME_MS;
		ticker.between = true;
		tmr_start(&ticker.tmr, STREAM_PTIME_MS, on_tick, NULL);
	}

	++ticker.count;
	s->round = ticker.round;
	s->ts_base = s->ts_born + (uint32_t)((now - s->born) * SRATE_KHZ) -
		     ticker.ticks * FRAME;
	s->marker = true;
	list_append(&ticker.streams, &s->le, s);

	return 0;
}

static void ticker_leave(struct stream *s)
{
	if (!s->le.list)
		return;

	list_unlink(&s->le);
	if (--ticker.count)
		return;

	tmr_cancel(&ticker.tmr);
	ticker.mb = mem_deref(ticker.mb);
}

static void on_keepalive(void *arg)
{
	struct stream *s = arg;
	struct mbuf *mb;

	ASSERT_SIP();

	tmr_start(&s->keepalive, STREAM_KEEPALIVE_MS, on_keepalive, s);

	mb = mbuf_alloc(RTP_HEADER_SIZE);
	if (!mb)
		return;

	mb->end = RTP_HEADER_SIZE;
	(void)put_packet(s, mb, false, KEEPALIVE_PT, s->ts_last);
	mem_deref(mb);
}

/* Everything that decides what is sent ends here */
static void update(struct stream *s)
{
	bool place = has_place(s);

	if (s->send && place) {
		tmr_cancel(&s->keepalive);
		if (s->le.list || !ticker_join(s))
			return;
		log_warn("media", "port %u: out of memory: no sound is sent",
			 stream_port(s));
		return;
	}

	ticker_leave(s);
	s->dtmf.n = s->dtmf.step = 0;

	if (!place)
		tmr_cancel(&s->keepalive);
	else if (!tmr_isrunning(&s->keepalive))
		tmr_start(&s->keepalive, STREAM_KEEPALIVE_MS, on_keepalive, s);
}

/* Is it one of the source that counts?  May make it the one. */
static bool latch(struct stream *s, const struct sa *src)
{
	if (s->latched && sa_cmp(src, &s->heard, SA_ALL))
		return true;

	/* before the peer's SDP is here nobody is known to be the peer */
	if (!has_place(s))
		return false;

	if (s->latched && !sa_cmp(src, &s->agreed, SA_ALL))
		return false;

	s->heard = *src;
	s->latched = true;

	return true;
}

static void on_rtp(const struct sa *src, const struct rtp_header *hdr,
		   struct mbuf *mb, void *arg)
{
	struct stream *s = arg;
	size_t len = mbuf_get_left(mb);

	ASSERT_SIP();

	if (!s->recv)
		return;

	/* 64..95 would be RTCP (RFC 5761) */
	if ((hdr->pt >= 64 && hdr->pt <= 95) || !latch(s, src)) {
		++s->stats.rx_refused;
		return;
	}
	s->stats.rx_last_ms = clock_ms();
	if (!len)
		return; /* a keepalive */

	++s->stats.rx_packets;
	s->stats.rx_bytes += len;
}

/* Reports are not wanted yet, so nothing of them is parsed */
static void on_rtcp(const struct sa *src, struct mbuf *mb, void *arg)
{
	(void)src;
	(void)mb;
	(void)arg;
}

static void destructor(void *data)
{
	struct stream *s = data;

	ticker_leave(s);
	tmr_cancel(&s->keepalive);
	mem_deref(s->rtp);
}

int stream_alloc(struct stream **sp, const struct sa *laddr)
{
	struct stream *s;
	int err;

	ASSERT_SIP();

	if (!sp || !laddr)
		return EINVAL;

	s = mem_zalloc(sizeof(*s), destructor);
	if (!s)
		return ENOMEM;

	tmr_init(&s->keepalive);
	sa_init(&s->agreed, AF_UNSPEC);
	sa_init(&s->heard, AF_UNSPEC);
	s->born = clock_ms();
	s->ts_born = s->ts_last = rand_u32();

	err = rtp_listen(&s->rtp, IPPROTO_UDP, laddr, STREAM_PORT_MIN,
			 STREAM_PORT_MAX, false, on_rtp, NULL, s);
	if (err)
		goto out;

	udp_handler_set(rtcp_sock(s->rtp), on_rtcp, NULL);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;
	return err;
}

uint16_t stream_port(const struct stream *s)
{
	ASSERT_SIP();

	return sa_port(rtp_local(s->rtp));
}

int stream_remote(struct stream *s, const struct sa *rtp)
{
	ASSERT_SIP();

	if (!rtp)
		return EINVAL;
	if (sa_af(rtp) != sa_af(rtp_local(s->rtp)))
		return EAFNOSUPPORT;

	/* a re-INVITE that changes nothing must not open the latch */
	if (!sa_cmp(&s->agreed, rtp, SA_ALL))
		s->latched = false;
	s->agreed = *rtp;
	update(s);

	return 0;
}

void stream_set(struct stream *s, int pt, bool send, bool recv)
{
	ASSERT_SIP();

	s->pt = pt == STREAM_PCMA ? STREAM_PCMA : STREAM_PCMU;
	s->send = send;
	s->recv = recv;
	update(s);
}

struct stream_stats stream_stats(const struct stream *s)
{
	ASSERT_SIP();

	return s->stats;
}

int stream_dtmf(struct stream *s, int te_pt, const char *digits)
{
	size_t len;
	size_t i;

	ASSERT_SIP();

	if (te_pt < 0 || te_pt > 127 || !digits || !*digits)
		return EINVAL;

	len = strlen(digits);
	for (i = 0; i < len; ++i) {
		if (telev_digit2code(digits[i]) < 0)
			return EINVAL;
	}
	if (!s->le.list)
		return ENOTCONN;
	if (len > STREAM_DTMF_MAX - s->dtmf.n)
		return EOVERFLOW;

	memcpy(s->dtmf.wait + s->dtmf.n, digits, len);
	memset(s->dtmf.ptv + s->dtmf.n, te_pt, len);
	s->dtmf.n += (unsigned)len;

	return 0;
}
