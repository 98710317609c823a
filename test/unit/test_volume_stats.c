/*
 * test/unit/test_volume_stats.c
 *		Statistics, moments, mass table, outliers and cube means against plain
 *		two-pass sums in long double.
 */
#include "boxes.h"

/* The truth of em_stats for voxels outside a mask (NULL: all). */
static em_stats
plain_stats(const em_volume *v, const em_mask *m)
{
	const int64_t *n = v->grid.n;
	em_stats	s = {.min = INFINITY, .max = -INFINITY};
	long double sum = 0;
	long double sum_abs = 0;
	long double m2 = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int64_t z = 0; z < n[2]; z++)
			for (int64_t y = 0; y < n[1]; y++)
				for (int64_t x = 0; x < n[0]; x++)
				{
					const float f = em_volume_row(v, y, z)[x];

					if (m != NULL && em_mask_get(m, x, y, z))
						continue;
					if (!isfinite(f))
						s.not_finite += pass == 0;
					else if (pass == 1)
						m2 += (f - sum / s.n) * (f - sum / s.n);
					else
					{
						s.n++;
						sum += f;
						sum_abs += fabsl(f);
						s.zeros += f == 0;
						s.min = f < s.min ? f : s.min;
						s.max = f > s.max ? f : s.max;
					}
				}
	s.sum = (double) sum;
	s.sum_abs = (double) sum_abs;
	s.mean = (double) (sum / s.n);
	s.sd = (double) sqrtl(m2 / s.n);
	return s;
}

static void
compare(const em_stats *got, const em_stats *want, const char *what)
{
	is_int(got->n, want->n, "%s: n", what);
	is_int(got->not_finite, want->not_finite, "%s: voxels that are not finite", what);
	is_int(got->zeros, want->zeros, "%s: zeros", what);
	ok(got->min == want->min && got->max == want->max, "%s: minimum and maximum", what);
	is_near(got->mean, want->mean, 1e-13 * (fabs(want->mean) + want->sd), "%s: mean", what);
	is_near(got->sd, want->sd, 1e-12 * want->sd, "%s: standard deviation", what);
	is_near(got->sum, want->sum, 1e-13 * want->sum_abs, "%s: sum", what);
	is_near(got->sum_abs, want->sum_abs, 1e-13 * want->sum_abs, "%s: sum of magnitudes", what);
}

/* Noise in boxes of many shapes, with and without wild voxels and masks. */
static void
test_noise(void)
{
	static const int64_t shape[][3] = {
		{1, 1, 1}, {7, 5, 3}, {64, 3, 2}, {65, 4, 5}, {130, 17, 9}, {200, 3, 40}
	};
	em_ctx	   *ctx = context(2);

	for (int i = 0; i < (int) (sizeof(shape) / sizeof(shape[0])); i++)
	{
		em_grid		g = box(shape[i][0], shape[i][1], shape[i][2], 1);
		em_volume  *v = noise_map(ctx, &g, (uint64_t) i, i * 1000, 0.5);
		em_mask    *m = noise_mask(ctx, g.n, (uint64_t) i, 0.3);
		em_stats	s;
		em_stats	truth = plain_stats(v, NULL);
		char		what[64];

		snprintf(what, sizeof(what), "%dx%dx%d", (int) g.n[0], (int) g.n[1], (int) g.n[2]);
		ok(em_volume_stats(ctx, v, &s) == EM_OK, "%s: statistics", what);
		compare(&s, &truth, what);
		if (i > 0)
		{
			em_volume_row(v, 1, 1)[3] = NAN;
			em_volume_row(v, 2, 1)[4] = INFINITY;
			em_volume_row(v, 0, 0)[0] = -INFINITY;
			em_volume_row(v, 2, 0)[6] = 0;
			snprintf(what, sizeof(what), "%dx%dx%d outside", (int) g.n[0], (int) g.n[1], (int) g.n[2]);
			truth = plain_stats(v, m);
			ok(em_volume_stats_outside(ctx, v, m, &s) == EM_OK, "%s: statistics", what);
			compare(&s, &truth, what);
		}
		em_mask_destroy(ctx, m);
		em_volume_destroy(ctx, v);
	}
	em_ctx_destroy(ctx);
}

/* Constants are exact, one wild voxel does no harm, nothing finite is no number. */
static void
test_edges(void)
{
	em_ctx	   *ctx = context(1);
	em_grid		g = box(70, 6, 5, 1);
	em_volume  *v = noise_map(ctx, &g, 1, 0, 1);
	em_stats	s;
	em_stats	truth;

	em_volume_row(v, 0, 0)[0] = 1e8f;
	truth = plain_stats(v, NULL);
	em_volume_stats(ctx, v, &s);
	is_near(s.mean, truth.mean, 1e-12 * truth.mean, "one wild voxel: mean");
	is_near(s.sd, truth.sd, 1e-12 * truth.sd, "one wild voxel: standard deviation");

	for (int64_t i = 0; i < v->plane * g.n[2]; i++)
		v->data[i] = 0.1f;
	em_volume_stats(ctx, v, &s);
	ok(s.sd == 0 && s.mean == (double) 0.1f && s.min == s.max, "a constant map has no spread at all");

	for (int64_t i = 0; i < v->plane * g.n[2]; i++)
		v->data[i] = NAN;
	ok(em_volume_stats(ctx, v, &s) == EM_OK && s.n == 0 && s.not_finite == 2100 && isnan(s.mean),
	   "nothing finite: counted, mean is NaN");
	em_ctx_destroy(ctx);
}

/* The same bits for any number of threads, and clean cancellation. */
static void
test_threads(void)
{
	em_grid		g = box(133, 71, 90, 1);
	em_stats	first = {0};

	for (int threads = 1; threads <= 3; threads++)
	{
		em_ctx	   *ctx = context(threads);
		em_volume  *v = noise_map(ctx, &g, 5, 3, 2);
		uint64_t	before = em_ctx_memory_used(ctx);
		countdown	none = {0};
		em_stats	s;

		em_volume_stats(ctx, v, &s);
		if (threads == 1)
			first = s;
		ok(memcmp(&s, &first, sizeof(s)) == 0, "statistics: %d threads, the same bits", threads);
		em_ctx_set_callbacks(ctx, stop_later, NULL, &none);
		ok(em_volume_stats(ctx, v, &s) == EM_CANCELLED, "statistics: cancelled with %d threads", threads);
		is_int(em_ctx_memory_used(ctx), before, "statistics: nothing left behind");
		em_ctx_destroy(ctx);
	}
}

/* Centre of mass of two boxes of density, and against plain sums for noise. */
static void
test_moments(void)
{
	em_ctx	   *ctx = context(2);
	em_grid		g = box(67, 9, 8, 1);
	em_volume  *v = noise_map(ctx, &g, 9, 0.2, 1);
	em_mask    *m = noise_mask(ctx, g.n, 4, 0.4);
	em_mass		inside;
	em_mass		whole;
	long double in[4] = {0};
	long double all[4] = {0};

	for (int64_t z = 0; z < 8; z++)
		for (int64_t y = 0; y < 9; y++)
			for (int64_t x = 0; x < 67; x++)
			{
				const long double f = em_volume_row(v, y, z)[x];
				const long double w[4] = {1, (long double) x, (long double) y, (long double) z};

				for (int k = 0; k < 4; k++)
				{
					all[k] += w[k] * f;
					if (em_mask_get(m, x, y, z) && f > 0)
						in[k] += w[k] * f;
				}
			}
	ok(em_mass_moments(ctx, v, m, &inside, &whole) == EM_OK, "moments of noise");
	is_near(inside.sum, (double) in[0], 1e-10, "mass inside the mask");
	is_near(whole.sum, (double) all[0], 1e-10, "mass of the box");
	for (int k = 0; k < 3; k++)
	{
		is_near(inside.first[k], (double) in[k + 1], 1e-8, "first moment %d inside", k);
		is_near(whole.first[k], (double) all[k + 1], 1e-8, "first moment %d of the box", k);
	}
	em_ctx_destroy(ctx);
}

/* Rows of the mass table: counted one by one, strictly above, and none without mass. */
static void
test_mass_table(void)
{
	em_ctx	   *ctx = context(2);
	em_grid		g = box(75, 11, 6, 2);
	em_volume  *v = noise_map(ctx, &g, 3, 0, 1);
	em_mass_table t;
	int			wrong = 0;

	/* Voxels exactly on a threshold are not above it. */
	for (int64_t x = 0; x < 75; x++)
		em_volume_row(v, 3, 2)[x] = (float) (x % 26);
	ok(em_mass_table_make(ctx, v, 25, &t) == EM_OK, "mass table");
	is_int(t.rows, 24, "mass table: rows");
	for (int i = 0; i < 24; i++)
	{
		int64_t		above = 0;

		for (int64_t z = 0; z < 6; z++)
			for (int64_t y = 0; y < 11; y++)
				for (int64_t x = 0; x < 75; x++)
					above += (double) em_volume_row(v, y, z)[x] > t.threshold[i];
		wrong += above != t.voxels[i] || t.threshold[i] != i + 1;
	}
	is_int(wrong, 0, "mass table: thresholds and counts as counted one by one");
	is_near(t.mass_kda[0], (double) t.voxels[0] * 8 / 1207, 1e-12, "mass of the first row");
	is_near(t.residues[0], (double) t.voxels[0] * 8 / 132.77, 1e-9, "residues of the first row");
	em_mass_table_make(ctx, v, 0, &t);
	is_int(t.rows, 0, "mass table: no rows without positive density");
	em_ctx_destroy(ctx);
}

/* Outliers and cubes outside a mask. */
static void
test_background(void)
{
	em_ctx	   *ctx = context(3);
	em_grid		g = box(69, 22, 18, 1);
	em_volume  *v = noise_map(ctx, &g, 6, 1, 1);
	em_mask    *m;
	em_cube_means c;
	int64_t		count;
	int64_t		want = 0;
	long double sum = 0;
	long double sum2 = 0;
	int64_t		cubes = 0;

	em_mask_create(ctx, g.n, "test mask", &m);
	for (int64_t x = 30; x < 68; x++)
		set_voxel(m, x, 10, 9);
	em_mask_recount(ctx, m);
	for (int64_t z = 0; z < 18; z++)
		for (int64_t y = 0; y < 22; y++)
			for (int64_t x = 0; x < 69; x++)
				want += !em_mask_get(m, x, y, z) && fabs((double) em_volume_row(v, y, z)[x] - 1) > 1.5;
	ok(em_count_outliers(ctx, v, m, 1, 1.5, &count) == EM_OK, "outliers");
	is_int(count, want, "outliers as counted one by one");

	for (int64_t cz = 0; cz < 3; cz++)
		for (int64_t cy = 0; cy < 4; cy++)
			for (int64_t cx = 0; cx < 13; cx++)
			{
				long double s = 0;
				bool		touched = false;

				for (int64_t i = 0; i < 125; i++)
				{
					const int64_t x = 5 * cx + i % 5;
					const int64_t y = 5 * cy + i / 5 % 5;
					const int64_t z = 5 * cz + i / 25;

					s += em_volume_row(v, y, z)[x];
					touched |= em_mask_get(m, x, y, z);
				}
				if (!touched)
				{
					cubes++;
					sum += s / 125;
					sum2 += s / 125 * (s / 125);
				}
			}
	ok(em_cube_means_outside(ctx, v, m, 5, &c) == EM_OK, "cube means");
	is_int(c.n, cubes, "cubes outside the mask");
	is_near(c.mean, (double) (sum / cubes), 1e-12, "mean of the means");
	is_near(c.m2, (double) (sum2 - sum * sum / cubes), 1e-10, "spread of the means");
	em_ctx_destroy(ctx);
}

/* Everything after the map is made is refused or cancelled without leaving memory. */
static void
test_failures(void)
{
	em_ctx	   *ctx = context(1);
	em_grid		g = box(40, 40, 40, 1);
	em_grid		other = box(40, 40, 41, 1);
	em_volume  *v = noise_map(ctx, &g, 1, 0, 1);
	em_mask    *m = noise_mask(ctx, g.n, 1, 0.1);
	em_mask    *wrong = noise_mask(ctx, other.n, 1, 0.1);
	uint64_t	before = em_ctx_memory_used(ctx);
	countdown	none = {0};
	em_stats	s;
	em_cube_means c;
	em_mass		a;
	em_mass		b;
	em_mass_table t;
	int64_t		n;

	ok(em_volume_stats_outside(ctx, v, wrong, &s) == EM_MISMATCH, "a mask of another box is refused");
	em_ctx_set_callbacks(ctx, stop_later, NULL, &none);
	ok(em_volume_stats_outside(ctx, v, m, &s) == EM_CANCELLED, "cancelled: statistics outside");
	ok(em_count_outliers(ctx, v, m, 0, 1, &n) == EM_CANCELLED, "cancelled: outliers");
	ok(em_cube_means_outside(ctx, v, m, 8, &c) == EM_CANCELLED, "cancelled: cube means");
	ok(em_mass_moments(ctx, v, m, &a, &b) == EM_CANCELLED, "cancelled: moments");
	ok(em_mass_table_make(ctx, v, 1, &t) == EM_CANCELLED, "cancelled: mass table");
	is_int(em_ctx_memory_used(ctx), before, "cancelled: nothing left behind");
	em_ctx_destroy(ctx);
}

int
main(void)
{
	test_noise();
	test_edges();
	test_threads();
	test_moments();
	test_mass_table();
	test_background();
	test_failures();
	return tap_done();
}
