/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/exitcode.h"

static const struct {
	int code;
	const char *says;
} rows[] = {
	{EXIT_OK, "The call was answered, or the transfer succeeded."},
	{EXIT_INTERNAL, "Something went wrong inside, or the output could "
			"not be written."},
	{EXIT_USAGE, "Wrong usage or configuration."},
	{EXIT_BUSY, "The target is busy (486, 600)."},
	{EXIT_NO_ANSWER, "The target did not answer (408, 480, 487)."},
	{EXIT_DECLINED, "The target declined (603, 607)."},
	{EXIT_REJECTED, "The caller's phone rejected the transfer."},
	{EXIT_NO_REPORTS, "The caller's phone did not report anything."},
	{EXIT_UNKNOWN, "What became of the transfer is not known."},
	{EXIT_TARGET, "The target failed in another way."},
	{EXIT_CALLER, "The first call, to CALLER, failed."},
	{EXIT_NOT_SENT, "The transfer could not be sent, or got no answer."},
	{EXIT_TIMED_OUT, "The transfer took too long."},
	{EXIT_REDIRECTED, "The target is to be called elsewhere (3xx)."},
};

const char *exitcode_row(unsigned i, int *codep)
{
	if (i >= sizeof(rows) / sizeof(rows[0]))
		return NULL;
	*codep = rows[i].code;

	return rows[i].says;
}

int exitcode_call(bool answered, unsigned code)
{
	if (answered)
		return EXIT_OK;

	switch (code) {
	case 486:
	case 600:
		return EXIT_BUSY;
	case 408:
	case 480:
	case 487:
		return EXIT_NO_ANSWER;
	case 603:
	case 607:
		return EXIT_DECLINED;
	default:
		return code >= 300 && code < 400 ? EXIT_REDIRECTED
						 : EXIT_TARGET;
	}
}

int exitcode_transfer(const struct transfer_info *t)
{
	switch (t->outcome) {
	case OUTCOME_SUCCEEDED:
	case OUTCOME_SUCCEEDED_INFERRED:
		return EXIT_OK;
	case OUTCOME_REDIRECTED:
		return EXIT_REDIRECTED;
	case OUTCOME_FAILED:
		return exitcode_call(false, t->code);
	case OUTCOME_REJECTED:
		return EXIT_REJECTED;
	case OUTCOME_NOT_SENT:
	case OUTCOME_NO_ANSWER:
		return EXIT_NOT_SENT;
	case OUTCOME_NO_REPORTS:
		return EXIT_NO_REPORTS;
	case OUTCOME_UNKNOWN:
	case OUTCOME_STOPPED:
		return EXIT_UNKNOWN;
	case OUTCOME_TIMED_OUT:
		return EXIT_TIMED_OUT;
	default:
		return EXIT_INTERNAL;
	}
}
