/*
 * src/libem/draw/em_draw_surface.c
 *		Pictures of surfaces: colour, light, haze.
 *
 * Four rays a pixel smooth the edges.
 */
#include <math.h>
#include <string.h>

#include "draw/em_canvas.h"
#include "draw/em_cast.h"

#define STRIPE 6				/* rays; where there is no value the surface is striped */
#define SHADES 256
#define FADE 0.42				/* white in the farthest part; less of it where the colour tells a value */
#define FADE_COLOUR 0.10
#define SHADOW_COLOUR 0.75		/* the share of the light that depends on the slope, likewise */

/* A picture in the making. */
typedef struct painting
{
	const em_hits *hits;
	const em_surface *s;
	double		nearest, farthest;	/* hits */
	double		shade[SHADES][3];	/* the scale of colours */
} painting;

/* The position in the map to colour by, for one in the map; both in voxels. */
static void
colour_place(const em_surface *s, const double p[3], double q[3])
{
	for (int j = 0; j < 3; j++)
	{
		double		from = s->volume->grid.voxel[j],
					to = s->colour->grid.voxel[j];

		q[j] = from > 0 && to > 0 ? ((p[j] + 0.5) * from - s->colour_start[j]) / to - 0.5 : p[j];
	}
}

/* Its value there, that of the nearest voxel where some around it have none; NaN outside. */
static double
colour_value(const em_surface *s, const double p[3])
{
	const em_volume *v = s->colour;
	double		q[3],
				value;
	int64_t		at[3];

	colour_place(s, p, q);
	for (int j = 0; j < 3; j++)
	{
		at[j] = llround(q[j]);
		if (at[j] < -1 || at[j] > v->grid.n[j])
			return NAN;			/* beyond the voxels by more than one */
		at[j] = at[j] < 0 ? 0 : at[j] >= v->grid.n[j] ? v->grid.n[j] - 1 : at[j];
	}
	value = em_value_at(v, q);
	return isfinite(value) ? value : em_volume_row(v, at[1], at[2])[at[0]];
}

/* Colour of the surface where the ray (x,y) hit it, before light. */
static void
surface_colour(const painting *k, int x, int y, double rgb[3])
{
	const em_surface *s = k->s;
	double		range = s->high - s->low,
				p[3],
				value;

	rgb[0] = rgb[1] = rgb[2] = 0.86;
	if (s->colour == NULL)
		return;
	em_hit_place(k->hits, x, y, p);
	value = colour_value(s, p);
	if (isfinite(value))
	{
		double		t = range > 0 ? (value - s->low) / range : 0;

		memcpy(rgb, k->shade[(int) (t > 0 ? t < 1 ? t * (SHADES - 1) + 0.5 : SHADES - 1 : 0)], sizeof(k->shade[0]));
	}
	else
		rgb[0] = rgb[1] = rgb[2] = (x + y) / STRIPE % 2 ? 0.95 : 0.60;
}

/*
 * The mean of the rays of a pixel: background white, far parts paler and slopes darker.  A colour that
 * stands for a value keeps more of itself, so that it can be found on the scale.
 */
static void
blend(const painting *k, int px, int py, double rgb[3])
{
	const em_hits *c = k->hits;
	double		range = k->farthest > k->nearest ? k->farthest - k->nearest : 1;
	double		most = k->s->colour == NULL ? FADE : FADE_COLOUR;
	double		shadow = k->s->colour == NULL ? 1 : SHADOW_COLOUR;

	rgb[0] = rgb[1] = rgb[2] = 0;
	for (int i = 0; i < EM_CAST_FINE * EM_CAST_FINE; i++)
	{
		int			x = px * EM_CAST_FINE + i % EM_CAST_FINE,
					y = py * EM_CAST_FINE + i / EM_CAST_FINE;
		int64_t		at = (int64_t) y * c->w + x;
		double		fade = c->depth[at] < 0 ? 1 : most * (c->depth[at] - k->nearest) / range,
					colour[3] = {0, 0, 0};

		if (c->depth[at] >= 0)
			surface_colour(k, x, y, colour);
		for (int j = 0; j < 3; j++)
			rgb[j] += (fade + (1 - fade) * colour[j] * (1 - shadow + shadow * c->light[at])) / (EM_CAST_FINE * EM_CAST_FINE);
	}
}

/* Rays into pixels; false when no ray hit anything. */
static bool
paint(const em_hits *c, const em_surface *s, em_canvas *canvas)
{
	painting	k = {.hits = c,.s = s,.nearest = INFINITY,.farthest = -1};
	unsigned char *data;
	int			stride;

	for (int i = 0; i < SHADES; i++)
		em_colour(i / (SHADES - 1.0), k.shade[i]);
	for (int64_t i = 0; i < (int64_t) c->w * c->h; i++)
		if (c->depth[i] >= 0)
		{
			k.nearest = fmin(k.nearest, c->depth[i]);
			k.farthest = fmax(k.farthest, c->depth[i]);
		}
	cairo_surface_flush(canvas->surface);
	data = cairo_image_surface_get_data(canvas->surface);
	stride = cairo_image_surface_get_stride(canvas->surface);
	for (int y = 0; y < c->h / EM_CAST_FINE; y++)
	{
		uint32_t   *row = (uint32_t *) (data + ((int) canvas->top + y) * stride) + (int) canvas->left;

		for (int x = 0; x < c->w / EM_CAST_FINE; x++)
		{
			double		rgb[3];

			blend(&k, x, y, rgb);
			row[x] = (uint32_t) lround(255 * rgb[0]) << 16 | (uint32_t) lround(255 * rgb[1]) << 8 |
				(uint32_t) lround(255 * rgb[2]);
		}
	}
	cairo_surface_mark_dirty(canvas->surface);
	return k.farthest >= 0;
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

em_status
em_paint_surface(em_ctx *ctx, const em_hits *hits, const em_surface *surface, em_png *out)
{
	em_surface	s = *surface;
	em_canvas	canvas;
	double		range[2];
	em_status	status;

	memset(out, 0, sizeof(*out));
	if (s.colour != NULL && !(isfinite(s.low) && isfinite(s.high)))
	{
		EM_TRY(em_surface_range(ctx, &s, &range[0], &range[1]));
		s.low = isfinite(s.low) ? s.low : range[0];
		s.high = isfinite(s.high) ? s.high : range[1];
	}
	if (s.colour != NULL && s.low == s.high)
	{
		s.low -= 0.5;
		s.high += 0.5;
	}
	EM_TRY(em_canvas_open(ctx, hits->w / EM_CAST_FINE, hits->h / EM_CAST_FINE, s.title, &canvas));
	if (!paint(hits, &s, &canvas))
		em_canvas_text(&canvas, canvas.left + canvas.w / 2, canvas.top + canvas.h / 2, 0.5,
					   "nothing reaches this level");
	em_canvas_frame(&canvas, axis_letter(hits->right), axis_letter(hits->up),
					hits->pixel * EM_CAST_FINE * hits->angstrom);
	if (s.colour != NULL)
		em_canvas_scale(&canvas, false, s.low, s.high, s.unit);
	status = em_canvas_png(ctx, &canvas, out);
	em_canvas_close(&canvas);
	return status;
}

em_status
em_surface_range(em_ctx *ctx, const em_surface *surface, double *low, double *high)
{
	const em_volume *v = surface->volume;

	*low = INFINITY;
	*high = -INFINITY;
	for (int64_t z = 0; z < v->grid.n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				if (em_volume_row(v, y, z)[x] >= surface->level)
				{
					double		p[3] = {(double) x, (double) y, (double) z},
								value = colour_value(surface, p);

					if (isfinite(value))
					{
						*low = fmin(*low, value);
						*high = fmax(*high, value);
					}
				}
	}
	if (!isfinite(*low) || !isfinite(*high))
	{
		*low = 0;
		*high = 1;
	}
	return EM_OK;
}

/* Do the map and the one to colour by cover the same box, to a voxel? */
static em_status
same_box(em_ctx *ctx, const em_grid *a, const em_grid *b)
{
	for (int j = 0; j < 3; j++)
	{
		bool		known = a->voxel[j] > 0 && b->voxel[j] > 0;
		double		length_a = (double) a->n[j] * (known ? a->voxel[j] : 1),
					length_b = (double) b->n[j] * (known ? b->voxel[j] : 1);

		if (fabs(length_a - length_b) > (known ? fmax(a->voxel[j], b->voxel[j]) : 0) * 1.001)
		{
			em_fail(ctx, EM_MISMATCH, "the map and the map to colour by have different boxes");
			em_fail_detail(ctx, "Along %c they are %g and %g %s long.", "xyz"[j], length_a, length_b,
						   known ? "Å" : "voxels");
			return EM_MISMATCH;
		}
	}
	return EM_OK;
}

em_status
em_draw_surface(em_ctx *ctx, const em_surface *surface, em_png *out)
{
	em_hits    *hits;
	em_status	status;

	memset(out, 0, sizeof(*out));
	if (surface->colour != NULL)
		EM_TRY(same_box(ctx, &surface->volume->grid, &surface->colour->grid));
	EM_TRY(em_cast(ctx, surface->volume, surface->level, surface->turn, surface->fit, &hits));
	status = em_paint_surface(ctx, hits, surface, out);
	em_hits_destroy(ctx, hits);
	return status;
}
