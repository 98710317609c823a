/*
 * src/libem/learned/em_local_spectrum.h
 *		The local power spectrum of a map: what local resolution is read off.
 *
 * The map is seen through rings exp(-(s-1/d)²/(2 sigma²)) of 16 resolutions d, sigma
 * = max(0.18/d, 0.018) 1/Å.  The energy of band d at a point is the square of what
 * passes, smoothed by a Gaussian of standard deviation max(2.5, 0.45 d) Å.  Made
 * from it, for each point:
 *		A_d = ln e_d - ln of the sum over the bands: the shape of the local spectrum;
 *		N_d = ln e_d - ln of its median where the map is more than 7 Å outside the
 *			  mask: how much there is beyond noise.
 * Neither depends on the unit of the map.
 *
 * The bands are made one after another on voxels of about 1 Å
 * (learned/em_unit_grid.h), of the map's own size when that is above 1.05 Å.
 * Energies are smooth, so they are kept on a lattice of every second voxel along
 * each axis (up to 2 Å, else of every one); bands of 8 Å and coarser, in
 * proportion for larger voxels, are made on this lattice itself.  Logarithms are
 * stored in steps of 1/1024.  The numbers do not depend on the number of threads.
 */
#ifndef EM_LOCAL_SPECTRUM_H
#define EM_LOCAL_SPECTRUM_H

#include "learned/em_unit_grid.h"

#define EM_SPECTRUM_BANDS 16
#define EM_SPECTRUM_FEATURES (2 * EM_SPECTRUM_BANDS)
#define EM_SPECTRUM_VERSION "local spectrum/1"	/* stored with weights trained on it */
#define EM_SPECTRUM_REACH 2.05	/* a band is reachable from this many voxels of the map on */

extern const double em_spectrum_band[EM_SPECTRUM_BANDS];	/* Å, finest first */

/* What the outside of the mask, within the box looked at, has to tell. */
typedef enum em_outside
{
	EM_OUTSIDE_NOISE = 0,		/* something to compare with */
	EM_OUTSIDE_CONSTANT,		/* more than half of its voxels have one value: masked */
	EM_OUTSIDE_SMALL			/* less than 16 000 Å³ */
} em_outside;

typedef struct em_local_spectrum
{
	em_unit_grid fine;			/* where the bands are made */
	em_unit_grid lattice;		/* where the energies are kept: the same box */
	em_mask    *points;			/* lattice points in the mask */
	em_mask    *beyond;			/* lattice points more than 7 Å outside it */
	em_volume  *spectrum;		/* of the box; NULL once the bands are made */
	em_outside	outside;
	int			finest;			/* first band the map's voxels can hold */
	int64_t		n;				/* number of points */
	int64_t    *first;			/* index of the first point of each plane of the lattice */
	uint16_t   *energy;			/* of band b at point i (raster order): energy[(b - finest) * n + i] */
	double		noise[EM_SPECTRUM_BANDS];	/* ln of the median energy outside; NaN without */
} em_local_spectrum;

/*
 * Cut the box out of a map (real space, finite voxels) and look at its outside.
 * The mask is of the map's grid.  Neither is needed afterwards.  Fails like
 * em_unit_grid_choose; EM_NOT_MEASURABLE, too, when the voxels hold no band.
 */
extern em_status em_local_spectrum_cut(em_ctx *ctx, const em_volume *map, const em_mask *mask,
									   em_local_spectrum **out);

/* Make the bands. */
extern em_status em_local_spectrum_measure(em_ctx *ctx, em_local_spectrum *s);

extern void em_local_spectrum_destroy(em_ctx *ctx, em_local_spectrum *s);

/*
 * The features of point i: A of the bands, finest first, then N.  NaN: a band that
 * the voxels cannot hold; N without noise outside.  A is at least -20, N within
 * -4 and 12.  May be called by worker threads.
 */
extern void em_local_spectrum_features(const em_local_spectrum *s, int64_t i,
									   float out[EM_SPECTRUM_FEATURES]);

/* Bytes: of cutting; of measuring, what was cut included, when the points are a share (0..1) of the box. */
extern uint64_t em_local_spectrum_cut_bytes(const em_ctx *ctx, const em_grid *map);
extern uint64_t em_local_spectrum_bytes(const em_ctx *ctx, const em_grid *map, double share);

#endif							/* EM_LOCAL_SPECTRUM_H */
