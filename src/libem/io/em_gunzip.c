/*
 * src/libem/io/em_gunzip.c
 *		A source that expands gzip on the way (RFC 1952, several members).
 *
 * zlib's memory comes from the context, so it counts against the budget.
 */
#include "io/em_io_internal.h"

#include <string.h>
#include <zlib.h>

#define IN_BYTES (64 * 1024)
#define MOST_EXPANSION 1032		/* what deflate can do at best */

typedef enum member_state
{
	BEFORE_MEMBER,				/* at the start of the stream or behind a member */
	IN_MEMBER,
	AT_END
} member_state;

typedef struct em_gunzip
{
	em_source  *inner;
	z_stream	z;
	member_state state;
	em_status	failed;			/* EM_OK until something goes wrong */
	int64_t		members;		/* finished so far */
	int64_t		out;			/* bytes given so far */
	int64_t		max_bytes;
	unsigned char *in;
} em_gunzip;

/* zlib's allocator: the context. */
static voidpf
zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	return em_alloc(opaque, items, size, "the gzip decoder");
}

/* zlib's deallocator. */
static void
zlib_free(voidpf opaque, voidpf address)
{
	em_free(opaque, address);
}

/* Get more input when there is none; sets *end when the inner source has no more. */
static em_status
refill(em_gunzip *g, em_ctx *ctx, bool *end)
{
	int64_t		n;

	*end = false;
	if (g->z.avail_in > 0)
		return EM_OK;
	EM_TRY(em_poll(ctx));
	n = em_source_read_some(ctx, g->inner, g->in, IN_BYTES, "the gzip stream");
	if (n < 0)
		return em_ctx_status(ctx);
	g->z.next_in = g->in;
	g->z.avail_in = (uInt) n;
	*end = n == 0;
	return EM_OK;
}

/*
 * Decide what comes behind a member: another one, nothing, or zeros that fill
 * up a tape block and are skipped.
 */
static em_status
next_member(em_gunzip *g, em_ctx *ctx)
{
	bool		end;

	for (;;)
	{
		EM_TRY(refill(g, ctx, &end));
		if (end)
		{
			g->state = AT_END;
			return EM_OK;
		}
		if (g->members == 0 || g->z.next_in[0] != 0)
			break;
		g->z.next_in++;
		g->z.avail_in--;
	}
	if (g->members > 0 && g->z.next_in[0] != 0x1f)
	{
		em_fail(ctx, EM_BAD_FORMAT, "there is something else behind the gzip stream");
		em_fail_detail(ctx, "Member %lld is followed by byte %02x.", (long long) g->members, g->z.next_in[0]);
		em_fail_hint(ctx, "Compress the map again.");
		return EM_BAD_FORMAT;
	}
	(void) inflateReset(&g->z);
	g->state = IN_MEMBER;
	return EM_OK;
}

/* Word zlib's failure. */
static em_status
gunzip_failure(const em_gunzip *g, em_ctx *ctx, int code)
{
	if (code == Z_MEM_ERROR)
		return em_ctx_status(ctx) != EM_OK ? em_ctx_status(ctx) :
			em_fail(ctx, EM_NO_MEMORY, "out of memory for the gzip decoder");
	em_fail(ctx, EM_BAD_FORMAT, "the gzip stream is damaged");
	em_fail_detail(ctx, "After %lld expanded bytes: %s.", (long long) g->out,
				   g->z.msg != NULL ? g->z.msg : code == Z_NEED_DICT ? "a preset dictionary is asked for" :
				   "invalid data");
	em_fail_hint(ctx, "Fetch or compress the file again.");
	return EM_BAD_FORMAT;
}

/* Expand up to `bytes` into buf; *got says how many came. */
static em_status
expand(em_gunzip *g, em_ctx *ctx, unsigned char *buf, int64_t bytes, int64_t *got)
{
	*got = 0;
	while (*got < bytes && g->state != AT_END)
	{
		int64_t		room = bytes - *got;
		bool		end;
		int			code;

		if (g->state == BEFORE_MEMBER)
		{
			EM_TRY(next_member(g, ctx));
			continue;
		}
		EM_TRY(refill(g, ctx, &end));
		if (end)
		{
			em_fail(ctx, EM_TRUNCATED, "the gzip stream ends too early");
			em_fail_detail(ctx, "%lld bytes came out of it before.", (long long) (g->out + *got));
			em_fail_hint(ctx, "Fetch the file again.");
			return EM_TRUNCATED;
		}
		if (*got > 0)
			EM_TRY(em_poll(ctx));
		g->z.next_out = buf + *got;
		g->z.avail_out = room > IN_BYTES * 16 ? IN_BYTES * 16 : (uInt) room;
		room = g->z.avail_out;
		code = inflate(&g->z, Z_NO_FLUSH);
		*got += room - g->z.avail_out;
		if (code == Z_STREAM_END)
		{
			g->members++;
			g->state = BEFORE_MEMBER;
		}
		else if (code != Z_OK && code != Z_BUF_ERROR)
			return gunzip_failure(g, ctx, code);
	}
	return EM_OK;
}

/* The read callback: expansion inside the limit. */
static int64_t
gunzip_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	em_gunzip  *g = source->arg;
	int64_t		left = g->max_bytes - g->out;
	int64_t		ask = bytes <= left ? bytes : left + 1;
	int64_t		got;
	char		text[32];

	if (bytes <= 0)
		return 0;
	if (g->failed != EM_OK)
	{
		em_fail(ctx, g->failed, "the gzip stream cannot be read on after a failure");
		return -1;
	}
	g->failed = expand(g, ctx, buf, ask, &got);
	if (g->failed != EM_OK)
		return -1;
	if (got > left)
	{
		g->failed = em_fail(ctx, EM_TOO_LARGE, "the gzip stream expands to more than %s",
							em_bytes((uint64_t) g->max_bytes, text));
		em_fail_hint(ctx, "Raise the limit if the file is really that large.");
		return -1;
	}
	g->out += got;
	return got;
}

/* The rewind callback: everything from the start. */
static em_status
gunzip_rewind(em_source *source, em_ctx *ctx)
{
	em_gunzip  *g = source->arg;

	EM_TRY(g->inner->rewind(g->inner, ctx));
	g->z.avail_in = 0;
	g->state = BEFORE_MEMBER;
	g->failed = EM_OK;
	g->members = 0;
	g->out = 0;
	return EM_OK;
}

/* The close callback; the inner source stays the caller's. */
static void
gunzip_close(em_source *source, em_ctx *ctx)
{
	em_gunzip  *g = source->arg;

	(void) inflateEnd(&g->z);
	em_free(ctx, g->in);
	em_free(ctx, g);
}

em_status
em_source_gunzip(em_ctx *ctx, em_source *inner, int64_t max_bytes, em_source *outer)
{
	em_gunzip  *g;

	memset(outer, 0, sizeof(*outer));
	g = em_alloc(ctx, 1, sizeof(em_gunzip), "the gzip decoder");
	if (g == NULL)
		return em_ctx_status(ctx);
	g->in = em_alloc(ctx, IN_BYTES, 1, "the gzip decoder");
	if (g->in == NULL)
	{
		em_free(ctx, g);
		return em_ctx_status(ctx);
	}
	g->inner = inner;
	g->max_bytes = max_bytes < 0 ? 0 : max_bytes;
	g->z.zalloc = zlib_alloc;
	g->z.zfree = zlib_free;
	g->z.opaque = ctx;
	if (inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK)
	{
		em_free(ctx, g->in);
		em_free(ctx, g);
		return em_ctx_status(ctx) != EM_OK ? em_ctx_status(ctx) :
			em_fail(ctx, EM_INTERNAL, "the gzip decoder could not be started");
	}
	outer->read = gunzip_read;
	outer->rewind = gunzip_rewind;
	outer->close = gunzip_close;
	outer->length = -1;
	outer->arg = g;
	return EM_OK;
}

em_status
em_gunzip_expect(em_ctx *ctx, const em_source *source, int64_t bytes)
{
	const em_gunzip *g = source->arg;
	char		limit[32];
	char		want[32];

	if (source->read != gunzip_read)
		return EM_OK;
	if (bytes > g->max_bytes)
	{
		em_fail(ctx, EM_TOO_LARGE, "the compressed map takes %s expanded, the limit is %s",
				em_bytes((uint64_t) bytes, want), em_bytes((uint64_t) g->max_bytes, limit));
		em_fail_hint(ctx, "Raise the limit if the file is really that large.");
		return EM_TOO_LARGE;
	}
	if (g->inner->length >= 0 && g->inner->length < bytes / MOST_EXPANSION)
	{
		em_fail(ctx, EM_TRUNCATED, "the gzip stream is too short for what the header promises");
		em_fail_detail(ctx, "It has %lld bytes, which cannot expand to %lld.",
					   (long long) g->inner->length, (long long) bytes);
		em_fail_hint(ctx, "Fetch the file again, or correct its header.");
		return EM_TRUNCATED;
	}
	return EM_OK;
}
