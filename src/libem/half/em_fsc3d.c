/*
 * src/libem/half/em_fsc3d.c
 *		The 3D FSC as a volume.
 *
 * The coefficients of a shell are sorted into the cells of a fine cube map
 * (em_directions.h); a cone is then the sum of the cells whose centres it holds.
 * Shells are worked on in groups, so that the cells of a group fit in a few MiB
 * whatever the box, and every part of a shell has cells of its own that are
 * added in order.  Inner shells, which have fewer coefficients than cells, are
 * compared coefficient by coefficient.
 */
#include "half/em_fsc3d.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "half/em_shell_parts.h"
#include "volume/em_vec.h"

#define NEAR_ZERO 0.13
#define BEYOND 4				/* shells kept after the first near 0 */
#define EXACT 32				/* shells up to this one are compared coefficient by coefficient */
#define EDGE 48					/* cells along the edge of a face: 1.9 degrees */
#define CELLS (3 * EDGE * EDGE)
#define PART_COEFFICIENTS 200000
#define GROUP_PARTS 64

/* What is summed over a cell. */
enum
{
	SUM_CROSS = 0,
	SUM_POWER1,
	SUM_POWER2,
	SUMS
};

/* A coefficient of an inner shell. */
typedef struct spot
{
	float		axis[3];
	double		sum[SUMS];
} spot;

typedef struct volume_job
{
	const em_shells *shells;
	const em_volume *f1;
	const em_volume *f2;
	double		cos_cone;
	int64_t		reach;
	int32_t    *first_near;		/* CELLS + 1: where the neighbours of a cell begin */
	uint16_t   *near;			/* the cells within the cone about each cell's centre */
	float	  (*centre)[3];		/* of the cells */
	int64_t		group_first;	/* first shell of the group */
	int64_t		group_end;
	int64_t		first_part[GROUP_PARTS + 2];	/* by shell of the group */
	double	   *bins;			/* CELLS * SUMS a part */
	float	   *value;			/* CELLS a shell, 0 .. reach */
	spot	   *spots;			/* room a worker */
	int64_t		room;
	em_volume  *cube;
} volume_job;

int64_t
em_fsc3d_reach(const double *global, int64_t count)
{
	for (int64_t i = 1; i < count; i++)
		if (!(fabs(global[i]) >= NEAR_ZERO))
			return i + BEYOND < count ? i + BEYOND : count - 1;
	return count - 1;
}

static float
correlation(const double *sum)
{
	double		power = sum[SUM_POWER1] * sum[SUM_POWER2];

	return power > 0 ? (float) (sum[SUM_CROSS] / sqrt(power)) : 0;
}

/* The sums of one coefficient. */
static inline void
terms_of(const volume_job *job, const em_shell_walk *w, int64_t kx, double out[SUMS])
{
	const float *a = em_volume_row(job->f1, w->iy, w->iz) + 2 * kx;
	const float *b = em_volume_row(job->f2, w->iy, w->iz) + 2 * kx;

	out[SUM_CROSS] = (double) a[0] * b[0] + (double) a[1] * b[1];
	out[SUM_POWER1] = (double) a[0] * a[0] + (double) a[1] * a[1];
	out[SUM_POWER2] = (double) b[0] * b[0] + (double) b[1] * b[1];
}

/* The direction of a coefficient, not normalised. */
static inline void
vector_of(const em_shells *s, const em_shell_walk *w, int64_t kx, float out[3])
{
	out[0] = (float) ((double) kx * sqrt(s->unit2[0]));
	out[1] = (float) ((double) w->ky * sqrt(s->unit2[1]));
	out[2] = (float) ((double) w->kz * sqrt(s->unit2[2]));
}

/* ---------------------------------------------------------------- cells */

/* Cells within the cone about cell c; stores them when there is room, returns how many. */
static int32_t
near_cells(const volume_job *job, int c, uint16_t *near)
{
	const float *v = job->centre[c];
	int32_t		n = 0;

	for (int i = 0; i < CELLS; i++)
	{
		const float *w = job->centre[i];

		if (fabsf(v[0] * w[0] + v[1] * w[1] + v[2] * w[2]) < (float) job->cos_cone)
			continue;
		if (near != NULL)
			near[n] = (uint16_t) i;
		n++;
	}
	return n;
}

static em_status
count_near(void *arg, int64_t c, int worker)
{
	volume_job *job = arg;

	(void) worker;
	job->first_near[c + 1] = near_cells(job, (int) c, NULL);
	return EM_OK;
}

static em_status
list_near(void *arg, int64_t c, int worker)
{
	volume_job *job = arg;

	(void) worker;
	(void) near_cells(job, (int) c, job->near + job->first_near[c]);
	return EM_OK;
}

/* List the neighbours of every cell. */
static em_status
make_cells(em_ctx *ctx, volume_job *job)
{
	job->centre = em_alloc(ctx, CELLS, sizeof(job->centre[0]), "cells of the 3D FSC");
	job->first_near = em_alloc(ctx, CELLS + 1, sizeof(int32_t), "cells of the 3D FSC");
	if (job->centre == NULL || job->first_near == NULL)
		return em_ctx_status(ctx);
	for (int i = 0; i < CELLS; i++)
	{
		double		v[3];

		em_cell_vector(i, EDGE, 0.5, 0.5, v);
		for (int j = 0; j < 3; j++)
			job->centre[i][j] = (float) v[j];
	}
	EM_TRY(em_parallel(ctx, "cells of the 3D FSC", CELLS, count_near, job));
	for (int i = 0; i < CELLS; i++)
		job->first_near[i + 1] += job->first_near[i];
	job->near = em_alloc(ctx, (uint64_t) job->first_near[CELLS], sizeof(uint16_t), "cells of the 3D FSC");
	if (job->near == NULL)
		return em_ctx_status(ctx);
	return em_parallel(ctx, "cells of the 3D FSC", CELLS, list_near, job);
}

/* ---------------------------------------------------------------- outer shells */

/* Item: sort one part of a shell of the group into cells. */
static em_status
fill_part(void *arg, int64_t part, int worker)
{
	volume_job *job = arg;
	double	   *bins = job->bins + part * CELLS * SUMS;
	int64_t		g = 0;
	em_shell_walk w;

	(void) worker;
	while (part >= job->first_part[g + 1])
		g++;
	memset(bins, 0, CELLS * SUMS * sizeof(double));
	em_shell_part_start(&w, job->shells, job->group_first + g, part - job->first_part[g],
						job->first_part[g + 1] - job->first_part[g]);
	while (em_shell_walk_next(&w))
		for (int64_t kx = w.first; kx < w.end; kx++)
		{
			float		v[3];
			double		terms[SUMS];
			double	   *to;

			vector_of(job->shells, &w, kx, v);
			terms_of(job, &w, kx, terms);
			to = bins + em_cell_of(v[0], v[1], v[2], EDGE) * SUMS;
			for (int q = 0; q < SUMS; q++)
				to[q] += terms[q];
		}
	return EM_OK;
}

/* Item: the cones of one shell of the group. */
static em_status
smooth_shell(void *arg, int64_t g, int worker)
{
	volume_job *job = arg;
	double	   *bins = job->bins + job->first_part[g] * CELLS * SUMS;
	float	   *value = job->value + (job->group_first + g) * CELLS;

	(void) worker;
	for (int64_t part = job->first_part[g] + 1; part < job->first_part[g + 1]; part++)
		for (int64_t i = 0; i < CELLS * SUMS; i++)
			bins[i] += job->bins[part * CELLS * SUMS + i];
	for (int c = 0; c < CELLS; c++)
	{
		double		sum[SUMS] = {0};

		for (int32_t i = job->first_near[c]; i < job->first_near[c + 1]; i++)
			for (int q = 0; q < SUMS; q++)
				sum[q] += bins[job->near[i] * SUMS + q];
		value[c] = correlation(sum);
	}
	return EM_OK;
}

/* Take shells from `first` on into a group, until it has enough parts; sets its end. */
static void
make_group(volume_job *job, int64_t first)
{
	int64_t		g = 0;

	job->group_first = first;
	job->first_part[0] = 0;
	while (first + g <= job->reach && g < GROUP_PARTS)
	{
		int64_t		parts = em_shell_parts(first + g, PART_COEFFICIENTS);

		if (g > 0 && job->first_part[g] + parts > GROUP_PARTS)
			break;
		job->first_part[g + 1] = job->first_part[g] + parts;
		g++;
	}
	job->group_end = first + g;
}

/* Parts of the largest group. */
static int64_t
most_parts(int64_t reach)
{
	int64_t		parts = em_shell_parts(reach, PART_COEFFICIENTS);

	return parts > GROUP_PARTS ? parts : GROUP_PARTS;
}

static em_status
outer_shells(em_ctx *ctx, volume_job *job)
{
	job->value = em_alloc(ctx, (uint64_t) (job->reach + 1), CELLS * sizeof(float), "cones of the 3D FSC");
	job->bins = em_alloc(ctx, (uint64_t) most_parts(job->reach), CELLS * SUMS * sizeof(double),
						 "cells of the 3D FSC");
	if (job->value == NULL || job->bins == NULL)
		return em_ctx_status(ctx);
	for (int64_t first = EXACT + 1; first <= job->reach; first = job->group_end)
	{
		make_group(job, first);
		EM_TRY(em_parallel(ctx, "3D FSC", job->first_part[job->group_end - first], fill_part, job));
		EM_TRY(em_parallel(ctx, "3D FSC", job->group_end - first, smooth_shell, job));
	}
	return EM_OK;
}

/* ---------------------------------------------------------------- inner shells */

/* The coefficients of a shell; returns how many. */
static int64_t
collect_spots(const volume_job *job, int64_t shell, spot *spots)
{
	em_shell_walk w;
	int64_t		n = 0;

	em_shell_walk_start(&w, job->shells, shell, INT64_MIN, INT64_MAX);
	while (em_shell_walk_next(&w))
		for (int64_t kx = w.first; kx < w.end && n < job->room; kx++, n++)
		{
			float	   *v = spots[n].axis;
			float		r;

			vector_of(job->shells, &w, kx, v);
			r = sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
			for (int j = 0; j < 3; j++)
				v[j] /= r;
			terms_of(job, &w, kx, spots[n].sum);
		}
	return n;
}

/* Correlation of the spots in the cone about an axis. */
static float
cone_of_spots(const volume_job *job, const spot *spots, int64_t n, float x, float y, float z)
{
	float		least = (float) job->cos_cone * sqrtf(x * x + y * y + z * z);
	double		sum[SUMS] = {0};

	for (int64_t i = 0; i < n; i++)
		if (fabsf(x * spots[i].axis[0] + y * spots[i].axis[1] + z * spots[i].axis[2]) >= least)
			for (int q = 0; q < SUMS; q++)
				sum[q] += spots[i].sum[q];
	return correlation(sum);
}

/* The voxel at (x, y, z) from the centre. */
static inline float *
cube_voxel(const em_volume *cube, int64_t reach, int64_t x, int64_t y, int64_t z)
{
	return em_volume_row(cube, y + reach, z + reach) + x + reach;
}

/* Shell of a place of the cube. */
static inline int64_t
cube_shell(int64_t x, int64_t y, int64_t z)
{
	return (int64_t) (sqrt((double) (x * x + y * y + z * z)) + (0.5 + EM_SHELL_TIE));
}

/* Item: shell item + 1, its voxels of the upper half and their mirror images. */
static em_status
inner_shell(void *arg, int64_t item, int worker)
{
	volume_job *job = arg;
	int64_t		shell = item + 1;
	spot	   *spots = job->spots + worker * job->room;
	int64_t		n = collect_spots(job, shell, spots);

	for (int64_t z = 0; z <= shell; z++)
		for (int64_t y = z == 0 ? 0 : -shell; y <= shell; y++)
			for (int64_t x = z == 0 && y == 0 ? 0 : -shell; x <= shell; x++)
			{
				float		value;

				if (cube_shell(x, y, z) != shell)
					continue;
				value = cone_of_spots(job, spots, n, (float) x, (float) y, (float) z);
				*cube_voxel(job->cube, job->reach, x, y, z) = value;
				*cube_voxel(job->cube, job->reach, -x, -y, -z) = value;
			}
	return EM_OK;
}

/* Coefficients of a shell of a box, at most: those of a cube, more densely packed. */
static int64_t
spots_of(const em_shells *s, int64_t shell)
{
	double		density = 1 / sqrt(s->unit2[0] * s->unit2[1] * s->unit2[2]);

	return (int64_t) (2 * M_PI * ((double) shell + 1) * ((double) shell + 1) * (density > 1 ? density : 1) * 1.5) + 64;
}

static em_status
inner_shells(em_ctx *ctx, volume_job *job)
{
	int64_t		last = job->reach < EXACT ? job->reach : EXACT;

	job->room = spots_of(job->shells, last);
	job->spots = em_alloc(ctx, (uint64_t) (job->room * em_parallel_workers(ctx)), sizeof(spot),
						  "inner shells of the 3D FSC");
	if (job->spots == NULL)
		return em_ctx_status(ctx);
	*cube_voxel(job->cube, job->reach, 0, 0, 0) = 1;
	return em_parallel(ctx, "3D FSC, inner shells", last, inner_shell, job);
}

/* ---------------------------------------------------------------- the volume */

/* Item: the outer voxels of plane z >= 0 and their mirror images. */
static em_status
fill_plane(void *arg, int64_t z, int worker)
{
	volume_job *job = arg;
	int64_t		reach = job->reach;

	(void) worker;
	for (int64_t y = z == 0 ? 0 : -reach; y <= reach; y++)
		for (int64_t x = z == 0 && y == 0 ? 0 : -reach; x <= reach; x++)
		{
			int64_t		shell = cube_shell(x, y, z);
			float		value;

			if (shell <= EXACT || shell > reach)
				continue;
			value = job->value[shell * CELLS + em_cell_of((float) x, (float) y, (float) z, EDGE)];
			*cube_voxel(job->cube, reach, x, y, z) = value;
			*cube_voxel(job->cube, reach, -x, -y, -z) = value;
		}
	return EM_OK;
}

static em_grid
cube_grid(int64_t reach, double length)
{
	em_grid		grid = {.angle = {90, 90, 90}};

	for (int j = 0; j < 3; j++)
	{
		grid.n[j] = 2 * reach + 1;
		grid.voxel[j] = 1 / length;
	}
	return grid;
}

uint64_t
em_fsc3d_bytes(int64_t reach)
{
	em_grid		grid = cube_grid(reach, 1);

	return em_volume_bytes(&grid);
}

uint64_t
em_fsc3d_scratch_bytes(const em_shells *s, int64_t reach)
{
	/* Cones, cells, lists of neighbours (at most all cells each), and the inner shells of 64 workers. */
	return (uint64_t) (reach + 1) * CELLS * sizeof(float) +
		(uint64_t) most_parts(reach) * CELLS * SUMS * sizeof(double) +
		(uint64_t) CELLS * CELLS * sizeof(uint16_t) / 2 + (uint64_t) spots_of(s, EXACT) * 64 * sizeof(spot);
}

static em_status
make_volume(em_ctx *ctx, volume_job *job)
{
	EM_TRY(inner_shells(ctx, job));
	if (job->reach <= EXACT)
		return EM_OK;
	EM_TRY(make_cells(ctx, job));
	EM_TRY(outer_shells(ctx, job));
	return em_parallel(ctx, "3D FSC", job->reach + 1, fill_plane, job);
}

em_status
em_fsc3d_volume(em_ctx *ctx, const em_volume *f1, const em_volume *f2, double cone, int64_t reach,
				em_volume **out)
{
	em_shells	s;
	volume_job	job = {.shells = &s,.f1 = f1,.f2 = f2,.reach = reach};
	em_grid		grid;
	em_status	status;

	*out = NULL;
	if (f1->domain != EM_FOURIER_SPACE || f2->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "the 3D FSC needs the spectra of the half maps");
	if (!(cone >= 1 && cone <= 60))
		return em_fail(ctx, EM_BAD_ARGUMENT, "a cone of %g degrees, outside 1 to 60", cone);
	EM_TRY(em_grid_same(ctx, &f1->grid, &f2->grid, "half map 1", "half map 2"));
	EM_TRY(em_shells_init(ctx, &f1->grid, &s));
	if (reach < 1 || reach >= s.count)
		return em_fail(ctx, EM_BAD_ARGUMENT, "a 3D FSC of %lld shells, outside 1 to %lld", (long long) reach,
					   (long long) s.count - 1);
	job.cos_cone = cos(cone * M_PI / 180);
	grid = cube_grid(reach, s.length);
	EM_TRY(em_volume_create(ctx, &grid, "3D FSC", &job.cube));
	status = make_volume(ctx, &job);
	em_free(ctx, job.spots);
	em_free(ctx, job.bins);
	em_free(ctx, job.value);
	em_free(ctx, job.near);
	em_free(ctx, job.first_near);
	em_free(ctx, job.centre);
	if (status == EM_OK)
		*out = job.cube;
	else
		em_volume_destroy(ctx, job.cube);
	return status;
}
