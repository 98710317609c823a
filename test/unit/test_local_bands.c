/*
 * test/unit/test_local_bands.c
 *		Local B-factor and local occupancy: closed forms for points and for noise,
 *		the checks on a workbench, states, scaling, threads, cancelling, memory.
 */
#include "boxes.h"
#include "halves.h"

#include "checks/em_resized.h"
#include "core/em_quantile.h"

#define RESOLUTION 3.0
#define EDGE 72
#define SPACING 24

static double
frequency2(int64_t x, int64_t y, int64_t z, int64_t n)
{
	return (pow((double) em_frequency(x, n), 2) + pow((double) em_frequency(y, n), 2) +
			pow((double) em_frequency(z, n), 2)) / ((double) n * (double) n);
}

/* Multiply a map (voxels of 1 Å) by exp(-b s²/4). */
static void
blur(em_ctx *ctx, em_volume *v, double b)
{
	const int64_t n = v->grid.n[0];

	em_fft_forward(ctx, v);
	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x <= n / 2; x++)
				for (int i = 0; i < 2; i++)
					em_volume_row(v, y, z)[2 * x + i] *= (float) exp(-b * frequency2(x, y, z, n) / 4);
	em_fft_inverse(ctx, v);
}

/* What the bands see of a spectrum exp(-b s²/4): a point (power 1) or noise (power 2), by sums over the cube. */
static double
closed_form(int64_t n, double sigma, double b, int power)
{
	double		f2[EM_LOCAL_POINTS];
	double		y[EM_LOCAL_POINTS];
	double		mean = 0;
	double		mean_y = 0;
	double		above = 0;
	double		below = 0;

	for (int i = 0; i < EM_LOCAL_POINTS; i++)
	{
		const double f = 1.0 / 15 + (1 / RESOLUTION - 1.0 / 15) * i / (EM_LOCAL_POINTS - 1);
		double		passed = 0;
		double		all = 0;

		for (int64_t z = 0; z < n; z++)
			for (int64_t y0 = 0; y0 < n; y0++)
				for (int64_t x = 0; x < n; x++)
				{
					const double s2 = frequency2(x, y0, z, n);
					const double h = exp(-0.5 * pow((sqrt(s2) - f) / sigma, 2));

					passed += power == 1 ? h * exp(-b * s2 / 4) : h * h * exp(-b * s2 / 2);
					all += h;
				}
		f2[i] = f * f;
		y[i] = log((power == 1 ? passed : sqrt(passed)) / all);
		mean += f2[i] / EM_LOCAL_POINTS;
		mean_y += y[i] / EM_LOCAL_POINTS;
	}
	for (int i = 0; i < EM_LOCAL_POINTS; i++)
	{
		above += (f2[i] - mean) * (y[i] - mean_y);
		below += (f2[i] - mean) * (f2[i] - mean);
	}
	return 4 * above / below;
}

/* Median of the voxels low <= x < high that lie in both masks. */
static double
median_between(em_ctx *ctx, const em_volume *v, const em_mask *m, int64_t low, int64_t high)
{
	static const double half = 0.5;
	em_mask    *part;
	double		median = NAN;
	int64_t		n;

	em_mask_create(ctx, m->n, "part", &part);
	for (int64_t z = 0; z < m->n[2]; z++)
		for (int64_t y = 0; y < m->n[1]; y++)
			for (int64_t x = low; x < high; x++)
				if (em_mask_get(m, x, y, z))
					set_voxel(part, x, y, z);
	em_quantiles(ctx, v, part, EM_RANK_LINEAR, &half, 1, &median, &n);
	em_mask_destroy(ctx, part);
	return median;
}

/* A map whose left and right halves are blurred differently: points, or white noise. */
static em_volume *
two_zones(em_ctx *ctx, const em_grid *g, bool points, double left, double right)
{
	em_volume  *v[2];

	for (int i = 0; i < 2; i++)
	{
		v[i] = noise_map(ctx, g, 3, 0, points ? 0 : 1);
		for (int64_t z = 0; z < g->n[2]; z++)
			for (int64_t y = 0; y < g->n[1]; y++)
				for (int64_t x = 0; x < g->n[0]; x++)
				{
					float	   *a = em_volume_row(v[i], y, z) + x;

					if (points)
						*a = x % SPACING == 12 && y % SPACING == 12 && z % SPACING == 12 ? 1.0f : 0.0f;
					if ((2 * x >= g->n[0]) != (i == 1))
						*a = 0;
				}
		blur(ctx, v[i], i == 0 ? left : right);
	}
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
				em_volume_row(v[0], y, z)[x] += em_volume_row(v[1], y, z)[x];
	em_volume_destroy(ctx, v[1]);
	return v[0];
}

/* A cylinder along x of radius r (voxels), or balls of that radius about every point of the lattice. */
static em_mask *
zone_mask(em_ctx *ctx, const em_grid *g, bool points, double r)
{
	const int64_t n = g->n[0];
	em_mask    *m;

	em_mask_create(ctx, g->n, "mask", &m);
	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x < n; x++)
			{
				const double dx = points ? (double) (x % SPACING - 12) : 0;
				const double dy = (double) (points ? y % SPACING - 12 : y - n / 2);
				const double dz = (double) (points ? z % SPACING - 12 : z - n / 2);

				if (dx * dx + dy * dy + dz * dz < r * r)
					set_voxel(m, x, y, z);
			}
	em_mask_recount(ctx, m);
	return m;
}

/* T1: a point shows the closed form at its place. */
static void
test_points(em_ctx *ctx)
{
	const em_grid g = box(96, 96, 96, 1);
	const double sigma = em_local_sigma(&g);
	em_volume  *v = two_zones(ctx, &g, true, 60, 160);
	em_mask    *m = zone_mask(ctx, &g, true, 11.9);
	em_volume  *noise = noise_map(ctx, &g, 5, 0, 1e-7);
	em_local_bands b = {0};

	for (int64_t i = 0; i < v->plane * g.n[2]; i++)
		if (i % v->row < g.n[0] && i % v->plane < v->row * g.n[1])
			v->data[i] += noise->data[i];
	em_volume_destroy(ctx, noise);
	em_fft_forward(ctx, v);
	is_int(em_local_bfactor(ctx, v, m, RESOLUTION, sigma, &b), EM_OK, "points: measured");
	for (int i = 0; b.volume != NULL && i < 4; i++)
	{
		const int64_t x = 12 + SPACING * i;
		const double want = closed_form(96, sigma, i < 2 ? 60 : 160, 1);

		is_near(em_volume_row(b.volume, 36, 60)[x], want, 0.5, "point at x = %d: B = %.1f Å²", (int) x, want);
	}
	em_volume_destroy(ctx, b.volume);
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

/* T2: noise shows its closed form, in the median.  The background is a hole in it, small in a larger one. */
static void
test_noise(em_ctx *ctx)
{
	const em_grid g = box(96, 96, 96, 1);
	const double sigma = 0.025;
	em_volume  *v = two_zones(ctx, &g, false, 60, 160);
	em_mask    *m = zone_mask(ctx, &g, false, 200);
	em_mask    *far = zone_mask(ctx, &g, false, 200);
	em_local_bands b = {0};

	for (int64_t z = 0; z < 96; z++)
		for (int64_t y = 0; y < 96; y++)
			for (int64_t x = 0; x < 96; x++)
			{
				const double d2 = pow((double) (x - 48), 2) + pow((double) (y - 48), 2) + pow((double) (z - 78), 2);

				if (d2 < 30 * 30)
					em_volume_row(v, y, z)[x] *= 1e-4f;
				if (d2 < 4 * 4)
					em_mask_row(m, y, z)[x >> 6] &= ~(UINT64_C(1) << (x & 63));
				if (d2 < 45 * 45)
					em_mask_row(far, y, z)[x >> 6] &= ~(UINT64_C(1) << (x & 63));
			}
	em_mask_recount(ctx, m);
	em_fft_forward(ctx, v);
	is_int(em_local_bfactor(ctx, v, m, RESOLUTION, sigma, &b), EM_OK, "noise: measured");
	for (int i = 0; i < 2 && b.volume != NULL; i++)
	{
		const double b0 = i == 0 ? 60 : 160;
		const double want = closed_form(96, sigma, b0, 2);

		is_near(median_between(ctx, b.volume, far, 13 + 48 * i, 35 + 48 * i), want, 0.08 * fabs(want),
				"noise, B0 = %g Å²: median %.1f Å²", b0, want);
	}
	is_near(b.shift, -closed_form(96, sigma, 0, 2), 0.1, "noise: the shift makes a flat spectrum 0");
	em_volume_destroy(ctx, b.volume);
	em_mask_destroy(ctx, far);
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

/* T3: B changes by the blur of the whole map when the bands are narrow. */
static void
test_shift(em_ctx *ctx)
{
	const em_grid g = box(EDGE, EDGE, EDGE, 1);
	em_volume  *v = noise_map(ctx, &g, 9, 0, 1);
	em_mask    *m = zone_mask(ctx, &g, false, 25);
	double		median[2] = {NAN, NAN};

	for (int i = 0; i < 2; i++)
	{
		em_local_bands b = {0};
		em_volume  *f;

		em_volume_copy(ctx, v, "map", &f);
		blur(ctx, f, 50 * i);
		em_fft_forward(ctx, f);
		em_local_bfactor(ctx, f, m, RESOLUTION, 0.006, &b);
		if (b.volume != NULL)
			median[i] = median_between(ctx, b.volume, m, 0, EDGE);
		em_volume_destroy(ctx, b.volume);
		em_volume_destroy(ctx, f);
	}
	/* Signal and background fall alike, so C does not change. */
	is_near(median[1] - median[0], -50, 1, "a blur of 50 Å² shifts the local B-factor by as much");
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

/* T4: two balls of noise whose amplitudes are 1 : ratio. */
static void
test_balls(em_ctx *ctx, double ratio, double want_weak, double want_strong)
{
	const em_grid g = box(EDGE, EDGE, EDGE, 1);
	em_volume  *v = noise_map(ctx, &g, 4, 0, 1);
	em_mask    *m;
	em_local_bands b = {0};
	double		mean[2] = {0, 0};
	int64_t		n[2] = {0, 0};

	em_mask_create(ctx, g.n, "mask", &m);
	for (int64_t z = 0; z < EDGE; z++)
		for (int64_t y = 0; y < EDGE; y++)
			for (int64_t x = 0; x < EDGE; x++)
			{
				const int64_t xx = x < EDGE / 2 ? x : x - EDGE / 2;
				const double d2 = pow((double) (xx - 18), 2) + pow((double) (y - 36), 2) + pow((double) (z - 36), 2);

				em_volume_row(v, y, z)[x] *= d2 > 14 * 14 ? 0 : x < EDGE / 2 ? (float) ratio : 1;
				if (d2 <= 11 * 11)
					set_voxel(m, x, y, z);
			}
	em_mask_recount(ctx, m);
	em_fft_forward(ctx, v);
	is_int(em_local_occupancy(ctx, v, m, RESOLUTION, em_local_sigma(&g), &b), EM_OK, "balls 1 : %g", ratio);
	for (int64_t i = 0; b.volume != NULL && i < EDGE * EDGE * EDGE; i++)
	{
		const int64_t x = i % EDGE;
		const int64_t y = i / EDGE % EDGE;
		const int64_t z = i / EDGE / EDGE;

		if (em_mask_get(m, x, y, z))
		{
			mean[x >= EDGE / 2] += em_volume_row(b.volume, y, z)[x];
			n[x >= EDGE / 2]++;
		}
	}
	is_near(mean[0] / (double) n[0], want_weak, 0.01, "balls 1 : %g, the weak one", ratio);
	is_near(mean[1] / (double) n[1], want_strong, 0.01, "balls 1 : %g, the strong one", ratio);
	is_near((mean[0] + mean[1]) / (double) (n[0] + n[1]), 0.75, 0.001, "balls 1 : %g, mean of the mask", ratio);
	is_int(b.bands, (int) floor((1 / 3.0 - 1 / 15.0) / (4.8 / EDGE)), "balls 1 : %g, bands", ratio);
	em_volume_destroy(ctx, b.volume);
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

/* A ball of texture in noise, 48³ voxels of 1.5 Å. */
static em_volume *
small_entry(em_ctx *ctx, double scale)
{
	const em_grid g = box(48, 48, 48, 1.5);
	em_volume  *v = noise_map(ctx, &g, 6, 0, 1);

	for (int64_t z = 0; z < 48; z++)
		for (int64_t y = 0; y < 48; y++)
			for (int64_t x = 0; x < 48; x++)
			{
				float	   *a = em_volume_row(v, y, z) + x;
				const double d2 = pow((double) (x - 24), 2) + pow((double) (y - 24), 2) + pow((double) (z - 24), 2);

				*a = (float) (scale * (d2 < 14 * 14 ? 20 + 3 * *a : 0.5 * *a));
			}
	return v;
}

static em_results *
run_check(em_ctx *ctx, const char *code, const em_volume *v, double contour, double resolution, double sigma_f)
{
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = v}};
	const em_param params[] = {{"sigma_f", sigma_f}};
	em_workbench *wb = bench_open(ctx, &maps, &v->grid, contour, resolution, params, sigma_f > 0 ? 1 : 0);
	em_results *r = bench_run(ctx, wb, code, true);

	em_workbench_destroy(wb);
	return r;
}

/* Same measures to a relative tolerance (0: bitwise), same volume for 0. */
static bool
same_results(const em_results *a, const em_results *b, double tolerance)
{
	if (a == NULL || b == NULL || a->n_measures != b->n_measures || a->volume == NULL || b->volume == NULL)
		return false;
	for (int i = 0; i < a->n_measures; i++)
		if (fabs(a->measures[i].value - b->measures[i].value) > tolerance * fabs(a->measures[i].value))
			return printf("# %s: %g and %g\n", a->measures[i].name, a->measures[i].value, b->measures[i].value), false;
	for (int64_t z = 0; tolerance == 0 && z < a->volume->grid.n[2]; z++)
		for (int64_t y = 0; y < a->volume->grid.n[1]; y++)
			if (memcmp(em_volume_row(a->volume, y, z), em_volume_row(b->volume, y, z),
					   sizeof(float) * (size_t) a->volume->grid.n[0]) != 0)
				return false;
	return true;
}

static void
test_check(em_ctx *ctx, const char *code)
{
	em_volume  *v = small_entry(ctx, 1);
	em_volume  *big = small_entry(ctx, 1000);
	em_ctx	   *two = context(2);
	em_results *r = run_check(ctx, code, v, 10, 6, 0);
	em_results *threads = run_check(two, code, v, 10, 6, 0);
	em_results *scaled = run_check(ctx, code, big, 10000, 6, 0);
	em_results *local = run_check(ctx, code, v, 10, 6, 0.016);
	em_results *beyond = run_check(ctx, code, v, 10, 2, 0);
	const em_series *h = r == NULL ? NULL : em_results_find_series(r, "histogram");
	double		total = 0;

	ok(r != NULL && r->state == EM_MEASURED, "%s: measured", code);
	for (int i = 0; h != NULL && i < h->n; i++)
		total += h->y[i];
	ok(h != NULL && total <= measure_of(r, "n") && total > 0.9 * measure_of(r, "n"), "%s: histogram", code);
	ok(r != NULL && r->volume->grid.n[0] == 24 && fabs(r->volume->grid.voxel[0] - 3) < 1e-9,
	   "%s: sampled at half the resolution", code);
	is_near(measure_of(r, "spread"), measure_of(r, "p97_5") - measure_of(r, "p2_5"), 1e-9, "%s: spread", code);
	ok(same_results(r, threads, 0), "%s: one thread or two, the same bits", code);
	ok(same_results(r, scaled, 1e-4), "%s: a thousand times the map, the same numbers", code);
	ok(isnan(measure_of(r, "p50_local")) && isfinite(measure_of(local, "p50_local")),
	   "%s: p50_local when asked for", code);
	is_near(measure_of(local, "p50"), measure_of(r, "p50"), 0, "%s: p50 beside it is the same", code);
	is_near(measure_of(r, "resolution_used"), 6, 0, "%s: the resolution reported", code);
	is_near(measure_of(beyond, "resolution_used"), 3, 1e-9, "%s: no finer than the voxels", code);
	em_results_destroy(r);
	em_results_destroy(threads);
	em_results_destroy(scaled);
	em_results_destroy(local);
	em_results_destroy(beyond);
	em_ctx_destroy(two);
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, big);
}

static void
expect(em_ctx *ctx, const char *code, const em_volume *v, double contour, double resolution, em_state state,
	   const char *reason)
{
	em_results *r = run_check(ctx, code, v, contour, resolution, 0);

	ok(r != NULL && r->state == state && strcmp(r->reason_code, reason) == 0, "%s: %s (%s)", code, reason,
	   r == NULL ? "error" : r->reason);
	em_results_destroy(r);
}

static void
test_states(em_ctx *ctx, const char *code)
{
	em_volume  *v = small_entry(ctx, 1);

	expect(ctx, code, v, 10, NAN, EM_NOT_APPLICABLE, "no_resolution");
	expect(ctx, code, v, NAN, 6, EM_NOT_APPLICABLE, "no_contour");
	expect(ctx, code, v, 10, 15, EM_NOT_APPLICABLE, "resolution_too_low");
	expect(ctx, code, v, 10, 18, EM_NOT_APPLICABLE, "resolution_too_low");
	expect(ctx, code, v, 1e6, 6, EM_FAILED, "empty_mask");
	expect(ctx, code, v, 10, 14, EM_MEASURED, "");
	if (strcmp(code, "0.f") == 0)
		expect(ctx, code, v, -1e6, 6, EM_FAILED, "no_background");
	else
		expect(ctx, code, v, -1e6, 6, EM_MEASURED, "");
	for (int64_t i = 0; i < v->plane * 48; i++)
		v->data[i] = 0;
	expect(ctx, code, v, 0, 6, EM_FAILED, strcmp(code, "0.f") == 0 ? "no_background" : "no_signal");
	em_volume_row(v, 3, 3)[3] = NAN;
	expect(ctx, code, v, 10, 6, EM_FAILED, "not_finite_voxels");
	em_volume_destroy(ctx, v);
}

/* Cancel anywhere, and never allocate more than the estimate. */
static void
test_limits(em_ctx *ctx, const char *code)
{
	em_volume  *v = small_entry(ctx, 1);
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = v}};
	int			cancelled = 0;
	em_workbench *wb = bench_open(ctx, &maps, &v->grid, 10, 6, NULL, 0);
	const uint64_t estimate = em_check_find(code)->estimate(wb);
	em_ctx	   *tight;
	em_results *r;

	em_workbench_destroy(wb);
	for (int polls = 1; polls < 4000; polls *= 3)
	{
		countdown	c = {.polls = polls};
		em_ctx_options o = {.threads = 2,.poll = stop_later,.arg = &c};
		em_ctx	   *stopped = em_ctx_create(&o);

		wb = bench_open(stopped, &maps, &v->grid, 10, 6, NULL, 0);
		em_results_create(stopped, &r);
		cancelled += em_check_run(em_check_find(code), wb, r) == EM_CANCELLED;
		em_results_destroy(r);
		em_workbench_destroy(wb);
		if (em_ctx_memory_used(stopped) != 0)
			cancelled = -1000;
		em_ctx_destroy(stopped);
	}
	ok(cancelled > 3, "%s: cancelled %d times, nothing left behind", code, cancelled);
	tight = em_ctx_create(&(em_ctx_options) {.threads = 1,.memory_budget = estimate});
	wb = bench_open(tight, &maps, &v->grid, 10, 6, NULL, 0);
	r = bench_run(tight, wb, code, false);
	ok(r != NULL && r->state == EM_MEASURED, "%s: fits in its estimate, %.1f MiB (peak %.1f)", code,
	   (double) estimate / 1048576, (double) em_ctx_memory_peak(tight) / 1048576);
	em_results_destroy(r);
	em_workbench_destroy(wb);
	em_ctx_destroy(tight);
	em_volume_destroy(ctx, v);
}

int
main(void)
{
	em_ctx	   *ctx = context(1);
	em_ctx	   *two = context(2);

	test_points(two);
	test_noise(two);
	test_shift(two);
	test_balls(two, 0.01, 0.5, 1);
	test_balls(two, 1, 0.75, 0.75);
	is_int(em_resized_edge(614, 1024), 616, "an edge of 2 x 307 becomes 8 x 7 x 11");
	is_int(em_resized_edge(616, 616), 616, "one that is smooth stays");
	is_int(em_resized_edge(614, 615), 614, "so does one that may not grow");
	is_int(em_resized_edge(94, 1024), 94, "a short one");
	is_int(em_resized_edge(114, 1024), 114, "and one without a smooth one near (116 = 4 x 29)");
	for (int i = 0; i < 2; i++)
	{
		const char *code = i == 0 ? "0.f" : "0.g";

		test_check(ctx, code);
		test_states(ctx, code);
		test_limits(ctx, code);
	}
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	is_int((long long) em_ctx_memory_used(two), 0, "everything was freed with two threads");
	em_ctx_destroy(two);
	em_ctx_destroy(ctx);
	return tap_done();
}
