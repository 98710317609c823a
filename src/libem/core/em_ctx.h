/*
 * src/libem/core/em_ctx.h
 *		The context: everything that varies between callers of libem.
 *
 * A context carries the allocator's ledger and its budget, the poll and
 * progress callbacks, the number of threads and the random seed, and it holds
 * the message of the last failure.  libem keeps no other state, so results do
 * not depend on who calls.  Nothing in libem exits, aborts or longjmps, and no
 * callback may do so either.
 *
 * Threads: only the thread that made the context may call the functions below.
 * Worker threads (see em_par.h) get memory that was allocated before they
 * start, and em_ctx_stopped() is the one function they may call.
 */
#ifndef EM_CTX_H
#define EM_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of a call.  Everything except EM_OK leaves a message. */
typedef enum em_status
{
	EM_OK = 0,
	EM_CANCELLED,				/* poll asked to stop */
	EM_NO_MEMORY,				/* the system has no memory left */
	EM_OVER_BUDGET,				/* needs more than the context's budget */
	EM_IO,						/* the source could not be read or written */
	EM_TRUNCATED,				/* fewer bytes than the header promises */
	EM_BAD_FORMAT,				/* not an MRC/CCP4 map, or one that contradicts itself */
	EM_UNSUPPORTED,				/* valid, but refused (mode 3, 4, 101, stacks) */
	EM_TOO_LARGE,				/* beyond a stated limit */
	EM_CHANGED,					/* content is not what the fingerprint says */
	EM_BAD_ARGUMENT,			/* a value outside its range */
	EM_MISMATCH,				/* two maps that must agree do not */
	EM_NOT_MEASURABLE,			/* valid input without the quantity asked for */
	EM_INTERNAL					/* a bug in libem */
} em_status;

typedef struct em_ctx em_ctx;

/*
 * Asked at least every 20 ms of work, always from the caller's thread.  A
 * nonzero answer stops the work, which then returns EM_CANCELLED.
 */
typedef int (*em_poll_fn) (void *arg);

/* Told what is being done and how much of it (0..1); from the caller's thread. */
typedef void (*em_progress_fn) (void *arg, const char *phase, double fraction);

typedef struct em_ctx_options
{
	int			threads;		/* worker threads, 1..64; 0 means one per CPU */
	uint64_t	memory_budget;	/* bytes that may be allocated at once; 0 means no limit */
	uint64_t	seed;			/* seed of every random draw */
	em_poll_fn	poll;			/* may be NULL */
	em_progress_fn progress;	/* may be NULL */
	void	   *arg;			/* handed to poll and progress */
} em_ctx_options;

/* Make a context, or return NULL when there is no memory for it. */
extern em_ctx *em_ctx_create(const em_ctx_options *options);

/* Free the context, everything allocated from it and its plans; NULL is fine. */
extern void em_ctx_destroy(em_ctx *ctx);

/* Replace the callbacks and their argument (a context that outlives a call). */
extern void em_ctx_set_callbacks(em_ctx *ctx, em_poll_fn poll, em_progress_fn progress, void *arg);

extern int	em_ctx_threads(const em_ctx *ctx);
extern uint64_t em_ctx_seed(const em_ctx *ctx);
extern uint64_t em_ctx_memory_budget(const em_ctx *ctx);	/* UINT64_MAX when unlimited */
extern uint64_t em_ctx_memory_used(const em_ctx *ctx);
extern uint64_t em_ctx_memory_peak(const em_ctx *ctx);

/*
 * Memory.  Zero-filled and aligned to 64 bytes; blocks of 4 MiB and more are
 * mapped with huge pages and go back to the system when freed.  em_alloc
 * returns NULL after recording EM_OVER_BUDGET or EM_NO_MEMORY with the numbers;
 * `what` names the thing for that message ("half map 1").  `count * size` is
 * checked for overflow.
 */
extern void *em_alloc(em_ctx *ctx, uint64_t count, size_t size, const char *what);
extern void em_free(em_ctx *ctx, void *ptr);

/* Refuse work before it starts if `bytes` more do not fit in the budget. */
extern em_status em_require(em_ctx *ctx, uint64_t bytes, const char *what);

/* Ask the poll callback; EM_CANCELLED (with message) when it wants to stop. */
extern em_status em_poll(em_ctx *ctx);

/* Has poll asked to stop?  The one call that worker threads may make. */
extern bool em_ctx_stopped(const em_ctx *ctx);

/* Clear the stop flag and the message before a new piece of work. */
extern void em_ctx_reset(em_ctx *ctx);

extern void em_progress(em_ctx *ctx, const char *phase, double fraction);

/*
 * Progress of a loop whose steps take many passes: what the passes report is left out, until
 * the loop ends it with phase NULL (or em_ctx_reset does).
 */
extern void em_progress_steps(em_ctx *ctx, const char *phase, double fraction);

/*
 * Failures.  Messages are lower case without a full stop, details are
 * sentences, hints name the remedy.  em_fail returns `status`, so that
 * `return em_fail(ctx, EM_BAD_FORMAT, "...")` reads well.
 */
extern em_status em_fail(em_ctx *ctx, em_status status, const char *format,...)
			__attribute__((format(printf, 3, 4)));
extern void em_fail_detail(em_ctx *ctx, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void em_fail_hint(em_ctx *ctx, const char *format,...) __attribute__((format(printf, 2, 3)));

extern em_status em_ctx_status(const em_ctx *ctx);
extern const char *em_ctx_message(const em_ctx *ctx);	/* "" when nothing failed */
extern const char *em_ctx_detail(const em_ctx *ctx);
extern const char *em_ctx_hint(const em_ctx *ctx);

/* "12.1 GiB" for messages; buf holds at least 32 bytes. */
extern const char *em_bytes(uint64_t bytes, char *buf);

/*
 * Things other modules keep for the context's life (FFT plans).  The slot is
 * destroyed with the context.
 */
typedef void (*em_slot_free) (void *slot);
extern void *em_ctx_slot(em_ctx *ctx, int which);
extern void em_ctx_set_slot(em_ctx *ctx, int which, void *slot, em_slot_free destroy);

enum
{
	EM_SLOT_FFT = 0,
	EM_SLOT_COUNT
};

/*
 * The parallel loop that is running, and how to end it: em_ctx_destroy does so
 * before any memory goes, also when it is called from within poll (a process
 * that exits).  Only em_par.c sets it.
 */
typedef void (*em_loop_finish) (void *loop);
extern void em_ctx_set_loop(em_ctx *ctx, void *loop, em_loop_finish finish);

#define EM_TRY(call) \
	do { \
		em_status	em_try_status_ = (call); \
		if (em_try_status_ != EM_OK) \
			return em_try_status_; \
	} while (0)

#endif							/* EM_CTX_H */
