/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/match.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

enum {
	LETTER = 16,  /* each letter that matches               */
	WORD = 10,    /* ... at the beginning of a word         */
	ADJACENT = 8, /* ... right behind the one before        */
	GAP = 3,      /* letters left out between two, and each of them: 1 */
};

/*
 * What Latin letters are without their marks; a digit is one of pairs[].  A
 * table and not iconv's //TRANSLIT: that knows only the language of the
 * locale, says ? of the rest, and does not tell which letter came of which.
 */
static const char latin[] = /* U+00C0 to U+024F */
	"aaaaaa1ceeeeiiiidnooooo.ouuuuy43aaaaaa1ceeeeiiiidnooooo.ouuuuy4y"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii55jjkkklllllll"
	"lllnnnnnnnnnoooooo22rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
	"bb.......dd......ffg...ikkl....ooo..pp.....ttttuu.vyyzz........."
	".............aaiioouuuuuuuuuu.aaaa11ggggkkoooo..j...gg..nnaa11oo"
	"aaaaeeeeiiiioooorrrruuuusstt..hh....zzaaeeooooooooyy......acclt."
	"...bu.eejj..rryy";
static const char more[] = /* U+1E00 to U+1EFF */
	"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
	"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
	"wwwwwwwwwwxxxxyyzzzzzzhtwyas..3.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
	"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";
static const char pairs[][3] = {"", "ae", "oe", "ss", "th", "ij"};

/* The program's own may be C, which knows ASCII only */
static locale_t utf8_locale; /* immutable once main() runs; 0: none */

__attribute__((constructor)) static void open_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* A character of UTF-8; a byte that begins none is one by itself */
static uint32_t next_char(const char **sp)
{
	const unsigned char *s = (const unsigned char *)*sp;
	unsigned tail = s[0] >= 0xf0   ? 3
			: s[0] >= 0xe0 ? 2
			: s[0] >= 0xc2 ? 1
				       : 0;
	uint32_t c = tail ? s[0] & (0x3fu >> tail) : s[0];

	for (unsigned i = 1; i <= tail; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			(*sp)++;
			return s[0];
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*sp += tail + 1;

	return c & 0x1fffff;
}

static bool is_mark(uint32_t c)
{
	return c >= 0x300 && c <= 0x36f;
}

/* Scripts that put no blanks between words: each character may begin one */
static bool is_ideograph(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xf900 && c <= 0xfaff) ||
	       c >= 0x20000;
}

static bool is_letter(uint32_t c)
{
	if (c < 0x80 || !utf8_locale)
		return c >= 0x80 || (c >= '0' && c <= '9') ||
		       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

	return iswalnum_l((wint_t)c, utf8_locale);
}

static uint32_t lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 0x20 : c;

	return utf8_locale ? (uint32_t)towlower_l((wint_t)c, utf8_locale) : c;
}

/* One or two letters for a character; none for a mark */
static unsigned fold(uint32_t out[2], uint32_t c)
{
	char plain = '.';

	if (is_mark(c))
		return 0;
	if (c >= 0xc0 && c <= 0x24f)
		plain = latin[c - 0xc0];
	else if (c >= 0x1e00 && c <= 0x1eff)
		plain = more[c - 0x1e00];
	if (plain == '.') {
		out[0] = lower(c);
		return 1;
	}
	if (plain >= 'a') {
		out[0] = (unsigned char)plain;
		return 1;
	}
	out[0] = (unsigned char)pairs[plain - '0'][0];
	out[1] = (unsigned char)pairs[plain - '0'][1];

	return 2;
}

unsigned match_fold(struct letter *v, unsigned max, const char *text)
{
	bool inside = false; /* of a word */
	unsigned n = 0;

	for (uint32_t at = 0; *text; at++) {
		uint32_t c = next_char(&text), out[2];
		unsigned outn = fold(out, c);
		bool letter = is_letter(c);

		for (unsigned i = 0; i < outn && n < max; i++) {
			v[n++] = (struct letter){
				.c = out[i] & 0x1fffff,
				.start = !i && letter &&
					 (!inside || is_ideograph(c)),
				.at = at & 0x3ff,
			};
		}
		if (outn)
			inside = letter;
	}

	return n;
}

static void mark(uint64_t *marks, struct letter l)
{
	if (marks && l.at < 64)
		*marks |= (uint64_t)1 << l.at;
}

bool match_word(const struct letter *typed, unsigned n,
		const struct letter *text, unsigned textn, uint64_t *marks)
{
	for (unsigned at = 0; n && at + n <= textn; at++) {
		unsigned i = 0;

		while (text[at].start && i < n && typed[i].c == text[at + i].c)
			i++;
		if (i < n)
			continue;
		while (i-- > 0)
			mark(marks, text[at + i]);
		return true;
	}

	return false;
}

/* The best of all ways to place the letters: row i of the table is the score
 * with letter i at each place of the text, from[] where i - 1 stood then. */
int match_letters(const struct letter *typed, unsigned n,
		  const struct letter *text, unsigned textn, uint64_t *marks)
{
	enum { NONE = -1000000 };
	int rows[2][LETTERS_MAX], best = NONE;
	uint8_t from[TYPED_MAX][LETTERS_MAX];
	unsigned end = 0, k = 0;

	if (!n || n > TYPED_MAX || textn > LETTERS_MAX)
		return -1;
	/* most names fail here */
	for (unsigned j = 0; j < textn && k < n; j++)
		k += text[j].c == typed[k].c;
	if (k < n)
		return -1;

	for (unsigned i = 0; i < n; i++) {
		int *row = rows[i & 1], *before = rows[~i & 1];
		int far = NONE; /* the best before, with a gap up to here */
		unsigned far_at = 0;

		for (unsigned j = 0; j < textn; j++) {
			int score = i ? far : 0;

			if (i && j > 1 && before[j - 2] - GAP >= far) {
				score = far = before[j - 2] - GAP;
				far_at = j - 2;
			}
			from[i][j] = (uint8_t)far_at;
			if (i && j && before[j - 1] + ADJACENT > score) {
				score = before[j - 1] + ADJACENT;
				from[i][j] = (uint8_t)(j - 1);
			}
			row[j] = NONE;
			if (text[j].c == typed[i].c && score > NONE / 2)
				row[j] = score + LETTER +
					 (text[j].start ? WORD : 0);
			far--;
		}
	}
	for (unsigned j = 0; j < textn; j++) {
		if (rows[(n - 1) & 1][j] > best) {
			best = rows[(n - 1) & 1][j];
			end = j;
		}
	}
	for (unsigned i = n; i-- > 0; end = from[i][end])
		mark(marks, text[end]);

	return best > 0 ? best : 0;
}

int match_subsequence(const char *typed, const char *text, uint64_t *marks)
{
	struct letter a[TYPED_MAX + 1], b[LETTERS_MAX];
	unsigned n = match_fold(a, TYPED_MAX + 1, typed);
	unsigned textn = match_fold(b, LETTERS_MAX, text);

	if (marks)
		*marks = 0;

	return match_letters(a, n, b, textn, marks);
}
