/*
 * src/pg/em_job.c
 *		What a worker needs from its session: a lock that says it is alive, and
 *		the right to commit.
 *
 * The lock of a job is a session's advisory lock, so that it lasts from one
 * transaction to the next.  It must not outlast the work: when a transaction
 * of CALL em_work aborts, the loop that worked on the job is over, wherever the
 * error or the cancel came, between two checks or in a COMMIT.  The lock is
 * then given back, and the next worker takes the job up.  A background worker
 * survives the abort, and keeps the lock until it has decided about the job.
 */
#include "emvalid_pg.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

static bool held;
static int32 held_class;
static int32 held_job;
static bool kept_over_abort;

/* Give the lock back, if there is one. */
static bool
release(void)
{
	if (!held)
		return false;
	held = false;
	return DatumGetBool(DirectFunctionCall2(pg_advisory_unlock_int4,
											Int32GetDatum(held_class), Int32GetDatum(held_job)));
}

/* An error that nobody caught ends the work on the job. */
static void
at_xact_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && !kept_over_abort)
		(void) release();
}

/* A background worker begins a turn: it keeps its job when a transaction aborts. */
void
emvalid_job_turn_begins(void)
{
	kept_over_abort = true;
}

/* The turn is over, and so is the work on its job. */
void
emvalid_job_turn_ends(void)
{
	kept_over_abort = false;
	(void) release();
}

PG_FUNCTION_INFO_V1(emvalid_job_hold);

/*
 * _em_job_hold(class, job int4) returns bool: this session works on a job; false
 * when another one does.  The lock of an earlier job is given back.
 */
Datum
emvalid_job_hold(PG_FUNCTION_ARGS)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(at_xact_end, NULL);
		registered = true;
	}
	(void) release();
	held_class = PG_GETARG_INT32(0);
	held_job = PG_GETARG_INT32(1);
	held = DatumGetBool(DirectFunctionCall2(pg_try_advisory_lock_int4,
											Int32GetDatum(held_class), Int32GetDatum(held_job)));
	PG_RETURN_BOOL(held);
}

PG_FUNCTION_INFO_V1(emvalid_job_release);

/* _em_job_release() returns bool: was there a job? */
Datum
emvalid_job_release(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(release());
}

PG_FUNCTION_INFO_V1(emvalid_require_commit);

/*
 * _em_require_commit(procedure, hint text): ERROR unless the procedure that
 * calls it may commit, said before any work is done.
 */
Datum
emvalid_require_commit(PG_FUNCTION_ARGS)
{
	if (!SPI_inside_nonatomic_context() || IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block or a function",
						text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errdetail("It commits after each check."),
				 errhint("%s", text_to_cstring(PG_GETARG_TEXT_PP(1)))));
	PG_RETURN_VOID();
}
