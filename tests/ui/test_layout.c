/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/app/stage.h"

enum { ROWS_MAX = 100, COLS_MAX = 300 };

static struct stage s;
static struct desk *const d = &s.desk;

static int setup(void **state)
{
	(void)state;
	stage_open(&s);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stage_close(&s);

	return 0;
}

/* ---- the states ---------------------------------------------------------- */

/* Which pane lies in the place of the rest, which is zoomed, which has keys */
static const struct place {
	const char *name;
	enum pane full, zoom, focus;
	enum line_use use;
	unsigned calls;
} places[] = {
	{"plain", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_NONE, 0},
	{"three calls", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_NONE, 3},
	{"eight calls", PANE_COUNT, PANE_COUNT, PANE_DIRECTORY, LINE_NONE, 8},
	{"many calls", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_NONE, 1200},
	{"picker", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_TARGET, 2},
	{"palette", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_PALETTE, 2},
	{"command", PANE_COUNT, PANE_COUNT, PANE_CALLS, LINE_COMMAND, 2},
	{"ladder", PANE_LADDER, PANE_COUNT, PANE_LADDER, LINE_NONE, 2},
	{"message", PANE_LADDER, PANE_COUNT, PANE_MESSAGE, LINE_NONE, 2},
	{"calls, ladder", PANE_LADDER, PANE_COUNT, PANE_CALLS, LINE_NONE, 2},
	{"trace", PANE_TRACE, PANE_COUNT, PANE_TRACE, LINE_NONE, 2},
	{"log", PANE_LOG, PANE_COUNT, PANE_LOG, LINE_NONE, 2},
	{"history", PANE_HISTORY, PANE_COUNT, PANE_HISTORY, LINE_NONE, 2},
	{"help", PANE_HELP, PANE_COUNT, PANE_HELP, LINE_NONE, 2},
	{"picker, help", PANE_HELP, PANE_COUNT, PANE_HELP, LINE_TARGET, 2},
	{"picker, trace", PANE_TRACE, PANE_COUNT, PANE_TRACE, LINE_TARGET, 2},
	{"zoom calls", PANE_COUNT, PANE_CALLS, PANE_CALLS, LINE_NONE, 2},
	{"zoom trace", PANE_TRACE, PANE_TRACE, PANE_TRACE, LINE_NONE, 2},
	{"zoom message", PANE_LADDER, PANE_MESSAGE, PANE_MESSAGE, LINE_NONE, 2},
	{"zoom help", PANE_HELP, PANE_HELP, PANE_HELP, LINE_NONE, 2},
	{"picker, zoom", PANE_COUNT, PANE_CALLS, PANE_CALLS, LINE_TARGET, 2},
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

static void go(const struct place *p)
{
	while (model_calls_up(&s.app.model) < p->calls) {
		struct event ev = {.type = EV_CALL};

		ev.u.call.id = s.app.model.last_call + 1;
		ev.u.call.state = CALL_TALKING;
		model_apply(&s.app.model, &ev);
	}
	d->full = p->full;
	d->zoom = p->zoom;
	d->focus = p->focus;
	d->line.use = p->use;
}

/* ---- what must hold ------------------------------------------------------ */

/* Who has a cell; 0: nobody */
static uint8_t owner[ROWS_MAX][COLS_MAX];

static void claim(const struct place *p, int rows, int cols, uint8_t who,
		  struct rect r)
{
	if (r.h < 1 || r.w < 1) {
		/* nothing of it is seen: but it may not be inside out */
		if (r.h < 0 || (r.h > 0 && r.w < 1))
			fail_msg("%s at %dx%d: %u is %d high, %d wide", p->name,
				 rows, cols, who, r.h, r.w);
		return;
	}
	if (r.y < 0 || r.x < 0 || r.y + r.h > rows || r.x + r.w > cols)
		fail_msg("%s at %dx%d: %u leaves the screen: %d,%d %dx%d",
			 p->name, rows, cols, who, r.y, r.x, r.h, r.w);
	for (int y = r.y; y < r.y + r.h; y++) {
		for (int x = r.x; x < r.x + r.w; x++) {
			if (owner[y][x])
				fail_msg("%s at %dx%d: %u lies over %u at "
					 "%d,%d",
					 p->name, rows, cols, who, owner[y][x],
					 y, x);
		}
		memset(&owner[y][r.x], who, (size_t)r.w);
	}
}

static void check(const struct place *p, int rows, int cols)
{
	struct layout l;
	uint8_t who = 1;

	layout_make(&l, rows, cols, d);
	memset(owner, 0, sizeof(owner));
	claim(p, rows, cols, who++, l.title);
	claim(p, rows, cols, who++, l.alert);
	claim(p, rows, cols, who++, l.log);
	claim(p, rows, cols, who++, l.hints);
	claim(p, rows, cols, who++, l.prompt);
	claim(p, rows, cols, who++, l.picker);
	claim(p, rows, cols, who++, l.side);
	for (unsigned i = 0; i < PANE_COUNT; i++) {
		if (i != PANE_HELP || !l.overlay)
			claim(p, rows, cols, (uint8_t)(20 + i), l.pane[i]);
	}
	for (unsigned i = 0; i < l.barc; i++)
		claim(p, rows, cols, (uint8_t)(40 + i), l.barv[i]);
	/* the help may lie over panes, but over nothing that stays */
	if (l.overlay) {
		for (int y = 2; y < rows - 3; y++)
			memset(owner[y], 0, sizeof(owner[y]));
		claim(p, rows, cols, who, l.pane[PANE_HELP]);
	}
}

static void test_nothing_overlaps_at_any_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		if (places[i].calls < model_calls_up(&s.app.model)) {
			stage_close(&s);
			stage_open(&s);
		}
		go(&places[i]);
		for (int rows = 1; rows <= ROWS_MAX; rows++) {
			for (int cols = 1; cols <= COLS_MAX; cols++)
				check(&places[i], rows, cols);
		}
	}
}

static bool is(struct rect r, int y, int h, int cols)
{
	return r.y == y && r.x == 0 && r.h == h && r.w == cols;
}

static void test_fixed_rows_are_where_they_are(void **state)
{
	struct layout l;

	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		go(&places[i]);
		for (int rows = SMALL_ROWS; rows <= ROWS_MAX; rows++) {
			for (int cols = SMALL_COLS; cols <= COLS_MAX; cols++) {
				layout_make(&l, rows, cols, d);
				assert_false(l.small);
				assert_true(is(l.title, 0, 1, cols));
				assert_true(is(l.alert, 1, 1, cols));
				assert_true(is(l.log, rows - 3, 1, cols));
				assert_true(is(l.hints, rows - 2, 1, cols));
				assert_true(is(l.prompt, rows - 1, 1, cols));
			}
		}
	}
}

/* The one that has the keys can be seen, or the picker instead */
static void test_what_has_the_keys_is_seen(void **state)
{
	struct layout l;

	(void)state;
	for (unsigned i = 0; i < PLACES; i++) {
		go(&places[i]);
		for (int rows = SMALL_ROWS; rows <= ROWS_MAX; rows++) {
			for (int cols = SMALL_COLS; cols <= COLS_MAX; cols++) {
				const bool picks = d->line.use == LINE_TARGET ||
						   d->line.use == LINE_PALETTE;

				layout_make(&l, rows, cols, d);
				if (picks ? l.picker.h < 3
					  : l.pane[d->focus].h < 2)
					fail_msg("%s at %dx%d", places[i].name,
						 rows, cols);
			}
		}
	}
}

static void test_small_keeps_what_matters(void **state)
{
	struct layout l;

	(void)state;
	layout_make(&l, 14, 200, d);
	assert_true(l.small);
	layout_make(&l, 50, 59, d);
	assert_true(l.small);
	assert_int_equal(0, l.title.y);
	assert_int_equal(1, l.alert.h);
	assert_int_equal(48, l.hints.y);
	assert_int_equal(49, l.prompt.y);
	for (unsigned i = 0; i < PANE_COUNT; i++)
		assert_int_equal(0, l.pane[i].h);
}

static void test_calls_keep_their_rows(void **state)
{
	static const struct {
		int rows, cols;
		unsigned calls;
		int want;
	} cases[] = {
		{24, 80, 0, 5},   {24, 80, 5, 5},     {24, 80, 8, 8},
		{24, 80, 50, 12}, {40, 120, 0, 7},    {40, 120, 7, 7},
		{40, 120, 9, 9},  {50, 200, 0, 9},    {50, 200, 12, 12},
		{15, 60, 0, 3},   {24, 80, 5000, 12}, {24, 200, 0, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cases[i].want,
				 layout_call_rows(cases[i].rows, cases[i].cols,
						  cases[i].calls));
}

/* Which panes each size shows (ui.md's classes) */
static void test_size_classes(void **state)
{
	static const struct {
		int rows, cols;
		const char *panes;
	} cases[] = {
		{24, 80, "calls transfers directory "},
		{24, 109, "calls transfers directory "},
		{40, 110, "calls transfers directory trace log "},
		{40, 120, "calls transfers directory trace log "},
		{24, 120, "calls transfers directory "},
		{50, 200, "calls transfers directory trace log "},
	};
	struct layout l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char seen[128] = "";

		layout_make(&l, cases[i].rows, cases[i].cols, d);
		for (unsigned k = 0; k < PANE_COUNT; k++) {
			if (l.pane[k].h > 0) {
				strcat(seen, pane_name((enum pane)k));
				strcat(seen, " ");
			}
		}
		assert_string_equal(cases[i].panes, seen);
	}
	layout_make(&l, 50, 200, d);
	assert_int_equal(2, l.pane[PANE_TRACE].y);
	assert_int_equal(45, l.pane[PANE_TRACE].h);
	assert_true(l.pane[PANE_TRANSFERS].x < l.pane[PANE_DIRECTORY].x);
	layout_make(&l, 24, 80, d);
	assert_true(l.pane[PANE_DIRECTORY].x < l.pane[PANE_TRANSFERS].x);
}

/* A call that comes moves nothing while there is a row for it */
static void test_panes_stay_when_a_call_comes(void **state)
{
	static const int sizes[][2] = {{24, 80}, {40, 120}, {50, 200}};
	struct layout before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		layout_make(&before, sizes[i][0], sizes[i][1], d);
		go(&(struct place){"", PANE_COUNT, PANE_COUNT, PANE_CALLS,
				   LINE_NONE, 4});
		layout_make(&after, sizes[i][0], sizes[i][1], d);
		assert_memory_equal(&before, &after, sizeof(before));
		stage_close(&s);
		stage_open(&s);
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_overlaps_at_any_size),
		TEST(test_fixed_rows_are_where_they_are),
		TEST(test_what_has_the_keys_is_seen),
		TEST(test_small_keeps_what_matters),
		TEST(test_calls_keep_their_rows),
		TEST(test_size_classes),
		TEST(test_panes_stay_when_a_call_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
