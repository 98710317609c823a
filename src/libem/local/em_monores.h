/*
 * src/libem/local/em_monores.h
 *		Local resolution by monogenic amplitudes (MonoRes).
 *
 * Vilas et al. 2018, doi:10.1016/j.str.2017.12.018; the procedure follows the
 * program xmipp_resolution_monogenic_signal, option --noiseonlyinhalves, which
 * VRS runs, where it differs from the paper.
 *
 * S and D are the half sum and half difference of the half maps.  For falling
 * resolutions R = L/n (L the length of the x axis) both are high-passed at 1/R,
 * and their monogenic amplitudes are low-passed there.  A voxel of the mask
 * whose amplitude in S is above the `significance` quantile of the amplitudes of
 * D in the mask has resolution R; two failures in a row end its search.  The
 * sweep stops when few voxels are left, when the amplitudes vanish, or when they
 * are no larger than those of the noise.
 *
 * With one map only, the noise is the map outside the mask, and the mask loses
 * the voxels that are no stronger than the noise at first.
 *
 * Exact mode transforms the whole box.  Fast mode differs in two approximations:
 * only the mask's bounding box and 16 voxels about it are transformed (in tiles
 * with 24 voxels about them when that is large; tiles without undecided voxels
 * are left out), and the noise is measured in a few cubes with the most mask
 * voxels.  One map of up to 300³ voxels is measured in exact mode anyway: cubes
 * of its background would touch the particle.
 */
#ifndef EM_MONORES_H
#define EM_MONORES_H

#include "volume/em_cells.h"

typedef struct em_monores_options
{
	double		start;			/* worst resolution of the sweep, Å */
	double		step;			/* Å between resolutions tried; at least 0.25 */
	double		significance;	/* quantile of the noise and one-sided level, 0.5 .. 1 */
	bool		fast;
	bool		want_volume;
	int64_t		region_voxels;	/* fast mode: transformed at once, 0: 96 Mi (tests) */
	const char **reason_code;	/* may be NULL; gets a stable word for EM_NOT_MEASURABLE, see below */
} em_monores_options;

/* Why a sweep ended. */
typedef enum em_monores_end
{
	EM_MONORES_NYQUIST = 0,		/* no finer resolution is in the map */
	EM_MONORES_FEW_VOXELS,		/* less than 2.5 % of the mask is undecided */
	EM_MONORES_NO_SIGNAL,		/* amplitudes fell below 0.001 of their largest mean */
	EM_MONORES_NOISE			/* amplitudes are no larger than those of the noise */
} em_monores_end;

/* One resolution tried. */
typedef struct em_monores_step
{
	double		resolution;		/* Å */
	double		threshold;		/* quantile of the noise amplitudes */
	double		mean_signal;	/* amplitude of the undecided voxels */
	double		mean_noise;
	int64_t		active;			/* undecided voxels */
} em_monores_step;

typedef struct em_monores
{
	int64_t		mask_voxels;	/* voxels of the mask given */
	int64_t		noise_voxels;	/* voxels the noise was measured in */
	double		radius;			/* voxels at or beyond this distance (voxels) from the centre are left out */
	int			evaluations;
	em_monores_step *step;
	em_monores_end end;
	int64_t		n;				/* voxels with a resolution */
	float	   *value;			/* their resolutions, Å, in raster order */
	double		median;			/* of the resolutions before smoothing */
	em_volume  *volume;			/* Å; 0 where there is none; when it was wanted */
	em_cells   *cells;			/* their small copy */
} em_monores;

/*
 * Two half maps (or one map and NULL) and a mask of the same box.
 * EM_NOT_MEASURABLE: the mask is empty (empty_mask), no voxel is left to measure
 * or to measure the noise in (no_noise_voxels), no resolution between the start
 * and twice the voxel size (nothing_to_try), no noise at all (no_noise).
 */
extern em_status em_monores_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
								const em_mask *mask, const em_monores_options *options,
								em_monores **out);
extern void em_monores_destroy(em_ctx *ctx, em_monores *m);

/*
 * Bytes a run allocates at most, given a mask of at most 40 % of the box (for a
 * larger one, 7 bytes more for each further voxel).
 */
extern uint64_t em_monores_bytes(const em_ctx *ctx, const em_grid *grid, bool fast, bool halves);

#endif							/* EM_MONORES_H */
