/*
 * src/libem/draw/em_canvas.h
 *		What the pictures share: a canvas, its letters, scale bars, encoding.
 */
#ifndef EM_CANVAS_H
#define EM_CANVAS_H

#include <cairo/cairo.h>

#include "draw/em_draw.h"

/* A white canvas with a drawn area at (left, top). */
typedef struct em_canvas
{
	cairo_surface_t *surface;
	cairo_t    *cr;
	int			width, height;	/* of the canvas, pixels */
	double		left, top;
	double		w, h;			/* of the drawn area */
} em_canvas;

#define EM_CANVAS_LEFT 40
#define EM_CANVAS_TOP 36
#define EM_CANVAS_RIGHT 96
#define EM_CANVAS_BOTTOM 44

/* Make a canvas around a drawn area of w x h pixels, with its title. */
extern em_status em_canvas_open(em_ctx *ctx, int w, int h, const char *title, em_canvas *c);
extern void em_canvas_close(em_canvas *c);

/* Text at (x, y); align 0 starts there, 0.5 is centred, 1 ends there. */
extern void em_canvas_text(em_canvas *c, double x, double y, double align, const char *text);

/* Frame, letters of the axes with arrows, and a scale bar; pixel: Å a pixel, 0 unknown. */
extern void em_canvas_frame(em_canvas *c, const char *right, const char *up, double pixel);

/* A vertical scale at the right, low at the bottom, with the unit of its values ("" none); grey or colours. */
extern void em_canvas_scale(em_canvas *c, bool grey, double low, double high, const char *unit);

/* Encode with 256 colours, what cannot be compressed with fewer, 32 at least; the bytes are allocated from ctx. */
extern em_status em_canvas_png(em_ctx *ctx, em_canvas *c, em_png *out);

#endif							/* EM_CANVAS_H */
