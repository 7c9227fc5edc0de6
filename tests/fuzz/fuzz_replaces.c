/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The value of a Replaces, and of a Refer-To, header */
#include <errno.h>

#include "sip/replaces.h"
#include "sip/target.h"
#include "tests/fuzz/fuzz.h"

enum { ENOUGH = 4096 };

static void check_replaces(const struct replaces *r)
{
	struct replaces again;
	char text[ENOUGH];

	CHECK(*r->callid && *r->to_tag && *r->from_tag);
	CHECK(!replaces_encode(text, sizeof(text), r));

	for (const char *p = text; *p; p++)
		CHECK((unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f);

	CHECK(!replaces_decode(&again, text, strlen(text)));
	CHECK(!memcmp(r, &again, sizeof(again)));
	CHECK(replaces_match(r, r->callid, r->to_tag, r->from_tag));
}

static void check_refer_to(const struct refer_to *rt)
{
	const struct replaces *r = rt->has_replaces ? &rt->replaces : NULL;
	static const char *const refusedv[] = {"maddr", "ttl", "lr", "method"};
	struct refer_to again;
	char text[ENOUGH];
	int err;

	CHECK(uri_is_sane(rt->uri));
	CHECK(!strncmp(rt->uri, "sip:", 4) || !strncmp(rt->uri, "sips:", 5));

	for (size_t i = 0; i < sizeof(refusedv) / sizeof(*refusedv); i++)
		CHECK(uri_param(text, sizeof(text), rt->uri, refusedv[i]) ==
		      ENOENT);

	if (r)
		check_replaces(r);

	CHECK(!refer_to_encode(text, sizeof(text), rt->uri, r,
			       rt->require_replaces));
	CHECK(*text == '<' && text[strlen(text) - 1] == '>');

	for (const char *p = text; *p; p++)
		CHECK((unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f);

	/* escaped it may be longer than what is read */
	err = refer_to_decode(&again, text, strlen(text));
	if (err) {
		CHECK(err == EOVERFLOW && strlen(text) > 512);
		return;
	}

	CHECK(!strcmp(again.uri, rt->uri));
	CHECK(again.has_replaces == rt->has_replaces);
	CHECK(again.require_replaces == rt->require_replaces);
	if (r)
		CHECK(!memcmp(r, &again.replaces, sizeof(*r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *val = fuzz_bytes(data, size);
	struct refer_to rt;
	struct replaces r;
	int err;

	err = replaces_decode(&r, val, size);
	CHECK(err == 0 || err == EBADMSG || err == EOVERFLOW);
	if (!err)
		check_replaces(&r);

	err = refer_to_decode(&rt, val, size);
	CHECK(err == 0 || err == EBADMSG || err == EPROTONOSUPPORT ||
	      err == EPERM || err == EOVERFLOW);
	if (size > 512)
		CHECK(err == EOVERFLOW);
	if (!err)
		check_refer_to(&rt);

	free(val);

	return 0;
}
