/*
 * src/libem/learned/em_mirror_grid.c
 *		Moving the samples of a unit grid to the middle of the mask.
 */
#include "learned/em_mirror_grid.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_shell.h"

em_status
em_mirror_grid_choose(em_ctx *ctx, const em_grid *map, const em_mask *mask, double voxel, double margin,
					  em_mirror_grid *out)
{
	int64_t		first[3];
	int64_t		last[3];

	memset(out, 0, sizeof(*out));
	EM_TRY(em_unit_grid_choose(ctx, map, mask, voxel, margin, &out->unit));
	EM_TRY(em_mask_bounds(ctx, mask, first, last));
	for (int j = 0; j < 3; j++)
	{
		const double middle = (0.5 * (double) (first[j] + last[j]) - (double) out->unit.first[j]) /
			out->unit.step[j];

		out->shift[j] = middle - 0.5 * rint(2 * middle);
	}
	return EM_OK;
}

typedef struct shift_job
{
	em_volume  *v;
	double	   *phase[3];		/* cosine and sine for each coefficient along an axis */
} shift_job;

/* Item: plane iz of the spectrum. */
static em_status
shift_plane(void *arg, int64_t iz, int worker)
{
	shift_job  *job = arg;
	const int64_t nxh = job->v->grid.n[0] / 2 + 1;
	const double *z = job->phase[2] + 2 * iz;

	(void) worker;
	for (int64_t iy = 0; iy < job->v->grid.n[1]; iy++)
	{
		const double *y = job->phase[1] + 2 * iy;
		const double re = y[0] * z[0] - y[1] * z[1];
		const double im = y[0] * z[1] + y[1] * z[0];
		float	   *row = em_volume_row(job->v, iy, iz);

		for (int64_t ix = 0; ix < nxh; ix++)
		{
			const double *x = job->phase[0] + 2 * ix;
			const double c = x[0] * re - x[1] * im;
			const double s = x[0] * im + x[1] * re;
			const double a = row[2 * ix];
			const double b = row[2 * ix + 1];

			row[2 * ix] = (float) (a * c - b * s);
			row[2 * ix + 1] = (float) (a * s + b * c);
		}
	}
	return EM_OK;
}

/* Turn a half spectrum into that of v(x + shift); an axis' Nyquist coefficients keep their real part. */
static em_status
shift_spectrum(em_ctx *ctx, em_volume *v, const double shift[3])
{
	shift_job	job = {.v = v};
	const int64_t *n = v->grid.n;
	double	   *phase;
	em_status	status;

	if (shift[0] == 0 && shift[1] == 0 && shift[2] == 0)
		return EM_OK;
	phase = em_alloc(ctx, 2 * (uint64_t) (n[0] + n[1] + n[2]), sizeof(double), "phases of a shift");
	if (phase == NULL)
		return em_ctx_status(ctx);
	for (int j = 0; j < 3; j++)
	{
		job.phase[j] = phase;
		for (int64_t i = 0; i < n[j]; i++)
		{
			const double angle = 2 * M_PI * (double) em_frequency(i, n[j]) * shift[j] / (double) n[j];

			phase[2 * i] = cos(angle);
			phase[2 * i + 1] = 2 * i == n[j] ? 0 : sin(angle);
		}
		phase += 2 * n[j];
	}
	status = em_parallel(ctx, NULL, n[2], shift_plane, &job);
	em_free(ctx, job.phase[0]);
	return status;
}

em_status
em_mirror_spectrum(em_ctx *ctx, const em_mirror_grid *g, const em_volume *map, const char *what,
				   em_volume **out)
{
	em_status	status;

	EM_TRY(em_unit_spectrum(ctx, &g->unit, map, what, out));
	status = shift_spectrum(ctx, *out, g->shift);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* The two voxels of the map around a sample, along one axis; -1 beyond the map. */
typedef struct neighbours
{
	int64_t		at[2];
	double		weight[2];
} neighbours;

typedef struct mask_job
{
	const em_mask *from;
	em_mask    *to;
	neighbours *axis[3];
} mask_job;

/* Share of a sample's voxels that lies in the mask. */
static double
share_of(const mask_job *job, const neighbours *x, const neighbours *y, const neighbours *z)
{
	double		share = 0;

	for (int i = 0; i < 8; i++)
	{
		const int	c[3] = {i & 1, (i >> 1) & 1, i >> 2};

		if (x->at[c[0]] >= 0 && y->at[c[1]] >= 0 && z->at[c[2]] >= 0 &&
			em_mask_get(job->from, x->at[c[0]], y->at[c[1]], z->at[c[2]]))
			share += x->weight[c[0]] * y->weight[c[1]] * z->weight[c[2]];
	}
	return share;
}

/* Item: plane z of the new mask. */
static em_status
mask_plane(void *arg, int64_t z, int worker)
{
	mask_job   *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->to->n[1]; y++)
	{
		uint64_t   *to = em_mask_row(job->to, y, z);

		/* A little less than a half, so that rounding does not tell the two halves of a tie apart. */
		for (int64_t x = 0; x < job->to->n[0]; x++)
			if (share_of(job, &job->axis[0][x], &job->axis[1][y], &job->axis[2][z]) >= 0.5 - 1e-9)
				to[x >> 6] |= UINT64_C(1) << (x & 63);
	}
	return EM_OK;
}

em_status
em_mirror_mask(em_ctx *ctx, const em_mirror_grid *g, const em_mask *mask, em_mask **out)
{
	const int64_t *n = g->unit.grid.n;
	mask_job	job = {.from = mask};
	neighbours *all = em_alloc(ctx, (uint64_t) (n[0] + n[1] + n[2]), sizeof(neighbours),
							   "neighbours of samples");
	em_status	status;

	*out = NULL;
	if (all == NULL)
		return em_ctx_status(ctx);
	for (int j = 0, begin = 0; j < 3; begin += (int) n[j++])
	{
		job.axis[j] = all + begin;
		for (int64_t i = 0; i < n[j]; i++)
		{
			const double sample = (double) i + g->shift[j];
			const double at = (double) g->unit.first[j] + sample * g->unit.step[j];
			const int64_t below = (int64_t) floor(at);
			neighbours *p = &job.axis[j][i];

			p->weight[1] = at - (double) below;
			p->weight[0] = 1 - p->weight[1];
			for (int k = 0; k < 2; k++)
				p->at[k] = below + k >= 0 && below + k < mask->n[j] ? below + k : -1;
		}
	}
	status = em_mask_create(ctx, n, "the mask on new voxels", out);
	job.to = *out;
	if (status == EM_OK)
		status = em_parallel(ctx, "mask", n[2], mask_plane, &job);
	if (status == EM_OK)
		status = em_mask_recount(ctx, *out);
	em_free(ctx, all);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
