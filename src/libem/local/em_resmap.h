/*
 * src/libem/local/em_resmap.h
 *		Local resolution by local sinusoid models (ResMap).
 *
 * Kucukelbir et al. 2014, doi:10.1038/nmeth.2727; the procedure follows the
 * program ResMap 1.1 with two half maps.  A voxel has resolution R when a local
 * model with features of size R explains the half sum significantly better than
 * a constant, noise being what the half difference shows; R grows from 2.2
 * voxels in steps, and a voxel gets the first one that passes, at a false
 * discovery rate (Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998).
 *
 * The window is exp(-|x|²): under it the even part of the model is the second
 * derivative of a Gaussian and 2.254 the constant of its partner in quadrature
 * (G2 and H2 of Freeman & Adelson 1991, doi:10.1109/34.93808).  The first
 * versions of the program spell it so; the later ones write "-1/2", which
 * Python 2 divides to -1.  Ports to Python 3 divide to -0.5: a window sqrt(2)
 * times as wide, which finds more.  window = 0.5 gives what they give.
 *
 * What is tested is the presence of local features, not their period: a feature
 * far above the noise passes at a resolution finer than its period, because its
 * slope alone is significant there.
 *
 * Differences from the program: the null law has all eigenvalues, not those
 * above 10 % of the largest alone; the threshold of the false discovery rate is
 * found in 4096 steps, not 500; when fewer than 8 windows fit into the mask the
 * noise variance of the resolution before is kept; half maps that were low-pass
 * filtered are refused, not resampled.
 */
#ifndef EM_RESMAP_H
#define EM_RESMAP_H

#include "volume/em_mask.h"

#define EM_RESMAP_SCALES 64		/* resolutions tried at most */
#define EM_RESMAP_MARGIN 9		/* voxels at the faces of the box that are left out */

typedef struct em_resmap_options
{
	double		max_resolution; /* worst resolution tried, Å */
	double		step;			/* Å */
	double		p_value;		/* false discovery rate, 0 .. 0.5 */
	bool		whiten;			/* flatten the noise's spectrum first */
	double		window;			/* of the local fit, exp(-window |x|²): 1, or 0.5 */
} em_resmap_options;

typedef struct em_resmap_scale
{
	double		resolution;		/* Å */
	double		variance;		/* of the noise */
	double		threshold;		/* of the statistic; NaN when nothing passed */
	int64_t		tested;			/* voxels */
	int64_t		assigned;
} em_resmap_scale;

typedef struct em_resmap
{
	int			scales;
	em_resmap_scale scale[EM_RESMAP_SCALES];
	int64_t		mask_voxels;	/* of the mask without its margin at the faces */
	int64_t		assigned;
	bool		whitened;
	int64_t		n[3];
	uint8_t    *which;			/* for every voxel, x fastest: 1 + its scale, 0 for none */
} em_resmap;

/* First resolution tried, and the last one the program tries by default, Å. */
extern double em_resmap_first(double voxel);
extern double em_resmap_last(double voxel);

/*
 * Half sum S = (half 1 + half 2)/2 and half difference D; both are overwritten
 * when they are whitened.  EM_NOT_MEASURABLE: no window fits into the mask, or
 * there is no noise in it; *reason (a string constant) says which:
 * mask_too_small, no_noise.
 */
extern em_status em_resmap_run(em_ctx *ctx, em_volume *sum, em_volume *difference, const em_mask *mask,
							   const em_resmap_options *o, const char **reason, em_resmap **out);
extern void em_resmap_destroy(em_ctx *ctx, em_resmap *r);

/* The resolutions as a volume, Å; `none` where there is none.  And the mask of the voxels that have one. */
extern em_status em_resmap_volume(em_ctx *ctx, const em_resmap *r, const em_grid *grid, double none,
								  em_volume **out);
extern em_status em_resmap_mask(em_ctx *ctx, const em_resmap *r, em_mask **out);

/* Bytes a run allocates at most besides one volume. */
extern uint64_t em_resmap_bytes(const em_ctx *ctx, const em_grid *grid);

#endif							/* EM_RESMAP_H */
