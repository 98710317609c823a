/*
 * contrib/train/local_score.h
 *		How far local resolution is off, on rows that were not trained on.
 */
#ifndef TR_LOCAL_SCORE_H
#define TR_LOCAL_SCORE_H

#include "learned/em_local_resolution.h"
#include "local_rows.h"
#include "split.h"

/* Mean absolute errors (Å) of clipped values. */
typedef struct tr_score
{
	double		family[TR_FAMILIES];	/* of noise: share (%) read as 12 Å or worse */
	double		both;			/* appearance and disorder together */
	int64_t		n[TR_FAMILIES];
} tr_score;

/* Score the rows with or without noise outside, print a table. */
extern tr_score tr_score_rows(const em_regressor *r, const tr_rows *rows, bool masked, const char *title);

/*
 * Rows of the models of a part: appearance, disorder and uniform for each model,
 * noise for every third.  Draws are seeded by the file's place in the manifest.
 */
extern int	tr_score_collect(em_ctx *ctx, const char *folder, tr_part part, int voxels, tr_rows *rows);

/* Rows of one file; `families` maps of each family are added (0: none). */
extern int	tr_collect_model(em_ctx *ctx, const char *path, const int families[TR_FAMILIES], int voxels,
							 tr_draws *draws, tr_rows *rows);

/* Error of the median of each map, and medians of uniform maps by resolution. */
extern void tr_score_maps(const em_regressor *r, const tr_rows *rows, bool masked);

#endif							/* TR_LOCAL_SCORE_H */
