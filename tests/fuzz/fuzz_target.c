/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The domain of an account, a line end, then what the user typed; the whole
 * is also tried as a URI */
#include <errno.h>

#include "base/text.h"
#include "sip/target.h"
#include "tests/fuzz/fuzz.h"

static void check_uri(const char *uri)
{
	char part[URI_MAX], again[URI_MAX], why[TEXT_MAX];
	unsigned port;

	CHECK(strlen(uri) < URI_MAX);
	for (const char *p = uri; *p; p++)
		CHECK((unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f &&
		      !strchr("<>\"?", *p));

	CHECK(uri_same(uri, uri));
	CHECK(!uri_user(part, sizeof(part), uri));
	CHECK(!strpbrk(part, "@:"));
	CHECK(!uri_host(part, sizeof(part), uri));
	CHECK(*part && !strpbrk(part, "@;[]"));
	port = uri_port(uri);
	CHECK(port <= 65535);
	(void)uri_host_is_private(uri);
	(void)uri_param(part, sizeof(part), uri, "transport");

	/* it may be typed */
	CHECK(!target_uri(again, sizeof(again), uri, "", why, sizeof(why)));
	CHECK(uri_same(uri, again));
	CHECK(uri_port(again) == port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t rest;
	const size_t domainlen = fuzz_line(data, size, &rest);
	char *domain = fuzz_text(data, domainlen);
	char *typed = fuzz_text(data + rest, size - rest);
	char *whole = fuzz_text(data, size);
	char uri[URI_MAX], small[16], why[TEXT_MAX] = "";
	int err;

	err = target_uri(uri, sizeof(uri), typed, domain, why, sizeof(why));
	CHECK(err == 0 || err == EINVAL || err == EOVERFLOW);
	CHECK(text_is_clean(why));

	if (!err) {
		CHECK(uri_is_sane(uri));
		check_uri(uri);
	} else {
		CHECK(!*uri && *why);
	}

	/* cut nowhere */
	if (!target_uri(small, sizeof(small), typed, domain, NULL, 0))
		CHECK(!strcmp(small, uri));

	if (uri_is_sane(whole))
		check_uri(whole);
	else
		CHECK(!uri_same(whole, whole));

	free(domain);
	free(typed);
	free(whole);

	return 0;
}
