/*
 * src/pg/emmap_lo.c
 *		Large objects: the only file that touches them.
 *
 * Objects are opened with be_lo_open, never with inv_open: descriptors of the
 * former are closed at the end of the transaction, also after an error.  Reads
 * and writes go through pieces of up to 1 MiB; an error raised inside is caught
 * and remembered, so that libem can unwind.  All stored bytes that pass are
 * hashed (XXH3-64), so a whole read proves the content.
 */
#include "emvalid_pg.h"

#include "libpq/be-fsstubs.h"
#include "libpq/libpq-fs.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define PIECE (1 << 20)

/* Hash over stored bytes as they pass, from the first one on. */
typedef struct StoredHash
{
	XXH3_state_t *state;
	int64		position;		/* bytes so far */
	uint64		head;			/* hash of the first EMMAP_HEAD_SPAN bytes, once they passed */
} StoredHash;

struct EmLoReader
{
	EmSession  *session;
	int			fd;
	int64		length;
	bool		gzip;
	em_source	stored;			/* the bytes of the object */
	em_source	expanded;		/* what comes out of gzip */
	em_source	gunzip;			/* its functions, before counting was put around them */
	int64		expanded_bytes; /* how much came out so far */
	StoredHash	hash;
};

struct EmLoWriter
{
	EmSession  *session;
	Oid			lo;
	int			fd;
	em_target	target;
	StoredHash	hash;
};

/* Start hashing; the state lives in the current memory context. */
static void
hash_begin(StoredHash *h)
{
	h->state = (XXH3_state_t *) TYPEALIGN(64, palloc0(sizeof(XXH3_state_t) + 64));
	XXH3_INITSTATE(h->state);
	XXH3_64bits_reset(h->state);
}

/* Hash the next bytes. */
static void
hash_bytes_passed(StoredHash *h, const char *buf, int64 bytes)
{
	if (h->position < EMMAP_HEAD_SPAN && h->position + bytes >= EMMAP_HEAD_SPAN)
	{
		int64		part = EMMAP_HEAD_SPAN - h->position;

		XXH3_64bits_update(h->state, buf, (size_t) part);
		h->head = XXH3_64bits_digest(h->state);
		XXH3_64bits_update(h->state, buf + part, (size_t) (bytes - part));
	}
	else
		XXH3_64bits_update(h->state, buf, (size_t) bytes);
	h->position += bytes;
}

/* Hash of the head: of all bytes when there are fewer than its span. */
static uint64
hash_head(const StoredHash *h)
{
	return h->position >= EMMAP_HEAD_SPAN ? h->head : XXH3_64bits_digest(h->state);
}

/* lo_read with errors caught; -1 after one. */
static int
read_piece(EmLoReader *r, char *buf, int bytes)
{
	MemoryContext callers = CurrentMemoryContext;
	volatile int got = -1;

	PG_TRY();
	{
		got = lo_read(r->fd, buf, bytes);
	}
	PG_CATCH();
	{
		emvalid_catch(r->session, callers);
	}
	PG_END_TRY();
	return got;
}

/* em_source.read over the object */
static int64_t
source_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	EmLoReader *r = source->arg;
	int			want = (int) Min(bytes, PIECE);
	int			got;

	if (em_poll(ctx) != EM_OK)
		return -1;
	got = read_piece(r, buf, want);
	if (got < 0)
	{
		em_fail(ctx, EM_IO, "large object could not be read");
		return -1;
	}
	hash_bytes_passed(&r->hash, buf, got);
	return got;
}

/* em_source.rewind over the object */
static em_status
source_rewind(em_source *source, em_ctx *ctx)
{
	EmLoReader *r = source->arg;
	MemoryContext callers = CurrentMemoryContext;

	PG_TRY();
	{
		DirectFunctionCall3(be_lo_lseek64, Int32GetDatum(r->fd), Int64GetDatum(0), Int32GetDatum(SEEK_SET));
	}
	PG_CATCH();
	{
		emvalid_catch(r->session, callers);
	}
	PG_END_TRY();
	if (r->session->caught != NULL)
		return em_fail(ctx, EM_IO, "large object could not be read");
	r->hash.position = 0;
	XXH3_64bits_reset(r->hash.state);
	return EM_OK;
}

/* The reader whose expanded source this is. */
static EmLoReader *
reader_of(em_source *expanded)
{
	return (EmLoReader *) ((char *) expanded - offsetof(EmLoReader, expanded));
}

/* em_source.read of the expanded bytes, counted */
static int64_t
expanded_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	EmLoReader *r = reader_of(source);
	int64_t		got = r->gunzip.read(source, ctx, buf, bytes);

	if (got > 0)
		r->expanded_bytes += got;
	return got;
}

/* em_source.rewind of the expanded bytes */
static em_status
expanded_rewind(em_source *source, em_ctx *ctx)
{
	EmLoReader *r = reader_of(source);

	r->expanded_bytes = 0;
	return r->gunzip.rewind(source, ctx);
}

/* Length of an open object. */
static int64
object_length(int fd)
{
	int64		length = DatumGetInt64(DirectFunctionCall3(be_lo_lseek64, Int32GetDatum(fd),
														   Int64GetDatum(0), Int32GetDatum(SEEK_END)));

	DirectFunctionCall3(be_lo_lseek64, Int32GetDatum(fd), Int64GetDatum(0), Int32GetDatum(SEEK_SET));
	return length;
}

/*
 * Open for reading with a snapshot that sees what this very statement has
 * written, so that em_map_stats(em_map_load(...)) works.
 */
static int
open_now(Oid lo)
{
	int			fd;

	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	fd = DatumGetInt32(DirectFunctionCall2(be_lo_open, ObjectIdGetDatum(lo), Int32GetDatum(INV_READ)));
	PopActiveSnapshot();
	return fd;
}

EmLoReader *
emmap_lo_open(EmSession *session, Oid lo)
{
	MemoryContext callers = MemoryContextSwitchTo(session->owner);
	EmLoReader *r = palloc0(sizeof(EmLoReader));

	r->session = session;
	hash_begin(&r->hash);
	r->fd = open_now(lo);
	r->length = object_length(r->fd);
	r->stored.read = source_read;
	r->stored.rewind = source_rewind;
	r->stored.length = r->length;
	r->stored.arg = r;
	MemoryContextSwitchTo(callers);

	emvalid_check(session, em_source_is_gzip(session->ctx, &r->stored, &r->gzip));
	if (r->gzip)
	{
		emvalid_check(session, em_source_gunzip(session->ctx, &r->stored,
												(int64_t) emvalid_max_map_size << 20, &r->expanded));
		r->gunzip = r->expanded;
		r->expanded.read = expanded_read;
		r->expanded.rewind = expanded_rewind;
	}
	return r;
}

/* Explain that an object is not what the value says. */
static void
changed(Oid lo, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("large object %u is not the map that this emmap value describes", lo),
			 errdetail("%s", detail),
			 errhint("The object was overwritten or truncated, is not restored yet, or belongs to another database; "
					 "load the file again or adopt the object anew with em_map().")));
}

/*
 * Does the file begin with the header that the value shows?  Whoever trusts the
 * value's box must know that the voxels come in the same one.  Rewinds.
 */
static void
check_header(EmLoReader *r, const EmMap *map)
{
	em_ctx	   *ctx = r->session->ctx;
	em_source  *source = emmap_lo_source(r);
	uint8		header[EMMAP_HEADER_BYTES];

	emvalid_check(r->session, source->rewind(source, ctx));
	emvalid_check(r->session, em_source_read_all(ctx, source, header, EMMAP_HEADER_BYTES, "the header of the map"));
	if (memcmp(header, map->header, EMMAP_HEADER_BYTES) != 0)
		changed(map->lo, "Its header differs.");
	emvalid_check(r->session, source->rewind(source, ctx));
}

EmLoReader *
emmap_lo_open_map(EmSession *session, const EmMap *map)
{
	EmLoReader *r = emmap_lo_open(session, map->lo);
	char	   *head;
	int64		span = Min(map->stored_bytes, EMMAP_HEAD_SPAN);

	if (r->length != map->stored_bytes)
		changed(map->lo, psprintf("It holds " INT64_FORMAT " bytes instead of " INT64_FORMAT ".",
								  r->length, map->stored_bytes));
	if (r->gzip != map->gzip)
		changed(map->lo, "Its compression differs.");
	head = palloc(span);
	emvalid_check(session, source_rewind(&r->stored, session->ctx));
	emvalid_check(session, em_source_read_all(session->ctx, &r->stored, head, span, "the head of the map"));
	if (hash_head(&r->hash) != map->head_hash)
		changed(map->lo, "The first bytes differ.");
	pfree(head);
	check_header(r, map);
	return r;
}

em_source *
emmap_lo_source(EmLoReader *reader)
{
	return reader->gzip ? &reader->expanded : &reader->stored;
}

bool
emmap_lo_is_gzip(EmLoReader *reader)
{
	return reader->gzip;
}

int64
emmap_lo_length(EmLoReader *reader)
{
	return reader->length;
}

em_status
emmap_lo_drain(EmLoReader *reader, uint64 *content_hash, uint64 *head_hash)
{
	em_ctx	   *ctx = reader->session->ctx;
	char	   *buf = NULL;
	em_status	status = EM_OK;

	if (reader->hash.position < reader->length)
	{
		buf = em_alloc(ctx, 1, 65536, "a read buffer");
		if (buf == NULL)
			return em_ctx_status(ctx);
	}
	while (status == EM_OK && reader->hash.position < reader->length)
	{
		int64_t		got = source_read(&reader->stored, ctx, buf, 65536);

		if (got < 0)
			status = em_ctx_status(ctx);
		else if (got == 0)
			status = em_fail(ctx, EM_TRUNCATED, "large object ends early");
	}
	em_free(ctx, buf);
	*content_hash = XXH3_64bits_digest(reader->hash.state);
	*head_hash = hash_head(&reader->hash);
	return status;
}

/* Expand gzip to its end, which also checks its checksum; count the bytes. */
static em_status
drain_expanded(EmLoReader *reader, int64 limit)
{
	em_ctx	   *ctx = reader->session->ctx;
	em_source  *source = &reader->expanded;
	char	   *buf = em_alloc(ctx, 1, 65536, "a read buffer");
	int64_t		got = 1;

	if (buf == NULL)
		return em_ctx_status(ctx);
	while (got > 0 && reader->expanded_bytes <= limit)
		got = source->read(source, ctx, buf, 65536);
	em_free(ctx, buf);
	if (got < 0)
		return em_ctx_status(ctx);
	if (reader->expanded_bytes != limit)
		return em_fail(ctx, EM_CHANGED, "the map expands to another length than its emmap value says");
	return EM_OK;
}

em_status
emmap_lo_verify(EmLoReader *reader, const EmMap *map)
{
	em_ctx	   *ctx = reader->session->ctx;
	uint64		content;
	uint64		head;

	if (reader->gzip)
		EM_TRY(drain_expanded(reader, map->file_bytes));
	EM_TRY(emmap_lo_drain(reader, &content, &head));
	if (content == map->content_hash && head == map->head_hash)
		return EM_OK;
	em_fail(ctx, EM_CHANGED, "large object %u was overwritten since the map was loaded", map->lo);
	em_fail_detail(ctx, "The hash over its bytes differs from the fingerprint in the emmap value.");
	em_fail_hint(ctx, "Load the file again, or adopt the object anew with em_map().");
	return EM_CHANGED;
}

void
emmap_lo_close(EmLoReader *reader)
{
	if (reader->gzip && reader->expanded.close != NULL)
		reader->expanded.close(&reader->expanded, reader->session->ctx);
	DirectFunctionCall1(be_lo_close, Int32GetDatum(reader->fd));
}

em_status
emmap_read_volume(EmSession *session, const EmMap *map, const char *what, em_volume **out)
{
	EmLoReader *reader = emmap_lo_open_map(session, map);
	em_mrc_header header;
	em_status	status;

	status = em_mrc_read(session->ctx, emmap_lo_source(reader), what, &header, out);
	if (status == EM_OK)
	{
		status = emmap_lo_verify(reader, map);
		if (status != EM_OK)
		{
			em_volume_destroy(session->ctx, *out);
			*out = NULL;
		}
	}
	if (session->caught == NULL)
		emmap_lo_close(reader);
	return status;
}

/* lo_write with errors caught; false after one. */
static bool
write_piece(EmLoWriter *w, const char *buf, int bytes)
{
	MemoryContext callers = CurrentMemoryContext;

	PG_TRY();
	{
		lo_write(w->fd, buf, bytes);
	}
	PG_CATCH();
	{
		emvalid_catch(w->session, callers);
	}
	PG_END_TRY();
	return w->session->caught == NULL;
}

/* em_target.write into the object */
static em_status
target_write(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	EmLoWriter *w = target->arg;
	const char *p = buf;

	while (bytes > 0)
	{
		int			piece = (int) Min(bytes, PIECE);

		EM_TRY(em_poll(ctx));
		if (!write_piece(w, p, piece))
			return em_fail(ctx, EM_IO, "large object could not be written");
		hash_bytes_passed(&w->hash, p, piece);
		p += piece;
		bytes -= piece;
	}
	return EM_OK;
}

EmLoWriter *
emmap_lo_create(EmSession *session)
{
	MemoryContext callers = MemoryContextSwitchTo(session->owner);
	EmLoWriter *w = palloc0(sizeof(EmLoWriter));

	hash_begin(&w->hash);
	MemoryContextSwitchTo(callers);
	w->session = session;
	w->lo = DatumGetObjectId(DirectFunctionCall1(be_lo_create, ObjectIdGetDatum(InvalidOid)));
	w->fd = DatumGetInt32(DirectFunctionCall2(be_lo_open, ObjectIdGetDatum(w->lo),
											  Int32GetDatum(INV_READ | INV_WRITE)));
	w->target.write = target_write;
	w->target.arg = w;
	return w;
}

em_target *
emmap_lo_target(EmLoWriter *writer)
{
	return &writer->target;
}

void
emmap_lo_writer_close(EmLoWriter *writer, EmMap *map)
{
	DirectFunctionCall1(be_lo_close, Int32GetDatum(writer->fd));
	map->lo = writer->lo;
	map->stored_bytes = writer->hash.position;
	map->content_hash = XXH3_64bits_digest(writer->hash.state);
	map->head_hash = hash_head(&writer->hash);
}
