/*
 * contrib/train/simulate.h
 *		Maps of atomic models, as an electron microscope and a reconstruction
 *		would give them.
 *
 * The base of a model: randomly turned, centred in a box with 14 Å to spare on
 * all sides, 1 Å voxels, even sizes without prime factors above 5; density of
 * its atoms with electron form factors, cut off at 2 Å.
 */
#ifndef TR_SIMULATE_H
#define TR_SIMULATE_H

#include "atoms.h"
#include "draws.h"
#include "volume/em_volume.h"

#define TR_FAR 9.0f				/* Å; distances to the nearest atom are cut off here */
#define TR_BASE_B 22.0			/* Å², mean B of the base */

/* A point of a helix axis (voxels) and the direction of the axis there. */
typedef struct tr_axis_point
{
	double		at[3];
	double		along[3];		/* unit length, from N to C */
	int			helix;			/* 0, 1, ... */
} tr_axis_point;

typedef struct tr_base
{
	em_volume  *spectrum;		/* half spectrum of the density, B of TR_BASE_B on average */
	em_volume  *distance;		/* Å from the voxel to the nearest atom, at most TR_FAR */
	double		filled;			/* share of the box within 3 Å of an atom */
	tr_axis_point *axis;		/* alpha helices of 8 and more residues */
	int			n_axis;
	int			helices;
	int			helical_residues;
} tr_base;

extern em_status tr_base_make(em_ctx *ctx, const tr_model *model, tr_draws *draws, tr_base *out);
extern void tr_base_free(em_ctx *ctx, tr_base *base);

/* How a map differs from its base. */
typedef struct tr_map_options
{
	double		resolution;		/* Å: half maps would have FSC 0.143 there */
	double		noise;			/* factor on the noise power; 1 for an honest resolution */
	double		b;				/* Å², of the density */
	double		contrast;		/* 0..1, of the solvent: 1 - contrast exp(-200 s²/4) */
	double		sharpening;		/* share of b taken back */
	bool		weighted;		/* by sqrt(FSC) of the full map */
} tr_map_options;

/* Options drawn at random for a resolution (B 7..11 d², contrast 0..0.6, sharpening 0.4..1, 70 % weighted). */
extern tr_map_options tr_map_options_draw(double resolution, double noise, tr_draws *draws);

/*
 * A map: density of that B, white noise with the power that makes the half-map
 * signal-to-noise ratio inside the model 1/6 at 1/resolution, sharpened, low-pass
 * at 0.97 of the resolution.
 */
extern em_status tr_map_make(em_ctx *ctx, const tr_base *base, const tr_map_options *options,
							 tr_draws *draws, em_volume **out);

/* A volume of standard normal numbers. */
extern em_status tr_white_noise(em_ctx *ctx, const em_grid *grid, tr_draws *draws, em_volume **out);

/* Mean |F|² of a half spectrum by shells, one coefficient of the longest axis wide. */
#define TR_SHELLS 1024
typedef struct tr_shell_power
{
	double		step;			/* 1/Å */
	int			n;
	double		power[TR_SHELLS];
} tr_shell_power;

extern void tr_shell_power_measure(const em_volume *spectrum, tr_shell_power *out);

/* The same at a frequency (1/Å), linear between shells. */
extern double tr_power_at(const tr_shell_power *p, double s);

/* Frequency of coefficient i along an axis, 1/Å. */
static inline double
tr_frequency(const em_grid *grid, int axis, int64_t i)
{
	const int64_t n = grid->n[axis];

	return (double) (i > n / 2 ? i - n : i) / ((double) n * grid->voxel[axis]);
}

/* Multiply a half spectrum by factor(s), s in 1/Å. */
typedef double (*tr_factor_fn) (const void *arg, double s);
extern void tr_filter(em_volume *spectrum, tr_factor_fn factor, const void *arg);

#endif							/* TR_SIMULATE_H */
