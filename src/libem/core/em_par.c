/*
 * src/libem/core/em_par.c
 *		Parallel loops over numbered items.
 */
#define _GNU_SOURCE
#include "core/em_par.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define EM_POLL_MS 4			/* how often the caller's thread polls */

typedef struct em_loop
{
	const em_ctx *ctx;
	em_task_fn	task;
	void	   *arg;
	int64_t		items;
	int64_t		next;			/* next item to hand out */
	int64_t		done;			/* items finished, for progress */
	int			failed;			/* first failing status, 0 when none */
	pthread_mutex_t lock;
	pthread_cond_t finished;
	int			running;		/* workers still at work */
} em_loop;

typedef struct em_worker
{
	em_loop    *loop;
	int			number;
	pthread_t	thread;
} em_worker;

/* The workers of a running loop. */
typedef struct em_team
{
	em_worker	worker[64];
	int			started;
} em_team;

/* Wait until every worker has ended; nothing is left to do a second time. */
static void
join_team(void *arg)
{
	em_team    *team = arg;

	while (team->started > 0)
		pthread_join(team->worker[--team->started].thread, NULL);
}

int
em_parallel_workers(const em_ctx *ctx)
{
	return em_ctx_threads(ctx);
}

/* Take items until there are none, somebody failed or the caller wants to stop. */
static void
work(em_loop *loop, int worker)
{
	while (!em_ctx_stopped(loop->ctx) && __atomic_load_n(&loop->failed, __ATOMIC_RELAXED) == 0)
	{
		int64_t		item = __atomic_fetch_add(&loop->next, 1, __ATOMIC_RELAXED);
		em_status	status;

		if (item >= loop->items)
			break;
		status = loop->task(loop->arg, item, worker);
		if (status != EM_OK)
		{
			int			expected = 0;

			__atomic_compare_exchange_n(&loop->failed, &expected, (int) status, false,
										__ATOMIC_RELAXED, __ATOMIC_RELAXED);
			break;
		}
		__atomic_fetch_add(&loop->done, 1, __ATOMIC_RELAXED);
	}
}

static void *
worker_main(void *arg)
{
	em_worker  *w = arg;

	work(w->loop, w->number);
	pthread_mutex_lock(&w->loop->lock);
	if (--w->loop->running == 0)
		pthread_cond_signal(&w->loop->finished);
	pthread_mutex_unlock(&w->loop->lock);
	return NULL;
}

/* Start up to n workers with all signals blocked; returns how many started. */
static int
start_workers(em_loop *loop, em_worker *w, int n)
{
	sigset_t	all;
	sigset_t	before;
	int			started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 0; i < n; i++)
	{
		w[i].loop = loop;
		w[i].number = i;
		pthread_mutex_lock(&loop->lock);
		loop->running++;
		pthread_mutex_unlock(&loop->lock);
		if (pthread_create(&w[i].thread, NULL, worker_main, &w[i]) != 0)
		{
			pthread_mutex_lock(&loop->lock);
			loop->running--;
			pthread_mutex_unlock(&loop->lock);
			break;
		}
		started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* Wait for the workers, polling meanwhile. */
static void
wait_workers(em_ctx *ctx, const char *phase, em_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	while (loop->running > 0)
	{
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += EM_POLL_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L)
		{
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&loop->finished, &loop->lock, &until);
		pthread_mutex_unlock(&loop->lock);
		(void) em_poll(ctx);
		em_progress(ctx, phase, (double) __atomic_load_n(&loop->done, __ATOMIC_RELAXED) / (double) loop->items);
		pthread_mutex_lock(&loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
}

/* One thread: the caller's own, polling between items. */
static em_status
run_alone(em_ctx *ctx, const char *phase, em_loop *loop)
{
	for (int64_t i = 0; i < loop->items; i++)
	{
		em_status	status;

		EM_TRY(em_poll(ctx));
		status = loop->task(loop->arg, i, 0);
		if (status != EM_OK)
			return status;
		em_progress(ctx, phase, (double) (i + 1) / (double) loop->items);
	}
	return EM_OK;
}

em_status
em_parallel(em_ctx *ctx, const char *phase, int64_t items, em_task_fn task, void *arg)
{
	em_loop		loop = {.ctx = ctx, .task = task, .arg = arg, .items = items};
	em_team		team;
	pthread_condattr_t attr;
	int			n = em_ctx_threads(ctx);
	bool		alone;

	if (items <= 0)
		return EM_OK;
	EM_TRY(em_poll(ctx));
	if (n > items)
		n = (int) items;
	if (n <= 1)
		return run_alone(ctx, phase, &loop);

	pthread_mutex_init(&loop.lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&loop.finished, &attr);
	pthread_condattr_destroy(&attr);

	team.started = start_workers(&loop, team.worker, n);
	alone = team.started == 0;
	em_ctx_set_loop(ctx, &team, join_team);
	wait_workers(ctx, phase, &loop);
	join_team(&team);
	em_ctx_set_loop(ctx, NULL, NULL);
	pthread_cond_destroy(&loop.finished);
	pthread_mutex_destroy(&loop.lock);

	if (alone)
		return run_alone(ctx, phase, &loop);
	if (em_ctx_stopped(ctx))
		return em_fail(ctx, EM_CANCELLED, "stopped on request");
	return (em_status) loop.failed;
}
