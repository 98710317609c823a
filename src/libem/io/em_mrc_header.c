/*
 * src/libem/io/em_mrc_header.c
 *		Decode and check the 1024 bytes at the start of an MRC/CCP4 map.
 */
#include "io/em_io_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_AXIS 65535
#define MAX_VOXELS ((int64_t) 1 << 40)
#define IMOD_STAMP 1146047817	/* "IMOD" read as a little-endian number */
#define IMOD_SIGNED 1
#define IMOD_4BIT 16

/* Places in the header, bytes from its start. */
enum
{
	AT_N = 0, AT_MODE = 12, AT_START = 16, AT_M = 28, AT_CELL = 40, AT_ANGLE = 52, AT_AXIS = 64,
	AT_DMIN = 76, AT_ISPG = 88, AT_NSYMBT = 92, AT_EXTTYP = 104, AT_NVERSION = 108, AT_IMOD = 152,
	AT_ORIGIN = 196, AT_MAGIC = 208, AT_STAMP = 212, AT_RMS = 216, AT_NLABEL = 220, AT_LABEL = 224
};

/* The 32-bit word at a place. */
static uint32_t
word(const uint8_t *b, int at, bool big)
{
	const uint8_t *p = b + at;

	if (big)
		return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
	return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 | p[0];
}

/* The same as a signed number. */
static int32_t
int_at(const uint8_t *b, int at, bool big)
{
	return (int32_t) word(b, at, big);
}

/* The same as a float. */
static float
float_at(const uint8_t *b, int at, bool big)
{
	uint32_t	bits = word(b, at, big);
	float		f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

int
em_mrc_stamp_order(const uint8_t stamp[4])
{
	if (stamp[0] == 0x44 && (stamp[1] == 0x44 || stamp[1] == 0x41))
		return 0;
	if (stamp[0] == 0x11 && stamp[1] == 0x11)
		return 1;
	return -1;
}

/* A mode the format page lists. */
static bool
known_mode(int32_t mode)
{
	return (mode >= 0 && mode <= 4) || mode == 6 || mode == 12 || mode == 101;
}

/* How much sense a byte order makes, 0..6. */
static int
plausibility(const uint8_t *b, bool big)
{
	int			score = 0;

	for (int j = 0; j < 3; j++)
	{
		int32_t		n = int_at(b, AT_N + 4 * j, big);

		score += n >= 1 && n <= MAX_AXIS;
	}
	score += known_mode(int_at(b, AT_MODE, big));
	score += word(b, AT_AXIS, big) <= 3;
	score += word(b, AT_NSYMBT, big) < 0x01000000;
	return score;
}

/* The byte order that makes more sense; a tie is decided by the stamp, else little-endian. */
static bool
find_byte_order(const uint8_t *b)
{
	int			little = plausibility(b, false);
	int			big = plausibility(b, true);

	if (little != big)
		return big > little;
	return em_mrc_stamp_order(b + AT_STAMP) == 1;
}

/* Copy a label: printable ASCII up to the first NUL, without trailing blanks. */
static void
decode_label(const uint8_t *b, em_mrc_header *h, int which)
{
	char	   *to = h->label[which];
	int			n = 0;

	while (n < 80 && b[n] != 0)
	{
		bool		printable = b[n] >= 32 && b[n] < 127;

		to[n] = printable ? (char) b[n] : '?';
		if (!printable && which < h->nlabel)
			h->label_unprintable++;
		n++;
	}
	while (n > 0 && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

/* Everything as it is in the file. */
static void
decode(const uint8_t *b, em_mrc_header *h)
{
	bool		big = find_byte_order(b);

	memset(h, 0, sizeof(*h));
	h->big_endian = big;
	h->nc = int_at(b, AT_N, big);
	h->nr = int_at(b, AT_N + 4, big);
	h->ns = int_at(b, AT_N + 8, big);
	h->mode = int_at(b, AT_MODE, big);
	h->start_c = int_at(b, AT_START, big);
	h->start_r = int_at(b, AT_START + 4, big);
	h->start_s = int_at(b, AT_START + 8, big);
	for (int j = 0; j < 3; j++)
	{
		h->m[j] = int_at(b, AT_M + 4 * j, big);
		h->cell[j] = float_at(b, AT_CELL + 4 * j, big);
		h->angle[j] = float_at(b, AT_ANGLE + 4 * j, big);
		h->map_axis[j] = int_at(b, AT_AXIS + 4 * j, big);
		h->origin[j] = float_at(b, AT_ORIGIN + 4 * j, big);
	}
	h->dmin = float_at(b, AT_DMIN, big);
	h->dmax = float_at(b, AT_DMIN + 4, big);
	h->dmean = float_at(b, AT_DMIN + 8, big);
	h->rms = float_at(b, AT_RMS, big);
	h->ispg = int_at(b, AT_ISPG, big);
	h->nsymbt = int_at(b, AT_NSYMBT, big);
	h->nversion = int_at(b, AT_NVERSION, big);
	h->nlabel = int_at(b, AT_NLABEL, big);
	for (int i = 0; i < 4; i++)
	{
		uint8_t		c = b[AT_EXTTYP + i];

		h->exttyp[i] = c == 0 ? '\0' : c >= 32 && c < 127 ? (char) c : '?';
	}
	memcpy(h->magic, b + AT_MAGIC, 4);
	memcpy(h->stamp, b + AT_STAMP, 4);
	for (int i = 0; i < 10; i++)
		decode_label(b + AT_LABEL + 80 * i, h, i);
	h->imod_stamp = int_at(b, AT_IMOD, big) == IMOD_STAMP;
	h->imod_flags = h->imod_stamp ? int_at(b, AT_IMOD + 4, big) : 0;
	h->unsigned_bytes = h->mode == 0 && h->imod_stamp && (h->imod_flags & IMOD_SIGNED) == 0;
}

/* What a file without sensible dimensions begins with, in words, or NULL. */
static const char *
recognise(const uint8_t *b)
{
	static const struct
	{
		const char *bytes;
		int			n;
		const char *what;
	}			known[] =
	{
		{"\x1f\x8b", 2, "gzip data"},
		{"BZh", 3, "bzip2 data"},
		{"\xfd" "7zXZ", 5, "xz data"},
		{"\x28\xb5\x2f\xfd", 4, "zstd data"},
		{"PK\x03\x04", 4, "a zip archive"},
		{"\x89" "HDF", 4, "an HDF5 file"},
		{"\x93NUMPY", 6, "a NumPy array"},
		{"II*\0", 4, "a TIFF image"},
		{"MM\0*", 4, "a TIFF image"},
		{"version https://git-lfs", 23, "a Git LFS pointer instead of the file"},
		{"<", 1, "XML or HTML"},
		{"data_", 5, "a STAR or mmCIF file"},
		{"HEADER", 6, "a PDB file"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memcmp(b, known[i].bytes, (size_t) known[i].n) == 0)
			return known[i].what;
	if (b[0] <= 6 && b[3] >= 1 && b[3] <= 9 && word(b, 4, false) - 1 < MAX_AXIS &&
		word(b, 8, false) - 1 < MAX_AXIS && word(b, 12, false) - 1 < MAX_AXIS)
		return "a volume in EM format";
	return NULL;
}

/* Are there voxels, and not too many? */
static em_status
check_dimensions(em_ctx *ctx, const uint8_t *b, const em_mrc_header *h)
{
	int64_t		n[3] = {h->nc, h->nr, h->ns};
	bool		magic = memcmp(h->magic, "MAP", 3) == 0;
	bool		large = false;

	for (int j = 0; j < 3; j++)
	{
		if (n[j] < 1 || (n[j] > MAX_AXIS && !magic))
		{
			const char *what = recognise(b);

			em_fail(ctx, EM_BAD_FORMAT, "not an MRC/CCP4 map");
			if (what != NULL)
				em_fail_detail(ctx, "This looks like %s.", what);
			else
				em_fail_detail(ctx, "As a map it would have %lld x %lld x %lld voxels.",
							   (long long) n[0], (long long) n[1], (long long) n[2]);
			em_fail_hint(ctx, "Give a file in MRC2014 or CCP4 format, plain or compressed with gzip.");
			return EM_BAD_FORMAT;
		}
		large = large || n[j] > MAX_AXIS;
	}
	if (large || n[0] * n[1] > MAX_VOXELS / n[2])
	{
		em_fail(ctx, EM_TOO_LARGE, "the map is too large");
		em_fail_detail(ctx, "Its header promises %lld x %lld x %lld voxels; the limits are %d along an axis "
					   "and 2^40 in all.", (long long) n[0], (long long) n[1], (long long) n[2], MAX_AXIS);
		em_fail_hint(ctx, "Crop or bin the map.");
		return EM_TOO_LARGE;
	}
	return EM_OK;
}

/* Can voxels of this mode be read? */
static em_status
check_mode(em_ctx *ctx, const em_mrc_header *h)
{
	switch (h->mode)
	{
		case 3:
		case 4:
			em_fail(ctx, EM_UNSUPPORTED, "mode %d (complex numbers) holds a transform, not a map", h->mode);
			em_fail_hint(ctx, "Transform it back to real space and save it as mode 2 (float32).");
			return EM_UNSUPPORTED;
		case 101:
			em_fail(ctx, EM_UNSUPPORTED, "mode 101 (4-bit packed) is not read");
			em_fail_hint(ctx, "Save the map as mode 0 (int8) or 2 (float32).");
			return EM_UNSUPPORTED;
		default:
			break;
	}
	if (em_mrc_mode_bytes(h->mode) == 0)
	{
		em_fail(ctx, EM_BAD_FORMAT, "unknown mode %d", h->mode);
		em_fail_detail(ctx, "Modes 0, 1, 2, 6 and 12 are read.");
		em_fail_hint(ctx, "Save the map as mode 2 (float32).");
		return EM_BAD_FORMAT;
	}
	if (h->mode == 0 && (h->imod_flags & IMOD_4BIT) != 0)
	{
		em_fail(ctx, EM_UNSUPPORTED, "mode 0 with two 4-bit values a byte is not read");
		em_fail_detail(ctx, "IMOD's flags (%d) in the header say so.", h->imod_flags);
		em_fail_hint(ctx, "Save the map as mode 0 (int8) or 2 (float32).");
		return EM_UNSUPPORTED;
	}
	return EM_OK;
}

/* Repair unset axes, refuse what is no permutation. */
static em_status
check_axes(em_ctx *ctx, em_mrc_header *h)
{
	int			seen = 0;

	h->axes_unset = h->map_axis[0] == 0 && h->map_axis[1] == 0 && h->map_axis[2] == 0;
	for (int j = 0; j < 3; j++)
	{
		if (h->axes_unset)
			h->map_axis[j] = j + 1;
		if (h->map_axis[j] >= 1 && h->map_axis[j] <= 3)
			seen |= 1 << h->map_axis[j];
	}
	if (seen == (1 << 1 | 1 << 2 | 1 << 3))
		return EM_OK;
	em_fail(ctx, EM_BAD_FORMAT, "the axis order is not a permutation of 1, 2, 3");
	em_fail_detail(ctx, "MAPC, MAPR, MAPS are %d, %d, %d.", h->map_axis[0], h->map_axis[1], h->map_axis[2]);
	em_fail_hint(ctx, "Set words 17 to 19 of the header to the axes of columns, rows and sections.");
	return EM_BAD_FORMAT;
}

/*
 * What the writer of a single-precision number meant: 153.6 rather than
 * 153.600006, the shortest decimal that reads back as the same float.
 */
static double
meant(float f)
{
	char		text[32];

	for (int digits = 6; digits <= 9; digits++)
	{
		snprintf(text, sizeof(text), "%.*g", digits, (double) f);
		if (strtof(text, NULL) == f)
			break;
	}
	return strtod(text, NULL);
}

/* The geometry in x, y, z order. */
static void
derive_grid(em_mrc_header *h)
{
	const int32_t n[3] = {h->nc, h->nr, h->ns};
	const int32_t start[3] = {h->start_c, h->start_r, h->start_s};

	for (int j = 0; j < 3; j++)
	{
		int			axis = h->map_axis[j] - 1;

		h->grid.n[axis] = n[j];
		h->grid.start[axis] = start[j];
	}
	for (int j = 0; j < 3; j++)
	{
		bool		usable = isfinite(h->cell[j]) && h->cell[j] > 0 && h->m[j] > 0;

		h->grid.voxel[j] = usable ? meant(h->cell[j]) / h->m[j] : 0;
		h->grid.origin[j] = isfinite(h->origin[j]) ? h->origin[j] : 0;
		h->grid.angle[j] = isfinite(h->angle[j]) ? h->angle[j] : 0;
	}
}

/* EM_TRUNCATED, with the numbers, when the file is shorter than promised. */
static em_status
check_length(em_ctx *ctx, const em_mrc_header *h, int64_t length)
{
	int64_t		promised = h->data_offset + h->data_bytes;

	if (length < 0 || length >= promised)
		return EM_OK;
	em_fail(ctx, EM_TRUNCATED, "the file has %lld bytes but its header promises %lld",
			(long long) length, (long long) promised);
	em_fail_detail(ctx, "It promises %d x %d x %d voxels of %d bytes behind %lld bytes of header.",
				   h->nc, h->nr, h->ns, em_mrc_mode_bytes(h->mode), (long long) h->data_offset);
	if (h->nsymbt > 0 && length == promised - h->nsymbt)
		em_fail_hint(ctx, "The length fits if there is no extended header: set NSYMBT (now %d) to 0.",
					 h->nsymbt);
	else
		em_fail_hint(ctx, "Fetch the file again, or correct its header.");
	return EM_TRUNCATED;
}

em_status
em_mrc_check_source(em_ctx *ctx, const em_mrc_header *h, const em_source *source)
{
	EM_TRY(check_length(ctx, h, source->length));
	return em_source_expect(ctx, source, h->data_offset + h->data_bytes);
}

em_status
em_mrc_parse_header(em_ctx *ctx, const uint8_t bytes[EM_MRC_HEADER_BYTES], int64_t length, em_mrc_header *h)
{
	decode(bytes, h);
	EM_TRY(check_dimensions(ctx, bytes, h));
	EM_TRY(check_mode(ctx, h));
	EM_TRY(check_axes(ctx, h));
	if (h->ispg >= 401 && h->ispg <= 630)
	{
		em_fail(ctx, EM_UNSUPPORTED, "the file is a stack of volumes");
		em_fail_detail(ctx, "ISPG is %d, with %d sections a volume and %d in all.", h->ispg, h->m[2], h->ns);
		em_fail_hint(ctx, "Save each volume to a file of its own with ISPG 1.");
		return EM_UNSUPPORTED;
	}
	if (h->nsymbt < 0)
	{
		em_fail(ctx, EM_BAD_FORMAT, "the extended header has a negative length");
		em_fail_detail(ctx, "NSYMBT is %d.", h->nsymbt);
		em_fail_hint(ctx, "Set word 24 of the header to the bytes between the header and the first voxel.");
		return EM_BAD_FORMAT;
	}
	h->data_offset = EM_MRC_HEADER_BYTES + (int64_t) h->nsymbt;
	h->data_bytes = (int64_t) h->nc * h->nr * h->ns * em_mrc_mode_bytes(h->mode);
	derive_grid(h);
	return check_length(ctx, h, length);
}

em_status
em_mrc_read_header(em_ctx *ctx, em_source *source, em_mrc_header *out)
{
	uint8_t		bytes[EM_MRC_HEADER_BYTES];

	memset(out, 0, sizeof(*out));
	EM_TRY(em_source_read_all(ctx, source, bytes, sizeof(bytes), "the header"));
	EM_TRY(em_mrc_parse_header(ctx, bytes, source->length, out));
	return em_mrc_check_source(ctx, out, source);
}
