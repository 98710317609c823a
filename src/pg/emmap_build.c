/*
 * src/pg/emmap_build.c
 *		Making emmap values from large objects, server files and bytea, and
 *		giving the bytes back.
 */
#include "emvalid_pg.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define PIECE (1 << 20)

/* A source that hashes what passes through it (SHA-256). */
typedef struct Sha256
{
	pg_cryptohash_ctx *hash;
} Sha256;

static void
sha256_failed(Sha256 *sha)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute SHA-256: %s", pg_cryptohash_error(sha->hash))));
}

static void
sha256_begin(Sha256 *sha)
{
	sha->hash = pg_cryptohash_create(PG_SHA256);
	if (sha->hash == NULL || pg_cryptohash_init(sha->hash) < 0)
		sha256_failed(sha);
}

static void
sha256_end(Sha256 *sha, uint8 out[32])
{
	if (pg_cryptohash_final(sha->hash, out, PG_SHA256_DIGEST_LENGTH) < 0)
		sha256_failed(sha);
	pg_cryptohash_free(sha->hash);
}

/*
 * Pass all bytes of a source through SHA-256 and, when `target` is given, on to
 * it.  The header is decoded as soon as it is there, so that a file that is
 * not a map is refused before more is read.  Returns the number of bytes.
 */
static int64
pass_all(EmSession *session, em_source *source, em_target *target, EmMap *map)
{
	em_ctx	   *ctx = session->ctx;
	int64		limit = (int64) emvalid_max_map_size << 20;
	uint8		head[EM_MRC_HEADER_BYTES];
	em_mrc_header header;
	Sha256		sha;
	char	   *buf;
	int64		total = EM_MRC_HEADER_BYTES;

	emvalid_check(session, em_source_read_all(ctx, source, head, EM_MRC_HEADER_BYTES, "the header of the map"));
	emvalid_check(session, em_mrc_parse_header(ctx, head, source->length, &header));
	if (header.data_offset + header.data_bytes > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("map is larger than emvalid.max_map_size"),
				 errdetail("The header promises " INT64_FORMAT " bytes, the limit is " INT64_FORMAT ".",
						   (int64) (header.data_offset + header.data_bytes), limit)));
	memcpy(map->header, head, EMMAP_HEADER_BYTES);
	sha256_begin(&sha);
	if (pg_cryptohash_update(sha.hash, head, sizeof(head)) < 0)
		sha256_failed(&sha);
	if (target != NULL)
		emvalid_check(session, target->write(target, ctx, head, sizeof(head)));

	buf = em_alloc(ctx, 1, PIECE, "a copy buffer");
	if (buf == NULL)
		emvalid_throw(session, em_ctx_status(ctx));
	for (;;)
	{
		int64_t		got = source->read(source, ctx, buf, PIECE);

		CHECK_FOR_INTERRUPTS();
		if (got < 0)
			emvalid_throw(session, em_ctx_status(ctx));
		if (got == 0)
			break;
		total += got;
		if (total > limit)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("map is larger than emvalid.max_map_size")));
		if (pg_cryptohash_update(sha.hash, (uint8 *) buf, (size_t) got) < 0)
			sha256_failed(&sha);
		if (target != NULL)
			emvalid_check(session, target->write(target, ctx, buf, got));
	}
	em_free(ctx, buf);
	sha256_end(&sha, map->sha256);
	if (total < header.data_offset + header.data_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("map is truncated"),
				 errdetail("The header promises " INT64_FORMAT " bytes, there are " INT64_FORMAT ".",
						   (int64) (header.data_offset + header.data_bytes), total)));
	return total;
}

/* Build the datum of a large object by reading all of it once. */
static EmMap *
adopt(EmSession *session, Oid lo)
{
	EmMap	   *map = emmap_new();
	EmLoReader *reader = emmap_lo_open(session, lo);

	map->lo = lo;
	map->gzip = emmap_lo_is_gzip(reader);
	map->stored_bytes = emmap_lo_length(reader);
	map->file_bytes = pass_all(session, emmap_lo_source(reader), NULL, map);
	emvalid_check(session, emmap_lo_drain(reader, &map->content_hash, &map->head_hash));
	emmap_lo_close(reader);
	return map;
}

PG_FUNCTION_INFO_V1(emvalid_map);

/* em_map(oid) returns emmap: adopt a large object after reading all of it */
Datum
emvalid_map(PG_FUNCTION_ARGS)
{
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	EmMap	   *map = adopt(session, PG_GETARG_OID(0));

	emvalid_end(session);
	PG_RETURN_EMMAP(map);
}

/* Use lz4 for the pages of new large objects where the server has it. */
static int
prefer_lz4(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("default_toast_compression", "lz4", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, DEBUG1, false);
	return level;
}

/* Copy a source to a target as it is. */
static void
copy_all(EmSession *session, em_source *source, em_target *target)
{
	char	   *buf = em_alloc(session->ctx, 1, PIECE, "a copy buffer");

	if (buf == NULL)
		emvalid_throw(session, em_ctx_status(session->ctx));
	for (int64 left = (int64) emvalid_max_map_size << 20;;)
	{
		int64_t		got = source->read(source, session->ctx, buf, PIECE);

		CHECK_FOR_INTERRUPTS();
		if (got < 0)
			emvalid_throw(session, em_ctx_status(session->ctx));
		if (got == 0)
			break;
		left -= got;
		if (left < 0)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("map is larger than emvalid.max_map_size")));
		emvalid_check(session, target->write(target, session->ctx, buf, got));
	}
	em_free(session->ctx, buf);
}

/*
 * Copy a source into a new large object and return its datum.  With `expand`,
 * gzip is undone on the way; otherwise the bytes are kept as they are.
 */
static EmMap *
import(EmSession *session, em_source *source, bool expand)
{
	EmMap	   *map = emmap_new();
	em_source	expanded;
	em_source  *plain = source;
	EmLoWriter *writer;
	bool		gzip;
	int			guc_level = prefer_lz4();

	emvalid_check(session, em_source_is_gzip(session->ctx, source, &gzip));
	map->gzip = gzip && !expand;
	writer = emmap_lo_create(session);
	if (map->gzip)
	{
		copy_all(session, source, emmap_lo_target(writer));
		emvalid_check(session, source->rewind(source, session->ctx));
	}
	if (gzip)
	{
		emvalid_check(session, em_source_gunzip(session->ctx, source,
												(int64_t) emvalid_max_map_size << 20, &expanded));
		plain = &expanded;
	}
	map->file_bytes = pass_all(session, plain, map->gzip ? NULL : emmap_lo_target(writer), map);
	emmap_lo_writer_close(writer, map);
	if (gzip && expanded.close != NULL)
		expanded.close(&expanded, session->ctx);
	AtEOXact_GUC(true, guc_level);
	return map;
}

/* Write a volume into a new large object. */
EmMap *
emmap_store(EmSession *session, const em_volume *volume)
{
	int			guc_level = prefer_lz4();
	EmLoWriter *writer = emmap_lo_create(session);
	EmMap	   *map = emmap_new();

	emvalid_check(session, em_mrc_write(session->ctx, volume, 2, "emvalid " EMVALID_VERSION,
										emmap_lo_target(writer)));
	emmap_lo_writer_close(writer, map);
	AtEOXact_GUC(true, guc_level);
	return adopt(session, map->lo);
}

/* em_source over a file descriptor */
static int64_t
fd_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	ssize_t		got;

	if (em_poll(ctx) != EM_OK)
		return -1;
	do
		got = read((int) (intptr_t) source->arg, buf, (size_t) Min(bytes, PIECE));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		em_fail(ctx, EM_IO, "file could not be read: %s", strerror(errno));
	return got;
}

static em_status
fd_rewind(em_source *source, em_ctx *ctx)
{
	if (lseek((int) (intptr_t) source->arg, 0, SEEK_SET) < 0)
		return em_fail(ctx, EM_IO, "file could not be rewound: %s", strerror(errno));
	return EM_OK;
}

PG_FUNCTION_INFO_V1(emvalid_map_load);

/* em_map_load(path text, expand boolean) returns emmap: import a file of the server */
Datum
emvalid_map_load(PG_FUNCTION_ARGS)
{
	char	   *path = emvalid_readable_path(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	int			fd = OpenTransientFile(path, O_RDONLY | O_NOFOLLOW | PG_BINARY);
	em_source	source = {.read = fd_read,.rewind = fd_rewind};
	EmMap	   *map;

	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	source.arg = (void *) (intptr_t) fd;
	source.length = lseek(fd, 0, SEEK_END);
	emvalid_check(session, fd_rewind(&source, session->ctx));
	map = import(session, &source, PG_GETARG_BOOL(1));
	CloseTransientFile(fd);
	emvalid_end(session);
	PG_RETURN_EMMAP(map);
}

PG_FUNCTION_INFO_V1(emvalid_map_from_bytea);

/* em_map_from_bytea(bytea) returns emmap: keep the bytes as they are in a new large object */
Datum
emvalid_map_from_bytea(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	em_source	source;
	EmMap	   *map;

	em_source_memory(&source, VARDATA_ANY(data), (int64_t) VARSIZE_ANY_EXHDR(data));
	map = import(session, &source, false);
	emvalid_end(session);
	PG_RETURN_EMMAP(map);
}

/* Copy all stored bytes of a map to a target, verified. */
static void
export(EmSession *session, const EmMap *map, em_target *target)
{
	EmLoReader *reader = emmap_lo_open_map(session, map);

	copy_all(session, emmap_lo_source(reader), target);
	emvalid_check(session, emmap_lo_verify(reader, map));
	emmap_lo_close(reader);
}

/* What is left of a bytea that is being filled. */
typedef struct Rest
{
	char	   *next;
	int64		bytes;
} Rest;

/* em_target that appends to preallocated bytea */
static em_status
bytea_write(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	Rest	   *rest = target->arg;

	if (bytes > rest->bytes)
		return em_fail(ctx, EM_CHANGED, "large object holds more than its emmap value says");
	memcpy(rest->next, buf, (size_t) bytes);
	rest->next += bytes;
	rest->bytes -= bytes;
	return em_poll(ctx);
}

PG_FUNCTION_INFO_V1(emvalid_map_to_bytea);

/* em_map_to_bytea(emmap) returns bytea: the uncompressed file */
Datum
emvalid_map_to_bytea(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	bytea	   *data;
	Rest		rest = {.bytes = map->file_bytes};
	em_target	target = {.write = bytea_write,.arg = &rest};

	if (map->file_bytes > (int64) MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("map is too large for bytea"),
				 errdetail("It holds " INT64_FORMAT " bytes.", map->file_bytes),
				 errhint("Use em_map_save(), or lo_export() from the client.")));
	data = palloc((Size) map->file_bytes + VARHDRSZ);
	SET_VARSIZE(data, map->file_bytes + VARHDRSZ);
	rest.next = VARDATA(data);
	export(session, map, &target);
	if (rest.bytes > 0)
		emvalid_check(session, em_fail(session->ctx, EM_CHANGED, "large object holds less than its emmap value says"));
	emvalid_end(session);
	PG_RETURN_BYTEA_P(data);
}

/* em_target over a file descriptor */
static em_status
fd_write(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	for (int64_t done = 0; done < bytes;)
	{
		ssize_t		put = write((int) (intptr_t) target->arg, (const char *) buf + done, (size_t) (bytes - done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return em_fail(ctx, EM_IO, "file could not be written: %s", strerror(errno));
		done += put;
	}
	return em_poll(ctx);
}

PG_FUNCTION_INFO_V1(emvalid_map_save);

/* em_map_save(emmap, path text) returns void: write the uncompressed file on the server */
Datum
emvalid_map_save(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	char	   *path = emvalid_writable_path(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	EmSession  *session = emvalid_begin(CurrentMemoryContext);
	int			fd = OpenTransientFile(path, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY);
	em_target	target = {.write = fd_write};

	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", path)));
	target.arg = (void *) (intptr_t) fd;
	PG_TRY();
	{
		export(session, map, &target);
	}
	PG_CATCH();
	{
		unlink(path);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", path)));
	emvalid_end(session);
	PG_RETURN_VOID();
}
