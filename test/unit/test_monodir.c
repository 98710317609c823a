/*
 * test/unit/test_monodir.c
 *		MonoDir: its directions, the half cone against four components, isotropic
 *		and anisotropic maps of known resolution, the check and its states.
 */
#include "boxes.h"
#include "halves.h"

#include "fourier/em_riesz.h"
#include "local/em_halfcone.h"
#include "local/em_monodir.h"

#define VOXEL 1.8
#define BALL 16					/* voxels, radius of what is not noise */

static int64_t edge = 72;

static double
angle_between(const double a[3], const double b[3])
{
	return acos(fmin(fabs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]), 1)) * 180 / M_PI;
}

static void
test_directions(void)
{
	double		v[EM_MONODIR_DIRECTIONS][3];
	double		nearest = 90;
	double		farthest = 0;

	memset(v, 0, sizeof(v));
	em_monodir_directions(v);
	for (int i = 0; i < EM_MONODIR_DIRECTIONS; i++)
	{
		double		own = 90;

		for (int j = 0; j < EM_MONODIR_DIRECTIONS; j++)
			if (j != i)
				own = fmin(own, angle_between(v[i], v[j]));
		nearest = fmin(nearest, own);
		farthest = fmax(farthest, own);
	}
	ok(nearest > 19 && farthest < 24, "46 directions, %.1f to %.1f degrees from each other", nearest, farthest);
}

static void
test_uniformity(void)
{
	double		count[10] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
	double		p;

	is_near(em_monodir_uniformity(count, 10, 10, 1000, &p), 0, 1e-12, "a flat histogram");
	is_near(p, 1, 1e-9, "p of a flat histogram");
	count[0] = 55;
	is_near(em_monodir_uniformity(count, 10, 10, 100, &p), 0.45, 1e-12, "one direction preferred");
	ok(p < 1e-6, "p of one preferred direction");
	/* Q(1.3581) = 0.05, for many draws. */
	count[0] = 5;
	count[9] = 5;
	count[0] = 45 * (0.1 + 0.013581) / (1 - 0.1 - 0.013581);
	is_near(em_monodir_uniformity(count, 10, 10, 10000, &p), 0.013581, 1e-9, "a slight preference");
	is_near(p, 0.05, 0.001, "p at the tabulated 5 %% point");
}

/* T3: the modulus of half a cone is the amplitude of all four components. */
static void
test_halfcone(em_ctx *ctx)
{
	static const double direction[][3] = {{0, 0, 1}, {1, 0, 0}, {0.6, 0.48, 0.64}};
	const em_grid g = box(48, 48, 48, 1);

	for (int k = 0; k < 3; k++)
	{
		em_volume  *f = noise_map(ctx, &g, 2, 0, 1);
		em_volume  *work;
		em_volume  *all;
		em_volume  *half;
		em_halfcone *cone;
		em_radial  *pass;
		double		difference = 0;
		double		square = 0;
		double		sum[2] = {0, 0};

		em_fft_forward(ctx, f);
		em_halfcone_create(ctx, &g, &cone);
		em_volume_create(ctx, &cone->grid, "half", &half);
		is_int(em_halfcone_aim(ctx, cone, f, direction[k]), EM_OK, "cone %d", k);
		em_halfcone_amplitude(ctx, cone, 0, 0, half);
		for (int64_t z = 0; z < 48; z++)
			for (int64_t y = 0; y < 48; y++)
				for (int64_t x = 0; x <= 24; x++)
				{
					const double s[3] = {(double) x, (double) em_frequency(y, 48), (double) em_frequency(z, 48)};
					const double s2 = s[0] * s[0] + s[1] * s[1] + s[2] * s[2];
					const double along = s[0] * direction[k][0] + s[1] * direction[k][1] + s[2] * direction[k][2];

					if (s2 == 0 || s2 > 23.5 * 23.5 || fabs(along) < sqrt(s2) * cos(15 * M_PI / 180))
						em_volume_row(f, y, z)[2 * x] = em_volume_row(f, y, z)[2 * x + 1] = 0;
				}
		em_halfcone_aim(ctx, cone, f, direction[k]);
		em_halfcone_amplitude(ctx, cone, 0, 0, half);
		em_radial_low_pass(ctx, &g, 2, 2, &pass);
		em_volume_create(ctx, &g, "work", &work);
		em_volume_create(ctx, &g, "all", &all);
		em_riesz_amplitude(ctx, f, pass, work, all);
		for (int64_t i = 0; i < 24 * 24 * 24; i++)
		{
			const double a = em_volume_row(all, i / 24 % 24 * 2, i / 576 * 2)[i % 24 * 2];
			const double b = em_volume_row(half, i / 24 % 24, i / 576)[i % 24];

			difference += (a - b) * (a - b);
			square += a * a;
			sum[1] += b * b / (24 * 24 * 24);
		}
		for (int64_t i = 0; i < 48 * 48 * 48; i++)
			sum[0] += pow(em_volume_row(all, i / 48 % 48, i / 2304)[i % 48], 2) / (48 * 48 * 48);
		is_near(sqrt(sum[1] / sum[0]), 1, 1e-4, "cone %d: equal rms of all voxels", k);
		ok(sqrt(difference / square) < 0.03, "cone %d: differs by %.2f %% rms", k, 100 * sqrt(difference / square));
		em_radial_destroy(ctx, pass);
		em_halfcone_destroy(ctx, cone);
		em_volume_destroy(ctx, half);
		em_volume_destroy(ctx, all);
		em_volume_destroy(ctx, work);
		em_volume_destroy(ctx, f);
	}
}

/* Noise up to 1/best Å within 50 degrees of z, to 1/worst elsewhere, in a ball, in weak noise. */
static em_volume *
make_map(em_ctx *ctx, double best, double worst, uint64_t stream)
{
	const em_grid g = box(edge, edge, edge, VOXEL);
	em_volume  *v = noise_map(ctx, &g, stream, 0, 1);

	em_fft_forward(ctx, v);
	for (int64_t z = 0; z < edge; z++)
		for (int64_t y = 0; y < edge; y++)
			for (int64_t x = 0; x <= edge / 2; x++)
			{
				const double kz = (double) em_frequency(z, edge);
				const double s = sqrt((double) (x * x) + pow((double) em_frequency(y, edge), 2) + kz * kz);
				const bool	cap = fabs(kz) > s * cos(50 * M_PI / 180);

				if (s / (edge * VOXEL) > 1 / (cap ? best : worst))
					em_volume_row(v, y, z)[2 * x] = em_volume_row(v, y, z)[2 * x + 1] = 0;
			}
	em_fft_inverse(ctx, v);
	for (int64_t z = 0; z < edge; z++)
		for (int64_t y = 0; y < edge; y++)
			for (int64_t x = 0; x < edge; x++)
			{
				const double r = sqrt(pow((double) (x - edge / 2), 2) + pow((double) (y - edge / 2), 2) + pow((double) (z - edge / 2), 2));
				double		two[2];

				em_rng_normal2(8, stream, (uint64_t) ((z * edge + y) * edge + x), two);
				em_volume_row(v, y, z)[x] = (float)
					(em_volume_row(v, y, z)[x] * exp(-pow(r / BALL, 12)) + 0.01 * two[0]);
			}
	return v;
}

static em_mask *
ball_mask(em_ctx *ctx, double radius)
{
	em_mask    *m;

	em_mask_create(ctx, (const int64_t[]) {edge, edge, edge}, "mask", &m);
	for (int64_t z = 0; z < edge; z++)
		for (int64_t y = 0; y < edge; y++)
			for (int64_t x = 0; x < edge; x++)
				if (pow((double) (x - edge / 2), 2) + pow((double) (y - edge / 2), 2) + pow((double) (z - edge / 2), 2) < radius * radius)
					set_voxel(m, x, y, z);
	em_mask_recount(ctx, m);
	return m;
}

static em_monodir *
measure_map(em_ctx *ctx, const em_volume *v, const em_mask *m)
{
	em_monodir_shell shell;
	em_monodir *d = NULL;
	em_volume  *f;

	em_volume_copy(ctx, v, "spectrum", &f);
	em_fft_forward(ctx, f);
	if (em_monodir_noise_shell(ctx, v, m, &shell) != EM_OK || em_monodir_run(ctx, f, m, &shell, NULL, &d) != EM_OK)
		printf("# %s\n", em_ctx_message(ctx));
	em_volume_destroy(ctx, f);
	return d;
}

/* T1: the same resolution in every direction. */
static void
test_isotropic(em_ctx *ctx, const em_mask *m)
{
	em_volume  *v = make_map(ctx, 6, 6, 31);
	em_monodir *d = measure_map(ctx, v, m);
	double		statistic;
	double		doa = 0;
	double		p;
	int			good = 0;
	int			n = 0;

	ok(d != NULL && !d->noise_from_halves, "isotropic: measured, noise from the shell");
	/* Tried about 6 Å: shells 19, 21, 23 of 129.6 Å. */
	for (int i = 0; i < EM_MONODIR_DIRECTIONS; i++)
		good += (d->median[i] > 5.6 && d->median[i] < 6.9) ||
			(printf("# direction %d: %.2f Å\n", i, d->median[i]), false);
	is_int(good, EM_MONODIR_DIRECTIONS, "isotropic: 6 Å in every direction, within a step");
	statistic = em_monodir_uniformity(d->count, EM_MONODIR_DIRECTIONS, EM_MONODIR_DIRECTIONS,
									  em_monodir_effective(d->direction, d->count), &p);
	ok(statistic < 0.05 && p > 0.05, "isotropic: D = %.3f, p = %.2f", statistic, p);
	/* In the inner half; the outer one is smeared into the noise, each direction differently. */
	for (int64_t i = 0; i < d->n; i++)
		if (hypot(hypot(d->position[3 * i], d->position[3 * i + 1]), d->position[3 * i + 2]) < 0.5 * BALL * VOXEL)
		{
			doa += d->doa[i];
			n++;
		}
	ok(n > 200 && doa / n <= 0.5, "isotropic: anisotropy %.2f Å of %d voxels", doa / n, n);
	em_monodir_destroy(ctx, d);
	em_volume_destroy(ctx, v);
}

/* T2: 4 Å within 50 degrees of z, 8 Å elsewhere; cones of 15 degrees are in one or the other. */
static void
test_anisotropic(em_ctx *ctx, const em_mask *m)
{
	em_volume  *v = make_map(ctx, 4, 8, 32);
	em_monodir *d = measure_map(ctx, v, m);
	double		cap = 0;
	double		total = 0;
	double		p;
	int			good = 0;

	for (int i = 0; i < EM_MONODIR_DIRECTIONS; i++)
	{
		const double tilt = acos(d->direction[i][2]) * 180 / M_PI;
		const double want = tilt < 35 ? 4 : 8;

		/* One step: 0.5 Å up to 8 Å, 1 Å beyond, or one shell. */
		good += (tilt >= 35 && tilt <= 65) || fabs(d->median[i] - want) <= (want < 6 ? 0.5 : 1.3) ||
			(printf("# tilt %.0f: %.2f Å\n", tilt, d->median[i]), false);
		total += d->count[i];
		cap += tilt < 66 ? d->count[i] : 0;
	}
	is_int(good, EM_MONODIR_DIRECTIONS, "anisotropic: 4 Å below 35 degrees, 8 Å above 65");
	ok(cap > 0.9 * total, "anisotropic: %.1f %% of the preferred directions have the cap in their cone",
	   100 * cap / total);
	em_monodir_uniformity(d->count, EM_MONODIR_DIRECTIONS, EM_MONODIR_DIRECTIONS,
						  em_monodir_effective(d->direction, d->count), &p);
	ok(p < 1e-6, "anisotropic: p = %g", p);
	em_monodir_destroy(ctx, d);
	em_volume_destroy(ctx, v);
}

/*
 * The effective number: independent draws, each counted `times` times, from a
 * distribution that is uniform up to a quadratic form of strength `slope`.
 */
static void
test_effective(int draws, int times, double slope)
{
	double		v[EM_MONODIR_DIRECTIONS][3];
	double		sum = 0;
	int			rejected = 0;
	const int	rounds = 400;

	em_monodir_directions(v);
	for (int r = 0; r < rounds; r++)
	{
		double		count[EM_MONODIR_DIRECTIONS] = {0};
		double		effective;
		double		p;

		for (int i = 0, k = 0; i < draws; k++)
		{
			const int	d = (int) (EM_MONODIR_DIRECTIONS * em_rng_uniform(5, (uint64_t) r, 2 * (uint64_t) k));

			if (em_rng_uniform(5, (uint64_t) r, 2 * (uint64_t) k + 1) * (1 + slope) < 1 + slope * (1.5 * v[d][2] * v[d][2] - 0.5))
			{
				count[d] += times;
				i++;
			}
		}
		effective = em_monodir_effective((const double (*)[3]) v, count);
		sum += effective / rounds;
		em_monodir_uniformity(count, EM_MONODIR_DIRECTIONS, EM_MONODIR_DIRECTIONS, effective, &p);
		rejected += p < 0.05;
	}
	/* The mean of 40/chi² with 40 degrees of freedom is 40/38. */
	is_near(sum / draws, 0.8 * 40 / 38, slope == 0 ? 0.03 : 0.1, "%d draws, each %d times, slope %g: worth %.0f", draws,
			times, slope, sum);
	if (slope == 0)
		ok(rejected < 0.05 * rounds, "... %d of %d uniform ones are rejected at 5 %%", rejected, rounds);
	else
		ok(rejected > 0.95 * rounds, "... %d of %d others are rejected at 5 %%", rejected, rounds);
}

static em_results *
run_check(em_ctx *ctx, const char *code, const em_volume *v, const em_volume *h1, const em_volume *h2,
		  double contour, double resolution)
{
	bench_maps	maps = {.volume = {v, h1, h2}};
	em_workbench *wb = bench_open(ctx, &maps, &v->grid, contour, resolution, NULL, 0);
	em_results *r = bench_run(ctx, wb, code, false);

	em_workbench_destroy(wb);
	return r;
}

static void
expect(em_ctx *ctx, const char *code, const em_volume *map, const em_volume *h1, const em_volume *h2,
	   double contour, double resolution, em_state state, const char *reason)
{
	em_results *r = run_check(ctx, code, map, h1, h2, contour, resolution);

	ok(r != NULL && r->state == state && strcmp(r->reason_code, reason) == 0, "%s: \"%s\" (%s)", code, reason,
	   r == NULL ? "error" : r->reason);
	em_results_destroy(r);
}

/* The check: a mask with a shell about it, one without, and what does not apply. */
static void
test_check(em_ctx *ctx)
{
	em_volume  *v = make_map(ctx, 6, 6, 33);
	em_volume  *flat = make_map(ctx, 6, 6, 33);
	em_volume  *half[2] = {noise_map(ctx, &v->grid, 41, 0, 0.02), noise_map(ctx, &v->grid, 42, 0, 0.02)};
	em_ctx	   *one = context(1);
	em_results *r;
	em_results *single;
	const char *const series[] = {"direction_histogram", "radial_highest", "radial_lowest", "radial_mean"};

	for (int64_t z = 0; z < edge; z++)
		for (int64_t y = 0; y < edge; y++)
			for (int64_t x = 0; x < edge; x++)
			{
				const double r2 = pow((double) (x - edge / 2), 2) + pow((double) (y - edge / 2), 2) + pow((double) (z - edge / 2), 2);

				em_volume_row(v, y, z)[x] += r2 < 12 * 12 ? 10 : 0;
				for (int i = 0; i < 2; i++)
					em_volume_row(half[i], y, z)[x] += em_volume_row(flat, y, z)[x];
				em_volume_row(flat, y, z)[x] += r2 < (edge / 2 - 4) * (edge / 2 - 4) ? 10 : 0;
			}
	r = run_check(ctx, "1.f", v, half[0], half[1], 5, 6);
	single = run_check(one, "1.f", v, half[0], half[1], 5, 6);
	ok(r != NULL && r->state == EM_MEASURED && measure_of(r, "noise_from_halves") == 0, "1.f: measured");
	ok(measure_of(r, "p_value_vrs") < 0.001 && measure_of(r, "n_effective") >= 1, "1.f: VRS's test rejects everything");
	ok(measure_of(r, "mean_resolution_vrs") > 2 * VOXEL && measure_of(r, "mean_resolution_vrs") < 18,
	   "1.f: VRS's mean, %.2f Å", measure_of(r, "mean_resolution_vrs"));
	for (int i = 0; i < 4; i++)
		ok(r != NULL && em_results_find_series(r, series[i]) != NULL, "1.f: series %s", series[i]);
	ok(r != NULL && single != NULL && r->n_measures == single->n_measures &&
	   memcmp(em_results_find_series(r, "direction_histogram")->y, em_results_find_series(single, "direction_histogram")->y,
			  EM_MONODIR_DIRECTIONS * sizeof(double)) == 0 &&
	   measure_of(r, "mean_resolution") == measure_of(single, "mean_resolution"), "1.f: one thread or two");
	em_results_destroy(r);
	em_results_destroy(single);
	r = run_check(ctx, "1.f", flat, half[0], half[1], 5, 6);
	ok(r != NULL && r->state == EM_MEASURED && measure_of(r, "noise_from_halves") == 1, "1.f: no shell, noise of the halves");
	em_results_destroy(r);
	expect(ctx, "1.f", v, NULL, NULL, 5, 6, EM_NOT_APPLICABLE, "no_half_maps");
	expect(ctx, "monodir", flat, NULL, NULL, 5, 6, EM_FAILED, "no_noise_shell");
	expect(ctx, "1.f", flat, half[0], half[0], 5, 6, EM_FAILED, "identical_half_maps");
	expect(ctx, "1.f", v, half[0], half[1], 5, NAN, EM_NOT_APPLICABLE, "no_resolution");
	expect(ctx, "1.f", v, half[0], half[1], NAN, 6, EM_NOT_APPLICABLE, "no_contour");
	expect(ctx, "1.f", v, half[0], half[1], 5, 11, EM_NOT_APPLICABLE, "resolution_too_low");
	expect(ctx, "1.f", v, half[0], half[1], 1e6, 6, EM_FAILED, "empty_mask");
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	em_volume_destroy(ctx, flat);
	em_volume_destroy(ctx, v);
	em_ctx_destroy(one);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);
	em_mask    *m;

	test_directions();
	test_uniformity();
	test_effective(800, 3, 0);
	test_effective(800, 7, 0);
	test_effective(800, 7, 0.5);
	test_halfcone(ctx);
	m = ball_mask(ctx, BALL + 2);
	test_isotropic(ctx, m);
	test_anisotropic(ctx, m);
	em_mask_destroy(ctx, m);
	edge = 48;
	test_check(ctx);
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	em_ctx_destroy(ctx);
	return tap_done();
}
