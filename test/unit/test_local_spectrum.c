/*
 * test/unit/test_local_spectrum.c
 *		The local spectrum against closed forms: waves, white noise, two kinds of
 *		density side by side; voxel sizes, the outside, scaling, threads, memory.
 */
#include "boxes.h"

#include "fourier/em_crop.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"
#include "learned/em_local_spectrum.h"

#define BANDS EM_SPECTRUM_BANDS

/* The definition, written out again. */
static double
ring(double band, double s)
{
	const double sigma = fmax(0.18 / band, 0.018);

	return exp(-0.5 * pow((s - 1 / band) / sigma, 2));
}

static em_mask *
ball(em_ctx *ctx, const em_grid *g, double x0, double radius)
{
	em_mask    *m;

	if (em_mask_create(ctx, g->n, "ball", &m) != EM_OK)
		return NULL;
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
				if (pow((double) x * g->voxel[0] - x0, 2) + pow(((double) (y - g->n[1] / 2)) * g->voxel[1], 2) +
					pow(((double) (z - g->n[2] / 2)) * g->voxel[2], 2) <= radius * radius)
					set_voxel(m, x, y, z);
	em_mask_recount(ctx, m);
	return m;
}

static em_local_spectrum *
measured(em_ctx *ctx, const em_volume *map, const em_mask *mask)
{
	em_local_spectrum *s;

	if (em_local_spectrum_cut(ctx, map, mask, &s) != EM_OK)
		return NULL;
	if (em_local_spectrum_measure(ctx, s) == EM_OK)
		return s;
	em_local_spectrum_destroy(ctx, s);
	return NULL;
}

/* Mean of each feature over the points. */
static void
mean_features(const em_local_spectrum *s, double mean[EM_SPECTRUM_FEATURES])
{
	memset(mean, 0, EM_SPECTRUM_FEATURES * sizeof(double));
	for (int64_t i = 0; i < s->n; i++)
	{
		float		f[EM_SPECTRUM_FEATURES];

		em_local_spectrum_features(s, i, f);
		for (int k = 0; k < EM_SPECTRUM_FEATURES; k++)
			mean[k] += f[k] / (double) s->n;
	}
}

/* Waves of 4, 8 and 12 Å along the axes: everywhere the same spectrum, known in closed form. */
static void
test_waves(em_ctx *ctx)
{
	static const int k[3] = {24, 12, 8};
	static const double amplitude[3] = {1, 0.5, 2};
	const em_grid g = box(96, 96, 96, 1);
	em_volume  *v = noise_map(ctx, &g, 1, 0, 0);
	em_mask    *m = ball(ctx, &g, 48, 31);
	em_local_spectrum *s;
	double		energy[BANDS] = {0};
	double		total = 0;
	double		worst_a = 0;
	double		worst_n = 0;

	for (int64_t z = 0; z < 96; z++)
		for (int64_t y = 0; y < 96; y++)
			for (int64_t x = 0; x < 96; x++)
				em_volume_row(v, y, z)[x] = (float)
					(amplitude[0] * cos(2 * M_PI * (double) (k[0] * x) / 96) +
					 amplitude[1] * sin(2 * M_PI * (double) (k[1] * y) / 96 + 1) +
					 amplitude[2] * cos(2 * M_PI * (double) (k[2] * z) / 96 + 2));
	for (int b = 0; b < BANDS; b++)
	{
		for (int i = 0; i < 3; i++)
			energy[b] += 0.5 * pow(amplitude[i] * ring(em_spectrum_band[b], k[i] / 96.0), 2);
		total += energy[b];
	}
	s = measured(ctx, v, m);
	ok(s != NULL && s->outside == EM_OUTSIDE_NOISE && s->finest == 0, "measured, all bands, an outside");
	is_near((double) s->fine.grid.n[0], 96, 0, "the box is the whole map");
	for (int64_t i = 0; i < s->n; i++)
	{
		float		f[EM_SPECTRUM_FEATURES];

		em_local_spectrum_features(s, i, f);
		for (int b = 0; b < BANDS; b++)
			if (energy[b] > 1e-4 * total)
			{
				worst_a = fmax(worst_a, fabs(f[b] - log(energy[b] / total)));
				worst_n = fmax(worst_n, fabs(f[BANDS + b]));
			}
	}
	/* The window leaves up to 3 % of the waves' cross terms. */
	is_near(worst_a, 0, 0.04, "A is that of the closed form at every point");
	is_near(worst_n, 0, 0.04, "N is 0: inside as outside");
	em_local_spectrum_destroy(ctx, s);
	em_volume_destroy(ctx, v);
	em_mask_destroy(ctx, m);
}

/* White noise: the energies are the sums of the squared rings. */
static void
test_noise(em_ctx *ctx)
{
	const em_grid g = box(90, 90, 90, 1);
	em_volume  *v = noise_map(ctx, &g, 2, 0, 1);
	em_mask    *m = ball(ctx, &g, 45, 28);
	em_local_spectrum *s = measured(ctx, v, m);
	double		mean[EM_SPECTRUM_FEATURES];
	double		sum[BANDS] = {0};
	double		worst = 0;

	for (int64_t z = 0; z < 90; z++)
		for (int64_t y = 0; y < 90; y++)
			for (int64_t x = 0; x < 90; x++)
			{
				const double k2 = pow((double) em_frequency(x, 90), 2) + pow((double) em_frequency(y, 90), 2) +
					pow((double) em_frequency(z, 90), 2);

				for (int b = 0; b < BANDS; b++)
					sum[b] += pow(ring(em_spectrum_band[b], sqrt(k2) / 90), 2);
			}
	mean_features(s, mean);
	for (int b = 1; b < BANDS; b++)
		worst = fmax(worst, fabs(s->noise[b] - s->noise[0] - log(sum[b] / sum[0])));
	is_near(worst, 0, 0.15, "medians outside go as the power of the rings");
	for (int b = 0; b < BANDS; b++)
		if (em_spectrum_band[b] <= 5)
			is_near(mean[BANDS + b], 0, 0.1, "noise inside as outside at %g Å", em_spectrum_band[b]);
	em_local_spectrum_destroy(ctx, s);
	em_volume_destroy(ctx, v);
	em_mask_destroy(ctx, m);
}

/* Low-passed noise on other voxels of the same box: the same features where both have the band. */
static void
test_voxel_sizes(em_ctx *ctx)
{
	static const int64_t edges[] = {80, 64, 50};
	const em_grid g = box(120, 120, 120, 1);
	em_volume  *v = noise_map(ctx, &g, 3, 0, 1);
	em_mask    *m = ball(ctx, &g, 60, 30);
	em_local_spectrum *s;
	double		fine[EM_SPECTRUM_FEATURES];

	/* A bump of density in the middle, so that N is not 0. */
	for (int64_t z = 0; z < 120; z++)
		for (int64_t y = 0; y < 120; y++)
			for (int64_t x = 0; x < 120; x++)
				em_volume_row(v, y, z)[x] *= (float)
					(1 + 8 * exp(-(double) ((x - 60) * (x - 60) + (y - 60) * (y - 60) + (z - 60) * (z - 60)) / 300));
	s = measured(ctx, v, m);
	mean_features(s, fine);
	em_local_spectrum_destroy(ctx, s);
	em_fft_forward(ctx, v);
	for (int i = 0; i < 3; i++)
	{
		const int64_t n[3] = {edges[i], edges[i], edges[i]};
		const double voxel = 120.0 / (double) edges[i];
		em_grid		coarse = box(n[0], n[1], n[2], voxel);
		em_mask    *cm = ball(ctx, &coarse, 60, 30);
		em_volume  *cv;
		double		mean[EM_SPECTRUM_FEATURES];
		double		worst_a = 0;
		double		worst_n = 0;

		em_crop_spectrum(ctx, v, n, "coarse", &cv);
		em_fft_inverse(ctx, cv);
		s = measured(ctx, cv, cm);
		ok(s->finest > 0 && em_spectrum_band[s->finest] >= 2.05 * voxel &&
		   em_spectrum_band[s->finest - 1] < 2.05 * voxel,
		   "voxels of %.2f Å hold bands from %g Å on", voxel, em_spectrum_band[s->finest]);
		mean_features(s, mean);
		ok(isnan(mean[0]) && isnan(mean[BANDS]), "what they cannot hold is not known");
		/* A band next to Nyquist is cut in half; two further all is there. */
		for (int b = s->finest + 3; b < BANDS; b++)
		{
			worst_a = fmax(worst_a, fabs(mean[b] - mean[BANDS - 1] - fine[b] + fine[BANDS - 1]));
			worst_n = fmax(worst_n, fabs(mean[BANDS + b] - fine[BANDS + b]));
		}
		is_near(worst_a, 0, 0.12, "the same shape of the spectrum");
		is_near(worst_n, 0, 0.12, "the same rise above noise");
		em_local_spectrum_destroy(ctx, s);
		em_volume_destroy(ctx, cv);
		em_mask_destroy(ctx, cm);
	}
	em_volume_destroy(ctx, v);
	em_mask_destroy(ctx, m);
}

/* What is outside the mask. */
static void
test_outside(em_ctx *ctx)
{
	const em_grid g = box(80, 80, 80, 1);
	const em_grid tight = box(44, 44, 44, 1);
	em_volume  *v = noise_map(ctx, &g, 5, 0, 1);
	em_volume  *small = noise_map(ctx, &tight, 6, 0, 1);
	em_mask    *m = ball(ctx, &g, 40, 18);
	em_mask    *wide = ball(ctx, &g, 40, 30);
	em_mask    *most = ball(ctx, &tight, 22, 20);
	em_local_spectrum *s = measured(ctx, v, m);
	float		f[EM_SPECTRUM_FEATURES];

	is_int(s->outside, EM_OUTSIDE_NOISE, "noise all around");
	em_local_spectrum_destroy(ctx, s);
	for (int64_t z = 0; z < 80; z++)
		for (int64_t y = 0; y < 80; y++)
			for (int64_t x = 0; x < 80; x++)
				if (!em_mask_get(wide, x, y, z))
					em_volume_row(v, y, z)[x] = -0.25f;
	s = measured(ctx, v, m);
	is_int(s->outside, EM_OUTSIDE_CONSTANT, "one value in most of the outside");
	em_local_spectrum_features(s, s->n / 2, f);
	ok(isfinite(f[0]) && isnan(f[BANDS]), "A is known, N is not");
	em_local_spectrum_destroy(ctx, s);
	s = measured(ctx, small, most);
	is_int(s->outside, EM_OUTSIDE_SMALL, "hardly any outside");
	em_local_spectrum_destroy(ctx, s);
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, small);
	em_mask_destroy(ctx, m);
	em_mask_destroy(ctx, wide);
	em_mask_destroy(ctx, most);
}

/* Times 1000 (exact), another number of threads: the same to the last bit. */
static void
test_scale_and_threads(em_ctx *ctx)
{
	em_ctx	   *other = context(5);
	const em_grid g = box(70, 64, 60, 1.1);
	em_volume  *v = noise_map(ctx, &g, 7, 0, 1);
	em_mask    *m = ball(ctx, &g, 38, 17);
	em_local_spectrum *a;
	em_local_spectrum *b;

	for (int64_t i = 0; i < v->plane * g.n[2]; i++)
		v->data[i] = rintf(v->data[i] * 256) / 256;
	a = measured(ctx, v, m);
	for (int64_t i = 0; i < v->plane * g.n[2]; i++)
		v->data[i] *= 1000;
	b = measured(other, v, m);
	ok(a->n == b->n && memcmp(a->energy, b->energy, (size_t) (a->n * (BANDS - a->finest)) * sizeof(uint16_t)) == 0 &&
	   memcmp(a->noise, b->noise, sizeof(a->noise)) == 0, "the same to the last bit");
	em_local_spectrum_destroy(ctx, a);
	em_local_spectrum_destroy(other, b);
	em_volume_destroy(ctx, v);
	em_mask_destroy(ctx, m);
	em_ctx_destroy(other);
}

/* Stopping anywhere leaves nothing behind; the estimates hold. */
static void
test_cancel_and_memory(double voxel)
{
	countdown	left = {1 << 30};
	em_ctx_options o = {.threads = 2,.seed = 1,.poll = stop_later,.arg = &left};
	em_ctx	   *ctx = em_ctx_create(&o);
	const em_grid g = box(72, 72, 72, voxel);
	em_volume  *v = noise_map(ctx, &g, 8, 0, 1);
	em_mask    *m = ball(ctx, &g, 36 * voxel, 33 * voxel);
	em_local_spectrum *s = NULL;
	const uint64_t before = em_ctx_memory_used(ctx);
	uint64_t	cut = em_local_spectrum_cut_bytes(ctx, &g);
	uint64_t	bands = em_local_spectrum_bytes(ctx, &g, 1);
	uint64_t	estimate = before + (cut > bands ? cut : bands);
	em_status	status = EM_CANCELLED;
	bool		clean = true;

	for (int polls = 0; status == EM_CANCELLED && polls < 1000000; polls = 2 * polls + 3)
	{
		left.polls = polls;
		em_ctx_reset(ctx);
		status = em_local_spectrum_cut(ctx, v, m, &s);
		if (status == EM_OK)
			status = em_local_spectrum_measure(ctx, s);
		em_local_spectrum_destroy(ctx, s);
		clean = clean && em_ctx_memory_used(ctx) == before;
	}
	ok(status == EM_OK && clean, "stopped at many places, nothing left behind");
	ok(em_ctx_memory_peak(ctx) <= estimate && 4 * em_ctx_memory_peak(ctx) > estimate,
	   "voxels of %g Å: peak %.1f MiB, estimate %.1f MiB", voxel, (double) em_ctx_memory_peak(ctx) / 1048576,
	   (double) estimate / 1048576);
	em_ctx_destroy(ctx);
}

/* What it would take for large maps. */
static void
test_large_estimates(em_ctx *ctx)
{
	for (double voxel = 0.7; voxel < 1.65; voxel += 0.1)
	{
		const em_grid g = box(512, 512, 512, voxel);
		const uint64_t cut = em_local_spectrum_cut_bytes(ctx, &g);
		const uint64_t bands = em_local_spectrum_bytes(ctx, &g, 1);

		const uint64_t most = cut > bands ? cut : bands;

		ok(cut > 0 && bands > 0 && most < (uint64_t) 4 << 30, "512³ voxels of %.1f Å: %.2f GiB beside the map",
		   voxel, (double) most / (1 << 30));
	}
}

int
main(void)
{
	em_ctx	   *ctx = context(2);

	test_waves(ctx);
	test_noise(ctx);
	test_voxel_sizes(ctx);
	test_outside(ctx);
	test_scale_and_threads(ctx);
	test_large_estimates(ctx);
	em_ctx_destroy(ctx);
	test_cancel_and_memory(1.0);
	test_cancel_and_memory(1.2);
	test_cancel_and_memory(2.4);
	return tap_done();
}
