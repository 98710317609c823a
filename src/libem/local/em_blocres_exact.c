/*
 * src/libem/local/em_blocres_exact.c
 *		BlocRes, box by box.
 *
 * Both half maps' boxes go into one complex array, real and imaginary part.
 * With Z its transform, a = Z(k) and b = Z(-k):
 *		Re F1 F2* = Im(ab)/2,  |F1|² and |F2|² = (|a|² + |b|²)/4 +- Re(ab)/2.
 * The mean that Bsoft tapers about and pads with is left out: it only adds to
 * coefficient 0, which is in no shell that counts.  So the arrays are padded with
 * zeros and the transforms skip them:
 * along z for the columns inside the box, then plane pairs kz, -kz one at a time
 * along y and x, which stay in the cache.
 */
#include "local/em_blocres_internal.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_shell.h"
#include "volume/em_vec.h"

#define ITEM_VOXELS 64000		/* voxels of the boxes of an item of the loop, under 10 ms of work */

/* Where a coefficient goes: shell and shell + 1 with weights 1 - share and share. */
typedef struct split
{
	int32_t		shell;			/* -1: nowhere */
	float		share;
} split;

/* One worker's scratch, all complex floats; p = 2 box. */
typedef struct scratch
{
	fftwf_complex *columns;		/* [p][box][box]: input, zeros from z = box on */
	fftwf_complex *depth;		/* [p][box][box]: after z */
	fftwf_complex *plane;		/* [p][box]: y, x; zeros from y = box on */
	fftwf_complex *turned;		/* [p][p]: x, ky; zeros from x = box on */
	fftwf_complex *done[2];		/* [p][p]: kx, ky of planes kz and -kz */
	em_vd4	   *sum;			/* shells + 1: cross, |F1|², |F2|² */
	float	   *fsc;			/* shells */
} scratch;

typedef struct job
{
	const em_volume *half[2];
	const em_blocres_options *o;
	em_blocres *b;
	int			box;
	int			p;
	int			per_item;		/* points */
	int			shells;
	int			reach;			/* largest |kz| with a shell that counts */
	const double *window;
	split	   *split;			/* [kz 0..box][kx 0..box-1][ky 0..box] */
	fftwf_plan	z;
	fftwf_plan	y;
	fftwf_plan	x;
	scratch    *scratch;
} job;

/* Cut a box from one half map, taper it about its mean, put it into part c of the columns. */
static void
cut_box(const job *j, scratch *s, int c, const int64_t corner[3])
{
	const double scale = c == 0 ? 1 : j->o->scale2;
	const int	box = j->box;
	double		mean = 0;

	for (int z = 0; z < box; z++)
		for (int y = 0; y < box; y++)
		{
			const float *row = em_volume_row(j->half[c], corner[1] + y, corner[2] + z) + corner[0];

			for (int x = 0; x < box; x++)
				mean += row[x];
		}
	mean /= (double) box * box * box;
	for (int z = 0; z < box; z++)
		for (int y = 0; y < box; y++)
		{
			const float *row = em_volume_row(j->half[c], corner[1] + y, corner[2] + z) + corner[0];
			fftwf_complex *to = s->columns + (z * box + y) * box;
			double		w = j->window[z] * j->window[y] * scale;

			for (int x = 0; x < box; x++)
				to[x][c] = (float) ((row[x] - mean) * (w * j->window[x]));
		}
}

/* Transform plane kz along y and x. */
static void
transform_plane(const job *j, scratch *s, int kz, fftwf_complex *to)
{
	const size_t plane = (size_t) j->box * (size_t) j->box;

	memcpy(s->plane, s->depth + (size_t) kz * plane, plane * sizeof(fftwf_complex));
	fftwf_execute_dft(j->y, s->plane, s->turned);
	fftwf_execute_dft(j->x, s->turned, to);
}

/* What one pair of coefficients adds: Re F1 F2*, |F1|², |F2|², times 4. */
EM_INLINE void
add_pair(const float *a, const float *b, float *cross, float *both, float *apart)
{
	*cross += 2 * (a[0] * b[1] + a[1] * b[0]);
	*both += (a[0] * a[0] + a[1] * a[1]) + (b[0] * b[0] + b[1] * b[1]);
	*apart += 2 * (a[0] * b[0] - a[1] * b[1]);
}

/* Add planes kz and -kz (the same when `single`) to the shells. */
EM_HOT
static void
add_planes(const job *j, scratch *s, int kz, bool single)
{
	const int	box = j->box;
	const int	p = j->p;
	const split *to = j->split + (size_t) kz * (size_t) box * (size_t) (box + 1);

	for (int kx = 0; kx < box; kx++)
	{
		const int	mx = kx == 0 ? 0 : p - kx;
		const fftwf_complex *plus = s->done[0] + kx * p;
		const fftwf_complex *minus = s->done[1] + kx * p;
		const fftwf_complex *plus_mate = s->done[0] + mx * p;
		const fftwf_complex *minus_mate = s->done[1] + mx * p;

		for (int ky = 0; ky <= box; ky++, to++)
		{
			const int	my = ky == 0 ? 0 : p - ky;
			float		cross = 0;
			float		both = 0;
			float		apart = 0;
			em_vd4		v;

			if (to->shell < 0)
				continue;
			add_pair(plus[ky], minus_mate[my], &cross, &both, &apart);
			if (my != ky)
				add_pair(plus[my], minus_mate[ky], &cross, &both, &apart);
			if (!single)
			{
				add_pair(minus[ky], plus_mate[my], &cross, &both, &apart);
				if (my != ky)
					add_pair(minus[my], plus_mate[ky], &cross, &both, &apart);
			}
			v = (em_vd4) {cross, both + apart, both - apart, 0};
			s->sum[to->shell] += v * (1 - (double) to->share);
			s->sum[to->shell + 1] += v * (double) to->share;
		}
	}
}

/* The curve about one voxel, into the scratch. */
static void
measure_point(const job *j, scratch *s, const int64_t at[3])
{
	int64_t		corner[3];

	for (int i = 0; i < 3; i++)
		corner[i] = at[i] - j->box / 2;
	cut_box(j, s, 0, corner);
	cut_box(j, s, 1, corner);
	fftwf_execute_dft(j->z, s->columns, s->depth);
	memset(s->sum, 0, (size_t) (j->shells + 1) * sizeof(em_vd4));
	for (int kz = 0; kz <= j->reach; kz++)
	{
		bool		single = kz == 0 || kz == j->box;

		transform_plane(j, s, kz, s->done[0]);
		if (single)
			memcpy(s->done[1], s->done[0], (size_t) (j->p * j->p) * sizeof(fftwf_complex));
		else
			transform_plane(j, s, j->p - kz, s->done[1]);
		add_planes(j, s, kz, single);
	}
	s->fsc[0] = 1;
	for (int i = 1; i < j->shells; i++)
		s->fsc[i] = (float) em_blocres_correlation(s->sum[i][0], s->sum[i][1], s->sum[i][2]);
}

/* Item: some points. */
static em_status
measure_points(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	em_lattice *l = j->b->l;
	int64_t		end = (item + 1) * j->per_item < l->points ? (item + 1) * j->per_item : l->points;

	for (int64_t i = item * j->per_item; i < end; i++)
	{
		int64_t		index = l->point[i];
		int64_t		at[3] = {
			em_lattice_at(l, 0, index % l->n[0]),
			em_lattice_at(l, 1, index / l->n[0] % l->n[1]),
			em_lattice_at(l, 2, index / l->n[0] / l->n[1])
		};

		measure_point(j, j->scratch + worker, at);
		em_blocres_store(j->b, i, j->scratch[worker].fsc);
	}
	return EM_OK;
}

/* Tabulate which shells each coefficient belongs to; its frequency honours anisotropic voxels. */
static void
make_split(job *j, const em_grid *grid)
{
	split	   *to = j->split;

	for (int kz = 0; kz <= j->box; kz++)
		for (int kx = 0; kx < j->box; kx++)
			for (int ky = 0; ky <= j->box; ky++, to++)
			{
				double		y = ky * grid->voxel[0] / grid->voxel[1];
				double		z = kz * grid->voxel[0] / grid->voxel[2];
				double		r = sqrt((double) kx * kx + y * y + z * z);

				to->shell = r < j->shells ? (int32_t) floor(r) : -1;
				to->share = (float) (r - floor(r));
				if (to->shell >= 0)
					j->reach = kz;
			}
}

/* Complex floats of one worker: whole lines each. */
static uint64_t
scratch_room(int box, size_t part[5])
{
	const size_t b = (size_t) box;
	const size_t size[5] = {2 * b * b * b, 2 * b * b * b, 2 * b * b, 4 * b * b, 8 * b * b};
	uint64_t	sum = 0;

	for (int i = 0; i < 5; i++)
	{
		part[i] = (size[i] + 7) & ~(size_t) 7;
		sum += part[i];
	}
	return sum;
}

/* Cut one block of memory into the workers' scratch. */
static void
deal_scratch(job *j, int workers, fftwf_complex *complexes, em_vd4 *sums, float *curves)
{
	size_t		part[5];

	for (int w = 0; w < workers; w++)
	{
		scratch    *s = j->scratch + w;

		(void) scratch_room(j->box, part);
		s->columns = complexes;
		s->depth = s->columns + part[0];
		s->plane = s->depth + part[1];
		s->turned = s->plane + part[2];
		s->done[0] = s->turned + part[3];
		s->done[1] = s->done[0] + j->p * j->p;
		complexes = s->done[0] + part[4];
		s->sum = sums + w * (j->shells + 1);
		s->fsc = curves + w * j->shells;
	}
}

/* Plans along z, y (turning the plane) and x. */
static bool
make_plans(job *j)
{
	scratch    *s = j->scratch;
	const int	columns = j->box * j->box;
	const int	p = j->p;

	j->z = fftwf_plan_many_dft(1, &p, columns, s->columns, NULL, columns, 1, s->depth, NULL, columns, 1,
							   FFTW_FORWARD, FFTW_ESTIMATE);
	j->y = fftwf_plan_many_dft(1, &p, j->box, s->plane, NULL, j->box, 1, s->turned, NULL, 1, p,
							   FFTW_FORWARD, FFTW_ESTIMATE);
	j->x = fftwf_plan_many_dft(1, &p, p, s->turned, NULL, p, 1, s->done[0], NULL, p, 1,
							   FFTW_FORWARD, FFTW_ESTIMATE);
	return j->z != NULL && j->y != NULL && j->x != NULL;
}

static void
destroy_plans(job *j)
{
	fftwf_plan	all[] = {j->z, j->y, j->x};

	for (int i = 0; i < 3; i++)
		if (all[i] != NULL)
			fftwf_destroy_plan(all[i]);
}

/* Measure all points; memory in one block for each kind of number. */
static em_status
measure(em_ctx *ctx, job *j, const em_grid *grid)
{
	const uint64_t workers = (uint64_t) em_parallel_workers(ctx);
	const uint64_t box = (uint64_t) j->box;
	size_t		part[5];
	double	   *window = em_alloc(ctx, box, sizeof(double), "windows");
	float	   *curves = em_alloc(ctx, workers * (uint64_t) j->shells, sizeof(float), "local curves");
	em_vd4	   *sums = em_alloc(ctx, workers * (uint64_t) (j->shells + 1), sizeof(em_vd4), "shells of windows");
	fftwf_complex *block = em_alloc(ctx, workers * scratch_room(j->box, part), sizeof(fftwf_complex),
									"transforms of windows");
	em_status	status = EM_OK;

	j->scratch = em_alloc(ctx, workers, sizeof(scratch), "windows");
	j->split = em_alloc(ctx, (box + 1) * box * (box + 1), sizeof(split), "shells of windows");
	if (window == NULL || curves == NULL || sums == NULL || block == NULL || j->scratch == NULL || j->split == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
	{
		em_blocres_window(j->box, window);
		j->window = window;
		make_split(j, grid);
		deal_scratch(j, (int) workers, block, sums, curves);
		if (!make_plans(j))
			status = em_fail(ctx, EM_INTERNAL, "no plan for transforms of windows of %d voxels", j->box);
	}
	if (status == EM_OK)
		status = em_parallel(ctx, "local Fourier shell correlation",
							 (j->b->l->points + j->per_item - 1) / j->per_item, measure_points, j);
	destroy_plans(j);
	em_free(ctx, j->split);
	em_free(ctx, j->scratch);
	em_free(ctx, block);
	em_free(ctx, sums);
	em_free(ctx, curves);
	em_free(ctx, window);
	return status;
}

em_status
em_blocres_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2, const em_mask *mask,
			   const em_blocres_options *o, em_blocres **out)
{
	const em_grid *grid = &half1->grid;
	job			j = {.half = {half1, half2},.o = o,.box = o->box,.p = 2 * o->box};
	em_status	status;

	EM_TRY(em_blocres_create(ctx, grid, mask, o, em_blocres_step(o, mask), out));
	j.b = *out;
	j.shells = j.b->shells;
	j.per_item = ITEM_VOXELS / (o->box * o->box * o->box) + 1;
	status = measure(ctx, &j, grid);
	if (status != EM_OK)
	{
		em_blocres_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* Points needed at most: all of the lattice, or where the step is chosen for it, about as many as are wanted. */
static uint64_t
most_points(const em_grid *grid, const em_blocres_options *o, int step)
{
	const uint64_t all = em_lattice_bytes(grid->n, step) / 8;
	const uint64_t coarsest = em_lattice_bytes(grid->n, o->box / 4 > step ? o->box / 4 : step) / 8;
	const uint64_t wanted = 4 * (uint64_t) em_blocres_wanted(o);

	if (o->step > 0 || all <= wanted)
		return all;
	return coarsest > wanted ? coarsest : wanted;
}

uint64_t
em_blocres_bytes(const em_ctx *ctx, const em_grid *grid, const em_blocres_options *o, bool fast)
{
	const uint64_t workers = (uint64_t) em_parallel_workers(ctx);
	const uint64_t box = (uint64_t) o->box;
	const uint64_t curve = (uint64_t) em_blocres_shells(grid, o) * sizeof(float);
	const int	step = fast ? em_blocres_step_fast(o) : em_blocres_least_step(o, grid->n);
	const uint64_t lattice = em_lattice_bytes(grid->n, step);
	size_t		part[5];

	if (fast)
		return lattice + lattice / 8 * 2 * curve +
			workers * (uint64_t) (grid->n[0] * (grid->n[1] + 1) * 3) * sizeof(float) + ((uint64_t) 1 << 20);
	return lattice + most_points(grid, o, step) * (o->step == 1 ? sizeof(float) : curve) +
		workers * (scratch_room(o->box, part) * sizeof(fftwf_complex) + (uint64_t) 65536) +
		(box + 1) * box * (box + 1) * sizeof(split) + ((uint64_t) 1 << 20);
}
