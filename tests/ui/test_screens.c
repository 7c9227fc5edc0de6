/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/builtin.h"
#include "tests/ui/scenes.h"

/*
 * Each scene as it stands on the screen, beside the one in tests/screens.
 * UPDATE_GOLDEN=1 writes them; what is different is kept as NAME.actual where
 * the test runs.
 *
 * A file has the rows as text; below a line of dashes the same rows as
 * letters, one for each role (blank: text), and what the letters mean.
 */

static const struct {
	int rows, cols;
} sizes[] = {{24, 80}, {40, 120}, {50, 200}};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static struct stage stage;

/* ---- a canvas as text ---------------------------------------------------- */

static char letter_of(unsigned role)
{
	return (char)(role < 26 ? 'a' + role : 'A' + (role - 26));
}

static void put_roles(FILE *f, const struct canvas *c, int y,
		      bool used[ROLES_MAX])
{
	const unsigned text = role("text");
	int end = 0;

	for (int x = 0; x < c->cols; x++) {
		const struct cell *cell = &c->cells[y * c->cols + x];

		if (cell->role != text)
			end = x + 1;
	}
	for (int x = 0; x < end; x++) {
		const unsigned ro = c->cells[y * c->cols + x].role;

		used[ro] |= ro != text;
		fputc(ro == text ? ' ' : letter_of(ro), f);
	}
	fputc('\n', f);
}

static char *text_of(const struct canvas *c)
{
	char row[4096], *text = NULL;
	bool used[ROLES_MAX] = {false};
	size_t size;
	const char *name;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (int y = 0; y < c->rows; y++)
		fprintf(f, "%s\n", canvas_row(c, y, row, sizeof(row)));
	fputs("--------\n", f);
	for (int y = 0; y < c->rows; y++)
		put_roles(f, c, y, used);
	fputs("--------\n", f);
	if (c->cursor_y >= 0)
		fprintf(f, "cursor: row %d, column %d\n", c->cursor_y,
			c->cursor_x);
	for (unsigned i = 0; (name = theme_role(i, NULL)); i++) {
		if (used[i])
			fprintf(f, "%c %s\n", letter_of(i), name);
	}
	assert_int_equal(0, fclose(f));

	return text;
}

/* ---- comparing ----------------------------------------------------------- */

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		text = NULL;
	}
	fclose(f);

	return text;
}

static void write_all(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	fputs(text, f);
	assert_int_equal(0, fclose(f));
}

/* The lines that are not the same, wanted and drawn below each other */
static void show_difference(const char *want, const char *have)
{
	for (unsigned n = 1; *want || *have; n++) {
		const int w = (int)strcspn(want, "\n");
		const int h = (int)strcspn(have, "\n");

		if (w != h || strncmp(want, have, (size_t)w) != 0)
			print_message("%3u -%.*s\n    +%.*s\n", n, w, want, h,
				      have);
		want += w + (want[w] == '\n');
		have += h + (have[h] == '\n');
	}
}

/* true: it is as it should be */
static bool compare(const char *name, const char *text)
{
	const char *update = getenv("UPDATE_GOLDEN");
	char path[512], actual[160];
	char *want;
	bool same;

	snprintf(path, sizeof(path), SOURCE_ROOT "/tests/screens/%s.txt", name);
	snprintf(actual, sizeof(actual), "%s.actual", name);
	if (update && strcmp(update, "1") == 0) {
		write_all(path, text);
		return true;
	}
	want = read_all(path);
	same = want && strcmp(want, text) == 0;
	if (same) {
		(void)unlink(actual);
	} else {
		write_all(actual, text);
		print_message("--- %s%s\n+++ %s\n", path,
			      want ? "" : " (there is none)", actual);
		show_difference(want ? want : "", text);
	}
	free(want);

	return same;
}

/* ---- screens ------------------------------------------------------------- */

/* All sizes of one scene are drawn before any fails */
static void check_scene(const struct scene *scene, bool ascii)
{
	unsigned wrong = 0;

	scene_play(&stage, scene);
	for (unsigned i = 0; i < SIZES; i++) {
		struct canvas c = {0};
		char name[64], *text;

		canvas_init(&c, sizes[i].rows, sizes[i].cols, ascii);
		view_screen(&c, &stage.desk);
		text = text_of(&c);
		snprintf(name, sizeof(name), "%s-%dx%d%s", scene->name,
			 sizes[i].cols, sizes[i].rows, ascii ? "-ascii" : "");
		wrong += !compare(name, text);
		free(text);
		canvas_done(&c);
	}
	stage_close(&stage);
	assert_int_equal(0, wrong);
}

static void test_screen(void **state)
{
	check_scene(*state, false);
}

static void test_screen_in_ascii(void **state)
{
	check_scene(*state, true);
}

/* Nothing but ASCII is drawn of ours; names keep their letters */
static void test_ascii_has_no_glyphs(void **state)
{
	static const char *const signs[] = {"│", "─", "═", "►", "‖", "♪", "→",
					    "←", "✓", "◐", "○", "●", "✗", "…",
					    "·", "»", "◄", "┐", "┘", "Δ", "↑"};

	(void)state;
	for (const struct scene *scene = scenes; scene->name; scene++) {
		struct canvas c = {0};
		char row[4096];

		scene_play(&stage, scene);
		canvas_init(&c, 40, 120, true);
		view_screen(&c, &stage.desk);
		for (int y = 0; y < c.rows; y++) {
			canvas_row(&c, y, row, sizeof(row));
			for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]);
			     i++) {
				if (strstr(row, signs[i]))
					fail_msg("%s has %s in: %s",
						 scene->name, signs[i], row);
			}
		}
		canvas_done(&c);
		stage_close(&stage);
	}
}

/* ---- themes -------------------------------------------------------------- */

static void put_color(FILE *f, const struct color *color)
{
	if (color->kind == COLOR_KIND_DEFAULT)
		fputs("   -", f);
	else
		fprintf(f, " %3u", color->index);
}

static void put_attrs(FILE *f, unsigned attrs)
{
	static const char *const names[] = {"bold",      "dim",     "italic",
					    "underline", "reverse", "blink"};
	bool any = false;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (attrs & 1u << i)
			fprintf(f, "%s%s", any ? "," : "", names[i]);
		any |= attrs >> i & 1;
	}
	if (!any)
		fputs("-", f);
}

/* What each role looks like with 256 colours, and with none */
static void test_theme(void **state)
{
	const char *theme = *state, *role;
	char line[64], name[64], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool same;

	assert_non_null(f);
	stage_open(&stage);
	snprintf(line, sizeof(line), "theme %s", theme);
	app_line(&stage.app, line);
	assert_int_equal(0, stage.reply.err);
	fputs("role            fg  bg  attributes        without colours\n", f);
	for (unsigned i = 0; (role = theme_role(i, NULL)); i++) {
		const struct style st = theme_style(&stage.app.theme, i);
		char *attrs = NULL;
		size_t n;
		FILE *m = open_memstream(&attrs, &n);

		assert_non_null(m);
		put_attrs(m, st.attrs);
		fclose(m);
		fprintf(f, "%-13s ", role);
		put_color(f, &st.fg);
		put_color(f, &st.bg);
		fprintf(f, "  %-17s ", attrs);
		put_attrs(f, st.mono);
		fputc('\n', f);
		free(attrs);
	}
	fclose(f);
	stage_close(&stage);
	snprintf(name, sizeof(name), "theme-%s", theme);
	same = compare(name, text);
	free(text);
	assert_true(same);
}

int main(void)
{
	struct CMUnitTest tests[32];
	unsigned n = 0;

	/* how wide characters are, the locale knows */
	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	for (const struct scene *scene = scenes; scene->name; scene++) {
		tests[n++] = (struct CMUnitTest){
			.name = scene->name,
			.test_func = test_screen,
			.initial_state = (void *)(uintptr_t)scene,
		};
		tests[n++] = (struct CMUnitTest){
			.name = scene->name,
			.test_func = test_screen_in_ascii,
			.initial_state = (void *)(uintptr_t)scene,
		};
	}
	for (const struct builtin *theme = builtin_themes; theme->name; theme++)
		tests[n++] = (struct CMUnitTest){
			.name = theme->name,
			.test_func = test_theme,
			.initial_state = (void *)(uintptr_t)theme->name,
		};
	tests[n++] =
		(struct CMUnitTest)cmocka_unit_test(test_ascii_has_no_glyphs);

	return _cmocka_run_group_tests("screens", tests, n, NULL, NULL);
}
