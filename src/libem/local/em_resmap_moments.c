/*
 * src/libem/local/em_resmap_moments.c
 *		The statistic of ResMap at every voxel of a mask, by separable filters.
 *
 * Tiles of 64 x 8 x 16 voxels that touch the mask: four filters along x, ten
 * products along y for every plane, twenty along z for every voxel.  Filters of
 * even degree see the sum, those of odd degree the difference of the voxels at
 * equal distances on both sides.
 */
#include "local/em_resmap_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "volume/em_vec.h"

#define TX 64					/* voxels of a tile along x: one word of the mask */
#define TY 8
#define TZ 16
#define PAIRS 10				/* products of degrees along x and y, a + b <= 3 */
#define ROWS_MAX (TY + 2 * EM_RESMAP_RADIUS)
#define PLANES_MAX (TZ + 2 * EM_RESMAP_RADIUS)

/* Degrees along x and y of the products, and where they begin for each degree along x. */
static const int pair_degree[PAIRS][2] = {
	{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {3, 0}
};

typedef struct scratch
{
	float		line[TX + 2 * EM_RESMAP_RADIUS];
	float		alongx[EM_RESMAP_ORDER][ROWS_MAX][TX];
	float		alongy[PAIRS][TY][PLANES_MAX][TX];
	float		moment[EM_RESMAP_MOMENTS][TX];
} scratch;

typedef struct job
{
	const em_volume *v;
	const em_mask *mask;
	const em_resmap_model *m;
	em_volume  *out;
	float		scale;			/* 1/variance */
	float		cap;
	int			radius;
	float		filter[EM_RESMAP_ORDER][EM_RESMAP_RADIUS + 1];	/* taps 0..r */
	int			moment_of[EM_RESMAP_ORDER][EM_RESMAP_ORDER][EM_RESMAP_ORDER];
	int64_t		tiles[3];
	scratch    *scratch;
} job;

/* Copy TX voxels from x on and the radius about them; 0 outside the box. */
static void
read_line(const job *j, float *line, int64_t x, int64_t y, int64_t z)
{
	const int64_t *n = j->v->grid.n;
	const int64_t want = TX + 2 * j->radius;
	int64_t		first = x - j->radius;
	int64_t		begin = first < 0 ? -first : 0;
	int64_t		end = n[0] - first < want ? n[0] - first : want;

	memset(line, 0, (size_t) want * sizeof(float));
	if (y >= 0 && y < n[1] && z >= 0 && z < n[2] && begin < end)
		memcpy(line + begin, em_volume_row(j->v, y, z) + first + begin,
			   (size_t) (end - begin) * sizeof(float));
}

/* Add one tap of each degree <= most, the voxels on both sides given. */
EM_INLINE void
add_tap(const job *j, int tap, int most, const float *minus, const float *plus, float *const to[EM_RESMAP_ORDER])
{
	if (tap == 0)
	{
		for (int d = 0; d <= most; d += 2)
			for (int x = 0; x < TX; x++)
				to[d][x] += j->filter[d][0] * plus[x];
		return;
	}
	for (int x = 0; x < TX; x++)
		to[0][x] += j->filter[0][tap] * (plus[x] + minus[x]);
	if (most >= 1)
		for (int x = 0; x < TX; x++)
			to[1][x] += j->filter[1][tap] * (plus[x] - minus[x]);
	if (most >= 2)
		for (int x = 0; x < TX; x++)
			to[2][x] += j->filter[2][tap] * (plus[x] + minus[x]);
	if (most >= 3)
		for (int x = 0; x < TX; x++)
			to[3][x] += j->filter[3][tap] * (plus[x] - minus[x]);
}

/* Filters along x and y of one plane of a tile. */
EM_HOT
static void
filter_plane(const job *j, scratch *s, int64_t x, int64_t y, int64_t z, int plane)
{
	const int	r = j->radius;

	for (int row = 0; row < TY + 2 * r; row++)
	{
		float	   *to[EM_RESMAP_ORDER] = {
			s->alongx[0][row], s->alongx[1][row], s->alongx[2][row], s->alongx[3][row]
		};

		for (int d = 0; d < EM_RESMAP_ORDER; d++)
			memset(to[d], 0, TX * sizeof(float));
		read_line(j, s->line, x, y - r + row, z);
		for (int t = 0; t <= r; t++)
			add_tap(j, t, 3, s->line + r - t, s->line + r + t, to);
	}
	for (int row = 0; row < TY; row++)
		for (int a = 0, pair = 0; a < EM_RESMAP_ORDER; pair += EM_RESMAP_ORDER - a, a++)
		{
			float	   *to[EM_RESMAP_ORDER] = {NULL};

			for (int b = 0; a + b <= 3; b++)
			{
				to[b] = s->alongy[pair + b][row][plane];
				memset(to[b], 0, TX * sizeof(float));
			}
			for (int t = 0; t <= r; t++)
				add_tap(j, t, 3 - a, s->alongx[a][row + r - t], s->alongx[a][row + r + t], to);
		}
}

/* Filters along z of one row. */
EM_HOT
static void
filter_row(const job *j, scratch *s, int row, int plane)
{
	const int	r = j->radius;

	memset(s->moment, 0, sizeof(s->moment));
	for (int pair = 0; pair < PAIRS; pair++)
	{
		const int	a = pair_degree[pair][0];
		const int	b = pair_degree[pair][1];
		float	   *to[EM_RESMAP_ORDER] = {NULL};

		for (int c = 0; a + b + c <= 3; c++)
			to[c] = s->moment[j->moment_of[a][b][c]];
		for (int t = 0; t <= r; t++)
			add_tap(j, t, 3 - a - b, s->alongy[pair][row][plane + r - t], s->alongy[pair][row][plane + r + t], to);
	}
}

/* Add the squares of components made of n moments from `first` on. */
EM_INLINE void
add_squares(const double *component, int n, const float (*moment)[TX], float sum[TX])
{
	float		c[TX] = {0};

	for (int k = 0; k < n; k++)
	{
		const float f = (float) component[k];

		for (int x = 0; x < TX; x++)
			c[x] += f * moment[k][x];
	}
	for (int x = 0; x < TX; x++)
		sum[x] += c[x] * c[x];
}

/* The statistic of one row from its moments. */
EM_HOT
static void
sum_row(const job *j, const scratch *s, float sum[TX])
{
	const em_resmap_model *m = j->m;

	memset(sum, 0, TX * sizeof(float));
	for (int i = 0; i < m->even_rank; i++)
		add_squares(m->even[i], EM_RESMAP_EVEN, s->moment + 1, sum);
	for (int i = 0; i < m->odd_rank; i++)
		add_squares(m->odd[i], EM_RESMAP_ODD, s->moment + 7, sum);
	for (int x = 0; x < TX; x++)
	{
		const float scaled = sum[x] * j->scale;

		sum[x] = scaled < j->cap ? scaled : j->cap;
	}
}

/* Has this row of a tile a voxel of the mask? */
static bool
row_wanted(const job *j, int64_t word, int64_t y, int64_t z)
{
	return y < j->mask->n[1] && z < j->mask->n[2] && em_mask_row(j->mask, y, z)[word] != 0;
}

/* First and last plane of a tile with a voxel of the mask; false when there is none. */
static bool
planes_wanted(const job *j, int64_t word, int64_t y, int64_t z, int *first, int *last)
{
	*first = TZ;
	*last = -1;
	for (int k = 0; k < TZ; k++)
		for (int i = 0; i < TY; i++)
			if (row_wanted(j, word, y + i, z + k))
			{
				*first = k < *first ? k : *first;
				*last = k;
			}
	return *last >= 0;
}

/* Item: one tile. */
static em_status
measure_tile(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	scratch    *s = j->scratch + worker;
	const int64_t word = item % j->tiles[0];
	const int64_t x = word * TX;
	const int64_t y = item / j->tiles[0] % j->tiles[1] * TY;
	const int64_t z = item / j->tiles[0] / j->tiles[1] * TZ;
	const int64_t width = j->mask->n[0] - x < TX ? j->mask->n[0] - x : TX;
	float		sum[TX];
	int			first;
	int			last;

	if (!planes_wanted(j, word, y, z, &first, &last))
		return EM_OK;
	for (int plane = first; plane <= last + 2 * j->radius; plane++)
		filter_plane(j, s, x, y, z - j->radius + plane, plane);
	for (int k = first; k <= last; k++)
		for (int i = 0; i < TY; i++)
			if (row_wanted(j, word, y + i, z + k))
			{
				filter_row(j, s, i, k);
				sum_row(j, s, sum);
				memcpy(em_volume_row(j->out, y + i, z + k) + x, sum, (size_t) width * sizeof(float));
			}
	return EM_OK;
}

em_status
em_resmap_statistics(em_ctx *ctx, const em_volume *v, const em_mask *mask, const em_resmap_model *m,
					 double variance, double cap, em_volume *out)
{
	job			j = {
		.v = v,.mask = mask,.m = m,.out = out,.scale = (float) (1 / variance),.cap = (float) cap,
		.radius = m->radius
	};
	em_status	status;

	for (int d = 0; d < EM_RESMAP_ORDER; d++)
		for (int t = 0; t <= m->radius; t++)
			j.filter[d][t] = (float) m->filter[d][m->radius + t];
	for (int i = 0; i < EM_RESMAP_MOMENTS; i++)
		j.moment_of[em_resmap_degree[i][0]][em_resmap_degree[i][1]][em_resmap_degree[i][2]] = i;
	j.tiles[0] = mask->words;
	j.tiles[1] = (mask->n[1] + TY - 1) / TY;
	j.tiles[2] = (mask->n[2] + TZ - 1) / TZ;
	j.scratch = em_alloc(ctx, (uint64_t) em_parallel_workers(ctx), sizeof(scratch), "moments of windows");
	if (j.scratch == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "local models", j.tiles[0] * j.tiles[1] * j.tiles[2], measure_tile, &j);
	em_free(ctx, j.scratch);
	return status;
}

uint64_t
em_resmap_bytes(const em_ctx *ctx, const em_grid *grid)
{
	return (uint64_t) em_grid_voxels(grid) + em_mask_bytes(grid->n) +
		(uint64_t) em_parallel_workers(ctx) * sizeof(scratch) + ((uint64_t) 4 << 20);
}
