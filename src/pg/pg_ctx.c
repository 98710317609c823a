/*
 * src/pg/pg_ctx.c
 *		The context adapter: budget, threads, interrupts and clean-up.
 */
#include "emvalid_pg.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/*
 * Should the work stop?  Cancel and termination are only noticed here: they are
 * raised by emvalid_throw() after libem has joined its threads.  Everything
 * else that is pending (barriers of DROP DATABASE, log requests) is served at
 * once, so that other sessions never wait for a measurement.
 */
static int
poll_interrupts(void *arg)
{
	EmSession  *session = arg;
	MemoryContext callers = CurrentMemoryContext;

	if (!InterruptPending)
		return 0;
	if (QueryCancelPending || ProcDiePending || ClientConnectionLost || session->caught != NULL)
		return 1;
	PG_TRY();
	{
		CHECK_FOR_INTERRUPTS();
	}
	PG_CATCH();
	{
		emvalid_catch(session, callers);
	}
	PG_END_TRY();
	return session->caught != NULL;
}

static void
reset_session(void *arg)
{
	EmSession  *session = arg;

	em_ctx_destroy(session->ctx);
	session->ctx = NULL;
}

/* Make a context whose memory goes when `owner` is reset or deleted. */
EmSession *
emvalid_begin(MemoryContext owner)
{
	EmSession  *session = MemoryContextAllocZero(owner, sizeof(EmSession));
	em_ctx_options options = {
		.threads = emvalid_threads,
		.memory_budget = (uint64_t) emvalid_memory_budget << 20,
		.seed = (uint64_t) emvalid_seed,
		.poll = poll_interrupts,
		.progress = emvalid_report_progress,
		.arg = session
	};

	session->owner = owner;
	session->reset.func = reset_session;
	session->reset.arg = session;
	MemoryContextRegisterResetCallback(owner, &session->reset);
	session->ctx = em_ctx_create(&options);
	if (session->ctx == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return session;
}

/* Free the context now; the callback that stays behind finds nothing to do. */
void
emvalid_end(EmSession *session)
{
	reset_session(session);
}

void
emvalid_catch(EmSession *session, MemoryContext callers)
{
	MemoryContextSwitchTo(session->owner);
	if (session->caught == NULL)
		session->caught = CopyErrorData();
	FlushErrorState();
	MemoryContextSwitchTo(callers);
}
