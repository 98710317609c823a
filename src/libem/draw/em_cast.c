/*
 * src/libem/draw/em_cast.c
 *		Isosurfaces by casting parallel rays.
 *
 * A ray steps through the box in steps of 0.6 voxels, passes over bricks of
 * 8^3 voxels that nothing in reaches the level, and halves the step in which
 * the level is crossed.  The surface normal is the gradient of the map.
 */
#include "draw/em_cast.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"

#define BRICK 8
#define STEP 0.6
#define MARGIN 1.06				/* of a picture that fits the surface */
#define MOST_UNEQUAL 50.0		/* edges of a voxel: a ray's steps go by the shortest */

const double em_surface_view[3][3] = {{0, -90, -90}, {-90, 0, -90}, {0, 0, 0}};

/* Turns about the axes of the screen, one after the other: rows of the matrix are right, up, view. */
static void
set_directions(em_hits *c, const double turn[3])
{
	double		m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

	for (int a = 0; a < 3; a++)
	{
		double		angle = turn[a] * M_PI / 180,
					co = cos(angle),
					si = sin(angle);
		int			j = (a + 1) % 3,
					k = (a + 2) % 3;

		for (int i = 0; i < 3; i++)
		{
			double		p = m[j][i],
						q = m[k][i];

			m[j][i] = co * p - si * q;
			m[k][i] = si * p + co * q;
		}
	}
	memcpy(c->right, m[0], sizeof(c->right));
	memcpy(c->up, m[1], sizeof(c->up));
	memcpy(c->view, m[2], sizeof(c->view));
}

/* Mark the bricks that reach the level, one voxel beyond their faces included. */
static em_status
mark_bricks(em_ctx *ctx, em_hits *c)
{
	const em_volume *v = c->v;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < v->grid.n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t x = 0; x < v->grid.n[0]; x++)
				if (row[x] >= c->level)
					for (int k = 0; k < 8; k++)
					{
						int64_t		at[3] = {x + (k & 1 ? 1 : -1), y + (k & 2 ? 1 : -1), z + (k & 4 ? 1 : -1)};

						for (int j = 0; j < 3; j++)
							at[j] = (at[j] < 0 ? 0 : at[j] >= v->grid.n[j] ? v->grid.n[j] - 1 : at[j]) / BRICK;
						c->full[(at[2] * c->bricks[1] + at[1]) * c->bricks[0] + at[0]] = 1;
					}
		}
	}
	return EM_OK;
}

/* The part of a ray inside the box, as depths; false when it misses. */
static bool
clip_ray(const em_hits *c, const double from[3], double *first, double *last)
{
	*first = 0;
	*last = 2 * c->radius;
	for (int j = 0; j < 3; j++)
	{
		double		low = -0.5 * c->length[j],
					high = 0.5 * c->length[j];

		if (fabs(c->view[j]) < 1e-9)
		{
			if (from[j] < low || from[j] > high)
				return false;
		}
		else
		{
			double		a = (from[j] - low) / c->view[j],
						b = (from[j] - high) / c->view[j];

			if (a > b)
			{
				double		swap = a;

				a = b;
				b = swap;
			}
			*first = a > *first ? a : *first;
			*last = b < *last ? b : *last;
		}
	}
	return *first < *last;
}

/* Position in voxels at a depth of the ray that starts at `from`. */
static void
place(const em_hits *c, const double from[3], double depth, double p[3])
{
	for (int j = 0; j < 3; j++)
		p[j] = (from[j] - depth * c->view[j] + 0.5 * c->length[j]) / c->size[j] - 0.5;
}

/* Is the position in a brick that reaches the level?  If not, *steps leads to the last place before its end. */
static bool
in_full_brick(const em_hits *c, const double p[3], int64_t *steps)
{
	int64_t		b[3];
	double		way = 2 * c->radius;

	for (int j = 0; j < 3; j++)
	{
		b[j] = (int64_t) (p[j] > 0 ? p[j] : 0) / BRICK;
		if (b[j] >= c->bricks[j])
			b[j] = c->bricks[j] - 1;
	}
	if (c->full[(b[2] * c->bricks[1] + b[1]) * c->bricks[0] + b[0]])
		return true;
	for (int j = 0; j < 3; j++)
	{
		double		speed = -c->view[j] / c->size[j];
		double		left = speed > 0 ? (double) ((b[j] + 1) * BRICK) - p[j] : p[j] - (double) (b[j] * BRICK);

		if (fabs(speed) > 1e-9)
			way = fmin(way, left / fabs(speed));
	}
	*steps = way > STEP ? (int64_t) (way / STEP) : 0;
	return false;
}

/* Light on the surface at p, from the upper left. */
static double
light_at(const em_hits *c, const double p[3])
{
	double		g[3],
				n[3] = {0, 0, 0},
				length,
				light;

	for (int j = 0; j < 3; j++)
	{
		double		a[3] = {p[0], p[1], p[2]},
					b[3] = {p[0], p[1], p[2]};

		a[j] -= 1;
		b[j] += 1;
		g[j] = (em_value_at(c->v, a) - em_value_at(c->v, b)) / c->size[j];
	}
	for (int j = 0; j < 3; j++)
	{
		n[0] += g[j] * c->right[j];
		n[1] += g[j] * c->up[j];
		n[2] += g[j] * c->view[j];
	}
	length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
	light = length > 0 ? (-0.45 * n[0] + 0.55 * n[1] + 0.70 * n[2]) / length : 0.7;
	return 0.28 + 0.72 * (light > 0 ? light : 0);
}

/* Where the ray of a cell of the picture begins. */
static void
ray_start(const em_hits *c, int x, int y, double from[3])
{
	double		a = ((x + 0.5) - 0.5 * c->w) * c->pixel,
				b = (0.5 * c->h - (y + 0.5)) * c->pixel;

	for (int j = 0; j < 3; j++)
		from[j] = c->centre[j] + a * c->right[j] + b * c->up[j] + c->radius * c->view[j];
}

void
em_hit_place(const em_hits *c, int x, int y, double p[3])
{
	double		from[3];

	ray_start(c, x, y, from);
	place(c, from, c->depth[(int64_t) y * c->w + x], p);
}

/* Follow one ray. */
static void
cast_ray(em_hits *c, int x, int y)
{
	double		from[3],
				p[3],
				first,
				last,
				before = -1;
	int64_t		at = (int64_t) y * c->w + x,
				steps;

	c->depth[at] = -1;
	ray_start(c, x, y, from);
	if (!clip_ray(c, from, &first, &last))
		return;
	for (int64_t k = 0; first + (double) k * STEP <= last; k++)
	{
		double		d = first + (double) k * STEP;

		place(c, from, d, p);
		if (!in_full_brick(c, p, &steps))
		{
			k += steps;
			continue;
		}
		if (em_value_at(c->v, p) < c->level)
		{
			before = d;
			continue;
		}
		if (before < d - 1.5 * STEP)
			before = k > 0 ? d - STEP : d;
		for (int i = 0; i < 6; i++)
		{
			double		middle = 0.5 * (before + d);

			place(c, from, middle, p);
			if (em_value_at(c->v, p) < c->level)
				before = middle;
			else
				d = middle;
		}
		place(c, from, d, p);
		c->depth[at] = (float) d;
		c->light[at] = (float) light_at(c, p);
		return;
	}
}

/* One row of rays. */
static em_status
cast_row(void *arg, int64_t item, int worker)
{
	em_hits    *c = arg;

	(void) worker;
	for (int x = 0; x < c->w; x++)
		cast_ray(c, x, (int) item);
	return EM_OK;
}

/* The middle and the longest side of what reaches the level, in the unit of c->length; false: nothing does. */
static bool
extent(const em_hits *c, double middle[3], double *longest)
{
	const em_volume *v = c->v;
	int64_t		lo[3] = {v->grid.n[0], v->grid.n[1], v->grid.n[2]};
	int64_t		hi[3] = {-1, -1, -1};

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t x = 0; x < v->grid.n[0]; x++)
				if (row[x] >= c->level)
				{
					int64_t		at[3] = {x, y, z};

					for (int j = 0; j < 3; j++)
					{
						lo[j] = at[j] < lo[j] ? at[j] : lo[j];
						hi[j] = at[j] > hi[j] ? at[j] : hi[j];
					}
				}
		}
	*longest = 0;
	for (int j = 0; j < 3; j++)
	{
		middle[j] = (0.5 * (double) (lo[j] + hi[j]) + 0.5) * c->size[j] - 0.5 * c->length[j];
		*longest = fmax(*longest, (double) (hi[j] + 2 - lo[j]) * c->size[j]);
	}
	return hi[0] >= 0;
}

/* Measures of the box, the picture and the bricks. */
static void
set_sizes(em_hits *c, bool fit)
{
	const em_grid *g = &c->v->grid;
	double		least = 0,
				longest,
				middle[3],
				span[2] = {0, 0};

	for (int j = 0; j < 3; j++)
		if (g->voxel[j] > 0 && (least == 0 || g->voxel[j] < least))
			least = g->voxel[j];
	for (int j = 0; j < 3; j++)
	{
		c->size[j] = g->voxel[j] > 0 ? g->voxel[j] / least : 1;
		c->length[j] = c->size[j] * (double) g->n[j];
		c->radius += c->length[j] * c->length[j] / 4;
		c->bricks[j] = (g->n[j] + BRICK - 1) / BRICK;
		span[0] += fabs(c->right[j]) * c->length[j];
		span[1] += fabs(c->up[j]) * c->length[j];
	}
	c->radius = sqrt(c->radius);
	if (fit && extent(c, middle, &longest))
	{
		memcpy(c->centre, middle, sizeof(middle));
		c->radius *= 2;			/* the ray still begins outside the box */
		span[0] = span[1] = MARGIN * longest;
	}
	c->angstrom = least;
	c->pixel = (span[0] > span[1] ? span[0] : span[1]) / (EM_PICTURE_SIDE * EM_CAST_FINE);
	c->w = EM_CAST_FINE * (int) fmax(120, ceil(span[0] / c->pixel / EM_CAST_FINE - 0.01));
	c->h = EM_CAST_FINE * (int) fmax(120, ceil(span[1] / c->pixel / EM_CAST_FINE - 0.01));
}

/* Memory, bricks, rays. */
static em_status
cast(em_ctx *ctx, em_hits *c)
{
	uint64_t	rays = (uint64_t) c->w * (uint64_t) c->h;

	c->full = em_alloc(ctx, (uint64_t) (c->bricks[0] * c->bricks[1] * c->bricks[2]), 1, "the bricks of the surface");
	c->depth = em_alloc(ctx, rays, sizeof(float), "the rays of the picture");
	c->light = em_alloc(ctx, rays, sizeof(float), "the rays of the picture");
	if (c->full == NULL || c->depth == NULL || c->light == NULL)
		return em_ctx_status(ctx);
	EM_TRY(mark_bricks(ctx, c));
	return em_parallel(ctx, "drawing", c->h, cast_row, c);
}

/* The longest edge of a voxel over the shortest, of those that are known. */
static double
most_unequal(const em_grid *grid)
{
	double		longest = 0;
	double		shortest = INFINITY;

	for (int j = 0; j < 3; j++)
		if (grid->voxel[j] > 0)
		{
			longest = fmax(longest, grid->voxel[j]);
			shortest = fmin(shortest, grid->voxel[j]);
		}
	return longest > 0 ? longest / shortest : 1;
}

em_status
em_cast(em_ctx *ctx, const em_volume *v, double level, const double turn[3], bool fit, em_hits **out)
{
	em_hits    *c;
	em_status	status;

	*out = NULL;
	if (!isfinite(level))
		return em_fail(ctx, EM_BAD_ARGUMENT, "level must be a finite number");
	for (int j = 0; j < 3; j++)
		if (!isfinite(turn[j]))
			return em_fail(ctx, EM_BAD_ARGUMENT, "angles must be finite numbers");
	if (most_unequal(&v->grid) > MOST_UNEQUAL)
		return em_fail(ctx, EM_BAD_ARGUMENT, "voxels %g times as long as wide cannot be drawn as a surface",
					   most_unequal(&v->grid));
	c = em_alloc(ctx, 1, sizeof(em_hits), "the rays of the picture");
	if (c == NULL)
		return em_ctx_status(ctx);
	c->v = v;
	c->level = level;
	set_directions(c, turn);
	set_sizes(c, fit);
	status = cast(ctx, c);
	if (status == EM_OK)
		*out = c;
	else
		em_hits_destroy(ctx, c);
	return status;
}

void
em_hits_destroy(em_ctx *ctx, em_hits *c)
{
	if (c == NULL)
		return;
	em_free(ctx, c->light);
	em_free(ctx, c->depth);
	em_free(ctx, c->full);
	em_free(ctx, c);
}
