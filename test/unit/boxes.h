/*
 * test/unit/boxes.h
 *		Small maps and masks for the tests of the volume room and the checks.
 */
#ifndef BOXES_H
#define BOXES_H

#include "core/em_par.h"
#include "core/em_rng.h"
#include "tap.h"
#include "volume/em_density.h"

#include <stdlib.h>
#include <string.h>

/* Stops the work after a number of polls. */
typedef struct countdown
{
	int			polls;
} countdown;

__attribute__((unused))
static int
stop_later(void *arg)
{
	return --((countdown *) arg)->polls < 0;
}

__attribute__((unused))
static em_ctx *
context(int threads)
{
	em_ctx_options o = {.threads = threads, .seed = 1};

	return em_ctx_create(&o);
}

__attribute__((unused))
static em_grid
box(int64_t nx, int64_t ny, int64_t nz, double voxel)
{
	return (em_grid) {.n = {nx, ny, nz}, .voxel = {voxel, voxel, voxel}, .angle = {90, 90, 90}};
}

/* A map of normal noise with the given mean and spread; its padding is NaN. */
__attribute__((unused))
static em_volume *
noise_map(em_ctx *ctx, const em_grid *g, uint64_t stream, double mean, double sd)
{
	em_volume  *v;

	if (em_volume_create(ctx, g, "test map", &v) != EM_OK)
		return NULL;
	for (int64_t i = 0; i < v->plane * g->n[2]; i++)
		v->data[i] = NAN;
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
			{
				double		two[2];

				em_rng_normal2(7, stream, (uint64_t) ((z * g->n[1] + y) * g->n[0] + x), two);
				em_volume_row(v, y, z)[x] = (float) (mean + sd * two[0]);
			}
	return v;
}

__attribute__((unused))
static void
set_voxel(em_mask *m, int64_t x, int64_t y, int64_t z)
{
	em_mask_row(m, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
}

/* A mask whose voxels are set with probability p. */
__attribute__((unused))
static em_mask *
noise_mask(em_ctx *ctx, const int64_t n[3], uint64_t stream, double p)
{
	em_mask    *m;

	if (em_mask_create(ctx, n, "test mask", &m) != EM_OK)
		return NULL;
	for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
		if (em_rng_uniform(11, stream, (uint64_t) i) < p)
			set_voxel(m, i % n[0], i / n[0] % n[1], i / n[0] / n[1]);
	em_mask_recount(ctx, m);
	return m;
}

/* Same bits? */
__attribute__((unused))
static bool
same_mask(const em_mask *a, const em_mask *b)
{
	return memcmp(a->n, b->n, sizeof(a->n)) == 0 && a->count == b->count &&
		memcmp(a->bits, b->bits, em_mask_bytes(a->n)) == 0;
}

/* Are the bits beyond nx clear, and is the count right? */
__attribute__((unused))
static bool
sound_mask(const em_mask *m)
{
	int64_t		count = 0;

	for (int64_t r = 0; r < m->n[1] * m->n[2]; r++)
		for (int64_t x = 0; x < 64 * m->words; x++)
			if (m->bits[r * m->words + (x >> 6)] >> (x & 63) & 1)
			{
				if (x >= m->n[0])
					return false;
				count++;
			}
	return count == m->count;
}

#endif							/* BOXES_H */
