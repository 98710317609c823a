/*
 * src/pg/emmap_access.c
 *		Accessors of emmap: everything the header tells, from the datum alone.
 */
#include "emvalid_pg.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#define AXIS_ACCESSOR(name, axis) \
	PG_FUNCTION_INFO_V1(emvalid_##name); \
	Datum \
	emvalid_##name(PG_FUNCTION_ARGS) \
	{ \
		em_mrc_header h; \
		emmap_decode(PG_GETARG_EMMAP(0), &h); \
		PG_RETURN_INT32((int32) h.grid.n[axis]); \
	}

/* em_nx, em_ny, em_nz (emmap) returns int4: voxels along x, y, z */
AXIS_ACCESSOR(nx, 0)
AXIS_ACCESSOR(ny, 1)
AXIS_ACCESSOR(nz, 2)

PG_FUNCTION_INFO_V1(emvalid_voxel_size);

/* em_voxel_size(emmap) returns float8[]: x, y, z in Å */
Datum
emvalid_voxel_size(PG_FUNCTION_ARGS)
{
	em_mrc_header h;
	Datum		d[3];

	emmap_decode(PG_GETARG_EMMAP(0), &h);
	for (int j = 0; j < 3; j++)
		d[j] = Float8GetDatum(h.grid.voxel[j]);
	PG_RETURN_ARRAYTYPE_P(construct_array(d, 3, FLOAT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(emvalid_mode);

/* em_mode(emmap) returns int4: MRC mode of the file */
Datum
emvalid_mode(PG_FUNCTION_ARGS)
{
	em_mrc_header h;

	emmap_decode(PG_GETARG_EMMAP(0), &h);
	PG_RETURN_INT32(h.mode);
}

PG_FUNCTION_INFO_V1(emvalid_oid);

/* em_oid(emmap) returns oid: the large object */
Datum
emvalid_oid(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(PG_GETARG_EMMAP(0)->lo);
}

PG_FUNCTION_INFO_V1(emvalid_file_bytes);

/* em_file_bytes(emmap) returns int8: length of the uncompressed file */
Datum
emvalid_file_bytes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_EMMAP(0)->file_bytes);
}

PG_FUNCTION_INFO_V1(emvalid_sha256);

/* em_sha256(emmap) returns text: of the uncompressed file, hexadecimal */
Datum
emvalid_sha256(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	char		hex[65];

	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", map->sha256[i]);
	PG_RETURN_TEXT_P(cstring_to_text(hex));
}

/* A JSON number, or null when the value is not finite. */
static void
json_number(StringInfo s, double v)
{
	if (isfinite(v))
		appendStringInfo(s, "%.9g", v);
	else
		appendStringInfoString(s, "null");
}

/* "key": [a, b, c] */
static void
json_triple(StringInfo s, const char *key, double a, double b, double c)
{
	appendStringInfo(s, "\"%s\": [", key);
	json_number(s, a);
	appendStringInfoString(s, ", ");
	json_number(s, b);
	appendStringInfoString(s, ", ");
	json_number(s, c);
	appendStringInfoString(s, "], ");
}

PG_FUNCTION_INFO_V1(emvalid_header);

/* em_header(emmap) returns jsonb: the decoded header, geometry in x, y, z order */
Datum
emvalid_header(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	em_mrc_header h;
	StringInfoData s;

	emmap_decode(map, &h);
	initStringInfo(&s);
	appendStringInfoChar(&s, '{');
	json_triple(&s, "size", (double) h.grid.n[0], (double) h.grid.n[1], (double) h.grid.n[2]);
	json_triple(&s, "voxel_size", h.grid.voxel[0], h.grid.voxel[1], h.grid.voxel[2]);
	json_triple(&s, "start", (double) h.grid.start[0], (double) h.grid.start[1], (double) h.grid.start[2]);
	json_triple(&s, "origin", h.origin[0], h.origin[1], h.origin[2]);
	json_triple(&s, "sampling", h.m[0], h.m[1], h.m[2]);
	json_triple(&s, "cell", h.cell[0], h.cell[1], h.cell[2]);
	json_triple(&s, "angles", h.angle[0], h.angle[1], h.angle[2]);
	json_triple(&s, "map_axes", h.map_axis[0], h.map_axis[1], h.map_axis[2]);
	json_triple(&s, "file_size", h.nc, h.nr, h.ns);
	json_triple(&s, "file_start", h.start_c, h.start_r, h.start_s);
	appendStringInfo(&s, "\"mode\": %d, \"byte_order\": \"%s\", \"gzip\": %s, \"space_group\": %d, "
					 "\"extended_header_bytes\": %d, \"version\": %d, \"labels\": %d, \"file_bytes\": " INT64_FORMAT
					 ", \"machine_stamp\": \"%02x%02x%02x%02x\", \"statistics\": {\"min\": ",
					 h.mode, h.big_endian ? "big" : "little", map->gzip ? "true" : "false", h.ispg,
					 h.nsymbt, h.nversion, h.nlabel, map->file_bytes,
					 h.stamp[0], h.stamp[1], h.stamp[2], h.stamp[3]);
	json_number(&s, h.dmin);
	appendStringInfoString(&s, ", \"max\": ");
	json_number(&s, h.dmax);
	appendStringInfoString(&s, ", \"mean\": ");
	json_number(&s, h.dmean);
	appendStringInfoString(&s, ", \"rms\": ");
	json_number(&s, h.rms);
	appendStringInfoString(&s, "}}");
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(s.data)));
}

PG_FUNCTION_INFO_V1(emvalid_header_lint);

/*
 * em_header_lint(emmap, recompute boolean) returns setof (severity, code, message);
 * with recompute the header's statistics are compared with the voxels.
 */
Datum
emvalid_header_lint(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	em_mrc_header h;
	em_stats	stats;
	em_lint		lint[64];
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	emmap_decode(map, &h);
	if (PG_GETARG_BOOL(1))
	{
		EmSession  *session = emvalid_begin(CurrentMemoryContext);
		em_volume  *v;

		emvalid_check(session, emmap_read_volume(session, map, "the map", &v));
		emvalid_check(session, em_volume_stats(session->ctx, v, &stats));
		emvalid_end(session);
	}
	n = em_mrc_lint(&h, map->file_bytes, PG_GETARG_BOOL(1) ? &stats : NULL, lint, lengthof(lint));
	for (int i = 0; i < n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = CStringGetTextDatum(lint[i].severity);
		values[1] = CStringGetTextDatum(lint[i].code);
		values[2] = CStringGetTextDatum(lint[i].message);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
