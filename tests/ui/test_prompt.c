/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/prompt.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/thread.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* readline loses a few bytes when keys are given up half-way */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libreadline\n";
}

/* ---- a small desk: it has what it is told ----------------------------- */

static struct app app;
static struct desk desk;
static char entered[LEX_LINE_MAX];
static unsigned left_count, enter_count;
static bool stays; /* the line stays open behind Enter */

void desk_typed(struct desk *d, const char *text, size_t cursor)
{
	assert_int_equal(0,
			 text_copy(d->line.text, sizeof(d->line.text), text));
	assert_in_range(cursor, 0, strlen(text));
	assert_int_not_equal(0x80, text[cursor] & 0xc0);
	d->line.cursor = cursor;
	d->offers.n = 0;
}

static void shut(struct desk *d)
{
	d->line.use = LINE_NONE;
	d->line.text[0] = '\0';
	d->line.cursor = 0;
}

void desk_enter(struct desk *d, const char *text)
{
	assert_int_equal(0, text_copy(entered, sizeof(entered), text));
	enter_count++;
	if (!stays)
		shut(d);
}

void desk_leave(struct desk *d)
{
	left_count++;
	shut(d);
}

/* ---- what tests do ---------------------------------------------------- */

static char home[] = "/tmp/test-prompt-XXXXXX";
static char history[128];
static struct prompt *prompt;

static void open_line(enum line_use use, const char *text)
{
	desk.line.use = use;
	assert_int_equal(
		0, text_copy(desk.line.text, sizeof(desk.line.text), text));
	desk.line.cursor = strlen(text);
	desk.line.given = true;
	text_cut(desk.line.lead, sizeof(desk.line.lead), ":");
	prompt_sync(prompt);
}

static void press(uint32_t code, unsigned mods, const char *raw)
{
	struct input in = {.type = INPUT_KEY,
			   .key = {.code = code, .mods = mods}};

	in.rawlen = strlen(raw);
	memcpy(in.raw, raw, in.rawlen);
	prompt_key(prompt, &in);
}

#define ENTER() press(KEYSYM_ENTER, 0, "\r")
#define TAB() press(KEYSYM_TAB, 0, "\t")
#define ESC() press(KEYSYM_ESC, 0, "\x1b")
#define UP() press(KEYSYM_UP, 0, "\x1b[A")
#define DOWN() press(KEYSYM_DOWN, 0, "\x1b[B")

/* One character after the other, each whole; ^A is C-a, ^[x is M-x */
static void type(const char *text)
{
	while (*text) {
		char raw[8] = "";
		size_t n = 1;

		if (text[0] == '^' && text[1] == '[') {
			raw[0] = '\x1b';
			raw[1] = text[2];
			press((uint32_t)text[2], MOD_META, raw);
			text += 3;
			continue;
		}
		if (text[0] == '^') {
			raw[0] = text[1] & 0x1f;
			press((uint32_t)(text[1] | 0x20), MOD_CTRL, raw);
			text += 2;
			continue;
		}
		while ((text[n] & 0xc0) == 0x80)
			n++;
		memcpy(raw, text, n);
		press((uint32_t)(unsigned char)text[0], 0, raw);
		text += n;
	}
}

/* The line, with | where the cursor is */
static void assert_line(const char *expected)
{
	char now[LEX_LINE_MAX + 1];
	size_t at = desk.line.cursor;

	snprintf(now, sizeof(now), "%.*s|%s", (int)at, desk.line.text,
		 desk.line.text + at);
	assert_string_equal(expected, now);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(0, fclose(f));
}

static void start(void)
{
	prompt_new(&prompt, &desk, history);
}

static void finish(void)
{
	assert_int_equal(0, prompt_underruns(prompt));
	prompt_free(prompt);
	prompt = NULL;
}

static int setup(void **state)
{
	(void)state;
	memset(&desk, 0, sizeof(desk));
	desk.app = &app;
	entered[0] = '\0';
	left_count = enter_count = 0;
	stays = false;
	(void)unlink(history);
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	finish();
	return 0;
}

/* ---- editing ---------------------------------------------------------- */

static void test_keys_edit_the_line(void **state)
{
	static const struct {
		const char *keys, *line;
	} cases[] = {
		{"hold 3", "hold 3|"},
		{"hold^A", "|hold"},
		{"transfer al^W", "transfer |"},
		{"transfer al^U", "|"},
		{"transfer al^[b", "transfer |al"},
		{"transfer al^[b^U", "|al"},
		{"one two^W^A^Y", "two|one "},
		{"one^Utwo^Uthree ^Y", "three two|"},
		{"one^Utwo^U^Y^[y", "one|"},
		{"hold^_", "|"},
		{"one two^W^_", "one two|"},
		{"ab^A^F^Tc", "bac|"},
		{"ab^Axh^E", "xhab|"},
		{"^Xh", "hold |"},     /* inputrc: a macro        */
		{"^Xu", "mute|"},      /* inputrc: $if cordpair   */
		{"^Vx^V[", "x[|"},     /* quoted insert           */
		{"^[2x", "xx|"},       /* numeric argument        */
		{"a  b ^Wc", "a  c|"}, /* blanks are his          */
		{" a", " a|"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_line(LINE_COMMAND, "");
		type(cases[i].keys);
		assert_line(cases[i].line);
		assert_string_equal(":", desk.line.lead);
		ESC();
		assert_false(prompt_open(prompt));
	}
}

static void test_characters_are_never_cut(void **state)
{
	static const struct {
		const char *keys, *line;
	} cases[] = {
		{"gr\xc3\xbc\xc3\x9f^B", "gr\xc3\xbc|\xc3\x9f"},
		{"gr\xc3\xbc\xc3\x9f^H", "gr\xc3\xbc|"},
		{"\xe6\x97\xa5\xe6\x9c\xac^B", "\xe6\x97\xa5|\xe6\x9c\xac"},
		{"\xe6\x97\xa5\xe6\x9c\xac^A^D", "|\xe6\x9c\xac"},
		{"e\xcc\x81", "e\xcc\x81|"},
		{"e\xcc\x81x^B^Bo", "oe\xcc\x81x|"},
		{"\xf0\x9f\x98\x80^B", "|\xf0\x9f\x98\x80"},
		{"\xc3\xa4\xc3\xb6^T", "\xc3\xb6\xc3\xa4|"},
		{"^X\xc3\xbc", "\xc3\xbc|"}, /* half a key before it */
		{"^X^R\xf0\x9f\x98\x80",
		 "\xf0\x9f\x98\x80|"}, /* inputrc again */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_line(LINE_COMMAND, "");
		type(cases[i].keys);
		if (i == 5) /* wherever it went, the mark stayed with its e */
			assert_non_null(strstr(desk.line.text, "e\xcc\x81"));
		else
			assert_line(cases[i].line);
		ESC();
	}
}

static void test_keys_without_a_character(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "hold 3");
	press(KEYSYM_HOME, 0, "\x1b[H");
	assert_line("|hold 3");
	press(KEYSYM_RIGHT, 0, "\x1b[C");
	assert_line("h|old 3");
	press(KEYSYM_DELETE, 0, "\x1b[3~");
	assert_line("h|ld 3");
	press(KEYSYM_END, 0, "\x1b[8~"); /* rxvt's */
	assert_line("hld 3|");
	press(KEYSYM_LEFT, MOD_CTRL, "\x1bOd"); /* rxvt's */
	assert_line("hld |3");
	press(KEYSYM_BACKSPACE, 0, "\x7f");
	assert_line("hld|3");
	/* nothing of a sequence nobody knows gets into the line */
	press(KEYSYM_F1 + 4, 0, "\x1b[15~");
	press(KEYSYM_F1 + 4, MOD_SHIFT, "\x1b[15;2~");
	press(KEYSYM_UP, MOD_CTRL, "\x1b[1;5A");
	press(KEYSYM_F1, 0, "\x1bOP");
	assert_line("hld|3");
	press(KEYSYM_ENTER, 0, "\x1bOM"); /* of the keypad */
	assert_string_equal("hld3", entered);
}

static void test_a_control_character_does_not_get_in(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("a^V^[b");
	assert_true(text_is_clean(desk.line.text));
	assert_null(strchr(desk.line.text, '\x1b'));
}

static void test_enter_gives_the_line(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "ho");
	assert_line("ho|");
	type("ld");
	ENTER();
	assert_string_equal("hold", entered);
	assert_int_equal(1, enter_count);
	assert_false(prompt_open(prompt));
	/* nothing is left over */
	open_line(LINE_COMMAND, "");
	assert_line("|");
	/* the desk may want it to stay */
	stays = true;
	type("x");
	ENTER();
	assert_true(prompt_open(prompt));
	assert_line("x|");
}

static void test_end_of_file_leaves(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("^D");
	assert_int_equal(1, left_count);
	assert_false(prompt_open(prompt));
}

static void test_the_desk_sets_the_line(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "hold 1");
	type("^A");
	open_line(LINE_COMMAND, "dial");
	assert_line("dial|");
	type(" ");
	assert_line("dial |");
	/* another use is another line */
	open_line(LINE_TARGET, "al");
	assert_line("al|");
	shut(&desk);
	prompt_sync(prompt);
	assert_false(prompt_open(prompt));
	/* and these are no lines at all */
	open_line(LINE_CONFIRM, "");
	assert_false(prompt_open(prompt));
	open_line(LINE_DIGITS, "");
	assert_false(prompt_open(prompt));
	type("y");
	assert_string_equal("", desk.line.text);
}

/* They would hold the screen at this size for ever */
static void test_the_size_is_not_exported(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("x^L");
	assert_null(getenv("LINES"));
	assert_null(getenv("COLUMNS"));
}

/* ---- leaving ---------------------------------------------------------- */

static void test_esc_leaves_the_search_first(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("hold 3");
	ENTER();
	open_line(LINE_COMMAND, "");
	type("xy^Rol");
	assert_string_equal("hold 3", desk.line.text);
	assert_string_equal("(reverse-i-search)`ol': ", desk.line.lead);
	ESC();
	assert_string_equal(":", desk.line.lead);
	assert_line("xy|");
	assert_true(prompt_open(prompt));
	/* a key that is half typed, too */
	type("^X");
	ESC();
	assert_true(prompt_open(prompt));
	type("z");
	assert_line("xyz|");
	assert_int_equal(0, left_count);
	ESC();
	assert_int_equal(1, left_count);
	assert_false(prompt_open(prompt));
}

static void test_closing_ends_a_search(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("hold 3");
	ENTER();
	open_line(LINE_COMMAND, "");
	type("^Rol");
	shut(&desk);
	prompt_sync(prompt);
	assert_string_equal(":", desk.line.lead);
	open_line(LINE_COMMAND, "");
	type("abc");
	assert_line("abc|");
	assert_string_equal(":", desk.line.lead);
}

/* ---- history ---------------------------------------------------------- */

static void enter_line(const char *text)
{
	open_line(LINE_COMMAND, "");
	type(text);
	ENTER();
}

static void test_history_of_two_runs(void **state)
{
	struct stat st;

	(void)state;
	enter_line("hold 1");
	enter_line("gr\xc3\xbc\xc3\x9f");
	enter_line("hold 1"); /* no duplicates      */
	enter_line(" hidden");
	enter_line("account sip:a@h password_command=pw");
	enter_line("set x password");
	finish();
	assert_int_equal(0, stat(history, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	start();
	open_line(LINE_COMMAND, "new");
	UP();
	assert_line("hold 1|");
	type("^P");
	assert_line("gr\xc3\xbc\xc3\x9f|");
	UP();
	assert_line("gr\xc3\xbc\xc3\x9f|");
	DOWN();
	DOWN();
	assert_line("new|");
}

static void test_history_is_searched(void **state)
{
	(void)state;
	enter_line("transfer 1 m\xc3\xbcller");
	enter_line("hold 2");
	open_line(LINE_COMMAND, "");
	type("^Rm\xc3\xbc");
	assert_string_equal("transfer 1 m\xc3\xbcller", desk.line.text);
	assert_string_equal("(reverse-i-search)`m\xc3\xbc': ", desk.line.lead);
	ENTER();
	assert_string_equal("transfer 1 m\xc3\xbcller", entered);
	/* an arrow ends it and moves */
	open_line(LINE_COMMAND, "");
	type("^Rld");
	press(KEYSYM_HOME, 0, "\x1b[H");
	assert_line("|hold 2");
	assert_string_equal(":", desk.line.lead);
	ESC();
	/* and the desk may begin it */
	desk.line.search = true;
	open_line(LINE_COMMAND, "");
	assert_string_equal("(reverse-i-search)`': ", desk.line.lead);
	type("tra");
	assert_string_equal("transfer 1 m\xc3\xbcller", desk.line.text);
}

/* Where readline 8.2 frees something twice or loses its way */
static void test_search_and_history_mixed(void **state)
{
	static const char *const cases[] = {
		"a^R^X\t",      "a^Ro^X^E",         "a^P^[px",
		"a^Pb^[p^G^Pc", "a^Pb^N^Rx^Gc^P^O", "a^Pb^P^N^N",
		"a^Ro^[<b^[>",  "^Pa^[l^_^_^N^_",
	};

	(void)state;
	enter_line("hold 1");
	enter_line("hold 2");
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_line(LINE_COMMAND, "");
		type(cases[i]);
		if (prompt_open(prompt) && i % 2)
			ENTER();
		else
			ESC();
		if (prompt_open(prompt))
			ESC();
		assert_false(prompt_open(prompt));
		open_line(LINE_COMMAND, "");
		UP();
		assert_true(desk.line.text[0]);
		ESC();
	}
}

static void test_changes_in_history_are_not_kept(void **state)
{
	(void)state;
	enter_line("hold 1");
	open_line(LINE_COMMAND, "");
	UP();
	type("23");
	ESC();
	open_line(LINE_COMMAND, "");
	UP();
	assert_line("hold 1|");
}

static void test_each_use_has_its_own_history(void **state)
{
	(void)state;
	enter_line("hold 1");
	open_line(LINE_FIND, "");
	type("^P");
	assert_line("|");
	type("invite");
	ENTER();
	open_line(LINE_TARGET, "");
	type("al^P");
	assert_line("al|");
	ENTER();
	open_line(LINE_FIND, "");
	type("^P");
	assert_line("invite|");
	ESC();
	open_line(LINE_COMMAND, "");
	type("^P^P");
	assert_line("hold 1|");
}

/* ---- completion ------------------------------------------------------- */

static void test_completion_of_one(void **state)
{
	static const struct {
		const char *line, *completed;
	} cases[] = {
		{"hol", "hold |"},
		{"  hol", "  hold |"},
		{"hold 3^A^F^F^F", "hold|d 3"},
		{"theme my", "theme \"my own\" |"},
		{"theme \"my", "theme \"my own\" |"},
		{"theme \"my o", "theme \"my own\" |"},
		{"theme gr\xc3\xbc", "theme gr\xc3\xbcn |"},
		{"wait_not_there", "wait_not_there|"},
		{"bind -c cal", "bind -c calls |"},
		{"account sip:a@h regi", "account sip:a@h regint=|"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_line(LINE_COMMAND, "");
		type(cases[i].line);
		TAB();
		assert_line(cases[i].completed);
		assert_int_equal(0, desk.offers.n);
		ESC();
	}
}

static void test_completion_of_several(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("tra");
	TAB();
	assert_line("transfer|");
	assert_true(desk.offers.n >= 2);
	assert_int_equal(desk.offers.n, desk.offer);
	TAB();
	assert_int_equal(0, desk.offer);
	assert_line("transfer|");
	TAB();
	assert_int_equal(1, desk.offer);
	assert_true(desk.offers.n >= 2);
	assert_line("transfers|");
	UP();
	assert_line("transfer|");
	DOWN();
	/* another key goes on from there */
	type("x");
	assert_int_equal(0, desk.offers.n);
	assert_line("transfersx|");
	/* Esc gives back what was typed, and only then leaves */
	type("^Utra");
	TAB();
	TAB();
	TAB();
	ESC();
	assert_line("transfer|");
	assert_int_equal(0, desk.offers.n);
	assert_true(prompt_open(prompt));
	type("^_^_^_^_^_^_^_^_");
	assert_true(prompt_open(prompt));
}

static void test_completion_with_blanks(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("theme m");
	TAB();
	assert_line("theme \"m|"); /* mono, my own */
	assert_int_equal(2, desk.offers.n);
	type("y");
	TAB();
	assert_line("theme \"my own\" |");
	ESC();
	/* what stands behind the cursor stays */
	open_line(LINE_COMMAND, "");
	type("theme  x^B^Bm");
	TAB();
	assert_line("theme \"m| x");
	TAB();
	TAB();
	TAB();
	assert_line("theme \"m| x");
}

static void test_completion_is_for_commands(void **state)
{
	(void)state;
	open_line(LINE_TARGET, "");
	type("hol");
	TAB();
	assert_line("hol|");
	assert_int_equal(0, desk.offers.n);
}

/* ---- paste ------------------------------------------------------------ */

static void paste(const char *text)
{
	prompt_paste(prompt, text, strlen(text));
}

static void test_paste(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{"al", "hold al| 3"},
		{"a\nb\tc\r\nd", "hold a b c d| 3"},
		{"a\x1b]52;c;eA==\x07"
		 "b",
		 "hold a]52;c;eA==b| 3"},
		{"a\x7f\xc2\x9b"
		 "b",
		 "hold ab| 3"},
		{"gr\xc3\xbc\xc3\x9f", "hold gr\xc3\xbc\xc3\x9f| 3"},
		{"\x04\x03\x15\x12", "hold | 3"},
		{"x\xe2\x80\xaey", "hold x\xef\xbf\xbdy| 3"},
		{"\xff", "hold \xef\xbf\xbd| 3"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_line(LINE_COMMAND, "hold  3");
		type("^B^B");
		paste(cases[i].text);
		assert_line(cases[i].line);
		type("^_");
		assert_line("hold | 3");
		ESC();
	}
}

static void test_paste_of_64_KiB(void **state)
{
	static char big[64 * 1024 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(big) - 1; i += 2)
		memcpy(big + i, "\xc3\xbc", 2);
	open_line(LINE_COMMAND, "");
	type("a");
	paste(big);
	assert_int_equal(LEX_LINE_MAX - 1, strlen(desk.line.text));
	assert_true(text_is_clean(desk.line.text));
	/* it is full, and still a line */
	type("xyz\xc3\xbc");
	paste("more");
	assert_int_equal(LEX_LINE_MAX - 1, strlen(desk.line.text));
	type("^U^Y^Y");
	assert_in_range(strlen(desk.line.text), 1, LEX_LINE_MAX - 1);
	assert_true(text_is_clean(desk.line.text));
	type("^A^Kok");
	assert_line("ok|");
}

static void test_paste_into_a_search_ends_it(void **state)
{
	(void)state;
	enter_line("hold 1");
	open_line(LINE_COMMAND, "");
	type("^Rol");
	paste("al");
	assert_string_equal(":", desk.line.lead);
	assert_non_null(strstr(desk.line.text, "al"));
	assert_true(prompt_open(prompt));
}

/* ---- vi --------------------------------------------------------------- */

static void test_vi(void **state)
{
	(void)state;
	open_line(LINE_COMMAND, "");
	type("hold 3 4");
	ESC();
	assert_true(prompt_open(prompt));
	type("0dw");
	assert_line("|3 4");
	type("A5");
	assert_line("3 45|");
	press(KEYSYM_LEFT, 0, "\x1b[D");
	assert_line("3 4|5");
	assert_true(prompt_open(prompt));
	type("gr\xc3\xbc");
	assert_line("3 4gr\xc3\xbc|5");
	/* a motion that waits is given up, then the line */
	ESC();
	type("d");
	ESC();
	assert_true(prompt_open(prompt));
	ESC();
	assert_false(prompt_open(prompt));
	assert_int_equal(1, left_count);
	/* the next line begins with typing */
	open_line(LINE_COMMAND, "");
	type("ab");
	assert_line("ab|");
	ENTER();
	assert_string_equal("ab", entered);
}

/* ---- anything --------------------------------------------------------- */

static uint32_t random_below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void press_any(uint32_t *seed)
{
	static const char *const keys[] = {
		"\xc3\xbc",     "\xe6\x97\xa5", "\xcc\x81",  "\xf0\x9f\x98\x80",
		"\x1b[A",       "\x1b[B",       "\x1b[C",    "\x1b[D",
		"\x1b[H",       "\x1b[F",       "\x1b[3~",   "\x1b[5~",
		"\x1b[6~",      "\x1b[15~",     "\x1b[1;5C", "\x1bOP",
		"\x1b\xc3\xbc", "tra",          "hold ",     "theme m",
		"\"",
	};
	char raw[8] = "";

	switch (random_below(seed, 8)) {
	case 0:
	case 1: /* the last: Esc, which is more often sent than it is here */
		raw[0] = (char)(1 + random_below(seed, 26));
		press((uint32_t)raw[0] + 'a' - 1, MOD_CTRL, raw);
		break;
	case 2:
		raw[0] = '\x1b';
		raw[1] = (char)(' ' + random_below(seed, 95));
		press((uint32_t)raw[1], MOD_META, raw);
		break;
	case 3:
		TAB();
		break;
	case 4:
	case 5: {
		const char *key = keys[random_below(seed, COUNT(keys))];

		if (key[0] == '\x1b')
			press(KEYSYM_F1 + 20, 0, key);
		else
			type(key);
		break;
	}
	case 6:
		if (random_below(seed, 8) == 0)
			ESC();
		else if (random_below(seed, 8) == 0)
			paste("a\nb\x1b[A\xc3\xbc \xff");
		break;
	default:
		raw[0] = (char)(' ' + random_below(seed, 95));
		press((uint32_t)raw[0], 0, raw);
		break;
	}
}

/* Whatever is pressed: the desk's checks hold, nothing waits for more */
static void test_any_keys(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 30000; i++) {
		if (!prompt_open(prompt))
			open_line(LINE_COMMAND + random_below(&seed, 4), "h");
		press_any(&seed);
		assert_int_equal(0, prompt_underruns(prompt));
		assert_true(strlen(desk.line.text) < LEX_LINE_MAX);
	}
	assert_in_range(enter_count, 20, 30000);
	assert_in_range(left_count, 20, 30000);
}

static int make_home(void)
{
	static const char emacs[] =
		"set enable-bracketed-paste on\nset bell-style audible\n"
		"set convert-meta on\n\"\\C-xh\": \"hold \"\n"
		"\"\\e[5~\": history-search-backward\n"
		"\"\\e[6~\": history-search-forward\n"
		"$if cordpair\n\"\\C-xu\": \"mute\"\n$endif\n";
	static const char *const folders[] = {"cordpair", "cordpair/themes"};
	char path[256];

	if (!mkdtemp(home) || setenv("XDG_CONFIG_HOME", home, 1))
		return -1;
	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", home, folders[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	write_file("cordpair/themes/mono.theme", "");
	write_file("cordpair/themes/my own.theme", "");
	write_file("cordpair/themes/gr\xc3\xbcn.theme", "");
	write_file("vi", "set editing-mode vi\n" /* and no way out of it */
			 "set keymap vi-insert\n\"\\C-e\": end-of-line\n"
			 "set keymap vi-command\n\"\\C-e\": end-of-line\n");
	write_file("emacs", emacs);
	snprintf(history, sizeof(history), "%s/state/cordpair/history", home);
	return 0;
}

int main(int argc, char *argv[])
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_keys_edit_the_line),
		TEST(test_characters_are_never_cut),
		TEST(test_keys_without_a_character),
		TEST(test_a_control_character_does_not_get_in),
		TEST(test_enter_gives_the_line),
		TEST(test_end_of_file_leaves),
		TEST(test_the_desk_sets_the_line),
		TEST(test_the_size_is_not_exported),
		TEST(test_esc_leaves_the_search_first),
		TEST(test_closing_ends_a_search),
		TEST(test_history_of_two_runs),
		TEST(test_history_is_searched),
		TEST(test_search_and_history_mixed),
		TEST(test_changes_in_history_are_not_kept),
		TEST(test_each_use_has_its_own_history),
		TEST(test_completion_of_one),
		TEST(test_completion_of_several),
		TEST(test_completion_with_blanks),
		TEST(test_completion_is_for_commands),
		TEST(test_paste),
		TEST(test_paste_of_64_KiB),
		TEST(test_paste_into_a_search_ends_it),
		TEST(test_any_keys),
	};
	const struct CMUnitTest vi_tests[] = {TEST(test_vi),
					      TEST(test_any_keys)};
	char inputrc[256];
	bool vi = argc > 1 && !strcmp(argv[1], "vi");
	int failed;

	thread_adopt(THREAD_UI);
	(void)setlocale(LC_ALL, "");
	if (make_home())
		return 99;
	snprintf(inputrc, sizeof(inputrc), "%s/%s", home, vi ? "vi" : "emacs");
	(void)setenv("INPUTRC", inputrc, 1);
	(void)setenv("TERM", "xterm-256color", 1);
	(void)unsetenv("LINES");
	(void)unsetenv("COLUMNS");
	app_init(&app);
	failed = vi ? cmocka_run_group_tests(vi_tests, NULL, NULL)
		    : cmocka_run_group_tests(tests, NULL, NULL);
	app_done(&app);
	snprintf(inputrc, sizeof(inputrc), "rm -r '%s'", home);
	return system(inputrc) ? 98 : failed;
}
