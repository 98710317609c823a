/*
 * src/libem/volume/em_dilate_skew.c
 *		Euclidean dilation on grids whose axes are not at right angles, as in
 *		the cells of crystals: each output row gathers, row by row, the steps that
 *		are no longer than the radius.
 */
#include "core/em_par.h"
#include "volume/em_mask.h"

#include <math.h>

#define TOLERANCE 1e-6			/* on distances: voxel sizes come from 32-bit cells */

/* The steps dx = first..last that are short enough for one (dy,dz). */
typedef struct span
{
	int64_t		dy;
	int64_t		dz;
	int64_t		first;
	int64_t		last;
} span;

typedef struct job
{
	const em_mask *from;
	em_mask    *to;
	const span *spans;
	int64_t		n_spans;
} job;

/* Set the bits first..last of a row. */
static void
set_bits(uint64_t *row, int64_t first, int64_t last)
{
	for (int64_t x = first; x <= last; x++)
		row[x >> 6] |= UINT64_C(1) << (x & 63);
}

/* Set, for every voxel of a source row, the steps of a span from it. */
static void
add_row(const job *j, const span *s, const uint64_t *from, uint64_t *to)
{
	const int64_t nx = j->from->n[0];

	for (int64_t w = 0; w < j->from->words; w++)
		for (uint64_t bits = from[w]; bits != 0; bits &= bits - 1)
		{
			const int64_t x = 64 * w + __builtin_ctzll(bits);
			const int64_t first = x + s->first < 0 ? 0 : x + s->first;
			const int64_t last = x + s->last >= nx ? nx - 1 : x + s->last;

			set_bits(to, first, last);
		}
}

/* Item: one output row. */
static em_status
dilate_task(void *arg, int64_t item, int worker)
{
	const job  *j = arg;
	const int64_t y = item % j->from->n[1];
	const int64_t z = item / j->from->n[1];

	(void) worker;
	for (int64_t i = 0; i < j->n_spans; i++)
	{
		const span *s = &j->spans[i];

		/* the source lies at minus the step */
		if (y - s->dy < 0 || y - s->dy >= j->from->n[1] || z - s->dz < 0 || z - s->dz >= j->from->n[2])
			continue;
		add_row(j, s, em_mask_row(j->from, y - s->dy, z - s->dz), em_mask_row(j->to, y, z));
	}
	return EM_OK;
}

/*
 * Steps dx with |(dx,dy,dz)| <= radius: the roots of a quadratic.  False when
 * there are none.
 */
static bool
find_span(double g[3][3], double radius, int64_t dy, int64_t dz, span *out)
{
	const double a = g[0][0];
	const double b = g[0][1] * (double) dy + g[0][2] * (double) dz;
	const double c = g[1][1] * (double) (dy * dy) + 2 * g[1][2] * (double) (dy * dz)
		+ g[2][2] * (double) (dz * dz) - radius * radius;
	const double d = b * b - a * c;

	if (d < 0)
		return false;
	out->dy = dy;
	out->dz = dz;
	out->first = (int64_t) ceil((-b - sqrt(d)) / a);
	out->last = (int64_t) floor((-b + sqrt(d)) / a);
	return out->first <= out->last;
}

/* All spans within the radius; a cell's heights bound how far they reach. */
static em_status
find_spans(em_ctx *ctx, const em_mask *m, const em_grid *grid, double radius, span **out, int64_t *count)
{
	const double volume = em_grid_voxel_volume(grid);
	double		g[3][3];
	int64_t		reach[3];

	em_grid_metric(grid, g);
	for (int j = 1; j < 3; j++)
	{
		/* height of the voxel over the face spanned by the two other axes */
		const int	o = 3 - j;
		const double face = sqrt(g[0][0] * g[o][o] - g[0][o] * g[0][o]);
		const double steps = floor(radius * face / volume) + 1;

		reach[j] = steps < (double) m->n[j] ? (int64_t) steps : m->n[j];
	}
	*count = 0;
	*out = em_alloc(ctx, (uint64_t) (2 * reach[1] + 1) * (uint64_t) (2 * reach[2] + 1), sizeof(span), "a dilation");
	if (*out == NULL)
		return em_ctx_status(ctx);
	for (int64_t dz = -reach[2]; dz <= reach[2]; dz++)
		for (int64_t dy = -reach[1]; dy <= reach[1]; dy++)
			if (find_span(g, radius * (1 + TOLERANCE), dy, dz, &(*out)[*count]))
				(*count)++;
	return EM_OK;
}

em_status
em_mask_dilate_grid(em_ctx *ctx, const em_mask *m, const em_grid *grid, double radius, em_mask **out)
{
	job			j = {.from = m};
	span	   *spans;
	em_status	status;

	if (em_grid_right_angled(grid))
		return em_mask_dilate(ctx, m, grid->voxel, radius, out);
	*out = NULL;
	EM_TRY(em_grid_check_voxel(ctx, grid, "map"));
	EM_TRY(find_spans(ctx, m, grid, radius, &spans, &j.n_spans));
	j.spans = spans;
	status = em_mask_create(ctx, m->n, "a dilated mask", &j.to);
	if (status == EM_OK)
		status = em_parallel(ctx, "dilation", m->n[1] * m->n[2], dilate_task, &j);
	if (status == EM_OK)
		status = em_mask_recount(ctx, j.to);
	em_free(ctx, spans);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, j.to);
		return status;
	}
	*out = j.to;
	return EM_OK;
}
