/*
 * src/libem/draw/em_canvas.c
 *		Canvas, letters, scale bars and PNG encoding.
 */
#include "draw/em_canvas.h"
#include "draw/em_colours.h"
#include "draw/em_png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_AT_LEAST 4096.0	/* letters, frame and palette */
#define BYTES_A_PIXEL 0.4
#define FEWEST_COLOURS 32
#define FONT 22					/* half of it in a report, where three pictures share a line */

em_status
em_canvas_open(em_ctx *ctx, int w, int h, const char *title, em_canvas *c)
{
	memset(c, 0, sizeof(*c));
	c->width = w + EM_CANVAS_LEFT + EM_CANVAS_RIGHT;
	c->height = h + EM_CANVAS_TOP + EM_CANVAS_BOTTOM;
	c->left = EM_CANVAS_LEFT;
	c->top = EM_CANVAS_TOP;
	c->w = w;
	c->h = h;
	c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c->width, c->height);
	c->cr = cairo_create(c->surface);
	if (cairo_status(c->cr) != CAIRO_STATUS_SUCCESS)
	{
		em_canvas_close(c);
		return em_fail(ctx, EM_NO_MEMORY, "no memory for a picture of %d x %d pixels", c->width, c->height);
	}
	cairo_set_source_rgb(c->cr, 1, 1, 1);
	cairo_paint(c->cr);
	cairo_set_source_rgb(c->cr, 0, 0, 0);
	cairo_select_font_face(c->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(c->cr, FONT);
	em_canvas_text(c, c->left + c->w / 2, 25, 0.5, title);
	return EM_OK;
}

void
em_canvas_close(em_canvas *c)
{
	if (c->cr != NULL)
		cairo_destroy(c->cr);
	if (c->surface != NULL)
		cairo_surface_destroy(c->surface);
	c->cr = NULL;
	c->surface = NULL;
}

void
em_canvas_text(em_canvas *c, double x, double y, double align, const char *text)
{
	cairo_text_extents_t box;

	cairo_text_extents(c->cr, text, &box);
	cairo_move_to(c->cr, x - align * box.x_advance, y);
	cairo_show_text(c->cr, text);
}

/* An arrow from (x, y) by (dx, dy). */
static void
arrow(cairo_t *cr, double x, double y, double dx, double dy)
{
	double		length = hypot(dx, dy),
				ux = dx / length * 5,
				uy = dy / length * 5;

	cairo_move_to(cr, x, y);
	cairo_line_to(cr, x + dx, y + dy);
	cairo_line_to(cr, x + dx - ux - uy * 0.6, y + dy - uy + ux * 0.6);
	cairo_move_to(cr, x + dx, y + dy);
	cairo_line_to(cr, x + dx - ux + uy * 0.6, y + dy - uy - ux * 0.6);
	cairo_stroke(cr);
}

/* The longest of 1, 2, 5 times a power of ten that is at most `most`. */
static double
round_length(double most)
{
	double		ten = pow(10, floor(log10(most)));

	return most >= 5 * ten ? 5 * ten : most >= 2 * ten ? 2 * ten : ten;
}

void
em_canvas_frame(em_canvas *c, const char *right, const char *up, double pixel)
{
	cairo_t    *cr = c->cr;
	double		bottom = c->top + c->h;
	char		text[64];

	cairo_set_source_rgb(cr, 0, 0, 0);
	cairo_set_line_width(cr, 2);	/* two pixels, for a report shows half of them */
	cairo_rectangle(cr, c->left - 1, c->top - 1, c->w + 2, c->h + 2);
	cairo_stroke(cr);
	arrow(cr, c->left, bottom + 14, 34, 0);
	em_canvas_text(c, c->left + 42, bottom + 22, 0, right);
	arrow(cr, c->left - 14, bottom, 0, -34);
	em_canvas_text(c, c->left - 4, bottom - 42, 1, up);
	if (pixel > 0 && isfinite(pixel))
	{
		double		length = round_length(c->w * pixel * 0.4),
					wide = length / pixel;

		cairo_rectangle(cr, c->left + c->w - wide, bottom + 7, wide, 6);
		cairo_fill(cr);
		snprintf(text, sizeof(text), "%g Å", length);
		em_canvas_text(c, c->left + c->w - wide / 2, bottom + 36, 0.5, text);
	}
}

/* A value beside the scale, in letters as large as there is room for. */
static void
scale_value(em_canvas *c, double y, double value, const char *unit)
{
	cairo_text_extents_t box;
	double		room = c->width - (c->left + c->w + 8) - 2;
	char		text[64],
				digits[32],
			   *e;

	snprintf(digits, sizeof(digits), fabs(value) >= 999.5 && fabs(value) < 99999.5 ? "%.0f" : "%.3g", value);
	if (strchr(digits, 'e') != NULL)
	{
		snprintf(digits, sizeof(digits), "%.1e", value);
		e = strchr(digits, 'e');
		snprintf(e, sizeof(digits) - (size_t) (e - digits), "e%d", (int) strtol(e + 1, NULL, 10));
	}
	snprintf(text, sizeof(text), "%s%s%s%s", value < 0 ? "\xe2\x88\x92" : "", digits + (value < 0 && digits[0] == '-'),
			 unit != NULL && unit[0] != '\0' ? " " : "", unit != NULL ? unit : "");
	cairo_set_font_size(c->cr, FONT - 2);
	cairo_text_extents(c->cr, text, &box);
	if (box.x_advance > room)
		cairo_set_font_size(c->cr, (FONT - 2) * room / box.x_advance);
	em_canvas_text(c, c->left + c->w + 8, y, 0, text);
	cairo_set_font_size(c->cr, FONT);
}

void
em_canvas_scale(em_canvas *c, bool grey, double low, double high, const char *unit)
{
	double		x = c->left + c->w + 10,
				tall = c->h - 56;

	for (int i = 0; i < (int) tall; i++)
	{
		double		t = 1 - (i + 0.5) / tall,
					rgb[3] = {t, t, t};

		if (!grey)
			em_colour(t, rgb);
		cairo_set_source_rgb(c->cr, rgb[0], rgb[1], rgb[2]);
		cairo_rectangle(c->cr, x, c->top + 28 + i, 14, 1);
		cairo_fill(c->cr);
	}
	cairo_set_source_rgb(c->cr, 0, 0, 0);
	cairo_set_line_width(c->cr, 2);
	cairo_rectangle(c->cr, x - 1, c->top + 27, 16, tall + 2);
	cairo_stroke(c->cr);
	scale_value(c, c->top + 17, high, unit);
	scale_value(c, c->top + c->h - 2, low, unit);
}

/*
 * A picture of structure takes a fifth of a byte a pixel; noise, which cannot be
 * compressed, takes as much as its colours do, and is drawn with fewer of them.
 */
em_status
em_canvas_png(em_ctx *ctx, em_canvas *c, em_png *out)
{
	double		enough = BYTES_AT_LEAST + BYTES_A_PIXEL * c->width * c->height;
	uint32_t   *pixels;
	int			stride = cairo_image_surface_get_stride(c->surface) / 4;

	memset(out, 0, sizeof(*out));
	cairo_surface_flush(c->surface);
	pixels = (uint32_t *) cairo_image_surface_get_data(c->surface);
	for (int most = EM_PALETTE_MOST;; most /= 2)
	{
		EM_TRY(em_colours_reduce(ctx, pixels, c->width, c->height, stride, most));
		EM_TRY(em_png_encode(ctx, pixels, c->width, c->height, stride, out));
		if ((double) out->length <= enough || most <= FEWEST_COLOURS)
			return EM_OK;
		em_png_free(ctx, out);
	}
}

void
em_png_free(em_ctx *ctx, em_png *png)
{
	em_free(ctx, png->bytes);
	png->bytes = NULL;
}

/* Oklab (Ottosson 2020) to linear sRGB. */
static void
oklab_to_linear(double l, double a, double b, double rgb[3])
{
	double		p = l + 0.3963377774 * a + 0.2158037573 * b,
				q = l - 0.1055613458 * a - 0.0638541728 * b,
				r = l - 0.0894841775 * a - 1.2914855480 * b;

	p = p * p * p;
	q = q * q * q;
	r = r * r * r;
	rgb[0] = 4.0767416621 * p - 3.3077115913 * q + 0.2309699292 * r;
	rgb[1] = -1.2684380046 * p + 2.6097574011 * q - 0.3413193965 * r;
	rgb[2] = -0.0041960863 * p - 0.7034186147 * q + 1.7076147010 * r;
}

/*
 * Lightness rises evenly from 0.28 to 0.93 while the hue turns from blue to
 * yellow; the chroma is the most that sRGB can show, at most 0.13.
 */
void
em_colour(double t, double rgb[3])
{
	double		hue,
				lightness;

	t = t > 0 ? t < 1 ? t : 1 : 0;
	lightness = 0.28 + 0.65 * t;
	hue = (285 - 180 * t) * M_PI / 180;
	for (double chroma = 0.13;; chroma -= 0.002)
	{
		bool		inside = true;

		oklab_to_linear(lightness, chroma * cos(hue), chroma * sin(hue), rgb);
		for (int j = 0; j < 3; j++)
			inside = inside && rgb[j] >= 0 && rgb[j] <= 1;
		if (inside || chroma < 0.002)
			break;
	}
	for (int j = 0; j < 3; j++)
	{
		double		v = rgb[j] > 0 ? rgb[j] < 1 ? rgb[j] : 1 : 0;

		rgb[j] = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
	}
}
