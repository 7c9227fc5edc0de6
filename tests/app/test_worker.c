/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/worker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>

#include "base/thread.h"

struct job {
	int fd; /* the job waits until it can be read */
	int role, result;
	sigset_t blocked;
};

static void work(void *arg)
{
	struct job *job = arg;
	char c;

	job->role = (int)thread_role();
	pthread_sigmask(SIG_BLOCK, NULL, &job->blocked);
	job->result = (int)read(job->fd, &c, 1);
}

static void test_a_job_runs_beside(void **state)
{
	struct job job = {.result = -1, .role = -1};
	struct worker *w = NULL;
	struct pollfd p = {.events = POLLIN};
	int fds[2];

	(void)state;
	thread_adopt(THREAD_UI);
	assert_int_equal(0, pipe(fds));
	job.fd = fds[0];
	assert_int_equal(0, worker_start(&w, work, &job));
	p.fd = worker_fd(w);
	assert_int_equal(0, poll(&p, 1, 0));
	assert_false(worker_done(w));
	assert_int_equal(1, write(fds[1], "x", 1));
	assert_int_equal(1, poll(&p, 1, 10000));
	assert_true(worker_done(w));
	assert_int_equal(1, job.result);
	/* it is neither UI nor SIP, and takes nobody's signals */
	assert_int_equal(THREAD_NONE, job.role);
	assert_int_equal(1, sigismember(&job.blocked, SIGTERM));
	worker_free(w);
	worker_free(NULL);
	close(fds[0]);
	close(fds[1]);
}

static void test_free_waits_for_the_job(void **state)
{
	struct job job = {.result = -1};
	struct worker *w = NULL;
	int fds[2];

	(void)state;
	assert_int_equal(0, pipe(fds));
	job.fd = fds[0];
	assert_int_equal(0, worker_start(&w, work, &job));
	close(fds[1]);
	worker_free(w);
	assert_int_equal(0, job.result);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_job_runs_beside),
		cmocka_unit_test(test_free_waits_for_the_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
