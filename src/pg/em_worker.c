/*
 * src/pg/em_worker.c
 *		Background workers for the queue.
 *
 * A worker is a loop around the same SQL functions that CALL em_work uses: one
 * transaction claims a job, one runs each check.
 *
 * em_launch_worker() starts workers at any time, without
 * shared_preload_libraries; they run as the role that launched them and end
 * when there has been nothing to do for a while.  With the library in
 * shared_preload_libraries, the server itself starts emvalid.workers of them
 * for each database of emvalid.worker_database, and again when one ends; they
 * wait for the extension to be created, and stay.
 */
#include "emvalid_pg.h"

#include "access/xact.h"
#include "access/xlog.h"
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
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#define NAP_MS 1000				/* between two looks at an empty queue */
#define NAP_WITHOUT_EXTENSION_MS 5000
#define RESTART_S 10			/* after an error ended a worker of the server */
#define MOST_WORKERS 64

/* What a worker that was launched is told, in bgw_extra. */
typedef struct WorkerOrders
{
	Oid			database;
	Oid			role;
	int64		linger_ms;
	char		schema[NAMEDATALEN];
} WorkerOrders;

/* What a worker of the server is told. */
typedef struct StandingOrders
{
	char		database[NAMEDATALEN];
	char		role[NAMEDATALEN];	/* empty: the one that made the cluster */
} StandingOrders;

StaticAssertDecl(sizeof(WorkerOrders) <= BGW_EXTRALEN, "orders fit into bgw_extra");
StaticAssertDecl(sizeof(StandingOrders) <= BGW_EXTRALEN, "standing orders fit into bgw_extra");

PGDLLEXPORT void emvalid_worker_main(Datum arg) pg_attribute_noreturn();
PGDLLEXPORT void emvalid_standing_worker_main(Datum arg) pg_attribute_noreturn();

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

/* Serve all interrupts but a cancel; has the worker been cancelled, while it had no job? */
static bool
cancelled_without_job(void)
{
	bool		cancelled;

	HOLD_CANCEL_INTERRUPTS();
	CHECK_FOR_INTERRUPTS();
	RESUME_CANCEL_INTERRUPTS();
	cancelled = QueryCancelPending;
	QueryCancelPending = false;
	return cancelled;
}

/* Sleep until there may be something to do. */
static void
nap(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/* Signals as in every backend; SIGINT cancels the check that runs. */
static void
accept_signals(void)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
}

/* What came of a look at the queue. */
typedef enum Turn
{
	TURN_IDLE,					/* there was nothing to do */
	TURN_WORKED,
	TURN_STOPPED,				/* the worker was cancelled */
	TURN_FAILED					/* outside a check; the next worker takes the job up */
} Turn;

#define JOB_DIGITS 32			/* room for the number of a job as text */

/* Claim a job, its number into `job`, and work on it to its end. */
static Turn
work_on_one(const char *schema, char *job)
{
	char		sql[2 * NAMEDATALEN + 64];
	char		claimed[JOB_DIGITS];
	char		answer[16] = "more";

	snprintf(sql, sizeof(sql), "SELECT %s._em_job_claim()", schema);
	if (!run_one(sql, claimed, sizeof(claimed)))
		return TURN_IDLE;
	strlcpy(job, claimed, JOB_DIGITS);	/* the claim is committed */
	snprintf(sql, sizeof(sql), "SELECT %s._em_job_step(%s)", schema, job);
	while (strcmp(answer, "more") == 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (!run_one(sql, answer, sizeof(answer)))
			break;
	}
	return strcmp(answer, "stop") == 0 ? TURN_STOPPED : TURN_WORKED;
}

/* After an error: log it, end the transaction; was it a cancel? */
static bool
recover(void)
{
	bool		cancelled = geterrcode() == ERRCODE_QUERY_CANCELED;

	HOLD_INTERRUPTS();
	EmitErrorReport();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(TopMemoryContext);
	FlushErrorState();
	pgstat_report_activity(STATE_IDLE, NULL);
	RESUME_INTERRUPTS();
	return cancelled;
}

/*
 * A cancel that came between two checks, or while their results were being
 * committed, means the job all the same.  The answer is that of a cancel within
 * a check: go on with the next job when em_cancel_job() had marked this one.
 */
static Turn
cancel_job(const char *schema, const char *job)
{
	char		sql[2 * NAMEDATALEN + 128];
	char		answer[16] = "stop";
	volatile int tries = 3;		/* it may be cancelled again */

	snprintf(sql, sizeof(sql), "SELECT %s._em_job_failed(%s, '57014', 'canceled between two checks')", schema, job);
	while (tries > 0)
	{
		PG_TRY();
		{
			(void) run_one(sql, answer, sizeof(answer));
			tries = 0;
		}
		PG_CATCH();
		{
			tries = recover() ? tries - 1 : 0;
		}
		PG_END_TRY();
	}
	return strcmp(answer, "stop") == 0 ? TURN_STOPPED : TURN_WORKED;
}

/* Work on a job; an error is logged and ends the turn, not the worker. */
static Turn
take_turn(const char *schema)
{
	volatile Turn turn = TURN_FAILED;
	volatile bool cancelled = false;
	char		job[JOB_DIGITS] = "";

	MemoryContextSwitchTo(TopMemoryContext);
	emvalid_job_turn_begins();
	PG_TRY();
	{
		turn = work_on_one(schema, job);
	}
	PG_CATCH();
	{
		cancelled = recover();
	}
	PG_END_TRY();
	if (cancelled)
		turn = job[0] != '\0' ? cancel_job(schema, job) : TURN_STOPPED;
	emvalid_job_turn_ends();
	MemoryContextSwitchTo(TopMemoryContext);
	return turn;
}

/* Entry point of a process that em_launch_worker() started. */
void
emvalid_worker_main(Datum arg)
{
	WorkerOrders orders;
	const char *schema;
	TimestampTz idle_since;
	Turn		turn = TURN_IDLE;

	memcpy(&orders, MyBgworkerEntry->bgw_extra, sizeof(orders));
	accept_signals();
	BackgroundWorkerInitializeConnectionByOid(orders.database, orders.role, 0);
	MemoryContextSwitchTo(TopMemoryContext);
	schema = quote_identifier(orders.schema);
	idle_since = GetCurrentTimestamp();
	while (turn != TURN_STOPPED && !cancelled_without_job())
	{
		turn = take_turn(schema);
		if (turn == TURN_WORKED)
			idle_since = GetCurrentTimestamp();
		else if (TimestampDifferenceExceeds(idle_since, GetCurrentTimestamp(), (int) orders.linger_ms))
			break;
		else if (turn != TURN_STOPPED)
			nap(NAP_MS);
	}
	proc_exit(0);
}

/* The schema of the extension, quoted; false when it is not installed.  A cancel is not for this. */
static bool
find_schema(char *schema, size_t size)
{
	bool		found;

	HOLD_CANCEL_INTERRUPTS();
	found = run_one("SELECT (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e"
					" JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'emvalid')",
					schema, size);
	RESUME_CANCEL_INTERRUPTS();
	return found;
}

/* Entry point of a process that the server starts; only its end ends it, never a cancel. */
void
emvalid_standing_worker_main(Datum arg)
{
	StandingOrders orders;
	char		schema[2 * NAMEDATALEN + 3];

	memcpy(&orders, MyBgworkerEntry->bgw_extra, sizeof(orders));
	accept_signals();
	BackgroundWorkerInitializeConnection(orders.database, orders.role[0] != '\0' ? orders.role : NULL, 0);
	for (;;)
	{
		Turn		turn;

		(void) cancelled_without_job();
		MemoryContextSwitchTo(TopMemoryContext);
		if (!find_schema(schema, sizeof(schema)))
		{
			nap(NAP_WITHOUT_EXTENSION_MS);
			continue;
		}
		/* a worker whose job was cancelled goes on with the next one */
		turn = take_turn(schema);
		if (turn == TURN_IDLE || turn == TURN_FAILED)
			nap(NAP_MS);
	}
}

/* What all workers have in common. */
static void
describe(BackgroundWorker *worker, const char *function)
{
	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	strlcpy(worker->bgw_library_name, "$libdir/emvalid", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
	strlcpy(worker->bgw_type, "emvalid worker", BGW_MAXLEN);
}

/*
 * Let the server start `workers` processes for each of the databases, a list of
 * names with commas.  Only while shared_preload_libraries are being loaded.
 */
void
emvalid_register_workers(int workers, const char *databases, const char *role)
{
	BackgroundWorker worker;
	StandingOrders orders = {0};
	char	   *copy = pstrdup(databases);
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(copy, ',', &names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid list of databases in emvalid.worker_database: \"%s\"", databases)));
	strlcpy(orders.role, role, sizeof(orders.role));
	foreach(cell, names)
	{
		strlcpy(orders.database, (char *) lfirst(cell), sizeof(orders.database));
		for (int i = 1; i <= workers; i++)
		{
			describe(&worker, "emvalid_standing_worker_main");
			worker.bgw_restart_time = RESTART_S;
			snprintf(worker.bgw_name, BGW_MAXLEN, "emvalid worker %d of database %s", i, orders.database);
			memcpy(worker.bgw_extra, &orders, sizeof(orders));
			RegisterBackgroundWorker(&worker);
		}
	}
	list_free(names);
	pfree(copy);
}

/* Register one worker and wait until it runs; false when no slot is free. */
static bool
launch(const WorkerOrders *orders)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;
	pid_t		pid;

	describe(&worker, "emvalid_worker_main");
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
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
	/* they would only start at its end, and so would this call */
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("workers cannot be started during recovery"),
				 errhint("Start them on the primary server.")));
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
