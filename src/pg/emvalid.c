/*
 * src/pg/emvalid.c
 *		Module magic and settings.
 */
#include "emvalid_pg.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

char	   *emvalid_profile;
char	   *emvalid_import_path;
int			emvalid_memory_budget;
int			emvalid_max_map_size;
int			emvalid_threads;
int			emvalid_seed;
static int	auto_validate;
static int	node_budget;
static bool report_checks;
static char *percentile_set;
static int	workers;
static char *worker_database;
static char *worker_role;

enum
{
	AUTO_OFF, AUTO_QUEUE, AUTO_NOW
};

static const struct config_enum_entry auto_validate_options[] = {
	{"off", AUTO_OFF, false},
	{"queue", AUTO_QUEUE, false},
	{"now", AUTO_NOW, false},
	{NULL, 0, false}
};

void		_PG_init(void);

/*
 * Workers that the server starts itself.  The settings are only read when the
 * library is preloaded; elsewhere they exist so that they can be in
 * postgresql.conf.
 */
static void
define_workers(void)
{
	GucContext	context = process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP;

	DefineCustomIntVariable("emvalid.workers",
							"Background workers that the server starts for each database of emvalid.worker_database.",
							"Needs emvalid in shared_preload_libraries.",
							&workers, 0, 0, 64,
							context, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("emvalid.worker_database",
							   "Databases that emvalid.workers work in.",
							   "Comma-separated names.",
							   &worker_database, "postgres",
							   context, GUC_LIST_INPUT, NULL, NULL, NULL);
	DefineCustomStringVariable("emvalid.worker_role",
							   "Role that emvalid.workers run as; it must be able to log in.",
							   "Empty takes the superuser that made the cluster.",
							   &worker_role, "",
							   context, 0, NULL, NULL, NULL);
	if (process_shared_preload_libraries_in_progress && workers > 0)
		emvalid_register_workers(workers, worker_database, worker_role);
}

/* Define the settings under the prefix emvalid. */
void
_PG_init(void)
{
	DefineCustomStringVariable("emvalid.profile",
							   "Criteria profile used by the views' short forms and the report.",
							   "Shipped profiles: vrs, emvalid.",
							   &emvalid_profile, "vrs",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("emvalid.percentile_set",
							   "Frozen percentile set that em_percentile and the report compare with.",
							   "Empty: all entries of this database.",
							   &percentile_set, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("emvalid.import_path",
							   "Directories that maps may be read from and saved to on the server.",
							   "Comma-separated absolute paths; empty allows none.",
							   &emvalid_import_path, "",
							   PGC_SUSET, GUC_LIST_INPUT, NULL, NULL, NULL);
	DefineCustomIntVariable("emvalid.memory_budget",
							"Memory one validation or measuring function may use at once.",
							"Work that needs more is refused before it starts.",
							&emvalid_memory_budget, 16 * 1024, 1, 1024 * 1024,
							PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("emvalid.max_map_size",
							"Largest uncompressed map file that is accepted.",
							"Also the limit to what a gzip file may expand to.",
							&emvalid_max_map_size, 64 * 1024, 1, 16 * 1024 * 1024,
							PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("emvalid.threads",
							"Worker threads of one measuring function; 0 takes one per CPU.",
							"Results do not depend on it.",
							&emvalid_threads, 0, 0, 64,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("emvalid.seed",
							"Seed of every random draw.",
							"Stored with each run.",
							&emvalid_seed, 1, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("emvalid.auto_validate",
							 "What happens when a map is added or replaced.",
							 "off: nothing; queue: the entry is queued; now: it is validated before the commit.",
							 &auto_validate, AUTO_QUEUE, auto_validate_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("emvalid.node_budget",
							"Memory that all running jobs of a database may need together.",
							"0 takes emvalid.memory_budget; a job that runs alone is always let in.",
							&node_budget, 0, 0, 16 * 1024 * 1024,
							PGC_SUSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomBoolVariable("emvalid.report_checks",
							 "Should em_validate say how each check ended?",
							 NULL,
							 &report_checks, false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	define_workers();
	MarkGUCPrefixReserved("emvalid");
}

PG_FUNCTION_INFO_V1(emvalid_version);

/* em_version() returns text: the version of the shared library. */
Datum
emvalid_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(EMVALID_VERSION));
}
