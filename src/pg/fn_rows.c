/*
 * src/pg/fn_rows.c
 *		From results to rows: a measure or series goes to the column of its name.
 */
#include "fn_rows.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"

/* A number as the column's type; false when it cannot be shown there. */
static bool
number_datum(Oid type, double v, Datum *out)
{
	if (!isfinite(v))
		return false;
	switch (type)
	{
		case FLOAT8OID:
			*out = Float8GetDatum(v);
			return true;
		case INT8OID:
			*out = Int64GetDatum((int64) llround(v));
			return true;
		case INT4OID:
			*out = Int32GetDatum((int32) lround(v));
			return true;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("result column of type %u cannot hold a measure", type)));
	return false;
}

/* Tell why there is nothing to show. */
void
warn_state(const em_results *results)
{
	if (results->state != EM_MEASURED)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s: %s",
						results->state == EM_FAILED ? "could not be measured" : "does not apply",
						results->reason)));
}

/* One row: each column takes the measure of its name, NULL when there is none. */
Datum
results_row(FunctionCallInfo fcinfo, const em_results *results)
{
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	values = palloc0(sizeof(Datum) * desc->natts);
	nulls = palloc0(sizeof(bool) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const em_measure *m = em_results_find(results, NameStr(att->attname));

		if (att->atttypid == TEXTOID)
			nulls[i] = true;
		else
			nulls[i] = m == NULL || !number_datum(att->atttypid, m->value, &values[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* The numbers of a column: the series of that name, or the x of one that calls it so. */
static const double *
find_column(const em_results *results, const char *name, int64 *n)
{
	const em_series *s = em_results_find_series(results, name);

	if (s != NULL)
	{
		*n = s->n;
		return s->y;
	}
	for (int i = 0; i < results->n_series; i++)
		if (strcmp(results->series[i].x_name, name) == 0)
		{
			*n = results->series[i].n;
			return results->series[i].x;
		}
	return NULL;
}

/* Many rows: each column takes the series of its name. */
void
results_rows(FunctionCallInfo fcinfo, const em_results *results)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	desc;
	const double **column;
	Datum	   *values;
	bool	   *nulls;
	int64		rows = -1;

	InitMaterializedSRF(fcinfo, 0);
	desc = rsinfo->setDesc;
	column = palloc0(sizeof(double *) * desc->natts);
	values = palloc0(sizeof(Datum) * desc->natts);
	nulls = palloc0(sizeof(bool) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		int64		n;

		column[i] = find_column(results, NameStr(TupleDescAttr(desc, i)->attname), &n);
		if (column[i] != NULL)
			rows = rows < 0 ? n : Min(rows, n);
	}
	for (int64 r = 0; r < rows; r++)
	{
		for (int i = 0; i < desc->natts; i++)
			nulls[i] = column[i] == NULL ||
				!number_datum(TupleDescAttr(desc, i)->atttypid, column[i][r], &values[i]);
		tuplestore_putvalues(rsinfo->setResult, desc, values, nulls);
	}
}
