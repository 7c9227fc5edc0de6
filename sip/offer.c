/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/offer.h"

#include <errno.h>

#include "base/thread.h"

struct offer {
	struct codecs codecs;
	struct sdp_session *sdp;
	struct sdp_media *audio;
	struct stream *stream;
	bool agreed;
};

static void offer_destructor(void *arg)
{
	struct offer *o = arg;

	mem_deref(o->stream);
	mem_deref(o->sdp);
}

static int add_codec(struct sdp_media *m, enum codec codec)
{
	static const struct {
		const char *pt, *name, *params;
	} v[CODEC_COUNT] = {
		[CODEC_PCMU] = {"0", "PCMU", NULL},
		[CODEC_PCMA] = {"8", "PCMA", NULL},
		[CODEC_EVENT] = {"101", "telephone-event", "0-15"},
	};
	const char *params = v[codec].params;

	if (params)
		return sdp_format_add(NULL, m, false, v[codec].pt,
				      v[codec].name, 8000, 1, NULL, NULL, NULL,
				      false, "%s", params);
	return sdp_format_add(NULL, m, false, v[codec].pt, v[codec].name, 8000,
			      1, NULL, NULL, NULL, false, NULL);
}

static int describe(struct sdp_session **sdpp, struct sdp_media **audiop,
		    const struct sa *laddr, uint16_t port,
		    const struct codecs *codecs)
{
	struct sdp_session *sdp;
	struct sdp_media *m;
	unsigned i;
	int err;

	err = sdp_session_alloc(&sdp, laddr);
	if (err)
		return err;
	err = sdp_media_add(&m, sdp, sdp_media_audio, port, sdp_proto_rtpavp);
	for (i = 0; !err && i < codecs->n; i++)
		err = add_codec(m, codecs->v[i]);
	if (!err)
		err = sdp_media_set_lattr(m, true, "ptime", "20");
	if (err) {
		mem_deref(sdp);
		return err;
	}
	*sdpp = sdp;
	*audiop = m;
	return 0;
}

int offer_alloc(struct offer **op, const struct sa *laddr,
		const struct codecs *codecs)
{
	struct offer *o;
	struct sa sa = *laddr;
	int err;

	ASSERT_SIP();

	o = mem_zalloc(sizeof(*o), offer_destructor);
	if (!o)
		return ENOMEM;
	o->codecs = *codecs;
	sa_set_port(&sa, 0);
	err = stream_alloc(&o->stream, &sa);
	if (!err)
		err = describe(&o->sdp, &o->audio, &sa, stream_port(o->stream),
			       &o->codecs);
	if (err)
		mem_deref(o);
	else
		*op = o;
	return err;
}

int offer_encode(struct offer *o, bool is_offer, enum sdp_dir dir,
		 struct mbuf **mbp)
{
	ASSERT_SIP();
	sdp_media_set_ldir(o->audio, dir);
	return sdp_encode(mbp, o->sdp, is_offer);
}

/* the codec that will be spoken: the first agreed one but telephone-event */
static const struct sdp_format *codec(struct sdp_media *m)
{
	const struct list *lst = sdp_media_format_lst(m, false);
	struct le *le;

	for (le = list_head(lst); le; le = le->next) {
		const struct sdp_format *fmt = le->data;

		if (fmt->sup && str_casecmp(fmt->name, "telephone-event"))
			return fmt;
	}
	return NULL;
}

int offer_decode(struct offer *o, bool is_offer, struct mbuf *mb)
{
	const size_t pos = mb->pos;
	struct sdp_session *trial;
	struct sdp_media *m;
	struct sa sa;
	int err;

	ASSERT_SIP();

	if (!mbuf_get_left(mb))
		return ENODATA;
	sa_set_str(&sa, "127.0.0.1", 0);
	err = describe(&trial, &m, &sa, 9, &o->codecs);
	if (err)
		return err;
	if (!is_offer) {
		struct mbuf *dummy = NULL;

		/* an answer is read against the offer it answers */
		err = sdp_encode(&dummy, trial, true);
		mem_deref(dummy);
		if (err)
			goto out;
	}
	err = sdp_decode(trial, mb, is_offer);
	mb->pos = pos;
	if (err) {
		err = EBADMSG;
		goto out;
	}
	if (!sa_port(sdp_media_raddr(m)) || !codec(m)) {
		err = ENOTSUP;
		goto out;
	}
	err = sdp_decode(o->sdp, mb, is_offer);
	mb->pos = pos;
	o->agreed = !err;
out:
	mem_deref(trial);
	return err;
}

bool offer_remote_holds(const struct offer *o)
{
	const struct sa *ra = sdp_media_raddr(o->audio);

	if (!o->agreed)
		return false;
	/* RFC 2543's way, still alive in old phones */
	if (ra && sa_isset(ra, SA_PORT) && sa_is_any(ra))
		return true;
	return !(sdp_media_rdir(o->audio) & SDP_SENDONLY);
}

void offer_apply(struct offer *o, bool talking)
{
	const enum sdp_dir dir = sdp_media_dir(o->audio);
	const struct sdp_format *fmt;

	ASSERT_SIP();

	if (!o->agreed)
		return;
	fmt = codec(o->audio);
	(void)stream_remote(o->stream, sdp_media_raddr(o->audio));
	stream_set(o->stream, fmt ? fmt->pt : STREAM_PCMU,
		   talking && fmt && (dir & SDP_SENDONLY) &&
			   !offer_remote_holds(o),
		   (dir & SDP_RECVONLY) != 0);
}

int offer_dtmf(struct offer *o, const char *digits)
{
	const struct sdp_format *fmt =
		sdp_media_rformat(o->audio, "telephone-event");

	ASSERT_SIP();

	if (!fmt || !fmt->sup)
		return ENOTSUP;
	return stream_dtmf(o->stream, fmt->pt, digits);
}

void offer_stats(const struct offer *o, uint64_t *rx, uint64_t *tx)
{
	const struct stream_stats s = stream_stats(o->stream);

	ASSERT_SIP();

	*rx = s.rx_packets;
	*tx = s.tx_packets;
}
