/*
 * src/libem/core/em_ctx.c
 *		The context: memory ledger, poll, progress, failures.
 */
#include "core/em_ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EM_MAP_LIMIT ((uint64_t) 4 << 20)	/* blocks from here on are mapped */
#define EM_HUGE_PAGE ((uint64_t) 2 << 20)
#define EM_HEAD 64				/* bytes before every block, keeps alignment */

/* Ledger entry in front of every block. */
typedef struct em_block
{
	struct em_block *next;
	struct em_block *prev;
	uint64_t	bytes;			/* as charged to the budget */
	void	   *base;			/* what to unmap or free */
	uint64_t	base_bytes;		/* mapped bytes; 0 means free() */
} em_block;

struct em_ctx
{
	em_ctx_options opt;
	em_block	blocks;			/* head of a ring */
	uint64_t	used;
	uint64_t	peak;
	volatile int stop;
	em_status	status;
	char		message[256];
	char		detail[512];
	char		hint[256];
	void	   *slot[EM_SLOT_COUNT];
	em_slot_free slot_free[EM_SLOT_COUNT];
	void	   *loop;			/* the running loop, if any */
	em_loop_finish loop_finish;
	bool		in_steps;		/* progress is that of a loop of many passes */
};

_Static_assert(sizeof(em_block) <= EM_HEAD, "ledger entry must fit its head");

static int
default_threads(void)
{
	long		n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 64 ? 64 : (int) n;
}

em_ctx *
em_ctx_create(const em_ctx_options *options)
{
	em_ctx	   *ctx = calloc(1, sizeof(em_ctx));

	if (ctx == NULL)
		return NULL;
	if (options != NULL)
		ctx->opt = *options;
	if (ctx->opt.threads <= 0)
		ctx->opt.threads = default_threads();
	if (ctx->opt.threads > 64)
		ctx->opt.threads = 64;
	if (ctx->opt.memory_budget == 0)
		ctx->opt.memory_budget = UINT64_MAX;
	ctx->blocks.next = ctx->blocks.prev = &ctx->blocks;
	return ctx;
}

static void
release_block(em_block *b)
{
	if (b->base_bytes > 0)
		munmap(b->base, b->base_bytes);
	else
		free(b->base);
}

void
em_ctx_destroy(em_ctx *ctx)
{
	if (ctx == NULL)
		return;
	if (ctx->loop != NULL)
	{
		__atomic_store_n(&ctx->stop, 1, __ATOMIC_RELAXED);
		ctx->loop_finish(ctx->loop);
	}
	for (int i = 0; i < EM_SLOT_COUNT; i++)
		if (ctx->slot[i] != NULL && ctx->slot_free[i] != NULL)
			ctx->slot_free[i] (ctx->slot[i]);
	while (ctx->blocks.next != &ctx->blocks)
	{
		em_block   *b = ctx->blocks.next;

		b->prev->next = b->next;
		b->next->prev = b->prev;
		release_block(b);
	}
	free(ctx);
}

void
em_ctx_set_callbacks(em_ctx *ctx, em_poll_fn poll, em_progress_fn progress, void *arg)
{
	ctx->opt.poll = poll;
	ctx->opt.progress = progress;
	ctx->opt.arg = arg;
}

int
em_ctx_threads(const em_ctx *ctx)
{
	return ctx->opt.threads;
}

uint64_t
em_ctx_seed(const em_ctx *ctx)
{
	return ctx->opt.seed;
}

uint64_t
em_ctx_memory_budget(const em_ctx *ctx)
{
	return ctx->opt.memory_budget;
}

uint64_t
em_ctx_memory_used(const em_ctx *ctx)
{
	return ctx->used;
}

uint64_t
em_ctx_memory_peak(const em_ctx *ctx)
{
	return ctx->peak;
}

/* Get a block from the system: mapped with huge pages when it is large. */
static void *
get_block(uint64_t bytes, void **base, uint64_t *base_bytes)
{
	char	   *p;

	*base_bytes = 0;
	if (bytes < EM_MAP_LIMIT)
	{
		if (posix_memalign(base, 64, bytes) != 0)
			return NULL;
		memset(*base, 0, bytes);
		return *base;
	}
	*base_bytes = bytes + EM_HUGE_PAGE;
	p = mmap(NULL, *base_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	*base = p;
	p += (EM_HUGE_PAGE - (uintptr_t) p % EM_HUGE_PAGE) % EM_HUGE_PAGE;
	(void) madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

void *
em_alloc(em_ctx *ctx, uint64_t count, size_t size, const char *what)
{
	uint64_t	bytes;
	void	   *base;
	uint64_t	base_bytes;
	em_block   *b;
	char		text[32];

	if (__builtin_mul_overflow(count, (uint64_t) size, &bytes) || bytes > UINT64_MAX / 4)
	{
		em_fail(ctx, EM_TOO_LARGE, "%s is too large to address", what);
		return NULL;
	}
	if (bytes == 0)
		bytes = 1;
	if (em_require(ctx, bytes, what) != EM_OK)
		return NULL;
	b = get_block(bytes + EM_HEAD, &base, &base_bytes);
	if (b == NULL)
	{
		em_fail(ctx, EM_NO_MEMORY, "out of memory for %s", what);
		em_fail_detail(ctx, "The system refused %s.", em_bytes(bytes, text));
		return NULL;
	}
	b->base = base;
	b->base_bytes = base_bytes;
	b->bytes = bytes;
	b->next = ctx->blocks.next;
	b->prev = &ctx->blocks;
	b->next->prev = b;
	ctx->blocks.next = b;
	ctx->used += bytes;
	if (ctx->used > ctx->peak)
		ctx->peak = ctx->used;
	return (char *) b + EM_HEAD;
}

void
em_free(em_ctx *ctx, void *ptr)
{
	em_block   *b;

	if (ptr == NULL)
		return;
	b = (em_block *) ((char *) ptr - EM_HEAD);
	b->prev->next = b->next;
	b->next->prev = b->prev;
	ctx->used -= b->bytes;
	release_block(b);
}

em_status
em_require(em_ctx *ctx, uint64_t bytes, const char *what)
{
	char		need[32];
	char		used[32];
	char		budget[32];

	if (bytes <= ctx->opt.memory_budget && ctx->used <= ctx->opt.memory_budget - bytes)
		return EM_OK;
	em_fail(ctx, EM_OVER_BUDGET, "not enough memory in the budget for %s", what);
	em_fail_detail(ctx, "It needs %s, %s are in use, and the budget is %s.",
				   em_bytes(bytes, need), em_bytes(ctx->used, used),
				   em_bytes(ctx->opt.memory_budget, budget));
	em_fail_hint(ctx, "Raise the memory budget.");
	return EM_OVER_BUDGET;
}

em_status
em_poll(em_ctx *ctx)
{
	if (!ctx->stop && ctx->opt.poll != NULL && ctx->opt.poll(ctx->opt.arg))
		__atomic_store_n(&ctx->stop, 1, __ATOMIC_RELAXED);
	if (ctx->stop)
		return em_fail(ctx, EM_CANCELLED, "stopped on request");
	return EM_OK;
}

bool
em_ctx_stopped(const em_ctx *ctx)
{
	return __atomic_load_n(&ctx->stop, __ATOMIC_RELAXED) != 0;
}

void
em_ctx_reset(em_ctx *ctx)
{
	ctx->stop = 0;
	ctx->in_steps = false;
	ctx->status = EM_OK;
	ctx->message[0] = ctx->detail[0] = ctx->hint[0] = '\0';
}

void
em_progress(em_ctx *ctx, const char *phase, double fraction)
{
	if (phase != NULL && ctx->opt.progress != NULL && !ctx->in_steps)
		ctx->opt.progress(ctx->opt.arg, phase, fraction);
}

void
em_progress_steps(em_ctx *ctx, const char *phase, double fraction)
{
	ctx->in_steps = false;
	em_progress(ctx, phase, fraction);
	ctx->in_steps = phase != NULL;
}

em_status
em_fail(em_ctx *ctx, em_status status, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(ctx->message, sizeof(ctx->message), format, args);
	va_end(args);
	ctx->detail[0] = ctx->hint[0] = '\0';
	ctx->status = status;
	return status;
}

void
em_fail_detail(em_ctx *ctx, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(ctx->detail, sizeof(ctx->detail), format, args);
	va_end(args);
}

void
em_fail_hint(em_ctx *ctx, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(ctx->hint, sizeof(ctx->hint), format, args);
	va_end(args);
}

em_status
em_ctx_status(const em_ctx *ctx)
{
	return ctx->status;
}

const char *
em_ctx_message(const em_ctx *ctx)
{
	return ctx->message;
}

const char *
em_ctx_detail(const em_ctx *ctx)
{
	return ctx->detail;
}

const char *
em_ctx_hint(const em_ctx *ctx)
{
	return ctx->hint;
}

const char *
em_bytes(uint64_t bytes, char *buf)
{
	static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double		v = (double) bytes;
	int			u = 0;

	if (bytes == UINT64_MAX)
		return strcpy(buf, "unlimited");
	while (v >= 1024.0 && u < 6)
	{
		v /= 1024.0;
		u++;
	}
	snprintf(buf, 32, u == 0 ? "%.0f %s" : "%.1f %s", v, unit[u]);
	return buf;
}

void *
em_ctx_slot(em_ctx *ctx, int which)
{
	return ctx->slot[which];
}

void
em_ctx_set_slot(em_ctx *ctx, int which, void *slot, em_slot_free destroy)
{
	ctx->slot[which] = slot;
	ctx->slot_free[which] = destroy;
}

void
em_ctx_set_loop(em_ctx *ctx, void *loop, em_loop_finish finish)
{
	ctx->loop = loop;
	ctx->loop_finish = finish;
}
