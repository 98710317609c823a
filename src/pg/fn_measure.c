/*
 * src/pg/fn_measure.c
 *		How a measuring function runs one check on a workbench of its own.
 *
 * A quantity that does not apply or could not be measured is a WARNING and
 * NULLs, so that a query over an archive goes on; a wrong argument, a damaged
 * map or too small a budget is an ERROR.
 */
#include "fn_measure.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fn_rows.h"

/* Is the argument with this number (from 1) there and not NULL? */
static bool
given(FunctionCallInfo fcinfo, int number)
{
	return number > 0 && number <= PG_NARGS() && !PG_ARGISNULL(number - 1);
}

/* A map argument, NULL when it is not given. */
static EmMap *
map_argument(FunctionCallInfo fcinfo, int number)
{
	return given(fcinfo, number) ? PG_GETARG_EMMAP(number - 1) : NULL;
}

/* A number argument of any of the types a measuring function uses. */
static double
number_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	double		v;

	switch (get_fn_expr_argtype(fcinfo->flinfo, number - 1))
	{
		case INT4OID:
			return PG_GETARG_INT32(number - 1);
		case BOOLOID:
			return PG_GETARG_BOOL(number - 1) ? 1 : 0;
		default:
			v = PG_GETARG_FLOAT8(number - 1);
	}
	if (!isfinite(v))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", name)));
	return v;
}

/* The parameters that were given; they live as long as the session. */
static int
collect_params(FunctionCallInfo fcinfo, EmSession *session, const MeasureArguments *a, em_param **out)
{
	int			n = 0;

	*out = MemoryContextAllocZero(session->owner, MEASURE_MAX_PARAMS * sizeof(em_param));
	for (int i = 0; i < MEASURE_MAX_PARAMS && a->param[i].name != NULL; i++)
		if (given(fcinfo, a->param[i].arg))
		{
			(*out)[n].name = a->param[i].name;
			(*out)[n++].value = number_argument(fcinfo, a->param[i].arg, a->param[i].name);
		}
	return n;
}

/* Run the check and return its results; they live as long as the session. */
static em_results *
run(FunctionCallInfo fcinfo, EmSession *session, const MeasureArguments *a, bool want_volume)
{
	EmMap	   *maps[EM_ROLE_COUNT] = {NULL};
	em_workbench_options options = {.contour = NAN,.resolution = NAN};
	const em_check *check = em_check_find(a->check);
	em_param   *params;
	EmBench    *bench;
	em_results *results;

	if (check == NULL)
		elog(ERROR, "check \"%s\" is not registered", a->check);
	if (given(fcinfo, a->contour))
		options.contour = number_argument(fcinfo, a->contour, "contour");
	if (given(fcinfo, a->resolution))
		options.resolution = number_argument(fcinfo, a->resolution, "resolution");
	if (options.resolution <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("resolution must be greater than 0 Å")));
	options.n_params = collect_params(fcinfo, session, a, &params);
	options.params = params;
	maps[EM_ROLE_MAP] = map_argument(fcinfo, a->map);
	maps[EM_ROLE_HALF1] = map_argument(fcinfo, a->half1);
	maps[EM_ROLE_HALF2] = map_argument(fcinfo, a->half2);
	maps[EM_ROLE_MASK] = map_argument(fcinfo, a->mask);
	bench = emvalid_bench(session, maps, &options);
	emvalid_check(session, em_results_create(session->ctx, &results));
	results->want_volume = want_volume;
	emvalid_check(session, em_check_run(check, bench->wb, results));
	warn_state(results);
	return results;
}

Datum
measure_row(FunctionCallInfo fcinfo, const MeasureArguments *arguments)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	Datum		row = results_row(fcinfo, run(fcinfo, session, arguments, false));

	emvalid_end(session);
	return row;
}

Datum
measure_rows(FunctionCallInfo fcinfo, const MeasureArguments *arguments)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);

	results_rows(fcinfo, run(fcinfo, session, arguments, false));
	emvalid_end(session);
	return (Datum) 0;
}

Datum
measure_map(FunctionCallInfo fcinfo, const MeasureArguments *arguments)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	em_results *results = run(fcinfo, session, arguments, true);
	EmMap	   *map = results->volume == NULL ? NULL : emmap_store(session, results->volume);

	emvalid_end(session);
	if (map == NULL)
		PG_RETURN_NULL();
	PG_RETURN_EMMAP(map);
}
