/*
 * src/libem/half/em_mask_share.c
 *		How many coefficients of a Fourier shell a mask leaves independent.
 */
#include "half/em_mask_share.h"

#include <math.h>

#include "core/em_par.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"
#include "volume/em_arith.h"

typedef struct share_job
{
	const em_volume *f;			/* spectrum of the squared mask */
	em_shells	shells;
	double	   *sum;			/* one a plane */
} share_job;

/* Chance that a neighbour at distance q lies in the same shell. */
static double
same_shell(double q)
{
	return q <= 1 ? 1 - q / 2 : 0.5 / q;
}

/* Item iz: weighted power of one plane. */
static em_status
share_plane(void *arg, int64_t iz, int worker)
{
	share_job  *job = arg;
	const em_shells *s = &job->shells;
	double		kz = (double) em_frequency(iz, s->n[2]);
	double		sum = 0;

	(void) worker;
	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		const float *row = em_volume_row(job->f, iy, iz);
		double		ky = (double) em_frequency(iy, s->n[1]);
		double		yz2 = ky * ky * s->unit2[1] + kz * kz * s->unit2[2];

		for (int64_t kx = 0; kx < s->nxh; kx++)
		{
			double		power = (double) row[2 * kx] * row[2 * kx] + (double) row[2 * kx + 1] * row[2 * kx + 1];
			double		q = sqrt((double) (kx * kx) * s->unit2[0] + yz2);

			sum += (kx == 0 || 2 * kx == s->n[0] ? 1 : 2) * power * same_shell(q);
		}
	}
	job->sum[iz] = sum;
	return EM_OK;
}

/* The share, from the spectrum of the squared mask. */
static em_status
share_of_spectrum(em_ctx *ctx, const em_volume *f, double *out)
{
	share_job	job = {.f = f};
	double		power = (double) f->data[0] * f->data[0];
	double		sum = 0;
	em_status	status;

	EM_TRY(em_shells_init(ctx, &f->grid, &job.shells));
	job.sum = em_alloc(ctx, (uint64_t) f->grid.n[2], sizeof(double), "mask correlation");
	if (job.sum == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "mask correlation", f->grid.n[2], share_plane, &job);
	for (int64_t z = 0; z < f->grid.n[2]; z++)
		sum += job.sum[z];
	em_free(ctx, job.sum);
	*out = sum > 0 ? power / sum : 0;
	return status;
}

em_status
em_mask_share(em_ctx *ctx, const em_volume *mask, double *out)
{
	em_volume  *v;
	em_status	status;

	*out = 0;
	EM_TRY(em_volume_copy(ctx, mask, "squared mask", &v));
	status = em_volume_multiply(ctx, v, mask);
	if (status == EM_OK)
		status = em_fft_forward(ctx, v);
	if (status == EM_OK)
		status = share_of_spectrum(ctx, v, out);
	em_volume_destroy(ctx, v);
	return status;
}
