/*
 * src/libem/io/em_mrc_write.c
 *		A volume to an MRC2014 file.
 */
#include "io/em_io_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HALF_MAX 65504.0

/* One writing of one volume. */
typedef struct writing
{
	em_ctx	   *ctx;
	const em_volume *v;
	int			mode;
	int64_t		row_bytes;
	int64_t		piece_rows;		/* rows encoded at once */
	uint8_t    *raw;			/* a piece as it will be in the file */
	float	   *row;			/* a row as a reader will see it */
} writing;

/* Store 32 bits, low byte first. */
static void
put_int(uint8_t *b, int at, int64_t value)
{
	uint32_t	v = (uint32_t) (int32_t) value;

	for (int i = 0; i < 4; i++)
		b[at + i] = (uint8_t) (v >> 8 * i);
}

/* Store a float, low byte first. */
static void
put_float(uint8_t *b, int at, double value)
{
	float		f = (float) value;
	uint32_t	bits;

	memcpy(&bits, &f, sizeof(bits));
	put_int(b, at, (int32_t) bits);
}

/* Compose the header. */
static void
make_header(const em_grid *g, int mode, const em_stats *s, const char *label, uint8_t b[EM_MRC_HEADER_BYTES])
{
	char		text[81];
	int			n;

	memset(b, 0, EM_MRC_HEADER_BYTES);
	put_int(b, 12, mode);
	for (int j = 0; j < 3; j++)
	{
		put_int(b, 0 + 4 * j, g->n[j]);
		put_int(b, 16 + 4 * j, g->start[j]);
		put_int(b, 28 + 4 * j, g->n[j]);
		put_float(b, 40 + 4 * j, g->voxel[j] * (double) g->n[j]);
		put_float(b, 52 + 4 * j, g->angle[j] != 0 ? g->angle[j] : 90.0);
		put_int(b, 64 + 4 * j, j + 1);
		put_float(b, 196 + 4 * j, g->origin[j]);
	}
	/* Without a finite voxel: what the format page gives for "not determined". */
	put_float(b, 76, s->n > 0 ? s->min : 0);
	put_float(b, 80, s->n > 0 ? s->max : -1);
	put_float(b, 84, s->n > 0 ? s->mean : -2);
	put_float(b, 216, s->n > 0 ? s->sd : -1);
	put_int(b, 88, 1);
	put_int(b, 108, mode == 12 ? 20141 : 20140);
	memcpy(b + 208, "MAP DD\0\0", 8);
	put_int(b, 220, 1);
	n = snprintf(text, sizeof(text), "emvalid%s%s", label != NULL ? ": " : "", label != NULL ? label : "");
	for (int i = 0; i < 80; i++)
		b[224 + i] = (uint8_t) (i >= n ? ' ' : text[i] >= 32 && text[i] < 127 ? text[i] : '?');
}

/* The n-th row of the volume. */
static const float *
volume_row(const writing *w, int64_t n)
{
	return em_volume_row(w->v, n % w->v->grid.n[1], n / w->v->grid.n[1]);
}

/* First pass: statistics of the values as a reader will see them. */
static em_status
measure(const writing *w, em_stats *out)
{
	em_mrc_header stored = {.mode = w->mode};
	em_decode_fn decode = em_mrc_decoder(&stored);
	int64_t		nx = w->v->grid.n[0];
	int64_t		rows = w->v->grid.n[1] * w->v->grid.n[2];
	em_tally	tally;

	memset(&tally, 0, sizeof(tally));
	for (int64_t i = 0; i < rows; i++)
	{
		const float *row = volume_row(w, i);

		if (i % w->piece_rows == 0)
			EM_TRY(em_poll(w->ctx));
		if (w->mode != 2)
		{
			em_mrc_encode(w->mode, row, w->raw, nx);
			decode(w->raw, w->row, nx);
			row = w->row;
		}
		em_tally_add(&tally, row, nx);
	}
	em_tally_finish(&tally, out);
	return EM_OK;
}

/* Do all finite voxels fit into mode 12? */
static em_status
check_half_range(const writing *w)
{
	int64_t		rows = w->v->grid.n[1] * w->v->grid.n[2];

	for (int64_t i = 0; i < rows; i++)
	{
		const float *row = volume_row(w, i);

		if (i % w->piece_rows == 0)
			EM_TRY(em_poll(w->ctx));
		for (int64_t x = 0; x < w->v->grid.n[0]; x++)
			if (fabsf(row[x]) > HALF_MAX && isfinite(row[x]))
			{
				em_fail(w->ctx, EM_BAD_ARGUMENT, "a voxel is beyond the range of mode 12 (float16)");
				em_fail_detail(w->ctx, "It is %g; the largest number is %g.", row[x], HALF_MAX);
				em_fail_hint(w->ctx, "Write mode 2 (float32), or scale the map.");
				return EM_BAD_ARGUMENT;
			}
	}
	return EM_OK;
}

/* Second pass: the voxels. */
static em_status
write_voxels(const writing *w, em_target *target)
{
	int64_t		nx = w->v->grid.n[0];
	int64_t		rows = w->v->grid.n[1] * w->v->grid.n[2];
	int64_t		row = 0;

	while (row < rows)
	{
		int64_t		n = rows - row < w->piece_rows ? rows - row : w->piece_rows;

		EM_TRY(em_poll(w->ctx));
		for (int64_t i = 0; i < n; i++)
			em_mrc_encode(w->mode, volume_row(w, row + i), w->raw + i * w->row_bytes, nx);
		EM_TRY(target->write(target, w->ctx, w->raw, n * w->row_bytes));
		row += n;
		em_progress(w->ctx, "writing", (double) row / (double) rows);
	}
	return EM_OK;
}

/* Refuse what has no place in the file. */
static em_status
check_volume(em_ctx *ctx, const em_volume *v, int mode)
{
	if (mode != 0 && mode != 1 && mode != 2 && mode != 12)
	{
		em_fail(ctx, EM_BAD_ARGUMENT, "mode %d cannot be written", mode);
		em_fail_hint(ctx, "Modes 0, 1, 2 and 12 are written.");
		return EM_BAD_ARGUMENT;
	}
	if (v->domain != EM_REAL_SPACE)
		return em_fail(ctx, EM_BAD_ARGUMENT, "a spectrum cannot be written as a map");
	for (int j = 0; j < 3; j++)
		if (v->grid.start[j] < INT32_MIN || v->grid.start[j] > INT32_MAX)
			return em_fail(ctx, EM_BAD_ARGUMENT, "the start %lld along %c does not fit into the header",
						   (long long) v->grid.start[j], "xyz"[j]);
	return EM_OK;
}

em_status
em_mrc_write(em_ctx *ctx, const em_volume *v, int mode, const char *label, em_target *target)
{
	writing		w = {.ctx = ctx, .v = v, .mode = mode};
	uint8_t		header[EM_MRC_HEADER_BYTES];
	em_stats	stats;
	em_status	status;

	EM_TRY(check_volume(ctx, v, mode));
	w.row_bytes = v->grid.n[0] * em_mrc_mode_bytes(mode);
	w.piece_rows = v->grid.n[0] < EM_PIECE_VOXELS ? EM_PIECE_VOXELS / v->grid.n[0] : 1;
	if (w.piece_rows > v->grid.n[1] * v->grid.n[2])
		w.piece_rows = v->grid.n[1] * v->grid.n[2];
	w.raw = em_alloc(ctx, (uint64_t) w.piece_rows, (size_t) w.row_bytes, "the writing buffer");
	if (w.raw != NULL)
		w.row = em_alloc(ctx, (uint64_t) v->grid.n[0], sizeof(float), "the writing buffer");
	status = w.row == NULL ? em_ctx_status(ctx) : EM_OK;
	if (status == EM_OK && mode == 12)
		status = check_half_range(&w);
	if (status == EM_OK)
		status = measure(&w, &stats);
	if (status == EM_OK)
	{
		make_header(&v->grid, mode, &stats, label, header);
		status = target->write(target, ctx, header, sizeof(header));
	}
	if (status == EM_OK)
		status = write_voxels(&w, target);
	em_free(ctx, w.row);
	em_free(ctx, w.raw);
	return status;
}

int64_t
em_mrc_write_bytes(const em_grid *grid, int mode)
{
	if (mode != 0 && mode != 1 && mode != 2 && mode != 12)
		return 0;
	return EM_MRC_HEADER_BYTES + em_grid_voxels(grid) * em_mrc_mode_bytes(mode);
}
