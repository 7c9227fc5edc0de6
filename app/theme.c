/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/theme.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/nearest.h"
#include "base/text.h"

struct named {
	const char *name, *help;
};

static const struct named roles[] = {
	{"text", "Everything that is nothing else"},
	{"muted", "Labels and times"},
	{"strong", "What matters in its line"},
	{"title", "The first line"},
	{"rule", "Lines between panes"},
	{"rule.focus", "The line over the pane that has the keys"},
	{"header", "Headline of a pane"},
	{"header.focus", "Headline of the pane that has the keys"},
	{"select", "The selected row"},
	{"select.blur", "The selected row of a pane without the keys"},
	{"hint", "What keys do now"},
	{"hint.key", "The keys in it"},
	{"prompt", "In front of the command line"},
	{"input", "The command line"},
	{"ghost", "What completion would add"},
	{"match", "What a search has found"},
	{"alert.ring", "A caller waits for an answer"},
	{"alert.fail", "Something failed and wants a decision"},
	{"alert.info", "Something to know"},
	{"call.ring", "Call that rings"},
	{"call.talk", "Call that talks"},
	{"call.hold", "Caller on hold"},
	{"call.consult", "Consultation call"},
	{"call.dial", "Call on its way out"},
	{"call.ended", "Call that has ended"},
	{"blf.idle", "Free"},
	{"blf.ring", "Rings there"},
	{"blf.busy", "Busy"},
	{"blf.dnd", "Does not want to be disturbed"},
	{"blf.off", "Not there"},
	{"step.done", "Step of a transfer that is done"},
	{"step.now", "Step that goes on"},
	{"step.todo", "Step to come"},
	{"step.fail", "Step that failed"},
	{"sip.request", "SIP request"},
	{"sip.1xx", "Provisional answer"},
	{"sip.2xx", "Good answer"},
	{"sip.3xx", "Redirection"},
	{"sip.4xx", "Failure, 4xx to 6xx"},
	{"sip.header", "Name of a header"},
	{"log.warn", "Warning"},
	{"log.error", "Error"},
};

static const struct named palette[] = {
	{"fg", "Text"},
	{"bg", "Background"},
	{"muted", "Labels, times"},
	{"rule", "Lines"},
	{"accent", "Focus, keys, prompt"},
	{"sel_fg", "Selection"},
	{"sel_bg", "Background of the selection"},
	{"title_fg", "Title"},
	{"title_bg", "Background of the title"},
	{"ring", "Ringing, now"},
	{"talk", "Talking"},
	{"hold", "On hold"},
	{"consult", "Consultation, do not disturb"},
	{"ok", "Done, idle, 2xx"},
	{"fail", "Failed, busy, 4xx to 6xx"},
	{"warn", "Warnings"},
	{"info", "Dialing, headers"},
	{"match_bg", "Background of what a search found"},
};

/* The sixteen names; their rgb values are xterm's. */
static const struct {
	const char *name;
	uint32_t rgb;
} ansi[] = {
	{"black", 0x000000},       {"red", 0xcd0000},
	{"green", 0x00cd00},       {"yellow", 0xcdcd00},
	{"blue", 0x0000ee},        {"magenta", 0xcd00cd},
	{"cyan", 0x00cdcd},        {"white", 0xe5e5e5},
	{"brightblack", 0x7f7f7f}, {"brightred", 0xff0000},
	{"brightgreen", 0x00ff00}, {"brightyellow", 0xffff00},
	{"brightblue", 0x5c5cff},  {"brightmagenta", 0xff00ff},
	{"brightcyan", 0x00ffff},  {"brightwhite", 0xffffff},
};

static const struct {
	const char *name;
	unsigned attr;
} attrs[] = {
	{"bold", ATTR_BOLD},
	{"dim", ATTR_DIM},
	{"italic", ATTR_ITALIC},
	{"underline", ATTR_UNDERLINE},
	{"reverse", ATTR_REVERSE},
	{"blink", ATTR_BLINK},
	{"none", 0},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(COUNT(roles) <= ROLES_MAX, "a style for each role");
_Static_assert(COUNT(palette) <= PALETTE_MAX, "a colour for each key");

/* One count for all themes: a copy that was kept and comes back must not meet
 * a serial that meant other colours. */
static void changed(struct theme *t)
{
	static unsigned changes;

	t->serial = ++changes;
}

void theme_init(struct theme *t)
{
	memset(t, 0, sizeof(*t));
	changed(t);
}

static bool find(unsigned *ip, const struct named *v, size_t n,
		 const char *name)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(v[i].name, name) == 0) {
			*ip = i;
			return true;
		}
	}

	return false;
}

static int unknown(const char *what, const struct named *v, size_t n,
		   const char *name, char *why, size_t size)
{
	struct nearest near;
	char hint[64];

	nearest_init(&near, name);
	for (size_t i = 0; i < n; i++)
		nearest_try(&near, v[i].name);
	snprintf(why, size, "there is no %s %s%s", what, name,
		 nearest_hint(&near, hint, sizeof(hint)));

	return ENOENT;
}

const char *theme_role(unsigned i, const char **helpp)
{
	if (i >= COUNT(roles))
		return NULL;
	if (helpp)
		*helpp = roles[i].help;

	return roles[i].name;
}

bool theme_role_find(unsigned *ip, const char *name)
{
	return find(ip, roles, COUNT(roles), name);
}

const char *theme_palette_key(unsigned i, const char **helpp)
{
	if (i >= COUNT(palette))
		return NULL;
	if (helpp)
		*helpp = palette[i].help;

	return palette[i].name;
}

/* ---- colours --------------------------------------------------------- */

static uint32_t rgb_of_index(unsigned i)
{
	static const uint8_t level[] = {0, 95, 135, 175, 215, 255};
	unsigned grey = 8 + 10 * (i - 232);

	if (i < 16)
		return ansi[i].rgb;
	if (i >= 232)
		return grey << 16 | grey << 8 | grey;
	i -= 16;

	return (uint32_t)level[i / 36] << 16 | (uint32_t)level[i / 6 % 6] << 8 |
	       level[i % 6];
}

static unsigned distance(uint32_t a, uint32_t b)
{
	int r = (int)(a >> 16 & 255) - (int)(b >> 16 & 255);
	int g = (int)(a >> 8 & 255) - (int)(b >> 8 & 255);
	int u = (int)(a & 255) - (int)(b & 255);

	return (unsigned)(2 * r * r + 4 * g * g + 3 * u * u);
}

static uint8_t nearest_index(uint32_t rgb, unsigned from, unsigned to)
{
	unsigned best = from;

	for (unsigned i = from; i < to; i++) {
		if (distance(rgb, rgb_of_index(i)) <
		    distance(rgb, rgb_of_index(best)))
			best = i;
	}

	return (uint8_t)best;
}

static bool ansi_find(uint8_t *ap, const char *name)
{
	for (unsigned i = 0; i < COUNT(ansi); i++) {
		if (strcmp(ansi[i].name, name) == 0) {
			*ap = (uint8_t)i;
			return true;
		}
	}

	return false;
}

/* "name" or "0" to "255" */
static bool simple(struct color *c, const char *s)
{
	uint32_t n;

	if (ansi_find(&c->ansi, s)) {
		c->index = c->ansi;
	} else if (text_u32(s, 0, 255, &n)) {
		c->index = (uint8_t)n;
		c->ansi = n < 16 ? (uint8_t)n
				 : nearest_index(rgb_of_index(n), 0, 16);
	} else {
		return false;
	}
	c->kind = COLOR_KIND_SET;
	c->rgb = rgb_of_index(c->index);

	return true;
}

/* "#rrggbb", "#rrggbb/253", "#rrggbb/253/white" */
static bool direct(struct color *c, const char *s)
{
	struct color fallback;
	char word[32];
	char *slash, *slash2 = NULL, *end;

	if (text_copy(word, sizeof(word), s + 1))
		return false;
	slash = strchr(word, '/');
	if (slash) {
		*slash++ = '\0';
		slash2 = strchr(slash, '/');
		if (slash2)
			*slash2++ = '\0';
	}
	if (strlen(word) != 6 || strspn(word, "0123456789abcdefABCDEF") != 6)
		return false;
	c->kind = COLOR_KIND_SET;
	c->rgb = (uint32_t)strtoul(word, &end, 16);
	c->rgb_given = true;
	c->index = nearest_index(c->rgb, 16, 256);
	c->ansi = nearest_index(c->rgb, 0, 16);
	if (slash) {
		if (!simple(&fallback, slash))
			return false;
		c->index = fallback.index;
		c->ansi = fallback.ansi;
	}
	if (slash2) {
		if (!simple(&fallback, slash2) || fallback.index > 15)
			return false;
		c->ansi = fallback.ansi;
	}

	return true;
}

int color_parse(struct color *c, const char *s, char *why, size_t size)
{
	struct color made = {0};
	unsigned i;

	if (s[0] == '$') {
		if (!find(&i, palette, COUNT(palette), s + 1))
			return unknown("palette key", palette, COUNT(palette),
				       s + 1, why, size);
		made.kind = COLOR_KIND_PALETTE;
		made.index = (uint8_t)i;
	} else if (strcmp(s, "default") != 0 &&
		   !(s[0] == '#' ? direct(&made, s) : simple(&made, s))) {
		snprintf(why, size,
			 "'%s' is no colour; use default, a name (red), "
			 "0 to 255, \"#rrggbb\" or $KEY",
			 s);
		return EINVAL;
	}
	*c = made;

	return 0;
}

/* ---- styles ---------------------------------------------------------- */

static int attr_parse(unsigned *ap, const char *s, char *why, size_t size)
{
	for (unsigned i = 0; i < COUNT(attrs); i++) {
		if (strcmp(attrs[i].name, s) == 0) {
			*ap |= attrs[i].attr;
			return 0;
		}
	}
	snprintf(why, size,
		 "'%s' is no attribute; there are bold, dim, italic, "
		 "underline, reverse, blink and none",
		 s);

	return EINVAL;
}

/* What stands after the bar: "reverse,bold" */
static int mono_parse(struct style *st, char *list, char *why, size_t size)
{
	char *save = NULL;

	st->mono = 0;
	for (char *a = strtok_r(list, ", \t", &save); a;
	     a = strtok_r(NULL, ", \t", &save)) {
		int err = attr_parse(&st->mono, a, why, size);

		if (err)
			return err;
	}

	return 0;
}

static int colors_parse(struct style *st, char *list, char *why, size_t size)
{
	char *save = NULL;
	bool fg = false, bg = false, on = false;
	int err;

	for (char *w = strtok_r(list, " \t", &save); w;
	     w = strtok_r(NULL, " \t", &save)) {
		if (strcmp(w, "on") == 0 && !on && !bg) {
			on = true;
			continue;
		}
		if (w[0] == '+' && !on) {
			err = attr_parse(&st->attrs, w + 1, why, size);
		} else if (on) {
			err = color_parse(&st->bg, w, why, size);
			on = false;
			bg = true;
		} else if (!fg && !bg) {
			err = color_parse(&st->fg, w, why, size);
			fg = true;
		} else {
			snprintf(why, size,
				 "'%s' is one too many; a style is "
				 "[FG] [on BG] [+ATTR...] [| ATTR,...]",
				 w);
			err = EINVAL;
		}
		if (err)
			return err;
	}
	if (on) {
		snprintf(why, size, "a colour is missing after 'on'");
		return EINVAL;
	}

	return 0;
}

int style_parse(struct style *st, const char *s, char *why, size_t size)
{
	struct style made = {0};
	char word[256];
	char *bar;
	int err;

	if (text_copy(word, sizeof(word), s)) {
		snprintf(why, size, "the style is too long");
		return EOVERFLOW;
	}
	bar = strchr(word, '|');
	if (bar)
		*bar++ = '\0';
	err = colors_parse(&made, word, why, size);
	made.mono = made.attrs;
	if (!err && bar)
		err = mono_parse(&made, bar, why, size);
	if (!err)
		*st = made;

	return err;
}

/* ---- the theme ------------------------------------------------------- */

int theme_palette(struct theme *t, const char *key, const char *value,
		  char *why, size_t size)
{
	struct color c;
	unsigned i;
	int err;

	if (!find(&i, palette, COUNT(palette), key))
		return unknown("palette key", palette, COUNT(palette), key, why,
			       size);
	err = color_parse(&c, value, why, size);
	if (err)
		return err;
	if (c.kind == COLOR_KIND_PALETTE) {
		snprintf(why, size, "a palette key is no name for another");
		return EINVAL;
	}
	t->palette[i] = c;
	changed(t);

	return 0;
}

int theme_color(struct theme *t, const char *role, const char *style, char *why,
		size_t size)
{
	unsigned i;
	int err;

	if (!find(&i, roles, COUNT(roles), role))
		return unknown("role", roles, COUNT(roles), role, why, size);
	err = style_parse(&t->styles[i], style, why, size);
	if (err)
		return err;
	t->set[i] = true;
	changed(t);

	return 0;
}

static struct color solid(const struct theme *t, struct color c)
{
	return c.kind == COLOR_KIND_PALETTE ? t->palette[c.index] : c;
}

struct style theme_style(const struct theme *t, unsigned role)
{
	struct style st = t->styles[role];

	st.fg = solid(t, st.fg);
	st.bg = solid(t, st.bg);

	return st;
}
