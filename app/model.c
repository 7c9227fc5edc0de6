/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/model.h"

#include <stdlib.h>
#include <string.h>

#include "app/alloc.h"
#include "base/thread.h"

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

void model_done(struct model *m)
{
	free(m->accounts);
	free(m->calls);
	free(m->transfers);
	model_init(m);
}

/*
 * The three arrays hold records that begin with their id, ascending.  The
 * engine counts ids up, so a new one nearly always goes to the end.
 */
static size_t lower(const void *base, unsigned n, size_t size, uint32_t id)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint32_t here;

		memcpy(&here, (const char *)base + mid * size, sizeof(here));
		if (here < id)
			lo = mid + 1;
		else
			hi = mid;
	}

	return lo;
}

static const void *find(const void *base, unsigned n, size_t size, uint32_t id)
{
	size_t i = lower(base, n, size, id);
	uint32_t here;

	if (i == n)
		return NULL;
	memcpy(&here, (const char *)base + i * size, sizeof(here));

	return here == id ? (const char *)base + i * size : NULL;
}

/* Put a record in the place of the one with its id, or insert it. */
static void *keep(void *base, unsigned *np, size_t size, const void *record)
{
	uint32_t id;
	size_t i;
	char *at;

	memcpy(&id, record, sizeof(id));
	if (!find(base, *np, size, id)) {
		i = lower(base, *np, size, id);
		/* powers of two: a thousand calls are ten moves */
		if ((*np & (*np - 1)) == 0)
			base = alloc_grow(base, *np ? 2 * (size_t)*np : 1,
					  size);
		at = (char *)base + i * size;
		memmove(at + size, at, (*np - i) * size);
		++*np;
	} else {
		i = lower(base, *np, size, id);
	}
	memcpy((char *)base + i * size, record, size);

	return base;
}

static void drop(void *base, unsigned *np, size_t size, size_t i)
{
	char *at = (char *)base + i * size;

	memmove(at, at + size, (*np - i - 1) * size);
	--*np;
}

const struct account_info *model_account(const struct model *m, uint32_t id)
{
	return find(m->accounts, m->accountc, sizeof(*m->accounts), id);
}

const struct call_info *model_call(const struct model *m, uint32_t id)
{
	return find(m->calls, m->callc, sizeof(*m->calls), id);
}

const struct transfer_info *model_transfer(const struct model *m, uint32_t id)
{
	return find(m->transfers, m->transferc, sizeof(*m->transfers), id);
}

const struct call_info *model_selected(const struct model *m)
{
	const struct call_info *c = model_call(m, m->selected);

	return c && c->state != CALL_ENDED ? c : NULL;
}

const struct call_info *model_ringing(const struct model *m)
{
	for (unsigned i = 0; i < m->callc; i++) {
		if (m->calls[i].dir == CALL_IN &&
		    m->calls[i].state == CALL_RINGING)
			return &m->calls[i];
	}

	return NULL;
}

const struct call_info *model_consult(const struct model *m, uint32_t call)
{
	for (unsigned i = m->callc; i-- > 0;) {
		if (m->calls[i].consult_of == call &&
		    m->calls[i].state != CALL_ENDED)
			return &m->calls[i];
	}

	return NULL;
}

const struct transfer_info *model_pending(const struct model *m, uint32_t call)
{
	for (unsigned i = m->transferc; i-- > 0;) {
		const struct transfer_info *t = &m->transfers[i];

		if (t->outcome == OUTCOME_NONE && (!call || t->call == call))
			return t;
	}

	return NULL;
}

unsigned model_calls_up(const struct model *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->callc; i++)
		n += m->calls[i].state != CALL_ENDED;

	return n;
}

unsigned model_transfers_pending(const struct model *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->transferc; i++)
		n += m->transfers[i].outcome == OUTCOME_NONE;

	return n;
}

void model_select(struct model *m, uint32_t call)
{
	m->selected = call;
}

static void forget_calls(struct model *m)
{
	unsigned ended = m->callc - model_calls_up(m);

	for (unsigned i = 0; ended > MODEL_ENDED_MAX && i < m->callc;) {
		if (m->calls[i].state == CALL_ENDED) {
			drop(m->calls, &m->callc, sizeof(*m->calls), i);
			ended--;
		} else {
			i++;
		}
	}
}

static void forget_transfers(struct model *m)
{
	unsigned ended = m->transferc - model_transfers_pending(m);

	for (unsigned i = 0; ended > MODEL_ENDED_MAX && i < m->transferc;) {
		if (m->transfers[i].outcome != OUTCOME_NONE) {
			drop(m->transfers, &m->transferc, sizeof(*m->transfers),
			     i);
			ended--;
		} else {
			i++;
		}
	}
}

/*
 * Selection never moves by itself, but follows what the user did: a call he
 * dials and a consultation he begins are selected, the only call there is
 * too (by the console not at once: desk.c), and when a consultation ends the
 * caller it was made for again.
 */
static void reselect(struct model *m, const struct call_info *news, bool first)
{
	const struct call_info *back = model_call(m, news->consult_of);

	if (first && back && back->id == m->selected &&
	    news->state != CALL_ENDED)
		m->selected = news->id;
	if (model_selected(m))
		return;

	if (!m->paced && news->state != CALL_ENDED && model_calls_up(m) == 1) {
		m->selected = news->id;
	} else if (news->state == CALL_ENDED && news->id == m->selected) {
		m->selected = back && back->state != CALL_ENDED ? back->id : 0;
	}
}

static void apply_call(struct model *m, const struct call_info *c)
{
	bool first = !model_call(m, c->id);

	m->calls = keep(m->calls, &m->callc, sizeof(*c), c);
	if (c->id > m->last_call)
		m->last_call = c->id;
	reselect(m, c, first);
	forget_calls(m);
}

static void apply_transfer(struct model *m, const struct transfer_info *t)
{
	m->transfers = keep(m->transfers, &m->transferc, sizeof(*t), t);
	if (t->id > m->last_transfer)
		m->last_transfer = t->id;
	forget_transfers(m);
}

static void apply_account(struct model *m, const struct account_info *a)
{
	m->accounts = keep(m->accounts, &m->accountc, sizeof(*a), a);
	if (a->gone)
		drop(m->accounts, &m->accountc, sizeof(*a),
		     lower(m->accounts, m->accountc, sizeof(*a), a->id));
}

void model_apply(struct model *m, const struct event *ev)
{
	ASSERT_UI();
	switch (ev->type) {
	case EV_ACCOUNT:
		apply_account(m, &ev->u.account);
		break;
	case EV_CALL:
		apply_call(m, &ev->u.call);
		break;
	case EV_TRANSFER:
		apply_transfer(m, &ev->u.transfer);
		break;
	case EV_REPLY:
		if (!ev->u.reply.err && ev->u.reply.id &&
		    strcmp(ev->u.reply.command, request_name(REQ_DIAL)) == 0) {
			if (ev->u.reply.id > m->last_call)
				m->last_call = ev->u.reply.id;
			m->selected = ev->u.reply.id;
		}
		break;
	case EV_STOPPED:
		m->stopped = true;
		break;
	default:
		break;
	}
}
