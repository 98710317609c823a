/*
 * src/libem/local/em_monores_tiles.c
 *		Which boxes of a map MonoRes transforms, and which voxels it leaves out.
 */
#include "local/em_monores_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"

#define MARGIN 16				/* voxels about the mask when one region holds it */
#define TILE_MARGIN 24			/* about a tile of it */
#define REGION_LIMIT ((int64_t) 96 * 1024 * 1024)	/* voxels transformed at once */
#define NOISE_EDGE_MIN 48		/* of a noise cube, voxels */
#define NOISE_EDGE_MAX 125
#define NOISE_SHARE 4			/* noise cubes of small maps hold about 1/4 of the mask's box */
#define CANDIDATES 4096			/* places tried for noise cubes */

int64_t
em_monores_region_limit(const em_grid *grid)
{
	int64_t		voxels = em_grid_voxels(grid);

	return voxels < REGION_LIMIT ? voxels : REGION_LIMIT;
}

/* Region along one axis of n voxels for voxels lo .. hi-1 and a margin. */
static void
region_axis(int64_t n, int64_t lo, int64_t hi, int64_t margin, int64_t *offset, int64_t *size)
{
	int64_t		want = em_mono_good_size(hi - lo + 2 * margin);

	if (want >= n)
	{
		*offset = 0;
		*size = n;
		return;
	}
	*size = want;
	*offset = lo - (want - (hi - lo)) / 2;
	if (*offset < 0)
		*offset = 0;
	if (*offset > n - want)
		*offset = n - want;
}

/* The tile for voxels lo .. hi-1. */
static em_monores_tile
make_tile(const int64_t n[3], const int64_t lo[3], const int64_t hi[3], int64_t margin)
{
	em_monores_tile t;

	memcpy(t.lo, lo, sizeof(t.lo));
	memcpy(t.hi, hi, sizeof(t.hi));
	for (int j = 0; j < 3; j++)
		region_axis(n[j], lo[j], hi[j], margin, &t.offset[j], &t.n[j]);
	return t;
}

static int64_t
tile_voxels(const em_monores_tile *t)
{
	return t->n[0] * t->n[1] * t->n[2];
}

/* Cut the box lo .. hi-1 into parts[j] parts along each axis; the largest region's voxels. */
static int64_t
cut(const int64_t n[3], const int64_t lo[3], const int64_t hi[3], const int parts[3],
	em_monores_tile *out)
{
	const bool	whole = parts[0] * parts[1] * parts[2] == 1;
	int64_t		largest = 0;
	int			i = 0;

	for (int z = 0; z < parts[2]; z++)
		for (int y = 0; y < parts[1]; y++)
			for (int x = 0; x < parts[0]; x++)
			{
				const int	part[3] = {x, y, z};
				int64_t		from[3];
				int64_t		to[3];

				for (int j = 0; j < 3; j++)
				{
					from[j] = lo[j] + (hi[j] - lo[j]) * part[j] / parts[j];
					to[j] = lo[j] + (hi[j] - lo[j]) * (part[j] + 1) / parts[j];
				}
				out[i] = make_tile(n, from, to, whole ? MARGIN : TILE_MARGIN);
				if (tile_voxels(&out[i]) > largest)
					largest = tile_voxels(&out[i]);
				i++;
			}
	return largest;
}

em_status
em_monores_signal_tiles(em_ctx *ctx, const em_mask *mask, bool fast, int64_t limit, em_monores_tile *out,
						int *n)
{
	int			parts[3] = {1, 1, 1};
	int64_t		lo[3];
	int64_t		hi[3];

	*n = 1;
	if (!fast)
	{
		*out = (em_monores_tile) {.n = {mask->n[0], mask->n[1], mask->n[2]}};
		memcpy(out->hi, mask->n, sizeof(out->hi));
		return EM_OK;
	}
	EM_TRY(em_mask_bounds(ctx, mask, lo, hi));
	for (int j = 0; j < 3; j++)
		hi[j]++;
	while (cut(mask->n, lo, hi, parts, out) > (limit > 0 ? limit : REGION_LIMIT))
	{
		int			longest = 2;

		for (int j = 1; j >= 0; j--)
			if ((hi[j] - lo[j]) * parts[longest] > (hi[longest] - lo[longest]) * parts[j])
				longest = j;
		parts[longest]++;
		if (parts[0] * parts[1] * parts[2] > EM_MONORES_TILES || parts[longest] > hi[longest] - lo[longest])
			return em_fail(ctx, EM_TOO_LARGE, "the mask is too large for local resolution");
	}
	*n = parts[0] * parts[1] * parts[2];
	return EM_OK;
}

/* Voxels of the mask in a cube. */
static em_status
count_cube(em_ctx *ctx, const em_mask *mask, const em_monores_tile *t, int64_t *count)
{
	em_mono_pick pick;

	EM_TRY(em_poll(ctx));
	EM_TRY(em_mono_pick_create(ctx, mask, t->lo, t->hi, NULL, 0, &pick));
	*count = pick.count;
	em_mono_pick_destroy(ctx, &pick);
	return EM_OK;
}

/*
 * The next odd size from n on that transforms fast (prime factors 3, 5, 7).
 * Even edges lose the odd components of their Nyquist planes, which would make
 * the noise of small cubes look weaker than that of the map.
 */
static int64_t
good_odd_size(int64_t n)
{
	for (n |= 1;; n += 2)
		if (em_mono_good_size(n) == n)
			return n;
}

/* Edges of the noise cubes for the box lo .. hi-1, and how many are wanted. */
static int
noise_edges(const int64_t n[3], const int64_t lo[3], const int64_t hi[3], int64_t edge[3])
{
	double		voxels = (double) ((hi[0] - lo[0]) * (hi[1] - lo[1])) * (double) (hi[2] - lo[2]);
	int			cubes = EM_MONORES_NOISE_TILES;
	int64_t		e = (int64_t) cbrt(voxels / (NOISE_SHARE * 4));

	if (e < NOISE_EDGE_MAX)
		cubes = 4;
	e = e < NOISE_EDGE_MIN ? NOISE_EDGE_MIN : e > NOISE_EDGE_MAX ? NOISE_EDGE_MAX : e;
	for (int j = 0; j < 3; j++)
	{
		edge[j] = good_odd_size(e);
		if (edge[j] > n[j])
			edge[j] = n[j];
	}
	return cubes;
}

typedef struct candidate
{
	em_monores_tile tile;
	int64_t		count;
} candidate;

/* Cubes half an edge apart that touch the box lo .. hi-1. */
static em_status
list_candidates(em_ctx *ctx, const em_mask *mask, const int64_t lo[3], const int64_t hi[3],
				const int64_t edge[3], candidate *list, int *n)
{
	int64_t		steps[3];

	for (int j = 0; j < 3; j++)
	{
		int64_t		slack = hi[j] - lo[j] - edge[j];

		steps[j] = slack <= 0 ? 1 : (2 * slack + edge[j] - 1) / edge[j] + 1;
	}
	while (steps[0] * steps[1] * steps[2] > CANDIDATES)
		for (int j = 0; j < 3; j++)
			steps[j] = steps[j] > 2 ? steps[j] - 1 : steps[j];
	*n = 0;
	for (int64_t i = 0; i < steps[0] * steps[1] * steps[2]; i++)
	{
		const int64_t at[3] = {i % steps[0], i / steps[0] % steps[1], i / (steps[0] * steps[1])};
		candidate  *c = &list[*n];

		for (int j = 0; j < 3; j++)
		{
			int64_t		slack = hi[j] - lo[j] - edge[j];
			int64_t		from = steps[j] == 1 ? lo[j] + slack / 2 : lo[j] + slack * at[j] / (steps[j] - 1);

			from = from < 0 ? 0 : from > mask->n[j] - edge[j] ? mask->n[j] - edge[j] : from;
			c->tile.offset[j] = c->tile.lo[j] = from;
			c->tile.n[j] = edge[j];
			c->tile.hi[j] = from + edge[j];
		}
		EM_TRY(count_cube(ctx, mask, &c->tile, &c->count));
		(*n)++;
	}
	return EM_OK;
}

/* Do two cubes share voxels? */
static bool
overlap(const em_monores_tile *a, const em_monores_tile *b)
{
	for (int j = 0; j < 3; j++)
		if (a->hi[j] <= b->lo[j] || b->hi[j] <= a->lo[j])
			return false;
	return true;
}

/* Take the candidates with most voxels first, none that overlaps one already taken. */
static int
take_best(candidate *list, int n, int wanted, em_monores_tile *out)
{
	int			taken = 0;

	while (taken < wanted)
	{
		candidate  *best = NULL;

		for (int i = 0; i < n; i++)
			if (list[i].count > 0 && (best == NULL || list[i].count > best->count))
				best = &list[i];
		if (best == NULL)
			break;
		out[taken++] = best->tile;
		for (int i = 0; i < n; i++)
			if (overlap(&list[i].tile, &out[taken - 1]))
				list[i].count = 0;
	}
	return taken;
}

em_status
em_monores_noise_tiles(em_ctx *ctx, const em_mask *mask, em_monores_tile *out, int *n)
{
	int64_t		lo[3];
	int64_t		hi[3];
	int64_t		edge[3];
	int			wanted;
	int			found;
	candidate  *list;
	em_status	status;

	EM_TRY(em_mask_bounds(ctx, mask, lo, hi));
	for (int j = 0; j < 3; j++)
		hi[j]++;
	wanted = noise_edges(mask->n, lo, hi, edge);
	list = em_alloc(ctx, CANDIDATES, sizeof(candidate), "places for noise cubes");
	if (list == NULL)
		return em_ctx_status(ctx);
	status = list_candidates(ctx, mask, lo, hi, edge, list, &found);
	if (status == EM_OK)
		*n = take_best(list, found, wanted, out);
	em_free(ctx, list);
	return status;
}

/* What is summed per unit of radius. */
typedef struct shell_sums
{
	double		n;
	double		sum;
	double		sum2;
	bool		mask;			/* is a voxel of the mask in it? */
} shell_sums;

typedef struct radial_job
{
	const em_volume *half1;
	const em_volume *half2;
	const em_mask *mask;
	em_mask    *out;
	bool		complement;
	double		radius2;
	double		scale[3];		/* voxel size over that of the x axis */
	int64_t		centre[3];
	int64_t		shells;
	shell_sums *sums;			/* `shells` a plane */
	double		pivot;
} radial_job;

static void
init_radial(radial_job *job, const em_grid *grid)
{
	for (int j = 0; j < 3; j++)
	{
		job->scale[j] = grid->voxel[j] / grid->voxel[0];
		job->centre[j] = grid->n[j] / 2;
	}
}

/* Squared distance from the centre, in voxels of the x axis. */
static inline double
distance2(const radial_job *job, int64_t x, int64_t y, int64_t z)
{
	const double dx = (double) (x - job->centre[0]);
	const double dy = (double) (y - job->centre[1]) * job->scale[1];
	const double dz = (double) (z - job->centre[2]) * job->scale[2];

	return dx * dx + dy * dy + dz * dz;
}

/* Item: plane z of the map's radial sums. */
static em_status
radial_plane(void *arg, int64_t z, int worker)
{
	radial_job *job = arg;
	const em_grid *grid = &job->half1->grid;
	shell_sums *sums = job->sums + z * job->shells;

	(void) worker;
	for (int64_t y = 0; y < grid->n[1]; y++)
	{
		const float *a = em_volume_row(job->half1, y, z);
		const float *b = job->half2 == NULL ? a : em_volume_row(job->half2, y, z);

		for (int64_t x = 0; x < grid->n[0]; x++)
		{
			const int64_t r = (int64_t) sqrt(distance2(job, x, y, z));
			const double v = 0.5 * ((double) a[x] + b[x]) - job->pivot;

			if (r >= job->shells || !isfinite(v))
				continue;
			sums[r].n++;
			sums[r].sum += v;
			sums[r].sum2 += v * v;
			sums[r].mask |= em_mask_get(job->mask, x, y, z);
		}
	}
	return EM_OK;
}

/* Where the variance falls below 1 % of the shell before, from the mask's radius outwards. */
static double
find_cliff(const shell_sums *s, int64_t shells)
{
	int64_t		first = 0;
	double		before = 1e-38;

	for (int64_t r = 0; r < shells; r++)
		if (s[r].mask)
			first = r;
	for (int64_t r = first; r < shells; r++)
	{
		double		variance;

		if (s[r].n == 0)
			continue;
		variance = s[r].sum2 / s[r].n - (s[r].sum / s[r].n) * (s[r].sum / s[r].n);
		if (variance < 0.01 * before && r > first)
			return (double) (r - 1);
		before = variance;
	}
	return (double) shells;
}

em_status
em_monores_cliff(em_ctx *ctx, const em_volume *half1, const em_volume *half2, const em_mask *mask,
				 double *radius)
{
	const em_grid *grid = &half1->grid;
	radial_job	job = {.half1 = half1,.half2 = half2,.mask = mask,.pivot = half1->data[0]};
	em_status	status;

	init_radial(&job, grid);
	if (!isfinite(job.pivot))
		job.pivot = 0;
	for (int j = 0; j < 3; j++)
		job.shells = (int64_t) fmax((double) job.shells, (double) (grid->n[j] / 2) * job.scale[j]);
	job.sums = em_alloc(ctx, (uint64_t) (job.shells * grid->n[2]), sizeof(shell_sums), "radial sums");
	if (job.sums == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "radial variance", grid->n[2], radial_plane, &job);
	for (int64_t z = 1; z < grid->n[2] && status == EM_OK; z++)
		for (int64_t r = 0; r < job.shells; r++)
		{
			const shell_sums *from = &job.sums[z * job.shells + r];

			job.sums[r].n += from->n;
			job.sums[r].sum += from->sum;
			job.sums[r].sum2 += from->sum2;
			job.sums[r].mask |= from->mask;
		}
	if (status == EM_OK)
		*radius = find_cliff(job.sums, job.shells);
	em_free(ctx, job.sums);
	return status;
}

/* Item: plane z of a mask cut at the radius. */
static em_status
inside_plane(void *arg, int64_t z, int worker)
{
	radial_job *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		const uint64_t *from = em_mask_row(job->mask, y, z);
		uint64_t   *to = em_mask_row(job->out, y, z);

		for (int64_t x = 0; x < job->mask->n[0]; x++)
			if ((((from[x >> 6] >> (x & 63)) & 1) != 0) != job->complement &&
				distance2(job, x, y, z) < job->radius2)
				to[x >> 6] |= UINT64_C(1) << (x & 63);
	}
	return EM_OK;
}

em_status
em_monores_inside(em_ctx *ctx, const em_mask *mask, const em_grid *grid, double radius, bool complement,
				  em_mask **out)
{
	radial_job	job = {.mask = mask,.complement = complement,.radius2 = radius * radius};
	em_status	status;

	init_radial(&job, grid);
	EM_TRY(em_mask_create(ctx, mask->n, "a mask", &job.out));
	status = em_parallel(ctx, "masking", mask->n[2], inside_plane, &job);
	if (status == EM_OK)
		status = em_mask_recount(ctx, job.out);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, job.out);
		return status;
	}
	*out = job.out;
	return EM_OK;
}
