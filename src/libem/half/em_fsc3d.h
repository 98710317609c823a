/*
 * src/libem/half/em_fsc3d.h
 *		The 3D FSC: correlation of two half maps about every direction of every
 *		shell, as a volume, and how round the part of it that is resolved is.
 *
 * Tan et al. 2017, doi:10.1038/nmeth.4347.
 */
#ifndef EM_FSC3D_H
#define EM_FSC3D_H

#include "half/em_directional.h"

/*
 * Outermost shell of the volume: four beyond the first whose global FSC is
 * within 0.13 of 0, at most the last.
 */
extern int64_t em_fsc3d_reach(const double *global, int64_t count);

/*
 * The volume: a cube of 2*reach + 1 voxels, frequency 0 at voxel (reach, reach,
 * reach), one shell a voxel (its voxel size is 1/L, in 1/Å).  A voxel holds the
 * correlation of the coefficients of its shell in the hard double cone of half
 * angle `cone` (degrees) about it; the centre is 1, voxels beyond the last shell
 * are 0, like those with an empty cone.  Up to shell 32 the cones are exact;
 * beyond, coefficients are sorted into cells of about 2 degrees first, which
 * changes a value by 0.01 rms and at most 0.03 where that begins, less farther
 * out.  f1 and f2 are spectra of one grid.
 */
extern em_status em_fsc3d_volume(em_ctx *ctx, const em_volume *f1, const em_volume *f2, double cone,
								 int64_t reach, em_volume **out);

/* Bytes of that volume, and of what is allocated on the way. */
extern uint64_t em_fsc3d_bytes(int64_t reach);
extern uint64_t em_fsc3d_scratch_bytes(const em_shells *s, int64_t reach);

/*
 * Sphericity pi^(1/3) (6 V)^(2/3) / A of the voxels at or above `threshold`
 * that are connected with the centre: a voxel counts when the neighbour on the
 * way to the centre does, and everything up to `keep` voxels from the centre
 * counts.  They are smoothed with a Gaussian of one voxel; V is the number of
 * voxels at or above 1/2 then, A the area of the surface at 1/2 (marching
 * tetrahedra).  1 is a ball; digital ones come out within 2 %.  NaN when nothing
 * is left.
 */
extern em_status em_fsc3d_sphericity(em_ctx *ctx, const em_volume *cube, double threshold, double keep,
									 double *out);

/* Bytes that allocates. */
extern uint64_t em_fsc3d_sphericity_bytes(int64_t reach);

#endif							/* EM_FSC3D_H */
