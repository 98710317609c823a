/*
 * test/unit/test_io_read.c
 *		Voxels of every mode, byte order and axis order; statistics; failures.
 */
#include "tap.h"
#include "mrc_bytes.h"

#define NX 5
#define NY 3
#define NZ 4

static double value_offset;		/* added to every voxel */
static double value_factor = 1;

/* Different for every voxel of a box up to 7 x 6 in x and y. */
static double
plain_value(int x, int y, int z)
{
	return (x + 7 * y + 42 * z) * value_factor + value_offset;
}

/* For large boxes: small, but telling all three coordinates apart. */
static double
hash_value(int x, int y, int z)
{
	return (x * 31 + y * 17 + z * 101) % 251 - 125;
}

/* Voxels that differ from the truth, and a wrong box counts as all. */
static int64_t
count_wrong(const em_volume *v, const int n[3], mrc_value_fn value)
{
	int64_t		wrong = 0;

	if (v->grid.n[0] != n[0] || v->grid.n[1] != n[1] || v->grid.n[2] != n[2])
		return -1;
	for (int z = 0; z < n[2]; z++)
		for (int y = 0; y < n[1]; y++)
			for (int x = 0; x < n[0]; x++)
				wrong += em_volume_row(v, y, z)[x] != (float) value(x, y, z);
	return wrong;
}

/* Read bytes into a volume; NULL after a failure. */
static em_volume *
read_bytes(em_ctx *ctx, const void *bytes, int64_t length, em_mrc_header *h)
{
	em_source	source;
	em_volume  *v;

	em_source_memory(&source, bytes, length);
	if (em_mrc_read(ctx, &source, "the map", h, &v) != EM_OK)
		printf("# %s | %s | %s\n", em_ctx_message(ctx), em_ctx_detail(ctx), em_ctx_hint(ctx));
	return v;
}

/* Sums by the book, two passes over the truth. */
static void
check_stats(const em_stats *s, const int n[3], mrc_value_fn value, const char *what)
{
	double		sum = 0;
	double		sum_abs = 0;
	double		q = 0;
	double		count = (double) n[0] * n[1] * n[2];
	int64_t		zeros = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int z = 0; z < n[2]; z++)
			for (int y = 0; y < n[1]; y++)
				for (int x = 0; x < n[0]; x++)
				{
					double		v = (float) value(x, y, z);

					if (pass == 1)
						q += (v - sum / count) * (v - sum / count);
					else
					{
						sum += v;
						sum_abs += fabs(v);
						zeros += v == 0;
					}
				}
	ok(s->n == (int64_t) count && s->not_finite == 0 && s->zeros == zeros, "%s: counts", what);
	is_near(s->mean, sum / count, 1e-12 * sum_abs / count, "%s: mean", what);
	is_near(s->sum, sum, 1e-12 * sum_abs, "%s: sum", what);
	is_near(s->sum_abs, sum_abs, 1e-12 * sum_abs, "%s: sum of absolute values", what);
	is_near(s->sd, sqrt(q / count), 1e-10 * sqrt(q / count), "%s: standard deviation", what);
}

/* Modes and byte orders. */
static void
test_modes(void)
{
	static const struct
	{
		int			mode;
		bool		imod_unsigned;
		double		factor;
		double		offset;
	}			t[] =
	{
		{0, false, 1, -120}, {0, true, 1, 60}, {1, false, 300, -30000}, {2, false, 0.37, -20},
		{6, false, 300, 3000}, {12, false, 0.5, -40}
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (int big = 0; big < 2; big++)
		{
			mrc_spec	s = mrc_default(NX, NY, NZ, t[i].mode, big);
			em_ctx	   *ctx = mrc_ctx(0);
			em_mrc_header h;
			em_source	source;
			em_stats	stats;
			em_volume  *v;
			int64_t		length;
			uint8_t    *b;
			char		what[64];

			value_factor = t[i].factor;
			value_offset = t[i].offset;
			if (t[i].imod_unsigned)
				s.imod_stamp = 1146047817;
			snprintf(what, sizeof(what), "mode %d%s, %s-endian", t[i].mode,
					 t[i].imod_unsigned ? " unsigned" : "", big ? "big" : "little");
			b = mrc_file_bytes(&s, plain_value, &length);
			v = read_bytes(ctx, b, length, &h);
			ok(v != NULL && count_wrong(v, s.n, plain_value) == 0, "%s: all voxels", what);
			ok(h.big_endian == (big == 1) && h.unsigned_bytes == t[i].imod_unsigned, "%s: as found", what);
			em_volume_destroy(ctx, v);

			em_source_memory(&source, b, length);
			ok(em_mrc_read_header(ctx, &source, &h) == EM_OK &&
			   em_mrc_scan_voxels(ctx, &source, &h, &stats) == EM_OK, "%s: scan", what);
			check_stats(&stats, s.n, plain_value, what);
			is_near(stats.min, (float) plain_value(0, 0, 0), 0, "%s: minimum", what);
			is_near(stats.max, (float) plain_value(NX - 1, NY - 1, NZ - 1), 0, "%s: maximum", what);
			is_int(em_ctx_memory_used(ctx), 0, "%s: nothing is left allocated", what);
			em_ctx_destroy(ctx);
			free(b);
		}
	value_factor = 1;
	value_offset = 0;
}

static const int permutations[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};

/* Describe a file whose x, y, z box is n, with its axes permuted. */
static mrc_spec
permuted(const int n[3], const int axis[3], int mode, bool big)
{
	mrc_spec	s = mrc_default(n[0], n[1], n[2], mode, big);

	for (int j = 0; j < 3; j++)
	{
		s.axis[j] = axis[j];
		s.n[j] = n[axis[j] - 1];
		s.start[j] = 100 * axis[j];
		s.origin[j] = (float) (j + 1) * 0.25f;
	}
	return s;
}

/* Boxes that need one piece, several pieces, several slabs, and sections too large to gather. */
static void
test_axes(void)
{
	static const struct
	{
		int			n[3];
		int			mode;
		bool		big;
	}			box[] = {{{5, 3, 4}, 2, false}, {{5, 3, 4}, 1, true}, {{70, 83, 101}, 2, false},
	{{37, 300, 290}, 0, false}, {{290, 37, 300}, 0, false}, {{1, 1, 9}, 2, false}};

	for (size_t i = 0; i < sizeof(box) / sizeof(box[0]); i++)
		for (int p = 0; p < 6; p++)
		{
			mrc_spec	s = permuted(box[i].n, permutations[p], box[i].mode, box[i].big);
			em_ctx	   *ctx = mrc_ctx(0);
			em_mrc_header h;
			int64_t		length;
			uint8_t    *b = mrc_file_bytes(&s, hash_value, &length);
			em_volume  *v = read_bytes(ctx, b, length, &h);

			if (ok(v != NULL, "box %d x %d x %d, axes %d %d %d: read", box[i].n[0], box[i].n[1], box[i].n[2],
				   s.axis[0], s.axis[1], s.axis[2]))
			{
				is_int(count_wrong(v, box[i].n, hash_value), 0, "every voxel is in its place");
				ok(v->grid.start[0] == 100 && v->grid.start[1] == 200 && v->grid.start[2] == 300,
				   "start is in x, y, z order");
				ok(v->grid.origin[0] == 0.25 && v->grid.origin[2] == 0.75, "origin is kept");
				ok(v->grid.voxel[0] == 2 && v->grid.voxel[1] == 2 && v->grid.voxel[2] == 2, "voxel size");
			}
			em_volume_destroy(ctx, v);
			is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
			em_ctx_destroy(ctx);
			free(b);
		}
}

/* Sections of 9 million voxels along x. */
static void
test_large_sections(void)
{
	static const int n[3] = {2, 3000, 3000};
	static const int axis[3] = {3, 2, 1};
	mrc_spec	s = permuted(n, axis, 0, false);
	em_ctx	   *ctx = mrc_ctx(0);
	em_mrc_header h;
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, hash_value, &length);
	em_volume  *v = read_bytes(ctx, b, length, &h);

	ok(v != NULL && count_wrong(v, n, hash_value) == 0, "sections too large to gather are scattered");
	em_volume_destroy(ctx, v);
	em_ctx_destroy(ctx);
	free(b);
}

/* 0,0,0 for the axes; a sampling that is not the box; extended headers. */
static void
test_geometry(void)
{
	mrc_spec	s = mrc_default(NX, NY, NZ, 2, false);
	em_ctx	   *ctx = mrc_ctx(0);
	em_mrc_header h;
	em_volume  *v;
	int64_t		length;
	uint8_t    *b;

	s.m[0] = 20;
	s.cell[0] = 30;
	s.nsymbt = 1234567;
	memcpy(s.exttyp, "FEI1", 4);
	b = mrc_file_bytes(&s, plain_value, &length);
	v = read_bytes(ctx, b, length, &h);
	ok(v != NULL && count_wrong(v, s.n, plain_value) == 0, "an extended header is skipped");
	ok(h.grid.voxel[0] == 1.5 && h.grid.voxel[1] == 2, "the voxel size is cell / M");
	ok(strcmp(h.exttyp, "FEI1") == 0 && h.data_offset == 1024 + 1234567, "its type and length");
	em_volume_destroy(ctx, v);
	free(b);

	s = mrc_default(NX, NY, NZ, 2, true);
	b = mrc_file_bytes(&s, plain_value, &length);
	memset(b + 64, 0, 12);
	v = read_bytes(ctx, b, length, &h);
	ok(v != NULL && count_wrong(v, s.n, plain_value) == 0 && h.axes_unset, "axes 0,0,0 read as 1,2,3");
	em_volume_destroy(ctx, v);
	free(b);
	em_ctx_destroy(ctx);
}

/* The smallest map; NaN and infinity; nothing finite at all. */
static void
test_odd_voxels(void)
{
	static const float odd[6] = {NAN, 3, -INFINITY, 0, 5, INFINITY};
	mrc_spec	s = mrc_default(1, 1, 1, 2, false);
	em_ctx	   *ctx = mrc_ctx(0);
	em_mrc_header h;
	em_source	source;
	em_stats	stats;
	em_volume  *v;
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, hash_value, &length);

	v = read_bytes(ctx, b, length, &h);
	ok(v != NULL && v->data[0] == -125, "a map of one voxel");
	em_volume_destroy(ctx, v);
	free(b);

	s = mrc_default(3, 2, 1, 2, true);
	b = mrc_file_bytes(&s, hash_value, &length);
	for (int i = 0; i < 6; i++)
		mrc_put_float(b + 1024 + 4 * i, odd[i], true);
	em_source_memory(&source, b, length);
	ok(em_mrc_read_header(ctx, &source, &h) == EM_OK &&
	   em_mrc_scan_voxels(ctx, &source, &h, &stats) == EM_OK, "NaN voxels are scanned");
	ok(stats.n == 3 && stats.not_finite == 3 && stats.zeros == 1, "and counted separately");
	ok(stats.min == 0 && stats.max == 5 && stats.sum == 8 && stats.sum_abs == 8, "the others count");
	is_near(stats.sd, sqrt((9 + 25) / 3.0 - 64 / 9.0), 1e-14, "their standard deviation");
	v = read_bytes(ctx, b, length, &h);
	ok(v != NULL && isnan(v->data[0]) && isinf(v->data[2]), "NaN and infinity come through the reader");
	em_volume_destroy(ctx, v);

	for (int i = 0; i < 6; i++)
		mrc_put_float(b + 1024 + 4 * i, NAN, true);
	em_source_memory(&source, b, length);
	ok(em_mrc_read_header(ctx, &source, &h) == EM_OK &&
	   em_mrc_scan_voxels(ctx, &source, &h, &stats) == EM_OK, "a map of NaN is scanned");
	ok(stats.n == 0 && stats.not_finite == 6 && isnan(stats.mean), "and has no statistics");
	free(b);
	em_ctx_destroy(ctx);
}

/* A big offset must not drown the deviation; pieces are merged. */
static double
offset_value(int x, int y, int z)
{
	return 1e6 + hash_value(x, y, z) * 0.0625;
}

static void
test_scan_accuracy(void)
{
	mrc_spec	s = mrc_default(120, 110, 100, 2, true);
	em_ctx	   *ctx = mrc_ctx(0);
	em_mrc_header h;
	em_source	source;
	em_stats	stats;
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, offset_value, &length);

	em_source_memory(&source, b, length);
	ok(em_mrc_read_header(ctx, &source, &h) == EM_OK &&
	   em_mrc_scan_voxels(ctx, &source, &h, &stats) == EM_OK, "several pieces are scanned");
	check_stats(&stats, s.n, offset_value, "offset of a million");
	ok(em_ctx_memory_peak(ctx) < (uint64_t) 3 << 20, "without keeping the map");
	free(b);
	em_ctx_destroy(ctx);
}

/* A source that gives a few bytes at a time, and fails after some. */
typedef struct drip
{
	em_source	source;
	const uint8_t *bytes;
	int64_t		fail_at;		/* -1 never */
	int64_t		step;
} drip;

static int64_t
drip_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	drip	   *d = source->arg;
	int64_t		n = source->length - source->at;

	(void) ctx;
	d->step = d->step % 13 + 1;
	n = n > d->step ? d->step : n;
	n = n > bytes ? bytes : n;
	if (d->fail_at >= 0 && source->at >= d->fail_at)
		return -1;
	memcpy(buf, d->bytes + source->at, (size_t) n);
	source->at += n;
	return n;
}

static int
stop_at_once(void *arg)
{
	return ++*(int *) arg > 3;
}

/* Short reads, failing sources, lying lengths, budgets and cancelling. */
static void
test_sources(void)
{
	mrc_spec	s = mrc_default(NX, NY, NZ, 1, false);
	em_ctx	   *ctx = mrc_ctx(1);
	em_mrc_header h;
	em_volume  *v;
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, hash_value, &length);
	drip		d = {.source = {.read = drip_read,.length = length},.bytes = b,.fail_at = -1};
	int			polls = 0;

	d.source.arg = &d;
	ok(em_mrc_read(ctx, &d.source, "the map", &h, &v) == EM_OK && count_wrong(v, s.n, hash_value) == 0,
	   "short reads are put together");
	em_volume_destroy(ctx, v);
	d.source.at = 0;
	d.fail_at = 1040;
	is_int(em_mrc_read(ctx, &d.source, "half map 1", &h, &v), EM_IO, "a failing source is EM_IO");
	ok(v == NULL && strstr(em_ctx_message(ctx), "half map 1") != NULL, "and names the map");
	d.source.at = 0;
	d.fail_at = -1;
	d.source.length = 1100;
	h.nc = 0;
	is_int(em_mrc_read(ctx, &d.source, "the map", &h, &v), EM_TRUNCATED, "a source that ends too early");
	ok(v == NULL && em_ctx_memory_used(ctx) == 0, "leaves nothing behind");
	free(b);

	s = mrc_default(100, 100, 100, 2, false);
	b = mrc_file_bytes(&s, hash_value, &length);
	em_source_memory(&d.source, b, length);
	is_int(em_mrc_read(ctx, &d.source, "the map", &h, &v), EM_OVER_BUDGET, "the budget is kept");
	ok(v == NULL && em_ctx_memory_used(ctx) == 0, "and nothing is left");
	em_ctx_destroy(ctx);

	ctx = mrc_ctx(0);
	em_ctx_set_callbacks(ctx, stop_at_once, NULL, &polls);
	em_source_memory(&d.source, b, length);
	is_int(em_mrc_read(ctx, &d.source, "the map", &h, &v), EM_CANCELLED, "reading can be cancelled");
	ok(v == NULL && em_ctx_memory_used(ctx) == 0, "and leaves nothing behind");
	em_ctx_destroy(ctx);
	free(b);
}

/* Every allocation may be the one that does not fit. */
static void
test_budgets(void)
{
	static const int axis[3] = {3, 2, 1};
	static const int n[3] = {9, 8, 7};
	mrc_spec	s = permuted(n, axis, 1, true);
	int64_t		length;
	uint8_t    *b = mrc_file_bytes(&s, hash_value, &length);
	int			wrong = 0;
	int			fits = 0;
	int			scans = 0;

	for (uint64_t budget = 1; budget < 40000; budget += 97)
	{
		em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 1,.memory_budget = budget});
		em_source	source;
		em_mrc_header h;
		em_volume  *v;
		em_stats	stats;
		em_status	got;

		em_source_memory(&source, b, length);
		got = em_mrc_read(ctx, &source, "the map", &h, &v);
		fits += got == EM_OK;
		wrong += got == EM_OK ? v == NULL : got != EM_OVER_BUDGET || v != NULL;
		em_volume_destroy(ctx, v);
		source.at = 1024;
		got = em_mrc_scan_voxels(ctx, &source, &h, &stats);
		scans += got == EM_OK;
		wrong += got != EM_OK && got != EM_OVER_BUDGET;
		wrong += em_ctx_memory_used(ctx) != 0 || em_ctx_memory_peak(ctx) > budget;
		em_ctx_destroy(ctx);
	}
	is_int(wrong, 0, "any budget is kept, and nothing is left behind");
	ok(fits > 0 && scans > fits, "a scan needs less than a volume");
	free(b);
}

int
main(void)
{
	test_modes();
	test_axes();
	test_large_sections();
	test_geometry();
	test_odd_voxels();
	test_scan_accuracy();
	test_sources();
	test_budgets();
	return tap_done();
}
