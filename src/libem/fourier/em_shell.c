/*
 * src/libem/fourier/em_shell.c
 *		Fourier shells: which shell a coefficient belongs to.
 */
#include "fourier/em_shell.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_sqrt.h"

#define NEARLY 1e-6				/* header floats carry about 7 digits */
#define TIE 1e-9				/* distances this near to a border of shells lie on it */

/* Shells of a grid; EM_BAD_ARGUMENT or EM_UNSUPPORTED when the grid has no usable geometry. */
em_status
em_shells_init(em_ctx *ctx, const em_grid *grid, em_shells *out)
{
	double		largest = fmax(grid->voxel[0], fmax(grid->voxel[1], grid->voxel[2]));

	EM_TRY(em_grid_check(ctx, grid, "map"));
	memset(out, 0, sizeof(*out));
	out->length = (double) grid->n[0] * grid->voxel[0];
	out->nxh = grid->n[0] / 2 + 1;
	for (int j = 0; j < 3; j++)
	{
		double		ratio = (double) grid->n[0] / (double) grid->n[j];

		/* Voxels that differ by rounding only are taken as equal, so that a cube's shells are exact. */
		if (fabs(grid->voxel[j] - grid->voxel[0]) > NEARLY * grid->voxel[0])
			ratio *= grid->voxel[0] / grid->voxel[j];
		out->n[j] = grid->n[j];
		out->unit2[j] = ratio * ratio;
	}
	out->nyquist = out->length / (2 * largest) * (1 + NEARLY);
	out->count = (int64_t) floor(out->nyquist) + 1;
	return EM_OK;
}

/* (|s| L)² of row (iy, iz) without what kx adds. */
static double
row_distance2(const em_shells *s, int64_t iy, int64_t iz)
{
	double		ky = (double) em_frequency(iy, s->n[1]);
	double		kz = (double) em_frequency(iz, s->n[2]);

	return ky * ky * s->unit2[1] + kz * kz * s->unit2[2];
}

/* Distances |s| L of kx .. kx+3 in a row. */
EM_INLINE void
distance4(int64_t kx, double x2, double yz2, em_vd4 *out)
{
	const em_vd4 lane = {0, 1, 2, 3};
	const em_vd4 k = lane + (double) kx;

	*out = k * k * x2 + yz2;
	em_sqrt4(out);
}

EM_HOT void
em_shells_row(const em_shells *s, int64_t iy, int64_t iz, int32_t *out)
{
	double		yz2 = row_distance2(s, iy, iz);
	int32_t		count = (int32_t) s->count;

	for (int64_t kx = 0; kx < s->nxh; kx += 4)
	{
		em_vd4		r;
		em_vi4		shell;

		distance4(kx, s->unit2[0], yz2, &r);
		shell = __builtin_convertvector(r + (0.5 + TIE), em_vi4);
		shell |= shell >= count;
		if (kx + 4 <= s->nxh)
			*(em_vi4_mem *) (out + kx) = shell;
		else
			for (int64_t j = kx; j < s->nxh; j++)
				out[j] = shell[j - kx];
	}
}

EM_HOT int64_t
em_shells_slots(const em_shells *s, int64_t iy, int64_t iz, int32_t *slot, int32_t *whole)
{
	double		yz2 = row_distance2(s, iy, iz);
	double		x2 = s->unit2[0];
	double		end = (double) s->count - (0.5 + TIE);
	double		inside = end * end - yz2;
	int64_t		n;

	if (inside <= 0)
		return 0;
	n = (int64_t) fmin(sqrt(inside / x2) + 2, (double) s->nxh);
	while (n > 0 && sqrt((double) (n - 1) * (double) (n - 1) * x2 + yz2) >= end)
		n--;
	for (int64_t kx = 0; kx < n; kx += 4)
	{
		em_vd4		r;

		distance4(kx, x2, yz2, &r);
		*(em_vi4_mem *) (slot + kx) = __builtin_convertvector(r + (0.5 + TIE), em_vi4);
		if (whole != NULL)
			*(em_vi4_mem *) (whole + kx) = __builtin_convertvector(r + TIE, em_vi4);
	}
	/* What lies beyond Nyquist is at the end of the row, in the last shell. */
	for (int64_t kx = n - 1; kx >= 0 && slot[kx] >= s->count - 1; kx--)
		if (sqrt((double) kx * (double) kx * x2 + yz2) > s->nyquist)
			slot[kx] = (int32_t) s->count;
	return n;
}

typedef struct count_job
{
	const em_shells *s;
	int32_t    *row;			/* nxh a worker */
	int64_t    *partial;		/* count a plane */
} count_job;

/* Count the coefficients of plane iz. */
static em_status
count_plane(void *arg, int64_t iz, int worker)
{
	count_job  *job = arg;
	const em_shells *s = job->s;
	int32_t    *row = job->row + worker * s->nxh;
	int64_t    *n = job->partial + iz * s->count;

	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		em_shells_row(s, iy, iz, row);
		for (int64_t kx = 0; kx < s->nxh; kx++)
			if (row[kx] >= 0)
				n[row[kx]] += (kx == 0 || 2 * kx == s->n[0]) ? 1 : 2;
	}
	return EM_OK;
}

em_status
em_shells_counts(em_ctx *ctx, const em_shells *s, int64_t *n)
{
	count_job	job = {.s = s};
	em_status	status = EM_OK;

	job.row = em_alloc(ctx, (uint64_t) s->nxh * (uint64_t) em_parallel_workers(ctx),
					   sizeof(int32_t), "shell numbers");
	job.partial = em_alloc(ctx, (uint64_t) (s->count * s->n[2]), sizeof(int64_t), "shell counts");
	if (job.row == NULL || job.partial == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = em_parallel(ctx, "shell counts", s->n[2], count_plane, &job);
	if (status == EM_OK)
	{
		memset(n, 0, (size_t) s->count * sizeof(int64_t));
		for (int64_t z = 0; z < s->n[2]; z++)
			for (int64_t i = 0; i < s->count; i++)
				n[i] += job.partial[z * s->count + i];
	}
	em_free(ctx, job.partial);
	em_free(ctx, job.row);
	return status;
}
