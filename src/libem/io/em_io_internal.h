/*
 * src/libem/io/em_io_internal.h
 *		What the files of io/ share with each other only.
 */
#ifndef EM_IO_INTERNAL_H
#define EM_IO_INTERNAL_H

#include "io/em_mrc.h"
#include "volume/em_vec.h"

/* Voxels converted at once: 1 MiB of floats. */
#define EM_PIECE_VOXELS ((int64_t) 256 * 1024)

/* Like em_source_read_all, but a short answer is no failure; -1 after one. */
extern int64_t em_source_read_some(em_ctx *ctx, em_source *source, void *buf, int64_t bytes,
								   const char *what);

/* em_source_expect for a gzip source; EM_OK for any other. */
extern em_status em_gunzip_expect(em_ctx *ctx, const em_source *source, int64_t bytes);

/* Bytes of a voxel in a mode that can be read, or 0. */
extern int	em_mrc_mode_bytes(int mode);

/* Byte order a machine stamp states: 1 big, 0 little, -1 when it is not a known one. */
extern int	em_mrc_stamp_order(const uint8_t stamp[4]);

/* Fail when a source cannot hold what the header promises. */
extern em_status em_mrc_check_source(em_ctx *ctx, const em_mrc_header *h, const em_source *source);

/* Convert n voxels as they are in the file to floats.  `from` is aligned to the voxel. */
typedef void (*em_decode_fn) (const void *from, float *to, int64_t n);

/* The conversion for a header's mode, byte order and sign. */
extern em_decode_fn em_mrc_decoder(const em_mrc_header *h);

/* Convert n floats to little-endian voxels of mode 0, 1, 2 or 12. */
extern void em_mrc_encode(int mode, const float *from, void *to, int64_t n);

/* Statistics of values that arrive in pieces. */
typedef struct em_tally
{
	em_stats	s;				/* n, not_finite, min, max, sum, sum_abs, zeros so far */
	double		mean;
	double		m2;				/* sum of squared differences from the mean */
} em_tally;

extern void em_tally_add(em_tally *t, const float *v, int64_t n);
extern void em_tally_finish(const em_tally *t, em_stats *out);

#endif							/* EM_IO_INTERNAL_H */
