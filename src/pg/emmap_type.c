/*
 * src/pg/emmap_type.c
 *		The type emmap: text and binary form, comparison, hashing.
 *
 * None of these functions opens the large object: pg_restore, COPY and
 * triggers handle values whose large object is not there yet.
 */
#include "emvalid_pg.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

/* A zeroed datum. */
EmMap *
emmap_new(void)
{
	EmMap	   *map = palloc0(sizeof(EmMap));

	SET_VARSIZE(map, sizeof(EmMap));
	map->version = EMMAP_VERSION;
	return map;
}

/* Decode the header kept in the datum; ERROR when it is not valid. */
void
emmap_decode(const EmMap *map, em_mrc_header *header)
{
	uint8		bytes[EM_MRC_HEADER_BYTES] = {0};
	EmSession  *session;

	if (VARSIZE(map) != sizeof(EmMap) || map->version != EMMAP_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("emmap value of version %d is not supported", map->version)));
	memcpy(bytes, map->header, EMMAP_HEADER_BYTES);
	session = emvalid_begin(CurrentMemoryContext);
	emvalid_check(session, em_mrc_parse_header(session->ctx, bytes, map->file_bytes, header));
	emvalid_end(session);
}

PG_FUNCTION_INFO_V1(emmap_in);

/* emmap_in(cstring) returns emmap */
Datum
emmap_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_EMMAP(emmap_parse(PG_GETARG_CSTRING(0)));
}

PG_FUNCTION_INFO_V1(emmap_out);

/* emmap_out(emmap) returns cstring */
Datum
emmap_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(emmap_format(PG_GETARG_EMMAP(0)));
}

PG_FUNCTION_INFO_V1(emmap_recv);

/* emmap_recv(internal) returns emmap: version byte, then the fields in network order */
Datum
emmap_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	EmMap	   *map = emmap_new();
	int			version = pq_getmsgbyte(buf);
	em_mrc_header header;

	if (version != EMMAP_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported version %d of the binary form of emmap", version)));
	map->gzip = pq_getmsgbyte(buf) != 0;
	map->lo = pq_getmsgint(buf, 4);
	map->stored_bytes = pq_getmsgint64(buf);
	map->file_bytes = pq_getmsgint64(buf);
	map->content_hash = (uint64) pq_getmsgint64(buf);
	map->head_hash = (uint64) pq_getmsgint64(buf);
	pq_copymsgbytes(buf, (char *) map->sha256, sizeof(map->sha256));
	pq_copymsgbytes(buf, (char *) map->header, EMMAP_HEADER_BYTES);
	if (map->stored_bytes < 0 || map->file_bytes < 0 || (!map->gzip && map->stored_bytes != map->file_bytes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("lengths in the binary form of emmap contradict each other")));
	emmap_decode(map, &header);
	PG_RETURN_EMMAP(map);
}

PG_FUNCTION_INFO_V1(emmap_send);

/* emmap_send(emmap) returns bytea */
Datum
emmap_send(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, EMMAP_VERSION);
	pq_sendbyte(&buf, map->gzip ? 1 : 0);
	pq_sendint32(&buf, map->lo);
	pq_sendint64(&buf, (uint64) map->stored_bytes);
	pq_sendint64(&buf, (uint64) map->file_bytes);
	pq_sendint64(&buf, map->content_hash);
	pq_sendint64(&buf, map->head_hash);
	pq_sendbytes(&buf, (char *) map->sha256, sizeof(map->sha256));
	pq_sendbytes(&buf, (char *) map->header, EMMAP_HEADER_BYTES);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* Order by large object, then by content. */
static int
compare(const EmMap *a, const EmMap *b)
{
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->content_hash != b->content_hash)
		return a->content_hash < b->content_hash ? -1 : 1;
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256));
}

PG_FUNCTION_INFO_V1(emmap_cmp);

/* emmap_cmp(emmap, emmap) returns int4: btree support */
Datum
emmap_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(PG_GETARG_EMMAP(0), PG_GETARG_EMMAP(1)));
}

#define COMPARISON(name, op) \
	PG_FUNCTION_INFO_V1(emmap_##name); \
	Datum \
	emmap_##name(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(compare(PG_GETARG_EMMAP(0), PG_GETARG_EMMAP(1)) op 0); \
	}

COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(gt, >)
COMPARISON(ge, >=)

PG_FUNCTION_INFO_V1(emmap_hash);

/* emmap_hash(emmap) returns int4: hash support */
Datum
emmap_hash(PG_FUNCTION_ARGS)
{
	EmMap	   *map = PG_GETARG_EMMAP(0);

	PG_RETURN_INT32((int32) hash_combine(hash_bytes_uint32(map->lo),
										 hash_bytes((unsigned char *) &map->content_hash, 8)));
}

PG_FUNCTION_INFO_V1(emmap_same_content);

/* em_same_content(emmap, emmap) returns boolean: equal uncompressed files */
Datum
emmap_same_content(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(memcmp(PG_GETARG_EMMAP(0)->sha256, PG_GETARG_EMMAP(1)->sha256, 32) == 0);
}
