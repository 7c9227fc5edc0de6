/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_APP_H
#define APP_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "app/account.h"
#include "app/directory.h"
#include "app/hook.h"
#include "app/keys.h"
#include "app/model.h"
#include "app/option.h"
#include "app/port.h"
#include "app/theme.h"
#include "base/log.h"

/**
 * @file app.h  The program without a screen and without SIP.
 *
 * Everything a front end needs hangs here.  Lines of commands go in
 * (app_line), requests go out through the port, the engine's events come in
 * (app_event), and news for the user goes out through one handler.
 *
 * Threads: UI.    Blocks: never, but app_line("account ...") with a
 *          password_command (at most 30 s).
 */

/** What to do with a piece of news */
enum news {
	NEWS_SHOWN,  /* show it, and act on it                             */
	NEWS_QUIET,  /* act on it; nobody typed the line it answers        */
	NEWS_LISTED, /* show it: the user asked for it, nothing happened   */
};

typedef void(app_news_h)(const struct event *ev, enum news news, void *arg);

/** Where a line stands; NULL instead: it was typed */
struct origin {
	const char *file;
	unsigned line;
	bool config; /* a configuration or a theme, not a list of things to do
		      */
	bool preset; /* of keys: what the user binds goes over it */
};

/** Something posted that has no answer yet */
struct pending {
	uint32_t serial;
	char command[32];
	char where[PATH_MAX_LEN]; /* "FILE:LINE: " or "" */
	bool typed;               /* a command line: its reply is shown */
};

struct app_account {
	struct account_draft draft;
	char where[PATH_MAX_LEN];
};

struct app {
	const struct port *port; /* NULL: nothing can be posted (yet) */
	app_news_h *newsh;
	void *arg;
	bool dry;        /* check-config: look, but do nothing */
	bool quit;       /* the user wants to leave */
	bool theming;    /* a theme is read: it may change looks alone */
	bool script;     /* a script runs: its commands are known */
	unsigned depth;  /* of files that name files */
	unsigned errors; /* in files read so far */
	struct model model;
	struct options options;
	struct keymap keymap;
	struct theme theme;
	struct directory *directory;  /* borrowed, NULL: there is none */
	struct app_account *accounts; /* wait for app_start() */
	unsigned accountc;
	unsigned posted;   /* accounts given to the engine */
	struct desk *desk; /* the console; NULL: there is none */
	struct hooks *hooks;
	struct pending *pending;
	unsigned pendingc;
};

/** Empty, with default options, keys and theme */
void app_init(struct app *app);
void app_done(struct app *app);

/** The engine runs: post what the configuration said (port borrowed) */
void app_start(struct app *app, const struct port *port);

/**
 * Fetch the passwords of the accounts that wait.  One of the configuration
 * that cannot be had is logged, and its account left out.
 *
 * @return 0, or the errno of one of --account, why says what to do
 */
int app_secrets(struct app *app, char *why, size_t size);

/** Add an account given as --account has it; 0 or errno */
int app_add_account(struct app *app, const char *text, char *why, size_t size);

/** An event from the engine */
void app_event(struct app *app, const struct event *ev);

/**
 * Run a line somebody typed.  Exactly one reply becomes news for it, now or
 * when the engine has answered; none for an empty line or a comment.
 *
 * @return Serial of that reply, 0: there will be none
 */
uint32_t app_line(struct app *app, const char *line);

/**
 * Post a request that no command line stands for (a robot's).
 *
 * @return Its serial, 0: the engine takes none
 */
uint32_t app_request(struct app *app, struct request *req);

/** Remember that a reply is to come (for command files); borrowed */
struct pending *app_pending(struct app *app, uint32_t serial,
			    const char *command);

/** log_sink_h: a line of the diary becomes news; arg: the app */
void app_log(enum log_level level, const char *tag, const char *text,
	     void *arg);

/** How many typed lines wait for their reply */
unsigned app_waiting(const struct app *app);

/** News of our own: a text for the user, "help" as its tag */
void app_tell(struct app *app, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** News of our own: any event (t is filled in) */
void app_news(struct app *app, struct event *ev, enum news news);

#endif
