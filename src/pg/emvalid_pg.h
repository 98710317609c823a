/*
 * src/pg/emvalid_pg.h
 *		What the glue files share: settings, the type emmap, the context
 *		adapter, large objects and errors.
 *
 * The glue measures nothing: arguments in, rows out.  Core code never runs
 * PostgreSQL code that may raise an error: callbacks catch errors, libem
 * unwinds with a status, and emvalid_throw() raises what was caught.
 */
#ifndef EMVALID_PG_H
#define EMVALID_PG_H

#include "postgres.h"

#include "fmgr.h"

#include "em.h"

#define EMVALID_VERSION "0.1.0"

/* Settings (emvalid.c) */
extern char *emvalid_profile;
extern char *emvalid_import_path;
extern int	emvalid_memory_budget;	/* MiB */
extern int	emvalid_max_map_size;	/* MiB */
extern int	emvalid_threads;
extern int	emvalid_seed;

/*
 * The type emmap: a reference to a large object that holds an MRC/CCP4 file
 * (plain or gzip), with the start of its header and fingerprints of its
 * content.  Everything the accessors show comes from the datum.
 */
#define EMMAP_VERSION 1
#define EMMAP_HEADER_BYTES 224	/* words 1-56 of the header, as in the file */
#define EMMAP_HEAD_SPAN 65536	/* bytes covered by head_hash */

typedef struct EmMap
{
	int32		vl_len_;
	uint8		version;
	bool		gzip;			/* the large object holds gzip */
	uint16		unused;
	Oid			lo;
	uint32		unused2;
	int64		stored_bytes;	/* length of the large object */
	int64		file_bytes;		/* length of the uncompressed file */
	uint64		content_hash;	/* XXH3-64 of all stored bytes */
	uint64		head_hash;		/* XXH3-64 of the first EMMAP_HEAD_SPAN stored bytes */
	uint8		sha256[32];		/* of the uncompressed file */
	uint8		header[EMMAP_HEADER_BYTES];
} EmMap;

#define DatumGetEmMap(d) ((EmMap *) PG_DETOAST_DATUM(d))
#define PG_GETARG_EMMAP(n) DatumGetEmMap(PG_GETARG_DATUM(n))
#define PG_RETURN_EMMAP(m) PG_RETURN_POINTER(m)

extern EmMap *emmap_new(void);
extern void emmap_decode(const EmMap *map, em_mrc_header *header);	/* emmap_type.c */
extern char *emmap_format(const EmMap *map);	/* emmap_text.c */
extern EmMap *emmap_parse(const char *text);

/*
 * Context adapter (pg_ctx.c).  The em_ctx and everything allocated from it is
 * freed when `owner` is reset, so an ERROR leaks nothing.
 */
typedef struct EmSession
{
	em_ctx	   *ctx;
	MemoryContext owner;
	ErrorData  *caught;			/* an error a callback caught, to be raised again */
	MemoryContextCallback reset;
} EmSession;

extern EmSession *emvalid_begin(MemoryContext owner);
extern void emvalid_end(EmSession *session);

/* Progress, shown as the application name of the session (progress.c) */
extern void emvalid_progress_label(const char *entry);	/* NULL: show nothing */
extern void emvalid_progress_check(const char *code);	/* NULL: the check has ended */
extern void emvalid_report_progress(void *arg, const char *phase, double fraction);

/* What a background worker does with a job, from claim to end (em_job.c) */
extern void emvalid_job_turn_begins(void);
extern void emvalid_job_turn_ends(void);

/* Workers that the server starts (em_worker.c) */
extern void emvalid_register_workers(int workers, const char *databases, const char *role);

/* Remember the error being handled in a PG_CATCH block of a callback. */
extern void emvalid_catch(EmSession *session, MemoryContext callers);

/* Raise a status (pg_error.c); returns only for EM_OK. */
extern void emvalid_check(EmSession *session, em_status status);
extern void emvalid_throw(EmSession *session, em_status status) pg_attribute_noreturn();

/* Large objects (emmap_lo.c, the only file that touches them) */
typedef struct EmLoReader EmLoReader;

/* Open for reading; ERROR unless the object exists and may be read. */
extern EmLoReader *emmap_lo_open(EmSession *session, Oid lo);

/* Open what an emmap refers to, after checking length and head. */
extern EmLoReader *emmap_lo_open_map(EmSession *session, const EmMap *map);

/* The byte source of a reader: expanded bytes when the object holds gzip. */
extern em_source *emmap_lo_source(EmLoReader *reader);
extern bool emmap_lo_is_gzip(EmLoReader *reader);
extern int64 emmap_lo_length(EmLoReader *reader);

/* Read to the end; then the hash over all stored bytes is known. */
extern em_status emmap_lo_drain(EmLoReader *reader, uint64 *content_hash, uint64 *head_hash);

/* Drain and compare with the datum: EM_CHANGED when the content differs. */
extern em_status emmap_lo_verify(EmLoReader *reader, const EmMap *map);
extern void emmap_lo_close(EmLoReader *reader);

/* Make a new large object and write into it. */
typedef struct EmLoWriter EmLoWriter;
extern EmLoWriter *emmap_lo_create(EmSession *session);
extern em_target *emmap_lo_target(EmLoWriter *writer);

/* Close it and fill in the datum's object, stored length and hashes. */
extern void emmap_lo_writer_close(EmLoWriter *writer, EmMap *map);

/* Read a whole map as a volume, content verified. */
extern em_status emmap_read_volume(EmSession *session, const EmMap *map, const char *what,
								   em_volume **out);

/* Write a volume as a float32 map into a new large object (emmap_build.c) */
extern EmMap *emmap_store(EmSession *session, const em_volume *volume);

/* Which server files may be touched (server_files.c) */
extern char *emvalid_readable_path(const char *path);
extern char *emvalid_writable_path(const char *path);

/* A workbench over emmap values (bench_load.c) */
typedef struct EmBench
{
	EmSession  *session;
	em_workbench *wb;
	EmMap	   *map[EM_ROLE_COUNT];
} EmBench;

/*
 * maps[role] may be NULL; of the options, contour, resolution (NaN when unknown)
 * and parameters are taken.
 */
extern EmBench *emvalid_bench(EmSession *session, EmMap *const maps[EM_ROLE_COUNT],
							  const em_workbench_options *options);

#endif							/* EMVALID_PG_H */
