/*
 * src/pg/fn_bench.c
 *		The workbench of a validation run.
 *
 * CALL em_validate opens one bench, runs its checks on it with a COMMIT after
 * each, and closes it.  The bench therefore lives in a context of its own
 * below TopMemoryContext; it goes away when it is closed or replaced, when
 * the transaction aborts (error, cancel, timeout), and when the subtransaction
 * that opened it does.  A check that raises an error leaves it unusable.
 */
#include "emvalid_pg.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static MemoryContext bench_context;
static EmBench *bench;
static char *bench_entry;		/* whose bench it is */
static bool bench_broken;		/* a check was left by an error */
static SubTransactionId bench_subid;	/* where it was opened; invalid once committed */

/* Close the bench of this backend, if there is one. */
static void
close_bench(void)
{
	MemoryContext old = bench_context;

	emvalid_progress_label(NULL);
	bench = NULL;
	bench_context = NULL;
	bench_entry = NULL;
	bench_broken = false;
	bench_subid = InvalidSubTransactionId;
	if (old != NULL)
		MemoryContextDelete(old);
}

/* An aborted transaction takes the bench with it. */
static void
at_xact_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		close_bench();
	else if (event == XACT_EVENT_COMMIT)
		bench_subid = InvalidSubTransactionId;
}

/* So does the subtransaction it was opened in, or one around that. */
static void
at_subxact_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && bench_subid != InvalidSubTransactionId && bench_subid >= mine)
		close_bench();
}

/* A number argument, NaN when NULL. */
static double
number_or_nan(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NAN : PG_GETARG_FLOAT8(n);
}

/*
 * Memory that the hungriest of the given checks needs, in bytes; refuses with
 * the numbers when one of them does not fit in the budget.
 */
static uint64
require_memory(const EmBench *b, ArrayType *codes)
{
	Datum	   *code;
	int			n;
	uint64		most = 0;

	deconstruct_array(codes, TEXTOID, -1, false, TYPALIGN_INT, &code, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		const em_check *check = em_check_find(TextDatumGetCString(code[i]));

		if (check != NULL)
			most = Max(most, check->estimate(b->wb));
	}
	emvalid_check(b->session, em_require(b->session->ctx, most, "this validation"));
	return most;
}

PG_FUNCTION_INFO_V1(emvalid_bench_open);

/*
 * _em_bench_open(map, half1, half2, mask emmap, contour, resolution float8,
 * checks text[]) returns int8: bytes the checks will need at most.
 */
Datum
emvalid_bench_open(PG_FUNCTION_ARGS)
{
	static bool registered = false;
	EmMap	   *maps[EM_ROLE_COUNT];
	em_workbench_options options = {
		.contour = number_or_nan(fcinfo, EM_ROLE_COUNT),
		.resolution = number_or_nan(fcinfo, EM_ROLE_COUNT + 1)
	};
	uint64		bytes;

	if (!registered)
	{
		RegisterXactCallback(at_xact_end, NULL);
		RegisterSubXactCallback(at_subxact_end, NULL);
		registered = true;
	}
	if (PG_ARGISNULL(EM_ROLE_COUNT + 2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the list of checks must not be null")));
	close_bench();
	for (int i = 0; i < EM_ROLE_COUNT; i++)
		maps[i] = PG_ARGISNULL(i) ? NULL : PG_GETARG_EMMAP(i);
	bench_subid = GetCurrentSubTransactionId();
	bench_context = AllocSetContextCreate(TopMemoryContext, "emvalid workbench", ALLOCSET_DEFAULT_SIZES);
	bench = emvalid_bench(emvalid_begin(bench_context), maps, &options);
	bytes = require_memory(bench, PG_GETARG_ARRAYTYPE_P(EM_ROLE_COUNT + 2));
	/* What workers plan with is what is used. */
	em_workbench_keep_within(bench->wb, bytes);
	PG_RETURN_INT64((int64) bytes);
}

PG_FUNCTION_INFO_V1(emvalid_bench_label);

/* _em_bench_label(entry_id text): whose bench it is, also for its progress */
Datum
emvalid_bench_label(PG_FUNCTION_ARGS)
{
	char	   *entry = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (bench != NULL)
	{
		emvalid_progress_label(entry);
		bench_entry = MemoryContextStrdup(bench_context, entry);
	}
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(emvalid_bench_close);

/* _em_bench_close() returns int8: peak memory of the bench, bytes */
Datum
emvalid_bench_close(PG_FUNCTION_ARGS)
{
	int64		peak = bench == NULL ? 0 : (int64) em_ctx_memory_peak(bench->session->ctx);

	close_bench();
	PG_RETURN_INT64(peak);
}

/* An array of n numbers. */
static Datum
float8_array(const double *v, int64 n)
{
	Datum	   *d = palloc(sizeof(Datum) * Max(n, 1));

	for (int64 i = 0; i < n; i++)
		d[i] = Float8GetDatum(v[i]);
	return PointerGetDatum(construct_array(d, (int) n, FLOAT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Columns of the rows that _em_bench_check returns. */
enum
{
	C_KIND, C_NAME, C_VALUE, C_UNIT, C_X_NAME, C_X, C_X_UNIT, C_Y, C_REASON_CODE, C_REASON, C_CELLS, C_COUNT
};

typedef struct Row
{
	Datum		value[C_COUNT];
	bool		null[C_COUNT];
} Row;

static Row
new_row(const char *kind, const char *name)
{
	Row			r;

	memset(r.null, true, sizeof(r.null));
	r.value[C_KIND] = CStringGetTextDatum(kind);
	r.value[C_NAME] = CStringGetTextDatum(name);
	r.null[C_KIND] = r.null[C_NAME] = false;
	return r;
}

static void
set_text(Row *r, int column, const char *text)
{
	r->value[column] = CStringGetTextDatum(text);
	r->null[column] = false;
}

static void
set_datum(Row *r, int column, Datum d)
{
	r->value[column] = d;
	r->null[column] = false;
}

/* One row for the small copy of a local measure, in the unit of its median. */
static void
put_cells(ReturnSetInfo *rsinfo, EmSession *session, const em_results *results)
{
	const em_measure *median = em_results_find(results, "p50");
	Row			r = new_row("local", "p50");
	uint8_t    *bytes;
	int64_t		length;
	bytea	   *cells;

	if (results->cells == NULL || median == NULL)
		return;
	emvalid_check(session, em_cells_pack(session->ctx, results->cells, &bytes, &length));
	cells = palloc(VARHDRSZ + length);
	SET_VARSIZE(cells, VARHDRSZ + length);
	memcpy(VARDATA(cells), bytes, length);
	em_free(session->ctx, bytes);
	set_text(&r, C_UNIT, median->unit);
	set_datum(&r, C_CELLS, PointerGetDatum(cells));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, r.value, r.null);
}

/* One row for the state, one per measure, one per series. */
static void
put_results(ReturnSetInfo *rsinfo, EmSession *session, const em_check *check, const em_results *results)
{
	static const char *const state[] = {"measured", "not_applicable", "failed"};
	Row			r = new_row("state", state[results->state]);

	set_text(&r, C_UNIT, check->method);
	if (results->state != EM_MEASURED)
	{
		set_text(&r, C_REASON_CODE, results->reason_code);
		set_text(&r, C_REASON, results->reason);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, r.value, r.null);
	if (results->state != EM_MEASURED)
		return;
	for (int i = 0; i < results->n_measures; i++)
	{
		r = new_row("measure", results->measures[i].name);
		set_datum(&r, C_VALUE, Float8GetDatum(results->measures[i].value));
		set_text(&r, C_UNIT, results->measures[i].unit);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, r.value, r.null);
	}
	for (int i = 0; i < results->n_series; i++)
	{
		const em_series *s = &results->series[i];

		r = new_row("series", s->name);
		set_text(&r, C_UNIT, s->y_unit);
		set_text(&r, C_X_NAME, s->x_name);
		set_text(&r, C_X_UNIT, s->x_unit);
		set_datum(&r, C_X, float8_array(s->x, s->n));
		set_datum(&r, C_Y, float8_array(s->y, s->n));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, r.value, r.null);
	}
	put_cells(rsinfo, session, results);
}

/* Does a status belong into the result of the check, rather than end the run? */
static bool
is_result(em_status status)
{
	switch (status)
	{
		case EM_OVER_BUDGET:
		case EM_TRUNCATED:
		case EM_BAD_FORMAT:
		case EM_UNSUPPORTED:
		case EM_TOO_LARGE:
		case EM_BAD_ARGUMENT:
		case EM_MISMATCH:
		case EM_NOT_MEASURABLE:
			return true;
		default:
			return false;
	}
}

PG_FUNCTION_INFO_V1(emvalid_bench_check);

/*
 * _em_bench_check(check_code text, entry_id text) returns setof (kind, name, value, unit,
 * x_name, x, x_unit, y, reason_code, reason, cells): run one check on the open bench.
 */
Datum
emvalid_bench_check(PG_FUNCTION_ARGS)
{
	char	   *code = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const em_check *check = em_check_find(code);
	EmSession  *session;
	em_results *results;
	em_status	status;

	InitMaterializedSRF(fcinfo, 0);
	if (bench_broken)
		close_bench();
	if (bench == NULL || bench_entry == NULL ||
		strcmp(bench_entry, text_to_cstring(PG_GETARG_TEXT_PP(1))) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no workbench is open for this entry"),
				 errdetail("It was closed by an error, or another validation took its place."),
				 errhint("Use CALL em_validate(entry_id).")));
	if (check == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("check \"%s\" cannot be measured by this version", code)));
	session = bench->session;
	bench_broken = true;		/* until the results are out */
	em_ctx_reset(session->ctx);
	emvalid_check(session, em_results_create(session->ctx, &results));
	emvalid_progress_check(code);
	status = em_check_run(check, bench->wb, results);
	emvalid_progress_check(NULL);
	if (status != EM_OK && (session->caught != NULL || !is_result(status)))
		emvalid_throw(session, status);
	if (status != EM_OK)
		em_results_state(results, EM_FAILED, status == EM_OVER_BUDGET ? "over_budget" : "not_measurable",
						 "%s%s%s", em_ctx_message(session->ctx),
						 em_ctx_detail(session->ctx)[0] != '\0' ? ": " : "", em_ctx_detail(session->ctx));
	put_results((ReturnSetInfo *) fcinfo->resultinfo, session, check, results);
	em_results_destroy(results);
	bench_broken = false;
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(emvalid_check_methods);

/* _em_check_methods() returns text[]: method and version of each of these checks, in the same order */
Datum
emvalid_check_methods(PG_FUNCTION_ARGS)
{
	Datum		method[64];
	int			n = 0;

	for (const em_check *c; n < 64 && (c = em_check_at(n)) != NULL; n++)
		method[n] = CStringGetTextDatum(c->method);
	PG_RETURN_ARRAYTYPE_P(construct_array(method, n, TEXTOID, -1, false, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(emvalid_map_require);

/* _em_map_require(m emmap): ERROR unless its large object is here, complete, and begins as it should */
Datum
emvalid_map_require(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	EmSession  *session = emvalid_begin(CurrentMemoryContext);

	emmap_lo_close(emmap_lo_open_map(session, map));
	emvalid_end(session);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(emvalid_measurable_checks);

/* _em_measurable_checks() returns text[]: codes of the checks this version measures */
Datum
emvalid_measurable_checks(PG_FUNCTION_ARGS)
{
	Datum		code[64];
	int			n = 0;

	for (const em_check *c; n < 64 && (c = em_check_at(n)) != NULL; n++)
		code[n] = CStringGetTextDatum(c->code);
	PG_RETURN_ARRAYTYPE_P(construct_array(code, n, TEXTOID, -1, false, TYPALIGN_INT));
}
