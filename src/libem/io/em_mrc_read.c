/*
 * src/libem/io/em_mrc_read.c
 *		Voxels from a source into a volume, or into statistics only.
 *
 * Pieces of whole file rows are read and converted.  Where they go depends on
 * the file axis that is x: columns go row by row, rows and sections are
 * transposed, the latter several sections at a time.
 */
#include "io/em_io_internal.h"

#include <string.h>

#define PHASE "reading"
#define TILE 16					/* floats in a cache line */
#define SLAB_BYTES ((int64_t) 32 << 20)	/* sections gathered before they are transposed */

/* One reading of one map. */
typedef struct reading
{
	em_ctx	   *ctx;
	em_source  *source;
	const em_mrc_header *h;
	const char *what;
	em_decode_fn decode;
	int64_t		row_voxels;		/* in a file row */
	int64_t		row_bytes;
	int64_t		rows;			/* file rows in all */
	int64_t		piece_rows;		/* rows read at once */
	char	   *raw;			/* a piece as it is in the file */
	float	   *slab;			/* converted rows waiting to be transposed, or NULL */
	int64_t		slab_sections;	/* whole sections the slab holds; 0: it holds a piece */
	em_volume  *v;
	int64_t		stride[3];		/* floats from a voxel to the next along c, r, s */
} reading;

/* Read `bytes` of the map; the end of the stream is a truncated map, with the numbers. */
static em_status
read_piece(em_ctx *ctx, em_source *source, const em_mrc_header *h, const char *what,
		   void *buf, int64_t bytes, int64_t before)
{
	int64_t		got;

	EM_TRY(em_poll(ctx));
	got = em_source_read_some(ctx, source, buf, bytes, what);
	if (got == bytes)
		return EM_OK;
	if (got < 0)
		return em_ctx_status(ctx);
	em_fail(ctx, EM_TRUNCATED, "%s has %lld bytes but its header promises %lld", what,
			(long long) (before + got), (long long) (h->data_offset + h->data_bytes));
	em_fail_hint(ctx, "Fetch the file again, or correct its header.");
	return EM_TRUNCATED;
}

/* Pass over the extended header. */
static em_status
skip_extended(em_ctx *ctx, em_source *source, const em_mrc_header *h, const char *what)
{
	char		buf[16384];
	int64_t		at = EM_MRC_HEADER_BYTES;

	while (at < h->data_offset)
	{
		int64_t		n = h->data_offset - at;

		if (n > (int64_t) sizeof(buf))
			n = sizeof(buf);
		EM_TRY(read_piece(ctx, source, h, what, buf, n, at));
		at += n;
	}
	return EM_OK;
}

/* dst[c * step + i] = src[i * lead + c]: i runs along x of the volume. */
static void
transpose(const float *src, int64_t lead, int64_t ni, int64_t nc, float *dst, int64_t step)
{
	for (int64_t i0 = 0; i0 < ni; i0 += TILE)
	{
		int64_t		i1 = i0 + TILE < ni ? i0 + TILE : ni;

		for (int64_t c = 0; c < nc; c++)
		{
			float	   *to = dst + c * step;
			const float *from = src + c;

			for (int64_t i = i0; i < i1; i++)
				to[i] = from[i * lead];
		}
	}
}

/* Where the first voxel of a file row goes. */
static float *
row_place(const reading *r, int64_t row)
{
	return r->v->data + row % r->h->nr * r->stride[1] + row / r->h->nr * r->stride[2];
}

/* Columns are x: each file row is a row of the volume. */
static void
place_rows(const reading *r, int64_t row, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		r->decode(r->raw + i * r->row_bytes, row_place(r, row + i), r->row_voxels);
}

/* Rows are x: the rows of one section are transposed. */
static void
place_transposed(const reading *r, int64_t row, int64_t n)
{
	r->decode(r->raw, r->slab, n * r->row_voxels);
	transpose(r->slab, r->row_voxels, n, r->row_voxels, row_place(r, row), r->stride[0]);
}

/* Sections are x: transpose the gathered sections, the last of which ends before `row`. */
static em_status
flush_slab(const reading *r, int64_t row)
{
	int64_t		nr = r->h->nr;
	int64_t		last = row / nr;
	int64_t		first = (last - 1) / r->slab_sections * r->slab_sections;
	int64_t		since = 0;

	for (int64_t j = 0; j < nr; j++)
	{
		transpose(r->slab + j * r->row_voxels, nr * r->row_voxels, last - first, r->row_voxels,
				  r->v->data + j * r->stride[1] + first, r->stride[0]);
		since += (last - first) * r->row_voxels;
		if (since >= EM_PIECE_VOXELS)
		{
			EM_TRY(em_poll(r->ctx));
			since = 0;
		}
	}
	return EM_OK;
}

/* Sections are x: gather rows and pass the slab on when it is full or the map ends. */
static em_status
place_slab(const reading *r, int64_t row, int64_t n)
{
	int64_t		slab_rows = r->slab_sections * r->h->nr;
	const char *from = r->raw;

	while (n > 0)
	{
		int64_t		room = slab_rows - row % slab_rows;
		int64_t		take = n < room ? n : room;

		r->decode(from, r->slab + row % slab_rows * r->row_voxels, take * r->row_voxels);
		from += take * r->row_bytes;
		row += take;
		n -= take;
		if (row % slab_rows == 0 || row == r->rows)
			EM_TRY(flush_slab(r, row));
	}
	return EM_OK;
}

/* Sections are x and too large to gather: voxel by voxel. */
static void
place_scattered(const reading *r, int64_t row, int64_t n)
{
	r->decode(r->raw, r->slab, n * r->row_voxels);
	for (int64_t i = 0; i < n; i++)
		transpose(r->slab + i * r->row_voxels, r->row_voxels, 1, r->row_voxels,
				  row_place(r, row + i), r->stride[0]);
}

/* Read everything, piece by piece. */
static em_status
read_rows(reading *r)
{
	int64_t		section_rows = r->h->nr;
	int64_t		row = 0;

	while (row < r->rows)
	{
		int64_t		n = r->rows - row < r->piece_rows ? r->rows - row : r->piece_rows;

		/* Rows that are transposed must belong to one section. */
		if (r->stride[1] == 1 && n > section_rows - row % section_rows)
			n = section_rows - row % section_rows;
		EM_TRY(read_piece(r->ctx, r->source, r->h, r->what, r->raw, n * r->row_bytes,
						  r->h->data_offset + row * r->row_bytes));
		if (r->stride[0] == 1)
			place_rows(r, row, n);
		else if (r->stride[1] == 1)
			place_transposed(r, row, n);
		else if (r->slab_sections == 0)
			place_scattered(r, row, n);
		else
			EM_TRY(place_slab(r, row, n));
		row += n;
		em_progress(r->ctx, PHASE, (double) row / (double) r->rows);
	}
	return EM_OK;
}

/* Set up the buffers; the volume exists. */
static em_status
prepare(reading *r)
{
	const em_mrc_header *h = r->h;
	int64_t		axis_stride[3] = {1, r->v->row, r->v->plane};
	int64_t		slab_rows;

	for (int j = 0; j < 3; j++)
		r->stride[j] = axis_stride[h->map_axis[j] - 1];
	r->decode = em_mrc_decoder(h);
	r->row_voxels = h->nc;
	r->row_bytes = r->row_voxels * em_mrc_mode_bytes(h->mode);
	r->rows = (int64_t) h->nr * h->ns;
	r->piece_rows = EM_PIECE_VOXELS / r->row_voxels;
	if (r->piece_rows > r->rows)
		r->piece_rows = r->rows;
	r->raw = em_alloc(r->ctx, (uint64_t) r->piece_rows, (size_t) r->row_bytes, "the reading buffer");
	if (r->raw == NULL)
		return em_ctx_status(r->ctx);
	if (r->stride[0] == 1)
		return EM_OK;
	slab_rows = r->piece_rows;
	if (r->stride[2] == 1)
	{
		r->slab_sections = SLAB_BYTES / (h->nr * r->row_voxels * (int64_t) sizeof(float));
		if (r->slab_sections > TILE)
			r->slab_sections = TILE;
		if (r->slab_sections > h->ns)
			r->slab_sections = h->ns;
		if (r->slab_sections > 0)
			slab_rows = r->slab_sections * h->nr;
	}
	r->slab = em_alloc(r->ctx, (uint64_t) (slab_rows * r->row_voxels), sizeof(float), "the reading buffer");
	return r->slab == NULL ? em_ctx_status(r->ctx) : EM_OK;
}

em_status
em_mrc_read_voxels(em_ctx *ctx, em_source *source, const em_mrc_header *header, const char *what,
				   em_volume **out)
{
	reading		r = {.ctx = ctx, .source = source, .h = header, .what = what};
	em_status	status;

	*out = NULL;
	EM_TRY(em_mrc_check_source(ctx, header, source));
	EM_TRY(em_volume_create(ctx, &header->grid, what, &r.v));
	status = prepare(&r);
	if (status == EM_OK)
		status = skip_extended(ctx, source, header, what);
	if (status == EM_OK)
		status = read_rows(&r);
	em_free(ctx, r.slab);
	em_free(ctx, r.raw);
	if (status != EM_OK)
		em_volume_destroy(ctx, r.v);
	else
		*out = r.v;
	return status;
}

em_status
em_mrc_read(em_ctx *ctx, em_source *source, const char *what, em_mrc_header *header, em_volume **out)
{
	*out = NULL;
	EM_TRY(em_mrc_read_header(ctx, source, header));
	return em_mrc_read_voxels(ctx, source, header, what, out);
}

/* Tally the voxels piece by piece; the pieces depend on the header only. */
static em_status
scan_pieces(em_ctx *ctx, em_source *source, const em_mrc_header *h, char *raw, float *values, em_tally *tally)
{
	int			bytes = em_mrc_mode_bytes(h->mode);
	int64_t		voxels = h->data_bytes / bytes;
	em_decode_fn decode = em_mrc_decoder(h);

	for (int64_t at = 0; at < voxels; at += EM_PIECE_VOXELS)
	{
		int64_t		n = voxels - at < EM_PIECE_VOXELS ? voxels - at : EM_PIECE_VOXELS;

		EM_TRY(read_piece(ctx, source, h, "the map", raw, n * bytes, h->data_offset + at * bytes));
		decode(raw, values, n);
		em_tally_add(tally, values, n);
		em_progress(ctx, PHASE, (double) (at + n) / (double) voxels);
	}
	return EM_OK;
}

em_status
em_mrc_scan_voxels(em_ctx *ctx, em_source *source, const em_mrc_header *header, em_stats *out)
{
	int			bytes = em_mrc_mode_bytes(header->mode);
	int64_t		voxels = header->data_bytes / bytes;
	int64_t		n = voxels < EM_PIECE_VOXELS ? voxels : EM_PIECE_VOXELS;
	em_tally	tally;
	char	   *raw;
	float	   *values;
	em_status	status;

	memset(&tally, 0, sizeof(tally));
	memset(out, 0, sizeof(*out));
	EM_TRY(em_mrc_check_source(ctx, header, source));
	raw = em_alloc(ctx, (uint64_t) n, (size_t) bytes, "the reading buffer");
	values = raw == NULL ? NULL : em_alloc(ctx, (uint64_t) n, sizeof(float), "the reading buffer");
	status = values == NULL ? em_ctx_status(ctx) : EM_OK;
	if (status == EM_OK)
		status = skip_extended(ctx, source, header, "the map");
	if (status == EM_OK)
		status = scan_pieces(ctx, source, header, raw, values, &tally);
	em_free(ctx, values);
	em_free(ctx, raw);
	if (status == EM_OK)
		em_tally_finish(&tally, out);
	return status;
}
