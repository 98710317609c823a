/*
 * src/libem/local/em_monores_internal.h
 *		What the files of MonoRes share.
 */
#ifndef EM_MONORES_INTERNAL_H
#define EM_MONORES_INTERNAL_H

#include "local/em_mono_region.h"
#include "local/em_monores.h"

#define EM_MONORES_SMOOTH_MARGIN 12 /* voxels about the mask; the last Gaussian ends within them */
#define EM_MONORES_CHUNK 6		/* resolutions a tile is loaded for; at most 8 */

/*
 * The search at every voxel of the mask, numbered in raster order.  `failures`
 * is 1 + consecutive failures of an undecided voxel and 0 of a decided one;
 * `found` is 1 + the number of its resolution, 0 as long as it has none.
 */
typedef struct em_monores_state
{
	int64_t		voxels;
	int64_t    *row_start;		/* voxels before each row of the map */
	uint8_t    *failures;
	uint16_t   *found;
	uint8_t    *saved_failures; /* as the chunk began */
	uint16_t   *saved_found;
	uint8_t    *pass;			/* bit i: above the threshold at resolution i of the chunk */
} em_monores_state;

/* Sums over the undecided voxels of a tile before a decision. */
typedef struct em_monores_sums
{
	int64_t		n;
	double		sum;
	double		sum2;
} em_monores_sums;

extern em_status em_monores_state_create(em_ctx *ctx, const em_mask *mask, em_monores_state *out);
extern void em_monores_state_destroy(em_ctx *ctx, em_monores_state *s);

/* Free what only decisions need. */
extern void em_monores_state_decided(em_ctx *ctx, em_monores_state *s);

/* Does a tile hold undecided voxels? */
extern em_status em_monores_state_active(em_ctx *ctx, const em_monores_state *s, const em_mono_pick *pick,
										 int64_t *active);

/* Keep the state; the next decisions are numbers first .. of a new chunk. */
extern em_status em_monores_state_save(em_ctx *ctx, em_monores_state *s);

/* Decide at resolution first + i of the chunk for a tile; add to the sums of the undecided. */
extern em_status em_monores_state_decide(em_ctx *ctx, em_monores_state *s, const em_mono_pick *pick,
										 const float *value, double threshold, int first, int i,
										 em_monores_sums *sums);

/* Go back to the state after the first `keep` decisions of the chunk. */
extern em_status em_monores_state_rewind(em_ctx *ctx, em_monores_state *s, int first, int keep);

/* Mean and variance of values in memory, n > 0. */
extern em_status em_monores_moments(em_ctx *ctx, const float *value, int64_t n, em_monores_sums *out);

/* Boxes to transform. */
typedef struct em_monores_tile
{
	int64_t		offset[3];		/* of the region */
	int64_t		n[3];
	int64_t		lo[3];			/* voxels it decides about */
	int64_t		hi[3];
} em_monores_tile;

#define EM_MONORES_TILES 512
#define EM_MONORES_NOISE_TILES 8

/* Tiles for the signal, regions of at most `limit` voxels (0: 96 Mi); one for the whole box unless `fast`. */
extern em_status em_monores_signal_tiles(em_ctx *ctx, const em_mask *mask, bool fast, int64_t limit,
										 em_monores_tile *out, int *n);

/* Cubes for the noise (fast mode). */
extern em_status em_monores_noise_tiles(em_ctx *ctx, const em_mask *mask, em_monores_tile *out, int *n);

/* Voxels of the largest region fast mode transforms at once in this box. */
extern int64_t em_monores_region_limit(const em_grid *grid);

/* Distance from the centre, in voxels, from which on the map has been cleared; see em_monores.h. */
extern em_status em_monores_cliff(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
								  const em_mask *mask, double *radius);

/* Voxels of a mask (complement: outside it) closer to the centre than the radius. */
extern em_status em_monores_inside(em_ctx *ctx, const em_mask *mask, const em_grid *grid, double radius,
								   bool complement, em_mask **out);

/* Values, median and volume from what was found. */
extern em_status em_monores_finish(em_ctx *ctx, const em_grid *grid, const em_mask *mask,
								   const em_monores_state *s, bool want_volume, em_monores *m);

#endif							/* EM_MONORES_INTERNAL_H */
