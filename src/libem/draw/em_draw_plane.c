/*
 * src/libem/draw/em_draw_plane.c
 *		Slices and projections in grey.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw/em_canvas.h"

static const char *const axis_name[3] = {"X", "Y", "Z"};

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

em_status
em_grey_range(em_ctx *ctx, const em_plane *planes, int count, double range[2])
{
	int64_t		n = 0;
	double	   *sorted;

	for (int k = 0; k < count; k++)
		n += planes[k].n[0] * planes[k].n[1];
	sorted = em_alloc(ctx, (uint64_t) n, sizeof(double), "the grey scale");
	if (sorted == NULL)
		return em_ctx_status(ctx);
	n = 0;
	for (int k = 0; k < count; k++)
	{
		int64_t		m = planes[k].n[0] * planes[k].n[1];

		memcpy(sorted + n, planes[k].v, (size_t) m * sizeof(double));
		n += m;
	}
	qsort(sorted, (size_t) n, sizeof(double), by_value);
	range[0] = sorted[(n - 1) / 200];
	range[1] = sorted[n - 1 - (n - 1) / 200];
	if (!(range[1] > range[0]))
	{
		range[0] = sorted[0];
		range[1] = sorted[n - 1];
	}
	em_free(ctx, sorted);
	return EM_OK;
}

/* Colour of a value between low and high. */
typedef uint32_t (*colour_fn) (double value, double low, double high);

static uint32_t
grey_of(double value, double low, double high)
{
	double		t = (value - low) / (high > low ? high - low : 1);
	uint32_t	grey = (uint32_t) lround(255 * (t > 0 ? t < 1 ? t : 1 : 0));

	return grey << 16 | grey << 8 | grey;
}

static uint32_t
region_colour(double value, double low, double high)
{
	static const uint32_t colour[4] = {0xffffff, 0xcccccc, 0x4d4d4d, 0xd96600};

	return colour[(int) fmin(fmax(value, low), high)];
}

/* The plane as an image, its last row first; destroyed by the caller. */
static cairo_surface_t *
plane_image(const em_plane *p, colour_fn colour, double low, double high)
{
	cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int) p->n[0], (int) p->n[1]);
	unsigned char *data = cairo_image_surface_get_data(image);
	int			stride = cairo_image_surface_get_stride(image);

	if (data == NULL)
		return image;
	for (int64_t j = 0; j < p->n[1]; j++)
	{
		uint32_t   *row = (uint32_t *) (data + (p->n[1] - 1 - j) * stride);

		for (int64_t i = 0; i < p->n[0]; i++)
			row[i] = colour(p->v[j * p->n[0] + i], low, high);
	}
	cairo_surface_mark_dirty(image);
	return image;
}

/*
 * Keep 64 or 128 greys of the canvas: noise then takes less room, and with the
 * colours of the contour they fit in a palette.
 */
static void
fewer_greys(em_canvas *c, bool few)
{
	const uint32_t keep = few ? 0xfcfcfc : 0xfefefe;
	const uint32_t rest = few ? 0x030303 : 0x010101;

	unsigned char *data;
	int			stride;

	cairo_surface_flush(c->surface);
	data = cairo_image_surface_get_data(c->surface);
	stride = cairo_image_surface_get_stride(c->surface);
	for (int y = 0; y < c->height; y++)
	{
		uint32_t   *row = (uint32_t *) (data + y * stride);

		for (int x = 0; x < c->width; x++)
			row[x] = (row[x] & keep) | (row[x] >> (few ? 6 : 7) & rest);
	}
	cairo_surface_mark_dirty(c->surface);
}

/* Where an edge from value a to value b crosses the level, 0..1. */
static double
crossing(double a, double b, double level)
{
	return (level - a) / (b - a);
}

/* Draw the lines at `level` (marching squares), in the coordinates of the bins. */
static void
contour_path(cairo_t *cr, const em_plane *p, double level)
{
	for (int64_t j = 0; j + 1 < p->n[1]; j++)
		for (int64_t i = 0; i + 1 < p->n[0]; i++)
		{
			const double *v = p->v + j * p->n[0] + i;
			double		corner[4] = {v[0], v[1], v[p->n[0] + 1], v[p->n[0]]};
			static const double cx[4] = {0, 1, 1, 0},
						cy[4] = {0, 0, 1, 1};
			int			n = 0;

			for (int e = 0; e < 4; e++)
			{
				double		a = corner[e],
							b = corner[(e + 1) % 4],
							t,
							x,
							y;

				if ((a >= level) == (b >= level))
					continue;
				t = crossing(a, b, level);
				x = (double) i + 0.5 + cx[e] + t * (cx[(e + 1) % 4] - cx[e]);
				y = (double) (p->n[1] - j) - 0.5 - cy[e] - t * (cy[(e + 1) % 4] - cy[e]);
				if (n++ % 2 == 0)
					cairo_move_to(cr, x, y);
				else
					cairo_line_to(cr, x, y);
			}
		}
}

/* Size of the drawn area: the longer side has EM_PICTURE_SIDE pixels; at least 32 for the other. */
static void
area_size(const em_plane *p, int size[2], double *pixel)
{
	bool		known = p->pixel[0] > 0 && p->pixel[1] > 0;
	double		length[2];
	double		most;

	for (int j = 0; j < 2; j++)
		length[j] = (double) p->n[j] * (known ? p->pixel[j] : 1);
	most = length[0] > length[1] ? length[0] : length[1];
	for (int j = 0; j < 2; j++)
	{
		size[j] = (int) lround(EM_PICTURE_SIDE * length[j] / most);
		if (size[j] < 120)
			size[j] = 120;
	}
	*pixel = known ? length[0] / size[0] : 0;
}

/* Into the coordinates of the bins, inside the frame. */
static void
enter_plane(em_canvas *c, const em_plane *plane)
{
	cairo_save(c->cr);
	cairo_rectangle(c->cr, c->left, c->top, c->w, c->h);
	cairo_clip(c->cr);
	cairo_translate(c->cr, c->left, c->top);
	cairo_scale(c->cr, c->w / (double) plane->n[0], c->h / (double) plane->n[1]);
}

static void
paint_plane(em_canvas *c, const em_plane *plane, cairo_surface_t *image, cairo_filter_t filter)
{
	enter_plane(c, plane);
	cairo_set_source_surface(c->cr, image, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(c->cr), filter);
	cairo_pattern_set_extend(cairo_get_source(c->cr), CAIRO_EXTEND_PAD);
	cairo_paint(c->cr);
	cairo_restore(c->cr);
}

/*
 * The contour as a light line with dark edges: seen on black and on white, in
 * print without colour, too.  Hard edges, two colours more.
 */
static void
draw_contour(em_canvas *c, const em_plane *plane, double level)
{
	if (!isfinite(level))
		return;
	cairo_set_antialias(c->cr, CAIRO_ANTIALIAS_NONE);
	enter_plane(c, plane);
	contour_path(c->cr, plane, level);
	cairo_identity_matrix(c->cr);
	cairo_set_source_rgb(c->cr, 0, 0, 0);
	cairo_set_line_width(c->cr, 2.8);
	cairo_stroke_preserve(c->cr);
	cairo_set_source_rgb(c->cr, 1, 0.72, 0.1);
	cairo_set_line_width(c->cr, 1.4);
	cairo_stroke(c->cr);
	cairo_restore(c->cr);
}

em_status
em_draw_plane(em_ctx *ctx, const em_plane *plane, const char *title, const double range[2], double contour,
			  const char *unit, em_png *out)
{
	em_canvas	c;
	cairo_surface_t *image;
	double		pixel;
	int			size[2];
	em_status	status;

	area_size(plane, size, &pixel);
	EM_TRY(em_canvas_open(ctx, size[0], size[1], title, &c));
	image = plane_image(plane, grey_of, range[0], range[1]);
	paint_plane(&c, plane, image, CAIRO_FILTER_GOOD);
	em_canvas_frame(&c, axis_name[plane->axes[0]], axis_name[plane->axes[1]], pixel);
	em_canvas_scale(&c, true, range[0], range[1], unit);
	fewer_greys(&c, plane->index >= 0);
	draw_contour(&c, plane, contour);
	status = em_canvas_png(ctx, &c, out);
	cairo_surface_destroy(image);
	em_canvas_close(&c);
	return status;
}

em_status
em_draw_regions(em_ctx *ctx, const em_plane *plane, const char *title, em_png *out)
{
	em_canvas	c;
	cairo_surface_t *image;
	double		pixel;
	int			size[2];
	em_status	status;

	area_size(plane, size, &pixel);
	EM_TRY(em_canvas_open(ctx, size[0], size[1], title, &c));
	image = plane_image(plane, region_colour, EM_REGION_OUTSIDE, EM_REGION_APART);
	paint_plane(&c, plane, image, CAIRO_FILTER_NEAREST);
	em_canvas_frame(&c, axis_name[plane->axes[0]], axis_name[plane->axes[1]], pixel);
	status = em_canvas_png(ctx, &c, out);
	cairo_surface_destroy(image);
	em_canvas_close(&c);
	return status;
}
