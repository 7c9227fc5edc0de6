/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gen_man.c: a man page out of a template and the program's own tables.
 *
 * usage: gen_man TEMPLATE.in > PAGE
 *
 * A line of the template that is @NAME@ is replaced by what the table of that
 * name says, as mdoc(7).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/account.h"
#include "app/cli.h"
#include "app/command.h"
#include "app/config.h"
#include "app/exitcode.h"
#include "app/fields.h"
#include "app/hook.h"
#include "app/keys.h"
#include "app/option.h"
#include "app/phone.h"
#include "app/theme.h"
#include "base/thread.h"

enum { LINE = 72 };

/* Text for roff: what it would take for its own is hidden from it. */
static void text(const char *s, bool begins)
{
	if (begins && (*s == '.' || *s == '\''))
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

/* What the tables say lacks its full stop; mandoc wants short lines. */
static void sentence(const char *s)
{
	size_t column = 0;

	while (*s) {
		size_t n = strcspn(s, " ");
		char buf[128];

		snprintf(buf, sizeof(buf), "%.*s", (int)n, s);
		if (column && column + n > LINE) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
		}
		text(buf, !column);
		column += n + 1;
		s += n;
		while (*s == ' ')
			s++;
		if (!*s)
			puts(buf[n - 1] == '.' ? "" : ".");
	}
}

/* One word as an argument of a macro: no name of a macro, no end mark. */
static void word(const char *s, size_t n)
{
	char buf[128];

	snprintf(buf, sizeof(buf), "%.*s", (int)n, s);
	fputs(" \"\\&", stdout);
	text(buf, false);
	putchar('"');
}

/* "[N]" and "TARGET" as .Op Ar and Ar */
static void arguments(const char *s)
{
	while (*s) {
		bool op = *s == '[';
		size_t n = op ? strcspn(s, "]") + 1 : strcspn(s, " ");

		if (op) {
			fputs(" Oo", stdout);
			/* a flag inside: -c CONTEXT */
			if (s[1] == '-')
				printf(" Fl %c Ar", s[2]), word(s + 4, n - 5);
			else
				fputs(" Ar", stdout), word(s + 1, n - 2);
			fputs(" Oc", stdout);
		} else {
			fputs(" Ar", stdout);
			word(s, n);
		}
		s += n;
		while (*s == ' ')
			s++;
	}
}

static void begin_list(const char *width)
{
	printf(".Bl -tag -width %s\n", width);
}

static void end_list(void)
{
	puts(".El");
}

static void verbs(void)
{
	const struct cli_verb *v;

	begin_list("Ds");
	for (unsigned i = 0; (v = cli_verb(i)); i++) {
		fputs(".It Nm", stdout);
		if (v->name) {
			fputs(" Cm", stdout);
			word(v->name, strlen(v->name));
		}
		arguments(v->args);
		putchar('\n');
		sentence(v->help);
	}
	end_list();
}

/* --name ARG; a value's alternatives stay one word */
static void options(void)
{
	const struct cli_option *o;

	begin_list("Ds");
	for (unsigned i = 0; (o = cli_option(i)); i++) {
		fputs(".It", stdout);
		if (o->letter)
			printf(" Fl %c ,", o->letter);
		printf(" Fl \\-");
		text(o->name, false);
		if (o->arg) {
			fputs(" Ar", stdout);
			word(o->arg, strlen(o->arg));
		}
		putchar('\n');
		sentence(o->help);
	}
	end_list();
}

static const char *need(enum needs needs)
{
	static const char *const words[NEEDS_COUNT] = {
		[NEEDS_CALL] = "a call",
		[NEEDS_RINGING] = "an incoming call that rings",
		[NEEDS_UP] = "a call that was answered",
		[NEEDS_TALKING] = "a call that talks",
		[NEEDS_HELD] = "a call on hold",
		[NEEDS_CONSULT] = "a consultation",
		[NEEDS_TRANSFER] = "a transfer that lasts",
		[NEEDS_SCRIPT] = "a script",
		[NEEDS_CONSOLE] = "the console on a screen",
	};

	return words[needs];
}

static void command(const struct command *c)
{
	fputs(".It Ic", stdout);
	word(c->name, strlen(c->name));
	for (unsigned i = 0; i < COMMAND_ARGS && c->args[i]; i++)
		arguments(i && c->args[i] == ARG_CALL ? "M"
						      : arg_usage(c->args[i]));
	putchar('\n');
	sentence(c->help);
	if (c->needs != NEEDS_NOTHING && c->needs != NEEDS_SCRIPT)
		printf("Needs %s.\n", need(c->needs));
}

static bool everywhere(const struct command *c)
{
	return c->needs != NEEDS_SCRIPT && c->needs != NEEDS_CONSOLE;
}

static bool on_screen(const struct command *c)
{
	return c->needs == NEEDS_CONSOLE;
}

static bool in_scripts(const struct command *c)
{
	return c->needs == NEEDS_SCRIPT;
}

static bool in_files(const struct command *c)
{
	return c->config;
}

static void command_list(bool (*is)(const struct command *c))
{
	begin_list("Ds");
	for (const struct command *c = commands; c->name; c++) {
		if (is(c))
			command(c);
	}
	end_list();
}

static void command_table(void)
{
	command_list(everywhere);
}

static void screen_table(void)
{
	command_list(on_screen);
}

static void script_table(void)
{
	command_list(in_scripts);
}

static void config_table(void)
{
	command_list(in_files);
}

/* ---- keys --------------------------------------------------------------- */

enum { PRESETS = 3, ROWS_MAX = 400 };

static const char *const presets[PRESETS] = {"default", "desk", "vim"};

struct row {
	unsigned context;
	const char *line;
};

static int by_line(const void *a, const void *b)
{
	const struct row *r = a, *s = b;

	if (r->context != s->context)
		return r->context < s->context ? -1 : 1;

	return strcmp(r->line, s->line);
}

static void keys_of(const struct keymap *map, const struct row *row)
{
	char name[32];
	bool any = false;

	for (unsigned i = 0; i < map->n; i++) {
		const struct binding *b = &map->v[i];

		if (b->context != row->context || !b->line ||
		    strcmp(b->line, row->line) != 0)
			continue;
		fputs(any ? " " : "", stdout);
		text(key_format(&b->key, name, sizeof(name)), !any);
		any = true;
	}
	if (!any)
		fputs("\\(en", stdout);
}

/* What is bound in any preset, and its keys in each of them */
static void key_table(void)
{
	static struct app apps[PRESETS];
	struct row rows[ROWS_MAX];
	unsigned n = 0;

	for (unsigned p = 0; p < PRESETS; p++) {
		const struct keymap *map = &apps[p].keymap;

		app_init(&apps[p]);
		config_keys(&apps[p], presets[p]);
		for (unsigned i = 0; i < map->n && n < ROWS_MAX; i++) {
			if (map->v[i].line)
				rows[n++] = (struct row){map->v[i].context,
							 map->v[i].line};
		}
	}
	qsort(rows, n, sizeof(*rows), by_line);
	puts(".Bl -column \"takeback | back\" \"C-f C-d PageDown\" "
	     "\"PageDown\"");
	puts(".It Sy runs Ta Sy default Ta Sy desk Ta Sy vim");
	for (unsigned i = 0; i < n; i++) {
		if (i && by_line(&rows[i - 1], &rows[i]) == 0)
			continue;
		if (rows[i].context &&
		    (!i || rows[i - 1].context != rows[i].context))
			printf(".It Em %s Ta Ta Ta\n",
			       key_context(rows[i].context, NULL));
		fputs(".It ", stdout);
		text(rows[i].line, true);
		for (unsigned p = 0; p < PRESETS; p++) {
			fputs(" Ta ", stdout);
			keys_of(&apps[p].keymap, &rows[i]);
		}
		putchar('\n');
	}
	end_list();
	for (unsigned p = 0; p < PRESETS; p++)
		app_done(&apps[p]);
}

/* ---- tables of names ------------------------------------------------------
 */

typedef const char *(name_h)(unsigned i, const char **helpp);

static void names(name_h *nameh, const char *width)
{
	const char *name, *help;

	begin_list(width);
	for (unsigned i = 0; (name = nameh(i, &help)); i++) {
		printf(".It Li %s\n", name);
		sentence(help);
	}
	end_list();
}

static void palette(void)
{
	names(theme_palette_key, "title_fg");
}

static void hook_events(void)
{
	names(hook_event, "transferred");
}

static void hook_variables(void)
{
	names(hook_variable, "CORDPAIR_DIRECTION");
}

static void settings(void)
{
	const struct option *o;
	char range[80];

	begin_list("Ds");
	for (unsigned i = 0; (o = option_row(i)); i++) {
		printf(".It Cm %s Ar ", o->name);
		text(option_range(o, range, sizeof(range)), false);
		putchar('\n');
		sentence(o->help);
		if (o->def[0]) {
			fputs("Default: ", stdout);
			sentence(o->def);
		}
	}
	end_list();
}

static void params(void)
{
	const char *name, *value, *help;

	begin_list("Ds");
	for (unsigned i = 0; (name = account_param(i, &value, &help)); i++) {
		printf(".It Cm %s Ns = Ns Ar ", name);
		text(value, false);
		putchar('\n');
		sentence(help);
	}
	end_list();
}

static void event_table(void)
{
	struct fields f;

	begin_list("transfer");
	for (unsigned i = 0; fields_event_name(i); i++) {
		struct event ev = {0};

		(void)fields_event(&ev.type, fields_event_name(i));
		(void)fields_of(&f, &ev);
		printf(".It Li %s\n", f.ev);
		for (unsigned k = 0; k < f.n; k++) {
			text(f.v[k].name, true);
			puts(k + 1 < f.n ? "," : "");
		}
	}
	end_list();
}

static void contexts(void)
{
	names(key_context, "transfers");
}

static void roles(void)
{
	names(theme_role, "header.focus");
}

static void phones(void)
{
	const struct phone *p;

	begin_list("unavailable");
	for (unsigned i = 0; (p = phone_at(i)); i++) {
		printf(".It Li %s\n", p->user);
		text(p->called, true);
		puts(p->asked ? ";" : ".");
		if (!p->asked)
			continue;
		puts("asked to transfer it");
		text(p->asked, true);
		puts(".");
	}
	end_list();
}

static void words(const char *field, const char *(*name)(int), int n)
{
	printf(".It Li %s\n", field);
	for (int i = 0; i < n; i++) {
		if (name(i))
			printf("%s%s\n", name(i), i + 1 < n ? "," : "");
	}
}

static const char *call_word(int i)
{
	return call_state_name((enum call_state)i);
}

static const char *account_word(int i)
{
	return account_state_name((enum account_state)i);
}

static const char *refer_word(int i)
{
	return refer_state_name((enum refer_state)i);
}

static const char *sub_word(int i)
{
	return refer_sub_name((enum refer_sub)i);
}

static const char *kind_word(int i)
{
	return transfer_kind_name((enum transfer_kind)i);
}

static const char *outcome_word(int i)
{
	return outcome_name((enum outcome)i);
}

static void values(void)
{
	begin_list("transfer.outcome");
	words("account.state", account_word, ACCOUNT_STATE_COUNT);
	words("call.state", call_word, CALL_STATE_COUNT);
	words("transfer.kind", kind_word, KIND_COUNT);
	words("transfer.state", refer_word, REFER_STATE_COUNT);
	words("transfer.sub", sub_word, SUB_COUNT);
	words("transfer.outcome", outcome_word, OUTCOME_COUNT);
	end_list();
}

static void codes(void)
{
	const char *says;
	int code;

	begin_list("20");
	for (unsigned i = 0; (says = exitcode_row(i, &code)); i++) {
		printf(".It %d\n", code);
		sentence(says);
	}
	end_list();
}

static const struct {
	const char *name;
	void (*print)(void);
} tables[] = {
	{"@VERBS@", verbs},
	{"@OPTIONS@", options},
	{"@COMMANDS@", command_table},
	{"@SCREEN@", screen_table},
	{"@SCRIPTS@", script_table},
	{"@CONFIG@", config_table},
	{"@KEYS@", key_table},
	{"@PALETTE@", palette},
	{"@HOOKS@", hook_events},
	{"@HOOKENV@", hook_variables},
	{"@SETTINGS@", settings},
	{"@PARAMS@", params},
	{"@EVENTS@", event_table},
	{"@VALUES@", values},
	{"@PHONES@", phones},
	{"@CONTEXTS@", contexts},
	{"@ROLES@", roles},
	{"@EXITCODES@", codes},
};

static int line(char *s)
{
	char name[64];

	s[strcspn(s, "\n")] = '\0';
	if (s[0] != '@') {
		char *version = strstr(s, "@VERSION@");

		if (version)
			printf("%.*s%s%s\n", (int)(version - s), s,
			       CORDPAIR_VERSION, version + 9);
		else
			puts(s);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		snprintf(name, sizeof(name), "%s", tables[i].name);
		if (strcmp(name, s) == 0) {
			tables[i].print();
			return 0;
		}
	}
	fprintf(stderr, "gen_man: there is no table %s\n", s);

	return 1;
}

int main(int argc, char *argv[])
{
	char buf[1024];
	FILE *f;
	int code = 0;

	thread_adopt(THREAD_UI);
	f = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!f) {
		fputs("usage: gen_man TEMPLATE.in > PAGE\n", stderr);
		return 2;
	}
	while (!code && fgets(buf, sizeof(buf), f))
		code = line(buf);
	fclose(f);

	return code || fflush(stdout) || ferror(stdout);
}
