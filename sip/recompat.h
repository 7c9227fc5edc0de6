/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIP_RECOMPAT_H
#define SIP_RECOMPAT_H

/**
 * @file recompat.h  libre, and every difference between its versions.
 *
 * The only file that includes libre's headers.  RE_MAJOR and RE_MINOR come
 * from meson.build (pkg-config): the headers carry no version.
 *
 *   1.1.0 (Debian 12)  2.0.1 (Debian 13)  4.x (upstream)
 */

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wundef"
#include <re.h>
#define DEBUG_MODULE "cordpair"
#define DEBUG_LEVEL 0
#include <re_dbg.h>
#pragma GCC diagnostic pop

#ifndef RE_MAJOR
#error "RE_MAJOR is not set: build with meson"
#endif

#define RE_AT_LEAST(maj, min)                                                  \
	(RE_MAJOR > (maj) || (RE_MAJOR == (maj) && RE_MINOR >= (min)))

/* sip_send_h: the source address lost its const in 2.3 and the handler got a
 * Contact buffer in 2.1 */
#if RE_AT_LEAST(2, 3)
#define RC_SEND_SRC struct sa *
#else
#define RC_SEND_SRC const struct sa *
#endif
#if RE_AT_LEAST(2, 1)
#define RC_SEND_CONTP , struct mbuf **contp
#define RC_SEND_CONTP_UNUSED (void)contp
#else
#define RC_SEND_CONTP
#define RC_SEND_CONTP_UNUSED (void)0
#endif

/* tcp_conn_fd() went away in 2.2 */
#if RE_AT_LEAST(2, 2)
#define RC_TCP_CONN_FD(tc) ((void)(tc), -1)
#else
#define RC_TCP_CONN_FD(tc) tcp_conn_fd(tc)
#endif

/* Since 2.0 SIP over TLS names who is to be verified, and refuses to connect
 * where it has no name (sip_send()): tls.c says the name instead.  From 3.0 on
 * the context is not ours and libre does it all. */
#define RC_TLS_NAMES (RE_AT_LEAST(2, 0) && !RE_AT_LEAST(3, 0))

/* fd_listen() takes a handle instead of a number since 3.6 */
#if RE_AT_LEAST(3, 6)
struct rc_fd {
	struct re_fhs *fhs;
};
#define RC_FD_LISTEN(h, fd, flags, fh, arg)                                    \
	fd_listen(&(h)->fhs, (fd), (flags), (fh), (arg))
#define RC_FD_CLOSE(h, fd) ((void)(fd), (h)->fhs = fd_close((h)->fhs))
#else
struct rc_fd {
	int unused;
};
#define RC_FD_LISTEN(h, fd, flags, fh, arg)                                    \
	((void)(h), fd_listen((fd), (flags), (fh), (arg)))
#define RC_FD_CLOSE(h, fd) ((void)(h), fd_close(fd))
#endif

#endif
