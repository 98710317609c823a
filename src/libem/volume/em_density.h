/*
 * src/libem/volume/em_density.h
 *		Sums over the voxels of a map inside or outside a mask.
 *
 * The maps hold finite voxels only (see em_stats.not_finite) unless a function
 * says otherwise.  Masks have the box of the map, else EM_MISMATCH.
 */
#ifndef EM_DENSITY_H
#define EM_DENSITY_H

#include "volume/em_mask.h"

/* EM_MISMATCH when a mask and a map have different boxes. */
extern em_status em_mask_fits(em_ctx *ctx, const em_volume *v, const em_mask *m);

/* Statistics of the voxels outside a mask; voxels that are not finite are left out. */
extern em_status em_volume_stats_outside(em_ctx *ctx, const em_volume *v, const em_mask *m,
										 em_stats *out);

/* Number of voxels outside a mask with |v - centre| > limit, compared in double. */
extern em_status em_count_outliers(em_ctx *ctx, const em_volume *v, const em_mask *m,
								   double centre, double limit, int64_t *out);

/*
 * Means of the cubes of edge³ voxels that lie in full outside a mask.  The
 * cubes tile the box from voxel (0,0,0); voxels left over at the far sides
 * belong to none.
 */
typedef struct em_cube_means
{
	int64_t		n;				/* cubes outside the mask */
	double		mean;			/* mean of their means */
	double		m2;				/* sum of squared deviations of their means from `mean` */
} em_cube_means;

extern em_status em_cube_means_outside(em_ctx *ctx, const em_volume *v, const em_mask *m,
									   int64_t edge, em_cube_means *out);

/* Mass and its first moments; the centre is first[j] / sum, in voxels. */
typedef struct em_mass
{
	double		sum;
	double		first[3];		/* sum of position * density, positions in voxels from 0 */
} em_mass;

/*
 * In one pass: `inside` gets the mass of max(v, 0) inside the mask, `whole` the
 * mass of v, negative densities included, over the whole box.
 */
extern em_status em_mass_moments(em_ctx *ctx, const em_volume *v, const em_mask *m,
								 em_mass *inside, em_mass *whole);

/*
 * The table of enclosed mass: thresholds max*i/25 for i = 1..24, voxels strictly
 * above each, the protein mass and the residues they would hold at 1.207 Å³/Da
 * and 110 Da a residue.  No rows when max is not positive.
 */
#define EM_MASS_ROWS 24

typedef struct em_mass_table
{
	int			rows;			/* 24 or 0 */
	double		threshold[EM_MASS_ROWS];
	int64_t		voxels[EM_MASS_ROWS];
	double		mass_kda[EM_MASS_ROWS];
	double		residues[EM_MASS_ROWS];
} em_mass_table;

extern em_status em_mass_table_make(em_ctx *ctx, const em_volume *v, double max, em_mass_table *out);

#endif							/* EM_DENSITY_H */
