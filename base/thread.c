/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/thread.h"

static _Thread_local enum thread_role own_role = THREAD_NONE;

void thread_adopt(enum thread_role role)
{
	own_role = role;
}

enum thread_role thread_role(void)
{
	return own_role;
}
