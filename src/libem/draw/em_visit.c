/*
 * src/libem/draw/em_visit.c
 *		Rows of a map, and the planes and smaller copies made of them.
 */
#include "draw/em_visit.h"

#include <math.h>
#include <string.h>

#include "io/em_io_internal.h"

const em_grid *
em_rows_grid(const em_rows *rows)
{
	return rows->volume != NULL ? &rows->volume->grid : &rows->header->grid;
}

/* Rows of a volume. */
static em_status
visit_volume(em_ctx *ctx, const em_volume *v, em_row_fn fn, void *arg)
{
	for (int64_t z = 0; z < v->grid.n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < v->grid.n[1]; y++)
		{
			int64_t		at[3] = {0, y, z};

			fn(arg, em_volume_row(v, y, z), v->grid.n[0], at, 0);
		}
	}
	return EM_OK;
}

/* Rows of a stream, in pieces of whole file rows. */
static em_status
visit_pieces(em_ctx *ctx, const em_rows *rows, char *raw, float *values, int64_t piece,
			 em_row_fn fn, void *arg)
{
	const em_mrc_header *h = rows->header;
	em_decode_fn decode = em_mrc_decoder(h);
	int64_t		row_bytes = (int64_t) h->nc * em_mrc_mode_bytes(h->mode);
	int64_t		all = (int64_t) h->nr * h->ns;

	for (int64_t skip = h->data_offset - EM_MRC_HEADER_BYTES; skip > 0;)
	{
		int64_t		n = skip < piece * row_bytes ? skip : piece * row_bytes;

		EM_TRY(em_source_read_all(ctx, rows->source, raw, n, "the map"));
		skip -= n;
	}
	for (int64_t row = 0; row < all; row += piece)
	{
		int64_t		n = all - row < piece ? all - row : piece;

		EM_TRY(em_poll(ctx));
		EM_TRY(em_source_read_all(ctx, rows->source, raw, n * row_bytes, "the map"));
		decode(raw, values, n * h->nc);
		for (int64_t i = 0; i < n; i++)
		{
			int64_t		at[3] = {0, 0, 0};

			at[h->map_axis[1] - 1] = (row + i) % h->nr;
			at[h->map_axis[2] - 1] = (row + i) / h->nr;
			fn(arg, values + i * h->nc, h->nc, at, h->map_axis[0] - 1);
		}
		em_progress(ctx, "drawing", (double) (row + n) / (double) all);
	}
	return EM_OK;
}

em_status
em_visit_rows(em_ctx *ctx, em_rows *rows, em_row_fn fn, void *arg)
{
	const em_mrc_header *h = rows->header;
	int64_t		piece;
	char	   *raw;
	float	   *values;
	em_status	status;

	if (rows->volume != NULL)
		return visit_volume(ctx, rows->volume, fn, arg);
	EM_TRY(em_mrc_check_source(ctx, h, rows->source));
	piece = h->nc < EM_PIECE_VOXELS ? EM_PIECE_VOXELS / h->nc : 1;
	if (piece > (int64_t) h->nr * h->ns)
		piece = (int64_t) h->nr * h->ns;
	raw = em_alloc(ctx, (uint64_t) (piece * h->nc), (size_t) em_mrc_mode_bytes(h->mode), "the reading buffer");
	values = raw == NULL ? NULL : em_alloc(ctx, (uint64_t) (piece * h->nc), sizeof(float), "the reading buffer");
	status = values == NULL ? em_ctx_status(ctx) : visit_pieces(ctx, rows, raw, values, piece, fn, arg);
	em_free(ctx, values);
	em_free(ctx, raw);
	return status;
}

/* Smaller copies */
typedef struct reducing
{
	em_volume  *v;
	int64_t		factor;
	const int64_t *n;
} reducing;

static void
reduce_row(void *arg, const float *row, int64_t n, const int64_t at[3], int axis)
{
	reducing   *r = arg;
	em_volume  *v = r->v;
	int64_t		step = axis == 0 ? 1 : axis == 1 ? v->row : v->plane;
	float	   *to = v->data + at[0] / r->factor + at[1] / r->factor * v->row + at[2] / r->factor * v->plane;

	for (int64_t i = 0; i < n; to += step)
	{
		int64_t		end = i + r->factor < n ? i + r->factor : n;
		float		sum = *to;

		for (; i < end; i++)
			sum += isfinite(row[i]) ? row[i] : 0;
		*to = sum;
	}
}

/* Sums become means; blocks at the far faces may be cut. */
static void
divide(const reducing *r)
{
	for (int64_t z = 0; z < r->v->grid.n[2]; z++)
		for (int64_t y = 0; y < r->v->grid.n[1]; y++)
			for (int64_t x = 0; x < r->v->grid.n[0]; x++)
			{
				int64_t		at[3] = {x, y, z};
				double		count = 1;

				for (int j = 0; j < 3; j++)
				{
					int64_t		left = r->n[j] - at[j] * r->factor;

					count *= (double) (left < r->factor ? left : r->factor);
				}
				em_volume_row(r->v, y, z)[x] /= (float) count;
			}
}

em_status
em_reduce(em_ctx *ctx, em_rows *rows, int64_t max_n, int *factor, em_volume **out)
{
	em_grid		grid = *em_rows_grid(rows);
	int64_t		n[3] = {grid.n[0], grid.n[1], grid.n[2]};
	reducing	r = {.factor = 1,.n = n};
	em_status	status;

	*out = NULL;
	for (int j = 0; j < 3; j++)
		if ((n[j] + max_n - 1) / max_n > r.factor)
			r.factor = (n[j] + max_n - 1) / max_n;
	for (int j = 0; j < 3; j++)
	{
		grid.n[j] = (n[j] + r.factor - 1) / r.factor;
		grid.voxel[j] *= (double) r.factor;
		grid.start[j] = 0;
	}
	EM_TRY(em_volume_create(ctx, &grid, "the map to draw", &r.v));
	status = em_visit_rows(ctx, rows, reduce_row, &r);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, r.v);
		return status;
	}
	if (r.factor > 1)
		divide(&r);
	*factor = (int) r.factor;
	*out = r.v;
	return EM_OK;
}

/* Planes */
typedef struct planing
{
	em_plane   *p;
	int64_t		factor[2];
} planing;

static void
plane_row(void *arg, const float *row, int64_t n, const int64_t at[3], int axis)
{
	planing    *a = arg;
	em_plane   *p = a->p;
	int64_t		first = 0,
				last = n;

	if (p->index >= 0 && axis == p->axis)
	{
		first = p->index - at[axis];
		last = first + 1;
	}
	else if (p->index >= 0 && at[p->axis] != p->index)
		return;
	for (int64_t i = first; i < last; i++)
	{
		int64_t		u = at[p->axes[0]] + (axis == p->axes[0] ? i : 0);
		int64_t		w = at[p->axes[1]] + (axis == p->axes[1] ? i : 0);

		if (isfinite(row[i]))
			p->v[w / a->factor[1] * p->n[0] + u / a->factor[0]] += row[i];
	}
}

/* Sums of blocks become means; a projection is multiplied by the voxel size. */
static void
finish_plane(const planing *a, const em_grid *g)
{
	em_plane   *p = a->p;
	double		depth = p->index >= 0 ? 1 : g->voxel[p->axis] > 0 ? g->voxel[p->axis] : 1;

	for (int64_t j = 0; j < p->n[1]; j++)
		for (int64_t i = 0; i < p->n[0]; i++)
		{
			int64_t		u = g->n[p->axes[0]] - i * a->factor[0];
			int64_t		w = g->n[p->axes[1]] - j * a->factor[1];

			if (u > a->factor[0])
				u = a->factor[0];
			if (w > a->factor[1])
				w = a->factor[1];
			p->v[j * p->n[0] + i] *= depth / (double) (u * w);
		}
}

em_status
em_plane_make(em_ctx *ctx, em_rows *rows, int axis, int64_t index, em_plane *out)
{
	const em_grid *g = em_rows_grid(rows);
	planing		a = {.p = out};
	em_status	status;

	memset(out, 0, sizeof(*out));
	if (axis < 0 || axis > 2)
		return em_fail(ctx, EM_BAD_ARGUMENT, "axis must be x, y or z");
	if (index < -1 || index >= g->n[axis])
	{
		em_fail(ctx, EM_BAD_ARGUMENT, "slice %lld is outside the map", (long long) index);
		em_fail_detail(ctx, "Slices along %c go from 0 to %lld.", "xyz"[axis], (long long) g->n[axis] - 1);
		return EM_BAD_ARGUMENT;
	}
	out->axis = axis;
	out->axes[0] = axis == 0 ? 1 : 0;
	out->axes[1] = axis == 2 ? 1 : 2;
	out->index = index;
	out->count = g->n[axis];
	for (int j = 0; j < 2; j++)
	{
		a.factor[j] = (g->n[out->axes[j]] + EM_PLANE_MAX - 1) / EM_PLANE_MAX;
		out->n[j] = (g->n[out->axes[j]] + a.factor[j] - 1) / a.factor[j];
		out->pixel[j] = g->voxel[out->axes[j]] * (double) a.factor[j];
	}
	out->v = em_alloc(ctx, (uint64_t) (out->n[0] * out->n[1]), sizeof(double), "the plane to draw");
	if (out->v == NULL)
		return em_ctx_status(ctx);
	status = em_visit_rows(ctx, rows, plane_row, &a);
	if (status == EM_OK)
		finish_plane(&a, g);
	else
		em_plane_free(ctx, out);
	return status;
}

void
em_plane_free(em_ctx *ctx, em_plane *plane)
{
	em_free(ctx, plane->v);
	plane->v = NULL;
}

/* Sums of each plane, of differences from the map's first voxel. */
typedef struct variances
{
	int			axis;
	bool		begun;
	double		pivot;
	double	   *sum;
	double	   *square;
} variances;

static void
variance_row(void *arg, const float *row, int64_t n, const int64_t at[3], int axis)
{
	variances  *s = arg;
	int64_t		k = at[s->axis];
	double		sum = 0,
				square = 0;

	if (!s->begun)
	{
		s->pivot = isfinite(row[0]) ? row[0] : 0;
		s->begun = true;
	}
	for (int64_t i = 0; i < n; i++)
	{
		double		d = (isfinite(row[i]) ? row[i] : 0) - s->pivot;

		if (axis == s->axis)
		{
			s->sum[k + i] += d;
			s->square[k + i] += d * d;
		}
		else
		{
			sum += d;
			square += d * d;
		}
	}
	if (axis != s->axis)
	{
		s->sum[k] += sum;
		s->square[k] += square;
	}
}

em_status
em_plane_most_varied(em_ctx *ctx, em_rows *rows, int axis, int64_t *index)
{
	const em_grid *g = em_rows_grid(rows);
	variances	s = {.axis = axis};
	double		best = -1,
				area;
	em_status	status;

	*index = 0;
	if (axis < 0 || axis > 2)
		return em_fail(ctx, EM_BAD_ARGUMENT, "axis must be x, y or z");
	s.sum = em_alloc(ctx, (uint64_t) (2 * g->n[axis]), sizeof(double), "the variances of the slices");
	if (s.sum == NULL)
		return em_ctx_status(ctx);
	s.square = s.sum + g->n[axis];
	area = (double) em_grid_voxels(g) / (double) g->n[axis];
	status = em_visit_rows(ctx, rows, variance_row, &s);
	for (int64_t k = 0; status == EM_OK && k < g->n[axis]; k++)
	{
		double		variance = s.square[k] / area - s.sum[k] / area * (s.sum[k] / area);

		if (variance > best)
		{
			best = variance;
			*index = k;
		}
	}
	em_free(ctx, s.sum);
	return status;
}
