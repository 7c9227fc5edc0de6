/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/timer.h"

#include <limits.h>
#include <stdio.h>

#include "sip/recompat.h"

#if RE_AT_LEAST(2, 4)

/* Timers became a type of their own there, and monotonic: libre keeps them */
uint64_t timer_count(void)
{
	return 0;
}

bool timer_turn_end(void (*h)(void *arg), void *arg)
{
	(void)h;
	(void)arg;
	return false;
}

#else

#include "base/clock.h"

/*
 * A timer lives at the level of the highest digit (base 64) in which its
 * expiry differs from `base`, in the slot which that digit names.  From this
 * follows what the rest relies on:
 *
 *  - Whatever is at a lower level expires before whatever is at a higher one;
 *    so the next timer is in the first slot of the lowest level in use.
 *  - `base` never passes a slot that is in use: when it reaches one of a
 *    higher level, that slot's timers move down first (cascade()).  Hence all
 *    timers of one millisecond are always in one list, in start order.
 *
 * Eleven levels hold any 64-bit time, so there is no list for the far future.
 */
enum {
	DIGIT_BITS = 6,
	SLOTS = 1 << DIGIT_BITS,
	LEVELS = 11,
};

struct wheel {
	uint64_t base;         /* everything before it has fired [ms]  */
	uint64_t limit;        /* while polling: the poll's own time   */
	uint64_t used[LEVELS]; /* a bit for each slot that has timers  */
	uint64_t n;
	bool polling;
	void (*turn_end)(void *arg);
	void *turn_arg;
	struct list later; /* due now, but started by a handler    */
	struct list slotv[LEVELS][SLOTS];
};

static _Thread_local struct wheel wheel;

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void insert(struct wheel *w, struct tmr *tmr)
{
	const uint64_t at = tmr->jfs > w->base ? tmr->jfs : w->base;
	const uint64_t diff = at ^ w->base;
	unsigned level = 0, slot;

	if (diff)
		level = (63u - (unsigned)__builtin_clzll(diff)) / DIGIT_BITS;

	slot = (unsigned)(at >> (level * DIGIT_BITS)) & (SLOTS - 1);

	list_append(&w->slotv[level][slot], &tmr->le, tmr);
	w->used[level] |= 1ull << slot;
}

static void take_out(struct wheel *w, struct tmr *tmr)
{
	struct list *list = tmr->le.list;
	const uintptr_t first = (uintptr_t)&w->slotv[0][0];
	const uintptr_t at = (uintptr_t)list;

	list_unlink(&tmr->le);

	/* started on a thread that has ended: not ours to count */
	if (list != &w->later && at - first >= sizeof(w->slotv))
		return;

	--w->n;

	if (list != &w->later && !list->head) {
		const size_t i = (at - first) / sizeof(*list);

		w->used[i / SLOTS] &= ~(1ull << (i % SLOTS));
	}
}

/* The first slot in use and when it begins; false: none */
static bool first_slot(const struct wheel *w, unsigned *levelp, unsigned *slotp,
		       uint64_t *atp)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		const unsigned shift = level * DIGIT_BITS;
		uint64_t above;
		unsigned slot;

		if (!w->used[level])
			continue;

		slot = (unsigned)__builtin_ctzll(w->used[level]);
		above = w->base >> shift >> DIGIT_BITS;

		*levelp = level;
		*slotp = slot;
		*atp = (above << DIGIT_BITS | slot) << shift;
		return true;
	}

	return false;
}

static void cascade(struct wheel *w, unsigned level, unsigned slot)
{
	struct list list = w->slotv[level][slot];
	struct le *le = list.head;

	list_init(&w->slotv[level][slot]);
	w->used[level] &= ~(1ull << slot);

	while (le) {
		struct tmr *tmr = le->data;

		le = le->next;

		memset(&tmr->le, 0, sizeof(tmr->le));
		insert(w, tmr);
	}
}

static void fire(struct wheel *w, struct list *list)
{
	while (list->head) {
		struct tmr *tmr = list->head->data;
		tmr_h *th = tmr->th;
		void *arg = tmr->arg;

		take_out(w, tmr);
		tmr->th = NULL;

		th(arg); /* may free the timer */
	}
}

void tmr_poll(struct list *tmrl)
{
	struct wheel *w = &wheel;
	unsigned level, slot;
	uint64_t at;

	(void)tmrl;

	if (w->polling)
		return;

	w->polling = true;
	w->limit = clock_ms();

	if (w->limit < w->base)
		w->limit = w->base;

	while (first_slot(w, &level, &slot, &at) && at <= w->limit) {
		w->base = at;

		if (level)
			cascade(w, level, slot);
		else
			fire(w, &w->slotv[0][slot]);
	}

	w->base = w->limit;
	w->polling = false;

	while (w->later.head) {
		struct tmr *tmr = w->later.head->data;

		list_unlink(&tmr->le);
		insert(w, tmr);
	}
	if (w->turn_end)
		w->turn_end(w->turn_arg);
}

uint64_t tmr_jiffies(void)
{
	return clock_ms();
}

/* May be too early by what a slot is wide: the poll then cascades */
uint64_t tmr_next_timeout(struct list *tmrl)
{
	const struct wheel *w = &wheel;
	unsigned level, slot;
	uint64_t at, now;

	(void)tmrl;

	if (w->later.head)
		return 1;

	if (!first_slot(w, &level, &slot, &at))
		return 0;

	now = clock_ms();
	if (at <= now)
		return 1;

	/* libre hands it to epoll_wait() as an int */
	return at - now < INT_MAX ? at - now : INT_MAX;
}

void tmr_init(struct tmr *tmr)
{
	if (tmr)
		memset(tmr, 0, sizeof(*tmr));
}

void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg)
{
	struct wheel *w = &wheel;
	uint64_t now;

	if (!tmr)
		return;

	if (tmr->th)
		take_out(w, tmr);

	tmr->th = th;
	tmr->arg = arg;

	if (!th)
		return;

	now = clock_ms();
	tmr->jfs = add_sat(now, delay);

	if (!w->n && !w->polling && now > w->base)
		w->base = now;

	++w->n;

	/* a handler that starts itself with no delay must not hold the loop */
	if (w->polling && tmr->jfs <= w->limit)
		list_append(&w->later, &tmr->le, tmr);
	else
		insert(w, tmr);
}

void tmr_cancel(struct tmr *tmr)
{
	tmr_start(tmr, 0, NULL, NULL);
}

uint64_t tmr_get_expire(const struct tmr *tmr)
{
	uint64_t now;

	if (!tmr || !tmr->th)
		return 0;

	now = clock_ms();

	return tmr->jfs > now ? tmr->jfs - now : 0;
}

static int list_print(struct re_printf *pf, const struct list *list)
{
	int err = 0;

	for (const struct le *le = list->head; le; le = le->next) {
		const struct tmr *tmr = le->data;

		err |= re_hprintf(pf, "  %p: th=%p expire=%llums\n", tmr,
				  tmr->th,
				  (unsigned long long)tmr_get_expire(tmr));
	}

	return err;
}

int tmr_status(struct re_printf *pf, void *unused)
{
	const struct wheel *w = &wheel;
	int err;

	(void)unused;

	if (!w->n)
		return 0;

	err = re_hprintf(pf, "Timers (%llu):\n", (unsigned long long)w->n);
	err |= list_print(pf, &w->later);

	for (unsigned level = 0; level < LEVELS; level++) {
		for (unsigned slot = 0; slot < SLOTS; slot++)
			err |= list_print(pf, &w->slotv[level][slot]);
	}

	return err;
}

void tmr_debug(void)
{
	if (wheel.n)
		(void)re_fprintf(stderr, "%H", tmr_status, NULL);
}

uint64_t timer_count(void)
{
	return wheel.n;
}

bool timer_turn_end(void (*h)(void *arg), void *arg)
{
	wheel.turn_end = h;
	wheel.turn_arg = arg;
	return true;
}

#endif
