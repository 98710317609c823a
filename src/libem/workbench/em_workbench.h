/*
 * src/libem/workbench/em_workbench.h
 *		The workbench of one entry: every intermediate is made once, when it is
 *		first asked for, inside the memory budget.
 *
 * Intermediates stay until they must make room for another one.  What a check
 * has asked for is pinned until em_workbench_unpin(), so a pointer obtained
 * here stays valid for the rest of the check.  When the budget is short,
 * unpinned intermediates are dropped, the cheapest to make again first.
 */
#ifndef EM_WORKBENCH_H
#define EM_WORKBENCH_H

#include "half/em_directional.h"
#include "half/em_fsc.h"
#include "half/em_half_check.h"
#include "fourier/em_guinier.h"
#include "volume/em_mask.h"

typedef enum em_role
{
	EM_ROLE_MAP = 0,
	EM_ROLE_HALF1,
	EM_ROLE_HALF2,
	EM_ROLE_MASK,				/* a mask given by the user */
	EM_ROLE_COUNT
} em_role;

extern const char *em_role_name(em_role role);	/* "map", "half map 1", ... */

/*
 * Reads one map in full into a new volume (normally em_mrc_read over a large
 * object).  Called from the workbench's thread.
 */
typedef em_status (*em_load_fn) (void *arg, em_ctx *ctx, em_role role, em_volume **out);

/* A parameter of a method that differs from its default ("box", "step" ...). */
typedef struct em_param
{
	const char *name;
	double		value;
} em_param;

typedef struct em_workbench_options
{
	bool		present[EM_ROLE_COUNT];
	em_grid		grid[EM_ROLE_COUNT];	/* from the headers, before anything is read */
	double		contour;		/* NaN when the entry has none */
	double		resolution;		/* reported resolution, Å; NaN when none */
	const em_param *params;		/* outlive the workbench; may be NULL */
	int			n_params;
	em_load_fn	load;
	void	   *arg;
} em_workbench_options;

typedef struct em_workbench em_workbench;

extern em_status em_workbench_create(em_ctx *ctx, const em_workbench_options *options,
									 em_workbench **out);
extern void em_workbench_destroy(em_workbench *wb);

extern em_ctx *em_workbench_ctx(const em_workbench *wb);
extern bool em_workbench_has(const em_workbench *wb, em_role role);
extern const em_grid *em_workbench_grid(const em_workbench *wb, em_role role);
extern double em_workbench_contour(const em_workbench *wb);
extern double em_workbench_resolution(const em_workbench *wb);

/* Value of a parameter, or its default. */
extern double em_workbench_param(const em_workbench *wb, const char *name, double fallback);

/* Times a map was read from its source so far (tests: once per run). */
extern int	em_workbench_loads(const em_workbench *wb, em_role role);

/* Release the pins of the last check. */
extern void em_workbench_unpin(em_workbench *wb);

/* Real-space voxels and their statistics. */
extern em_status em_workbench_volume(em_workbench *wb, em_role role, const em_volume **out);
extern em_status em_workbench_stats(em_workbench *wb, em_role role, const em_stats **out);

/*
 * Half spectrum of a map.  When the voxels are pinned or memory allows it is
 * made from a copy, else in place, and the voxels are read again if they are
 * asked for later.  The mean is left in: coefficient (0,0,0) is the sum.
 */
extern em_status em_workbench_spectrum(em_workbench *wb, em_role role, const em_volume **out);

/* Raw mask: voxels at or above the contour.  Needs a contour. */
extern em_status em_workbench_raw_mask(em_workbench *wb, const em_mask **out);

/* Connected components of the raw mask. */
extern em_status em_workbench_components(em_workbench *wb, const em_components **out);

/*
 * Hard mask: largest component of the raw mask dilated by 2 Å (Euclidean, whole
 * box).  EM_NOT_MEASURABLE when the raw mask is empty.
 */
extern em_status em_workbench_hard_mask(em_workbench *wb, const em_mask **out);

/*
 * Hard mask as VRS makes it: contour rounded to 6 decimals, ceil(2/voxel)
 * 18-neighbour steps, outermost shell empty.
 */
extern em_status em_workbench_hard_mask_vrs(em_workbench *wb, const em_mask **out);

/* Soft mask: the hard mask smoothed with a Gaussian of sigma = sqrt(2) voxels. */
extern em_status em_workbench_soft_mask(em_workbench *wb, const em_volume **out);

/* FSC, DPR and SSNR of the two half maps. */
extern em_status em_workbench_fsc(em_workbench *wb, const em_fsc **out);

/* Are the half maps what half maps should be?  Looked at once; nothing stays pinned. */
extern em_status em_workbench_half_check(em_workbench *wb, const em_half_check **out);

/*
 * Maps the caller owns and may change: the voxels of a map, or its half
 * spectrum.  Copied from the bench when memory allows, else taken from it, else
 * made; nothing is pinned.
 */
extern em_status em_workbench_take_volume(em_workbench *wb, em_role role, em_volume **out);
extern em_status em_workbench_take_spectrum(em_workbench *wb, em_role role, em_volume **out);

/*
 * Keep intermediates only as long as everything in use stays within `bytes`: with
 * the largest estimate of the checks to come, they use no more than that.  0, as
 * at first: up to the budget.
 */
extern void em_workbench_keep_within(em_workbench *wb, uint64_t bytes);

/* Drop unpinned intermediates until `bytes` more fit in the budget, as far as that is possible. */
extern void em_workbench_make_room(em_workbench *wb, uint64_t bytes);

/*
 * The mask half maps are compared in: the one given (EM_ROLE_MASK), else the
 * soft mask when a map and a contour are known, else NULL.  Only the mask itself
 * is pinned, not what it is made from.
 */
extern em_status em_workbench_half_mask(em_workbench *wb, const em_volume **out);

/* Half spectrum of a half map times that mask; without a mask, of the half map. */
extern em_status em_workbench_masked_spectrum(em_workbench *wb, em_role role, const em_volume **out);

/*
 * Directional correlations of the masked half maps, with parameters "cone" (17
 * degrees) and "axis_cone" (20 degrees).  The masked spectra are not pinned.
 */
extern em_status em_workbench_directional(em_workbench *wb, const em_directional **out);

#endif							/* EM_WORKBENCH_H */
