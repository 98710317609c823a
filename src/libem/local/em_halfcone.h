/*
 * src/libem/local/em_halfcone.h
 *		Amplitude of the part of a map in a narrow cone of directions, by one
 *		complex transform on a grid of half the edge (see em_monodir.h).
 */
#ifndef EM_HALFCONE_H
#define EM_HALFCONE_H

#include "volume/em_volume.h"

#define EM_HALFCONE_ANGLE 15.0	/* degrees */

typedef struct em_halfcone_plans em_halfcone_plans;

/* One coefficient of the half cone. */
typedef struct em_cone_coefficient
{
	float		value[2];
	float		shell;			/* |s| times the length of the x axis */
	int32_t		x;				/* place in the small grid */
	int32_t		y;
	int32_t		z;
} em_cone_coefficient;

typedef struct em_halfcone
{
	em_grid		grid;			/* the small one: the box of the map, half the edges */
	int64_t		row;			/* complex numbers from line to line, plane to plane */
	int64_t		plane;
	float	   *field;
	uint8_t    *used;			/* one a row: holds something */
	em_halfcone_plans *plans;
	double		scale;			/* of the amplitude */
	int64_t		count;			/* coefficients of the direction */
	int64_t		room;
	em_cone_coefficient *coefficient;
} em_halfcone;

extern em_grid em_halfcone_grid(const em_grid *map);
extern em_status em_halfcone_create(em_ctx *ctx, const em_grid *map, em_halfcone **out);
extern void em_halfcone_destroy(em_ctx *ctx, em_halfcone *h);
extern uint64_t em_halfcone_bytes(const em_grid *map);

/* Collect what a half spectrum has within the cone about a unit vector. */
extern em_status em_halfcone_aim(em_ctx *ctx, em_halfcone *h, const em_volume *spectrum, const double direction[3]);

/*
 * Amplitude in real space into `out`, a volume of the small grid: twice the
 * modulus, the coefficients weighted by 0 up to shell `low`, a raised cosine, 1
 * from shell `high` on.
 */
extern em_status em_halfcone_amplitude(em_ctx *ctx, em_halfcone *h, double low, double high, em_volume *out);

#endif							/* EM_HALFCONE_H */
