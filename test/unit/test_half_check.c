/*
 * test/unit/test_half_check.c
 *		The look at half maps: each defect is found, sound halves have none.
 */
#include <stdlib.h>

#include "checks/em_half_measures.h"
#include "halves.h"
#include "half/em_half_check.h"
#include "tap.h"

#define N 64

/* Signal-to-noise of a structure that fades: FSC 0.143 near shell 20 of 32. */
static double
fading(double shell, const double axis[3], void *arg)
{
	(void) axis;
	(void) arg;
	return 100 * exp(-shell * shell / 60);
}

typedef struct pair
{
	em_volume  *half[2];
} pair;

static pair
fresh(em_ctx *ctx)
{
	const em_grid grid = {.n = {N, N, N},.voxel = {1.5, 1.5, 1.5},.angle = {90, 90, 90}};
	pair		p;

	make_halves(ctx, &grid, 9, fading, NULL, p.half);
	return p;
}

static void
drop(em_ctx *ctx, pair *p)
{
	em_volume_destroy(ctx, p->half[0]);
	em_volume_destroy(ctx, p->half[1]);
}

static double
distance(int64_t x, int64_t y, int64_t z)
{
	return sqrt(pow((double) x - N / 2, 2) + pow((double) y - N / 2, 2) + pow((double) z - N / 2, 2));
}

/* Multiply every voxel of a half map: by 0 outside a sphere with a soft edge of 3 voxels. */
static void
mask_sphere(em_volume *v, double radius)
{
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x < N; x++)
			{
				const double d = distance(x, y, z) - radius;

				em_volume_row(v, y, z)[x] *=
					d <= 0 ? 1 : d >= 3 ? 0 : (float) (0.5 + 0.5 * cos(M_PI * d / 3));
			}
}

static void
multiply(em_volume *v, float factor)
{
	for (int64_t i = 0; i < v->plane * v->grid.n[2]; i++)
		v->data[i] *= factor;
}

static void
copy_voxels(em_volume *to, const em_volume *from)
{
	memcpy(to->data, from->data, (size_t) (from->plane * from->grid.n[2]) * sizeof(float));
}

/* Low-pass at a shell, a Gaussian edge of two shells. */
static void
low_pass(em_ctx *ctx, em_volume *v, double shell)
{
	em_fft_forward(ctx, v);
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x <= N / 2; x++)
			{
				const double r = sqrt((double) (x * x) + pow((double) em_frequency(y, N), 2) +
									  pow((double) em_frequency(z, N), 2)) - shell;
				const float w = r <= 0 ? 1 : (float) exp(-r * r / 8);

				em_volume_row(v, y, z)[2 * x] *= w;
				em_volume_row(v, y, z)[2 * x + 1] *= w;
			}
	em_fft_inverse(ctx, v);
}

/* A checkerboard noise common to both: correlated at the Nyquist frequency. */
static void
add_checkerboard(em_volume *v)
{
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x < N; x++)
			{
				const uint64_t i = (uint64_t) ((z * N + y) * N + x);

				const double wave[3] = {
					(x & 1 ? -3 : 3) * (em_rng_uniform(4, 1, i / 4096) - 0.5),
					(y & 1 ? -6 : 6) * (em_rng_uniform(5, 1, (uint64_t) x) - 0.5),
					(z & 1 ? -6 : 6) * (em_rng_uniform(6, 1, (uint64_t) y) - 0.5)
				};

				em_volume_row(v, y, z)[x] += (float) (wave[0] + wave[1] + wave[2]);
			}
}

/* Look at a pair and say what was found. */
static em_half_check
look(em_ctx *ctx, const pair *p, double resolution)
{
	em_half_check h;

	ok(em_half_check_run(ctx, p->half[0], p->half[1], resolution, &h) == EM_OK, "looked at");
	for (int i = 0; i < h.findings; i++)
		printf("# %s\n", h.finding[i]);
	return h;
}

static void
test_sound(em_ctx *ctx)
{
	pair		p = fresh(ctx);
	em_half_check h = look(ctx, &p, 4.8);

	is_int(h.findings, 0, "sound halves: nothing found");
	ok(!h.identical && !h.copy && !h.masked && !h.filtered && !h.inverted && !h.scale_differs &&
	   !h.correlated_noise, "sound halves: no flag");
	is_near(h.zero_percent, 0, 0, "sound halves: noise everywhere");
	is_near(h.scale, 1, 0.02, "sound halves: equal scale");
	is_near(h.nyquist_fsc, 0, 0.05, "sound halves: no correlation at Nyquist");
	mask_sphere(p.half[0], N);
	h = look(ctx, &p, NAN);
	is_int(h.findings, 0, "without a resolution: nothing found");
	drop(ctx, &p);
}

static void
test_copies(em_ctx *ctx)
{
	pair		p = fresh(ctx);
	em_half_check h;

	copy_voxels(p.half[1], p.half[0]);
	h = look(ctx, &p, NAN);
	ok(h.identical && h.findings == 1, "the same twice: identical, and nothing else is said");
	multiply(p.half[1], 2.5f);
	h = look(ctx, &p, NAN);
	ok(!h.identical && h.copy, "one is 2.5 times the other: a copy");
	is_near(h.scale, 2.5, 1e-5, "by the right factor");
	multiply(p.half[1], -0.4f);
	h = look(ctx, &p, NAN);
	ok(!h.identical && h.copy && h.inverted && h.correlation < 0, "one is the other negated: a copy too");
	drop(ctx, &p);
	p = fresh(ctx);
	multiply(p.half[1], -1);
	h = look(ctx, &p, NAN);
	ok(h.inverted && !h.copy && !h.scale_differs, "opposite contrast");
	multiply(p.half[1], -3);
	h = look(ctx, &p, NAN);
	ok(h.scale_differs && !h.inverted && !h.copy, "different scale");
	is_near(h.scale, 3, 0.1, "by the right factor");
	drop(ctx, &p);
}

static void
test_masked(em_ctx *ctx)
{
	pair		p = fresh(ctx);
	em_mask    *inside;
	em_mask    *all;
	em_half_check h;
	double		percent;
	const double sphere = 100 - 100 * 4.0 / 3 * M_PI * pow(27.0 / N, 3);

	mask_sphere(p.half[0], 24);
	mask_sphere(p.half[1], 24);
	h = look(ctx, &p, NAN);
	ok(h.masked && !h.filtered, "outside a sphere 0: masked, not filtered");
	ok(h.zero_percent > 0.5 * sphere && h.zero_percent <= sphere, "in %.1f of %.1f %% of the box",
	   h.zero_percent, sphere);
	em_mask_threshold(ctx, p.half[0], -INFINITY, &all);
	em_half_zero_percent(ctx, p.half[0], p.half[1], all, &percent);
	is_near(percent, sphere, 1, "by voxel in %.1f %% of the box", sphere);
	em_mask_create(ctx, p.half[0]->grid.n, "ball", &inside);
	for (int64_t z = 0; z < N; z++)
		for (int64_t y = 0; y < N; y++)
			for (int64_t x = 0; x < N; x++)
				if (distance(x, y, z) < 24)
					em_mask_row(inside, y, z)[0] |= UINT64_C(1) << x;
	em_mask_recount(ctx, inside);
	em_half_zero_percent(ctx, p.half[0], p.half[1], inside, &percent);
	is_near(percent, 0, 0.3, "and hardly inside");
	em_mask_destroy(ctx, inside);
	em_mask_destroy(ctx, all);
	drop(ctx, &p);
}

static void
test_filtered(em_ctx *ctx)
{
	pair		p = fresh(ctx);
	em_half_check h;

	low_pass(ctx, p.half[0], 16);
	low_pass(ctx, p.half[1], 16);
	h = look(ctx, &p, NAN);
	ok(h.filtered && !h.masked && !h.no_noise_beyond, "low-passed at shell 16: filtered");
	is_near(N * 1.5 / h.filtered_from, 22, 2, "noise is gone from about shell 22 on");
	h = look(ctx, &p, 3.5);
	ok(h.filtered && h.no_noise_beyond, "nothing beyond a resolution of 3.5 Å (shell 27)");
	h = look(ctx, &p, 12);
	ok(h.filtered && !h.no_noise_beyond, "noise enough to judge 12 Å by");
	drop(ctx, &p);
	p = fresh(ctx);
	add_checkerboard(p.half[0]);
	add_checkerboard(p.half[1]);
	h = look(ctx, &p, NAN);
	ok(h.correlated_noise, "correlated noise at Nyquist: FSC %.2f", h.nyquist_fsc);
	drop(ctx, &p);
}

/* On the workbench: made once, whatever is pinned. */
static void
test_bench(em_ctx *ctx)
{
	pair		p = fresh(ctx);
	bench_maps	maps = {.volume = {[EM_ROLE_HALF1] = p.half[0],[EM_ROLE_HALF2] = p.half[1]}};
	em_workbench *wb = bench_open(ctx, &maps, &p.half[0]->grid, NAN, 5, NULL, 0);
	const em_half_check *h = NULL;
	const em_volume *v;
	em_results *r;

	em_results_create(ctx, &r);
	ok(em_workbench_volume(wb, EM_ROLE_HALF1, &v) == EM_OK, "half map 1 is pinned");
	ok(em_half_check_measures(wb, r) == EM_OK, "measures");
	is_near(v->data[5], p.half[0]->data[5], 0, "what was pinned is untouched");
	ok(em_workbench_half_check(wb, &h) == EM_OK && h->findings == 0, "nothing found");
	is_near(measure_of(r, "half_identical"), 0, 0, "half_identical");
	is_near(measure_of(r, "half_masked_percent"), 0, 0, "half_masked_percent");
	is_near(measure_of(r, "half_filtered"), 0, 0, "half_filtered");
	is_near(measure_of(r, "half_scale"), 1, 0.02, "half_scale");
	is_near(measure_of(r, "half_findings"), 0, 0, "half_findings");
	is_int(em_workbench_loads(wb, EM_ROLE_HALF2), 1, "half map 2 was read once");
	em_results_destroy(r);
	em_workbench_destroy(wb);
	drop(ctx, &p);
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);

	test_sound(ctx);
	test_copies(ctx);
	test_masked(ctx);
	test_filtered(ctx);
	test_bench(ctx);
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	em_ctx_destroy(ctx);
	return tap_done();
}
