/*
 * src/libem/fourier/em_shell.h
 *		Fourier shells: which shell a coefficient belongs to.
 *
 * Shell i holds the coefficients with round(|s| * L) = i, where s is the
 * spatial frequency in 1/Å and L = nx * voxel_x the length of the x axis in Å;
 * for a cube this is rint(|k|).  Frequency of shell i: i/L.  The last shell is
 * the largest i with i/L <= the Nyquist frequency 1/(2*max voxel), so nothing
 * from the corners of the box is counted.
 */
#ifndef EM_SHELL_H
#define EM_SHELL_H

#include "volume/em_volume.h"

typedef struct em_shells
{
	int64_t		count;			/* shells 0 .. count-1 */
	double		length;			/* L, Å: shell i has frequency i/L (1/Å) */
	int64_t		n[3];			/* the grid */
	int64_t		nxh;			/* nx/2 + 1 */
	double		nyquist;		/* L / (2*max voxel): the Nyquist frequency in shells */
	double		unit2[3];		/* (L / (n_j voxel_j))²: |s L|² = sum k_j² unit2_j */
} em_shells;

extern em_status em_shells_init(em_ctx *ctx, const em_grid *grid, em_shells *out);

/* Signed frequency index of FFT index i of n. */
static inline int64_t
em_frequency(int64_t i, int64_t n)
{
	return (2 * i > n) ? i - n : i;
}

/*
 * Shell of every coefficient of row (iy, iz): out[kx], kx = 0 .. nxh-1; -1 for
 * coefficients beyond the last shell.  Ties (x.5) round away from zero.
 */
extern void em_shells_row(const em_shells *s, int64_t iy, int64_t iz, int32_t *out);

/* nxh rounded up to whole groups of four. */
static inline int64_t
em_shells_room(const em_shells *s)
{
	return (s->nxh + 3) & ~INT64_C(3);
}

/*
 * The same for sums that must also serve programs which stop at |s| = Nyquist
 * (Xmipp, VRS): slot i is shell i, but what the last shell has beyond Nyquist
 * is in slot `count`.  Returns how many kx, counted from 0, lie in a slot.
 * `whole` (may be NULL) gets floor(|s| * L).  Both arrays have room for
 * em_shells_room() numbers; those after the returned count mean nothing.
 */
extern int64_t em_shells_slots(const em_shells *s, int64_t iy, int64_t iz, int32_t *slot, int32_t *whole);

/* Coefficients of the full sphere per shell (Friedel mates counted both). */
extern em_status em_shells_counts(em_ctx *ctx, const em_shells *s, int64_t *n);

#endif							/* EM_SHELL_H */
