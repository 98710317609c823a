/*
 * src/libem/draw/em_draw.h
 *		Pictures of maps as PNG, made with cairo.
 *
 * Every picture has a black frame on white, the letters of its axes, a scale
 * bar in Å and a title.  Row 0 of the map is at the bottom, so that y (or z)
 * points up.  Colours are grey, or one scale of evenly rising lightness.
 */
#ifndef EM_DRAW_H
#define EM_DRAW_H

#include "draw/em_visit.h"

#define EM_PICTURE_SIDE 400		/* pixels of the longer side of the drawn area */

/* An encoded picture; the bytes belong to the context. */
typedef struct em_png
{
	uint8_t    *bytes;
	int64_t		length;
	int			width;
	int			height;
} em_png;

extern void em_png_free(em_ctx *ctx, em_png *png);

/* A scale from dark blue (0) over green to light yellow (1), 0..1 each; what is outside is clipped. */
extern void em_colour(double t, double rgb[3]);

/*
 * Black and white of planes that are to be compared: the 0.5 % and the 99.5 % quantile of all
 * their values together, the extremes when these are equal.
 */
extern em_status em_grey_range(em_ctx *ctx, const em_plane *planes, int count, double range[2]);

/*
 * A plane in grey, black at range[0] and white at range[1], both written beside the scale in
 * `unit` ("" none).  With a contour (not NaN) the line where the plane crosses it is drawn.
 * `title` goes above.
 */
extern em_status em_draw_plane(em_ctx *ctx, const em_plane *plane, const char *title, const double range[2],
							   double contour, const char *unit, em_png *out);

/* What a place in the box is to the masks of a map (em_regions.h). */
typedef enum em_region
{
	EM_REGION_OUTSIDE = 0,		/* white */
	EM_REGION_GROWN,			/* constructed mask without density: light grey */
	EM_REGION_MOLECULE,			/* density at or above the contour inside it: dark grey */
	EM_REGION_APART				/* density at or above the contour elsewhere: orange */
} em_region;

/* A slice of regions, in these colours, which differ in lightness as well. */
extern em_status em_draw_regions(em_ctx *ctx, const em_plane *plane, const char *title, em_png *out);

/* A surface seen from one side. */
typedef struct em_surface
{
	const em_volume *volume;
	double		level;
	double		turn[3];		/* degrees about x, then y, then z of the screen */
	bool		fit;			/* show what reaches the level, as large as it can be; else the whole box */
	const em_volume *colour;	/* values to colour by, NaN where there is none; NULL: one colour */
	double		colour_start[3];	/* where its first voxel begins, Å from the corner of the map */
	double		low, high;		/* values of the ends of the scale; NaN: those of em_surface_range */
	const char *unit;			/* of the values, "" or NULL: none */
	const char *title;
} em_surface;

/* The turns of the three views of a report, 0 to 2. */
extern const double em_surface_view[3][3];

/* Least and greatest colour value of the voxels that reach the level, 0 and 1 when there are none. */
extern em_status em_surface_range(em_ctx *ctx, const em_surface *surface, double *low, double *high);

/*
 * Draw the surface with parallel rays: light from the upper left, far parts
 * paler, striped where there is no value to colour by.  A level that nothing
 * reaches gives a picture that says so.  EM_MISMATCH when the map to colour by
 * does not cover the same box.
 */
extern em_status em_draw_surface(em_ctx *ctx, const em_surface *surface, em_png *out);

/* The same from rays that were cast already (em_cast.h); its `colour` may cover a part of the box. */
struct em_hits;
extern em_status em_paint_surface(em_ctx *ctx, const struct em_hits *hits, const em_surface *surface,
								  em_png *out);

#endif							/* EM_DRAW_H */
