/*
 * src/pg/fn_draw.c
 *		Pictures of maps as PNG in bytea.
 *
 * Maps are streamed: memory does not grow with the map.  Surfaces, and the
 * pictures of a report, are drawn from a copy of at most DRAWN_SIDE voxels a
 * side.
 */
#include "emvalid_pg.h"

#include <math.h>

#include "draw/em_draw.h"
#include "funcapi.h"
#include "utils/builtins.h"

#define DRAWN_SIDE 256

/* A map being streamed. */
typedef struct Stream
{
	EmSession  *session;
	const EmMap *map;
	EmLoReader *reader;
	em_mrc_header header;
	em_rows		rows;
} Stream;

static void
stream_open(Stream *s, EmSession *session, const EmMap *map)
{
	s->session = session;
	s->map = map;
	s->reader = emmap_lo_open_map(session, map);
	s->rows.volume = NULL;
	s->rows.source = emmap_lo_source(s->reader);
	s->rows.header = &s->header;
	emvalid_check(session, em_mrc_read_header(session->ctx, s->rows.source, &s->header));
}

/* Close after checking that all of the content is what it was. */
static void
stream_close(Stream *s)
{
	emvalid_check(s->session, emmap_lo_verify(s->reader, s->map));
	emmap_lo_close(s->reader);
}

/* The axis in an argument: x, y or z. */
static int
axis_argument(FunctionCallInfo fcinfo, int number)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(number));

	if (pg_strcasecmp(name, "x") == 0)
		return 0;
	if (pg_strcasecmp(name, "y") == 0)
		return 1;
	if (pg_strcasecmp(name, "z") == 0)
		return 2;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not an axis", name),
			 errhint("The axes are x, y and z.")));
}

/* A number that may be NULL or absent: NaN then. */
static double
optional_number(FunctionCallInfo fcinfo, int number)
{
	return PG_NARGS() > number && !PG_ARGISNULL(number) ? PG_GETARG_FLOAT8(number) : NAN;
}

static bytea *
png_bytea(const em_png *png)
{
	bytea	   *out = palloc(VARHDRSZ + png->length);

	SET_VARSIZE(out, VARHDRSZ + png->length);
	memcpy(VARDATA(out), png->bytes, png->length);
	return out;
}

/* Draw one plane of rows; `what` begins its title. */
static bytea *
draw_plane(EmSession *session, em_rows *rows, int axis, int64_t index, const char *what, double contour)
{
	em_plane	plane;
	em_png		png;
	bytea	   *out;
	char	   *title;

	emvalid_check(session, em_plane_make(session->ctx, rows, axis, index, &plane));
	title = index < 0 ? psprintf("%s along %c", what, "XYZ"[axis])
		: psprintf("%s %c = " INT64_FORMAT " of 0\xe2\x80\xa6" INT64_FORMAT, what, "XYZ"[axis], index, plane.count - 1);
	emvalid_check(session, em_draw_plane(session->ctx, &plane, title, contour, &png));
	em_plane_free(session->ctx, &plane);
	out = png_bytea(&png);
	em_png_free(session->ctx, &png);
	return out;
}

PG_FUNCTION_INFO_V1(emvalid_slice_png);

/* em_slice_png(map, axis text, index integer, contour float8) returns bytea */
Datum
emvalid_slice_png(PG_FUNCTION_ARGS)
{
	EmSession  *session;
	Stream		s;
	bytea	   *png;
	int			axis;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	axis = axis_argument(fcinfo, 1);
	session = emvalid_begin(CurrentMemoryContext);
	stream_open(&s, session, PG_GETARG_EMMAP(0));
	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("slice %d is outside the map", PG_GETARG_INT32(2)),
				 errdetail("Slices along %c go from 0 to " INT64_FORMAT ".", "xyz"[axis], s.header.grid.n[axis] - 1)));
	png = draw_plane(session, &s.rows, axis, PG_ARGISNULL(2) ? s.header.grid.n[axis] / 2 : PG_GETARG_INT32(2),
					 "Slice", optional_number(fcinfo, 3));
	stream_close(&s);
	emvalid_end(session);
	PG_RETURN_BYTEA_P(png);
}

PG_FUNCTION_INFO_V1(emvalid_max_variance_slice_png);

/* em_max_variance_slice_png(map, axis text, contour float8) returns bytea: two passes */
Datum
emvalid_max_variance_slice_png(PG_FUNCTION_ARGS)
{
	EmSession  *session;
	Stream		s;
	int64_t		index;
	bytea	   *png;
	int			axis;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	axis = axis_argument(fcinfo, 1);
	session = emvalid_begin(CurrentMemoryContext);
	stream_open(&s, session, PG_GETARG_EMMAP(0));
	emvalid_check(session, em_plane_most_varied(session->ctx, &s.rows, axis, &index));
	stream_close(&s);
	stream_open(&s, session, PG_GETARG_EMMAP(0));
	png = draw_plane(session, &s.rows, axis, index, "Variance,", optional_number(fcinfo, 2));
	stream_close(&s);
	emvalid_end(session);
	PG_RETURN_BYTEA_P(png);
}

PG_FUNCTION_INFO_V1(emvalid_projection_png);

/* em_projection_png(map, axis text) returns bytea */
Datum
emvalid_projection_png(PG_FUNCTION_ARGS)
{
	int			axis = axis_argument(fcinfo, 1);
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	Stream		s;
	bytea	   *png;

	stream_open(&s, session, PG_GETARG_EMMAP(0));
	png = draw_plane(session, &s.rows, axis, -1, "Projection", NAN);
	stream_close(&s);
	emvalid_end(session);
	PG_RETURN_BYTEA_P(png);
}

/* The copy of a map that surfaces are drawn from. */
static em_volume *
drawn_copy(EmSession *session, const EmMap *map, int *factor)
{
	Stream		s;
	em_volume  *v;

	stream_open(&s, session, map);
	emvalid_check(session, em_reduce(session->ctx, &s.rows, DRAWN_SIDE, factor, &v));
	stream_close(&s);
	return v;
}

/* Draw one of the three views. */
static bytea *
draw_view(EmSession *session, em_surface *surface, int view)
{
	em_png		png;
	bytea	   *out;

	memcpy(surface->turn, em_surface_view[view], sizeof(surface->turn));
	surface->title = psprintf("View %d, level %.4g", view + 1, surface->level);
	emvalid_check(session, em_draw_surface(session->ctx, surface, &png));
	out = png_bytea(&png);
	em_png_free(session->ctx, &png);
	return out;
}

PG_FUNCTION_INFO_V1(emvalid_isosurface_png);

/* em_isosurface_png(map, level, view integer, colour emmap, low, high) returns bytea */
Datum
emvalid_isosurface_png(PG_FUNCTION_ARGS)
{
	EmSession  *session;
	em_surface	surface = {0};
	bytea	   *png;
	int			factor;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	if (PG_GETARG_INT32(2) < 1 || PG_GETARG_INT32(2) > 3)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("view must be 1, 2 or 3")));
	session = emvalid_begin(CurrentMemoryContext);
	surface.level = PG_GETARG_FLOAT8(1);
	surface.volume = drawn_copy(session, PG_GETARG_EMMAP(0), &factor);
	if (!PG_ARGISNULL(3))
		surface.colour = drawn_copy(session, PG_GETARG_EMMAP(3), &factor);
	surface.low = optional_number(fcinfo, 4);
	surface.high = optional_number(fcinfo, 5);
	png = draw_view(session, &surface, PG_GETARG_INT32(2) - 1);
	emvalid_end(session);
	PG_RETURN_BYTEA_P(png);
}

/* One picture as a row. */
static void
put_picture(FunctionCallInfo fcinfo, const char *kind, const char *part, bytea *png, int factor)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[4] = {CStringGetTextDatum(kind), CStringGetTextDatum(part), PointerGetDatum(png), Int32GetDatum(factor)};
	bool		nulls[4] = {false};

	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	pfree(png);
}

/* Is this kind of picture asked for?  NULL asks for all. */
static bool
is_wanted(const char *what, const char *kind)
{
	return what == NULL || strcmp(what, kind) == 0;
}

PG_FUNCTION_INFO_V1(emvalid_pictures);

/* em_pictures(map, level, what text) returns setof (kind, part, png, factor): one pass over the map */
Datum
emvalid_pictures(PG_FUNCTION_ARGS)
{
	static const char *const axis_name[3] = {"x", "y", "z"};
	EmSession  *session;
	em_surface	surface = {0};
	em_rows		rows = {NULL};
	int			factor;
	double		contour = optional_number(fcinfo, 1);
	const char *what = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	session = emvalid_begin(CurrentMemoryContext);
	rows.volume = surface.volume = drawn_copy(session, PG_GETARG_EMMAP(0), &factor);
	for (int axis = 0; axis < 3; axis++)
	{
		int64_t		index;

		if (is_wanted(what, "slice"))
			put_picture(fcinfo, "slice", axis_name[axis],
						draw_plane(session, &rows, axis, surface.volume->grid.n[axis] / 2, "Slice", contour), factor);
		if (is_wanted(what, "variance"))
		{
			emvalid_check(session, em_plane_most_varied(session->ctx, &rows, axis, &index));
			put_picture(fcinfo, "variance", axis_name[axis],
						draw_plane(session, &rows, axis, index, "Variance,", contour), factor);
		}
		if (is_wanted(what, "projection"))
			put_picture(fcinfo, "projection", axis_name[axis],
						draw_plane(session, &rows, axis, -1, "Projection", NAN), factor);
	}
	surface.level = contour;
	for (int view = 0; isfinite(contour) && is_wanted(what, "surface") && view < 3; view++)
		put_picture(fcinfo, "surface", psprintf("%d", view + 1), draw_view(session, &surface, view), factor);
	emvalid_end(session);
	return (Datum) 0;
}
