/*
 * test/unit/test_quantile.c
 *		Quantiles, summaries and histograms against a sort.
 */
#include <stdlib.h>
#include <string.h>

#include "core/em_quantile.h"
#include "core/em_rng.h"
#include "tap.h"

#define N 23

static int
ascending(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

/* numpy's rule on sorted values. */
static double
linear(const float *v, int64_t n, double q)
{
	double		at = q * (double) (n - 1);
	int64_t		i = (int64_t) at;

	return i + 1 < n ? v[i] + (at - (double) i) * ((double) v[i + 1] - v[i]) : v[i];
}

static void
compare(em_ctx *ctx, const char *name, int kind)
{
	static const double q[] = {0, 0.025, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 1};
	em_grid		grid = {.n = {N, N + 1, N + 2}, .voxel = {1, 1, 1}};
	static float sorted[N * (N + 1) * (N + 2)];
	em_volume  *v;
	em_mask    *m;
	double		out[9];
	int64_t		n = 0;
	int64_t		got;
	double		worst = 0;
	double		worst_floor = 0;
	double		sum = 0;
	em_summary	s;

	em_volume_create(ctx, &grid, "volume", &v);
	em_mask_create(ctx, grid.n, "mask", &m);
	for (int64_t z = 0; z < grid.n[2]; z++)
		for (int64_t y = 0; y < grid.n[1]; y++)
			for (int64_t x = 0; x < N; x++)
			{
				uint64_t	i = (uint64_t) ((z * (N + 1) + y) * N + x);
				double		g[2];
				float		f;

				em_rng_normal2(1, 2, i, g);
				f = kind == 0 ? (float) g[0] : kind == 1 ? (float) fabs(g[0] * 1e-20)
					: (float) floor(3 * g[0]);
				em_volume_row(v, y, z)[x] = i % 97 == 5 ? NAN : f;
				if (i % 3 != 0)
				{
					em_mask_row(m, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
					if (i % 97 != 5)
					{
						sorted[n++] = f;
						sum += f;
					}
				}
			}
	em_mask_recount(ctx, m);
	qsort(sorted, (size_t) n, sizeof(float), ascending);
	ok(em_quantiles(ctx, v, m, EM_RANK_LINEAR, q, 9, out, &got) == EM_OK, "%s: linear", name);
	is_int(got, n, "%s: NaN and voxels outside the mask are left out", name);
	for (int i = 0; i < 9; i++)
		worst = fmax(worst, fabs(out[i] - linear(sorted, n, q[i])) / (fabs(out[i]) + 1e-30));
	ok(worst < 1e-14, "%s: numpy's rule (%g)", name, worst);
	em_quantiles(ctx, v, m, EM_RANK_FLOOR, q, 9, out, &got);
	for (int i = 0; i < 9; i++)
	{
		int64_t		k = (int64_t) floor((double) n * q[i]);

		worst_floor = fmax(worst_floor, fabs(out[i] - sorted[k < n ? k : n - 1]));
	}
	ok(worst_floor == 0, "%s: element floor(n q)", name);
	em_summarize(ctx, v, m, &s);
	ok(s.min == sorted[0] && s.max == sorted[n - 1], "%s: extremes", name);
	is_near(s.mean, sum / (double) n, 1e-12 * fabs(s.max), "%s: mean", name);
	is_near(s.p97_5, linear(sorted, n, 0.975), 1e-12 * fabs(s.max), "%s: percentile", name);
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

int
main(void)
{
	for (int threads = 1; threads <= 2; threads++)
	{
		em_ctx_options opt = {.threads = threads};
		em_ctx	   *ctx = em_ctx_create(&opt);
		float		few[] = {3, 1, 2, -1, NAN, 2};
		double		q = 0.5;
		double		out;
		double		centre[2];
		double		counts[2];
		int64_t		n;

		compare(ctx, "normal", 0);
		compare(ctx, "tiny", 1);
		compare(ctx, "ties", 2);
		em_quantiles_array(ctx, few, 6, EM_RANK_LINEAR, &q, 1, &out, &n);
		is_near(out, 2, 0, "median of an array");
		em_quantiles_array(ctx, few, 4, EM_RANK_LINEAR, &q, 1, &out, &n);
		is_near(out, 1.5, 0, "median of four");
		em_quantiles_array(ctx, few + 4, 1, EM_RANK_LINEAR, &q, 1, &out, &n);
		ok(n == 0 && isnan(out), "no values, no median");
		em_histogram_array(ctx, few, 6, 0, 4, 2, centre, counts);
		ok(counts[0] == 1 && counts[1] == 3 && centre[1] == 3, "histogram");
		q = 1.5;
		ok(em_quantiles_array(ctx, few, 4, EM_RANK_LINEAR, &q, 1, &out, &n) == EM_BAD_ARGUMENT,
		   "q outside 0 to 1");
		em_ctx_destroy(ctx);
	}
	return tap_done();
}
