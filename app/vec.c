/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/vec.h"

#include <string.h>

#include "app/alloc.h"

uint32_t vec_id(const struct vec *v, size_t i)
{
	uint32_t id;

	memcpy(&id, (const char *)v->v + i * v->size, sizeof(id));

	return id;
}

size_t vec_place(const struct vec *v, uint32_t id)
{
	size_t lo = 0, hi = v->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (vec_id(v, mid) < id)
			lo = mid + 1;
		else
			hi = mid;
	}

	return lo;
}

void *vec_at(const struct vec *v, size_t i)
{
	return (char *)v->v + i * v->size;
}

void *vec_find(const struct vec *v, uint32_t id)
{
	size_t i = vec_place(v, id);

	return i < v->n && vec_id(v, i) == id ? vec_at(v, i) : NULL;
}

void *vec_insert(struct vec *v, size_t i)
{
	char *p;

	if (v->n == v->room) {
		v->room = v->room ? v->room * 2 : 16;
		v->v = alloc_grow(v->v, v->room, v->size);
	}

	p = vec_at(v, i);
	memmove(p + v->size, p, (v->n - i) * v->size);
	memset(p, 0, v->size);
	++v->n;

	return p;
}

void vec_remove(struct vec *v, size_t i)
{
	char *p = vec_at(v, i);

	--v->n;
	memmove(p, p + v->size, (v->n - i) * v->size);
}

void vec_drop(struct vec *v, uint32_t id)
{
	size_t i = vec_place(v, id);

	if (i < v->n && vec_id(v, i) == id)
		vec_remove(v, i);
}
