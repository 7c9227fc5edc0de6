/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a terminal sends.  The first byte says how long the pieces are. */
#include "base/text.h"
#include "tests/fuzz/fuzz.h"
#include "ui/input.h"

/* A number for all that came out, so that two runs can be compared */
struct sum {
	uint64_t hash;
	size_t n;
};

static void mix(struct sum *sum, const void *p, size_t len)
{
	sum->hash = sum->hash * 31 + text_hash(p, len);
}

static void check_one(struct sum *sum, const struct input *in)
{
	CHECK(in->type > INPUT_NONE && in->type <= INPUT_UNKNOWN);
	CHECK(in->rawlen <= sizeof(in->raw));
	mix(sum, &in->type, sizeof(in->type));
	mix(sum, in->raw, in->rawlen);

	if (in->type == INPUT_KEY) {
		struct key again;
		char name[32];

		key_format(&in->key, name, sizeof(name));
		CHECK(in->rawlen && in->key.code);
		/* what is no character to text_clean() has no name */
		if (text_is_clean(name)) {
			CHECK(key_parse(&again, name));
			CHECK(again.code == in->key.code);
			CHECK(again.mods == in->key.mods);
		}
		mix(sum, name, strlen(name));
	} else if (in->type == INPUT_PASTE) {
		CHECK(in->pastelen && in->pastelen <= INPUT_PASTE_MAX);
		CHECK(strlen(in->paste) == in->pastelen);
		CHECK(text_is_clean(in->paste));
		mix(sum, in->paste, in->pastelen);
	} else if (in->type == INPUT_MOUSE) {
		CHECK(in->mouse.what >= MOUSE_PRESS &&
		      in->mouse.what <= MOUSE_DOWN);
		CHECK(in->mouse.button >= 0 && in->mouse.button <= 3);
		CHECK(in->mouse.y >= 0 && in->mouse.x >= 0);
	}
	sum->n++;
}

static void drain(struct decoder *d, struct sum *sum, uint64_t now)
{
	struct input in;

	while (decoder_next(d, &in, now))
		check_one(sum, &in);
}

static struct sum run(const char *data, size_t size, size_t piece)
{
	struct sum sum = {0};
	struct decoder *d;
	const struct key f1 = {.code = KEYSYM_F1};

	decoder_new(&d, INPUT_ESC_MS);
	CHECK(decoder_add(d, "\x1b|1", &f1));
	CHECK(decoder_add(d, "\x1b[|", &f1));
	for (size_t at = 0; at < size; at += piece) {
		decoder_feed(d, data + at,
			     size - at < piece ? size - at : piece, 1);
		drain(d, &sum, 1);
	}
	/* each byte and each wait brings at most one */
	CHECK(sum.n <= size);
	drain(d, &sum, 1 + INPUT_PASTE_MS);
	CHECK(sum.n <= size + 1);
	CHECK(decoder_timeout_ms(d, 1 + INPUT_PASTE_MS) == -1);
	decoder_free(d);

	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size && data[0] % 16 ? data[0] % 16 : 1;
	char *bytes = fuzz_bytes(data + (size > 0), size ? size - 1 : 0);
	struct sum whole = run(bytes, size ? size - 1 : 0, SIZE_MAX);
	struct sum cut = run(bytes, size ? size - 1 : 0, piece);

	CHECK(whole.n == cut.n && whole.hash == cut.hash);
	free(bytes);

	return 0;
}
