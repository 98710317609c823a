/*
 * src/libem/fourier/em_directions.h
 *		Directions spread evenly over the half sphere, and which of them lie
 *		within a cone about a given axis.
 *
 * A direction and its opposite are one: Friedel mates carry the same data.
 */
#ifndef EM_DIRECTIONS_H
#define EM_DIRECTIONS_H

#include "core/em_ctx.h"

/* Unit vectors, one of each antipodal pair, ordered by tilt then rotation. */
typedef struct em_directions
{
	int			n;
	double	  (*v)[3];
} em_directions;

/*
 * The vertices of an icosahedron whose edges are bisected `levels` times on the
 * sphere: 5 * 4^levels + 1 directions.  Three levels give the 321 directions of
 * the Fourier shell occupancy, 7.9 to 9.1 degrees apart.  Levels 0 to 5.
 */
#define EM_DIRECTION_LEVELS 3

extern em_status em_directions_create(em_ctx *ctx, int levels, em_directions **out);
extern void em_directions_destroy(em_ctx *ctx, em_directions *d);

/*
 * Cells on the faces of a cube, EM_CELL_EDGE² on each of the three pairs of
 * opposite faces; each lists the directions that may lie within the cone of
 * any axis in the cell.  Lists are padded to EM_CELL_LANES with null vectors.
 */
#define EM_CELL_EDGE 32
#define EM_CELLS (3 * EM_CELL_EDGE * EM_CELL_EDGE)
#define EM_CELL_LANES 8

typedef struct em_cone_cells
{
	int32_t    *first;			/* EM_CELLS + 1: where the list of a cell begins */
	int32_t		longest;		/* entries of the longest list */
	int32_t    *direction;		/* numbers of the directions; 0 for padding */
	float	   *x;				/* their coordinates; 0 for padding */
	float	   *y;
	float	   *z;
} em_cone_cells;

/* Lists for a cone of half angle `cone` (degrees, 0 to 60). */
extern em_status em_cone_cells_create(em_ctx *ctx, const em_directions *d, double cone, em_cone_cells **out);
extern void em_cone_cells_destroy(em_ctx *ctx, em_cone_cells *c);

/* Index along one edge of a face, u in -1..1. */
static inline int
em_cell_index(float u, int edge)
{
	int			i = (int) ((u + 1.0f) * 0.5f * (float) edge);

	return i < 0 ? 0 : i >= edge ? edge - 1 : i;
}

/* Cell of an axis (any length but 0) on faces of edge² cells. */
static inline int
em_cell_of(float x, float y, float z, int edge)
{
	float		ax = __builtin_fabsf(x);
	float		ay = __builtin_fabsf(y);
	float		az = __builtin_fabsf(z);
	int			face;
	float		u;
	float		v;

	if (az >= ax && az >= ay)
	{
		face = 2;
		u = x / z;
		v = y / z;
	}
	else if (ay >= ax)
	{
		face = 1;
		u = x / y;
		v = z / y;
	}
	else
	{
		face = 0;
		u = y / x;
		v = z / x;
	}
	return (face * edge + em_cell_index(v, edge)) * edge + em_cell_index(u, edge);
}

/* Unit vector through point (u, v), in cell edges, of the face of a cell. */
extern void em_cell_vector(int cell, int edge, double du, double dv, double out[3]);

#endif							/* EM_DIRECTIONS_H */
