/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_VEC_H
#define APP_VEC_H

#include <stddef.h>
#include <stdint.h>

/**
 * @file vec.h  An array of structs that begin with their id, in its order.
 *
 * Those that do not may stand in one too, but cannot be found or dropped.
 *
 * Begin with {.size = sizeof(struct x)}; free v at the end.  What the
 * functions return is valid until the next insertion or removal.
 *
 * Threads: the owner's.
 */
struct vec {
	void *v;
	size_t n, room, size; /* size of one element [bytes] */
};

uint32_t vec_id(const struct vec *v, size_t i);

/** First place whose id is not below; ids count up, so it is mostly the end */
size_t vec_place(const struct vec *v, uint32_t id);

void *vec_at(const struct vec *v, size_t i);

/** NULL: there is none */
void *vec_find(const struct vec *v, uint32_t id);

/** A new element of zeros at place i */
void *vec_insert(struct vec *v, size_t i);

void vec_remove(struct vec *v, size_t i);

/** Remove the one with this id, if there is one */
void vec_drop(struct vec *v, uint32_t id);

#endif
