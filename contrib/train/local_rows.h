/*
 * contrib/train/local_rows.h
 *		Rows to train local resolution on: features of single voxels, as libem
 *		computes them, and the truth there.
 *
 * A map is looked at in a mask around its model (with a few balls of solvent,
 * whose truth is 14 Å), once as it is and once cut out by a soft mask, so that its
 * outside is 0.  A third of the maps is first sampled on larger voxels.  Maps of
 * noise are looked at in a ball or where they exceed a threshold.
 */
#ifndef TR_LOCAL_ROWS_H
#define TR_LOCAL_ROWS_H

#include "learned/em_local_spectrum.h"
#include "local_truth.h"

typedef struct tr_row
{
	float		feature[EM_SPECTRUM_FEATURES];	/* NaN: not known */
	float		truth;			/* Å */
	short		family;			/* tr_family; TR_NOISE for solvent, too */
	short		masked;			/* the outside was 0: only half of the features are known */
	int			map;			/* number of the map */
} tr_row;

typedef struct tr_rows
{
	tr_row	   *row;			/* malloc'ed */
	int64_t		n;
	int64_t		room;
	int			maps;
} tr_rows;

/* Add about `voxels` rows as it is and as many cut out.  resolution: as in tr_local_make. */
extern em_status tr_rows_add(em_ctx *ctx, const tr_base *base, tr_family family, double resolution,
							 int voxels, tr_draws *draws, tr_rows *rows);

/* All rows of a file, or a file of all rows: for repeated fits.  0, or -1. */
extern int	tr_rows_read(const char *path, tr_rows *rows);
extern int	tr_rows_write(const char *path, const tr_rows *rows);

#endif							/* TR_LOCAL_ROWS_H */
