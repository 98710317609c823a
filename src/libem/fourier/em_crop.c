/*
 * src/libem/fourier/em_crop.c
 *		Fourier cropping and padding, axis by axis.
 */
#include "fourier/em_crop.h"

#include <string.h>

#include "core/em_par.h"
#include "fourier/em_shell.h"

/* Where one coefficient of an axis comes from: no, one or two signed frequencies. */
typedef struct origin
{
	int			count;
	int64_t		k[2];
	float		weight;
} origin;

typedef struct crop_job
{
	const em_volume *from;
	em_volume  *to;
	float		scale;
} crop_job;

em_grid
em_crop_grid(const em_grid *from, const int64_t n[3])
{
	em_grid		g = *from;

	for (int j = 0; j < 3; j++)
	{
		g.n[j] = n[j];
		g.voxel[j] = from->voxel[j] * (double) from->n[j] / (double) n[j];
		if (from->origin[j] == 0)
			g.origin[j] = (double) from->start[j] * from->voxel[j];
		g.start[j] = 0;
	}
	return g;
}

/* Sources of signed frequency k on an axis that goes from `old` to `now` points. */
static origin
origin_of(int64_t k, int64_t old, int64_t now)
{
	origin		o = {.count = 1, .k = {k, -k}, .weight = 1};
	int64_t		twice = 2 * (k < 0 ? -k : k);

	if (now < old && twice == now)
	{
		o.count = 2;
		o.weight = 0.5f;
	}
	else if (now > old && twice == old)
		o.weight = 0.5f;
	else if (twice > old)
		o.count = 0;
	return o;
}

/* Coefficient of signed frequencies (kx,ky,kz) of a half spectrum. */
static void
fetch(const em_volume *v, int64_t kx, int64_t ky, int64_t kz, float out[2])
{
	bool		mate = kx < 0;
	const float *c;

	if (mate)
	{
		kx = -kx;
		ky = -ky;
		kz = -kz;
	}
	c = em_volume_row(v, ky < 0 ? ky + v->grid.n[1] : ky, kz < 0 ? kz + v->grid.n[2] : kz) + 2 * kx;
	out[0] = c[0];
	out[1] = mate ? -c[1] : c[1];
}

/* The sum of all sources of one coefficient. */
static void
gather(const crop_job *job, const origin o[3], float *to)
{
	float		weight = job->scale * o[0].weight * o[1].weight * o[2].weight;
	float		sum[2] = {0, 0};

	for (int c = 0; c < o[2].count; c++)
		for (int b = 0; b < o[1].count; b++)
			for (int a = 0; a < o[0].count; a++)
			{
				float		f[2];

				fetch(job->from, o[0].k[a], o[1].k[b], o[2].k[c], f);
				sum[0] += f[0];
				sum[1] += f[1];
			}
	to[0] = sum[0] * weight;
	to[1] = sum[1] * weight;
}

/* Item: plane iz of the new spectrum. */
static em_status
crop_plane(void *arg, int64_t iz, int worker)
{
	crop_job   *job = arg;
	const int64_t *old = job->from->grid.n;
	const int64_t *now = job->to->grid.n;
	origin		o[3];

	(void) worker;
	o[2] = origin_of(em_frequency(iz, now[2]), old[2], now[2]);
	for (int64_t iy = 0; iy < now[1]; iy++)
	{
		float	   *to = em_volume_row(job->to, iy, iz);

		o[1] = origin_of(em_frequency(iy, now[1]), old[1], now[1]);
		for (int64_t kx = 0; kx <= now[0] / 2; kx++)
		{
			o[0] = origin_of(kx, old[0], now[0]);
			if (o[0].count * o[1].count * o[2].count == 0)
				to[2 * kx] = to[2 * kx + 1] = 0;
			else
				gather(job, o, to + 2 * kx);
		}
	}
	return EM_OK;
}

em_status
em_crop_spectrum(em_ctx *ctx, const em_volume *spectrum, const int64_t n[3], const char *what, em_volume **out)
{
	em_grid		grid = em_crop_grid(&spectrum->grid, n);
	crop_job	job = {.from = spectrum};
	em_status	status;

	*out = NULL;
	if (spectrum->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "cropping the spectrum of a volume that is in real space");
	EM_TRY(em_volume_create(ctx, &grid, what, out));
	job.to = *out;
	job.scale = (float) ((double) em_grid_voxels(&grid) / (double) em_grid_voxels(&spectrum->grid));
	status = em_parallel(ctx, "resampling", n[2], crop_plane, &job);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
		return status;
	}
	job.to->domain = EM_FOURIER_SPACE;
	return EM_OK;
}
