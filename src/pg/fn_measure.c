/*
 * src/pg/fn_measure.c
 *		The measuring functions: each runs one check on a workbench of its own.
 *
 * A quantity that does not apply or could not be measured is a WARNING and
 * NULLs, so that a query over an archive goes on; a wrong argument, a damaged
 * map or too small a budget is an ERROR.
 */
#include "fn_rows.h"

#include <math.h>

/* Which arguments a function has: their positions, -1 for none. */
typedef struct Arguments
{
	const char *check;			/* code of the check or pseudo-check */
	int			map;
	int			half1;
	int			half2;
	int			mask;
	int			contour;
	int			resolution;
} Arguments;

/* A map argument, NULL when there is none or it is NULL. */
static EmMap *
map_argument(FunctionCallInfo fcinfo, int n)
{
	return n < 0 || PG_ARGISNULL(n) ? NULL : PG_GETARG_EMMAP(n);
}

/* A number argument, NaN when there is none or it is NULL. */
static double
number_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	double		v;

	if (n < 0 || PG_ARGISNULL(n))
		return NAN;
	v = PG_GETARG_FLOAT8(n);
	if (!isfinite(v))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", name)));
	return v;
}

/* Run the check and return its results; they live as long as the session. */
static em_results *
run(FunctionCallInfo fcinfo, EmSession *session, const Arguments *a)
{
	EmMap	   *maps[EM_ROLE_COUNT] = {NULL};
	double		contour = number_argument(fcinfo, a->contour, "contour");
	double		resolution = number_argument(fcinfo, a->resolution, "resolution");
	EmBench    *bench;
	em_results *results;

	if (resolution <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("resolution must be greater than 0 Å")));
	maps[EM_ROLE_MAP] = map_argument(fcinfo, a->map);
	maps[EM_ROLE_HALF1] = map_argument(fcinfo, a->half1);
	maps[EM_ROLE_HALF2] = map_argument(fcinfo, a->half2);
	maps[EM_ROLE_MASK] = map_argument(fcinfo, a->mask);
	bench = emvalid_bench(session, maps, contour, resolution);
	emvalid_check(session, em_results_create(session->ctx, &results));
	emvalid_check(session, em_check_run(em_check_find(a->check), bench->wb, results));
	warn_state(results);
	return results;
}

static Datum
measure_row(FunctionCallInfo fcinfo, const Arguments *arguments)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	Datum		row = results_row(fcinfo, run(fcinfo, session, arguments));

	emvalid_end(session);
	return row;
}

static Datum
measure_rows(FunctionCallInfo fcinfo, const Arguments *arguments)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);

	results_rows(fcinfo, run(fcinfo, session, arguments));
	emvalid_end(session);
	return (Datum) 0;
}

#define NONE .map = -1, .half1 = -1, .half2 = -1, .mask = -1, .contour = -1, .resolution = -1

#define MEASURE(name, returns, code, ...) \
	PG_FUNCTION_INFO_V1(emvalid_##name); \
	Datum \
	emvalid_##name(PG_FUNCTION_ARGS) \
	{ \
		static const Arguments arguments = {.check = code, __VA_ARGS__}; \
		return measure_##returns(fcinfo, &arguments); \
	}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"

/* em_mass_analysis(map, contour) */
MEASURE(mass_analysis, row, "0.a", NONE, .map = 0, .contour = 1)

/* em_mask_analysis(map, contour) */
MEASURE(mask_analysis, row, "0.b", NONE, .map = 0, .contour = 1)

/* em_mass_table(map) */
MEASURE(mass_table, rows, "mass_table", NONE, .map = 0)

/* em_background_stats(map, contour) */
MEASURE(background_stats, row, "0.c", NONE, .map = 0, .contour = 1)

/* em_bfactor(map, resolution) */
MEASURE(bfactor, row, "bfactor", NONE, .map = 0, .resolution = 1)

/* em_guinier(map) */
MEASURE(guinier, rows, "guinier", NONE, .map = 0)

/* em_fsc(half1, half2, mask) */
MEASURE(fsc, rows, "fsc", NONE, .half1 = 0, .half2 = 1, .mask = 2)

/* em_global_resolution(half1, half2) */
MEASURE(global_resolution, row, "global_resolution", NONE, .half1 = 0, .half2 = 1)

#pragma GCC diagnostic pop
