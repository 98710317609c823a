/*
 * src/libem/local/em_resmap_noise.c
 *		The noise variance of ResMap: residuals of the half difference about the
 *		local model, in windows side by side.
 */
#include "local/em_resmap_internal.h"

#include "core/em_par.h"

typedef struct job
{
	const em_volume *v;
	const em_mask *mask;
	const em_resmap_model *m;
	int			edge;
	int64_t		windows[3];
	double	   *sum;			/* by layer and row of windows */
	int64_t    *count;
} job;

/* Does a whole window lie in the mask? */
static bool
inside(const job *j, int64_t x, int64_t y, int64_t z)
{
	for (int k = 0; k < j->edge; k++)
		for (int i = 0; i < j->edge; i++)
			for (int t = 0; t < j->edge; t++)
				if (!em_mask_get(j->mask, x + t, y + i, z + k))
					return false;
	return true;
}

/* Mean of a window. */
static double
window_mean(const job *j, int64_t x, int64_t y, int64_t z)
{
	double		sum = 0;

	for (int k = 0; k < j->edge; k++)
		for (int i = 0; i < j->edge; i++)
			for (int t = 0; t < j->edge; t++)
				sum += em_volume_row(j->v, y + i, z + k)[x + t];
	return sum / ((double) j->edge * j->edge * j->edge);
}

/* Moments of a window about its mean, and its weighted sum of squares. */
static double
window_moments(const job *j, int64_t x, int64_t y, int64_t z, double moment[EM_RESMAP_MOMENTS])
{
	const em_resmap_model *m = j->m;
	const double mean = window_mean(j, x, y, z);
	double		squares = 0;

	for (int d = 0; d < EM_RESMAP_MOMENTS; d++)
		moment[d] = 0;
	for (int k = 0; k < j->edge; k++)
		for (int i = 0; i < j->edge; i++)
		{
			const float *row = em_volume_row(j->v, y + i, z + k) + x;
			double		line[EM_RESMAP_ORDER] = {0};
			double		line2 = 0;

			for (int t = 0; t < j->edge; t++)
			{
				const double d = row[t] - mean;

				line2 += m->weight[t] * d * d;
				for (int a = 0; a < EM_RESMAP_ORDER; a++)
					line[a] += m->filter[a][t] * d;
			}
			squares += m->weight[i] * m->weight[k] * line2;
			for (int d = 0; d < EM_RESMAP_MOMENTS; d++)
				moment[d] += line[em_resmap_degree[d][0]] * m->filter[em_resmap_degree[d][1]][i] *
					m->filter[em_resmap_degree[d][2]][k];
		}
	return squares;
}

/* Item: one row of windows along x. */
static em_status
measure_row(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t y = item % j->windows[1] * j->edge;
	const int64_t z = item / j->windows[1] * j->edge;

	(void) worker;
	for (int64_t i = 0; i < j->windows[0]; i++)
	{
		double		moment[EM_RESMAP_MOMENTS];
		double		rest;

		if (!inside(j, i * j->edge, y, z))
			continue;
		rest = window_moments(j, i * j->edge, y, z, moment);
		for (int k = 0; k < j->m->residual_rank; k++)
		{
			double		c = 0;

			for (int d = 0; d < EM_RESMAP_MOMENTS; d++)
				c += j->m->residual[k][d] * moment[d];
			rest -= c * c;
		}
		j->sum[item] += rest / j->m->trace;
		j->count[item]++;
	}
	return EM_OK;
}

em_status
em_resmap_noise(em_ctx *ctx, const em_volume *v, const em_mask *mask, const em_resmap_model *m,
				double *variance, int64_t *windows)
{
	job			j = {.v = v,.mask = mask,.m = m,.edge = 2 * m->radius + 1};
	int64_t		rows;
	em_status	status = EM_OK;

	*variance = 0;
	*windows = 0;
	for (int i = 0; i < 3; i++)
		j.windows[i] = mask->n[i] / j.edge;
	rows = j.windows[1] * j.windows[2];
	j.sum = em_alloc(ctx, (uint64_t) rows + 1, sizeof(double), "noise of windows");
	j.count = em_alloc(ctx, (uint64_t) rows + 1, sizeof(int64_t), "noise of windows");
	if (j.sum == NULL || j.count == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "noise variance", rows, measure_row, &j);
	for (int64_t i = 0; i < rows && status == EM_OK; i++)
	{
		*variance += j.sum[i];
		*windows += j.count[i];
	}
	if (*windows > 0)
		*variance /= (double) *windows;
	em_free(ctx, j.count);
	em_free(ctx, j.sum);
	return status;
}
