/*
 * src/libem/local/em_blocres.h
 *		Local resolution by the Fourier shell correlation of small boxes (BlocRes).
 *
 * Cardone et al. 2013, doi:10.1016/j.jsb.2013.08.002; the procedure follows
 * Bsoft's program blocres, which VRS runs.
 *
 * About a voxel a cube of `box` voxels is cut from both half maps (from x - box/2
 * on), tapered by a Hann window about its mean and padded with it to twice its
 * edge.  Each coefficient is split linearly between the two shells next to
 * it, shells of width 1/(2 box voxel).  The resolution is the last place where
 * the curve, from shell 1 on, falls below the cutoff, linearly interpolated; the
 * last shell's when the curve ends above it, twice the first shell's when it is
 * never above; at most 200 Å and at least max_resolution.
 *
 * The curve is made at every step-th voxel and interpolated trilinearly, shell by
 * shell, so every voxel of the mask gets a value, also those near the faces of
 * the box, where Bsoft has none.  A local FSC cannot vary faster than its window,
 * which is why that loses little: 0.1 Å rms at step 4.  The resolution can, where
 * the curve of a weak signal goes along the cutoff: at a signal-to-noise ratio of
 * 4, step 4 puts 6 % and step 2 puts 3 % of the voxels off by more than 0.3 Å.
 *
 * Fast mode exchanges window and shells: both maps are band-passed shell by
 * shell, and the products smoothed with the squared window.  It costs two
 * transforms of the map a shell, however many points there are.
 */
#ifndef EM_BLOCRES_H
#define EM_BLOCRES_H

#include "local/em_lattice.h"

typedef struct em_blocres_options
{
	int			box;			/* voxels, 4 .. 64 */
	double		cutoff;			/* 0 .. 1 */
	double		max_resolution;	/* Å */
	int			step;			/* voxels between points; 0: from the time it takes */
	double		scale2;			/* half 2 is multiplied by this: spread of half 1 over that of half 2 */
} em_blocres_options;

#define EM_BLOCRES_DEFAULTS \
	((em_blocres_options) {.box = 20, .cutoff = 0.5, .max_resolution = 0, .step = 0, .scale2 = 1})

/* What was measured at the points. */
typedef struct em_blocres
{
	em_blocres_options options;
	em_lattice *l;
	double		width;			/* of a shell, 1/Å */
	int			shells;			/* of a curve */
	int			count;			/* numbers a point: its curve; or 1/resolution alone when step is 1 */
	float	   *numbers;
} em_blocres;

/* Shells of a curve, shell 0 included, for boxes of such a grid. */
extern int	em_blocres_shells(const em_grid *grid, const em_blocres_options *o);

/* Largest step that follows the variation of a local FSC, and the step option 0 means. */
extern int	em_blocres_step(const em_blocres_options *o, const em_mask *mask);

/* The same before the mask is known: the least step that may be taken. */
extern int	em_blocres_least_step(const em_blocres_options *o, const int64_t n[3]);

/*
 * Measure the points.  EM_BAD_ARGUMENT for an option
 * outside its range, EM_NOT_MEASURABLE for an empty mask or a box smaller than a
 * window.
 */
extern em_status em_blocres_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
								const em_mask *mask, const em_blocres_options *o, em_blocres **out);

/* Fast mode: f1 and f2 are the half spectra of the half maps; two volumes of work memory. */
extern em_status em_blocres_run_fast(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
									 const em_mask *mask, const em_blocres_options *o, em_blocres **out);
extern void em_blocres_destroy(em_ctx *ctx, em_blocres *b);

/* The local resolution, Å, in the mask the points were made for; 0 elsewhere. */
extern em_status em_blocres_fill(em_ctx *ctx, const em_blocres *b, const em_mask *mask, const em_grid *grid,
								 em_volume **out);

/* Bytes a run allocates at most, its result included. */
extern uint64_t em_blocres_bytes(const em_ctx *ctx, const em_grid *grid, const em_blocres_options *o,
								 bool fast);

#endif							/* EM_BLOCRES_H */
