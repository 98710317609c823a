/*
 * src/pg/bench_load.c
 *		A workbench whose maps come from emmap values.
 */
#include "emvalid_pg.h"

/* em_load_fn: read one map in full from its large object. */
static em_status
load_map(void *arg, em_ctx *ctx, em_role role, em_volume **out)
{
	EmBench    *bench = arg;
	MemoryContext callers = CurrentMemoryContext;
	volatile em_status status = EM_IO;

	PG_TRY();
	{
		status = emmap_read_volume(bench->session, bench->map[role], em_role_name(role), out);
	}
	PG_CATCH();
	{
		emvalid_catch(bench->session, callers);
		em_fail(ctx, EM_IO, "%s could not be read", em_role_name(role));
	}
	PG_END_TRY();
	return status;
}

EmBench *
emvalid_bench(EmSession *session, EmMap *const maps[EM_ROLE_COUNT], const em_workbench_options *given)
{
	EmBench    *bench = MemoryContextAllocZero(session->owner, sizeof(EmBench));
	em_workbench_options options = *given;

	options.load = load_map;
	options.arg = bench;
	bench->session = session;
	for (int role = 0; role < EM_ROLE_COUNT; role++)
	{
		em_mrc_header header;

		if (maps[role] == NULL)
			continue;
		bench->map[role] = MemoryContextAlloc(session->owner, VARSIZE(maps[role]));
		memcpy(bench->map[role], maps[role], VARSIZE(maps[role]));
		emmap_decode(maps[role], &header);
		options.present[role] = true;
		options.grid[role] = header.grid;
	}
	emvalid_check(session, em_workbench_create(session->ctx, &options, &bench->wb));
	return bench;
}
