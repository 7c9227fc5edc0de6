/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/prompt.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>
#include <readline/history.h>

#include "app/alloc.h"
#include "base/lex.h"
#include "base/text.h"
#include "base/thread.h"
#include "ui/fill.h"
#include "ui/typed.h"

/*
 * readline waits for nothing and draws nothing.  Each key is given to it
 * whole: a function of it that reads on (a search, a character of many bytes)
 * finds what it needs or is done; bytes it asks for beyond that are counted.
 * What it has is told to the desk when it is done with a key, never out of
 * its depths.
 */
struct prompt {
	struct desk *desk;
	struct typed *commands, *finds;
	bool open;
	enum line_use use;
	char ring[64]; /* the key readline reads now */
	size_t at, len;
	unsigned underruns;
	char *line; /* finished; readline's, free() */
	bool left;  /* given up by end of file      */
	/* the lead is readline's while it asks something itself */
	bool lent;
	char lead[NAME_MAX_LEN];
	/* completion */
	struct candidates found;
	bool many;  /* readline wants them shown           */
	bool popup; /* they are                            */
	char *base; /* the line before one of them was chosen, up to the
		       cursor */
};

static struct prompt *the; /* readline is one, and so are we */

/* ---- a line that is clean --------------------------------------------- */

/* As text_clean(), but blanks stay as they are: he is still typing */
static size_t clean_copy(char dst[LEX_LINE_MAX], const char *src, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < LEX_LINE_MAX;) {
		size_t word = 0;

		while (i + word < len && src[i + word] != ' ')
			word++;
		text_clean(dst + n, LEX_LINE_MAX - n, src + i, word);
		n += strlen(dst + n);
		i += word;
		if (i < len && n + 1 < LEX_LINE_MAX) {
			dst[n++] = ' ';
			i++;
		}
	}
	dst[n] = '\0';
	return n;
}

/* Make readline's line what the desk can hold.  Seldom: after a quoted
   insert, or when a yank has made it too long. */
static void clean_line(void)
{
	char line[LEX_LINE_MAX], before[LEX_LINE_MAX];
	size_t cursor;

	clean_copy(line, rl_line_buffer, (size_t)rl_end);
	if (!strcmp(line, rl_line_buffer))
		return;
	cursor = clean_copy(before, rl_line_buffer, (size_t)rl_point);
	rl_replace_line(line, 1);
	rl_point = rl_end < (int)cursor ? rl_end : (int)cursor;
}

static void tell_lead(struct prompt *p)
{
	struct desk_line *line = &p->desk->line;
	bool asks = rl_display_prompt && rl_display_prompt != rl_prompt;

	if (p->open && asks) {
		if (!p->lent)
			text_cut(p->lead, sizeof(p->lead), line->lead);
		text_clean(line->lead, sizeof(line->lead), rl_display_prompt,
			   strlen(rl_display_prompt));
		p->desk->dirty = true;
	} else if (p->lent) {
		text_cut(line->lead, sizeof(line->lead), p->lead);
		p->desk->dirty = true;
	}
	p->lent = p->open && asks;
}

static void tell(struct prompt *p)
{
	const struct desk_line *line = &p->desk->line;

	tell_lead(p);
	if (!p->open)
		return;
	clean_line();
	/* vi's motions may end within a character, a search behind the end */
	if (rl_point > rl_end)
		rl_point = rl_end;
	while (rl_point > 0 && (rl_line_buffer[rl_point] & 0xc0) == 0x80)
		rl_point--;
	if (strcmp(line->text, rl_line_buffer) != 0 ||
	    line->cursor != (size_t)rl_point)
		desk_typed(p->desk, rl_line_buffer, (size_t)rl_point);
}

/* ---- completion ------------------------------------------------------- */

/* rl_attempted_completion_function: for readline a "word" is all from the
   start of the line, as words are ours to find (base/lex.h) */
static char **attempt(const char *text, int start, int end)
{
	struct prompt *p = the;
	char **v;

	(void)start;
	rl_attempted_completion_over = 1;
	if (p->use != LINE_COMMAND)
		return NULL;
	fill_find(&p->found, p->desk->app, rl_line_buffer, (size_t)end);
	if (!p->found.n)
		return NULL;
	v = alloc_zero((p->found.n + 2) * sizeof(*v));
	if (p->found.n == 1) {
		const char *word = p->found.v[0].text;
		size_t n = strlen(word);

		v[0] = fill_one(&p->found, text, 0);
		rl_completion_suppress_append = n && word[n - 1] == '=';
		return v;
	}
	v[0] = fill_all(&p->found, text);
	for (unsigned i = 0; i < p->found.n; i++)
		v[i + 1] = fill_one(&p->found, text, i);
	return v;
}

/* rl_completion_display_matches_hook */
static void on_matches(char **matches, int n, int longest)
{
	(void)matches;
	(void)n;
	(void)longest;
	the->many = true;
}

static void popup_close(struct prompt *p)
{
	if (!p->popup)
		return;
	p->popup = false;
	free(p->base);
	p->base = NULL;
	p->desk->offers.n = 0;
	p->desk->offer = 0;
	p->desk->dirty = true;
}

/* Nothing is chosen at first: offer is n */
static void popup_open(struct prompt *p)
{
	p->many = false;
	popup_close(p);
	if (!p->open || !p->found.n)
		return;
	p->popup = true;
	p->base = rl_copy_text(0, rl_point);
	p->desk->offers = p->found;
	p->desk->offer = p->found.n;
	p->desk->dirty = true;
}

/* Put this in place of all up to the cursor */
static void put_before(const char *text)
{
	rl_begin_undo_group();
	rl_delete_text(0, rl_point);
	rl_point = 0;
	rl_insert_text(text);
	rl_end_undo_group();
}

/* The next one round, or the one before; n is the line as it was */
static void popup_move(struct prompt *p, unsigned step)
{
	unsigned n = p->found.n;
	unsigned offer = (p->desk->offer + step) % (n + 1);
	char *line;

	if (offer < n) {
		line = fill_one(&p->found, p->base, offer);
		put_before(line);
		free(line);
	} else {
		put_before(p->base);
	}
	tell(p);
	/* what was typed may have closed it: that is not what this was */
	p->desk->offers = p->found;
	p->desk->offer = offer;
	p->desk->dirty = true;
}

/* Keys of the popup; any other closes it and is readline's */
static bool popup_key(struct prompt *p, const struct key *key)
{
	if (!p->popup)
		return false;
	if ((key->code == KEYSYM_TAB && !key->mods) ||
	    key->code == KEYSYM_DOWN) {
		popup_move(p, 1);
		return true;
	}
	if (key->code == KEYSYM_TAB || key->code == KEYSYM_UP) {
		popup_move(p, p->found.n);
		return true;
	}
	if (key->code == KEYSYM_ESC) {
		put_before(p->base);
		popup_close(p);
		return true;
	}
	popup_close(p);
	return false;
}

/* ---- readline --------------------------------------------------------- */

/* rl_getc_function; C-g is what ends whatever it was that read on */
static int on_getc(FILE *f)
{
	(void)f;
	if (the->at < the->len)
		return (unsigned char)the->ring[the->at++];
	the->underruns++;
	return 'G' & 0x1f;
}

/* rl_input_available_hook */
static int on_available(void)
{
	return the->at < the->len;
}

/* rl_redisplay_function: it is told when readline is done with the key */
static void on_redisplay(void)
{
}

/* The callback handler; NULL: end of file */
static void on_line(char *line)
{
	rl_callback_sigcleanup(); /* a search may live on behind a macro */
	rl_callback_handler_remove();
	the->open = false;
	the->line = line;
	the->left = !line;
}

/*
 * readline 8.2 keeps one undo list in two places when moving through the
 * history meets editing or a search that is given up, and frees it twice.  So
 * there is none when it moves: undo does not reach back beyond that.
 */
static int anew(rl_command_func_t *f, rl_command_func_t *wrapper, int count,
		int key)
{
	rl_free_undo_list();
	if (rl_last_func == wrapper)
		rl_last_func = f; /* a search goes on when repeated */
	return f(count, key);
}

#define ANEW(name)                                                             \
	static int anew_##name(int count, int key)                             \
	{                                                                      \
		return anew(rl_##name, anew_##name, count, key);               \
	}

ANEW(get_previous_history)
ANEW(get_next_history)
ANEW(beginning_of_history)
ANEW(end_of_history)
ANEW(history_search_backward)
ANEW(history_search_forward)
ANEW(history_substr_search_backward)
ANEW(history_substr_search_forward)
ANEW(reverse_search_history)
ANEW(forward_search_history)
ANEW(operate_and_get_next)
ANEW(fetch_history)
ANEW(vi_fetch_history)

static rl_command_func_t *tamed(rl_command_func_t *f, int key)
{
	static const struct {
		rl_command_func_t *f, *instead;
	} table[] = {
		{rl_get_previous_history, anew_get_previous_history},
		{rl_get_next_history, anew_get_next_history},
		{rl_beginning_of_history, anew_beginning_of_history},
		{rl_end_of_history, anew_end_of_history},
		{rl_history_search_backward, anew_history_search_backward},
		{rl_history_search_forward, anew_history_search_forward},
		{rl_history_substr_search_backward,
		 anew_history_substr_search_backward},
		{rl_history_substr_search_forward,
		 anew_history_substr_search_forward},
		{rl_reverse_search_history, anew_reverse_search_history},
		{rl_forward_search_history, anew_forward_search_history},
		{rl_operate_and_get_next, anew_operate_and_get_next},
		{rl_fetch_history, anew_fetch_history},
		{rl_vi_fetch_history, anew_vi_fetch_history},
		/* these ask in the line itself, which loses its history */
		{rl_noninc_reverse_search, anew_reverse_search_history},
		{rl_noninc_forward_search, anew_forward_search_history},
	};

	if (f == rl_vi_search)
		return key == '?' ? anew_forward_search_history
				  : anew_reverse_search_history;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].f == f)
			return table[i].instead;
	return f;
}

static void tame(Keymap map)
{
	for (int i = 0; i < KEYMAP_SIZE; i++) {
		if (map[i].type == ISFUNC)
			map[i].function = tamed(map[i].function, i);
		else if (map[i].type == ISKMAP && map[i].function)
			tame((Keymap)(uintptr_t)map[i].function);
	}
}

/* What the user's inputrc may not change */
static void overrule(void)
{
	static const char *const off[] = {
		"enable-bracketed-paste", "blink-matching-paren",
		"show-mode-in-prompt", "convert-meta"};

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		(void)rl_variable_bind(off[i], "off");
	(void)rl_variable_bind("input-meta", "on");
	(void)rl_variable_bind("output-meta", "on");
	(void)rl_variable_bind("bell-style", "none");
	(void)rl_variable_bind("isearch-terminators", "\\e\\C-j");
	tame(emacs_standard_keymap);
	tame(vi_movement_keymap);
	tame(vi_insertion_keymap);
}

static void feed(struct prompt *p, const char *bytes, size_t n)
{
	assert(n <= sizeof(p->ring));
	memcpy(p->ring, bytes, n);
	p->at = 0;
	p->len = n;
	while (p->open && p->at < p->len)
		rl_callback_read_char();
	p->at = p->len = 0;
	if (rl_last_func == rl_re_read_init_file)
		overrule();
}

static void set_up(void)
{
	static FILE *nowhere; /* for as long as readline may write */

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	rl_outstream = nowhere;
	rl_readline_name = "cordpair";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0; /* it would freeze LINES and COLUMNS */
	/* what the user's inputrc may change */
	(void)rl_variable_bind("show-all-if-ambiguous", "on");
	(void)rl_initialize();
	overrule();
	rl_prep_term_function = NULL;
	rl_deprep_term_function = NULL;
	rl_getc_function = on_getc;
	rl_input_available_hook = on_available;
	rl_redisplay_function = on_redisplay;
	rl_attempted_completion_function = attempt;
	rl_completion_display_matches_hook = on_matches;
	rl_completer_word_break_characters = "";
	rl_completer_quote_characters = NULL;
	rl_sort_completion_matches = 0;
}

void prompt_new(struct prompt **pp, struct desk *desk, const char *history)
{
	struct prompt *p = alloc_zero(sizeof(*p));

	ASSERT_UI();
	assert(!the);
	p->desk = desk;
	typed_new(&p->commands, history);
	typed_new(&p->finds, NULL);
	the = p;
	set_up();
	*pp = p;
}

/* ---- open and close --------------------------------------------------- */

static void close_line(struct prompt *p)
{
	popup_close(p);
	if (p->open) {
		rl_callback_sigcleanup(); /* a search, half a key */
		rl_free_line_state();
		rl_callback_handler_remove();
		rl_clear_message();
	}
	p->open = false;
	tell_lead(p);
}

void prompt_free(struct prompt *p)
{
	if (!p)
		return;
	ASSERT_UI();
	close_line(p);
	rl_clear_history();
	typed_free(p->commands);
	typed_free(p->finds);
	free(p->line);
	free(p);
	the = NULL;
}

/* readline's history is ours, anew each time: what was changed in it on the
   way and not entered is forgotten */
static void set_history(const struct typed *t)
{
	unsigned n = t ? typed_count(t) : 0;

	rl_clear_history();
	/* readline 8.2 forgets to end the list it has cleared, and a search
	   walks it: adding one ends it */
	if (!n) {
		add_history("");
		(void)free_history_entry(remove_history(0)); /* no data yet */
	}
	for (unsigned i = 0; i < n; i++)
		add_history(typed_at(t, i));
	using_history();
}

static struct typed *typed_of(struct prompt *p)
{
	if (p->use == LINE_COMMAND)
		return p->commands;
	return p->use == LINE_FIND ? p->finds : NULL;
}

static void take(struct prompt *p)
{
	struct desk_line *line = &p->desk->line;

	line->given = false;
	popup_close(p);
	rl_callback_sigcleanup();
	rl_replace_line(line->text, 1);
	rl_point = line->cursor < (size_t)rl_end ? (int)line->cursor : rl_end;
}

void prompt_sync(struct prompt *p)
{
	struct desk_line *line = &p->desk->line;
	bool typed = line->use == LINE_COMMAND || line->use == LINE_TARGET ||
		     line->use == LINE_PALETTE || line->use == LINE_FIND;

	ASSERT_UI();
	if (p->open && line->use != p->use)
		close_line(p);
	if (!typed)
		return;
	if (!p->open) {
		p->use = line->use;
		p->open = true;
		set_history(typed_of(p));
		rl_callback_handler_install(line->lead, on_line);
		take(p);
	} else if (line->given) {
		take(p);
	}
	if (line->search) {
		line->search = false;
		(void)anew_reverse_search_history(1, 'R' & 0x1f);
	}
	tell(p);
}

bool prompt_open(const struct prompt *p)
{
	return p->open;
}

/* ---- what comes in ---------------------------------------------------- */

/* After readline has had a key */
static void settle(struct prompt *p)
{
	char text[LEX_LINE_MAX], *line = p->line;

	if (line) {
		p->line = NULL;
		popup_close(p);
		tell_lead(p);
		clean_copy(text, line, strlen(line));
		free(line);
		if (typed_of(p))
			typed_add(typed_of(p), text);
		desk_enter(p->desk, text);
		prompt_sync(p);
	} else if (p->left) {
		p->left = false;
		popup_close(p);
		tell_lead(p);
		desk_leave(p->desk);
		prompt_sync(p);
	} else {
		tell(p);
		if (p->many)
			popup_open(p);
	}
}

/* Out of a search first, then out of the line */
static void escape(struct prompt *p)
{
	static const unsigned long inside =
		RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_MULTIKEY |
		RL_STATE_NUMERICARG | RL_STATE_VIMOTION | RL_STATE_CHARSEARCH;

	if (RL_ISSTATE(inside)) {
		feed(p, "\a", 1); /* C-g */
		return;
	}
	if (!rl_editing_mode && rl_get_keymap() == vi_insertion_keymap) {
		feed(p, "\x1b", 1);
		return;
	}
	close_line(p);
	p->left = true;
}

/* Keys every line has, whatever their sequence: what inputrc and terminfo do
   not know would leave its tail in the line */
static void unbound(struct prompt *p, const struct key *key)
{
	static const struct {
		uint32_t code;
		bool mods;
		rl_command_func_t *run;
	} keys[] = {
		{KEYSYM_HOME, false, rl_beg_of_line},
		{KEYSYM_END, false, rl_end_of_line},
		{KEYSYM_DELETE, false, rl_delete},
		{KEYSYM_LEFT, false, rl_backward_char},
		{KEYSYM_RIGHT, false, rl_forward_char},
		{KEYSYM_UP, false, anew_get_previous_history},
		{KEYSYM_DOWN, false, anew_get_next_history},
		{KEYSYM_LEFT, true, rl_backward_word},
		{KEYSYM_RIGHT, true, rl_forward_word},
	};

	if (key->code == KEYSYM_ENTER)
		feed(p, "\r", 1);
	else if (key->code == KEYSYM_TAB && !key->mods)
		feed(p, "\t", 1);
	else if (key->code == KEYSYM_BACKSPACE)
		feed(p, key->mods ? "\x1b\x7f" : "\x7f", key->mods ? 2 : 1);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == key->code && keys[i].mods == !!key->mods)
			(void)keys[i].run(1, 0); /* it can only beep */
}

static bool is_bound(const struct input *in)
{
	rl_command_func_t *f;
	int type = ISFUNC;

	/* what begins with ESC is a sequence, the rest goes in as it is */
	if (in->rawlen < 2 || in->raw[0] != '\x1b')
		return in->rawlen > 0;
	f = rl_function_of_keyseq_len(in->raw, in->rawlen, NULL, &type);
	return f && type != ISKMAP;
}

/* Is it a key of searching itself? */
static bool is_searching(const struct input *in)
{
	static rl_command_func_t *const own[] = {
		rl_reverse_search_history,
		rl_forward_search_history,
		rl_unix_word_rubout,
		rl_rubout,
		rl_newline,
		rl_abort,
		rl_backward_kill_word,
		rl_unix_line_discard,
	};
	rl_command_func_t *f;
	int type = ISFUNC;

	if (!in->rawlen || in->raw[0] == '\x1b')
		return false;
	if ((unsigned char)in->raw[0] >= ' ')
		return true;
	f = rl_function_of_keyseq_len(in->raw, in->rawlen, NULL, &type);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (f == own[i])
			return true;
	return false;
}

/* A search that meets the first half of a key reads on, or is lost in it
   (readline 8.2 crashes on C-r C-x Tab): it ends before such a key. */
static void end_search(struct prompt *p, const struct input *in)
{
	if (RL_ISSTATE(RL_STATE_ISEARCH) && !is_searching(in))
		feed(p, "\x1b", 1);
	/* the second half of a key is one byte; of more it would take the
	   first and type the rest */
	if (RL_ISSTATE(RL_STATE_MULTIKEY) && in->rawlen > 1)
		feed(p, "\a", 1);
}

void prompt_key(struct prompt *p, const struct input *in)
{
	bool character = in->rawlen && (unsigned char)in->raw[0] >= ' ';

	ASSERT_UI();
	if (!p->open || popup_key(p, &in->key)) {
		if (p->open)
			tell(p);
		return;
	}
	if (in->key.code == KEYSYM_ESC && !in->key.mods) {
		escape(p);
		settle(p);
		return;
	}
	end_search(p, in);
	if (!is_bound(in))
		unbound(p, &in->key);
	else if (!character || (size_t)rl_end + in->rawlen < LEX_LINE_MAX)
		feed(p, in->raw, in->rawlen);
	settle(p);
}

/* Line ends and tabs become blanks, other controls go */
static size_t without_controls(char *dst, const char *src, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)src[i];

		if (c == 0xc2 && i + 1 < len &&
		    (unsigned char)src[i + 1] >= 0x80 &&
		    (unsigned char)src[i + 1] < 0xa0) {
			i++; /* C1 */
		} else if (c == '\n' || c == '\r' || c == '\t') {
			dst[n++] = ' ';
		} else if (c >= ' ' && c != 0x7f) {
			dst[n++] = (char)c;
		}
	}
	return n;
}

void prompt_paste(struct prompt *p, const char *text, size_t len)
{
	char clean[LEX_LINE_MAX], *plain;
	size_t room;

	ASSERT_UI();
	if (!p->open)
		return;
	popup_close(p);
	rl_callback_sigcleanup(); /* not into a search */
	room = (size_t)rl_end < sizeof(clean) ? sizeof(clean) - (size_t)rl_end
					      : 1;
	plain = alloc_zero(len + 1);
	text_clean(clean, room, plain, without_controls(plain, text, len));
	free(plain);
	(void)rl_insert_text(clean);
	tell(p);
}

unsigned prompt_underruns(const struct prompt *p)
{
	return p->underruns;
}
