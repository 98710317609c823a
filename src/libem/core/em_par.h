/*
 * src/libem/core/em_par.h
 *		Parallel loops that stay cancellable and deterministic.
 *
 * The items 0..n-1 are handed out in order to worker threads, which run with
 * all signals blocked.  The calling thread polls every few milliseconds and
 * joins the workers before it returns.  An item should take at most 20 ms.
 *
 * Determinism: a task writes its result to a place that belongs to the item,
 * never to the worker, and the caller combines the places in item order.  The
 * worker number only selects scratch memory.
 */
#ifndef EM_PAR_H
#define EM_PAR_H

#include "core/em_ctx.h"

/*
 * One item.  Return EM_OK, or a failure that ends the loop (the task must not
 * call em_fail; the caller of em_parallel words the message).
 */
typedef em_status (*em_task_fn) (void *arg, int64_t item, int worker);

/* Number of different `worker` values a task may see: scratch areas to allocate. */
extern int	em_parallel_workers(const em_ctx *ctx);

/* Run the loop.  `phase` (may be NULL) is reported as progress. */
extern em_status em_parallel(em_ctx *ctx, const char *phase, int64_t items,
							 em_task_fn task, void *arg);

#endif							/* EM_PAR_H */
