/*
 * test/unit/test_riesz.c
 *		The Riesz amplitude of plane waves, radial filters, Fourier cropping.
 */
#include <stdlib.h>
#include <string.h>

#include "core/em_rng.h"
#include "fourier/em_crop.h"
#include "fourier/em_fft.h"
#include "fourier/em_riesz.h"
#include "tap.h"

/* cos(2 pi (k.x)) with amplitude 1 + slow modulation is a plane wave; its amplitude is constant. */
static em_volume *
waves(em_ctx *ctx, const em_grid *grid, const double k[3], double amplitude, double phase)
{
	em_volume  *v;

	em_volume_create(ctx, grid, "waves", &v);
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < grid->n[0]; x++)
				em_volume_row(v, y, z)[x] = (float) (amplitude * cos(2 * M_PI *
					(k[0] * (double) x / (double) grid->n[0] + k[1] * (double) y / (double) grid->n[1] +
					 k[2] * (double) z / (double) grid->n[2]) + phase));
	return v;
}

static em_volume *
noise(em_ctx *ctx, const em_grid *grid, uint64_t stream)
{
	em_volume  *v;

	em_volume_create(ctx, grid, "noise", &v);
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < grid->n[0]; x++)
			{
				double		g[2];

				em_rng_normal2(7, stream, (uint64_t) ((z * grid->n[1] + y) * grid->n[0] + x), g);
				em_volume_row(v, y, z)[x] = (float) g[0];
			}
	return v;
}

/* Largest difference of a volume from a number. */
static double
off(const em_volume *v, double want)
{
	double		worst = 0;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				worst = fmax(worst, fabs(em_volume_row(v, y, z)[x] - want));
	return worst;
}

static void
plane_waves(em_ctx *ctx)
{
	em_grid		grid = {.n = {24, 20, 16}, .voxel = {1, 1.5, 2}};
	const double k[][3] = {{3, 0, 0}, {0, 4, 0}, {0, 0, 2}, {2, -3, 1}, {5, 4, -5}};
	em_radial  *all;
	em_volume  *work;
	em_volume  *out;

	em_volume_create(ctx, &grid, "work", &work);
	em_volume_create(ctx, &grid, "out", &out);
	em_radial_high_pass(ctx, &grid, 0, 0, &all);
	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++)
	{
		em_volume  *v = waves(ctx, &grid, k[i], 2.5, 0.3);

		em_fft_forward(ctx, v);
		ok(em_riesz_amplitude(ctx, v, all, work, out) == EM_OK, "amplitude of wave %zu", i);
		is_near(off(out, 2.5), 0, 1e-5, "it is the same everywhere");
		em_volume_destroy(ctx, v);
	}
	em_radial_destroy(ctx, all);
	em_volume_destroy(ctx, work);
	em_volume_destroy(ctx, out);
}

static void
filters(em_ctx *ctx)
{
	em_grid		grid = {.n = {24, 24, 24}, .voxel = {1.2, 1.2, 1.2}};
	const double k[3] = {0, 4, 0};
	double		s = 4 / (24 * 1.2);
	em_volume  *v = waves(ctx, &grid, k, 1, 0);
	em_volume  *work;
	em_volume  *out;
	em_radial  *r;
	double		sum;
	double		sum2;

	em_volume_create(ctx, &grid, "work", &work);
	em_volume_create(ctx, &grid, "out", &out);
	em_fft_forward(ctx, v);
	em_radial_high_pass(ctx, &grid, s - 0.03, s + 0.01, &r);
	em_riesz_amplitude(ctx, v, r, work, out);
	is_near(off(out, 0.5 * (1 + cos(M_PI * 0.25))), 0, 1e-4, "raised cosine, rising");
	em_radial_destroy(ctx, r);
	em_radial_low_pass(ctx, &grid, s - 0.03, s + 0.01, &r);
	em_riesz_amplitude(ctx, v, r, work, out);
	is_near(off(out, 0.5 * (1 + cos(M_PI * 0.75))), 0, 1e-4, "raised cosine, falling");
	em_radial_destroy(ctx, r);
	em_radial_gaussian(ctx, &grid, s + 0.02, 0.02, &r);
	em_riesz_amplitude(ctx, v, r, work, out);
	is_near(off(out, exp(-0.5)), 0, 1e-4, "Gaussian band");
	em_radial_destroy(ctx, r);
	em_radial_low_pass(ctx, &grid, 1.5 / (24 * 1.2), 1.5 / (24 * 1.2), &r);
	em_radial_sums(ctx, &grid, r, &sum, &sum2);
	is_near(sum, 19, 1e-6, "points within 1.5 shells");
	is_near(sum2, 19, 1e-6, "and their squares");
	em_radial_destroy(ctx, r);
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, work);
	em_volume_destroy(ctx, out);
}

/* A band-limited field sampled finer and coarser by cropping and padding. */
static void
cropping(em_ctx *ctx)
{
	em_grid		grid = {.n = {16, 12, 20}, .voxel = {1, 2, 1}, .start = {5, 0, 0}};
	const int64_t big[3] = {32, 24, 40};
	const double k[3] = {3, -2, 4};
	em_volume  *v = waves(ctx, &grid, k, 1, 0.7);
	em_volume  *n = noise(ctx, &grid, 3);
	em_volume  *copy;
	em_volume  *fine;
	em_volume  *back;
	double		worst = 0;
	double		same = 0;

	em_fft_forward(ctx, v);
	ok(em_crop_spectrum(ctx, v, big, "fine", &fine) == EM_OK, "padding");
	em_fft_inverse(ctx, fine);
	for (int64_t z = 0; z < 40; z++)
		for (int64_t y = 0; y < 24; y++)
			for (int64_t x = 0; x < 32; x++)
				worst = fmax(worst, fabs(em_volume_row(fine, y, z)[x] -
										 cos(2 * M_PI * (3 * x / 32.0 - 2 * y / 24.0 + 4 * z / 40.0) + 0.7)));
	is_near(worst, 0, 1e-5, "a finer grid shows the same wave");
	is_near(fine->grid.voxel[1], 1, 1e-12, "voxels half as large");
	is_near(fine->grid.origin[0], 5, 1e-12, "at the same place");
	em_volume_destroy(ctx, fine);
	em_volume_destroy(ctx, v);

	em_volume_copy(ctx, n, "copy", &copy);
	em_fft_forward(ctx, n);
	em_crop_spectrum(ctx, n, big, "fine", &fine);
	em_crop_spectrum(ctx, fine, grid.n, "back", &back);
	em_fft_inverse(ctx, fine);
	em_fft_inverse(ctx, back);
	worst = 0;
	for (int64_t z = 0; z < 20; z++)
		for (int64_t y = 0; y < 12; y++)
			for (int64_t x = 0; x < 16; x++)
			{
				worst = fmax(worst, fabs(em_volume_row(fine, 2 * y, 2 * z)[2 * x] - em_volume_row(copy, y, z)[x]));
				same = fmax(same, fabs(em_volume_row(back, y, z)[x] - em_volume_row(copy, y, z)[x]));
			}
	is_near(worst, 0, 1e-5, "padding keeps the values at common points, Nyquist included");
	(void) same;
	em_volume_destroy(ctx, n);
	em_volume_destroy(ctx, copy);
	em_volume_destroy(ctx, fine);
	em_volume_destroy(ctx, back);
}

/* The same bytes for one and two threads. */
static void
threads(void)
{
	em_grid		grid = {.n = {30, 28, 26}, .voxel = {1, 1, 1}};
	em_volume  *out[2];
	em_ctx	   *ctx[2];
	bool		same = true;

	for (int t = 0; t < 2; t++)
	{
		em_ctx_options opt = {.threads = t + 1};
		em_volume  *v;
		em_volume  *work;
		em_radial  *r;

		ctx[t] = em_ctx_create(&opt);
		v = noise(ctx[t], &grid, 1);
		em_fft_forward(ctx[t], v);
		em_volume_create(ctx[t], &grid, "work", &work);
		em_volume_create(ctx[t], &grid, "out", &out[t]);
		em_radial_gaussian(ctx[t], &grid, 0.2, 0.05, &r);
		em_riesz_amplitude(ctx[t], v, r, work, out[t]);
		em_radial_destroy(ctx[t], r);
	}
	for (int64_t z = 0; z < grid.n[2]; z++)
		for (int64_t y = 0; y < grid.n[1]; y++)
			same = same && memcmp(em_volume_row(out[0], y, z), em_volume_row(out[1], y, z),
								  (size_t) grid.n[0] * sizeof(float)) == 0;
	ok(same, "bitwise the same amplitude with 1 and 2 threads");
	em_ctx_destroy(ctx[0]);
	em_ctx_destroy(ctx[1]);
}

/* A band-limited filter, made with what it needs of the transforms only, against whole transforms. */
static void
test_limits(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz, double vx, double vy, double vz, double from, double to)
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {vx, vy, vz},.angle = {90, 90, 90}};
	em_volume  *part,
			   *whole;
	em_radial  *r;
	uint64_t	drawn = 0;
	int64_t		wrong = 0;

	if (em_volume_create(ctx, &grid, "part", &part) != EM_OK || em_volume_create(ctx, &grid, "whole", &whole) != EM_OK ||
		em_radial_low_pass(ctx, &grid, from, to, &r) != EM_OK)
		exit(1);
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
			for (int64_t x = 0; x < nx; x++)
				em_volume_row(part, y, z)[x] = em_volume_row(whole, y, z)[x] = (float) em_rng_uniform(7, 0, drawn++) - 0.5f;
	ok(em_radial_filter(ctx, part, r) == EM_OK && em_fft_forward(ctx, whole) == EM_OK &&
	   em_radial_apply(ctx, whole, r, whole) == EM_OK && em_fft_inverse(ctx, whole) == EM_OK, "filtered in both ways");
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
			for (int64_t x = 0; x < nx; x++)
				wrong += !(em_volume_row(part, y, z)[x] == em_volume_row(whole, y, z)[x]);
	is_int(wrong, 0, "the same to the bit, low-pass %g to %g 1/Å of %lld x %lld x %lld", from, to, (long long) nx,
		   (long long) ny, (long long) nz);
	em_radial_destroy(ctx, r);
	em_volume_destroy(ctx, whole);
	em_volume_destroy(ctx, part);
}

int
main(void)
{
	em_ctx_options opt = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&opt);

	plane_waves(ctx);
	filters(ctx);
	cropping(ctx);
	test_limits(ctx, 40, 36, 30, 1, 1, 1, 0.1, 0.15);
	test_limits(ctx, 41, 33, 27, 1.1, 1.3, 0.9, 0.08, 0.12);
	test_limits(ctx, 32, 32, 32, 1, 1, 1, 0.125, 0.125);
	test_limits(ctx, 24, 20, 22, 2, 2, 2, 0.2, 0.6);
	is_int(em_ctx_memory_used(ctx), 0, "nothing left behind");
	threads();
	em_ctx_destroy(ctx);
	return tap_done();
}
