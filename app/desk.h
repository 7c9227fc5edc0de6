/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_DESK_H
#define APP_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/complete.h"
#include "app/directory.h"
#include "app/hints.h"
#include "app/past.h"
#include "app/siplog.h"
#include "app/tale.h"
#include "base/lex.h"

/**
 * @file desk.h  The console without a screen: what there is to see, and
 *               where the user is.
 *
 * What the engine said last is app->model; here is what the console makes of
 * it: times, tales of transfers, SIP messages, the diary; and the user's
 * place: focus, selection, the line he types, the list he chooses from.
 *
 * It changes by its doors only: desk_event(), desk_key() and its sisters,
 * desk_tick().  All the user does is a command line (app_line); a key is one
 * that is bound.  The views of ui/ are functions of it.
 *
 * Threads: UI.    Blocks: never, but for files the user names.
 */

enum pane {
	PANE_CALLS,
	PANE_TRANSFERS,
	PANE_DIRECTORY,
	PANE_LADDER,
	PANE_MESSAGE, /* of the ladder: the raw message */
	PANE_TRACE,
	PANE_LOG,
	PANE_HISTORY,
	PANE_HELP,
	PANE_COUNT
};

/** "calls", "transfers" ...: also the name of its key context */
const char *pane_name(enum pane pane);
bool pane_find(enum pane *panep, const char *name);

/** What the line at the bottom is typed for */
enum line_use {
	LINE_NONE,
	LINE_COMMAND, /* a command                                     */
	LINE_TARGET,  /* whom to call or transfer to: the picker       */
	LINE_PALETTE, /* which command                                 */
	LINE_FIND,    /* what to look for in the pane                  */
	LINE_CONFIRM, /* y or n                                        */
	LINE_DIGITS,  /* each digit goes to the other party at once    */
};

struct desk_line {
	enum line_use use;
	char text[LEX_LINE_MAX]; /* clean UTF-8                          */
	size_t cursor;           /* [bytes]                              */
	bool given;              /* the desk has set it: prompt takes it */
	bool search;             /* C-r: readline searches its history   */
	char lead[NAME_MAX_LEN]; /* what stands before it, ":" or "to "  */
	uint64_t until_ms;       /* a question goes away by itself       */
	uint32_t call;           /* whom it is about, 0: nobody          */
	char question[TEXT_MAX]; /* of LINE_CONFIRM, what y runs in text */
};

enum { CHOICES_MAX = 64 };

enum lamp { LAMP_NONE, LAMP_FREE, LAMP_RINGS, LAMP_BUSY, LAMP_DND, LAMP_AWAY };

/** A row of the picker or of the palette */
struct choice {
	char text[URI_MAX];        /* what is put into the command         */
	char name[NAME_MAX_LEN];   /* shown; "" : as typed                 */
	char number[NAME_MAX_LEN]; /* number, or the key of a command    */
	char note[NAME_MAX_LEN];   /* department, or help of a command     */
	enum lamp lamp;
	uint64_t marks; /* characters of name that matched (match.marks) */
};

struct desk_pick {
	const struct command *cmd; /* that lacks its target             */
	uint32_t call;             /* whom it is about                  */
	char title[NAME_MAX_LEN];  /* "Transfer Dana Ortiz to"          */
	unsigned n, sel, all;      /* shown, chosen, of how many        */
	bool blank;                /* nothing typed, nobody chosen yet  */
	struct choice v[CHOICES_MAX];
};

/** What the console knows of a call beyond call_info; times since start */
struct desk_call {
	uint32_t id;
	uint64_t began_ms, answered_ms, held_ms, ended_ms; /* 0: not      */
	enum call_state state; /* as it was told last */
	unsigned code;
	uint32_t returned; /* the transfer it came back from, 0: none    */
	bool silenced, warned;
};

enum alert_kind { ALERT_NONE, ALERT_RING, ALERT_FAIL, ALERT_INFO };

/** The second row of the screen */
struct alert {
	enum alert_kind kind;
	char text[3 * TEXT_MAX];
	char keys[64]; /* "F2 answer  F9 reject" */
};

enum { DIARY_MAX = 1000 };

struct diary_line {
	uint64_t serial;
	enum log_level level;
	char wall[9]; /* "14:32:07" */
	char tag[LOG_TAG_MAX];
	char text[LOG_TEXT_MAX];
};

/** What a key would do, as the user last saw it (see desk_shown()) */
struct meaning;

struct desk {
	struct app *app;
	uint64_t now_ms; /* since the program started            */
	char wall[9];    /* time of day, "14:32:07"              */
	bool dirty;      /* something to be seen has changed     */
	bool still;      /* tests: clocks stand still            */

	/* what there is */
	struct desk_call *calls; /* by id, ascending                   */
	unsigned callc;
	struct tale *tales; /* by id, ascending                        */
	unsigned talec;
	struct diary_line *diary; /* ring of DIARY_MAX                 */
	uint64_t diaryc;          /* all there were                    */
	struct siplog *sip;
	struct pasts *past;
	uint64_t dropped; /* news that was dropped, told by the engine */

	/* where the user is */
	enum pane focus;
	enum pane full; /* LADDER, TRACE, LOG, HISTORY or HELP in the place
			   of the rest; PANE_COUNT: none */
	enum pane zoom; /* one pane takes all; PANE_COUNT: none */
	uint64_t row[PANE_COUNT];    /* chosen: index, or serial of trace,
					ladder and log; 0: follow the newest */
	unsigned scroll[PANE_COUNT]; /* rows of a text above the window  */
	uint32_t ladder;             /* call whose ladder it is          */
	char find[PANE_COUNT][64];   /* what is looked for, "": nothing  */
	struct desk_line line;
	struct desk_pick pick;
	struct candidates offers; /* of completion; n is 0: no popup  */
	unsigned offer;           /* the one chosen; n: none yet      */
	bool all_keys;            /* help shows every key             */
	bool guided;              /* the demo: guide_line() is shown  */

	struct theme theme_was; /* before one was looked at ...   */
	bool trying;            /* ... as its name stands in the line */

	/* what the terminal is to do, taken by the console */
	bool bell, suspend, repaint;
	char notify[TEXT_MAX];

	struct meaning *meanings;
	unsigned meaningc;
	struct key ignored; /* its hint blinks */
	uint64_t ignored_ms;
	bool sure;          /* y was the answer to what this line asked */
	uint64_t select_ms; /* until then nothing is selected by itself */
};

/** @param past  File of past calls, NULL: none */
void desk_init(struct desk *d, struct app *app, const char *past);
void desk_done(struct desk *d);

/* ---- the doors ------------------------------------------------------- */

/** News, after app->model has it */
void desk_event(struct desk *d, const struct event *ev);

/** A key, not one that readline is to have: desk_wants() */
void desk_key(struct desk *d, const struct key *key);

/** Is it for the desk also while a line is typed? */
bool desk_wants(const struct desk *d, const struct key *key);

/** The line that is typed has changed / is finished / is given up */
void desk_typed(struct desk *d, const char *text, size_t cursor);
void desk_enter(struct desk *d, const char *text);
void desk_leave(struct desk *d);

/** Text that was pasted while no line was open: opens the command line */
void desk_paste(struct desk *d, const char *text);

/** The mouse: a pane's row (-1: its header), a hint, a choice; twice: Enter */
void desk_click(struct desk *d, enum pane pane, int row, bool twice);
void desk_click_hint(struct desk *d, unsigned hint);
void desk_click_choice(struct desk *d, unsigned choice, bool twice);
void desk_wheel(struct desk *d, enum pane pane, int rows);

/** Time has passed */
void desk_tick(struct desk *d, uint64_t now_ms);
/** When it wants to be told of the time again [ms], -1: never */
int desk_timeout_ms(const struct desk *d);

/** This is on the screen now: what keys mean from here on is known */
void desk_shown(struct desk *d);

/* ---- what views ask -------------------------------------------------- */

const struct desk_call *desk_call(const struct desk *d, uint32_t id);
const struct tale *desk_tale(const struct desk *d, uint32_t id);
/** The one that moves this call now or did last, or NULL */
const struct tale *desk_tale_of(const struct desk *d, uint32_t call);
/** Failed and not yet decided by the user, newest first, or NULL */
const struct tale *desk_failure(const struct desk *d);

/** Calls in the order shown; returns how many v holds */
unsigned desk_calls(const struct desk *d, const struct call_info **v,
		    unsigned max);

/** How long ago that was [ms]; news may be a little ahead of the clock: 0 */
uint64_t desk_since(const struct desk *d, uint64_t t_ms);

/** How the other side is called: directory, display name, number */
const char *desk_name(const struct desk *d, const struct call_info *c,
		      char *buf, size_t size);
/** Who has this address, or NULL */
const struct contact *desk_contact(const struct desk *d, const char *uri);
/** Its number or address, as short as it is clear */
const char *desk_number(const char *uri, char *buf, size_t size);
/** First word of a name: "Dana" */
const char *desk_short(const char *name, char *buf, size_t size);

/** What the lamp of an address is, by what we know ourselves */
enum lamp desk_lamp(const struct desk *d, const char *uri);

void desk_alert(const struct desk *d, struct alert *a);

/** The command line that Enter stands for now ("resume 7"); "": it opens or
 *  closes something, or does nothing.  Returns buf */
const char *desk_next(const struct desk *d, char *buf, size_t size);

/** Log line number i, newest first, or NULL */
const struct diary_line *desk_diary(const struct desk *d, unsigned i);

/** Dialogs of a call and its transfer: what its ladder shows */
unsigned desk_dialogs(const struct desk *d, uint32_t call, uint64_t *v,
		      unsigned max);

enum { DESK_NO_ROW = 0x7fffffff, LADDER_MAX = 1000 };

/** How many rows a pane has, and the chosen one of them (or DESK_NO_ROW) */
unsigned desk_rows(const struct desk *d, enum pane pane);
unsigned desk_row(const struct desk *d, enum pane pane);
/** The messages of the ladder that is shown, oldest first */
unsigned desk_ladder(const struct desk *d, const struct sip_line **v,
		     unsigned max);

/** Context of the keys that hold now */
unsigned desk_context(const struct desk *d);

/* ---- for handlers of commands ----------------------------------------- */

/** Ask y or n about a call (0: none); y runs the line */
void desk_confirm(struct desk *d, uint32_t call, const char *line,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/** Open the line */
void desk_open(struct desk *d, enum line_use use, const char *text);
/** A target, or another argument, is missing: ask for it */
void desk_ask(struct desk *d, const struct command *cmd, uint32_t call);
/** Show a full pane, or go back */
void desk_show(struct desk *d, enum pane pane);
/** Close what is open, the topmost first; false: nothing was */
bool desk_back(struct desk *d);
/** To the next row that holds what is looked for; `here`: or this one */
bool desk_find(struct desk *d, int step, bool here);
/** Choose a row */
void desk_row_set(struct desk *d, enum pane pane, unsigned i);
/** Move the choice in the pane that has the keys (or in the picker) */
void desk_move(struct desk *d, int rows);
void desk_focus(struct desk *d, int step);
/** Log a line of our own */
void desk_note(struct desk *d, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
