/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over all files given, so that what was found once stays
 * found where there is no libFuzzer */
#include <errno.h>

#include "tests/fuzz/fuzz.h"

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, room = 0;
	int err = 0;

	if (!f)
		return errno;

	for (;;) {
		size_t n;

		if (size == room) {
			uint8_t *more = realloc(data, room + 65536);

			if (!more) {
				err = ENOMEM;
				goto out;
			}
			data = more;
			room += 65536;
		}

		n = fread(data + size, 1, room - size, f);
		if (!n)
			break;
		size += n;
	}

	if (ferror(f)) {
		err = EIO;
		goto out;
	}

	(void)LLVMFuzzerTestOneInput(data, size); /* always 0 */

	/* and every beginning of it: the end of the data is where bugs are */
	for (size_t n = 0; n < size && n < 2048; n++)
		(void)LLVMFuzzerTestOneInput(data, n);

out:
	free(data);
	(void)fclose(f); /* it was only read */

	return err;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		(void)fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}

	for (int i = 1; i < argc; i++) {
		const int err = run_file(argv[i]);

		if (err) {
			(void)fprintf(stderr, "%s: %s\n", argv[i],
				      strerror(err));
			return 1;
		}
	}

	return 0;
}
