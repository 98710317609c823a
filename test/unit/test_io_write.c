/*
 * test/unit/test_io_write.c
 *		Writing maps: bytes in their places, round trips, refusals.
 */
#include "tap.h"
#include "mrc_bytes.h"

#include <unistd.h>

/* A target in memory. */
typedef struct memory
{
	em_target	target;
	uint8_t    *bytes;
	int64_t		n;
	int64_t		room;			/* EM_IO beyond */
} memory;

static em_status
memory_write(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	memory	   *m = target->arg;

	if (m->n + bytes > m->room)
		return em_fail(ctx, EM_IO, "the disk is full");
	memcpy(m->bytes + m->n, buf, (size_t) bytes);
	m->n += bytes;
	return EM_OK;
}

static memory *
memory_create(int64_t room)
{
	memory	   *m = calloc(1, sizeof(memory));

	m->bytes = malloc((size_t) room);
	m->room = room;
	m->target.write = memory_write;
	m->target.arg = m;
	return m;
}

static void
memory_free(memory *m)
{
	free(m->bytes);
	free(m);
}

/* A volume 5 x 4 x 3 with geometry and values k/2 - 10. */
static em_volume *
make_volume(em_ctx *ctx)
{
	em_grid		g = {.n = {5, 4, 3},.voxel = {1.25, 1.5, 2},.start = {-7, 8, 9},
	.origin = {0.5, -20, 1000},.angle = {90, 90, 90}};
	em_volume  *v;
	int			k = 0;

	if (em_volume_create(ctx, &g, "the map", &v) != EM_OK)
		abort();
	for (int z = 0; z < 3; z++)
		for (int y = 0; y < 4; y++)
			for (int x = 0; x < 5; x++)
				em_volume_row(v, y, z)[x] = 0.5f * (float) k++ - 10;
	return v;
}

static int32_t
int_at(const uint8_t *b, int at)
{
	return (int32_t) ((uint32_t) b[at] | (uint32_t) b[at + 1] << 8 | (uint32_t) b[at + 2] << 16 |
					  (uint32_t) b[at + 3] << 24);
}

static float
float_at(const uint8_t *b, int at)
{
	int32_t		i = int_at(b, at);
	float		f;

	memcpy(&f, &i, 4);
	return f;
}

/* Every word of the header. */
static void
test_header(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx);
	memory	   *m = memory_create(4096);
	uint8_t    *b = m->bytes;
	char		label[81];

	is_int(em_mrc_write(ctx, v, 2, "soft mask of EMD-1 \xc3\x85", &m->target), EM_OK, "write mode 2");
	is_int(m->n, 1024 + 240, "the length of the file");
	is_int(m->n, em_mrc_write_bytes(&v->grid, 2), "is what was promised");
	ok(int_at(b, 0) == 5 && int_at(b, 4) == 4 && int_at(b, 8) == 3 && int_at(b, 12) == 2, "box and mode");
	ok(int_at(b, 16) == -7 && int_at(b, 20) == 8 && int_at(b, 24) == 9, "start");
	ok(int_at(b, 28) == 5 && int_at(b, 32) == 4 && int_at(b, 36) == 3, "sampling is the box");
	ok(float_at(b, 40) == 6.25f && float_at(b, 44) == 6 && float_at(b, 48) == 6, "cell");
	ok(float_at(b, 52) == 90 && float_at(b, 56) == 90 && float_at(b, 60) == 90, "angles");
	ok(int_at(b, 64) == 1 && int_at(b, 68) == 2 && int_at(b, 72) == 3, "axes");
	ok(float_at(b, 76) == -10 && float_at(b, 80) == 19.5f, "range");
	is_near(float_at(b, 84), 4.75, 1e-6, "mean");
	is_near(float_at(b, 216), 0.5 * sqrt((60.0 * 60 - 1) / 12), 1e-6, "standard deviation");
	ok(int_at(b, 88) == 1 && int_at(b, 92) == 0 && int_at(b, 108) == 20140, "space group, NSYMBT, version");
	ok(float_at(b, 196) == 0.5f && float_at(b, 200) == -20 && float_at(b, 204) == 1000, "origin");
	ok(memcmp(b + 208, "MAP DD\0\0", 8) == 0 && int_at(b, 220) == 1, "magic, stamp, one label");
	memset(label, ' ', 80);
	memcpy(label, "emvalid: soft mask of EMD-1 ??", 30);
	ok(memcmp(b + 224, label, 80) == 0, "the label is padded and printable");
	ok(float_at(b, 1024) == -10 && float_at(b, 1024 + 4 * 59) == 19.5f, "first and last voxel");
	em_volume_destroy(ctx, v);
	memory_free(m);
}

/* Writer to reader, and lint finds nothing wrong. */
static void
test_round_trip(em_ctx *ctx)
{
	static const int mode[] = {0, 1, 2, 12};

	for (int i = 0; i < 4; i++)
	{
		em_volume  *v = make_volume(ctx);
		em_volume  *back;
		memory	   *m = memory_create(4096);
		memory	   *again = memory_create(4096);
		em_source	source;
		em_mrc_header h;
		em_stats	stats;
		em_lint		lint[EM_LINT_MAX];
		int			wrong = 0;
		int			n;
		int			complaints = 0;

		is_int(em_mrc_write(ctx, v, mode[i], NULL, &m->target), EM_OK, "write mode %d", mode[i]);
		is_int(m->n, em_mrc_write_bytes(&v->grid, mode[i]), "length as promised");
		is_int(em_mrc_write(ctx, v, mode[i], NULL, &again->target), EM_OK, "write it again");
		ok(m->n == again->n && memcmp(m->bytes, again->bytes, (size_t) m->n) == 0, "the same bytes");
		em_source_memory(&source, m->bytes, m->n);
		is_int(em_mrc_read(ctx, &source, "the map", &h, &back), EM_OK, "read it back");
		ok(memcmp(&back->grid, &v->grid, sizeof(em_grid)) == 0, "with the same grid");
		for (int z = 0; z < 3; z++)
			for (int y = 0; y < 4; y++)
				for (int x = 0; x < 5; x++)
				{
					float		want = em_volume_row(v, y, z)[x];

					if (mode[i] < 2)
						want = nearbyintf(want);	/* ties to even */
					wrong += em_volume_row(back, y, z)[x] != want;
				}
		is_int(wrong, 0, "with the same voxels");
		source.at = 1024;
		ok(em_mrc_scan_voxels(ctx, &source, &h, &stats) == EM_OK, "scan it");
		n = em_mrc_lint(&h, m->n, &stats, lint, EM_LINT_MAX);
		for (int j = 0; j < n; j++)
			complaints += strcmp(lint[j].severity, "info") != 0 &&
				strcmp(lint[j].code, "voxel_size_anisotropic") != 0 &&
				strcmp(lint[j].code, "start_and_origin") != 0;
		is_int(complaints, 0, "lint has nothing to say about it");
		em_volume_destroy(ctx, v);
		em_volume_destroy(ctx, back);
		memory_free(m);
		memory_free(again);
	}
}

/* Values that do not fit. */
static void
test_extremes(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx);
	memory	   *m = memory_create(4096);

	v->data[0] = 1e9f;
	v->data[1] = -1e9f;
	v->data[2] = NAN;
	v->data[3] = INFINITY;
	is_int(em_mrc_write(ctx, v, 0, NULL, &m->target), EM_OK, "mode 0 clips");
	ok((int8_t) m->bytes[1024] == 127 && (int8_t) m->bytes[1025] == -128 && m->bytes[1026] == 0 &&
	   (int8_t) m->bytes[1027] == 127, "to -128 .. 127, NaN is 0");
	ok(float_at(m->bytes, 76) == -128 && float_at(m->bytes, 80) == 127, "and the statistics say so");
	m->n = 0;
	is_int(em_mrc_write(ctx, v, 1, NULL, &m->target), EM_OK, "mode 1 clips");
	ok(m->bytes[1024] == 0xff && m->bytes[1025] == 0x7f && m->bytes[1026] == 0 && m->bytes[1027] == 0x80,
	   "to -32768 .. 32767, low byte first");
	m->n = 0;
	is_int(em_mrc_write(ctx, v, 12, NULL, &m->target), EM_BAD_ARGUMENT, "mode 12 refuses what does not fit");
	ok(m->n == 0 && em_ctx_hint(ctx)[0] != '\0', "before anything is written, with a hint");
	is_int(em_mrc_write(ctx, v, 2, NULL, &m->target), EM_OK, "mode 2 writes NaN as it is");
	ok(isnan(float_at(m->bytes, 1032)) && float_at(m->bytes, 80) == 1e9f, "outside the statistics");
	for (int z = 0; z < 3; z++)
		for (int y = 0; y < 4; y++)
			for (int x = 0; x < 5; x++)
				em_volume_row(v, y, z)[x] = NAN;
	m->n = 0;
	is_int(em_mrc_write(ctx, v, 12, NULL, &m->target), EM_OK, "nothing but NaN");
	ok(float_at(m->bytes, 76) > float_at(m->bytes, 80) && float_at(m->bytes, 216) < 0 &&
	   int_at(m->bytes, 108) == 20141, "has undetermined statistics");
	em_volume_destroy(ctx, v);
	memory_free(m);
}

/* Refusals and failing targets. */
static void
test_failures(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx);
	memory	   *m = memory_create(1100);
	uint64_t	used = em_ctx_memory_used(ctx);

	is_int(em_mrc_write(ctx, v, 2, NULL, &m->target), EM_IO, "a full disk is told");
	is_int(em_mrc_write(ctx, v, 3, NULL, &m->target), EM_BAD_ARGUMENT, "mode 3 is not written");
	is_int(em_mrc_write_bytes(&v->grid, 3), 0, "and has no length");
	v->domain = EM_FOURIER_SPACE;
	is_int(em_mrc_write(ctx, v, 2, NULL, &m->target), EM_BAD_ARGUMENT, "a spectrum is not written");
	v->domain = EM_REAL_SPACE;
	v->grid.start[1] = (int64_t) 1 << 40;
	is_int(em_mrc_write(ctx, v, 2, NULL, &m->target), EM_BAD_ARGUMENT, "a start beyond 32 bits is refused");
	is_int(em_ctx_memory_used(ctx), used, "no buffer is left");
	em_volume_destroy(ctx, v);
	memory_free(m);
}

/* Files on disk, larger than a piece. */
static void
test_files(em_ctx *ctx)
{
	em_grid		g = {.n = {200, 150, 20},.voxel = {1, 1, 1}};
	char		path[] = "/tmp/em_test_XXXXXX";
	em_volume  *v;
	em_volume  *back;
	em_target	target;
	em_source	source;
	em_mrc_header h;
	int64_t		wrong = 0;
	int			fd = mkstemp(path);

	if (fd < 0 || em_volume_create(ctx, &g, "the map", &v) != EM_OK)
		abort();
	close(fd);
	for (int z = 0; z < 20; z++)
		for (int y = 0; y < 150; y++)
			for (int x = 0; x < 200; x++)
				em_volume_row(v, y, z)[x] = (float) (x + 1000 * y - 77 * z);
	is_int(em_target_file(ctx, path, &target), EM_OK, "create a file");
	is_int(em_mrc_write(ctx, v, 2, "a file", &target), EM_OK, "write it");
	is_int(em_target_file_close(ctx, &target), EM_OK, "close it");
	is_int(em_source_file(ctx, path, &source), EM_OK, "open it");
	is_int(source.length, 1024 + 4 * 600000, "its length is known");
	is_int(em_mrc_read(ctx, &source, "the map", &h, &back), EM_OK, "read it");
	for (int z = 0; z < 20; z++)
		for (int y = 0; y < 150; y++)
			wrong += memcmp(em_volume_row(v, y, z), em_volume_row(back, y, z), 800) != 0;
	is_int(wrong, 0, "all rows are the same");
	is_int(source.rewind(&source, ctx), EM_OK, "rewind it");
	is_int(em_mrc_read_header(ctx, &source, &h), EM_OK, "and read its header again");
	em_source_close(ctx, &source);
	unlink(path);
	is_int(em_source_file(ctx, path, &source), EM_IO, "a file that is gone is EM_IO");
	em_source_close(ctx, &source);
	is_int(em_target_file(ctx, "/nonexistent/x.mrc", &target), EM_IO, "so is a folder that is not there");
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, back);
}

int
main(void)
{
	em_ctx	   *ctx = mrc_ctx(64);

	test_header(ctx);
	test_round_trip(ctx);
	test_extremes(ctx);
	test_failures(ctx);
	test_files(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	return tap_done();
}
