/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SAID_MAX = 4096 };

static struct decoder *dec;
static uint64_t now;
static char said[SAID_MAX];

static int setup(void **state)
{
	(void)state;
	decoder_new(&dec, INPUT_ESC_MS);
	now = 1000;

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	decoder_free(dec);
	dec = NULL;

	return 0;
}

/* ---- events as text ---------------------------------------------------- */

static void say_mouse(char *dst, size_t size, const struct input *in)
{
	static const char *const whatv[] = {"press", "release", "drag", "up",
					    "down"};

	snprintf(dst, size, "%s%s%s%s %d @%d,%d",
		 in->mouse.mods & MOD_CTRL ? "C-" : "",
		 in->mouse.mods & MOD_META ? "M-" : "",
		 in->mouse.mods & MOD_SHIFT ? "S-" : "", whatv[in->mouse.what],
		 in->mouse.button, in->mouse.y, in->mouse.x);
}

static void say(const struct input *in)
{
	char word[64] = "?";
	size_t n = strlen(said);

	switch (in->type) {
	case INPUT_KEY:
		key_format(&in->key, word, sizeof(word));
		break;
	case INPUT_PASTE:
		snprintf(word, sizeof(word), "\"%.40s\"", in->paste);
		break;
	case INPUT_MOUSE:
		say_mouse(word, sizeof(word), in);
		break;
	case INPUT_FOCUS:
		snprintf(word, sizeof(word), "focus %d", in->focus);
		break;
	case INPUT_MODE:
		snprintf(word, sizeof(word), "mode %u=%u", in->mode, in->value);
		break;
	case INPUT_MARK:
		snprintf(word, sizeof(word), "mark %u", in->mark);
		break;
	case INPUT_UNKNOWN:
		snprintf(word, sizeof(word), "unknown");
		break;
	case INPUT_NONE:
		fail();
	}
	snprintf(said + n, sizeof(said) - n, "%s%s", n ? " " : "", word);
}

/* All that is there now; what must hold of each is looked at */
static void drain(void)
{
	struct input in;

	while (decoder_next(dec, &in, now)) {
		assert_in_range(in.type, INPUT_KEY, INPUT_UNKNOWN);
		assert_true(in.rawlen <= sizeof(in.raw));
		if (in.type == INPUT_KEY) {
			assert_true(in.rawlen > 0);
			assert_true(in.key.code > 0);
		}
		if (in.type == INPUT_PASTE) {
			assert_true(in.pastelen <= INPUT_PASTE_MAX);
			assert_int_equal(strlen(in.paste), in.pastelen);
			assert_true(text_is_clean(in.paste));
		}
		if (strlen(said) < SAID_MAX - 128)
			say(&in);
	}
	assert_int_equal(in.type, INPUT_NONE);
}

static void feed(const char *bytes, size_t n)
{
	decoder_feed(dec, bytes, n, now);
	drain();
}

static void type(const char *bytes)
{
	said[0] = '\0';
	feed(bytes, strlen(bytes));
}

static void wait_ms(uint32_t ms)
{
	said[0] = '\0';
	now += ms;
	drain();
}

/* ---- sequences --------------------------------------------------------- */

static const struct {
	const char *bytes, *said;
} sequencev[] = {
	{"a", "a"},
	{"Z", "Z"},
	{" ", "Space"},
	{"~", "~"},
	{"\xc3\xa9", "é"},
	{"\xe2\x82\xac", "€"},
	{"\xf0\x9f\x93\x9e", "📞"},
	{"\xe6\x97\xa5\xe6\x9c\xac", "日 本"},

	{"\r", "Enter"},
	{"\t", "Tab"},
	{"\x7f", "Backspace"},
	{"\b", "Backspace"},
	{"\n", "C-j"},
	{"\x01", "C-a"},
	{"\x1a", "C-z"},
	{"\x1c", "C-\\"},
	{"\x1f", "C-_"},

	{"\x1b"
	 "a",
	 "M-a"},
	{"\x1bO\r", "M-O Enter"},
	{"\x1b[\r", "M-[ Enter"},
	{"\x1b\r", "M-Enter"},
	{"\x1b\x7f", "M-Backspace"},
	{"\x1b\x01", "C-M-a"},
	{"\x1b\xc3\xa9", "M-é"},
	{"\x1bX", "M-X"},

	{"\x1b[A", "Up"},
	{"\x1b[B", "Down"},
	{"\x1b[C", "Right"},
	{"\x1b[D", "Left"},
	{"\x1bOA", "Up"},
	{"\x1bOD", "Left"},
	{"\x1b[H", "Home"},
	{"\x1bOH", "Home"},
	{"\x1b[1~", "Home"},
	{"\x1b[7~", "Home"},
	{"\x1b[F", "End"},
	{"\x1bOF", "End"},
	{"\x1b[4~", "End"},
	{"\x1b[8~", "End"},
	{"\x1b[2~", "Insert"},
	{"\x1b[3~", "Delete"},
	{"\x1b[5~", "PageUp"},
	{"\x1b[6~", "PageDown"},
	{"\x1b[Z", "S-Tab"},

	{"\x1bOP", "F1"},
	{"\x1bOS", "F4"},
	{"\x1b[11~", "F1"},
	{"\x1b[14~", "F4"},
	{"\x1b[15~", "F5"},
	{"\x1b[17~", "F6"},
	{"\x1b[21~", "F10"},
	{"\x1b[23~", "F11"},
	{"\x1b[24~", "F12"},
	{"\x1b[25~", "F13"},
	{"\x1b[29~", "F16"},
	{"\x1b[34~", "F20"},
	{"\x1b[45~", "F24"},
	{"\x1b[[A", "F1"},
	{"\x1b[[E", "F5"},

	{"\x1b[1;5C", "C-Right"},
	{"\x1b[1;2A", "S-Up"},
	{"\x1b[1;3D", "M-Left"},
	{"\x1b[1;6H", "C-S-Home"},
	{"\x1b[1;8F", "C-M-S-End"},
	{"\x1b[1;9B", "M-Down"},
	{"\x1b[1;5P", "C-F1"},
	{"\x1b[5;5~", "C-PageUp"},
	{"\x1b[24;2~", "S-F12"},
	{"\x1bO5A", "C-Up"},
	{"\x1bO1;2Q", "S-F2"},
	{"\x1b[a", "S-Up"},
	{"\x1bOd", "C-Left"},
	{"\x1b[5^", "C-PageUp"},
	{"\x1b[5$", "S-PageUp"},
	{"\x1b[5@", "C-S-PageUp"},
	{"\x1b[23$", "S-F11"},

	{"\x1bOM", "Enter"},
	{"\x1bOj\x1bOk\x1bOm\x1bOp\x1bOy", "* + - 0 9"},
	{"\x1bOX", "="},

	{"\x1b[97;5u", "C-a"},
	{"\x1b[97;2u", "A"},
	{"\x1b[97u", "a"},
	{"\x1b[65;6u", "C-a"},
	{"\x1b[13;2u", "S-Enter"},
	{"\x1b[9;2u", "S-Tab"},
	{"\x1b[27u", "Esc"},
	{"\x1b[127;5u", "C-Backspace"},
	{"\x1b[233;3u", "M-é"},
	{"\x1b[27;5;105~", "C-i"},
	{"\x1b[27;2;13~", "S-Enter"},
	{"\x1b[57399u", "unknown"},
	{"\x1b[155u", "unknown"},
	{"\x1b[1114112u", "unknown"},
	{"\x1b[0u", "unknown"},

	{"\x1b[I\x1b[O", "focus 1 focus 0"},
	{"\x1b[?2026;1$y", "mode 2026=1"},
	{"\x1b[?2026;0$y", "mode 2026=0"},
	{"\x1b[990;7~", "mark 7"},
	{"\x1b[990;4000000000~", "mark 4000000000"},
	{"\x1b[990;99999999999~", "mark 4294967295"},

	{"\x1b[<0;1;1M", "press 1 @0,0"},
	{"\x1b[<0;5;9m", "release 1 @8,4"},
	{"\x1b[<1;5;9M", "press 2 @8,4"},
	{"\x1b[<2;5;9M", "press 3 @8,4"},
	{"\x1b[<32;300;100M", "drag 1 @99,299"},
	{"\x1b[<64;5;9M", "up 0 @8,4"},
	{"\x1b[<65;5;9M", "down 0 @8,4"},
	{"\x1b[<28;5;9M", "C-M-S-press 1 @8,4"},
	{"\x1b[<0;0;1M", "unknown"},
	{"\x1b[<0;1M", "unknown"},
	{"\x1b[<35;5;9M", "unknown"},
	{"\x1b[<66;5;9M", "unknown"},
	{"\x1b[<0;99999;1M", "unknown"},
	{"\x1b[M !!", "unknown"},
	{"\x1b[Mabc", "unknown"},

	{"\x1b[200~hello\x1b[201~", "\"hello\""},
	{"\x1b[200~a\r\nb\tc\x1b[201~", "\"a b c\""},
	{"\x1b[200~\x1b[201~", ""},
	{"\x1b[200~x\x1b[31my\x1b[20z\x1b\x1b[201~", "\"x[31my[20z\""},
	{"\x1b[200~\x07\x7f\xc2\x9b\xff\xc3(\xc3\xa9\x1b[201~", "\"(é\""},
	{"\x1b[200~\xe2\x82\x1b[201~", ""},
	{"\x1b[201~", "unknown"},

	/* nobody knows them, and not one letter of them becomes a key */
	{"\x1b[99~", "unknown"},
	{"\x1b[?1;2c", "unknown"},
	{"\x1b[12;40R", "unknown"},
	{"\x1b[>0;276;0c", "unknown"},
	{"\x1b[1;2;3;4;5;6A", "unknown"},
	{"\x1b[1 q", "unknown"},
	{"\x1b[E", "unknown"},
	{"\x1b[[x", "unknown"},
	{"\x1bOz", "unknown"},
	{"\x1b]11;rgb:1212/1616/1b1b\x07", "unknown"},
	{"\x1b]11;rgb:1212/1616/1b1b\x1b\\", "unknown"},
	{"\x1bP>|XTerm(370)\x1b\\", "unknown"},
	{"\x1b_Gi=1;OK\x1b\\", "unknown"},
	{"\x1b]0;abc\x18", "unknown"},
	{"\x1b]0;abc\x1b[A", "unknown Up"},
	{"\x1b[12\x1b[A", "unknown Up"},
	{"\x1bO\x1b[A", "M-O Up"},
	{"\x1b[1;5\r", "unknown Enter"},
	{"\x1b[1\xc3\xa9", "unknown é"},

	/* no characters */
	{"\xff\xfe", ""},
	{"\x80\x9b", ""},
	{"\xc0\xaf", ""},
	{"\xc2\x9b", ""},
	{"\xed\xa0\x80", ""},
	{"\xf4\x90\x80\x80", ""},
	{"\xc3(", "("},
	{"\xe2\x82\x1b[A", "Up"},
	{"\xe2\xe2\x82\xac", "€"},

	/* Esc before something else of its own */
	{"\x1b\x1b[A", "Esc Up"},
	{"\x1b\x1b"
	 "a",
	 "Esc M-a"},
};

static void expect(const char *what, size_t i)
{
	char want[256];

	/* the z behind it: nothing of it is left */
	snprintf(want, sizeof(want), "%s%sz", sequencev[i].said,
		 sequencev[i].said[0] ? " " : "");
	if (strcmp(said, want) != 0)
		fail_msg("sequence %zu, %s: \"%s\", not \"%s\"", i, what, said,
			 want);
}

static void test_sequences_are_known_whole(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(sequencev); i++) {
		type(sequencev[i].bytes);
		feed("z", 1);
		expect("whole", i);
	}
}

static void test_sequences_may_be_cut_anywhere(void **state)
{
	(void)state;

	for (size_t i = 0; i < COUNT(sequencev); i++) {
		const char *s = sequencev[i].bytes;
		size_t len = strlen(s);
		char what[32];

		for (size_t at = 0; at <= len; at++) {
			said[0] = '\0';
			feed(s, at);
			feed(s + at, len - at);
			feed("z", 1);
			snprintf(what, sizeof(what), "cut at %zu", at);
			expect(what, i);
		}
		said[0] = '\0';
		for (size_t at = 0; at < len; at++)
			feed(s + at, 1);
		feed("z", 1);
		expect("byte by byte", i);
	}
}

static void test_nul_is_control_space(void **state)
{
	(void)state;

	said[0] = '\0';
	feed("\0\x1b\0z", 4);
	assert_string_equal(said, "C-Space C-M-Space z");
}

static void test_raw_bytes_are_what_readline_knows(void **state)
{
	static const struct {
		const char *bytes, *raw;
	} casev[] = {
		{"a", "a"},
		{"\xc3\xa9", "\xc3\xa9"},
		{"\x12", "\x12"},
		{"\x1b"
		 "b",
		 "\x1b"
		 "b"},
		{"\x1b[1;5C", "\x1b[1;5C"},
		{"\x1b[114;5u", "\x12"},
		{"\x1b[98;3u", "\x1b"
			       "b"},
		{"\x1b[233u", "\xc3\xa9"},
		{"\x1b[27;5;105~", "\t"},
		{"\x1bOM", "\r"},
		{"\x1bOp", "0"},
		{"\x1b[127;1u", "\x7f"},
		{"\x1b[32;2u", " "},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		struct input in;

		decoder_feed(dec, casev[i].bytes, strlen(casev[i].bytes), now);
		assert_true(decoder_next(dec, &in, now));
		assert_int_equal(in.type, INPUT_KEY);
		assert_int_equal(in.rawlen, strlen(casev[i].raw));
		assert_memory_equal(in.raw, casev[i].raw, in.rawlen);
		assert_false(decoder_next(dec, &in, now));
	}
}

/* ---- time -------------------------------------------------------------- */

static void test_lone_esc_is_a_key_by_time(void **state)
{
	(void)state;

	assert_int_equal(decoder_timeout_ms(dec, now), -1);
	type("\x1b");
	assert_string_equal(said, "");
	assert_int_equal(decoder_timeout_ms(dec, now), INPUT_ESC_MS);
	wait_ms(INPUT_ESC_MS - 1);
	assert_string_equal(said, "");
	assert_int_equal(decoder_timeout_ms(dec, now), 1);
	wait_ms(1);
	assert_string_equal(said, "Esc");
	assert_int_equal(decoder_timeout_ms(dec, now), -1);
	type("[A");
	assert_string_equal(said, "[ A");
}

static void test_twice_esc_is_two_keys(void **state)
{
	(void)state;

	type("\x1b\x1b");
	assert_string_equal(said, "Esc");
	wait_ms(INPUT_ESC_MS);
	assert_string_equal(said, "Esc");
}

static void test_what_was_read_late_was_not_typed_late(void **state)
{
	(void)state;

	type("\x1b");
	now += 10000;
	type("[A");
	assert_string_equal(said, "Up");
}

static void test_what_stops_half_way_does_not_eat_the_next_key(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t ms;
		const char *said;
	} casev[] = {
		{"\x1b[", INPUT_SEQ_MS, "M-["},
		{"\x1bO", INPUT_SEQ_MS, "M-O"},
		{"\x1b]", INPUT_SEQ_MS, "M-]"},
		{"\x1bP", INPUT_SEQ_MS, "M-P"},
		{"\x1b[1;", INPUT_SEQ_MS, "unknown"},
		{"\x1b[M!", INPUT_SEQ_MS, "unknown"},
		{"\x1bO5", INPUT_SEQ_MS, "unknown"},
		{"\x1b]11;x", INPUT_PASTE_MS, "unknown"},
		{"\x1b]11;x\x1b", INPUT_PASTE_MS, "unknown"},
		{"\x1b[200~abc", INPUT_PASTE_MS, "\"abc\""},
		{"\x1b[200~abc\x1b[20", INPUT_PASTE_MS, "\"abc\""},
		{"\x1b[200~", INPUT_PASTE_MS, ""},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		type(casev[i].bytes);
		assert_string_equal(said, "");
		assert_int_equal(decoder_timeout_ms(dec, now), casev[i].ms);
		wait_ms(casev[i].ms - 1);
		assert_string_equal(said, "");
		wait_ms(1);
		assert_string_equal(said, casev[i].said);
		assert_int_equal(decoder_timeout_ms(dec, now), -1);
		type("q");
		assert_string_equal(said, "q");
	}
}

static void test_bytes_that_wait_are_due_at_once(void **state)
{
	struct input in;

	(void)state;

	decoder_feed(dec, "ab", 2, now);
	assert_int_equal(decoder_timeout_ms(dec, now), 0);
	assert_true(decoder_next(dec, &in, now));
	assert_int_equal(decoder_timeout_ms(dec, now), 0);
	assert_true(decoder_next(dec, &in, now));
	assert_int_equal(in.key.code, 'b');
	assert_int_equal(decoder_timeout_ms(dec, now), -1);
}

/* ---- limits ------------------------------------------------------------ */

static void test_paste_keeps_64_kib_and_eats_the_rest(void **state)
{
	static const size_t sizev[] = {INPUT_PASTE_MAX - 1, INPUT_PASTE_MAX,
				       INPUT_PASTE_MAX + 1,
				       3 * INPUT_PASTE_MAX};
	static char text[3 * INPUT_PASTE_MAX];

	(void)state;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT(sizev); i++) {
		size_t want =
			sizev[i] < INPUT_PASTE_MAX ? sizev[i] : INPUT_PASTE_MAX;
		struct input in;

		type("\x1b[200~");
		for (size_t at = 0; at < sizev[i]; at += 4000)
			feed(text + at,
			     sizev[i] - at < 4000 ? sizev[i] - at : 4000);
		assert_string_equal(said, "");
		decoder_feed(dec, "\x1b[201~q", 7, now);
		assert_true(decoder_next(dec, &in, now));
		assert_int_equal(in.type, INPUT_PASTE);
		assert_int_equal(in.pastelen, want);
		assert_memory_equal(in.paste, text, want);
		assert_true(decoder_next(dec, &in, now));
		assert_int_equal(in.key.code, 'q');
	}
}

static void test_paste_is_cut_between_characters(void **state)
{
	struct input in;

	(void)state;

	type("\x1b[200~");
	for (size_t i = 0; i < INPUT_PASTE_MAX / 3 + 2; i++)
		feed("\xe6\x97\xa5", 3);
	decoder_feed(dec, "\x1b[201~", 6, now);
	assert_true(decoder_next(dec, &in, now));
	assert_int_equal(in.pastelen, INPUT_PASTE_MAX / 3 * 3);
	assert_true(text_is_clean(in.paste));
}

static void test_long_sequences_are_eaten_too(void **state)
{
	(void)state;

	type("\x1b[1");
	for (int i = 0; i < 1000; i++)
		feed(";1", 2);
	feed("Aq", 2);
	assert_string_equal(said, "unknown q");

	type("\x1bO");
	for (int i = 0; i < 1000; i++)
		feed("1", 1);
	feed("Aq", 2);
	assert_string_equal(said, "unknown q");
}

static void test_a_string_without_end_ends(void **state)
{
	(void)state;

	type("\x1b]52;");
	for (int i = 0; i < 3000 && !said[0]; i++)
		feed("xx", 2);
	assert_true(text_begins(said, "unknown"));
	type("q");
	assert_string_equal(said, "q");
}

static void test_random_bytes_do_no_harm(void **state)
{
	/* what begins and ends things comes more often */
	static const char bits[] = "\x1b\x1b\x1b[[O]P~$;<?0129Mm\x07\\u";
	unsigned seed = 7;
	char bytes[64];

	(void)state;

	for (int i = 0; i < 50000; i++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(bytes);

		for (size_t k = 0; k < n; k++)
			bytes[k] = rand_r(&seed) % 2
					   ? bits[(size_t)rand_r(&seed) %
						  (sizeof(bits) - 1)]
					   : (char)rand_r(&seed);
		if (i % 50 == 0)
			feed("\x1b[200~", 6);
		type("");
		feed(bytes, n);
		now += (unsigned)rand_r(&seed) % 100;
		if (i % 100 == 0) {
			/* whatever it was, time ends it */
			wait_ms(INPUT_PASTE_MS);
			wait_ms(INPUT_PASTE_MS);
			type("q");
			assert_string_equal(said, "q");
		}
	}
}

/* ---- terminfo ---------------------------------------------------------- */

static void test_sequences_of_terminfo_are_added(void **state)
{
	static const struct {
		const char *seq, *key;
	} casev[] = {
		{"\x1b[P", "Delete"}, /* goes before what is built in */
		{"\x1b[1;2P", "F13"}, {"\x1bOz", "F24"},
		{"\x1b|x", "F9"}, /* neither CSI nor SS3 */
		{"\x1bK", "End"},     {"\x1b[33$", "S-F5"},
		{"\x1b[[F", "F6"},
	};

	(void)state;

	for (size_t i = 0; i < COUNT(casev); i++) {
		struct key key;

		assert_true(key_parse(&key, casev[i].key));
		assert_true(decoder_add(dec, casev[i].seq, &key));
	}
	for (size_t i = 0; i < COUNT(casev); i++) {
		size_t len = strlen(casev[i].seq);

		for (size_t at = 0; at <= len; at++) {
			said[0] = '\0';
			feed(casev[i].seq, at);
			feed(casev[i].seq + at, len - at);
			assert_string_equal(said, casev[i].key);
		}
	}
	/* what only begins so is as it was */
	type("\x1b|y");
	assert_string_equal(said, "M-| y");
	type("\x1b|");
	wait_ms(INPUT_SEQ_MS);
	assert_string_equal(said, "M-|");
	type("\x1b[1;5P");
	assert_string_equal(said, "C-F1");
}

static void test_sequences_that_would_break_others_are_refused(void **state)
{
	static const char *const badv[] = {
		"",           "\x1b",
		"x",          "\x7f",
		"x\x1b[A",    "\x1b[",
		"\x1bO",      "\x1b[[",
		"\x1b[1",     "\x1b[1;",
		"\x1bO5",     "\x1b[M",
		"\x1b]x",     "\x1bPx",
		"\x1b\x1b[A", "\x1b[Ab",
		"\x1b[9~x~",  "\x1b|x",
		"\x1b|xyz",   "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14~",
	};
	const struct key key = {.code = KEYSYM_F1}, up = {.code = KEYSYM_UP};

	(void)state;

	assert_true(decoder_add(dec, "\x1b|xy", &key));
	for (size_t i = 0; i < COUNT(badv); i++) {
		if (decoder_add(dec, badv[i], &key))
			fail_msg("sequence %zu was taken", i);
	}

	/* the same again is another key for it */
	assert_true(decoder_add(dec, "\x1b|xy", &up));
	type("\x1b|xy");
	assert_string_equal(said, "Up");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_sequences_are_known_whole),
		T(test_sequences_may_be_cut_anywhere),
		T(test_nul_is_control_space),
		T(test_raw_bytes_are_what_readline_knows),
		T(test_lone_esc_is_a_key_by_time),
		T(test_twice_esc_is_two_keys),
		T(test_what_was_read_late_was_not_typed_late),
		T(test_what_stops_half_way_does_not_eat_the_next_key),
		T(test_bytes_that_wait_are_due_at_once),
		T(test_paste_keeps_64_kib_and_eats_the_rest),
		T(test_paste_is_cut_between_characters),
		T(test_long_sequences_are_eaten_too),
		T(test_a_string_without_end_ends),
		T(test_random_bytes_do_no_harm),
		T(test_sequences_of_terminfo_are_added),
		T(test_sequences_that_would_break_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
