/*
 * src/libem/local/em_lattice.c
 *		Every step-th voxel of a mask.
 */
#include "local/em_lattice.h"

#include <string.h>

#include "core/em_par.h"
#include "volume/em_vec.h"

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
	uint32_t   *row = l->number + (k * l->n[1] + py.i) * l->n[0];
	uint32_t   *next = l->number + (k * l->n[1] + py.next) * l->n[0];

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

/* List and number the marked points. */
static em_status
list_points(em_ctx *ctx, em_lattice *l)
{
	int64_t		all = l->n[0] * l->n[1] * l->n[2];
	int64_t		n = 0;

	for (int64_t i = 0; i < all; i++)
		l->points += l->number[i] != 0;
	EM_TRY(em_poll(ctx));
	l->point = em_alloc(ctx, (uint64_t) l->points + 1, sizeof(uint32_t), "points of a local measure");
	if (l->point == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < all; i++)
		if (l->number[i] != 0)
		{
			l->number[i] = (uint32_t) n;
			l->point[n++] = (uint32_t) i;
		}
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
		l->number = em_alloc(ctx, all, sizeof(uint32_t), "points of a local measure");
		status = l->number == NULL ? em_ctx_status(ctx) : EM_OK;
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
	em_free(ctx, l->number);
	em_free(ctx, l);
}

uint64_t
em_lattice_bytes(const int64_t n[3], int step)
{
	uint64_t	all = 1;

	for (int j = 0; j < 3; j++)
		all *= (uint64_t) (n[j] / step + 2);
	return 2 * all * sizeof(uint32_t) + 4096;
}

typedef struct fill_job
{
	const em_lattice *l;
	const float *numbers;
	int			count;
	em_lattice_fn fn;
	void	   *arg;
	const em_mask *mask;
	em_volume  *to;
} fill_job;

/* Add w times the numbers of a point. */
EM_HOT
static void
add_numbers(const float *from, float w, int count, float *to)
{
	for (int i = 0; i < count; i++)
		to[i] += w * from[i];
}

/* Numbers at a voxel from the points at the corners of its cell. */
static void
interpolate(const fill_job *j, const place at[3], float *to)
{
	const em_lattice *l = j->l;

	memset(to, 0, (size_t) j->count * sizeof(float));
	for (int c = 0; c < 8; c++)
	{
		const int64_t x = c & 1 ? at[0].next : at[0].i;
		const int64_t y = c & 2 ? at[1].next : at[1].i;
		const int64_t z = c & 4 ? at[2].next : at[2].i;
		const float w = (c & 1 ? at[0].share : 1 - at[0].share) * (c & 2 ? at[1].share : 1 - at[1].share) *
			(c & 4 ? at[2].share : 1 - at[2].share);

		if (w > 0)
			add_numbers(j->numbers + (int64_t) l->number[(z * l->n[1] + y) * l->n[0] + x] * j->count, w, j->count, to);
	}
}

/* Item: plane z of the result. */
static em_status
fill_plane(void *arg, int64_t z, int worker)
{
	fill_job   *job = arg;
	float		numbers[EM_LATTICE_NUMBERS];
	place		at[3];

	(void) worker;
	at[2] = locate(job->l, 2, z);
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		const uint64_t *bits = em_mask_row(job->mask, y, z);
		float	   *to = em_volume_row(job->to, y, z);

		at[1] = locate(job->l, 1, y);
		for (int64_t w = 0; w < job->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const int64_t x = 64 * w + __builtin_ctzll(left);

				at[0] = locate(job->l, 0, x);
				interpolate(job, at, numbers);
				to[x] = job->fn(job->arg, numbers);
			}
	}
	return EM_OK;
}

em_status
em_lattice_fill(em_ctx *ctx, const em_lattice *l, const float *numbers, int count, em_lattice_fn fn, void *arg,
				const em_mask *mask, const em_grid *grid, em_volume **out)
{
	fill_job	job = {.l = l,.numbers = numbers,.count = count,.fn = fn,.arg = arg,.mask = mask};
	em_status	status;

	if (count < 1 || count > EM_LATTICE_NUMBERS)
		return em_fail(ctx, EM_INTERNAL, "%d numbers of a point", count);
	EM_TRY(em_volume_create(ctx, grid, "local resolution", out));
	job.to = *out;
	status = em_parallel(ctx, "interpolation", mask->n[2], fill_plane, &job);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
