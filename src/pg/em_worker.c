/*
 * src/pg/em_worker.c
 *		Background workers for the queue, without shared_preload_libraries.
 *
 * A worker is a loop around the same SQL functions that CALL em_work uses: one
 * transaction claims a job, one runs each check.  It connects as the role that
 * launched it and ends when there has been nothing to do for a while.
 */
#include "emvalid_pg.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define NAP_MS 1000				/* between two looks at an empty queue */
#define MOST_WORKERS 64

/* What a worker is told, in bgw_extra. */
typedef struct WorkerOrders
{
	Oid			database;
	Oid			role;
	int64		linger_ms;
	char		schema[NAMEDATALEN];
} WorkerOrders;

StaticAssertDecl(sizeof(WorkerOrders) <= BGW_EXTRALEN, "orders fit into bgw_extra");

PGDLLEXPORT void emvalid_worker_main(Datum arg) pg_attribute_noreturn();

/*
 * Run a query that returns one value, in a transaction of its own.  The value
 * as text in `out`; false when it is NULL.
 */
static bool
run_one(const char *sql, char *out, size_t size)
{
	char	   *value;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, sql);
	if (SPI_execute(sql, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "unexpected result of \"%s\"", sql);
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (value != NULL)
		strlcpy(out, value, size);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return value != NULL;
}

/* Sleep until there may be something to do. */
static void
nap(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, NAP_MS, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Work on one job to its end; false when the worker itself was cancelled. */
static bool
work_on(const char *schema, const char *job)
{
	char	   *sql = psprintf("SELECT %s._em_job_step(%s)", schema, job);
	char		answer[16] = "more";

	while (strcmp(answer, "more") == 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (!run_one(sql, answer, sizeof(answer)))
			break;
	}
	pfree(sql);
	return strcmp(answer, "stop") != 0;
}

/* Entry point of the process. */
void
emvalid_worker_main(Datum arg)
{
	WorkerOrders orders;
	const char *schema;
	char	   *claim;
	char		job[32];
	TimestampTz idle_since;

	memcpy(&orders, MyBgworkerEntry->bgw_extra, sizeof(orders));
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(orders.database, orders.role, 0);
	MemoryContextSwitchTo(TopMemoryContext);
	schema = quote_identifier(orders.schema);
	claim = psprintf("SELECT %s._em_job_claim()", schema);
	idle_since = GetCurrentTimestamp();
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(TopMemoryContext);
		if (run_one(claim, job, sizeof(job)))
		{
			MemoryContextSwitchTo(TopMemoryContext);
			if (!work_on(schema, job))
				break;
			idle_since = GetCurrentTimestamp();
		}
		else if (TimestampDifferenceExceeds(idle_since, GetCurrentTimestamp(), (int) orders.linger_ms))
			break;
		else
			nap();
	}
	proc_exit(0);
}

/* Register one worker and wait until it runs; false when no slot is free. */
static bool
launch(const WorkerOrders *orders)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	pid_t		pid;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	strlcpy(worker.bgw_library_name, "$libdir/emvalid", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "emvalid_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "emvalid worker", BGW_MAXLEN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "emvalid worker of database %u", orders->database);
	memcpy(worker.bgw_extra, orders, sizeof(*orders));
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		return false;
	if (WaitForBackgroundWorkerStartup(handle, &pid) == BGWH_POSTMASTER_DIED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("the server is going down")));
	return true;
}

PG_FUNCTION_INFO_V1(emvalid_launch_worker);

/* em_launch_worker(workers int, linger interval) returns int: how many were started */
Datum
emvalid_launch_worker(PG_FUNCTION_ARGS)
{
	int			wanted = PG_GETARG_INT32(0);
	Interval   *linger = PG_GETARG_INTERVAL_P(1);
	double		linger_ms = (double) linger->time / 1000.0 + ((double) linger->day + 30.0 * linger->month) * 86400000.0;
	char	   *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));
	WorkerOrders orders = {.database = MyDatabaseId, .role = GetUserId()};
	int			started = 0;

	if (wanted < 1 || wanted > MOST_WORKERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of workers must be between 1 and %d, not %d", MOST_WORKERS, wanted)));
	if (linger_ms < 0 || linger_ms > 86400000.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("linger must be between 0 and 1 day")));
	if (schema == NULL)
		elog(ERROR, "the schema of em_launch_worker was not found");
	orders.linger_ms = (int64) linger_ms;
	strlcpy(orders.schema, schema, sizeof(orders.schema));
	while (started < wanted && launch(&orders))
		started++;
	if (started < wanted)
		ereport(started == 0 ? ERROR : WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("only %d of %d workers could be started", started, wanted),
				 errdetail("All slots for background processes are taken."),
				 errhint("Raise max_worker_processes, or use CALL em_work() from clients.")));
	PG_RETURN_INT32(started);
}
