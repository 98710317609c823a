/*
 * Parallel loops: every item once, failures, cancel, and a process that exits
 * from within poll while workers are running.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/em_par.h"
#include "tap.h"

#define ITEMS 1000

typedef struct shared
{
	int			seen[ITEMS];
	int64_t		fail_at;		/* item that fails, -1 for none */
	volatile char *memory;		/* written by every item */
	int			slow;			/* microseconds an item takes */
} shared;

static em_status
task(void *arg, int64_t item, int worker)
{
	shared	   *s = arg;

	(void) worker;
	if (item == s->fail_at)
		return EM_NOT_MEASURABLE;
	__atomic_fetch_add(&s->seen[item], 1, __ATOMIC_RELAXED);
	if (s->slow > 0)
		usleep((useconds_t) s->slow);
	if (s->memory != NULL)
		s->memory[item] = 1;
	return EM_OK;
}

static int
stop_at_once(void *arg)
{
	(void) arg;
	return 1;
}

static int	polls;

/* What a server process does that is told to exit: free everything and go. */
static int
exit_process(void *arg)
{
	if (++polls < 3)
		return 0;
	em_ctx_destroy(*(em_ctx **) arg);
	_exit(0);
}

static void
test_items(int threads)
{
	em_ctx_options options = {.threads = threads};
	em_ctx	   *ctx = em_ctx_create(&options);
	shared		s = {.fail_at = -1};
	int			once = 0;

	is_int(em_parallel(ctx, "test", ITEMS, task, &s), EM_OK, "%d threads: the loop ends well", threads);
	for (int i = 0; i < ITEMS; i++)
		once += s.seen[i] == 1;
	is_int(once, ITEMS, "every item is done once");
	memset(&s, 0, sizeof(s));
	s.fail_at = 500;
	is_int(em_parallel(ctx, "test", ITEMS, task, &s), EM_NOT_MEASURABLE, "a failing item ends it with its status");
	em_ctx_set_callbacks(ctx, stop_at_once, NULL, NULL);
	s.fail_at = -1;
	is_int(em_parallel(ctx, "test", ITEMS, task, &s), EM_CANCELLED, "poll ends it");
	em_ctx_destroy(ctx);
}

/* A child process exits from within poll; its workers must be gone before its memory is. */
static void
test_exit(void)
{
	int			status = -1;
	pid_t		pid = fork();

	if (pid == 0)
	{
		em_ctx	   *ctx;
		em_ctx_options options = {.threads = 4,.poll = exit_process,.arg = &ctx};
		static shared s = {.fail_at = -1,.slow = 2000};

		ctx = em_ctx_create(&options);
		s.memory = em_alloc(ctx, ITEMS, 1 << 13, "memory");
		em_parallel(ctx, "test", ITEMS, task, &s);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process may exit from within poll (status %d)", status);
}

/* What was reported: the phase of each report, its first letter, and whether a fraction fell within a phase. */
typedef struct reports
{
	char		phases[64];
	int			n;
	double		last;
	bool		fell;
} reports;

static void
note_report(void *arg, const char *phase, double fraction)
{
	reports    *r = arg;

	if (r->n > 0 && r->phases[r->n - 1] == phase[0])
		r->fell = r->fell || fraction < r->last;
	else if (r->n < 63)
		r->phases[r->n++] = phase[0];
	r->last = fraction;
}

/* A loop of many passes reports for them. */
static void
test_steps(void)
{
	reports		r = {.n = 0};
	em_ctx_options options = {.threads = 1,.progress = note_report,.arg = &r};
	em_ctx	   *ctx = em_ctx_create(&options);
	shared		s = {.fail_at = -1};

	for (int i = 0; i < 4; i++)
	{
		em_progress_steps(ctx, "outer", i / 4.0);
		(void) em_parallel(ctx, "inner", ITEMS, task, &s);
	}
	em_progress_steps(ctx, NULL, 1);
	ok(strcmp(r.phases, "o") == 0, "passes within steps say nothing");
	ok(!r.fell && r.last == 0.75, "and progress never goes back");
	(void) em_parallel(ctx, "inner", ITEMS, task, &s);
	ok(strcmp(r.phases, "oi") == 0, "after the loop they do again");
	em_progress_steps(ctx, "left", 0.5);
	em_ctx_reset(ctx);
	(void) em_parallel(ctx, "inner", ITEMS, task, &s);
	ok(strcmp(r.phases, "oili") == 0, "also after a loop that was left");
	em_ctx_destroy(ctx);
}

int
main(void)
{
	for (int threads = 1; threads <= 4; threads++)
		test_items(threads);
	test_steps();
	test_exit();
	return tap_done();
}
