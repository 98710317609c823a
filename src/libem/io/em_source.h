/*
 * src/libem/io/em_source.h
 *		A stream of bytes that a map is read from, and one it is written to.
 *
 * The caller of libem supplies the ends (a large object, a file, memory); the
 * gzip source wraps another source and expands it on the way.
 */
#ifndef EM_SOURCE_H
#define EM_SOURCE_H

#include "core/em_ctx.h"

typedef struct em_source em_source;

struct em_source
{
	/*
	 * Read up to `bytes` into buf, return how many (0 at the end), or -1 after
	 * a failure (the message is in the context when it came from libem).
	 */
	int64_t		(*read) (em_source *source, em_ctx *ctx, void *buf, int64_t bytes);
	/* Go back to the first byte; a failure is recorded like em_fail. */
	em_status	(*rewind) (em_source *source, em_ctx *ctx);
	/* Free what the source holds; may be NULL. */
	void		(*close) (em_source *source, em_ctx *ctx);
	int64_t		length;			/* bytes in all, or -1 when unknown before the end (gzip) */
	void	   *arg;
	int64_t		at;				/* position, for sources that keep no state of their own */
};

typedef struct em_target em_target;

struct em_target
{
	em_status	(*write) (em_target *target, em_ctx *ctx, const void *buf, int64_t bytes);
	void	   *arg;
};

/* A source over bytes in memory, which must outlive it (tests, fuzzers, bytea). */
extern void em_source_memory(em_source *source, const void *bytes, int64_t length);

/* A source over a stdio file (tests and tools); EM_IO when it cannot be opened. */
extern em_status em_source_file(em_ctx *ctx, const char *path, em_source *source);

/* A target over a stdio file; close it with em_target_file_close. */
extern em_status em_target_file(em_ctx *ctx, const char *path, em_target *target);
extern em_status em_target_file_close(em_ctx *ctx, em_target *target);

/* Does the stream begin with the gzip magic 1f 8b?  Rewinds the source. */
extern em_status em_source_is_gzip(em_ctx *ctx, em_source *source, bool *is_gzip);

/*
 * Wrap a gzip source (several members are one stream).  Expansion stops with
 * EM_TOO_LARGE when more than `max_bytes` come out.  `inner` stays owned by the
 * caller and must outlive `outer`.
 */
extern em_status em_source_gunzip(em_ctx *ctx, em_source *inner, int64_t max_bytes, em_source *outer);

/*
 * Refuse before any work when a source cannot yield `bytes`: EM_TRUNCATED when
 * it is too short (deflate expands at most 1032-fold), EM_TOO_LARGE when its
 * expansion limit is in the way.  EM_OK promises nothing.
 */
extern em_status em_source_expect(em_ctx *ctx, const em_source *source, int64_t bytes);

/* Free what a source holds; fine for one that was never opened (all zero). */
extern void em_source_close(em_ctx *ctx, em_source *source);

/* Read exactly `bytes`; EM_TRUNCATED when the stream ends before. */
extern em_status em_source_read_all(em_ctx *ctx, em_source *source, void *buf, int64_t bytes,
									const char *what);

#endif							/* EM_SOURCE_H */
