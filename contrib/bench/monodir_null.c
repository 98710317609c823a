/*
 * contrib/bench/monodir_null.c
 *		How often does MonoDir's test of uniformity reject maps without a preferred
 *		direction?
 *
 *		make build/bench/monodir_null && build/bench/monodir_null [MAPS]
 *
 * Three kinds of maps of 64³ voxels of 1.5 Å: white noise in a ball, shaped by a
 * sharp cutoff at 6 Å, by a B-factor of 60 or of 240 Å², in white noise.  Prints the
 * share of p-values below the levels, and the mean p-value.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/em_rng.h"
#include "em.h"
#include "fourier/em_shell.h"
#include "local/em_monodir.h"

#define EDGE 64
#define VOXEL 1.5
#define BALL 12					/* voxels */
#define MASK 14

static const em_grid grid = {
	.n = {EDGE, EDGE, EDGE},.voxel = {VOXEL, VOXEL, VOXEL},.angle = {90, 90, 90}
};

/* Spectral amplitude of a kind of map at frequency s (1/Å). */
static double
shape(int kind, double s)
{
	return kind == 0 ? s <= 1 / 6.0 : exp(-(kind == 1 ? 60 : 240) * s * s / 4);
}

static double
radius(int64_t x, int64_t y, int64_t z)
{
	return sqrt(pow((double) x, 2) + pow((double) y, 2) + pow((double) z, 2));
}

/* A map of this kind; the mask is that of all. */
static em_status
make_map(em_ctx *ctx, int kind, uint64_t seed, em_volume **out)
{
	double		two[2];

	EM_TRY(em_volume_create(ctx, &grid, "a map", out));
	for (int64_t i = 0; i < EDGE * EDGE * EDGE; i++)
	{
		em_rng_normal2(seed, 0, (uint64_t) i, two);
		em_volume_row(*out, i / EDGE % EDGE, i / EDGE / EDGE)[i % EDGE] = (float) two[0];
	}
	EM_TRY(em_fft_forward(ctx, *out));
	for (int64_t z = 0; z < EDGE; z++)
		for (int64_t y = 0; y < EDGE; y++)
			for (int64_t x = 0; x <= EDGE / 2; x++)
			{
				const float w = (float) shape(kind, radius(x, em_frequency(y, EDGE), em_frequency(z, EDGE)) /
											  (EDGE * VOXEL));

				em_volume_row(*out, y, z)[2 * x] *= w;
				em_volume_row(*out, y, z)[2 * x + 1] *= w;
			}
	EM_TRY(em_fft_inverse(ctx, *out));
	for (int64_t i = 0; i < EDGE * EDGE * EDGE; i++)
	{
		float	   *v = em_volume_row(*out, i / EDGE % EDGE, i / EDGE / EDGE) + i % EDGE;
		const double r = radius(i % EDGE - EDGE / 2, i / EDGE % EDGE - EDGE / 2, i / EDGE / EDGE - EDGE / 2);

		em_rng_normal2(seed, 1, (uint64_t) i, two);
		*v = (float) (*v * exp(-pow(r / BALL, 12)) + (kind == 0 ? 0.01 : 0.1) * two[0]);
	}
	return EM_OK;
}

/* The p-value of one map. */
static em_status
p_value(em_ctx *ctx, int kind, uint64_t seed, const em_mask *mask, double *p)
{
	em_volume  *map;
	em_volume  *spectrum;
	em_monodir_shell shell;
	em_monodir *m;

	EM_TRY(make_map(ctx, kind, seed, &map));
	EM_TRY(em_volume_copy(ctx, map, "its spectrum", &spectrum));
	EM_TRY(em_fft_forward(ctx, spectrum));
	EM_TRY(em_monodir_noise_shell(ctx, map, mask, &shell));
	EM_TRY(em_monodir_run(ctx, spectrum, mask, &shell, NULL, &m));
	em_monodir_uniformity(m->count, EM_MONODIR_DIRECTIONS, EM_MONODIR_DIRECTIONS,
						  em_monodir_effective((const double (*)[3]) m->direction, m->count), p);
	em_monodir_destroy(ctx, m);
	em_volume_destroy(ctx, spectrum);
	em_volume_destroy(ctx, map);
	return EM_OK;
}

static em_status
make_mask(em_ctx *ctx, em_mask **mask)
{
	EM_TRY(em_mask_create(ctx, grid.n, "a ball", mask));
	for (int64_t z = 0; z < EDGE; z++)
		for (int64_t y = 0; y < EDGE; y++)
			for (int64_t x = 0; x < EDGE; x++)
				if (radius(x - EDGE / 2, y - EDGE / 2, z - EDGE / 2) < MASK)
					em_mask_row(*mask, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
	return em_mask_recount(ctx, *mask);
}

int
main(int argc, char **argv)
{
	static const char *const name[] = {"cutoff 6 Å", "B 60 Å²", "B 240 Å²"};
	static const double level[] = {0.01, 0.05, 0.1, 0.2, 0.5};
	const int	maps = argc > 1 ? atoi(argv[1]) : 200;
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 0});
	em_mask    *mask;
	em_status	status = make_mask(ctx, &mask);

	printf("| %-12s | p < %.2f | p < %.2f | p < %.2f | p < %.2f | p < %.2f | mean |\n", "isotropic", level[0], level[1],
		   level[2], level[3], level[4]);
	for (int kind = 0; kind < 3 && status == EM_OK; kind++)
	{
		int			below[5] = {0};
		double		sum = 0;

		for (int i = 0; i < maps && status == EM_OK; i++)
		{
			double		p = 0;

			status = p_value(ctx, kind, (uint64_t) i + 1, mask, &p);
			sum += p;
			for (int k = 0; k < 5; k++)
				below[k] += p < level[k];
		}
		printf("| %-12s |", name[kind]);
		for (int k = 0; k < 5; k++)
			printf("   %5.3f  |", (double) below[k] / maps);
		printf(" %.2f |\n", sum / maps);
	}
	if (status != EM_OK)
		fprintf(stderr, "%s\n", em_ctx_message(ctx));
	em_mask_destroy(ctx, mask);
	em_ctx_destroy(ctx);
	return status == EM_OK ? 0 : 1;
}
