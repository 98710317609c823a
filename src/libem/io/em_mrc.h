/*
 * src/libem/io/em_mrc.h
 *		MRC2014 / CCP4 maps: header, lint, reader, writer.
 *
 * Cheng et al. 2015, doi:10.1016/j.jsb.2015.04.002, and the format page of
 * CCP-EM (mode 12 and mode 101 of 2022).  Every size is checked in 64 bits
 * against the true length before anything is allocated.
 */
#ifndef EM_MRC_H
#define EM_MRC_H

#include "io/em_source.h"
#include "volume/em_volume.h"

#define EM_MRC_HEADER_BYTES 1024

/* The decoded header.  File axes (c, r, s = column, row, section) are kept as they are. */
typedef struct em_mrc_header
{
	int32_t		nc, nr, ns;		/* NX, NY, NZ: voxels along file axes */
	int32_t		mode;
	int32_t		start_c, start_r, start_s;	/* NXSTART.. along file axes */
	int32_t		m[3];			/* MX, MY, MZ along x, y, z */
	float		cell[3];		/* Å along x, y, z */
	float		angle[3];		/* degrees */
	int32_t		map_axis[3];	/* MAPC, MAPR, MAPS after repair (0,0,0 reads as 1,2,3) */
	bool		axes_unset;		/* they were 0,0,0 in the file */
	float		dmin, dmax, dmean, rms;
	int32_t		ispg;
	int32_t		nsymbt;			/* bytes of the extended header */
	char		exttyp[5];
	int32_t		nversion;
	float		origin[3];		/* Å, x, y, z */
	char		magic[4];		/* "MAP " as found */
	uint8_t		stamp[4];		/* machine stamp as found */
	int32_t		nlabel;
	bool		big_endian;		/* byte order the file was read with */
	bool		unsigned_bytes; /* mode 0 with IMOD's flag for unsigned bytes */
	bool		imod_stamp;		/* written by IMOD or a program that uses its flags */
	int32_t		imod_flags;		/* 1 signed bytes, 2, 4 origin inverted, 8, 16 4-bit; 0 without stamp */
	int32_t		label_unprintable;	/* bytes of the labels in use that are not printable ASCII */
	char		label[10][81];	/* printable ASCII, others as '?'; trailing blanks removed */

	/* Derived, x, y, z order */
	em_grid		grid;			/* voxel = cell/m; 0 where the cell or m is not positive */
	int64_t		data_offset;	/* bytes before the first voxel */
	int64_t		data_bytes;		/* bytes of the voxels */
} em_mrc_header;

/*
 * Decode and check a header.  `length` is the length of the uncompressed file,
 * or -1 when unknown (gzip).  The byte order is the one that makes sense of the
 * dimensions and the mode; the machine stamp decides when both do.  Statuses:
 * EM_BAD_FORMAT, EM_UNSUPPORTED (modes 3, 4, 101; volume stacks ISPG 401..,
 * each with a hint), EM_TRUNCATED (length shorter than promised, with the
 * numbers), EM_TOO_LARGE (an axis beyond 65535 or more than 2^40 voxels).
 */
extern em_status em_mrc_parse_header(em_ctx *ctx, const uint8_t bytes[EM_MRC_HEADER_BYTES],
									 int64_t length, em_mrc_header *out);

/* One defect of a header. */
typedef struct em_lint
{
	const char *severity;		/* "error", "warning", "info" */
	const char *code;			/* stable, e.g. "magic_missing" */
	char		message[256];
} em_lint;

#define EM_LINT_MAX 64			/* no header has more */

/*
 * Defects of a header, at most `max`; returns how many were stored.  `length`
 * is that of the uncompressed file, -1 when unknown.  `stats` (recomputed) may
 * be NULL; with it the header's statistics are compared and voxels judged.
 */
extern int	em_mrc_lint(const em_mrc_header *header, int64_t length, const em_stats *stats,
						em_lint *out, int max);

/*
 * Read and check the header at the start of a source (plain or already
 * expanded).  Leaves the source behind the first 1024 bytes.
 */
extern em_status em_mrc_read_header(em_ctx *ctx, em_source *source, em_mrc_header *out);

/*
 * Read header and voxels into a new volume in x, y, z order, converting every
 * supported mode (0, 1, 2, 6, 12) to float.  The source stands at its start.
 * The budget is checked before the volume is allocated.  Reads to the last
 * voxel; trailing bytes are left unread.
 */
extern em_status em_mrc_read(em_ctx *ctx, em_source *source, const char *what,
							 em_mrc_header *header, em_volume **out);

/*
 * The same from an expanded file whose header is known and whose source stands
 * behind the first 1024 bytes; the extended header is skipped here.
 */
extern em_status em_mrc_read_voxels(em_ctx *ctx, em_source *source, const em_mrc_header *header,
									const char *what, em_volume **out);

/*
 * Stream the voxels once without keeping them: length check, statistics over
 * the voxels in file order.  The source stands behind the first 1024 bytes.
 */
extern em_status em_mrc_scan_voxels(em_ctx *ctx, em_source *source, const em_mrc_header *header,
									em_stats *out);

/*
 * Write a volume (real space) as an MRC2014 file: little-endian, axes 1,2,3,
 * statistics of the stored values, one label ("emvalid: " and the given text,
 * which may be NULL; no time stamp, so equal volumes give equal files).  `mode`
 * is 2 (float32), 12 (float16), 1 or 0 (rounded and clipped, NaN becomes 0).
 * EM_BAD_ARGUMENT: another mode, a spectrum, a start beyond 32 bits, or finite
 * voxels beyond the range of mode 12.
 */
extern em_status em_mrc_write(em_ctx *ctx, const em_volume *v, int mode, const char *label,
							  em_target *target);

/* Bytes em_mrc_write will produce; 0 for a mode it does not write. */
extern int64_t em_mrc_write_bytes(const em_grid *grid, int mode);

/* IEEE half precision to float and back (round to nearest even). */
extern float em_half_to_float(uint16_t h);
extern uint16_t em_float_to_half(float f);

#endif							/* EM_MRC_H */
