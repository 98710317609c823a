/*
 * test/unit/test_fft.c
 *		Transforms against a direct sum, and what must hold for any size.
 */
#include <complex.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_rng.h"
#include "em.h"
#include "tap.h"

/* A volume of uniform noise in -1..1. */
static em_volume *
noise(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz, uint64_t stream)
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {1, 1, 1}};
	em_volume  *v;

	if (em_volume_create(ctx, &grid, "noise", &v) != EM_OK)
		return NULL;
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
			for (int64_t x = 0; x < nx; x++)
				em_volume_row(v, y, z)[x] =
					(float) (2 * em_rng_uniform(1, stream, (uint64_t) ((z * ny + y) * nx + x)) - 1);
	return v;
}

/* Coefficient (kx,ky,kz) of a spectrum. */
static double complex
coefficient(const em_volume *f, int64_t kx, int64_t ky, int64_t kz)
{
	const float *c = em_volume_row(f, ky, kz) + 2 * kx;

	return c[0] + I * c[1];
}

/* The same by summing over all voxels in double. */
static double complex
direct(const em_volume *v, int64_t kx, int64_t ky, int64_t kz)
{
	const int64_t *n = v->grid.n;
	double complex sum = 0;

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
			{
				double		turns = (double) (kx * x % n[0]) / (double) n[0] +
					(double) (ky * y % n[1]) / (double) n[1] + (double) (kz * z % n[2]) / (double) n[2];

				sum += em_volume_row(v, y, z)[x] * cexp(-2 * M_PI * I * turns);
			}
	return sum;
}

static void
test_direct(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz)
{
	em_volume  *v = noise(ctx, nx, ny, nz, 1);
	em_volume  *f;
	double		error = 0;

	em_volume_copy(ctx, v, "spectrum", &f);
	ok(em_fft_forward(ctx, f) == EM_OK && f->domain == EM_FOURIER_SPACE, "%dx%dx%d transforms",
	   (int) nx, (int) ny, (int) nz);
	for (int64_t kz = 0; kz < nz; kz++)
		for (int64_t ky = 0; ky < ny; ky++)
			for (int64_t kx = 0; kx <= nx / 2; kx++)
				error = fmax(error, cabs(coefficient(f, kx, ky, kz) - direct(v, kx, ky, kz)));
	is_near(error / sqrt((double) (nx * ny * nz)), 0, 1e-6, "%dx%dx%d equals the direct sum",
			(int) nx, (int) ny, (int) nz);
	em_volume_destroy(ctx, f);
	em_volume_destroy(ctx, v);
}

/* Sum of squares of the voxels, or of the coefficients of the full spectrum over their number. */
static double
energy(const em_volume *v)
{
	const int64_t *n = v->grid.n;
	double		sum = 0;

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			if (v->domain == EM_REAL_SPACE)
				for (int64_t x = 0; x < n[0]; x++)
					sum += (double) row[x] * row[x];
			else
				for (int64_t kx = 0; kx <= n[0] / 2; kx++)
					sum += (kx == 0 || 2 * kx == n[0] ? 1 : 2) *
						((double) row[2 * kx] * row[2 * kx] + (double) row[2 * kx + 1] * row[2 * kx + 1]);
		}
	return v->domain == EM_REAL_SPACE ? sum : sum / (double) em_grid_voxels(&v->grid);
}

static double
largest_difference(const em_volume *a, const em_volume *b)
{
	double		d = 0;

	for (int64_t z = 0; z < a->grid.n[2]; z++)
		for (int64_t y = 0; y < a->grid.n[1]; y++)
			for (int64_t x = 0; x < a->grid.n[0]; x++)
				d = fmax(d, fabs((double) em_volume_row(a, y, z)[x] - em_volume_row(b, y, z)[x]));
	return d;
}

/* Forward and back, for every size from 64 to 100. */
static void
test_round_trips(em_ctx *ctx)
{
	double		parseval = 0;
	double		back = 0;
	bool		good = true;

	for (int64_t n = 64; n <= 100; n++)
	{
		em_volume  *v = noise(ctx, n, 164 - n, 64 + n % 7, (uint64_t) n);
		em_volume  *f;
		double		before = energy(v);

		em_volume_copy(ctx, v, "spectrum", &f);
		good = good && em_fft_forward(ctx, f) == EM_OK;
		parseval = fmax(parseval, fabs(energy(f) / before - 1));
		good = good && em_fft_inverse(ctx, f) == EM_OK && f->domain == EM_REAL_SPACE;
		back = fmax(back, largest_difference(f, v));
		em_volume_destroy(ctx, f);
		em_volume_destroy(ctx, v);
	}
	ok(good, "sizes 64 to 100 transform forward and back");
	is_near(parseval, 0, 1e-6, "the energy is kept (Parseval)");
	is_near(back, 0, 3e-6, "the voxels come back");
}

/* The same bits from any number of threads, forward and back. */
static void
test_threads(int64_t nx, int64_t ny, int64_t nz)
{
	float	   *first = NULL;
	size_t		floats = 0;

	for (int threads = 1; threads <= 5; threads++)
	{
		em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = threads});
		em_volume  *v = noise(ctx, nx, ny, nz, 3);
		size_t		used = 0;
		float	   *out;

		em_fft_forward(ctx, v);
		out = malloc(2 * sizeof(float) * (size_t) (v->plane * nz));
		for (int pass = 0; pass < 2; pass++)
		{
			int64_t		length = pass == 0 ? 2 * (nx / 2 + 1) : nx;

			for (int64_t z = 0; z < nz; z++)
				for (int64_t y = 0; y < ny; y++, used += (size_t) length)
					memcpy(out + used, em_volume_row(v, y, z), (size_t) length * sizeof(float));
			if (pass == 0)
				em_fft_inverse(ctx, v);
		}
		if (first == NULL)
		{
			first = out;
			floats = used;
		}
		else
		{
			ok(memcmp(first, out, floats * sizeof(float)) == 0, "%dx%dx%d: %d threads give the bits of one",
			   (int) nx, (int) ny, (int) nz, threads);
			free(out);
		}
		em_volume_destroy(ctx, v);
		em_ctx_destroy(ctx);
	}
	free(first);
}

static int
stop_after(void *arg)
{
	return --*(int *) arg < 0;
}

/* Stopped transforms fail and leave nothing behind. */
static void
test_cancel(int threads)
{
	int			left;
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = threads,.poll = stop_after,.arg = &left});
	em_volume  *v;
	uint64_t	used;
	int			stopped = 0;

	left = 1000000;
	v = noise(ctx, 48, 40, 36, 4);
	used = em_ctx_memory_used(ctx);
	for (int calls = 0; calls < 60; calls += 7)
	{
		em_status	status;

		em_ctx_reset(ctx);
		v->domain = EM_REAL_SPACE;
		left = calls;
		status = em_fft_forward(ctx, v);
		stopped += status == EM_CANCELLED;
		ok(status == EM_CANCELLED || status == EM_OK, "%d threads, stop at poll %d: %s", threads, calls,
		   status == EM_OK ? "finished before" : em_ctx_message(ctx));
		is_int(em_ctx_memory_used(ctx), used, "nothing is left");
	}
	ok(stopped > 0, "some transforms were stopped");
	em_volume_destroy(ctx, v);
	em_ctx_destroy(ctx);
}

static void
test_refusals(void)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 1});
	em_volume  *v = noise(ctx, 12, 10, 8, 5);
	em_ctx	   *poor;
	em_volume  *w;

	ok(em_fft_inverse(ctx, v) == EM_INTERNAL, "no inverse transform of voxels");
	ok(em_fft_forward(ctx, v) == EM_OK && em_fft_forward(ctx, v) == EM_INTERNAL,
	   "no forward transform of a spectrum");
	em_volume_destroy(ctx, v);
	em_ctx_destroy(ctx);

	poor = em_ctx_create(&(em_ctx_options) {.threads = 1,.memory_budget = 1 << 14});
	w = noise(poor, 8, 8, 8, 5);
	ok(w != NULL && em_fft_scratch_bytes(poor, &w->grid) > 0, "scratch is announced");
	ok(em_alloc(poor, em_ctx_memory_budget(poor) - em_ctx_memory_used(poor) - 64, 1, "ballast") != NULL &&
	   em_fft_forward(poor, w) == EM_OVER_BUDGET, "no transform beyond the budget");
	em_ctx_destroy(poor);
}

/* More sizes than plans are kept, twice: an evicted plan is made again. */
static void
test_plans(em_ctx *ctx)
{
	bool		good = true;

	for (int round = 0; round < 2; round++)
		for (int64_t n = 5; n < 17; n++)
		{
			em_volume  *v = noise(ctx, n, n + 1, n + 2, 6);
			em_volume  *f;

			em_volume_copy(ctx, v, "spectrum", &f);
			good = good && em_fft_forward(ctx, f) == EM_OK && em_fft_inverse(ctx, f) == EM_OK &&
				largest_difference(f, v) < 1e-6;
			em_volume_destroy(ctx, f);
			em_volume_destroy(ctx, v);
		}
	ok(good, "plans are made again when they were evicted");
}

/* What is left out of the inverse of a spectrum with an empty outside changes nothing. */
static void
test_within(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz, const int64_t limit[3])
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_volume  *whole;
	em_volume  *within;
	double		worst = 0;
	uint64_t	drawn = 0;

	if (em_volume_create(ctx, &grid, "whole", &whole) != EM_OK || em_volume_create(ctx, &grid, "within", &within) != EM_OK)
		exit(1);
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
		{
			int64_t		ky = y <= ny / 2 ? y : ny - y,
						kz = z <= nz / 2 ? z : nz - z;

			for (int64_t x = 0; x <= nx / 2; x++)
				for (int part = 0; part < 2; part++)
				{
					float		v = (float) em_rng_uniform(1, 0, drawn++) - 0.5f;

					if (x > limit[0] || ky > limit[1] || kz > limit[2])
						v = 0;
					em_volume_row(whole, y, z)[2 * x + part] = v;
					em_volume_row(within, y, z)[2 * x + part] = v;
				}
		}
	whole->domain = within->domain = EM_FOURIER_SPACE;
	ok(em_fft_inverse(ctx, whole) == EM_OK && em_fft_inverse_within(ctx, within, limit) == EM_OK, "both inverses");
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
			for (int64_t x = 0; x < nx; x++)
				worst = fmax(worst, fabs((double) em_volume_row(whole, y, z)[x] - em_volume_row(within, y, z)[x]));
	is_near(worst, 0, 0, "the same voxels, to the bit");
	ok(em_fft_forward(ctx, whole) == EM_OK && em_fft_forward_within(ctx, within, limit) == EM_OK, "and forward again");
	for (int64_t z = 0; z < nz; z++)
		for (int64_t y = 0; y < ny; y++)
			for (int64_t x = 0; x < 2 * (nx / 2 + 1); x++)
				if (x / 2 <= limit[0] && (y <= ny / 2 ? y : ny - y) <= limit[1] && (z <= nz / 2 ? z : nz - z) <= limit[2])
					worst = fmax(worst, fabs((double) em_volume_row(whole, y, z)[x] - em_volume_row(within, y, z)[x]));
	is_near(worst, 0, 0, "the same coefficients within");
	em_volume_destroy(ctx, within);
	em_volume_destroy(ctx, whole);
}

/* Edges that FFTW transforms directly. */
static void
test_smooth(void)
{
	ok(em_fft_is_smooth(616, 13) && em_fft_is_smooth(1, 13) && em_fft_is_smooth(1024, 2), "616 = 8 x 7 x 11");
	ok(!em_fft_is_smooth(614, 13), "614 = 2 x 307");
	ok(em_fft_is_smooth(26, 13) && !em_fft_is_smooth(26, 11), "up to a largest factor");
	ok(!em_fft_is_smooth(0, 13), "nothing");
}

int
main(void)
{
	static const int64_t size[][3] = {
		{1, 1, 1}, {2, 1, 1}, {1, 7, 5}, {3, 5, 7}, {4, 6, 8}, {8, 8, 8}, {9, 8, 7}, {13, 11, 2},
		{16, 3, 1}, {17, 4, 9}, {20, 6, 3}, {31, 3, 5}, {14, 1, 16}
	};
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});

	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		test_direct(ctx, size[i][0], size[i][1], size[i][2]);
	test_round_trips(ctx);
	test_plans(ctx);
	test_within(ctx, 40, 36, 30, (const int64_t[3]) {5, 3, 4});
	test_within(ctx, 41, 33, 20, (const int64_t[3]) {0, 0, 0});
	test_within(ctx, 30, 30, 30, (const int64_t[3]) {14, 9, 100});
	test_within(ctx, 30, 30, 30, (const int64_t[3]) {15, 15, 15});
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	test_smooth();
	test_threads(45, 38, 31);
	test_threads(64, 64, 64);
	test_cancel(1);
	test_cancel(2);
	test_refusals();
	return tap_done();
}
