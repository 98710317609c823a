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

#include "catalog/pg_type.h"
#include "draw/em_cast.h"
#include "draw/em_regions.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "volume/em_cells.h"

#define DRAWN_SIDE 256
#define MASK_EDGE 3.0			/* Å a surface may lie outside of the mask a local measure was made in */

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

/* What is drawn of a plane. */
typedef struct PlaneStyle
{
	const char *title;			/* its beginning */
	double		contour;		/* NaN: none */
	const char *unit;			/* of the scale */
	bool		regions;		/* the plane holds regions, not densities */
} PlaneStyle;

/* Draw a plane; black and white as in `range`. */
static bytea *
draw_plane(EmSession *session, const em_plane *plane, const double range[2], const PlaneStyle *style)
{
	em_png		png;
	bytea	   *out;
	char		axis = "XYZ"[plane->axis];
	char	   *title = plane->index < 0 ? psprintf("%s along %c", style->title, axis)
		: psprintf("%s %c = " INT64_FORMAT " of 0\xe2\x80\xa6" INT64_FORMAT, style->title, axis, plane->index,
				   plane->count - 1);

	emvalid_check(session, style->regions ? em_draw_regions(session->ctx, plane, title, &png) :
				  em_draw_plane(session->ctx, plane, title, range, style->contour, style->unit, &png));
	out = png_bytea(&png);
	em_png_free(session->ctx, &png);
	return out;
}

/* One plane of rows by itself; index -1 is the projection. */
static bytea *
plane_png(EmSession *session, em_rows *rows, int axis, int64_t index, const PlaneStyle *style)
{
	em_plane	plane;
	double		range[2];
	bytea	   *out;

	emvalid_check(session, em_plane_make(session->ctx, rows, axis, index, &plane));
	emvalid_check(session, em_grey_range(session->ctx, &plane, 1, range));
	out = draw_plane(session, &plane, range, style);
	em_plane_free(session->ctx, &plane);
	return out;
}

/* The slice of a map across an axis: at *index (from 0), the middle one (NULL), or the one that varies most. */
static bytea *
slice_png(const EmMap *map, int axis, const int32 *index, bool most_varied, double contour)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	PlaneStyle	style = {.title = "Slice",.contour = contour,.unit = ""};
	Stream		s;
	int64_t		at;
	bytea	   *png;

	stream_open(&s, session, map);
	at = index != NULL ? *index : s.header.grid.n[axis] / 2;
	if (at < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("slice " INT64_FORMAT " is outside the map", at),
				 errdetail("Slices along %c go from 0 to " INT64_FORMAT ".", "xyz"[axis], s.header.grid.n[axis] - 1)));
	if (most_varied)
	{
		emvalid_check(session, em_plane_most_varied(session->ctx, &s.rows, axis, &at));
		stream_close(&s);
		stream_open(&s, session, map);
	}
	png = plane_png(session, &s.rows, axis, at, &style);
	stream_close(&s);
	emvalid_end(session);
	return png;
}

PG_FUNCTION_INFO_V1(emvalid_slice_png);

/* em_slice_png(map, axis text, index integer, contour float8) returns bytea */
Datum
emvalid_slice_png(PG_FUNCTION_ARGS)
{
	int32		index;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	index = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	PG_RETURN_BYTEA_P(slice_png(PG_GETARG_EMMAP(0), axis_argument(fcinfo, 1), PG_ARGISNULL(2) ? NULL : &index, false,
								optional_number(fcinfo, 3)));
}

PG_FUNCTION_INFO_V1(emvalid_max_variance_slice_png);

/* em_max_variance_slice_png(map, axis text, contour float8) returns bytea: two passes */
Datum
emvalid_max_variance_slice_png(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(slice_png(PG_GETARG_EMMAP(0), axis_argument(fcinfo, 1), NULL, true, optional_number(fcinfo, 2)));
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
	png = plane_png(session, &s.rows, axis, -1, &(PlaneStyle) {.title = "Projection",.contour = NAN,.unit = ""});
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

/* Cast the rays of a surface seen from its side. */
static em_hits *
cast_surface(EmSession *session, const em_surface *surface)
{
	em_hits    *hits;

	emvalid_check(session, em_cast(session->ctx, surface->volume, surface->level, surface->turn, surface->fit, &hits));
	return hits;
}

/* Encode what the rays hit. */
static bytea *
paint_view(EmSession *session, const em_hits *hits, const em_surface *surface)
{
	em_png		png;
	bytea	   *out;

	emvalid_check(session, em_paint_surface(session->ctx, hits, surface, &png));
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
	em_surface	surface = {.unit = ""};
	em_png		png;
	bytea	   *out;
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
	memcpy(surface.turn, em_surface_view[PG_GETARG_INT32(2) - 1], sizeof(surface.turn));
	surface.title = psprintf("View %d, level %.4g", PG_GETARG_INT32(2), surface.level);
	emvalid_check(session, em_draw_surface(session->ctx, &surface, &png));
	out = png_bytea(&png);
	emvalid_end(session);
	PG_RETURN_BYTEA_P(out);
}

/* What em_pictures works with. */
typedef struct Pictures
{
	EmSession  *session;
	ReturnSetInfo *info;
	const char *what;			/* one kind; NULL: all */
	em_volume  *volume;
	int			factor;
	double		contour;		/* NaN: none */
} Pictures;

/* One picture as a row. */
static void
put_picture(const Pictures *p, const char *kind, const char *part, bytea *png)
{
	Datum		values[4] = {
		CStringGetTextDatum(kind), CStringGetTextDatum(part), PointerGetDatum(png), Int32GetDatum(p->factor)
	};
	bool		nulls[4] = {false};

	tuplestore_putvalues(p->info->setResult, p->info->setDesc, values, nulls);
	pfree(png);
}

static bool
is_wanted(const Pictures *p, const char *kind)
{
	return p->what == NULL || strcmp(p->what, kind) == 0;
}

/* Which plane of a volume is drawn across an axis. */
typedef enum Where
{
	WHERE_MIDDLE,
	WHERE_VARIED,				/* the one of largest variance */
	WHERE_SUM					/* the projection */
} Where;

/* A picture for each axis, with one grey scale so that they can be compared. */
static void
put_row(const Pictures *p, const char *kind, const em_volume *v, Where where, const PlaneStyle *style)
{
	em_ctx	   *ctx = p->session->ctx;
	em_rows		rows = {.volume = v};
	em_plane	planes[3];
	double		range[2] = {0, 1};

	if (!is_wanted(p, kind))
		return;
	for (int axis = 0; axis < 3; axis++)
	{
		int64_t		index = where == WHERE_MIDDLE ? v->grid.n[axis] / 2 : -1;

		if (where == WHERE_VARIED)
			emvalid_check(p->session, em_plane_most_varied(ctx, &rows, axis, &index));
		emvalid_check(p->session, em_plane_make(ctx, &rows, axis, index, &planes[axis]));
	}
	if (!style->regions)
		emvalid_check(p->session, em_grey_range(ctx, planes, 3, range));
	for (int axis = 0; axis < 3; axis++)
	{
		put_picture(p, kind, psprintf("%c", "xyz"[axis]), draw_plane(p->session, &planes[axis], range, style));
		em_plane_free(ctx, &planes[axis]);
	}
}

/* Slices and projections. */
static void
put_planes(const Pictures *p)
{
	const PlaneStyle slice = {.title = "Slice",.contour = p->contour,.unit = ""};
	const PlaneStyle sum = {.title = "Projection",.contour = NAN,.unit = ""};

	put_row(p, "slice", p->volume, WHERE_MIDDLE, &slice);
	put_row(p, "variance", p->volume, WHERE_VARIED, &slice);
	put_row(p, "projection", p->volume, WHERE_SUM, &sum);
}

/* Masks and outliers; nothing when there is no mask. */
static void
put_regions(const Pictures *p)
{
	em_ctx	   *ctx = p->session->ctx;
	em_volume  *region,
			   *far;
	em_status	status = em_regions_make(ctx, p->volume, p->contour, &region, &far);

	if (status == EM_NOT_MEASURABLE || status == EM_BAD_ARGUMENT)
	{
		em_ctx_reset(ctx);
		return;
	}
	emvalid_check(p->session, status);
	put_row(p, "mask", region, WHERE_VARIED, &(PlaneStyle) {.title = "Slice",.regions = true});
	put_row(p, "background", far, WHERE_SUM,
			&(PlaneStyle) {.title = "Beyond 5 \xcf\x83",.contour = NAN,.unit = "\xc3\x85"});
	em_volume_destroy(ctx, far);
	em_volume_destroy(ctx, region);
}

/* Small copies of local measures to colour the surface by. */
typedef struct Local
{
	int			n;
	em_surface *surface;		/* colour, where it begins, ends of the scale, unit */
	char	  **name;
} Local;

/* The elements of an array argument of as many elements as there are names; NULL argument: all NULL. */
static Datum *
elements(FunctionCallInfo fcinfo, int number, Oid type, int *n, bool **nulls)
{
	Datum	   *value;
	int			count = 0;
	int16		length;
	bool		by_value;
	char		align;

	if (PG_ARGISNULL(number))
	{
		*nulls = palloc(Max(*n, 1) * sizeof(bool));
		memset(*nulls, true, Max(*n, 1) * sizeof(bool));
		if (*n < 0)
			*n = 0;
		return palloc0(Max(*n, 1) * sizeof(Datum));
	}
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(number), type, length, by_value, align, &value, nulls, &count);
	if (*n >= 0 && count != *n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("names, local, low, high and units must be equally long")));
	*n = count;
	return value;
}

/* Arguments 3 to 7: names, local, low, high, units. */
static Local
local_arguments(FunctionCallInfo fcinfo, EmSession *session)
{
	Local		local = {.n = -1};
	bool	   *null[5];
	Datum	   *value[5];
	static const Oid type[5] = {TEXTOID, BYTEAOID, FLOAT8OID, FLOAT8OID, TEXTOID};

	for (int k = 0; k < 5; k++)
		value[k] = elements(fcinfo, 3 + k, type[k], &local.n, &null[k]);
	local.surface = palloc0(Max(local.n, 1) * sizeof(em_surface));
	local.name = palloc0(Max(local.n, 1) * sizeof(char *));
	for (int i = 0; i < local.n; i++)
	{
		em_surface *s = &local.surface[i];
		em_volume  *cells;
		bytea	   *bytes;

		if (null[0][i] || null[1][i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a local measure must have a name and a volume")));
		local.name[i] = TextDatumGetCString(value[0][i]);
		bytes = DatumGetByteaPP(value[1][i]);
		emvalid_check(session, em_cells_unpack(session->ctx, (const uint8_t *) VARDATA_ANY(bytes),
											   VARSIZE_ANY_EXHDR(bytes), &cells, s->colour_start));
		emvalid_check(session, em_cells_extend(session->ctx, cells, MASK_EDGE));
		s->colour = cells;
		s->low = null[2][i] ? NAN : DatumGetFloat8(value[2][i]);
		s->high = null[3][i] ? NAN : DatumGetFloat8(value[3][i]);
		s->unit = null[4][i] ? "" : TextDatumGetCString(value[4][i]);
	}
	return local;
}

/* The surface from three sides, plain and coloured by each local measure; rays are cast once for each side. */
static void
put_surfaces(const Pictures *p, const Local *local)
{
	for (int view = 0; view < 3; view++)
	{
		em_surface	plain = {.volume = p->volume,.level = p->contour,.fit = true};
		em_hits    *hits;

		memcpy(plain.turn, em_surface_view[view], sizeof(plain.turn));
		plain.title = psprintf("View %d", view + 1);
		hits = cast_surface(p->session, &plain);
		if (is_wanted(p, "surface"))
			put_picture(p, "surface", psprintf("%d", view + 1), paint_view(p->session, hits, &plain));
		for (int i = 0; i < local->n && is_wanted(p, "local"); i++)
		{
			em_surface	s = local->surface[i];

			s.volume = plain.volume;
			s.level = plain.level;
			s.title = plain.title;
			put_picture(p, "local", psprintf("%s %d", local->name[i], view + 1), paint_view(p->session, hits, &s));
		}
		em_hits_destroy(p->session->ctx, hits);
	}
}

PG_FUNCTION_INFO_V1(emvalid_pictures);

/*
 * em_pictures(map, level, what text, names text[], local bytea[], low float8[], high float8[],
 * units text[]) returns setof em_picture: one pass over the map
 */
Datum
emvalid_pictures(PG_FUNCTION_ARGS)
{
	Pictures	p = {.contour = optional_number(fcinfo, 1)};
	Local		local;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	p.info = (ReturnSetInfo *) fcinfo->resultinfo;
	p.what = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	p.session = emvalid_begin(CurrentMemoryContext);
	local = local_arguments(fcinfo, p.session);
	p.volume = drawn_copy(p.session, PG_GETARG_EMMAP(0), &p.factor);
	put_planes(&p);
	if (isfinite(p.contour) && (is_wanted(&p, "mask") || is_wanted(&p, "background")))
		put_regions(&p);
	if (isfinite(p.contour) && (is_wanted(&p, "surface") || is_wanted(&p, "local")))
		put_surfaces(&p, &local);
	emvalid_end(p.session);
	return (Datum) 0;
}
