/*
 * src/libem/learned/em_local_resolution.h
 *		Local resolution from one map: a regressor on the local spectrum.
 *
 * Two small perceptrons, trained on maps simulated from atomic models
 * (contrib/train), turn the features of learned/em_local_spectrum.h into the
 * logarithm of the local resolution: "full" takes all 32, "shape" takes the 16
 * that need no noise outside the mask, for maps that were cut out by a mask.
 * Features are standardised; one that is not known counts as the mean.
 *
 * It stands in for the network of DeepRes (Ramirez-Aportela et al. 2019,
 * doi:10.1107/S2052252519011692), of which it has nothing but the meaning of the
 * scale: the frequency up to which there is detail.
 */
#ifndef EM_LOCAL_RESOLUTION_H
#define EM_LOCAL_RESOLUTION_H

#include "learned/em_local_spectrum.h"
#include "learned/em_mlp.h"

#define EM_LOCAL_FINEST 2.3		/* Å: values are clipped to this ... */
#define EM_LOCAL_COARSEST 14.0	/* ... and this */

typedef struct em_regressor
{
	em_mlp		full;
	em_mlp		shape;
	const float *mean;			/* of the features, and their spread */
	const float *sd;
} em_regressor;

/* The perceptrons of a set of weights; EM_INTERNAL when they do not fit the features. */
extern em_status em_regressor_from(em_ctx *ctx, const em_weights *w, em_regressor *out);

/* Local resolution (Å, not clipped); `noise`: from the features that need noise outside, too.  Any thread. */
extern double em_regressor_run(const em_regressor *r, const float feature[EM_SPECTRUM_FEATURES], bool noise);

/* Is there twice the noise in any band?  True, too, when the noise is not known. */
extern bool em_regressor_signal(const float feature[EM_SPECTRUM_FEATURES]);

typedef struct em_local_values
{
	em_volume  *volume;			/* Å at the points of the lattice, 0 elsewhere */
	double		finest;			/* Å: the voxels show nothing finer; values are clipped to it */
	int64_t		clipped;		/* points whose value lay outside finest..EM_LOCAL_COARSEST */
	int64_t		no_signal;		/* points without signal; their value is EM_LOCAL_COARSEST */
} em_local_values;

/*
 * The values at the points of a measured spectrum, in steps of 1/64 Å: far below
 * their error, and coarse enough for the rounding of the map not to show.  The
 * caller frees the volume.
 */
extern em_status em_local_values_make(em_ctx *ctx, const em_local_spectrum *s, const em_weights *w,
									  em_local_values *out);

#endif							/* EM_LOCAL_RESOLUTION_H */
