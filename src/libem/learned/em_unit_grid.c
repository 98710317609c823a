/*
 * src/libem/learned/em_unit_grid.c
 *		Choosing the box and its sampling, and going there and back.
 */
#include "learned/em_unit_grid.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_crop.h"
#include "fourier/em_fft.h"

#define SLACK_SHARE 0.08		/* of an edge: how much longer it may be made ... */
#define SLACK_LEAST 16			/* ... and in voxels of the map, at least */

/* Even number nearest to x. */
static int64_t
nearest_even(double x)
{
	return 2 * (int64_t) floor(0.5 * x + 0.5);
}

/* The best even smooth number of points for a length (in points) within a tolerance; 0 when there is none. */
static int64_t
smooth_points(double length, double tolerance)
{
	const int64_t least = (int64_t) ceil(length / (1 + tolerance));
	const int64_t most = (int64_t) floor(length / (1 - tolerance));
	int64_t		best = 0;

	for (int64_t n = least + (least & 1); n <= most; n += 2)
		if (em_fft_is_smooth(n, 5) && (best == 0 || fabs((double) n - length) < fabs((double) best - length)))
			best = n;
	return best;
}

/*
 * Edge j: `need` voxels of the map or more, all of them at most.  Takes the
 * shortest box that transforms fast and has a smooth grid, allowing 0.5, 1 and
 * 2 % in turn.
 */
static void
choose_edge(em_unit_grid *u, int j, int64_t need, double voxel)
{
	static const double tolerance[] = {0.005, 0.01, 0.02};
	const int64_t total = u->map.n[j];
	const double unit = u->map.voxel[j] / voxel;
	int64_t		most = need + (int64_t) (SLACK_SHARE * (double) need) + SLACK_LEAST;

	most = most < total ? most : total;
	for (int t = 0; t < 3; t++)
		for (int64_t size = need; size <= most; size++)
		{
			const int64_t n = size == total || em_fft_is_smooth(size, 13) ?
				smooth_points((double) size * unit, tolerance[t]) : 0;

			if (n > 0)
			{
				u->size[j] = size;
				u->grid.n[j] = n;
				return;
			}
		}
	u->size[j] = need;
	u->grid.n[j] = nearest_even((double) need * unit);
}

/* Both numbers of an edge are chosen: the rest follows. */
static void
finish_grid(em_unit_grid *u)
{
	for (int j = 0; j < 3; j++)
	{
		const double origin = u->map.origin[j] != 0 ? u->map.origin[j] :
			(double) u->map.start[j] * u->map.voxel[j];

		u->step[j] = (double) u->size[j] / (double) u->grid.n[j];
		u->grid.voxel[j] = u->map.voxel[j] * u->step[j];
		u->grid.origin[j] = origin + (double) u->first[j] * u->map.voxel[j];
		u->grid.start[j] = 0;
		u->grid.angle[j] = 90;
	}
}

/* Is an edge of this voxel size and number of voxels within the limits? */
static bool
edge_fits(const em_grid *map, int j, double voxel)
{
	return map->voxel[j] > 0 && map->voxel[j] <= EM_UNIT_COARSEST * voxel &&
		(double) map->n[j] * map->voxel[j] / voxel >= EM_UNIT_EDGE_MIN;
}

em_status
em_unit_grid_choose(em_ctx *ctx, const em_grid *map, const em_mask *mask, double voxel, double margin,
					em_unit_grid *out)
{
	int64_t		first[3];
	int64_t		last[3];

	memset(out, 0, sizeof(*out));
	out->map = *map;
	EM_TRY(em_grid_check(ctx, map, "map"));
	EM_TRY(em_mask_bounds(ctx, mask, first, last));
	if (first[0] < 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no voxel lies in the mask");
	for (int j = 0; j < 3; j++)
	{
		const int64_t around = (int64_t) ceil(margin / map->voxel[j]);
		const int64_t least = (int64_t) ceil(EM_UNIT_EDGE_MIN * voxel / map->voxel[j]);
		int64_t		need = last[j] - first[j] + 1 + 2 * around;

		if (map->voxel[j] > EM_UNIT_COARSEST * voxel)
			return em_fail(ctx, EM_NOT_MEASURABLE, "the voxels are %.2f Å long, too coarse for this method",
						   map->voxel[j]);
		if (!edge_fits(map, j, voxel))
			return em_fail(ctx, EM_NOT_MEASURABLE, "the box is only %.2f Å long",
						   (double) map->n[j] * map->voxel[j]);
		need = need > least ? need : least;
		choose_edge(out, j, need < map->n[j] ? need : map->n[j], voxel);
		/* The mask in the middle, then the box moved inside the map. */
		out->first[j] = (first[j] + last[j] + 1 - out->size[j]) / 2;
		if (out->first[j] > map->n[j] - out->size[j])
			out->first[j] = map->n[j] - out->size[j];
		if (out->first[j] < 0)
			out->first[j] = 0;
	}
	finish_grid(out);
	return EM_OK;
}

bool
em_unit_grid_whole(const em_grid *map, double voxel, em_unit_grid *out)
{
	memset(out, 0, sizeof(*out));
	out->map = *map;
	for (int j = 0; j < 3; j++)
	{
		if (!edge_fits(map, j, voxel))
			return false;
		choose_edge(out, j, map->n[j], voxel);
	}
	finish_grid(out);
	return em_grid_right_angled(map);
}

/* Cutting the box out of the map. */
typedef struct cut_job
{
	const em_unit_grid *u;
	const em_volume *map;
	em_volume  *box;
	float	   *largest;		/* one a plane */
	double		divisor;
} cut_job;

/* Row (y, z) of the box in the map. */
static const float *
box_row(const cut_job *job, int64_t y, int64_t z)
{
	return em_volume_row(job->map, y + job->u->first[1], z + job->u->first[2]) + job->u->first[0];
}

/* Item: largest absolute value of plane z of the box. */
static em_status
measure_plane(void *arg, int64_t z, int worker)
{
	cut_job    *job = arg;
	float		largest = 0;

	(void) worker;
	for (int64_t y = 0; y < job->u->size[1]; y++)
	{
		const float *from = box_row(job, y, z);

		for (int64_t x = 0; x < job->u->size[0]; x++)
			largest = fabsf(from[x]) > largest ? fabsf(from[x]) : largest;
	}
	job->largest[z] = largest;
	return EM_OK;
}

/* Item: plane z of the box, divided. */
static em_status
cut_plane(void *arg, int64_t z, int worker)
{
	cut_job    *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->u->size[1]; y++)
	{
		const float *from = box_row(job, y, z);
		float	   *to = em_volume_row(job->box, y, z);

		for (int64_t x = 0; x < job->u->size[0]; x++)
			to[x] = (float) ((double) from[x] / job->divisor);
	}
	return EM_OK;
}

/* The box as a map of its own, values divided by the largest. */
static em_status
cut_box(em_ctx *ctx, const em_unit_grid *u, const em_volume *map, em_volume **out)
{
	cut_job		job = {.u = u,.map = map};
	em_grid		grid = u->grid;
	em_status	status;

	memcpy(grid.n, u->size, sizeof(grid.n));
	memcpy(grid.voxel, u->map.voxel, sizeof(grid.voxel));
	job.largest = em_alloc(ctx, (uint64_t) u->size[2], sizeof(float), "the largest values");
	if (job.largest == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "box", u->size[2], measure_plane, &job);
	for (int64_t z = 0; z < u->size[2]; z++)
		job.divisor = fmax(job.divisor, job.largest[z]);
	em_free(ctx, job.largest);
	if (!(job.divisor > 0))
		job.divisor = 1;
	if (status == EM_OK)
		status = em_volume_create(ctx, &grid, "the box around the mask", out);
	job.box = *out;
	if (status == EM_OK)
		status = em_parallel(ctx, "box", u->size[2], cut_plane, &job);
	return status;
}

em_status
em_unit_spectrum(em_ctx *ctx, const em_unit_grid *u, const em_volume *map, const char *what, em_volume **out)
{
	em_volume  *box = NULL;
	em_status	status;

	*out = NULL;
	if (map->domain != EM_REAL_SPACE)
		return em_fail(ctx, EM_INTERNAL, "cutting a box out of a spectrum");
	status = cut_box(ctx, u, map, &box);
	if (status == EM_OK)
		status = em_fft_forward(ctx, box);
	if (status == EM_OK && memcmp(u->size, u->grid.n, sizeof(u->size)) == 0)
	{
		*out = box;
		return EM_OK;
	}
	if (status == EM_OK)
		status = em_crop_spectrum(ctx, box, u->grid.n, what, out);
	em_volume_destroy(ctx, box);
	if (status == EM_OK)
		(*out)->grid = u->grid;
	return status;
}

uint64_t
em_unit_spectrum_bytes(const em_ctx *ctx, const em_unit_grid *u)
{
	em_grid		box = u->grid;

	memcpy(box.n, u->size, sizeof(box.n));
	return em_volume_bytes(&box) + em_volume_bytes(&u->grid) + em_fft_scratch_bytes(ctx, &box) +
		sizeof(float) * (uint64_t) box.n[2] + 4096;
}

/* The voxel of the map nearest to new voxel i along axis j, inside the map. */
static int64_t
nearest_old(const em_unit_grid *u, int j, int64_t i)
{
	const int64_t at = u->first[j] + (int64_t) floor((double) i * u->step[j] + 0.5);

	return at < u->map.n[j] ? at : u->map.n[j] - 1;
}

/* The new voxel nearest to voxel i of the map along axis j; -1 outside the box. */
static int64_t
nearest_new(const em_unit_grid *u, int j, int64_t i)
{
	int64_t		at;

	if (i < u->first[j] || i >= u->first[j] + u->size[j])
		return -1;
	at = (int64_t) floor((double) (i - u->first[j]) / u->step[j] + 0.5);
	return at < u->grid.n[j] ? at : at - u->grid.n[j];
}

/* Making the new mask. */
typedef struct mask_job
{
	const em_unit_grid *u;
	const em_mask *from;
	em_mask    *to;
} mask_job;

/* Item: plane z of the new mask, from the voxels of the map nearest to its own. */
static em_status
pull_plane(void *arg, int64_t z, int worker)
{
	mask_job   *job = arg;
	const int64_t oz = nearest_old(job->u, 2, z);

	(void) worker;
	for (int64_t y = 0; y < job->to->n[1]; y++)
	{
		const int64_t oy = nearest_old(job->u, 1, y);
		uint64_t   *to = em_mask_row(job->to, y, z);

		for (int64_t x = 0; x < job->to->n[0]; x++)
			if (em_mask_get(job->from, nearest_old(job->u, 0, x), oy, oz))
				to[x >> 6] |= UINT64_C(1) << (x & 63);
	}
	return EM_OK;
}

/* The new voxels nearest to the voxels of plane z of the old mask join. */
static void
push_plane(const mask_job *job, int64_t z)
{
	const int64_t nz = nearest_new(job->u, 2, z);

	for (int64_t y = 0; nz >= 0 && y < job->from->n[1]; y++)
	{
		const int64_t ny = nearest_new(job->u, 1, y);
		const uint64_t *bits = em_mask_row(job->from, y, z);

		for (int64_t w = 0; ny >= 0 && w < job->from->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const int64_t nx = nearest_new(job->u, 0, 64 * w + __builtin_ctzll(left));

				if (nx >= 0)
					em_mask_row(job->to, ny, nz)[nx >> 6] |= UINT64_C(1) << (nx & 63);
			}
	}
}

em_status
em_unit_mask(em_ctx *ctx, const em_unit_grid *u, const em_mask *mask, em_mask **out)
{
	mask_job	job = {.u = u,.from = mask};
	em_status	status;

	EM_TRY(em_mask_create(ctx, u->grid.n, "the mask on new voxels", out));
	job.to = *out;
	status = em_parallel(ctx, "mask", u->grid.n[2], pull_plane, &job);
	for (int64_t z = 0; z < mask->n[2] && status == EM_OK; z++)
	{
		push_plane(&job, z);
		status = em_poll(ctx);
	}
	if (status == EM_OK)
		status = em_mask_recount(ctx, *out);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* Going back. */
typedef struct back_job
{
	const em_unit_grid *u;
	const em_volume *values;
	const em_mask *inside;
	const em_mask *mask;
	em_volume  *out;
} back_job;

/* Where a voxel of the map lies on an axis of the new grid: two neighbours and their weights. */
typedef struct between
{
	int64_t		at[2];
	double		weight[2];
} between;

static between
between_of(const em_unit_grid *u, int j, int64_t i)
{
	const double at = (double) (i - u->first[j]) / u->step[j];
	const double below = floor(at);
	between		b;

	b.at[0] = (int64_t) below;
	b.at[1] = (b.at[0] + 1) % u->grid.n[j];
	b.weight[1] = at - below;
	b.weight[0] = 1 - b.weight[1];
	return b;
}

/* Mean of the neighbours inside, by their weights. */
static float
value_between(const back_job *job, const between b[3])
{
	double		sum = 0;
	double		weights = 0;

	for (int i = 0; i < 8; i++)
	{
		const int	c[3] = {i & 1, (i >> 1) & 1, i >> 2};
		const double weight = b[0].weight[c[0]] * b[1].weight[c[1]] * b[2].weight[c[2]];
		const int64_t x = b[0].at[c[0]];
		const int64_t y = b[1].at[c[1]];
		const int64_t z = b[2].at[c[2]];

		if (weight > 0 && em_mask_get(job->inside, x, y, z))
		{
			sum += weight * em_volume_row(job->values, y, z)[x];
			weights += weight;
		}
	}
	return weights > 0 ? (float) (sum / weights) : 0;
}

/* Item: plane z of the map. */
static em_status
back_plane(void *arg, int64_t z, int worker)
{
	back_job   *job = arg;
	between		b[3];

	(void) worker;
	if (nearest_new(job->u, 2, z) < 0)
		return EM_OK;
	b[2] = between_of(job->u, 2, z);
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		const uint64_t *bits = em_mask_row(job->mask, y, z);
		float	   *to = em_volume_row(job->out, y, z);

		if (nearest_new(job->u, 1, y) < 0)
			continue;
		b[1] = between_of(job->u, 1, y);
		for (int64_t w = 0; w < job->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const int64_t x = 64 * w + __builtin_ctzll(left);

				if (nearest_new(job->u, 0, x) < 0)
					continue;
				b[0] = between_of(job->u, 0, x);
				to[x] = value_between(job, b);
			}
	}
	return EM_OK;
}

em_status
em_unit_back(em_ctx *ctx, const em_unit_grid *u, const em_volume *values, const em_mask *inside,
			 const em_mask *mask, const char *what, em_volume **out)
{
	back_job	job = {.u = u,.values = values,.inside = inside,.mask = mask};
	em_status	status;

	EM_TRY(em_volume_create(ctx, &u->map, what, out));
	job.out = *out;
	status = em_parallel(ctx, "values of the map's voxels", u->map.n[2], back_plane, &job);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
