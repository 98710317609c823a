/*
 * src/libem/local/em_lattice.c
 *		Every step-th voxel of a mask.
 */
#include "local/em_lattice.h"

#include <string.h>

#include "core/em_par.h"

/* Where a voxel lies between the points of an axis. */
typedef struct place
{
	int64_t		i;				/* the point at or before it */
	int64_t		next;			/* the one after it, or i again */
	float		share;			/* of the way from i to next */
} place;

static place
locate(const em_lattice *l, int axis, int64_t x)
{
	place		p = {0};
	int64_t		at;

	if (x < l->low[axis])
		x = l->low[axis];
	if (x > l->high[axis])
		x = l->high[axis];
	p.i = x == l->high[axis] ? l->n[axis] - 1 : (x - l->low[axis]) / l->step;
	p.next = p.i;
	at = em_lattice_at(l, axis, p.i);
	if (x > at)
	{
		p.next = p.i + 1;
		p.share = (float) (x - at) / (float) (em_lattice_at(l, axis, p.next) - at);
	}
	return p;
}

typedef struct mark_job
{
	em_lattice *l;
	const em_mask *mask;
} mark_job;

/* Mark the points of plane k that voxels of one row of the mask need; p is the row's place along y. */
static void
mark_row(const em_lattice *l, const em_mask *mask, int64_t k, int64_t y, int64_t z)
{
	const uint64_t *bits = em_mask_row(mask, y, z);
	place		py = locate(l, 1, y);
	float	   *row = l->value + (k * l->n[1] + py.i) * l->n[0];
	float	   *next = l->value + (k * l->n[1] + py.next) * l->n[0];

	for (int64_t w = 0; w < mask->words; w++)
		for (uint64_t left = bits[w]; left != 0; left &= left - 1)
		{
			place		px = locate(l, 0, 64 * w + __builtin_ctzll(left));

			row[px.i] = row[px.next] = 1;
			next[px.i] = next[px.next] = 1;
		}
}

/* Item: plane k of the lattice; looks at the planes of the mask between its neighbours. */
static em_status
mark_plane(void *arg, int64_t k, int worker)
{
	mark_job   *job = arg;
	const em_lattice *l = job->l;

	(void) worker;
	for (int64_t z = 0; z < job->mask->n[2]; z++)
	{
		place		pz = locate(l, 2, z);

		if (pz.i == k || pz.next == k)
			for (int64_t y = 0; y < job->mask->n[1]; y++)
				mark_row(l, job->mask, k, y, z);
	}
	return EM_OK;
}

/* List the marked points. */
static em_status
list_points(em_ctx *ctx, em_lattice *l)
{
	int64_t		all = l->n[0] * l->n[1] * l->n[2];
	int64_t		n = 0;

	for (int64_t i = 0; i < all; i++)
		l->points += l->value[i] != 0;
	EM_TRY(em_poll(ctx));
	l->point = em_alloc(ctx, (uint64_t) l->points + 1, sizeof(uint32_t), "points of a local measure");
	if (l->point == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < all; i++)
		if (l->value[i] != 0)
			l->point[n++] = (uint32_t) i;
	return em_poll(ctx);
}

em_status
em_lattice_create(em_ctx *ctx, const em_mask *mask, int window, int step, em_lattice **out)
{
	em_lattice *l = em_alloc(ctx, 1, sizeof(em_lattice), "points of a local measure");
	em_status	status = EM_OK;
	uint64_t	all = 1;

	*out = l;
	if (l == NULL)
		return em_ctx_status(ctx);
	l->step = step;
	for (int j = 0; j < 3; j++)
	{
		l->low[j] = window / 2;
		l->high[j] = mask->n[j] - window + window / 2;
		if (l->high[j] < l->low[j])
			status = em_fail(ctx, EM_NOT_MEASURABLE, "the box is smaller than a window of %d voxels", window);
		l->n[j] = (l->high[j] - l->low[j] + step - 1) / step + 1;
		all *= (uint64_t) l->n[j];
	}
	if (status == EM_OK && all > UINT32_MAX)
		status = em_fail(ctx, EM_TOO_LARGE, "too many points for a local measure; take a larger step");
	if (status == EM_OK)
	{
		l->value = em_alloc(ctx, all, sizeof(float), "points of a local measure");
		status = l->value == NULL ? em_ctx_status(ctx) : EM_OK;
	}
	if (status == EM_OK)
		status = em_parallel(ctx, "points of the mask", l->n[2], mark_plane, &(mark_job) {l, mask});
	if (status == EM_OK)
		status = list_points(ctx, l);
	if (status != EM_OK)
	{
		em_lattice_destroy(ctx, l);
		*out = NULL;
	}
	return status;
}

void
em_lattice_destroy(em_ctx *ctx, em_lattice *l)
{
	if (l == NULL)
		return;
	em_free(ctx, l->point);
	em_free(ctx, l->value);
	em_free(ctx, l);
}

uint64_t
em_lattice_bytes(const int64_t n[3], int step)
{
	uint64_t	all = 1;

	for (int j = 0; j < 3; j++)
		all *= (uint64_t) (n[j] / step + 2);
	return all * (sizeof(float) + sizeof(uint32_t)) + 4096;
}

typedef struct fill_job
{
	const em_lattice *l;
	const em_mask *mask;
	em_volume  *to;
} fill_job;

/* Interpolate along x between two points of a row. */
static inline float
between(const float *row, const place *p)
{
	return row[p->i] + (row[p->next] - row[p->i]) * p->share;
}

/* Item: plane z of the result. */
static em_status
fill_plane(void *arg, int64_t z, int worker)
{
	fill_job   *job = arg;
	const em_lattice *l = job->l;
	place		pz = locate(l, 2, z);

	(void) worker;
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		const uint64_t *bits = em_mask_row(job->mask, y, z);
		float	   *to = em_volume_row(job->to, y, z);
		place		py = locate(l, 1, y);
		const float *row[2][2] = {
			{l->value + (pz.i * l->n[1] + py.i) * l->n[0], l->value + (pz.i * l->n[1] + py.next) * l->n[0]},
			{l->value + (pz.next * l->n[1] + py.i) * l->n[0],
			l->value + (pz.next * l->n[1] + py.next) * l->n[0]}
		};

		for (int64_t w = 0; w < job->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				int64_t		x = 64 * w + __builtin_ctzll(left);
				place		px = locate(l, 0, x);
				float		v[2];

				for (int k = 0; k < 2; k++)
				{
					float		a = between(row[k][0], &px);

					v[k] = a + (between(row[k][1], &px) - a) * py.share;
				}
				to[x] = 1 / (v[0] + (v[1] - v[0]) * pz.share);
			}
	}
	return EM_OK;
}

em_status
em_lattice_fill_inverse(em_ctx *ctx, const em_lattice *l, const em_mask *mask, const em_grid *grid,
						em_volume **out)
{
	em_status	status;

	EM_TRY(em_volume_create(ctx, grid, "local resolution", out));
	status = em_parallel(ctx, "interpolation", mask->n[2], fill_plane, &(fill_job) {l, mask, *out});
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
