/*
 * src/libem/draw/em_visit.h
 *		Every row of a map once, from a stream or from memory, and what
 *		pictures need of it: a smaller copy, one plane, a projection, the
 *		plane that varies most.
 *
 * Memory never depends on the size of the map: a plane has at most
 * EM_PLANE_MAX bins a side, a smaller copy at most max_n.  Larger ones average
 * (a projection: add up) whole blocks of voxels.  Voxels that are not finite
 * count as 0.
 */
#ifndef EM_VISIT_H
#define EM_VISIT_H

#include "io/em_mrc.h"
#include "volume/em_volume.h"

#define EM_PLANE_MAX 1024

/* Where rows come from: a stream (source and header) or a volume. */
typedef struct em_rows
{
	em_source  *source;			/* stands behind the first 1024 bytes; NULL with a volume */
	const em_mrc_header *header;
	const em_volume *volume;
} em_rows;

/* n voxels from at[] (x, y, z) on, one step along `axis` each. */
typedef void (*em_row_fn) (void *arg, const float *row, int64_t n, const int64_t at[3], int axis);

/* Call `fn` for every row, in the order they are stored.  Polls. */
extern em_status em_visit_rows(em_ctx *ctx, em_rows *rows, em_row_fn fn, void *arg);

extern const em_grid *em_rows_grid(const em_rows *rows);

/* A copy whose sides have at most max_n voxels, each the mean of a block; *factor is the block's side. */
extern em_status em_reduce(em_ctx *ctx, em_rows *rows, int64_t max_n, int *factor, em_volume **out);

/* Numbers on a plane: bin (i,j) at v[j * n[0] + i]; i runs along axes[0], j along axes[1]. */
typedef struct em_plane
{
	int			axis;			/* the axis it is perpendicular to: 0, 1, 2 */
	int			axes[2];		/* the axes in it: right, up */
	int64_t		index;			/* voxel along axis; -1 for a projection */
	int64_t		count;			/* voxels along axis */
	int64_t		n[2];
	double		pixel[2];		/* Å a bin; 0 when unknown */
	double	   *v;
} em_plane;

/*
 * The plane at `index` along `axis`, EM_BAD_ARGUMENT outside the box; index -1
 * is the sum along the axis times the voxel size (times 1 when unknown).
 */
extern em_status em_plane_make(em_ctx *ctx, em_rows *rows, int axis, int64_t index, em_plane *out);
extern void em_plane_free(em_ctx *ctx, em_plane *plane);

/* The index of the plane with the largest variance, the first of equals. */
extern em_status em_plane_most_varied(em_ctx *ctx, em_rows *rows, int axis, int64_t *index);

#endif							/* EM_VISIT_H */
