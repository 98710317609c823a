/*
 * src/libem/draw/em_draw_surface.c
 *		Isosurfaces by casting parallel rays.
 *
 * A ray steps through the box in steps of 0.6 voxels, passes over bricks of
 * 8^3 voxels that nothing in reaches the level, and halves the step in which
 * the level is crossed.  The surface normal is the gradient of the map.  Four
 * rays a pixel smooth the edges.
 */
#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "draw/em_canvas.h"

#define BRICK 8
#define FINE 2					/* rays a pixel, along each side */
#define STEP 0.6

const double em_surface_view[3][3] = {{0, -90, -90}, {-90, 0, -90}, {0, 0, 0}};

/* What the rays need. */
typedef struct casting
{
	const em_surface *s;
	const em_volume *v;
	double		size[3];		/* voxel size, relative to the smallest */
	double		length[3];		/* of the box, in the same unit */
	double		right[3], up[3], view[3];	/* directions of the picture in the map; view comes towards us */
	double		pixel;			/* side of a ray's cell */
	double		radius;			/* half the depth */
	int64_t		bricks[3];
	uint8_t    *full;			/* bricks that reach the level */
	int			w, h;			/* rays */
	float	   *depth;			/* of each ray's hit; -1 none */
	uint32_t   *colour;			/* of each ray's hit, without depth cue */
} casting;

/* Turns about the axes of the screen, one after the other: rows of the matrix are right, up, view. */
static void
set_directions(casting *c)
{
	double		m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

	for (int a = 0; a < 3; a++)
	{
		double		angle = c->s->turn[a] * M_PI / 180,
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
static void
mark_bricks(casting *c)
{
	const em_volume *v = c->v;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t x = 0; x < v->grid.n[0]; x++)
				if (row[x] >= c->s->level)
					for (int k = 0; k < 8; k++)
					{
						int64_t		at[3] = {x + (k & 1 ? 1 : -1), y + (k & 2 ? 1 : -1), z + (k & 4 ? 1 : -1)};

						for (int j = 0; j < 3; j++)
							at[j] = (at[j] < 0 ? 0 : at[j] >= v->grid.n[j] ? v->grid.n[j] - 1 : at[j]) / BRICK;
						c->full[(at[2] * c->bricks[1] + at[1]) * c->bricks[0] + at[0]] = 1;
					}
		}
}

/* Value at a position in voxels; the outermost voxels go on outside. */
static double
value_at(const em_volume *v, const double p[3])
{
	int64_t		i[3],
				d[3];
	double		t[3],
				sum[2];
	const float *a;
	int64_t		step[3] = {1, v->row, v->plane};

	for (int j = 0; j < 3; j++)
	{
		double		q = p[j] < 0 ? 0 : p[j] > (double) (v->grid.n[j] - 1) ? (double) (v->grid.n[j] - 1) : p[j];

		i[j] = (int64_t) q;
		t[j] = q - (double) i[j];
		d[j] = i[j] + 1 < v->grid.n[j] ? step[j] : 0;
	}
	a = v->data + i[0] + i[1] * v->row + i[2] * v->plane;
	for (int k = 0; k < 2; k++, a += d[2])
	{
		double		low = a[0] + t[0] * (a[d[0]] - a[0]);
		double		high = a[d[1]] + t[0] * (a[d[0] + d[1]] - a[d[1]]);

		sum[k] = low + t[1] * (high - low);
	}
	return sum[0] + t[2] * (sum[1] - sum[0]);
}

/* The part of a ray inside the box, as depths; false when it misses. */
static bool
clip_ray(const casting *c, const double from[3], double *first, double *last)
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
place(const casting *c, const double from[3], double depth, double p[3])
{
	for (int j = 0; j < 3; j++)
		p[j] = (from[j] - depth * c->view[j] + 0.5 * c->length[j]) / c->size[j] - 0.5;
}

/* Is the position in a brick that reaches the level? */
static bool
in_full_brick(const casting *c, const double p[3])
{
	int64_t		b[3];

	for (int j = 0; j < 3; j++)
	{
		b[j] = (int64_t) (p[j] > 0 ? p[j] : 0) / BRICK;
		if (b[j] >= c->bricks[j])
			b[j] = c->bricks[j] - 1;
	}
	return c->full[(b[2] * c->bricks[1] + b[1]) * c->bricks[0] + b[0]];
}

/* Colour of the surface at p: the scale or ivory, lit from the upper left. */
static uint32_t
shade(const casting *c, const double p[3])
{
	double		g[3],
				n[3] = {0, 0, 0},
				length = 0,
				light,
				rgb[3] = {0.80, 0.84, 0.90};
	uint32_t	out = 0;

	for (int j = 0; j < 3; j++)
	{
		double		a[3] = {p[0], p[1], p[2]},
					b[3] = {p[0], p[1], p[2]};

		a[j] -= 1;
		b[j] += 1;
		g[j] = (value_at(c->v, a) - value_at(c->v, b)) / c->size[j];
	}
	for (int j = 0; j < 3; j++)
	{
		n[0] += g[j] * c->right[j];
		n[1] += g[j] * c->up[j];
		n[2] += g[j] * c->view[j];
	}
	length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
	light = length > 0 ? (-0.45 * n[0] + 0.55 * n[1] + 0.70 * n[2]) / length : 0.7;
	light = 0.28 + 0.72 * (light > 0 ? light : 0);
	if (c->s->colour != NULL)
	{
		double		range = c->s->high - c->s->low;

		em_colour(range > 0 ? (value_at(c->s->colour, p) - c->s->low) / range : 0, rgb);
	}
	for (int j = 0; j < 3; j++)
		out = out << 8 | (uint32_t) lround(255 * rgb[j] * light);
	return out;
}

/* Follow one ray. */
static void
cast_ray(casting *c, int x, int y)
{
	double		a = ((x + 0.5) - 0.5 * c->w) * c->pixel,
				b = (0.5 * c->h - (y + 0.5)) * c->pixel,
				from[3],
				p[3],
				first,
				last,
				before = -1;
	int64_t		at = (int64_t) y * c->w + x;

	c->depth[at] = -1;
	for (int j = 0; j < 3; j++)
		from[j] = a * c->right[j] + b * c->up[j] + c->radius * c->view[j];
	if (!clip_ray(c, from, &first, &last))
		return;
	for (double d = first; d <= last; d += STEP)
	{
		place(c, from, d, p);
		if (!in_full_brick(c, p))
			continue;
		if (value_at(c->v, p) < c->s->level)
		{
			before = d;
			continue;
		}
		if (before < d - 1.5 * STEP)
			before = d > first ? d - STEP : d;
		for (int k = 0; k < 6; k++)
		{
			double		middle = 0.5 * (before + d);

			place(c, from, middle, p);
			if (value_at(c->v, p) < c->s->level)
				before = middle;
			else
				d = middle;
		}
		place(c, from, d, p);
		c->depth[at] = (float) d;
		c->colour[at] = shade(c, p);
		return;
	}
}

/* One row of rays. */
static em_status
cast_row(void *arg, int64_t item, int worker)
{
	casting    *c = arg;

	(void) worker;
	for (int x = 0; x < c->w; x++)
		cast_ray(c, x, (int) item);
	return EM_OK;
}

/* Measures of the box, the picture and the bricks. */
static void
set_sizes(casting *c)
{
	const em_grid *g = &c->v->grid;
	double		least = 0,
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
	c->pixel = (span[0] > span[1] ? span[0] : span[1]) / (EM_PICTURE_SIDE * FINE);
	c->w = FINE * (int) fmax(120, ceil(span[0] / c->pixel / FINE - 0.01));
	c->h = FINE * (int) fmax(120, ceil(span[1] / c->pixel / FINE - 0.01));
}

/* The mean of the rays of a pixel: background white, far parts paler. */
static void
blend(const casting *c, double nearest, double farthest, int px, int py, double rgb[3])
{
	double		range = farthest > nearest ? farthest - nearest : 1;

	rgb[0] = rgb[1] = rgb[2] = 0;
	for (int k = 0; k < FINE * FINE; k++)
	{
		int64_t		at = (int64_t) (py * FINE + k / FINE) * c->w + px * FINE + k % FINE;
		double		fade = c->depth[at] < 0 ? 1 : 0.42 * (c->depth[at] - nearest) / range;

		for (int j = 0; j < 3; j++)
			rgb[j] += (fade + (1 - fade) * (c->colour[at] >> (16 - 8 * j) & 255) / 255.0) / (FINE * FINE);
	}
}

/* Rays into pixels; false when no ray hit anything. */
static bool
paint(const casting *c, em_canvas *canvas)
{
	double		nearest = INFINITY,
				farthest = -1;
	unsigned char *data;
	int			stride;

	for (int64_t i = 0; i < (int64_t) c->w * c->h; i++)
		if (c->depth[i] >= 0)
		{
			nearest = fmin(nearest, c->depth[i]);
			farthest = fmax(farthest, c->depth[i]);
		}
	cairo_surface_flush(canvas->surface);
	data = cairo_image_surface_get_data(canvas->surface);
	stride = cairo_image_surface_get_stride(canvas->surface);
	for (int y = 0; y < c->h / FINE; y++)
	{
		uint32_t   *row = (uint32_t *) (data + ((int) canvas->top + y) * stride) + (int) canvas->left;

		for (int x = 0; x < c->w / FINE; x++)
		{
			double		rgb[3];

			blend(c, nearest, farthest, x, y, rgb);
			row[x] = (uint32_t) lround(255 * rgb[0]) << 16 | (uint32_t) lround(255 * rgb[1]) << 8 |
				(uint32_t) lround(255 * rgb[2]);
		}
	}
	cairo_surface_mark_dirty(canvas->surface);
	return farthest >= 0;
}

/* "X", "-Y" for a direction along an axis, "" for another. */
static const char *
axis_letter(const double d[3])
{
	static const char *const letter[6] = {"X", "Y", "Z", "\xe2\x88\x92X", "\xe2\x88\x92Y", "\xe2\x88\x92Z"};

	for (int j = 0; j < 3; j++)
		if (fabs(d[j]) > 0.999)
			return letter[d[j] > 0 ? j : j + 3];
	return "";
}

/* Canvas, pixels, letters. */
static em_status
finish(em_ctx *ctx, const casting *c, em_png *out)
{
	em_canvas	canvas;
	double		least = INFINITY;
	em_status	status;

	EM_TRY(em_canvas_open(ctx, c->w / FINE, c->h / FINE, c->s->title, &canvas));
	if (!paint(c, &canvas))
		em_canvas_text(&canvas, canvas.left + canvas.w / 2, canvas.top + canvas.h / 2, 0.5, "nothing reaches this level");
	for (int j = 0; j < 3; j++)
		least = fmin(least, c->v->grid.voxel[j]);
	em_canvas_frame(&canvas, axis_letter(c->right), axis_letter(c->up), least > 0 ? c->pixel * FINE * least : 0);
	if (c->s->colour != NULL)
		em_canvas_scale(&canvas, false, c->s->low, c->s->high);
	status = em_canvas_png(ctx, &canvas, out);
	em_canvas_close(&canvas);
	return status;
}

void
em_surface_range(const em_surface *surface, double *low, double *high)
{
	const em_volume *v = surface->volume;

	*low = INFINITY;
	*high = -INFINITY;
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				if (em_volume_row(v, y, z)[x] >= surface->level)
				{
					*low = fmin(*low, em_volume_row(surface->colour, y, z)[x]);
					*high = fmax(*high, em_volume_row(surface->colour, y, z)[x]);
				}
	if (!isfinite(*low) || !isfinite(*high))
	{
		*low = 0;
		*high = 1;
	}
}

em_status
em_draw_surface(em_ctx *ctx, const em_surface *surface, em_png *out)
{
	em_surface	s = *surface;
	casting		c = {.s = &s,.v = surface->volume};
	uint64_t	rays;
	double		range[2];
	em_status	status = EM_OK;

	memset(out, 0, sizeof(*out));
	if (!isfinite(surface->level))
		return em_fail(ctx, EM_BAD_ARGUMENT, "level must be a finite number");
	for (int j = 0; j < 3; j++)
		if (!isfinite(surface->turn[j]))
			return em_fail(ctx, EM_BAD_ARGUMENT, "angles must be finite numbers");
	if (s.colour != NULL)
	{
		EM_TRY(em_grid_same(ctx, &s.volume->grid, &s.colour->grid, "the map", "the map to colour by"));
		em_surface_range(&s, &range[0], &range[1]);
		s.low = isfinite(s.low) ? s.low : range[0];
		s.high = isfinite(s.high) ? s.high : range[1];
	}
	set_directions(&c);
	set_sizes(&c);
	rays = (uint64_t) c.w * (uint64_t) c.h;
	c.full = em_alloc(ctx, (uint64_t) (c.bricks[0] * c.bricks[1] * c.bricks[2]), 1, "the bricks of the surface");
	c.depth = em_alloc(ctx, rays, sizeof(float), "the rays of the picture");
	c.colour = em_alloc(ctx, rays, sizeof(uint32_t), "the rays of the picture");
	if (c.full == NULL || c.depth == NULL || c.colour == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
	{
		mark_bricks(&c);
		status = em_parallel(ctx, "drawing", c.h, cast_row, &c);
	}
	if (status == EM_OK)
		status = finish(ctx, &c, out);
	em_free(ctx, c.colour);
	em_free(ctx, c.depth);
	em_free(ctx, c.full);
	return status;
}
