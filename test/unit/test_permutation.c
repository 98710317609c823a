/*
 * test/unit/test_permutation.c
 *		The permutation test of the shells: false discoveries, power, the null
 *		distribution, B-factor and the adjustment of p-values.
 */
#include <gsl/gsl_cdf.h>

#include "fourier/em_fft.h"
#include "fourier/em_guinier.h"
#include "half/em_fsc_permutation.h"
#include "halves.h"
#include "tap.h"

static em_grid
cube(int64_t n, double voxel)
{
	return (em_grid) {.n = {n, n, n},.voxel = {voxel, voxel, voxel},.angle = {90, 90, 90}};
}

static em_ctx *
seeded(uint64_t seed)
{
	return em_ctx_create(&(em_ctx_options) {.threads = 1,.seed = seed});
}

/* Test of two half maps behind the sphere. */
static em_fsc_permutation *
run(em_ctx *ctx, const em_grid *grid, uint64_t seed, snr_fn snr, void *arg, bool exact)
{
	em_permutation_options options = {.share = EM_SPHERE_SHARE,.exact = exact};
	em_fsc_permutation *p = NULL;
	em_volume  *half[2];

	make_halves(ctx, grid, seed, snr, arg, half);
	for (int i = 0; i < 2; i++)
	{
		em_sphere_multiply(ctx, half[i], (double) grid->n[0] / 2 - 4);
		em_fft_forward(ctx, half[i]);
	}
	if (em_fsc_permutation_test(ctx, half[0], half[1], &options, &p) != EM_OK)
		printf("# %s\n", em_ctx_message(ctx));
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	return p;
}

/* T1: pure noise is not resolved. */
static void
test_noise(void)
{
	em_grid		grid = cube(32, 1);
	int			found = 0;
	int			found_vrs = 0;

	for (uint64_t seed = 0; seed < 60; seed++)
	{
		em_ctx	   *ctx = seeded(seed);
		em_fsc_permutation *p = run(ctx, &grid, 1000 + seed, NULL, NULL, false);

		found += em_fdr_resolution(p->q, p->count, p->length, 0.01) < 32.0 / 4;
		found_vrs += em_fdr_resolution(p->q_vrs, p->count, p->length, 0.01) < 32.0 / 4;
		em_fsc_permutation_destroy(ctx, p);
		em_ctx_destroy(ctx);
	}
	ok(found <= 1, "noise is resolved beyond shell 4 in %d of 60", found);
	ok(found_vrs <= 1, "as SPOC, in %d of 60", found_vrs);
}

static double
logistic(double shell, const double axis[3], void *arg)
{
	(void) axis;
	return 30 / (1 + exp((shell - *(double *) arg) / 1.2));
}

/* T2: data are resolved as far as their FSC exceeds chance; exact and analytic agree. */
static void
test_power(void)
{
	em_grid		grid = cube(64, 1);
	double		middle = 13;
	double		axis[3] = {0};
	int			shell = 0;
	int			near = 0;
	int			near_vrs = 0;
	int			agree = 0;

	for (int i = 1; i <= 32; i++)
	{
		double		rho = logistic(i, axis, &middle);

		if (rho / (1 + rho) > 2.75 / sqrt(2 * 0.7 * 2 * M_PI * i * i))
			shell = i;
	}
	for (uint64_t seed = 0; seed < 6; seed++)
	{
		em_ctx	   *ctx = seeded(seed);
		em_fsc_permutation *p = run(ctx, &grid, 2000 + seed, logistic, &middle, false);
		em_fsc_permutation *e = run(ctx, &grid, 2000 + seed, logistic, &middle, true);
		double		ours = p->length / em_fdr_resolution(p->q, p->count, p->length, 0.01);
		double		vrs = p->length / em_fdr_resolution(p->q_vrs, p->count, p->length, 0.01);
		double		exact = p->length / em_fdr_resolution(e->q_vrs, p->count, p->length, 0.01);

		near += fabs(ours - shell) <= 2;
		near_vrs += fabs(exact - shell) <= 2;
		agree += fabs(vrs - exact) <= 1 && fabs(ours - exact) <= 1;
		em_fsc_permutation_destroy(ctx, e);
		em_fsc_permutation_destroy(ctx, p);
		em_ctx_destroy(ctx);
	}
	ok(near >= 5 && near_vrs >= 5, "resolved to shell %d, within 2: %d analytic, %d permuted of 6", shell, near, near_vrs);
	ok(agree >= 5, "analytic and permuted resolutions agree within a shell: %d of 6", agree);
}

/* Kolmogorov-Smirnov distance of n numbers from the uniform distribution. */
static double
uniform_distance(double *p, int n)
{
	double		d = 0;

	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && p[j] < p[j - 1]; j--)
		{
			double		t = p[j];

			p[j] = p[j - 1];
			p[j - 1] = t;
		}
	for (int i = 0; i < n; i++)
		d = fmax(d, fmax(fabs(p[i] - (double) i / n), fabs(p[i] - (double) (i + 1) / n)));
	return d;
}

/*
 * T3: without a signal p-values are uniform: of white noise without a sphere,
 * where every coefficient is independent.  Permuted ones follow the analytic.
 */
static void
test_null(void)
{
	em_grid		grid = cube(40, 1);
	double		p[400];
	double		worst = 0;
	int			n = 0;
	int			compared = 0;

	for (uint64_t seed = 0; seed < 20; seed++)
	{
		em_ctx	   *ctx = seeded(seed);
		em_permutation_options options = {.share = 1,.exact = true};
		em_fsc_permutation *t = NULL;
		em_volume  *half[2];

		make_halves(ctx, &grid, 3000 + seed, NULL, NULL, half);
		em_fft_forward(ctx, half[0]);
		em_fft_forward(ctx, half[1]);
		em_fsc_permutation_test(ctx, half[0], half[1], &options, &t);
		for (int i = 8; i < 20; i++)
		{
			/* SPOC counts the coefficients as stored, so its correlation has a p-value of its own. */
			double		c = t->fsc_vrs[i];
			double		freedom = 2 * (double) t->n[i] - 1;
			double		want = gsl_cdf_tdist_Q(c * sqrt(freedom / (1 - c * c)), freedom);
			double		sd = sqrt(fmax(want * (1 - want), 5e-3) / 200);

			p[n++] = t->p[i];
			worst = fmax(worst, fabs(want - t->p_vrs[i]) / sd);
			compared++;
		}
		em_fsc_permutation_destroy(ctx, t);
		em_volume_destroy(ctx, half[0]);
		em_volume_destroy(ctx, half[1]);
		em_ctx_destroy(ctx);
	}
	ok(uniform_distance(p, n) < 1.63 / sqrt(n), "analytic p-values are uniform, KS %.3f of %d", uniform_distance(p, n), n);
	ok(worst < 5, "permuted p-values follow them, at most %.1f sigma of 200 draws in %d shells", worst, compared);
}

/* T4: a decaying spectrum gives its B-factor. */
static void
test_bfactor(void)
{
	em_grid		grid = cube(96, 1.2);
	em_ctx	   *ctx = seeded(1);
	bench_maps	maps = {.volume = {NULL}};
	em_volume  *half[2];
	em_shells	s;
	em_workbench *wb;
	em_results *r;

	em_shells_init(ctx, &grid, &s);
	make_halves(ctx, &grid, 4000, NULL, NULL, half);
	em_volume_destroy(ctx, half[1]);
	em_fft_forward(ctx, half[0]);
	for (int64_t z = 0; z < 96; z++)
		for (int64_t y = 0; y < 96; y++)
			for (int64_t x = 0; x < 49; x++)
			{
				double		ky = (double) em_frequency(y, 96);
				double		kz = (double) em_frequency(z, 96);
				double		s2 = ((double) (x * x) + ky * ky + kz * kz) / (s.length * s.length);

				for (int c = 0; c < 2; c++)
					em_volume_row(half[0], y, z)[2 * x + c] *= (float) exp(-50 * s2 / 4);
			}
	em_fft_inverse(ctx, half[0]);
	/* The second half differs by a little noise, so that they are not the same. */
	em_volume_copy(ctx, half[0], "half", &half[1]);
	for (int64_t z = 0; z < 96; z++)
		for (int64_t y = 0; y < 96; y++)
			for (int64_t x = 0; x < 96; x++)
			{
				double		g[2];

				em_rng_normal2(8, 9, (uint64_t) ((z * 96 + y) * 96 + x), g);
				em_volume_row(half[1], y, z)[x] += (float) (1e-4 * g[0]);
			}
	maps.volume[EM_ROLE_HALF1] = half[0];
	maps.volume[EM_ROLE_HALF2] = half[1];
	wb = bench_open(ctx, &maps, &grid, NAN, NAN, NULL, 0);
	r = bench_run(ctx, wb, "1.b", false);
	is_near(measure_of(r, "bfactor"), -50, 0.03 * 50, "B-factor within 3 %%");
	is_near(measure_of(r, "bfactor_vrs"), -50, 0.03 * 50, "as SPOC within 3 %%");
	is_near(measure_of(r, "resolution"), 2.4, 0.01, "resolved to Nyquist");
	em_results_destroy(r);
	em_workbench_destroy(wb);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
}

static void
test_small(void)
{
	static const double p[] = {0.04, 0.001, 0.5, 0.02};
	em_grid		grid = cube(10, 1);
	em_ctx	   *ctx = seeded(1);
	em_fsc_permutation *a;
	em_fsc_permutation *b;
	em_ctx	   *three = em_ctx_create(&(em_ctx_options) {.threads = 3,.seed = 1});
	em_grid		larger = cube(48, 1);
	double		middle = 9;
	double		q[4];
	em_volume  *v;

	/* H = 25/12; ranks 0.001, 0.02, 0.04, 0.5 */
	em_adjust_by(ctx, p, 4, q);
	is_near(q[1], 0.001 * 4 * 25 / 12, 1e-12, "smallest p");
	is_near(q[3], 0.02 * 4 / 2 * 25 / 12, 1e-12, "second");
	is_near(q[0], 0.04 * 4 / 3 * 25 / 12, 1e-12, "third");
	is_near(q[2], 1, 0, "never above 1");
	ok(isnan(em_fdr_resolution(q, 4, 10, 0.001)), "no shell passes");
	em_volume_create(ctx, &grid, "ones", &v);
	for (int64_t i = 0; i < v->plane * 10; i++)
		v->data[i] = 1;
	em_sphere_multiply(ctx, v, 2);
	/* Coordinates are -5 .. 5 in steps of 10/9: voxel 4 is at -5/9, voxel 0 at -5. */
	is_near(em_volume_row(v, 4, 4)[4], 1, 0, "centre of the sphere");
	is_near(em_volume_row(v, 4, 4)[0], exp(-0.5 * pow((sqrt(25 + 50.0 / 81) - 2) / 2, 2)), 1e-6,
			"its edge is a Gaussian");
	em_volume_destroy(ctx, v);
	a = run(ctx, &larger, 77, logistic, &middle, true);
	b = run(three, &larger, 77, logistic, &middle, true);
	ok(memcmp(a->fsc, b->fsc, (size_t) a->count * 6 * sizeof(double)) == 0, "the same bits with three threads");
	em_fsc_permutation_destroy(three, b);
	em_fsc_permutation_destroy(ctx, a);
	em_ctx_destroy(three);
	em_ctx_destroy(ctx);
}

int
main(void)
{
	test_small();
	test_noise();
	test_power();
	test_null();
	test_bfactor();
	return tap_done();
}
