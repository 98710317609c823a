/*
 * test/unit/test_fsc.c
 *		FSC, DPR and SSNR against brute force and against theory.
 */
#include <complex.h>
#include <stdlib.h>
#include <string.h>

#include "em.h"
#include "tap.h"

static em_volume *
create(em_ctx *ctx, int64_t nx, int64_t ny, int64_t nz)
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {1.3, 1.3, 1.3}};
	em_volume  *v = NULL;

	em_volume_create(ctx, &grid, "half map", &v);
	return v;
}

/* Spectrum of signal * common noise + own noise, both white with variance 1. */
static em_volume *
half_map(em_ctx *ctx, const int64_t n[3], double signal, uint64_t own)
{
	em_volume  *v = create(ctx, n[0], n[1], n[2]);

	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
			{
				uint64_t	i = (uint64_t) ((z * n[1] + y) * n[0] + x);
				double		common[2];
				double		noise[2];

				em_rng_normal2(5, 1, i, common);
				em_rng_normal2(5, own, i, noise);
				em_volume_row(v, y, z)[x] = (float) (signal * common[0] + noise[0]);
			}
	em_fft_forward(ctx, v);
	return v;
}

/* Coefficient of the full spectrum. */
static double complex
coefficient(const em_volume *f, int64_t x, int64_t y, int64_t z)
{
	const int64_t *n = f->grid.n;
	const float *c;

	if (x <= n[0] / 2)
	{
		c = em_volume_row(f, y, z) + 2 * x;
		return c[0] + I * c[1];
	}
	c = em_volume_row(f, (n[1] - y) % n[1], (n[2] - z) % n[2]) + 2 * (n[0] - x);
	return c[0] - I * c[1];
}

typedef struct sums
{
	double		cross, p1, p2, d2, s2, weight, phase, n;
} sums;

static void
add(sums *s, double complex a, double complex b)
{
	double		phi = carg(a * conj(b));

	s->cross += creal(a * conj(b));
	s->p1 += creal(a * conj(a));
	s->p2 += creal(b * conj(b));
	s->d2 += creal((a - b) * conj(a - b));
	s->s2 += creal((a + b) * conj(a + b));
	s->weight += cabs(a) + cabs(b);
	s->phase += (cabs(a) + cabs(b)) * phi * phi;
	s->n++;
}

/* Distance of a coefficient from the origin in shells, for equal voxels. */
static double
distance(const int64_t n[3], int64_t x, int64_t y, int64_t z)
{
	double		kx = (double) em_frequency(x, n[0]);
	double		ky = (double) em_frequency(y, n[1]) * (double) n[0] / (double) n[1];
	double		kz = (double) em_frequency(z, n[2]) * (double) n[0] / (double) n[2];

	return sqrt(kx * kx + ky * ky + kz * kz);
}

/* Every curve of a small pair by brute force over the full spectrum. */
static void
test_brute_force(int64_t nx, int64_t ny, int64_t nz)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	int64_t		n[3] = {nx, ny, nz};
	em_volume  *f1 = half_map(ctx, n, 1, 2);
	em_volume  *f2 = half_map(ctx, n, 1, 3);
	em_fsc	   *f;
	double		worst[6] = {0};
	double		noise = 0;

	em_volume_row(f1, 0, 0)[2] = em_volume_row(f2, 0, 0)[2];	/* a coefficient without difference */
	em_volume_row(f1, 0, 0)[3] = em_volume_row(f2, 0, 0)[3];
	ok(em_fsc_sweep(ctx, f1, f2, &f) == EM_OK, "%dx%dx%d: sweep", (int) nx, (int) ny, (int) nz);
	for (int64_t i = 0; i < f->count; i++)
	{
		sums		full = {0};
		sums		vrs = {0};
		double		ratio = 0;
		double		n_ratio = 0;

		for (int64_t z = 0; z < nz; z++)
			for (int64_t y = 0; y < ny; y++)
				for (int64_t x = 0; x < nx; x++)
				{
					double complex a = coefficient(f1, x, y, z);
					double complex b = coefficient(f2, x, y, z);
					double		r = distance(n, x, y, z);

					if ((int64_t) floor(r + 0.5 + 1e-10) == i)
					{
						add(&full, a, b);
						if (x <= nx / 2 && y <= ny / 2 && r <= (double) nx / 2 + 1e-4)
							add(&vrs, a, b);
					}
					if ((int64_t) floor(r + 1e-10) == i && a != b)
					{
						ratio += cabs(a + b) / cabs(a - b);
						n_ratio++;
					}
				}
		worst[0] = fmax(worst[0], fabs(f->fsc[i] - full.cross / sqrt(full.p1 * full.p2)));
		worst[1] = fmax(worst[1], fabs(f->dpr[i] - 180 / M_PI * sqrt(full.phase / full.weight)));
		worst[2] = fmax(worst[2], full.d2 > 0 ? fabs(f->ssnr[i] / (full.s2 / full.d2 - 1) - 1) : 0);
		worst[3] = fmax(worst[3], fabs(f->fsc_vrs[i] - vrs.cross / sqrt(vrs.p1 * vrs.p2)));
		worst[4] = fmax(worst[4], fabs(f->dpr_vrs[i] - 180 / M_PI * sqrt(vrs.phase / vrs.weight)));
		if (i < f->count - 1 && n_ratio > 0)
			worst[5] = fmax(worst[5], fabs(f->ratio_vrs[i] / (ratio / n_ratio) - 1));
		worst[0] = fmax(worst[0], fabs((double) f->n[i] - full.n));
		noise += i > 0 ? full.d2 / 4 : 0;
	}
	is_near(worst[0], 0, 1e-9, "FSC and counts");
	is_near(worst[1], 0, 1e-6, "DPR");
	is_near(worst[2], 0, 1e-9, "SSNR");
	is_near(worst[3], 0, 1e-9, "FSC of VRS");
	is_near(worst[4], 0, 1e-6, "DPR of VRS");
	is_near(worst[5], 0, 1e-9, "ratio of VRS");
	is_int(f->ratio_skipped, nx == 2 ? 1 : 2, "the coefficient without difference and its mate are skipped");
	is_near(f->noise_power / noise, 1, 1e-9, "noise power");
	em_fsc_destroy(ctx, f);
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left");
	em_ctx_destroy(ctx);
}

/*
 * Equal white signal-to-noise ratio in all shells: theory for FSC, DPR and
 * SSNR.  The expected DPR comes from 2*10^7 simulated pairs (error 0.02°).
 */
static void
test_theory(em_ctx *ctx, double fsc, double dpr)
{
	const int64_t n[3] = {96, 96, 96};
	double		rho = fsc / (1 - fsc);
	em_volume  *f1 = half_map(ctx, n, sqrt(rho), 2);
	em_volume  *f2 = half_map(ctx, n, sqrt(rho), 3);
	em_fsc	   *f;
	double		worst[3] = {0};

	em_fsc_sweep(ctx, f1, f2, &f);
	for (int64_t i = 8; i < f->count - 1; i++)
	{
		/* n coefficients are n/2 independent ones. */
		worst[0] = fmax(worst[0], fabs(f->fsc[i] - fsc) / ((1 - fsc * fsc) / sqrt((double) f->n[i])));
		/* phi² scatters by 0.9 (uniform phases) to 1.2 of its mean. */
		worst[1] = fmax(worst[1], fabs(f->dpr[i] / dpr - 1) / (0.6 / sqrt((double) f->n[i] / 2)));
		if (f->n[i] > 10000 && fsc > 0.1)
			worst[2] = fmax(worst[2], fabs(f->ssnr[i] / (2 * f->fsc[i] / (1 - f->fsc[i])) - 1));
	}
	is_near(worst[0], 0, 3.5, "FSC %g: every shell within 3.5 sigma", fsc);
	is_near(worst[1], 0, 4.5, "FSC %g: DPR %g degrees in every shell within 4.5 sigma", fsc, dpr);
	is_near(worst[2], 0, 0.03, "FSC %g: SSNR = 2 FSC/(1-FSC)", fsc);

	/* All shells together. */
	double		sum_dpr = 0;
	double		sum_ssnr = 0;
	double		sum_ratio = 0;
	double		weight = 0;

	for (int64_t i = 8; i < f->count - 1; i++)
	{
		sum_dpr += f->dpr[i] * (double) f->n[i];
		sum_ssnr += f->ssnr[i] * (double) f->n[i];
		sum_ratio += f->ratio_vrs[i] * (double) f->n[i];
		weight += (double) f->n[i];
	}
	is_near(sum_dpr / weight, dpr, 0.3, "FSC %g: mean DPR", fsc);
	is_near(sum_ssnr / weight, 2 * rho, 0.03 * 2 * rho + 0.01, "FSC %g: mean SSNR is 2 rho", fsc);
	is_near(sum_ratio / weight, M_PI_2 * sqrt(1 + 2 * rho), 0.06 * sqrt(1 + 2 * rho),
			"FSC %g: mean ratio of amplitudes", fsc);
	em_fsc_destroy(ctx, f);
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
}

/* Exchanging the halves changes nothing, scaling one hardly anything. */
static void
test_symmetry(em_ctx *ctx)
{
	const int64_t n[3] = {40, 44, 36};
	em_volume  *f1 = half_map(ctx, n, 1, 2);
	em_volume  *f2 = half_map(ctx, n, 1, 3);
	em_fsc	   *f[3];
	size_t		bytes;
	double		worst_fsc = 0;
	double		sum_dpr = 0;
	double		weight = 0;

	em_fsc_sweep(ctx, f1, f2, &f[0]);
	em_fsc_sweep(ctx, f2, f1, &f[1]);
	bytes = sizeof(double) * (size_t) f[0]->count;
	ok(memcmp(f[0]->fsc, f[1]->fsc, bytes) == 0, "exchanged: the same FSC");
	ok(memcmp(f[0]->dpr, f[1]->dpr, bytes) == 0, "exchanged: the same DPR");
	ok(memcmp(f[0]->ssnr, f[1]->ssnr, bytes) == 0, "exchanged: the same SSNR");
	for (int64_t i = 0; i < f2->plane * n[2]; i++)
		f2->data[i] *= 7;
	em_fsc_sweep(ctx, f1, f2, &f[2]);
	for (int64_t i = 1; i < f[0]->count; i++)
	{
		worst_fsc = fmax(worst_fsc, fabs(f[2]->fsc[i] - f[0]->fsc[i]));
		sum_dpr += (f[2]->dpr[i] - f[0]->dpr[i]) * (double) f[0]->n[i];
		weight += (double) f[0]->n[i];
	}
	is_near(worst_fsc, 0, 1e-6, "scaled: the same FSC");
	is_near(sum_dpr / weight, 0, 0.1, "scaled: nearly the same DPR");
	for (int i = 0; i < 3; i++)
		em_fsc_destroy(ctx, f[i]);
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
}

/* Identical, opposite and empty halves. */
static void
test_extremes(em_ctx *ctx)
{
	const int64_t n[3] = {20, 20, 20};
	em_volume  *f1 = half_map(ctx, n, 1, 2);
	em_volume  *f2;
	em_fsc	   *f;

	em_volume_copy(ctx, f1, "copy", &f2);
	em_fsc_sweep(ctx, f1, f2, &f);
	ok(f->noise_power == 0 && f->signal_power > 0, "identical halves have no noise");
	is_near(f->fsc[4], 1, 1e-12, "FSC 1");
	is_near(f->dpr[4], 0, 1e-6, "DPR 0");
	ok(isnan(f->ssnr[4]) && isnan(f->ratio_vrs[4]), "no SSNR");
	em_fsc_destroy(ctx, f);
	for (int64_t i = 0; i < f2->plane * n[2]; i++)
		f2->data[i] *= -1;
	em_fsc_sweep(ctx, f1, f2, &f);
	is_near(f->fsc[4], -1, 1e-12, "opposite halves: FSC -1");
	is_near(f->dpr[4], 180, 1e-6, "DPR 180");
	is_near(f->ssnr[4], -1, 1e-12, "SSNR -1");
	em_fsc_destroy(ctx, f);
	memset(f2->data, 0, sizeof(float) * (size_t) (f2->plane * n[2]));
	em_fsc_sweep(ctx, f1, f2, &f);
	ok(isnan(f->fsc[4]) && isnan(f->fsc_vrs[4]), "an empty half: no FSC");
	is_near(f->ssnr[4], 0, 1e-12, "and SSNR 0");
	em_fsc_destroy(ctx, f);
	f2->domain = EM_REAL_SPACE;
	ok(em_fsc_sweep(ctx, f1, f2, &f) == EM_INTERNAL && f == NULL, "voxels are no spectrum");
	em_volume_destroy(ctx, f2);
	f2 = half_map(ctx, (int64_t[3]) {20, 20, 18}, 1, 3);
	ok(em_fsc_sweep(ctx, f1, f2, &f) == EM_MISMATCH, "different boxes: %s", em_ctx_message(ctx));
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
}

/* Same bits from any number of threads, and a stopped sweep leaves nothing. */
static void
test_threads(void)
{
	const int64_t n[3] = {42, 30, 27};
	double		first[3][6 * 64];

	for (int threads = 1; threads <= 3; threads++)
	{
		em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = threads});
		em_volume  *f1 = half_map(ctx, n, 1, 2);
		em_volume  *f2 = half_map(ctx, n, 1, 3);
		em_fsc	   *f;
		size_t		bytes;

		em_fsc_sweep(ctx, f1, f2, &f);
		bytes = sizeof(double) * 6 * (size_t) f->count;
		memcpy(first[threads - 1], f->fsc, bytes);
		if (threads > 1)
			ok(memcmp(first[0], first[threads - 1], bytes) == 0, "%d threads give the bits of one", threads);
		em_fsc_destroy(ctx, f);
		em_volume_destroy(ctx, f2);
		em_volume_destroy(ctx, f1);
		em_ctx_destroy(ctx);
	}
}

static int
stop_after(void *arg)
{
	return --*(int *) arg < 0;
}

static void
test_cancel(void)
{
	const int64_t n[3] = {20, 20, 20};
	int			left = 100000;
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 1,.poll = stop_after,.arg = &left});
	em_volume  *f1 = half_map(ctx, n, 1, 2);
	em_volume  *f2 = half_map(ctx, n, 1, 3);
	uint64_t	used = em_ctx_memory_used(ctx);
	em_fsc	   *f;

	left = 7;
	ok(em_fsc_sweep(ctx, f1, f2, &f) == EM_CANCELLED && f == NULL, "a sweep can be stopped");
	is_int(em_ctx_memory_used(ctx), used, "and leaves nothing");
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
	em_ctx_destroy(ctx);
}

int
main(void)
{
	em_ctx	   *ctx;

	test_brute_force(12, 12, 12);
	test_brute_force(11, 11, 11);
	test_brute_force(10, 15, 12);
	test_brute_force(13, 8, 9);
	ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	test_theory(ctx, 0.5, 69.22);
	test_theory(ctx, 0.3, 84.07);
	test_theory(ctx, 0.237, 88.43);
	test_theory(ctx, 0.143, 94.73);
	test_theory(ctx, 0.1, 97.52);
	test_theory(ctx, 0.05, 100.73);
	test_theory(ctx, 0.02, 102.65);
	test_theory(ctx, 0, 103.92);
	test_symmetry(ctx);
	test_extremes(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	test_threads();
	test_cancel();
	return tap_done();
}
