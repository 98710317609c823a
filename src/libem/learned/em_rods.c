/*
 * src/libem/learned/em_rods.c
 *		Search for rods on a lattice of places and directions.
 *
 * All places have the same position between their voxels, so the samples of a
 * direction are the same weighted sum of voxels everywhere: a stencil.
 */
#include "learned/em_rods.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "learned/em_trilinear.h"

#define ALONG 7					/* samples along the axis */
#define REACH 7.5				/* Å they reach on either side */
#define AROUND 18				/* samples around it */
#define RADIUS 5.5				/* Å of their cylinder */
#define HEIGHT 5.0				/* Å from its middle to its outer rings */
#define STEP 2					/* voxels between places */
#define EXCLUSION 2.9			/* Å between rods */
#define QUANTILE 0.4			/* of the mask's voxels are too weak */
#define LEAST_RODS 60			/* asked for in a small mask */
#define VOXELS_A_ROD 120		/* of the mask, in a larger one */
#define BLOCK 64				/* places of a work item */

void
em_rod_frame(const double axis[3], double u[3], double v[3])
{
	int			k = 0;
	double		length;

	for (int j = 1; j < 3; j++)
		if (fabs(axis[j]) < fabs(axis[k]))
			k = j;
	/* u = axis x e_k, v = axis x u */
	u[k] = 0;
	u[(k + 1) % 3] = axis[(k + 2) % 3];
	u[(k + 2) % 3] = -axis[(k + 1) % 3];
	length = hypot(u[(k + 1) % 3], u[(k + 2) % 3]);
	for (int j = 0; j < 3; j++)
		u[j] /= length;
	for (int j = 0; j < 3; j++)
		v[j] = axis[(j + 1) % 3] * u[(j + 2) % 3] - axis[(j + 2) % 3] * u[(j + 1) % 3];
}

/* Add the images of a vector under permutations and changes of sign, one of each pair of opposites. */
static int
add_orbit(double out[EM_ROD_DIRECTIONS][3], int n, const double from[3])
{
	static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	const double length = sqrt(from[0] * from[0] + from[1] * from[1] + from[2] * from[2]);

	for (int i = 0; i < 24; i++)
	{
		const int  *at = order[i >> 2];
		const double c[3] = {from[at[0]] / length, (i & 1 ? -1 : 1) * from[at[1]] / length,
		(i & 2 ? -1 : 1) * from[at[2]] / length};
		bool		known = false;

		for (int k = 0; k < n && !known; k++)
			known = fabs(c[0] * out[k][0] + c[1] * out[k][1] + c[2] * out[k][2]) > 1 - 1e-9;
		if (!known)
			memcpy(out[n++], c, sizeof(c));
	}
	return n;
}

void
em_rod_directions(double out[EM_ROD_DIRECTIONS][3])
{
	/* The last three were placed for the smallest gap. */
	static const double from[6][3] = {{1, 0, 0}, {1, 1, 1}, {1, 1, 0}, {1, 0.457, 0}, {1, 0.2485, 0.2485},
	{1, 0.697, 0.386}};
	int			n = 0;

	for (int i = 0; i < 6; i++)
		n = add_orbit(out, n, from[i]);
}

/* Eight voxels around a sample: where the first lies from the place's voxel, and the weights. */
typedef struct tap
{
	int64_t		offset;
	float		weight[8];
} tap;

typedef struct stencil
{
	tap			along[ALONG];
	tap			around[AROUND];
} stencil;

/* Places of the search. */
typedef struct places
{
	const em_volume *v;
	const em_mask *mask;
	double		cut;			/* the place's density is above */
	int64_t		first[3];		/* voxel at or before the first place */
	float		beyond[3];		/* of the way to the next voxel */
	int64_t		n[3];			/* places along each axis */
	int64_t    *begin;			/* first place of each plane of places, n[2] + 1 */
	int64_t		count;
	uint32_t   *place;			/* (k n[1] + j) n[0] + i */
	float	   *score;
	uint8_t    *direction;
	int64_t		reach;			/* voxels from a place that its samples stay within */
	stencil    *stencil;		/* EM_ROD_DIRECTIONS of them */
	double		axis[EM_ROD_DIRECTIONS][3];
	double		sample[EM_ROD_DIRECTIONS][ALONG + AROUND][3];	/* voxels from the place */
} places;

/* Where the samples of each direction lie. */
static void
place_samples(places *p)
{
	for (int d = 0; d < EM_ROD_DIRECTIONS; d++)
	{
		double		u[3];
		double		v[3];

		em_rod_frame(p->axis[d], u, v);
		for (int i = 0; i < ALONG + AROUND; i++)
		{
			const int	r = i - ALONG;
			const double h = i < ALONG ? REACH * (2.0 * i / (ALONG - 1) - 1) : HEIGHT * (r / 6 - 1);
			const double c = i < ALONG ? 0 : RADIUS * cos(r % 6 * M_PI / 3);
			const double s = i < ALONG ? 0 : RADIUS * sin(r % 6 * M_PI / 3);

			for (int j = 0; j < 3; j++)
				p->sample[d][i][j] = (h * p->axis[d][j] + c * u[j] + s * v[j]) / p->v->grid.voxel[j];
		}
	}
}

static void
make_tap(const places *p, const double at[3], tap *out)
{
	int64_t		cell[3];
	double		f[3];

	for (int j = 0; j < 3; j++)
	{
		const double x = at[j] + p->beyond[j];

		cell[j] = (int64_t) floor(x);
		f[j] = x - (double) cell[j];
	}
	out->offset = cell[2] * p->v->plane + cell[1] * p->v->row + cell[0];
	for (int i = 0; i < 8; i++)
		out->weight[i] = (float) ((i & 1 ? f[0] : 1 - f[0]) * (i & 2 ? f[1] : 1 - f[1]) *
								  (i & 4 ? f[2] : 1 - f[2]));
}

static void
make_stencils(places *p)
{
	for (int d = 0; d < EM_ROD_DIRECTIONS; d++)
		for (int i = 0; i < ALONG + AROUND; i++)
			make_tap(p, p->sample[d][i],
					 i < ALONG ? &p->stencil[d].along[i] : &p->stencil[d].around[i - ALONG]);
}

EM_INLINE float
read_tap(const float *at, const tap *t, int64_t row, int64_t plane)
{
	const float *a = at + t->offset;
	const float *b = a + plane;
	const float *w = t->weight;

	return ((w[0] * a[0] + w[1] * a[1]) + (w[2] * a[row] + w[3] * a[row + 1])) +
		((w[4] * b[0] + w[5] * b[1]) + (w[6] * b[row] + w[7] * b[row + 1]));
}

/* Score of the samples of one direction. */
EM_INLINE float
score_of(float least, float sum, float ring)
{
	return 0.5f * (least + sum / ALONG) - ring / AROUND;
}

/* The best direction of a place whose samples all lie in the box. */
EM_HOT static float
score_inside(const places *p, const float *at, uint8_t *direction)
{
	const int64_t row = p->v->row;
	const int64_t plane = p->v->plane;
	float		best = -INFINITY;

	for (int d = 0; d < EM_ROD_DIRECTIONS; d++)
	{
		const stencil *s = &p->stencil[d];
		float		least = INFINITY;
		float		sum = 0;
		float		ring = 0;
		float		score;

		for (int i = 0; i < ALONG; i++)
		{
			const float x = read_tap(at, &s->along[i], row, plane);

			least = x < least ? x : least;
			sum += x;
		}
		for (int i = 0; i < AROUND; i++)
			ring += read_tap(at, &s->around[i], row, plane);
		score = score_of(least, sum, ring);
		if (score > best)
		{
			best = score;
			*direction = (uint8_t) d;
		}
	}
	return best;
}

/* The same where samples may lie beyond the box. */
static float
score_at_border(const places *p, const double at[3], uint8_t *direction)
{
	float		best = -INFINITY;

	for (int d = 0; d < EM_ROD_DIRECTIONS; d++)
	{
		float		least = INFINITY;
		float		sum = 0;
		float		ring = 0;
		float		score;

		for (int i = 0; i < ALONG + AROUND; i++)
		{
			const double where[3] = {at[0] + p->sample[d][i][0], at[1] + p->sample[d][i][1],
			at[2] + p->sample[d][i][2]};
			const float x = em_trilinear(p->v, where);

			if (i >= ALONG)
				ring += x;
			else
			{
				least = x < least ? x : least;
				sum += x;
			}
		}
		score = score_of(least, sum, ring);
		if (score > best)
		{
			best = score;
			*direction = (uint8_t) d;
		}
	}
	return best;
}

/* Voxel at or before a place along an axis. */
static inline int64_t
place_voxel(const places *p, int axis, uint32_t index)
{
	static const int divisor[3] = {0, 1, 2};
	int64_t		i = index;

	for (int j = 0; j < divisor[axis]; j++)
		i /= p->n[j];
	return p->first[axis] + STEP * (i % p->n[axis]);
}

/* Item: a block of places. */
static em_status
score_block(void *arg, int64_t item, int worker)
{
	places	   *p = arg;
	const int64_t end = (item + 1) * BLOCK < p->count ? (item + 1) * BLOCK : p->count;

	(void) worker;
	for (int64_t i = item * BLOCK; i < end; i++)
	{
		int64_t		at[3];
		bool		inside = true;

		for (int j = 0; j < 3; j++)
		{
			at[j] = place_voxel(p, j, p->place[i]);
			inside = inside && at[j] >= p->reach && at[j] + p->reach < p->v->grid.n[j];
		}
		if (inside)
			p->score[i] = score_inside(p, p->v->data + at[2] * p->v->plane + at[1] * p->v->row + at[0],
									   &p->direction[i]);
		else
		{
			const double where[3] = {(double) at[0] + p->beyond[0], (double) at[1] + p->beyond[1],
			(double) at[2] + p->beyond[2]};

			p->score[i] = score_at_border(p, where, &p->direction[i]);
		}
	}
	return EM_OK;
}

/* Does a place lie in the mask (at least half of what is around it) and above the cut? */
static bool
is_place(const places *p, const int64_t at[3])
{
	const double where[3] = {(double) at[0] + p->beyond[0], (double) at[1] + p->beyond[1],
	(double) at[2] + p->beyond[2]};
	double		share = 0;

	for (int i = 0; i < 8; i++)
	{
		double		weight = 1;
		int64_t		c[3];

		for (int j = 0; j < 3; j++)
		{
			const bool	next = i >> j & 1;

			weight *= next ? p->beyond[j] : 1 - p->beyond[j];
			c[j] = at[j] + next;
		}
		if (weight > 0 && c[0] < p->mask->n[0] && c[1] < p->mask->n[1] && c[2] < p->mask->n[2] &&
			em_mask_get(p->mask, c[0], c[1], c[2]))
			share += weight;
	}
	return share >= 0.5 && em_trilinear(p->v, where) > p->cut;
}

/* Item: plane k of places; counts them, or writes them where begin[k] says. */
static em_status
list_plane(void *arg, int64_t k, int worker)
{
	places	   *p = arg;
	int64_t		n = 0;

	(void) worker;
	for (int64_t j = 0; j < p->n[1]; j++)
		for (int64_t i = 0; i < p->n[0]; i++)
		{
			const int64_t at[3] = {p->first[0] + STEP * i, p->first[1] + STEP * j, p->first[2] + STEP * k};

			if (!is_place(p, at))
				continue;
			if (p->place != NULL)
				p->place[p->begin[k] + n] = (uint32_t) ((k * p->n[1] + j) * p->n[0] + i);
			n++;
		}
	if (p->place == NULL)
		p->begin[k + 1] = n;
	return EM_OK;
}

/* Where the places are: every second one from the middle of the mask. */
static em_status
lay_out(em_ctx *ctx, places *p)
{
	int64_t		first[3];
	int64_t		last[3];
	double		voxel = INFINITY;
	uint64_t	all = 1;

	EM_TRY(em_mask_bounds(ctx, p->mask, first, last));
	for (int j = 0; j < 3; j++)
	{
		const int64_t steps = (last[j] - first[j]) / (2 * STEP);
		const double middle = 0.5 * (double) (first[j] + last[j]);
		const double low = middle - (double) (STEP * steps);

		p->first[j] = (int64_t) floor(low);
		p->beyond[j] = (float) (low - floor(low));
		p->n[j] = 2 * steps + 1;
		all *= (uint64_t) p->n[j];
		voxel = fmin(voxel, p->v->grid.voxel[j]);
	}
	if (all > UINT32_MAX)
		return em_fail(ctx, EM_TOO_LARGE, "too many places to look for helices at");
	p->reach = (int64_t) ceil(hypot(REACH, RADIUS) / voxel) + 2;
	em_rod_directions(p->axis);
	place_samples(p);
	make_stencils(p);
	return EM_OK;
}

static void
free_places(em_ctx *ctx, places *p)
{
	if (p == NULL)
		return;
	em_free(ctx, p->begin);
	em_free(ctx, p->place);
	em_free(ctx, p->score);
	em_free(ctx, p->direction);
	em_free(ctx, p->stencil);
	em_free(ctx, p);
}

/* List the places and score them. */
static em_status
score_places(em_ctx *ctx, places *p)
{
	static const double q = QUANTILE;
	int64_t		voxels;

	EM_TRY(em_quantiles(ctx, p->v, p->mask, EM_RANK_LINEAR, &q, 1, &p->cut, &voxels));
	EM_TRY(lay_out(ctx, p));
	p->begin = em_alloc(ctx, (uint64_t) p->n[2] + 1, sizeof(int64_t), "places of the rod search");
	if (p->begin == NULL)
		return em_ctx_status(ctx);
	EM_TRY(em_parallel(ctx, NULL, p->n[2], list_plane, p));
	for (int64_t k = 0; k < p->n[2]; k++)
		p->begin[k + 1] += p->begin[k];
	p->count = p->begin[p->n[2]];
	p->place = em_alloc(ctx, (uint64_t) p->count + 1, sizeof(uint32_t), "places of the rod search");
	p->score = em_alloc(ctx, (uint64_t) p->count + 1, sizeof(float), "scores of the rod search");
	p->direction = em_alloc(ctx, (uint64_t) p->count + 1, 1, "directions of the rod search");
	if (p->place == NULL || p->score == NULL || p->direction == NULL)
		return em_ctx_status(ctx);
	EM_TRY(em_parallel(ctx, NULL, p->n[2], list_plane, p));
	return em_parallel(ctx, "rods", (p->count + BLOCK - 1) / BLOCK, score_block, p);
}

/* Is place a better than place b? */
static inline bool
better(const places *p, uint32_t a, uint32_t b)
{
	return p->score[a] > p->score[b] || (p->score[a] == p->score[b] && a < b);
}

/* Let the entry at i of a heap with the best place on top sink to where it belongs. */
static void
sink(const places *p, uint32_t *heap, int64_t n, int64_t i)
{
	for (;;)
	{
		int64_t		child = 2 * i + 1;
		const uint32_t moved = heap[i];

		if (child >= n)
			return;
		if (child + 1 < n && better(p, heap[child + 1], heap[child]))
			child++;
		if (!better(p, heap[child], moved))
			return;
		heap[i] = heap[child];
		heap[child] = moved;
		i = child;
	}
}

/* Is a place at least EXCLUSION away from the rods taken so far? */
static bool
is_free(const em_rod *rod, int n, const double at[3], const double voxel[3])
{
	for (int i = 0; i < n; i++)
	{
		double		d2 = 0;

		for (int j = 0; j < 3; j++)
			d2 += pow((at[j] - rod[i].centre[j]) * voxel[j], 2);
		if (d2 < EXCLUSION * EXCLUSION)
			return false;
	}
	return true;
}

/* Take the best places one after the other. */
static em_status
take_best(em_ctx *ctx, const places *p, int most, em_rod *out, int *n)
{
	uint32_t   *heap = em_alloc(ctx, (uint64_t) p->count + 1, sizeof(uint32_t), "order of the rod search");
	int64_t		left = p->count;
	em_status	status = heap == NULL ? em_ctx_status(ctx) : EM_OK;

	for (int64_t i = 0; i < left && status == EM_OK; i++)
		heap[i] = (uint32_t) i;
	for (int64_t i = left / 2 - 1; i >= 0 && status == EM_OK; i--)
	{
		sink(p, heap, left, i);
		if (i % 65536 == 0)
			status = em_poll(ctx);
	}
	while (status == EM_OK && *n < most && left > 0 && p->score[heap[0]] > 0)
	{
		const uint32_t best = heap[0];
		em_rod		rod = {.score = p->score[best]};

		for (int j = 0; j < 3; j++)
			rod.centre[j] = (double) place_voxel(p, j, p->place[best]) + p->beyond[j];
		memcpy(rod.axis, p->axis[p->direction[best]], sizeof(rod.axis));
		if (is_free(out, *n, rod.centre, p->v->grid.voxel))
			out[(*n)++] = rod;
		heap[0] = heap[--left];
		sink(p, heap, left, 0);
		if (left % 256 == 0)
			status = em_poll(ctx);
	}
	em_free(ctx, heap);
	return status;
}

em_status
em_rods_find(em_ctx *ctx, const em_volume *v, const em_mask *mask, em_rod **out, int *n)
{
	const int64_t wanted = mask->count / VOXELS_A_ROD > LEAST_RODS ? mask->count / VOXELS_A_ROD : LEAST_RODS;
	places	   *p;
	em_status	status = EM_OK;

	*out = NULL;
	*n = 0;
	if (mask->count == 0)
		return EM_OK;
	p = em_alloc(ctx, 1, sizeof(places), "rod search");
	if (p == NULL)
		return em_ctx_status(ctx);
	p->v = v;
	p->mask = mask;
	p->stencil = em_alloc(ctx, EM_ROD_DIRECTIONS, sizeof(stencil), "rod search");
	*out = em_alloc(ctx, EM_RODS_MAX, sizeof(em_rod), "rods");
	if (p->stencil == NULL || *out == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = score_places(ctx, p);
	if (status == EM_OK)
		status = take_best(ctx, p, wanted < EM_RODS_MAX ? (int) wanted : EM_RODS_MAX, *out, n);
	free_places(ctx, p);
	if (status != EM_OK || *n == 0)
	{
		em_free(ctx, *out);
		*out = NULL;
		*n = 0;
	}
	return status;
}

uint64_t
em_rods_bytes(const em_grid *grid)
{
	uint64_t	all = 1;

	for (int j = 0; j < 3; j++)
		all *= (uint64_t) grid->n[j] / STEP + 1;
	return all * (2 * sizeof(uint32_t) + sizeof(float) + 1) + sizeof(places) +
		EM_ROD_DIRECTIONS * sizeof(stencil) + EM_RODS_MAX * sizeof(em_rod) + ((uint64_t) 1 << 20);
}
