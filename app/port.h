/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_PORT_H
#define APP_PORT_H

#include "base/msg.h"

/**
 * @file port.h  The hole in the wall: all that app/ knows of the engine.
 *
 * main.c fills it in; tests fill in their own.
 */
struct port {
	void *engine;

	/** engine_post(): 0, EAGAIN, EPIPE.  Any thread, never blocks. */
	int (*post)(void *engine, const struct request *req);

	/** engine_serial() */
	uint32_t (*serial)(void *engine);

	/**
	 * refer_sync(): run a REQ_TRANSFER and block until its outcome.
	 * Worker threads only: EDEADLK at once on the UI or the SIP thread.
	 *
	 * @return 0 when there is an outcome (in *last, also a failure);
	 *         else nothing was sent: the errno, last->say tells why
	 */
	int (*refer_sync)(void *engine, const struct request *req,
			  struct transfer_info *last);
};

#endif
