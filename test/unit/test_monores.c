/*
 * test/unit/test_monores.c
 *		Local resolution by monogenic amplitudes: zones of known resolution, pure
 *		noise, monotonicity, invariance, what cannot be measured.
 */
#include <stdlib.h>

#include "core/em_quantile.h"
#include "halves.h"
#include "local/em_monores.h"
#include "tap.h"

#define N 96
#define APART 14				/* voxels from the interface of the zones */
#define RADIUS (0.4 * N)

static double
distance(int64_t x, int64_t y, int64_t z)
{
	return sqrt(pow((double) x - N / 2, 2) + pow((double) y - N / 2, 2) + pow((double) z - N / 2, 2));
}

static void
add_white(em_volume *v, double sd, uint64_t stream)
{
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x < N; x += 2)
			{
				double		pair[2];

				em_rng_normal2(3, stream, (uint64_t) ((z * N + y) * N + x), pair);
				em_volume_row(v, y, z)[x] += (float) (sd * pair[0]);
				em_volume_row(v, y, z)[x + 1] += (float) (sd * pair[1]);
			}
}

/* White noise of standard deviation 1, low-passed at `resolution` Å by a raised cosine of 0.02. */
static em_volume *
low_passed(em_ctx *ctx, const em_grid *grid, double resolution, uint64_t stream)
{
	em_volume  *v;

	em_volume_create(ctx, grid, "signal", &v);
	add_white(v, 1, stream);
	em_fft_forward(ctx, v);
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x <= N / 2; x++)
			{
				const double u = sqrt(pow((double) x, 2) + pow((double) em_frequency(y, N), 2) +
									  pow((double) em_frequency(z, N), 2)) / N - 1 / resolution;
				const double w = u <= 0 ? 1 : u >= 0.02 ? 0 : 0.5 * (1 + cos(M_PI * u / 0.02));

				em_volume_row(v, y, z)[2 * x] *= (float) w;
				em_volume_row(v, y, z)[2 * x + 1] *= (float) w;
			}
	em_fft_inverse(ctx, v);
	return v;
}

/* Two half maps: 4 Å where x < N/2 and 8 Å elsewhere in a ball, times `signal`, and white noise of sd 1. */
static void
make_zones(em_ctx *ctx, const em_grid *grid, double signal, em_volume *half[2])
{
	em_volume  *fine = low_passed(ctx, grid, 4, 11);
	em_volume  *coarse = low_passed(ctx, grid, 8, 12);

	for (int i = 0; i < 2; i++)
	{
		em_volume_create(ctx, grid, "half map", &half[i]);
		for (int64_t z = 0; z < N; z++)
			for (int64_t y = 0; y < N; y++)
				for (int64_t x = 0; x < N; x++)
					if (distance(x, y, z) < RADIUS)
						em_volume_row(half[i], y, z)[x] =
							(float) signal * em_volume_row(x < N / 2 ? fine : coarse, y, z)[x];
		add_white(half[i], 1, 20 + (uint64_t) i);
	}
	em_volume_destroy(ctx, fine);
	em_volume_destroy(ctx, coarse);
}

static em_mask *
ball(em_ctx *ctx, double radius)
{
	const int64_t n[3] = {N, N, N};
	em_mask    *m;

	em_mask_create(ctx, n, "ball", &m);
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x < N; x++)
				if (distance(x, y, z) < radius)
					em_mask_row(m, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
	em_mask_recount(ctx, m);
	return m;
}

/* Quartiles of the volume in the ball where first <= x < end. */
static void
quartiles(em_ctx *ctx, const em_volume *v, const em_mask *mask, int64_t first, int64_t end, double q[3])
{
	static const double at[3] = {0.25, 0.5, 0.75};
	float	   *value = em_alloc(ctx, (uint64_t) mask->count, sizeof(float), "values");
	int64_t		n = 0;
	int64_t		counted;

	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = first; x < end; x++)
				if (em_mask_get(mask, x, y, z))
					value[n++] = em_volume_row(v, y, z)[x];
	em_quantiles_array(ctx, value, n, EM_RANK_LINEAR, at, 3, q, &counted);
	em_free(ctx, value);
}

/*
 * Is R within one index of the frequency of `want`, for a box of N Å?  The last
 * step keeps the better of the raw and the smoothed value, which takes up to
 * half an index more off.
 */
static bool
one_step(double got, double want)
{
	const double n = round(N / want);

	return got <= N / (n - 1) + 1e-6 && got >= N / (n + 1.5) - 1e-6;
}

/* T1: the zones' resolutions, away from the interface. */
static void
test_zones(em_ctx *ctx, em_volume *half[2], const em_mask *mask, bool fast)
{
	const em_monores_options o = {
		.start = 16,.step = 0.5,.significance = 0.95,.fast = fast,.want_volume = true
	};
	const char *mode = fast ? "fast" : "exact";
	em_monores *m = NULL;
	double		fine[3];
	double		coarse[3];

	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &m) == EM_OK, "T1 %s: measured", mode);
	if (m == NULL)
		return;
	is_int(m->n, mask->count, "T1 %s: every voxel has a resolution", mode);
	quartiles(ctx, m->volume, mask, 0, N / 2 - APART, fine);
	quartiles(ctx, m->volume, mask, N / 2 + APART, N, coarse);
	printf("# %s: %.2f %.2f %.2f and %.2f %.2f %.2f\n", mode, fine[0], fine[1], fine[2], coarse[0], coarse[1],
		   coarse[2]);
	for (int i = 0; i < 3; i++)
	{
		ok(one_step(fine[i], 4), "T1 %s: quartile %d of the 4 Å zone is %.2f Å", mode, i + 1, fine[i]);
		ok(one_step(coarse[i], 8), "T1 %s: quartile %d of the 8 Å zone is %.2f Å", mode, i + 1, coarse[i]);
	}
	em_monores_destroy(ctx, m);
}

/* T2: pure noise. */
static void
test_noise(em_ctx *ctx, const em_grid *grid, const em_mask *mask)
{
	const em_monores_options o = {.start = 20,.step = 0.5,.significance = 0.95};
	em_volume  *half[2];
	em_monores *m = NULL;
	int64_t		better = 0;

	for (int i = 0; i < 2; i++)
	{
		em_volume_create(ctx, grid, "half map", &half[i]);
		add_white(half[i], 1, 40 + (uint64_t) i);
	}
	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &m) == EM_OK, "T2: measured");
	if (m != NULL)
	{
		for (int64_t i = 0; i < m->n; i++)
			better += m->value[i] < m->step[2].resolution - 1e-3;
		ok(m->evaluations <= 4, "T2: the sweep over noise ends after %d resolutions", m->evaluations);
		ok(m->end == EM_MONORES_NOISE || m->end == EM_MONORES_FEW_VOXELS, "T2: because there is only noise");
		ok((double) better < 0.02 * (double) mask->count, "T2: %.2f %% better than the third resolution",
		   100 * (double) better / (double) mask->count);
	}
	em_monores_destroy(ctx, m);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

static em_monores *
measure(em_ctx *ctx, const em_volume *a, const em_volume *b, const em_mask *mask, bool fast)
{
	const em_monores_options o = {.start = 12,.step = 2.5,.significance = 0.95,.fast = fast};
	em_monores *m = NULL;

	(void) em_monores_run(ctx, a, b, mask, &o, &m);
	return m;
}

/* Largest relative difference of two results; infinite when they have different voxels. */
static double
differ(const em_monores *a, const em_monores *b)
{
	double		most = 0;

	if (a == NULL || b == NULL || a->n != b->n)
		return INFINITY;
	for (int64_t i = 0; i < a->n; i++)
		most = fmax(most, fabs(a->value[i] - b->value[i]) / b->value[i]);
	return most;
}

static void
scale(em_volume *v, float factor)
{
	for (int64_t i = 0; i < v->plane * v->grid.n[2]; i++)
		v->data[i] *= factor;
}

/* T4: scaling, exchange of the halves, threads. */
static void
test_invariance(em_ctx *ctx, em_volume *half[2], const em_mask *mask)
{
	em_ctx_options alone = {.threads = 1};
	em_ctx	   *one = em_ctx_create(&alone);
	em_monores *m = measure(ctx, half[0], half[1], mask, false);
	em_monores *other = measure(ctx, half[1], half[0], mask, false);

	ok(differ(m, other) == 0, "T4: the halves exchanged");
	em_monores_destroy(ctx, other);
	for (int fast = 0; fast < 2; fast++)
	{
		em_monores *a = fast ? measure(ctx, half[0], half[1], mask, true) : m;
		em_monores *b = measure(one, half[0], half[1], mask, fast);

		ok(differ(a, b) == 0, "T4: the same bits by 1 and 2 threads, %s mode", fast ? "fast" : "exact");
		if (fast)
			em_monores_destroy(ctx, a);
		em_monores_destroy(one, b);
	}
	scale(half[0], 1024);
	scale(half[1], 1024);
	other = measure(ctx, half[0], half[1], mask, false);
	ok(differ(m, other) == 0, "T4: the same bits when both halves are scaled by 1024");
	em_monores_destroy(ctx, other);
	scale(half[0], 1000.0f / 1024);
	scale(half[1], 1000.0f / 1024);
	other = measure(ctx, half[0], half[1], mask, false);
	if (m != NULL && other != NULL)
	{
		double		changed = 0;

		for (int64_t i = 0; i < m->n && m->n == other->n; i++)
			changed += m->value[i] != other->value[i] && fabs(m->value[i] - other->value[i]) > 1e-4;
		ok(m->n == other->n && changed < 1e-3 * (double) m->n,
		   "T4: scaled by 1000, all but %g of %lld voxels", changed, (long long) m->n);
		is_near(other->median, m->median, 1e-9, "T4: and the same median");
	}
	em_monores_destroy(ctx, other);
	em_monores_destroy(ctx, m);
	em_ctx_destroy(one);
}

/* Several tiles give what one region gives, up to what their margins cut off. */
static void
test_tiles(em_ctx *ctx, em_volume *half[2], const em_mask *mask)
{
	em_monores_options o = {.start = 12,.step = 1.5,.significance = 0.95,.fast = true};
	em_monores *one = NULL;
	em_monores *two = NULL;
	int64_t		changed = 0;

	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &one) == EM_OK, "one region");
	o.region_voxels = 90 * N * N;
	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &two) == EM_OK, "two tiles");
	if (one != NULL && two != NULL)
	{
		is_int(two->evaluations, one->evaluations, "the same resolutions tried");
		is_int(two->end, one->end, "the same end");
		for (int64_t i = 0; i < one->n && one->n == two->n; i++)
			changed += fabs(two->value[i] / one->value[i] - 1) > 0.05;
		ok(one->n == two->n && (double) changed < 0.02 * (double) one->n,
		   "%lld of %lld voxels differ by more than 5 %%", (long long) changed, (long long) one->n);
		is_near((double) two->step[3].active / (double) one->step[3].active, 1, 0.01,
				"as many undecided voxels");
	}
	em_monores_destroy(ctx, one);
	em_monores_destroy(ctx, two);
}

/* T3 and a single map. */
static void
test_weaker(em_ctx *ctx, const em_grid *grid, em_volume *strong[2], const em_mask *mask)
{
	em_volume  *weak[2];
	em_monores *a = measure(ctx, strong[0], strong[1], mask, true);
	em_monores *b;

	make_zones(ctx, grid, 2, weak);
	b = measure(ctx, weak[0], weak[1], mask, true);
	ok(a != NULL && b != NULL && b->median > a->median, "T3: a weaker signal has a worse median");
	em_monores_destroy(ctx, a);
	a = measure(ctx, strong[0], NULL, mask, false);
	ok(a != NULL, "one map: measured");
	ok(a != NULL && a->median >= 4 && a->median <= 8.5, "one map: median %.2f Å", a == NULL ? 0 : a->median);
	em_monores_destroy(ctx, a);
	em_monores_destroy(ctx, b);
	em_volume_destroy(ctx, weak[0]);
	em_volume_destroy(ctx, weak[1]);
}

/* What cannot be measured says why. */
static void
test_refusals(em_ctx *ctx, em_volume *half[2], const em_mask *mask)
{
	em_mask    *empty = ball(ctx, 0);
	em_mask    *corner = ball(ctx, 0);
	const char *code = "";
	em_monores_options o = {.start = 12,.step = 1,.significance = 0.95,.reason_code = &code};
	em_monores *m;

	em_mask_row(corner, 0, 0)[0] |= 1;
	em_mask_recount(ctx, corner);
	ok(em_monores_run(ctx, half[0], half[1], empty, &o, &m) == EM_NOT_MEASURABLE &&
	   !strcmp(code, "empty_mask"),
	   "an empty mask");
	ok(em_monores_run(ctx, half[0], half[1], corner, &o, &m) == EM_NOT_MEASURABLE &&
	   !strcmp(code, "no_noise_voxels"), "a mask in the corner of the box only: %s", em_ctx_message(ctx));
	ok(em_monores_run(ctx, half[0], half[0], mask, &o, &m) == EM_NOT_MEASURABLE && !strcmp(code, "no_noise"),
	   "identical halves: %s", em_ctx_message(ctx));
	o.start = 1.5;
	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &m) == EM_NOT_MEASURABLE &&
	   !strcmp(code, "nothing_to_try"), "a start beyond Nyquist: %s", em_ctx_message(ctx));
	o.start = 12;
	o.significance = 1.5;
	ok(em_monores_run(ctx, half[0], half[1], mask, &o, &m) == EM_BAD_ARGUMENT, "significance above 1");
	em_mask_destroy(ctx, empty);
	em_mask_destroy(ctx, corner);
}

/* Memory stays within the estimate. */
static void
test_memory(const em_ctx *two, em_volume *half[2], const em_mask *mask)
{
	for (int fast = 0; fast < 2; fast++)
	{
		const uint64_t bytes = em_monores_bytes(two, &half[0]->grid, fast, true);
		em_ctx_options options = {.threads = 2,.memory_budget = bytes};
		em_ctx	   *ctx = em_ctx_create(&options);
		em_monores *m = measure(ctx, half[0], half[1], mask, fast);

		ok(m != NULL, "%s mode keeps to its estimate: %.0f of %.0f MiB", fast ? "fast" : "exact",
		   (double) em_ctx_memory_peak(ctx) / 1048576, (double) bytes / 1048576);
		em_monores_destroy(ctx, m);
		is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
		em_ctx_destroy(ctx);
	}
}

static int
stop_after(void *arg)
{
	int		   *left = arg;

	return --*left <= 0;
}

/* Stopped on request or out of memory at any time: nothing stays behind. */
static void
test_stops(em_volume *half[2], const em_mask *mask)
{
	const uint64_t mib[] = {1, 5, 12, 20, 26, 32};
	em_ctx_options options = {.threads = 1,.poll = stop_after};
	bool		clean = true;
	bool		right = true;

	for (int polls = 1; polls < 3000; polls = polls * 2 + 7)
	{
		int			left = polls;
		em_ctx	   *ctx;
		em_monores *m;

		options.arg = &left;
		ctx = em_ctx_create(&options);
		m = measure(ctx, half[0], half[1], mask, true);
		right = right && m == NULL && em_ctx_status(ctx) == EM_CANCELLED;
		clean = clean && em_ctx_memory_used(ctx) == 0;
		if (!right || !clean)
			printf("# %d polls: %s, %llu bytes left\n", polls, m == NULL ? em_ctx_message(ctx) : "finished",
				   (unsigned long long) em_ctx_memory_used(ctx));
		em_ctx_destroy(ctx);
	}
	ok(right && clean, "stopped early: nothing left behind");
	right = clean = true;
	for (int i = 0; i < 6; i++)
	{
		em_ctx_options small = {.threads = 1,.memory_budget = mib[i] << 20};
		em_ctx	   *ctx = em_ctx_create(&small);
		em_monores *m = measure(ctx, half[0], half[1], mask, true);

		right = right && m == NULL && em_ctx_status(ctx) == EM_OVER_BUDGET;
		clean = clean && em_ctx_memory_used(ctx) == 0;
		em_ctx_destroy(ctx);
	}
	ok(right && clean, "too little memory: nothing left behind");
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);
	const em_grid grid = {.n = {N, N, N},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_mask    *mask = ball(ctx, RADIUS);
	em_volume  *half[2];

	make_zones(ctx, &grid, 8, half);
	test_zones(ctx, half, mask, false);
	test_zones(ctx, half, mask, true);
	test_noise(ctx, &grid, mask);
	test_memory(ctx, half, mask);
	test_tiles(ctx, half, mask);
	test_weaker(ctx, &grid, half, mask);
	test_refusals(ctx, half, mask);
	test_stops(half, mask);
	test_invariance(ctx, half, mask);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	em_mask_destroy(ctx, mask);
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	em_ctx_destroy(ctx);
	return tap_done();
}
