/*
 * src/libem/half/em_directional.h
 *		Fourier shell correlation by direction: one sweep over the shells gives
 *		the weighted cones of the Fourier shell occupancy, the hard cones about
 *		the axes of the 3D FSC, and the global curve.
 *
 * Vilas et al. 2023, doi:10.1038/s41592-023-01874-3 (weighted cones); Tan et
 * al. 2017, doi:10.1038/nmeth.4347 (hard cones about x, y, z).
 */
#ifndef EM_DIRECTIONAL_H
#define EM_DIRECTIONAL_H

#include "fourier/em_directions.h"
#include "fourier/em_shell.h"

typedef struct em_directional_options
{
	double		cone;			/* half angle of the weighted cones, degrees */
	double		axis_cone;		/* half angle of the hard cones about x, y, z, degrees */
} em_directional_options;

#define EM_DIRECTIONAL_DEFAULTS ((em_directional_options) {.cone = 17, .axis_cone = 20})

typedef struct em_directional
{
	em_directional_options options;
	int64_t		count;			/* shells 0 .. count-1 */
	double		length;			/* L, Å: shell i has frequency i/L */
	em_directions *directions;
	double	   *fsc;			/* fsc[d * count + i]: direction d, shell i; NaN for an empty cone */
	double	   *axis[3];		/* curves along x, y, z; NaN for an empty cone */
	double	   *global;
	int64_t    *n;				/* coefficients of the shell, Friedel mates counted both */
	double		noise_power;	/* sum |F1-F2|²/4 over all shells but 0; 0 means identical halves */
	double		signal_power;	/* sum |F1+F2|²/4 likewise */
} em_directional;

/*
 * Sweep two spectra (EM_FOURIER_SPACE) of equal grids.  A coefficient at angle
 * t from a direction has weight exp(-4 ((1-cos t)/(1-cos cone))²), 0 outside the
 * cone; the opposite of a direction is the same direction.  EM_BAD_ARGUMENT for
 * a cone outside 1 to 60 degrees.
 */
extern em_status em_directional_sweep(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
									  const em_directional_options *options, em_directional **out);
extern void em_directional_destroy(em_ctx *ctx, em_directional *d);

/* Bytes a sweep of this grid allocates, its result included (for estimates). */
extern uint64_t em_directional_bytes(em_ctx *ctx, const em_grid *grid);

#endif							/* EM_DIRECTIONAL_H */
