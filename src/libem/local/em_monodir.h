/*
 * src/libem/local/em_monodir.h
 *		Directional local resolution (MonoDir).
 *
 * Vilas et al. 2020, doi:10.1038/s41467-019-13742-w; the procedure follows the
 * program xmipp_resolution_directional with --fast, which VRS runs.
 *
 * For each of 46 directions only the coefficients within 15 degrees of it are
 * kept, and the resolution of every voxel is searched from 18 Å on as MonoRes
 * does (em_monores.h): amplitude above the 0.95 quantile of the noise, two
 * failures in a row end the search.  The noise is the map outside the smallest
 * sphere that holds the mask, within 45 degrees of the direction; when there is
 * no such shell, the half difference of the half maps in the mask.
 *
 * In a narrow cone the Riesz vector is the direction times the Hilbert transform,
 * so the amplitude is twice the modulus of one complex transform of half the
 * cone.  The half cone of a sphere of frequencies up to Nyquist spans at most n/2
 * coefficients along each axis: it is folded into a grid of half the edge and
 * the modulus there is exact.  Voxels of that grid (every second voxel of an even
 * box) are measured.  The amplitude's low-pass is made on that grid, too.
 *
 * The 46 directions are the vertices of an icosahedron with edges cut in three.
 */
#ifndef EM_MONODIR_H
#define EM_MONODIR_H

#include "volume/em_mask.h"

#define EM_MONODIR_DIRECTIONS 46

typedef struct em_monodir
{
	double		direction[EM_MONODIR_DIRECTIONS][3];
	double		median[EM_MONODIR_DIRECTIONS];	/* resolution in that direction, Å */
	double		count[EM_MONODIR_DIRECTIONS];	/* voxels with their highest resolution there (0.1 Å) */
	bool		noise_from_halves;
	int			evaluations;
	double		mean;			/* of all directions and voxels, Å */
	int64_t		n;				/* voxels of the small grid in the mask */
	float	   *position;		/* 3n: where they are, Å from the centre of the box */
	float	   *highest;		/* 5 % quantile over the directions, Å; the best */
	float	   *lowest;			/* 95 % */
	float	   *middle;			/* their mean */
	float	   *doa;			/* half the distance of the 17 % and 83 % quantiles */
	float	   *radial;			/* mean within 45 degrees of the voxel's position */
	float	   *azimuthal;		/* mean beyond 70 degrees of it */
} em_monodir;

/* The shell about the mask that holds noise; radii in voxels of x. */
typedef struct em_monodir_shell
{
	bool		found;
	double		particle;		/* of the mask */
	double		cliff;			/* where the map ends */
} em_monodir_shell;

extern em_status em_monodir_noise_shell(em_ctx *ctx, const em_volume *map, const em_mask *mask,
										em_monodir_shell *out);

/*
 * Measure a map in a mask: its half spectrum, the mask and shell of the map, and
 * the half spectrum of the half difference, which is used when there is no shell
 * and may be NULL otherwise.  EM_NOT_MEASURABLE: no voxel of the small grid lies
 * in the mask, no noise, nothing to try between 18 Å and twice the voxel.
 */
extern em_status em_monodir_run(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask,
								const em_monodir_shell *shell, const em_volume *noise, em_monodir **out);
extern void em_monodir_destroy(em_ctx *ctx, em_monodir *m);

/* 46 directions, z >= 0, ordered by tilt. */
extern void em_monodir_directions(double v[EM_MONODIR_DIRECTIONS][3]);

/*
 * Kolmogorov's statistic of counts against a uniform distribution of the first
 * `support` of n values, and the probability of a larger one for `size` draws.
 */
extern double em_monodir_uniformity(const double *count, int n, int support, double size, double *p);

/*
 * How many independent draws the counts of the directions are worth, 1 .. their
 * sum: as many as scatter about a smooth distribution as the counts do.  Smooth
 * is a quadratic form of the direction, so that the preference the test looks
 * for does not count as scatter.  Voxels are correlated, a voxel may prefer
 * several directions, and the noise threshold of a direction is common to all
 * voxels: the scatter holds all of that, the volume of the mask does not.
 * Neighbouring cones share a fifth of their coefficients, which makes smooth
 * deviations larger than the scatter says; the number is 0.8 times the estimate
 * for that.  Of 200 isotropic maps of three kinds, 2 to 4 % are then rejected at
 * 5 % and 0 to 1.5 % at 1 % (contrib/bench/monodir_null.c).
 */
extern double em_monodir_effective(const double direction[EM_MONODIR_DIRECTIONS][3],
								   const double count[EM_MONODIR_DIRECTIONS]);

/*
 * Bytes a run allocates at most, given a mask of at most 30 % of the box (for a
 * larger one, 12 bytes more for each further voxel); with noise from a shell, or
 * from half maps.
 */
extern uint64_t em_monodir_bytes(const em_ctx *ctx, const em_grid *grid, bool halves);

#endif							/* EM_MONODIR_H */
