/*
 * src/pg/fn_stats.c
 *		em_map_stats: voxel statistics in one streamed pass.
 */
#include "emvalid_pg.h"

#include "funcapi.h"

PG_FUNCTION_INFO_V1(emvalid_map_stats);

/* em_map_stats(emmap) returns (n, min, max, mean, sd, sum, not_finite, zeros) */
Datum
emvalid_map_stats(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	EmLoReader *reader = emmap_lo_open_map(session, map);
	em_source  *source = emmap_lo_source(reader);
	em_mrc_header header;
	em_stats	stats;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	emvalid_check(session, em_mrc_read_header(session->ctx, source, &header));
	emvalid_check(session, em_mrc_scan_voxels(session->ctx, source, &header, &stats));
	emvalid_check(session, emmap_lo_verify(reader, map));
	emmap_lo_close(reader);
	emvalid_end(session);

	values[0] = Int64GetDatum(stats.n);
	values[1] = Float8GetDatum(stats.min);
	values[2] = Float8GetDatum(stats.max);
	values[3] = Float8GetDatum(stats.mean);
	values[4] = Float8GetDatum(stats.sd);
	values[5] = Float8GetDatum(stats.sum);
	values[6] = Int64GetDatum(stats.not_finite);
	values[7] = Int64GetDatum(stats.zeros);
	for (int i = 1; i <= 5; i++)
		nulls[i] = stats.n == 0;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
