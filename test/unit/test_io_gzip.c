/*
 * test/unit/test_io_gzip.c
 *		The gzip source: members, limits, damage, memory.
 */
#include "tap.h"
#include "mrc_bytes.h"

#include <zlib.h>

/* Bytes that compress, but not to nothing. */
static uint8_t *
make_bytes(int64_t n)
{
	uint8_t    *b = malloc((size_t) n + 1);
	uint32_t	x = 1;

	for (int64_t i = 0; i < n; i++)
	{
		x = x * 1664525 + 1013904223;
		b[i] = (uint8_t) (x >> 29);
	}
	return b;
}

/* One gzip member; returns its length. */
static int64_t
compress_member(const uint8_t *from, int64_t n, uint8_t *to, int64_t room)
{
	z_stream	z;

	memset(&z, 0, sizeof(z));
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (uint8_t *) from;
	z.avail_in = (uInt) n;
	z.next_out = to;
	z.avail_out = (uInt) room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	n = room - z.avail_out;
	deflateEnd(&z);
	return n;
}

static char message[256];		/* of the last failure of expand_all */

/* Expand everything `step` bytes at a time; the length, or minus the status. */
static int64_t
expand_all(em_ctx *ctx, const uint8_t *gz, int64_t n, int64_t limit, int64_t step, uint8_t *to, int64_t room)
{
	em_source	inner;
	em_source	outer;
	int64_t		at = 0;
	int64_t		got;

	em_ctx_reset(ctx);
	em_source_memory(&inner, gz, n);
	if (em_source_gunzip(ctx, &inner, limit, &outer) != EM_OK)
		return -(int64_t) em_ctx_status(ctx);
	do
	{
		int64_t		ask = step < room - at ? step : room - at;

		got = outer.read(&outer, ctx, to + at, ask);
		at += got > 0 ? got : 0;
	} while (got > 0);
	if (got < 0)
	{
		at = -(int64_t) em_ctx_status(ctx);
		snprintf(message, sizeof(message), "%s", em_ctx_message(ctx));
		if (outer.read(&outer, ctx, to, 1) != -1 || -(int64_t) em_ctx_status(ctx) != at)
			at = -1000;			/* a failure must stay one */
	}
	em_source_close(ctx, &outer);
	return at;
}

#define N 300000
#define ROOM (N + 100)

static void
test_members(em_ctx *ctx, const uint8_t *plain, uint8_t *out)
{
	uint8_t    *gz = malloc(2 * N);
	int64_t		n;
	em_source	source;
	bool		is;

	n = compress_member(plain, N, gz, 2 * N);
	for (int64_t step = 1; step < 10 * N; step = step * 7 + 3)
		ok(expand_all(ctx, gz, n, N, step, out, ROOM) == N && memcmp(plain, out, N) == 0,
		   "one member, %lld bytes a time", (long long) step);
	em_source_memory(&source, gz, n);
	ok(em_source_is_gzip(ctx, &source, &is) == EM_OK && is && source.at == 0, "gzip is recognised");
	em_source_memory(&source, plain, N);
	ok(em_source_is_gzip(ctx, &source, &is) == EM_OK && !is && source.at == 0, "and what is not");
	em_source_memory(&source, gz, 1);
	ok(em_source_is_gzip(ctx, &source, &is) == EM_OK && !is, "one byte is not gzip");

	n = 0;
	for (int i = 0; i < 30; i++)
		n += compress_member(plain + i * (N / 30), i == 7 ? 0 : N / 30, gz + n, 2 * N - n);
	ok(expand_all(ctx, gz, n, N, 4096, out, ROOM) == N - N / 30 &&
	   memcmp(plain + 8 * (N / 30), out + 7 * (N / 30), N / 30) == 0,
	   "30 members, one empty, are one stream");
	memset(gz + n, 0, 3000);
	is_int(expand_all(ctx, gz, n + 3000, N, 4096, out, ROOM), N - N / 30,
		   "zeros behind the last one are passed over");
	gz[n + 2000] = 'x';
	is_int(expand_all(ctx, gz, n + 3000, N, 4096, out, ROOM), -EM_BAD_FORMAT,
		   "anything else is refused");
	free(gz);
}

static void
test_limits(em_ctx *ctx, const uint8_t *plain, uint8_t *out)
{
	uint8_t    *gz = malloc(2 * N);
	int64_t		n = compress_member(plain, N, gz, 2 * N);
	uint8_t    *zeros = calloc(1, 64 << 20);
	int64_t		bomb;

	is_int(expand_all(ctx, gz, n, N, 1000, out, ROOM), N, "exactly the limit comes out");
	is_int(expand_all(ctx, gz, n, N - 1, 1000, out, ROOM), -EM_TOO_LARGE, "one byte more is too large");
	is_int(expand_all(ctx, gz, n, 0, 1000, out, ROOM), -EM_TOO_LARGE, "limit 0");
	ok(strstr(message, "expands to more than") != NULL, "%s", message);
	bomb = compress_member(zeros, 64 << 20, gz, 2 * N);
	is_int(expand_all(ctx, gz, bomb, 1 << 20, 1 << 20, zeros, 64 << 20), -EM_TOO_LARGE,
		   "a bomb of %lld bytes stops at the limit", (long long) bomb);
	free(zeros);
	free(gz);
}

/* Flip every bit of a small stream, cut it everywhere: never a wrong result that looks right. */
static void
test_damage(em_ctx *ctx, const uint8_t *plain, uint8_t *out)
{
	const int64_t small = 500;
	uint8_t		gz[2000];
	int64_t		n = compress_member(plain, small, gz, sizeof(gz));
	int			wrong = 0;
	int			short_wrong = 0;

	for (int64_t i = 0; i < n * 8; i++)
	{
		int64_t		got;

		gz[i / 8] ^= (uint8_t) (1 << i % 8);
		got = expand_all(ctx, gz, n, 1 << 20, 333, out, ROOM);
		wrong += got >= 0 && (got != small || memcmp(out, plain, (size_t) small) != 0);
		wrong += got < 0 && message[0] == '\0';
		gz[i / 8] ^= (uint8_t) (1 << i % 8);
	}
	is_int(wrong, 0, "no single flipped bit goes unnoticed");
	for (int64_t i = 1; i < n; i++)
		short_wrong += expand_all(ctx, gz, i, 1 << 20, 333, out, ROOM) != -EM_TRUNCATED;
	is_int(short_wrong, 0, "a stream cut anywhere is EM_TRUNCATED");
	is_int(expand_all(ctx, gz, 0, 1 << 20, 333, out, ROOM), 0, "an empty source is an empty stream");
	is_int(expand_all(ctx, plain, 100, 1 << 20, 333, out, ROOM), -EM_BAD_FORMAT,
		   "what is not gzip is refused");
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
}

static double
some_value(int x, int y, int z)
{
	return x * 3 - y + z % 50;
}

/* Maps inside gzip. */
static void
test_maps(void)
{
	mrc_spec	s = mrc_default(40, 30, 20, 1, true);
	em_ctx	   *ctx = mrc_ctx(4);
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, some_value, &length);
	uint8_t    *gz = malloc((size_t) length + 1000);
	int64_t		n = compress_member(b, length, gz, length + 1000);
	em_source	inner;
	em_source	outer;
	em_mrc_header h;
	em_volume  *v;
	em_stats	stats;
	int			over = 0;
	int			late = 0;
	int			left = 0;

	em_source_memory(&inner, gz, n);
	is_int(em_source_gunzip(ctx, &inner, 1 << 30, &outer), EM_OK, "open");
	is_int(outer.length, -1, "the expanded length is unknown");
	is_int(em_mrc_read(ctx, &outer, "the map", &h, &v), EM_OK, "a compressed map is read");
	ok(v != NULL && em_volume_row(v, 29, 19)[39] == some_value(39, 29, 19), "to its last voxel");
	em_volume_destroy(ctx, v);
	is_int(outer.rewind(&outer, ctx), EM_OK, "back to the start");
	ok(em_mrc_read_header(ctx, &outer, &h) == EM_OK && em_mrc_scan_voxels(ctx, &outer, &h, &stats) == EM_OK &&
	   stats.n == 24000, "and scanned");
	em_source_close(ctx, &outer);

	is_int(em_source_gunzip(ctx, &inner, 10000, &outer), EM_OK, "a limit below the size of the map");
	inner.rewind(&inner, ctx);
	is_int(em_mrc_read(ctx, &outer, "the map", &h, &v), EM_TOO_LARGE, "is told before anything is read");
	em_source_close(ctx, &outer);

	mrc_put(b + 8, 60000, 4, true);
	n = compress_member(b, length, gz, length + 1000);
	em_source_memory(&inner, gz, n);
	is_int(em_source_gunzip(ctx, &inner, INT64_MAX, &outer), EM_OK, "a header that promises too much");
	is_int(em_mrc_read(ctx, &outer, "the map", &h, &v), EM_TRUNCATED, "is refused");
	ok(em_ctx_memory_peak(ctx) < 1 << 20, "before memory is asked for (%s)", em_ctx_message(ctx));
	em_source_close(ctx, &outer);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);

	for (uint64_t budget = 1; budget < 300000; budget += 5000)
	{
		em_status	got;

		ctx = em_ctx_create(&(em_ctx_options) {.threads = 1,.memory_budget = budget});
		em_source_memory(&inner, gz, n);
		got = em_source_gunzip(ctx, &inner, 1 << 30, &outer);
		if (got == EM_OK)
			got = em_mrc_read_header(ctx, &outer, &h);
		over += got == EM_OVER_BUDGET;
		late += got != EM_OVER_BUDGET;
		em_source_close(ctx, &outer);
		left += em_ctx_memory_used(ctx) != 0;
		em_ctx_destroy(ctx);
	}
	ok(over > 10 && late > 10 && left == 0, "zlib's memory counts, and goes back");
	free(gz);
	free(b);
}

int
main(void)
{
	em_ctx	   *ctx = mrc_ctx(8);
	uint8_t    *plain = make_bytes(N);
	uint8_t    *out = malloc(ROOM);

	test_members(ctx, plain, out);
	test_limits(ctx, plain, out);
	test_damage(ctx, plain, out);
	test_maps();
	free(plain);
	free(out);
	em_ctx_destroy(ctx);
	return tap_done();
}
