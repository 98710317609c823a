/*
 * src/libem/learned/em_layer_lines.h
 *		The hand of the density around an axis, read from its layer lines.
 *
 * The density on a cylinder around an axis is a sum of helical waves
 *		exp(i n phi) exp(-2 pi i z/p)		(phi counted about the axis, z along it).
 * An alpha helix has its strongest wave with n = 1 at p = 5.4 Å, and its
 * mirror image has it with the other sign of z: the right against the left layer
 * line (Cochran, Crick & Vand 1952, doi:10.1107/S0365110X52001635).  Turning the
 * axis round changes neither; mirroring swaps them.
 *
 * Cylinders: radii from 1.2 to 5.6 Å, 12 angles, 17 heights of 1 Å, linear
 * interpolation, less their mean, a Hann window along z.  The map lies on voxels
 * of about 1 Å, low-passed at 4.2 Å or at its resolution.
 */
#ifndef EM_LAYER_LINES_H
#define EM_LAYER_LINES_H

#include "learned/em_rods.h"

/* Power of the two layer lines as shares of the power on the cylinders of 1.5, 2.5 and 3.5 Å. */
typedef struct em_hand_power
{
	double		right;
	double		left;
} em_hand_power;

extern em_hand_power em_layer_power(const em_volume *v, const em_rod *rod);

/*
 * Move and tilt the axis to where the larger of the two powers is greatest,
 * which does not know the hand; returns the powers there.
 */
extern em_hand_power em_layer_refine(const em_volume *v, em_rod *rod);

/*
 * Features for the perceptron, all without unit: amplitudes of the waves n = 1, 2
 * at 5 radii and 8 axial frequencies, right (EM_LAYER_WAVES) and left (as
 * many), and EM_LAYER_EVEN that mirroring leaves as they are: mean density of
 * the 5 cylinders less `mean`, which is that of the map in its mask, amplitudes
 * of n = 0, and the rod's score.
 */
#define EM_LAYER_WAVES 80
#define EM_LAYER_EVEN 46
#define EM_LAYER_FEATURES (2 * EM_LAYER_WAVES + EM_LAYER_EVEN)

typedef struct em_layer_features
{
	float		right[EM_LAYER_WAVES];
	float		left[EM_LAYER_WAVES];
	float		even[EM_LAYER_EVEN];
} em_layer_features;

extern void em_layer_measure(const em_volume *v, const em_rod *rod, double mean, em_layer_features *out);

#endif							/* EM_LAYER_LINES_H */
