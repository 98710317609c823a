/*
 * src/libem/local/em_mono_region.h
 *		Monogenic amplitudes of one region of a map, many high-pass filters.
 *
 * A region is a box of voxels cut out of a map (or the whole map), taken as
 * periodic.  Loading keeps its four unfiltered monogenic components: the voxels
 * and their three Riesz transforms (multiplication by -i k_j/|k|; the odd
 * component of an even edge's Nyquist plane is 0, and so is the mean).
 *
 * A high-pass filter is 1 minus a low-pass filter, so a filtered component is
 * the unfiltered one minus a part that only has the coefficients below the
 * filter's edge.  That part costs a transform pruned to those coefficients; it is
 * made plane by plane, subtracted, squared and summed, and the amplitude goes
 * straight into the forward transform of its own low-pass filter, pruned too.
 * No filtered volume ever exists.  The numbers are those of the full transforms
 * up to single-precision rounding.
 *
 * Felsberg & Sommer 2001, doi:10.1109/78.969520 (monogenic signal); Vilas et al.
 * 2018, doi:10.1016/j.str.2017.12.018 (its use for local resolution).
 */
#ifndef EM_MONO_REGION_H
#define EM_MONO_REGION_H

#include "volume/em_mask.h"

/*
 * One evaluation.  Frequencies are digital: cycles per voxel of the map's x axis
 * (voxel size over resolution), whatever the size of the region.
 */
typedef struct em_mono_band
{
	double		pass;			/* the high-pass is 1 from here on; 0: no high-pass */
	double		stop;			/* and 0 up to here, a raised cosine between */
	double		low;			/* the amplitude's low-pass is 1 up to here */
	double		cut;			/* and 0 from here on, a raised cosine between */
	double		gauss;			/* > 0: the low-pass is exp(-(pi u gauss)²) instead */
} em_mono_band;

/* The filters of MonoRes at a digital frequency: ramps of 0.02, clamped to 0 .. 0.5. */
extern em_mono_band em_mono_band_at(double frequency);

/* The picked voxels of one row. */
typedef struct em_mono_row
{
	int64_t		at;				/* where the first one's value goes */
	int64_t		index;			/* its number among all voxels of the mask; -1: not asked for */
	int64_t		n;				/* picked voxels of the row */
} em_mono_row;

/* Which voxels an evaluation returns: those of a mask in a box, in raster order. */
typedef struct em_mono_pick
{
	const em_mask *mask;		/* of the whole map */
	int64_t		lo[3];			/* voxels lo <= position < hi of the map */
	int64_t		hi[3];
	em_mono_row *row;			/* one for each row of that box */
	int64_t		count;			/* voxels picked */
} em_mono_pick;

/*
 * Pick the voxels of a mask in a box.  Their values go to `base` and following.
 * `row_start` (may be NULL) holds the number of voxels of the mask before each
 * row of the map.
 */
extern em_status em_mono_pick_create(em_ctx *ctx, const em_mask *mask, const int64_t lo[3],
									 const int64_t hi[3], const int64_t *row_start, int64_t base,
									 em_mono_pick *out);
extern void em_mono_pick_destroy(em_ctx *ctx, em_mono_pick *p);

/* Scratch that regions share; it grows with what they need. */
typedef struct em_mono_work
{
	float	   *band[4];		/* transforms along z of the coefficients below an edge */
	uint64_t	band_floats;	/* room in each */
	float	   *scratch;		/* of all workers */
	uint64_t	scratch_floats;
} em_mono_work;

extern void em_mono_work_destroy(em_ctx *ctx, em_mono_work *w);

typedef struct em_mono_plans em_mono_plans;

typedef struct em_mono_region
{
	int64_t		offset[3];		/* voxel (0,0,0) of the region in the map */
	double		unit;			/* size of the voxel that digital frequencies refer to, Å */
	em_volume  *spectrum;		/* its transform, without the mean */
	em_volume  *part[4];		/* the voxels and their Riesz transforms along x, y, z */
	em_mono_plans *plans;
} em_mono_region;

/* Bytes a region of this size allocates, and the scratch for evaluating it at any frequency. */
extern uint64_t em_mono_region_bytes(const em_grid *grid);
extern uint64_t em_mono_work_bytes(const em_ctx *ctx, const em_grid *grid);

/* A region of n voxels at `offset` in a map with this grid; it must lie inside the map. */
extern em_status em_mono_region_create(em_ctx *ctx, const em_grid *map, const int64_t offset[3],
									   const int64_t n[3], em_mono_region **out);
extern void em_mono_region_destroy(em_ctx *ctx, em_mono_region *r);

/*
 * Fill a region with (a + b)/2 or, for sign < 0, (a - b)/2 of two maps of equal
 * grids, or with a alone when b is NULL.  Voxels that are not finite count as 0.
 */
extern em_status em_mono_region_load(em_ctx *ctx, em_mono_region *r, const em_volume *a,
									 const em_volume *b, int sign);

/* Low-passed monogenic amplitude of the high-passed region at the picked voxels. */
extern em_status em_mono_region_evaluate(em_ctx *ctx, const em_mono_region *r, em_mono_work *work,
										 const em_mono_band *band, const em_mono_pick *pick,
										 float *value);

/* The next size from n on that transforms fast (prime factors 2, 3, 5, 7). */
extern int64_t em_mono_good_size(int64_t n);

#endif							/* EM_MONO_REGION_H */
