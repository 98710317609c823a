/*
 * src/libem/fourier/em_directions.c
 *		Directions by bisecting an icosahedron, and their lists per cell.
 */
#include "fourier/em_directions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LEVELS 5
#define SAME 1e-9				/* squared distance of equal points */
#define SLACK 1e-4				/* radians added to a cone for the rounding of floats */

typedef struct triangle
{
	double		corner[3][3];
} triangle;

/* Which of two opposite vectors stands for both. */
static bool
upper(const double v[3])
{
	const double eps = 1e-9;

	if (fabs(v[2]) > eps)
		return v[2] > 0;
	if (fabs(v[1]) > eps)
		return v[1] > 0;
	return v[0] > 0;
}

/* Order by tilt, then rotation; equal vectors compare equal but for rounding. */
static int
compare_directions(const void *a, const void *b)
{
	const double *v = a;
	const double *w = b;

	if (fabs(v[2] - w[2]) > 1e-9)
		return v[2] > w[2] ? -1 : 1;
	double		rv = atan2(v[1], v[0]);
	double		rw = atan2(w[1], w[0]);

	if (fabs(rv - rw) > 1e-9)
		return rv < rw ? -1 : 1;
	return 0;
}

static void
midpoint(const double a[3], const double b[3], double out[3])
{
	double		length = 0;

	for (int j = 0; j < 3; j++)
	{
		out[j] = a[j] + b[j];
		length += out[j] * out[j];
	}
	for (int j = 0; j < 3; j++)
		out[j] /= sqrt(length);
}

/*
 * Corners of the icosahedron with two of them on the z axis: pole, upper ring,
 * lower ring, pole.  Turned about z as Xmipp has it, so that the occupancy of
 * single shells can be compared.
 */
static void
icosahedron(double corner[12][3])
{
	double		z = 1 / sqrt(5.0);
	double		r = 2 / sqrt(5.0);

	memset(corner, 0, 12 * sizeof(corner[0]));
	corner[0][2] = 1;
	corner[11][2] = -1;
	for (int i = 0; i < 5; i++)
	{
		double		phi = M_PI / 5 + 2 * M_PI * i / 5;

		corner[1 + i][0] = r * cos(phi);
		corner[1 + i][1] = r * sin(phi);
		corner[1 + i][2] = z;
		corner[6 + i][0] = r * cos(phi + M_PI / 5);
		corner[6 + i][1] = r * sin(phi + M_PI / 5);
		corner[6 + i][2] = -z;
	}
}

static triangle
make_triangle(double corner[12][3], int a, int b, int c)
{
	triangle	t;

	memcpy(t.corner[0], corner[a], sizeof(t.corner[0]));
	memcpy(t.corner[1], corner[b], sizeof(t.corner[1]));
	memcpy(t.corner[2], corner[c], sizeof(t.corner[2]));
	return t;
}

/* The 20 faces. */
static void
faces(triangle *t)
{
	double		corner[12][3];

	icosahedron(corner);
	for (int i = 0; i < 5; i++)
	{
		int			next = (i + 1) % 5;

		*t++ = make_triangle(corner, 0, 1 + i, 1 + next);
		*t++ = make_triangle(corner, 1 + i, 6 + i, 1 + next);
		*t++ = make_triangle(corner, 1 + next, 6 + i, 6 + next);
		*t++ = make_triangle(corner, 11, 6 + next, 6 + i);
	}
}

/* Replace each of n triangles by four; the array has room for 4n. */
static void
bisect(triangle *t, int64_t n)
{
	for (int64_t i = n - 1; i >= 0; i--)
	{
		triangle	old = t[i];
		double		mid[3][3];

		for (int j = 0; j < 3; j++)
			midpoint(old.corner[j], old.corner[(j + 1) % 3], mid[j]);
		for (int j = 0; j < 3; j++)
		{
			memcpy(t[4 * i + j].corner[0], old.corner[j], sizeof(mid[0]));
			memcpy(t[4 * i + j].corner[1], mid[j], sizeof(mid[0]));
			memcpy(t[4 * i + j].corner[2], mid[(j + 2) % 3], sizeof(mid[0]));
		}
		memcpy(t[4 * i + 3].corner, mid, sizeof(mid));
	}
}

/* Keep one of equal corners of the upper half; returns how many there are. */
static int64_t
collect(const triangle *t, int64_t n, double (*v)[3])
{
	int64_t		points = 0;
	int64_t		kept = 0;

	for (int64_t i = 0; i < n; i++)
		for (int j = 0; j < 3; j++)
			if (upper(t[i].corner[j]))
				memcpy(v[points++], t[i].corner[j], sizeof(v[0]));
	qsort(v, (size_t) points, sizeof(v[0]), compare_directions);
	for (int64_t i = 0; i < points; i++)
	{
		double		d2 = 1;

		if (kept > 0)
		{
			d2 = 0;
			for (int j = 0; j < 3; j++)
				d2 += (v[i][j] - v[kept - 1][j]) * (v[i][j] - v[kept - 1][j]);
		}
		if (d2 > SAME)
			memmove(v[kept++], v[i], sizeof(v[0]));
	}
	return kept;
}

em_status
em_directions_create(em_ctx *ctx, int levels, em_directions **out)
{
	em_directions *d;
	triangle   *t;
	int64_t		n = 20;

	*out = NULL;
	if (levels < 0 || levels > MAX_LEVELS)
		return em_fail(ctx, EM_BAD_ARGUMENT, "%d levels of directions, outside 0 to %d", levels, MAX_LEVELS);
	d = em_alloc(ctx, 1, sizeof(em_directions), "directions");
	t = em_alloc(ctx, (uint64_t) 20 << (2 * levels), sizeof(triangle), "directions");
	if (d != NULL)
		d->v = em_alloc(ctx, (uint64_t) 60 << (2 * levels), sizeof(d->v[0]), "directions");
	if (d == NULL || t == NULL || d->v == NULL)
	{
		em_free(ctx, t);
		em_directions_destroy(ctx, d);
		return em_ctx_status(ctx);
	}
	faces(t);
	for (int i = 0; i < levels; i++, n *= 4)
		bisect(t, n);
	d->n = (int) collect(t, n, d->v);
	em_free(ctx, t);
	*out = d;
	return EM_OK;
}

void
em_directions_destroy(em_ctx *ctx, em_directions *d)
{
	if (d == NULL)
		return;
	em_free(ctx, d->v);
	em_free(ctx, d);
}

void
em_cell_vector(int cell, int edge, double du, double dv, double out[3])
{
	int			face = cell / (edge * edge);
	double		u = 2.0 * (cell % edge + du) / edge - 1;
	double		v = 2.0 * (cell / edge % edge + dv) / edge - 1;
	double		length = sqrt(1 + u * u + v * v);

	out[face] = 1 / length;
	out[face == 0 ? 1 : 0] = u / length;
	out[face == 2 ? 1 : 2] = v / length;
}

/* Angle between two axes, radians, 0 to pi/2. */
static double
axis_angle(const double a[3], const double b[3])
{
	double		c = fabs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);

	return acos(c < 1 ? c : 1);
}

/* Angle from the centre of a cell to its farthest corner. */
static double
cell_radius(int cell, const double centre[3])
{
	double		most = 0;

	for (int i = 0; i < 4; i++)
	{
		double		corner[3];

		em_cell_vector(cell, EM_CELL_EDGE, i & 1, i >> 1, corner);
		most = fmax(most, axis_angle(centre, corner));
	}
	return most;
}

/* The directions that reach into a cell; stores them when `c` has lists, returns how many. */
static int32_t
cell_list(const em_directions *d, double cone, int cell, em_cone_cells *c)
{
	double		centre[3];
	double		least;
	int32_t		n = 0;

	em_cell_vector(cell, EM_CELL_EDGE, 0.5, 0.5, centre);
	least = cos(cone * M_PI / 180 + cell_radius(cell, centre) + SLACK);
	for (int i = 0; i < d->n; i++)
	{
		const double *v = d->v[i];
		int32_t		at;

		if (fabs(centre[0] * v[0] + centre[1] * v[1] + centre[2] * v[2]) < least)
			continue;
		at = c->first[cell] + n++;
		if (c->direction == NULL)
			continue;
		c->direction[at] = i;
		c->x[at] = (float) d->v[i][0];
		c->y[at] = (float) d->v[i][1];
		c->z[at] = (float) d->v[i][2];
	}
	return n;
}

em_status
em_cone_cells_create(em_ctx *ctx, const em_directions *d, double cone, em_cone_cells **out)
{
	em_cone_cells *c;
	uint64_t	total = 0;

	*out = NULL;
	if (!(cone > 0 && cone <= 60))
		return em_fail(ctx, EM_BAD_ARGUMENT, "a cone of %g degrees, outside 0 to 60", cone);
	c = em_alloc(ctx, 1, sizeof(em_cone_cells), "direction lists");
	if (c == NULL)
		return em_ctx_status(ctx);
	c->first = em_alloc(ctx, EM_CELLS + 1, sizeof(int32_t), "direction lists");
	if (c->first != NULL)
	{
		for (int i = 0; i < EM_CELLS; i++)
		{
			int32_t		n = (cell_list(d, cone, i, c) + EM_CELL_LANES - 1) & ~(EM_CELL_LANES - 1);

			c->first[i + 1] = c->first[i] + n;
			if (n > c->longest)
				c->longest = n;
		}
		total = (uint64_t) c->first[EM_CELLS];
		c->x = em_alloc(ctx, 3 * total, sizeof(float), "direction lists");
		c->direction = em_alloc(ctx, total, sizeof(int32_t), "direction lists");
	}
	if (c->first == NULL || c->x == NULL || c->direction == NULL)
	{
		em_cone_cells_destroy(ctx, c);
		return em_ctx_status(ctx);
	}
	c->y = c->x + total;
	c->z = c->y + total;
	for (int i = 0; i < EM_CELLS; i++)
		(void) cell_list(d, cone, i, c);
	*out = c;
	return EM_OK;
}

void
em_cone_cells_destroy(em_ctx *ctx, em_cone_cells *c)
{
	if (c == NULL)
		return;
	em_free(ctx, c->direction);
	em_free(ctx, c->x);
	em_free(ctx, c->first);
	em_free(ctx, c);
}
