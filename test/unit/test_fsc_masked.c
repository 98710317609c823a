/*
 * test/unit/test_fsc_masked.c
 *		Random phases with Friedel symmetry, what they say about a mask, the
 *		criteria and crossings, and the masked curves of check 1.a.
 */
#include "fourier/em_fft.h"
#include "half/em_fsc_masked.h"
#include "half/em_mask_share.h"
#include "half/em_randomise.h"
#include "halves.h"
#include "tap.h"
#include "volume/em_arith.h"

static em_ctx *ctx;

static em_grid
box(int64_t nx, int64_t ny, int64_t nz)
{
	return (em_grid) {.n = {nx, ny, nz},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
}

/* Largest difference of two volumes, padding left out. */
static double
difference(const em_volume *a, const em_volume *b, int64_t nx)
{
	double		d = 0;

	for (int64_t z = 0; z < a->grid.n[2]; z++)
		for (int64_t y = 0; y < a->grid.n[1]; y++)
			for (int64_t x = 0; x < nx; x++)
				d = fmax(d, fabs((double) em_volume_row(a, y, z)[x] - em_volume_row(b, y, z)[x]));
	return d;
}

/* Phases are random beyond a shell, the rest is kept, and the result is a real map. */
static void
test_phases(const em_grid *grid, const char *name)
{
	em_volume  *half[2];
	em_volume  *f = NULL;
	em_volume  *g = NULL;
	em_volume  *real = NULL;
	em_shells	s;
	double		amplitude = 0;
	double		kept = 0;
	double		sum[2] = {0, 0};
	double		quadrant[4] = {0};
	double		n = 0;

	em_shells_init(ctx, grid, &s);
	make_halves(ctx, grid, 21, NULL, NULL, half);
	em_fft_forward(ctx, half[0]);
	f = half[0];
	em_volume_copy(ctx, f, "copy", &g);
	ok(em_randomise_phases(ctx, g, 5, 1) == EM_OK, "%s: phases drawn", name);
	for (int64_t z = 0; z < s.n[2]; z++)
		for (int64_t y = 0; y < s.n[1]; y++)
			for (int64_t x = 0; x < s.nxh; x++)
			{
				double		r2 = (double) (x * x) * s.unit2[0] +
					pow((double) em_frequency(y, s.n[1]), 2) * s.unit2[1] +
					pow((double) em_frequency(z, s.n[2]), 2) * s.unit2[2];
				const float *a = em_volume_row(f, y, z) + 2 * x;
				const float *b = em_volume_row(g, y, z) + 2 * x;
				double		ra = hypot(a[0], a[1]);

				amplitude = fmax(amplitude, fabs(ra - hypot(b[0], b[1])) / (1e-3 + ra));
				if (r2 < 25 - 1e-6)
					kept = fmax(kept, fabs((double) a[0] - b[0]) + fabs((double) a[1] - b[1]));
				else if (x > 0 && 2 * x != s.n[0])
				{
					sum[0] += b[0] / ra;
					sum[1] += b[1] / ra;
					quadrant[(b[0] < 0) + 2 * (b[1] < 0)]++;
					n++;
				}
			}
	ok(amplitude < 1e-5, "%s: amplitudes are kept (%.2g)", name, amplitude);
	is_near(kept, 0, 0, "%s: phases below the shell are kept", name);
	ok(fabs(sum[0]) < 4 * sqrt(n / 2) && fabs(sum[1]) < 4 * sqrt(n / 2), "%s: no direction is preferred", name);
	for (int i = 0; i < 4; i++)
		is_near(quadrant[i], n / 4, 4 * sqrt(n * 3 / 16), "%s: quadrant %d", name, i);

	/* A spectrum without the symmetry of a real map does not survive the way there and back. */
	em_volume_copy(ctx, g, "copy", &real);
	em_fft_inverse(ctx, real);
	em_fft_forward(ctx, real);
	ok(difference(g, real, 2 * s.nxh) < 1e-2, "%s: still the spectrum of a real map (%.2g)", name,
	   difference(g, real, 2 * s.nxh));
	em_volume_destroy(ctx, real);
	em_volume_destroy(ctx, g);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

static double
step(double shell, const double axis[3], void *arg)
{
	(void) axis;
	return shell < *(double *) arg ? 40 : 0;
}

/* A tight soft ball as mask. */
static em_volume *
ball(const em_grid *grid, double radius)
{
	em_volume  *v;
	double		c = (double) grid->n[0] / 2;

	em_volume_create(ctx, grid, "mask", &v);
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < grid->n[0]; x++)
			{
				double		r = sqrt(pow((double) x - c, 2) + pow((double) y - c, 2) + pow((double) z - c, 2));

				em_volume_row(v, y, z)[x] = (float) (r < radius ? 1 : r > radius + 3 ? 0 :
													 0.5 + 0.5 * cos(M_PI * (r - radius) / 3));
			}
	return v;
}

/* Signal to shell 6, noise beyond, a tight mask: what the mask adds is taken off again. */
static void
test_correction(void)
{
	em_grid		grid = box(48, 48, 48);
	double		last = 6.5;
	em_volume  *half[2];
	em_volume  *mask = ball(&grid, 7);
	bench_maps	maps = {.volume = {NULL}};
	em_workbench *wb;
	em_results *r;
	em_results *s;
	const em_series *masked,
			   *corrected,
			   *unmasked;
	double		share;
	double		worst = 0;

	make_halves(ctx, &grid, 22, step, &last, half);
	maps.volume[EM_ROLE_HALF1] = half[0];
	maps.volume[EM_ROLE_HALF2] = half[1];
	maps.volume[EM_ROLE_MASK] = mask;
	wb = bench_open(ctx, &maps, &grid, NAN, NAN, NULL, 0);
	r = bench_run(ctx, wb, "fsc_masked", false);
	s = bench_run(ctx, wb, "fsc_masked_resolution", false);
	masked = em_results_find_series(r, "fsc_masked");
	corrected = em_results_find_series(r, "fsc_corrected");
	unmasked = em_results_find_series(r, "fsc_unmasked");
	is_near(measure_of(s, "randomised_from"), 48.0 / 7, 1e-9, "random from the first shell without signal");
	share = measure_of(s, "mask_share");
	ok(share > 0.01 && share < 0.2, "share of a small ball: %.4f", share);
	ok(masked->y[6] > 0.3, "the mask lets signal leak into shell 7 (%.2f)", masked->y[6]);
	ok(fabs(unmasked->y[6]) < 0.15, "which has none (%.2f)", unmasked->y[6]);
	for (int64_t i = 10; i <= 22; i++)
		worst = fmax(worst, fabs(corrected->y[i - 1]) * sqrt(share * 4 * M_PI * (double) (i * i)));
	ok(worst < 3.5, "corrected, noise is noise: %.2f sigma", worst);
	em_results_destroy(s);

	s = bench_run(ctx, wb, "fsc_crossings", false);
	ok(s != NULL && em_results_find_series(s, "crossing")->n >= 15, "crossings of 3 curves and 5 criteria");
	em_results_destroy(s);
	em_results_destroy(r);
	em_workbench_destroy(wb);
	em_volume_destroy(ctx, mask);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

/* The independent share of a mask is the one with which noise behind it scatters. */
static void
test_share(void)
{
	em_grid		grid = box(24, 24, 24);
	em_volume  *mask = ball(&grid, 4);
	double		share = 0;
	double		scatter = 0;
	int			shells = 0;

	ok(em_mask_share(ctx, mask, &share) == EM_OK, "share of a mask");
	for (uint64_t seed = 0; seed < 200; seed++)
	{
		em_volume  *half[2];
		em_fsc	   *f = NULL;

		make_halves(ctx, &grid, 5000 + seed, NULL, NULL, half);
		for (int i = 0; i < 2; i++)
		{
			em_volume_multiply(ctx, half[i], mask);
			em_fft_forward(ctx, half[i]);
		}
		em_fsc_sweep(ctx, half[0], half[1], &f);
		for (int i = 4; i < 11; i++, shells++)
			scatter += f->fsc[i] * f->fsc[i] * (double) f->n[i];
		em_fsc_destroy(ctx, f);
		em_volume_destroy(ctx, half[0]);
		em_volume_destroy(ctx, half[1]);
	}
	/* The variance of the FSC of noise is 1/n for n independent coefficients of the full sphere. */
	is_near(share, shells / scatter, 0.12 * share, "noise scatters as the share says (%.4f)", shells / scatter);
	for (int64_t i = 0; i < mask->plane * grid.n[2]; i++)
		mask->data[i] = 0.5f;
	ok(em_mask_share(ctx, mask, &share) == EM_OK, "share of no mask");
	is_near(share, 1, 1e-6, "is 1");
	em_volume_destroy(ctx, mask);
}

/* States of bad input, and 1.a with and without room for the masked curves. */
static void
test_states(void)
{
	em_grid		grid = box(32, 32, 32);
	em_grid		other = box(32, 32, 30);
	double		last = 9;
	em_volume  *half[2];
	em_volume  *mask = ball(&grid, 9);
	em_volume  *empty;
	em_volume  *odd;
	bench_maps	maps = {.volume = {NULL}};
	em_param	off = {"masked", 0};
	em_workbench *wb;
	em_results *r;

	em_volume_create(ctx, &grid, "empty", &empty);
	em_volume_create(ctx, &other, "other", &odd);
	make_halves(ctx, &grid, 23, step, &last, half);
	maps.volume[EM_ROLE_HALF1] = half[0];
	maps.volume[EM_ROLE_HALF2] = half[1];
	maps.volume[EM_ROLE_MASK] = mask;
	for (int i = 0; i < 2; i++)
	{
		wb = bench_open(ctx, &maps, &grid, NAN, NAN, &off, i);
		r = bench_run(ctx, wb, "1.a", false);
		ok(isfinite(measure_of(r, "fsc_masked_0143")) == (i == 0) &&
		   isfinite(measure_of(r, "fsc_corrected_0143")) == (i == 0), "1.a %s masked curves", i ? "without" : "with");
		ok(isfinite(measure_of(r, "fsc_0143")), "and with the others");
		em_results_destroy(r);
		em_workbench_destroy(wb);
	}
	const struct
	{
		const char *what;
		const em_volume *half1;
		const em_volume *half2;
		const em_volume *mask;
		const char *reason;
	}			bad[] = {
		{"no half maps", NULL, NULL, mask, "no_half_maps"}, {"identical halves", half[0], half[0], mask, "identical_half_maps"},
		{"an empty mask", half[0], half[1], empty, "empty_mask"}, {"a mask of another box", half[0], half[1], odd, "mask_differs"},
		{"half maps of different boxes", half[0], odd, mask, "half_maps_differ"},
		{"a constant half map", half[0], empty, mask, "constant_half_maps"}
	};
	static const char *const codes[] = {"fsc_masked", "fso", "1.g", "1.h", "fsc3d", "fsc_permutation"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++)
		{
			maps.volume[EM_ROLE_HALF1] = bad[i].half1;
			maps.volume[EM_ROLE_HALF2] = bad[i].half2;
			maps.volume[EM_ROLE_MASK] = bad[i].mask;
			wb = bench_open(ctx, &maps, &grid, NAN, NAN, NULL, 0);
			r = bench_run(ctx, wb, codes[k], false);
			ok(r != NULL && strcmp(r->reason_code, bad[i].reason) == 0, "%s: %s (%s)", codes[k], bad[i].what,
			   r != NULL ? r->reason_code : "error");
			em_results_destroy(r);
			em_workbench_destroy(wb);
		}
	em_volume_destroy(ctx, odd);
	em_volume_destroy(ctx, empty);
	em_volume_destroy(ctx, mask);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

/* No mask because of the contour: one that nothing reaches, and none. */
static void
test_contour(void)
{
	static const char *const codes[] = {"1.g", "1.h"};
	em_grid		grid = box(32, 32, 32);
	double		last = 9;
	em_volume  *half[2];
	em_volume  *map = ball(&grid, 9);
	bench_maps	maps = {.volume = {NULL}};

	make_halves(ctx, &grid, 25, step, &last, half);
	maps.volume[EM_ROLE_HALF1] = half[0];
	maps.volume[EM_ROLE_HALF2] = half[1];
	maps.volume[EM_ROLE_MAP] = map;
	for (int i = 0; i < 4; i++)
	{
		em_workbench *wb = bench_open(ctx, &maps, &grid, i < 2 ? 2.0 : NAN, NAN, NULL, 0);
		em_results *r = bench_run(ctx, wb, codes[i % 2], false);

		if (i < 2)
			ok(r != NULL && r->state == EM_FAILED && strcmp(r->reason_code, "empty_mask") == 0,
			   "%s: a contour that nothing reaches", codes[i % 2]);
		else
			ok(r != NULL && r->state == EM_MEASURED && measure_of(r, "masked") == 0,
			   "%s: without a contour there is no mask", codes[i % 2]);
		em_results_destroy(r);
		em_workbench_destroy(wb);
	}
	em_volume_destroy(ctx, map);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

/* With the estimate as budget every check runs and stays within it; with less it refuses. */
static void
test_budget(void)
{
	static const char *const codes[] = {
		"fsc_masked", "1.a", "1.b", "1.g", "1.h", "fso", "fsc3d", "fsc_permutation", "fsc_masked_resolution"
	};
	em_grid		grid = box(40, 40, 40);
	double		last = 11;
	em_volume  *half[2];
	em_volume  *mask = ball(&grid, 10);
	bench_maps	maps = {.volume = {NULL}};

	make_halves(ctx, &grid, 24, step, &last, half);
	maps.volume[EM_ROLE_HALF1] = half[0];
	maps.volume[EM_ROLE_HALF2] = half[1];
	for (size_t k = 0; k < 2 * sizeof(codes) / sizeof(codes[0]); k++)
	{
		const char *code = codes[k / 2];
		em_workbench *wb;
		em_results *r;
		em_ctx	   *tight;
		uint64_t	need;

		/* Once with a mask that is given, once with one made from a map and its contour. */
		maps.volume[EM_ROLE_MASK] = k % 2 == 0 ? mask : NULL;
		maps.volume[EM_ROLE_MAP] = k % 2 == 0 ? NULL : mask;
		wb = bench_open(ctx, &maps, &grid, k % 2 == 0 ? NAN : 0.5, 4, NULL, 0);
		need = em_check_find(code)->estimate(wb) + 65536;
		em_workbench_destroy(wb);
		tight = em_ctx_create(&(em_ctx_options) {.threads = 2,.memory_budget = need});
		wb = bench_open(tight, &maps, &grid, k % 2 == 0 ? NAN : 0.5, 4, NULL, 0);
		r = bench_run(tight, wb, code, false);
		ok(r != NULL && r->state == EM_MEASURED, "%s runs within its estimate of %.2f MiB (peak %.2f)", code,
		   (double) need / 1048576, (double) em_ctx_memory_peak(tight) / 1048576);
		em_results_destroy(r);
		em_workbench_destroy(wb);
		is_int(em_ctx_memory_used(tight), 0, "and leaves nothing");
		em_ctx_destroy(tight);
	}
	em_volume_destroy(ctx, mask);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
}

static void
test_small(void)
{
	static const double curve[] = {1, 0.9, 0.5, 0.2, 0.1, 0.2, 0.05};

	is_near(em_fsc_last_shell(curve, 7, 70, 0.143), 70.0 / 3, 1e-12, "last shell before the first below 0.143");
	is_near(em_fsc_last_shell(curve, 4, 70, 0.143), 70.0 / 3, 1e-12, "the last shell when none is below");
	ok(isnan(em_fsc_last_shell(curve, 7, 70, 0.95)), "nothing when the first is below");
	is_near(em_fsc_level(EM_CRITERION_HALF_BIT, 1e12), 0.1716, 1e-3, "half-bit tends to 0.1716");
	is_near(em_fsc_level(EM_CRITERION_ONE_BIT, 1e12), 1.0 / 3, 1e-3, "one-bit tends to 1/3");
	is_near(em_fsc_level(EM_CRITERION_THREE_SIGMA, 900), 0.1, 1e-12, "three sigma of 900 samples");
	is_near(em_fsc_level(EM_CRITERION_HALF_BIT, 0.1), 1, 0, "never above 1");
}

int
main(void)
{
	em_grid		cube = box(16, 16, 16);
	em_grid		odd = box(15, 18, 17);

	ctx = em_ctx_create(&(em_ctx_options) {.threads = 2,.seed = 7});
	test_small();
	test_phases(&cube, "cube");
	test_phases(&odd, "odd box");
	test_correction();
	test_share();
	test_states();
	test_contour();
	test_budget();
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	return tap_done();
}
