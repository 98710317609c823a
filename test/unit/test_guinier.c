/*
 * test/unit/test_guinier.c
 *		Guinier profiles and B-factors with known answers.
 */
#include <stdlib.h>
#include <string.h>

#include "em.h"
#include "tap.h"

static em_volume *
create(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz, double voxel)
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {voxel, voxel, voxel}};
	em_volume  *v = NULL;

	em_volume_create(ctx, &grid, "test map", &v);
	return v;
}

/* Spatial frequency squared of a coefficient, 1/Å². */
static double
frequency2(const em_grid *g, int64_t ix, int64_t iy, int64_t iz)
{
	int64_t		i[3] = {ix, iy, iz};
	double		s2 = 0;

	for (int j = 0; j < 3; j++)
	{
		double		s = (double) em_frequency(i[j], g->n[j]) / ((double) g->n[j] * g->voxel[j]);

		s2 += s * s;
	}
	return s2;
}

static void
fill_noise(em_volume *v, uint64_t stream)
{
	const int64_t *n = v->grid.n;

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
			{
				double		g[2];

				em_rng_normal2(7, stream, (uint64_t) ((z * n[1] + y) * n[0] + x), g);
				em_volume_row(v, y, z)[x] = (float) g[0];
			}
}

/* A Gaussian blob whose spectrum is exp(-b/4 s²): its standard deviation is sqrt(b/8)/pi Å. */
static void
fill_blob(em_volume *v, double b)
{
	const int64_t *n = v->grid.n;
	double		a = v->grid.voxel[0];
	double		sigma2 = b / (8 * M_PI * M_PI);

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
			{
				double		dx = a * ((double) x - (double) n[0] / 2 - 0.3);
				double		dy = a * ((double) y - (double) n[1] / 2);
				double		dz = a * ((double) z - (double) n[2] / 2 + 0.2);

				em_volume_row(v, y, z)[x] = (float) exp(-(dx * dx + dy * dy + dz * dz) / (2 * sigma2));
			}
}

/* Multiply a spectrum by exp(-b/4 s²). */
static void
damp(em_volume *f, double b)
{
	const int64_t *n = f->grid.n;

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t kx = 0; kx <= n[0] / 2; kx++)
			{
				float	   *c = em_volume_row(f, y, z) + 2 * kx;
				float		w = (float) exp(-b / 4 * frequency2(&f->grid, kx, y, z));

				c[0] *= w;
				c[1] *= w;
			}
}

/* Every shell's means by brute force over the full spectrum and over the half plane as stored. */
static void
test_brute_force(int64_t nx, int64_t ny, int64_t nz)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	em_volume  *f = create(ctx, nx, ny, nz, 1.4);
	em_guinier *g;
	double		length = (double) nx * 1.4;
	double		worst = 0;
	double		worst_vrs = 0;
	int64_t		wrong = 0;

	fill_noise(f, 1);
	em_fft_forward(ctx, f);
	ok(em_guinier_profile(ctx, f, &g) == EM_OK, "%dx%dx%d: profile", (int) nx, (int) ny, (int) nz);
	for (int64_t i = 0; i < g->count; i++)
	{
		double		sum[2] = {0, 0};
		double		n[2] = {0, 0};

		for (int64_t z = 0; z < nz; z++)
			for (int64_t y = 0; y < ny; y++)
				for (int64_t x = 0; x < nx; x++)
				{
					double		r = sqrt(frequency2(&f->grid, x, y, z)) * length;
					bool		mate = x > nx / 2;
					const float *c = mate ? em_volume_row(f, (ny - y) % ny, (nz - z) % nz) + 2 * (nx - x)
						: em_volume_row(f, y, z) + 2 * x;
					double		amplitude = hypot(c[0], c[1]);

					if ((int64_t) floor(r + 0.5 + 1e-10) != i)
						continue;
					sum[0] += amplitude;
					n[0]++;
					if (!mate && r <= (double) nx / 2 + 1e-4)
					{
						sum[1] += amplitude;
						n[1]++;
					}
				}
		wrong += g->n[i] != (int64_t) n[0];
		worst = fmax(worst, fabs(g->ln_f[i] - log(sum[0] / n[0] / (double) (nx * ny * nz))));
		worst_vrs = fmax(worst_vrs, fabs(g->ln_f_vrs[i] - log(sum[1] / n[1] / (double) (nx * ny * nz))));
		worst = fmax(worst, fabs(g->inv_d2[i] - (double) (i * i) / (length * length)));
	}
	is_int(wrong, 0, "counts of the full sphere");
	is_near(worst, 0, 1e-9, "means over the full sphere");
	is_near(worst_vrs, 0, 1e-9, "means over the half plane");
	em_guinier_destroy(ctx, g);
	em_volume_destroy(ctx, f);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left");
	em_ctx_destroy(ctx);
}

/* B = -b of a blob, to half an Å². */
static void
test_blob(em_ctx *ctx, double b)
{
	em_volume  *v = create(ctx, 72, 72, 72, 1.0);
	em_guinier *g;
	em_bfactor_fit fit;
	em_bfactor_fit vrs;

	fill_blob(v, b);
	em_fft_forward(ctx, v);
	em_guinier_profile(ctx, v, &g);
	ok(em_bfactor_fit_range(ctx, g, 15, 4, false, &fit) == EM_OK, "a blob with B = %g is fitted", b);
	is_near(fit.bfactor, -b, 0.5, "B = %g", -b);
	is_near(fit.slope, -b / 4, 0.125, "slope");
	is_int(fit.points, 14, "shells 5 to 18");
	is_near(fit.correlation, -1, 1e-3, "correlation");
	/* F(0) is the sum of the voxels, (2 pi sigma²)^(3/2). */
	is_near(fit.intercept, 1.5 * log(b / (4 * M_PI)) - 3 * log(72), 0.02, "intercept");
	ok(em_bfactor_fit_range(ctx, g, 15, 4, true, &vrs) == EM_OK, "and as VRS does");
	is_near(vrs.bfactor, -b, 0.5, "B of the half plane");
	em_guinier_destroy(ctx, g);
	em_volume_destroy(ctx, v);
}

/* B = -b of white noise with that envelope, to 1 %. */
static void
test_noise(em_ctx *ctx, double b)
{
	em_volume  *v = create(ctx, 128, 128, 128, 1.0);
	em_guinier *g;
	em_bfactor_fit fit;

	fill_noise(v, 2);
	em_fft_forward(ctx, v);
	damp(v, b);
	em_guinier_profile(ctx, v, &g);
	ok(em_bfactor_fit_range(ctx, g, 15, 3, false, &fit) == EM_OK, "noise with B = %g is fitted", b);
	is_near(fit.bfactor, -b, 0.01 * b, "B = %g", -b);
	em_guinier_destroy(ctx, g);
	em_volume_destroy(ctx, v);
}

/* Ranges, and profiles that cannot be fitted. */
static void
test_limits(em_ctx *ctx)
{
	em_volume  *v = create(ctx, 32, 32, 32, 1.0);
	em_guinier *g;
	em_bfactor_fit fit;
	int64_t		first;

	fill_blob(v, 60);
	em_fft_forward(ctx, v);
	em_guinier_profile(ctx, v, &g);
	is_int(g->count, 17, "32 voxels: 17 shells");
	is_int(em_bfactor_shells(g, 32, 2, false, &first), 15, "the whole range without the Nyquist shell");
	is_int(first, 1, "from shell 1 on");
	is_int(em_bfactor_shells(g, 32, 2, true, &first), 16, "VRS keeps the Nyquist shell");
	is_int(em_bfactor_shells(g, 16, 4, false, &first), 7, "limits that are shells belong to the range");
	is_int(first, 2, "both of them");
	is_int(em_bfactor_shells(g, 16 * (1 - 1e-7), 4 * (1 + 1e-7), false, &first), 7,
		   "also when a float rounded them");
	is_int(em_bfactor_shells(g, 3, 5, false, &first), 0, "no shell in an empty range");

	ok(em_bfactor_fit_range(ctx, g, 15, 6.4, false, &fit) == EM_NOT_MEASURABLE,
	   "fewer than 5 shells are refused");
	ok(strstr(em_ctx_message(ctx), "only 3 Fourier shells") != NULL, "%s", em_ctx_message(ctx));
	ok(em_bfactor_fit_range(ctx, g, 15, 6.4, true, &fit) == EM_OK && fit.points == 3, "but not by VRS");
	ok(em_bfactor_fit_range(ctx, g, 15, 18, true, &fit) == EM_NOT_MEASURABLE, "nothing in the range");
	ok(em_bfactor_fit_range(ctx, g, 15, NAN, false, &fit) == EM_BAD_ARGUMENT, "no resolution");
	ok(em_bfactor_fit_range(ctx, g, 15, -3, false, &fit) == EM_BAD_ARGUMENT, "a negative one");
	em_guinier_destroy(ctx, g);

	memset(v->data, 0, sizeof(float) * (size_t) (v->plane * 32));
	em_volume_row(v, 0, 0)[0] = 5;
	em_guinier_profile(ctx, v, &g);
	is_near(g->ln_f[0], log(5.0 / 32768), 1e-12, "shell 0 is the mean density");
	ok(isnan(g->ln_f[3]) && isnan(g->ln_f_vrs[3]), "shells without power");
	ok(em_bfactor_fit_range(ctx, g, 15, 3, false, &fit) == EM_NOT_MEASURABLE, "are refused: %s",
	   em_ctx_message(ctx));
	em_guinier_destroy(ctx, g);
	v->domain = EM_REAL_SPACE;
	ok(em_guinier_profile(ctx, v, &g) == EM_INTERNAL && g == NULL, "voxels are no spectrum");
	em_volume_destroy(ctx, v);
}

/* Same bits from any number of threads. */
static void
test_threads(void)
{
	double		first[3][64];

	for (int threads = 1; threads <= 3; threads++)
	{
		em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = threads});
		em_volume  *v = create(ctx, 50, 40, 30, 1.0);
		em_guinier *g;

		fill_noise(v, 3);
		em_fft_forward(ctx, v);
		em_guinier_profile(ctx, v, &g);
		memcpy(first[threads - 1], g->ln_f, sizeof(double) * (size_t) g->count);
		if (threads > 1)
			ok(memcmp(first[0], first[threads - 1], sizeof(double) * (size_t) g->count) == 0,
			   "%d threads give the bits of one", threads);
		em_guinier_destroy(ctx, g);
		em_volume_destroy(ctx, v);
		em_ctx_destroy(ctx);
	}
}

int
main(void)
{
	em_ctx	   *ctx;

	test_brute_force(12, 12, 12);
	test_brute_force(11, 13, 9);
	test_brute_force(10, 8, 14);
	ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	test_blob(ctx, 40);
	test_blob(ctx, 100);
	test_blob(ctx, 220);
	test_noise(ctx, 80);
	test_noise(ctx, 150);
	test_limits(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	test_threads();
	return tap_done();
}
