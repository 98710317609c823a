/*
 * src/pg/emmap_text.c
 *		The text form of emmap: one line of words and key=value pairs.
 *
 *		100x100x100 mode 2 lo=16401 stored=4001024 file=4001024 gzip=0
 *		hash=0123456789abcdef head=0123456789abcdef sha256=<64 hex> header=<448 hex>
 *
 * Box and mode are there for the reader; they must agree with the header.
 */
#include "emvalid_pg.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

/* Format the text form. */
char *
emmap_format(const EmMap *map)
{
	em_mrc_header h;
	StringInfoData s;

	emmap_decode(map, &h);
	initStringInfo(&s);
	appendStringInfo(&s, "%lldx%lldx%lld mode %d lo=%u stored=" INT64_FORMAT " file=" INT64_FORMAT
					 " gzip=%d hash=%016llx head=%016llx sha256=",
					 (long long) h.grid.n[0], (long long) h.grid.n[1], (long long) h.grid.n[2],
					 h.mode, map->lo, map->stored_bytes, map->file_bytes, map->gzip ? 1 : 0,
					 (unsigned long long) map->content_hash, (unsigned long long) map->head_hash);
	for (int i = 0; i < 32; i++)
		appendStringInfo(&s, "%02x", map->sha256[i]);
	appendStringInfoString(&s, " header=");
	for (int i = 0; i < EMMAP_HEADER_BYTES; i++)
		appendStringInfo(&s, "%02x", map->header[i]);
	return s.data;
}

/* Complain about a text that is not an emmap. */
static void
syntax_error(const char *text, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.60s\"", "emmap", text),
			 errdetail("%s", what),
			 errhint("Make emmap values with em_map_load(), em_map() or em_map_from_bytea().")));
}

/* Value of one hexadecimal digit, or -1. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Step over " key=" and return what follows it. */
static const char *
expect(const char *p, const char *key, const char *text)
{
	size_t		n = strlen(key);

	if (p[0] != ' ' || strncmp(p + 1, key, n) != 0 || p[n + 1] != '=')
		syntax_error(text, psprintf("Expected \"%s=\".", key));
	return p + n + 2;
}

/* Read exactly n bytes written as hexadecimal digits. */
static const char *
parse_hex(const char *p, uint8 *out, int n, const char *text)
{
	for (int i = 0; i < n; i++)
	{
		int			hi = hex_digit(p[0]);
		int			lo = hi < 0 ? -1 : hex_digit(p[1]);

		if (lo < 0)
			syntax_error(text, "Expected hexadecimal digits.");
		out[i] = (uint8) (hi * 16 + lo);
		p += 2;
	}
	return p;
}

/* Read a non-negative number no larger than `max`. */
static const char *
parse_number(const char *p, uint64 max, uint64 *out, const char *text)
{
	uint64		v = 0;

	if (*p < '0' || *p > '9')
		syntax_error(text, "Expected a number.");
	for (; *p >= '0' && *p <= '9'; p++)
	{
		uint64		digit = (uint64) (*p - '0');

		if (v > (max - digit) / 10)
			syntax_error(text, "A number is out of range.");
		v = v * 10 + digit;
	}
	*out = v;
	return p;
}

/* Eight hexadecimal bytes, most significant first. */
static const char *
parse_hash(const char *p, uint64 *out, const char *text)
{
	uint8		b[8];

	p = parse_hex(p, b, 8, text);
	*out = 0;
	for (int i = 0; i < 8; i++)
		*out = (*out << 8) | b[i];
	return p;
}

/* Parse the text form; ERROR for anything that emmap_format would not write. */
EmMap *
emmap_parse(const char *text)
{
	EmMap	   *map = emmap_new();
	const char *p = strstr(text, " lo=");
	uint64		v;

	if (p == NULL)
		syntax_error(text, "Expected \"lo=\".");
	p = parse_number(expect(p, "lo", text), PG_UINT32_MAX, &v, text);
	map->lo = (Oid) v;
	p = parse_number(expect(p, "stored", text), PG_INT64_MAX, &v, text);
	map->stored_bytes = (int64) v;
	p = parse_number(expect(p, "file", text), PG_INT64_MAX, &v, text);
	map->file_bytes = (int64) v;
	p = parse_number(expect(p, "gzip", text), 1, &v, text);
	map->gzip = v != 0;
	p = parse_hash(expect(p, "hash", text), &map->content_hash, text);
	p = parse_hash(expect(p, "head", text), &map->head_hash, text);
	p = parse_hex(expect(p, "sha256", text), map->sha256, 32, text);
	p = parse_hex(expect(p, "header", text), map->header, EMMAP_HEADER_BYTES, text);
	if (*p != '\0')
		syntax_error(text, "Junk after the value.");
	if (!map->gzip && map->stored_bytes != map->file_bytes)
		syntax_error(text, "The lengths contradict each other.");
	if (strcmp(emmap_format(map), text) != 0)
		syntax_error(text, "The box or the mode does not agree with the header.");
	return map;
}
