/*
 * src/libem/local/em_monores_finish.c
 *		From resolutions found to the local resolution: fill, smooth, keep the
 *		better of both.
 */
#include "local/em_monores_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"

#define WIDTH 3.0				/* the Gaussian is exp(-(pi u WIDTH)²), sigma WIDTH/sqrt(2) voxels */
#define POLL_VOXELS ((int64_t) 1 << 20)

typedef struct job
{
	const em_mask *mask;
	const em_monores_state *s;
	const em_monores_step *step;
	double		fill;			/* of voxels without a resolution */
	double		nyquist;		/* Å */
	double		unit;			/* Å */
	em_volume  *smooth;
	em_volume  *out;
	int64_t		offset[3];		/* of `smooth` in the map */
	int64_t    *row_at;			/* for each row of the map: where its first value goes */
	float	   *value;
} job;

/* Item: plane z of the box to be smoothed. */
static em_status
fill_plane(void *arg, int64_t z, int worker)
{
	job		   *j = arg;
	const em_grid *grid = &j->smooth->grid;

	(void) worker;
	for (int64_t y = 0; y < grid->n[1]; y++)
	{
		const int64_t my = y + j->offset[1];
		const int64_t mz = z + j->offset[2];
		float	   *row = em_volume_row(j->smooth, y, z);
		int64_t		v;

		for (int64_t x = 0; x < grid->n[0]; x++)
			row[x] = (float) j->fill;
		if (my < 0 || my >= j->mask->n[1] || mz < 0 || mz >= j->mask->n[2])
			continue;
		v = j->s->row_start[mz * j->mask->n[1] + my];
		for (int64_t w = 0; w < j->mask->words; w++)
			for (uint64_t bits = em_mask_row(j->mask, my, mz)[w]; bits != 0; bits &= bits - 1, v++)
				if (j->s->found[v] > 0)
					row[w * 64 + __builtin_ctzll(bits) - j->offset[0]] =
						(float) j->step[j->s->found[v] - 1].resolution;
	}
	return EM_OK;
}

/* Item: plane iz of the spectrum times the Gaussian. */
static em_status
gauss_plane(void *arg, int64_t iz, int worker)
{
	job		   *j = arg;
	const em_grid *grid = &j->smooth->grid;
	const double factor = -(M_PI * WIDTH) * (M_PI * WIDTH);
	double		step[3];

	(void) worker;
	for (int i = 0; i < 3; i++)
		step[i] = j->unit / ((double) grid->n[i] * grid->voxel[i]);
	for (int64_t iy = 0; iy < grid->n[1]; iy++)
	{
		const double uy = (double) em_frequency(iy, grid->n[1]) * step[1];
		const double uz = (double) em_frequency(iz, grid->n[2]) * step[2];
		float	   *row = em_volume_row(j->smooth, iy, iz);

		for (int64_t kx = 0; kx <= grid->n[0] / 2; kx++)
		{
			const double ux = (double) kx * step[0];
			const float w = (float) exp(factor * (ux * ux + uy * uy + uz * uz));

			row[2 * kx] *= w;
			row[2 * kx + 1] *= w;
		}
	}
	return EM_OK;
}

/* Item: plane z of the map: the better of the raw and the smoothed resolution. */
static em_status
better_plane(void *arg, int64_t z, int worker)
{
	job		   *j = arg;

	(void) worker;
	for (int64_t y = 0; y < j->mask->n[1]; y++)
	{
		const int64_t r = z * j->mask->n[1] + y;
		int64_t		v = j->s->row_start[r];
		float	   *to = j->value + j->row_at[r];

		for (int64_t w = 0; w < j->mask->words; w++)
			for (uint64_t bits = em_mask_row(j->mask, y, z)[w]; bits != 0; bits &= bits - 1, v++)
			{
				const int64_t x = w * 64 + __builtin_ctzll(bits);
				double		raw;
				double		smooth;

				if (j->s->found[v] == 0)
					continue;
				raw = j->step[j->s->found[v] - 1].resolution;
				smooth = em_volume_row(j->smooth, y - j->offset[1], z - j->offset[2])[x - j->offset[0]];
				*to = (float) (smooth < j->nyquist || raw < smooth ? raw : smooth);
				to++;
			}
	}
	return EM_OK;
}

/* Item: plane z of the map: the values back in their places. */
static em_status
place_plane(void *arg, int64_t z, int worker)
{
	job		   *j = arg;

	(void) worker;
	for (int64_t y = 0; y < j->mask->n[1]; y++)
	{
		const int64_t r = z * j->mask->n[1] + y;
		const float *from = j->value + j->row_at[r];
		float	   *row = em_volume_row(j->out, y, z);
		int64_t		v = j->s->row_start[r];

		for (int64_t w = 0; w < j->mask->words; w++)
			for (uint64_t bits = em_mask_row(j->mask, y, z)[w]; bits != 0; bits &= bits - 1, v++)
				if (j->s->found[v] > 0)
					row[w * 64 + __builtin_ctzll(bits)] = *from++;
	}
	return EM_OK;
}

/* The small copy of the values. */
static em_status
copy_cells(em_ctx *ctx, const em_grid *grid, const job *j, em_monores *m)
{
	const float *from = j->value;
	int64_t		v = 0;

	EM_TRY(em_cells_create(ctx, grid, j->mask, &m->cells));
	for (int64_t z = 0; z < j->mask->n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < j->mask->n[1]; y++)
			for (int64_t w = 0; w < j->mask->words; w++)
				for (uint64_t bits = em_mask_row(j->mask, y, z)[w]; bits != 0; bits &= bits - 1, v++)
					if (j->s->found[v] > 0)
						em_cells_add(m->cells, w * 64 + __builtin_ctzll(bits), y, z, *from++);
	}
	return EM_OK;
}

/* How many voxels got which resolution; from it the median, element floor(n/2). */
static em_status
median_found(em_ctx *ctx, const em_monores_state *s, em_monores *m)
{
	int64_t    *count = em_alloc(ctx, (uint64_t) m->evaluations + 1, sizeof(int64_t), "resolutions");
	int64_t		before = 0;
	em_status	status = EM_OK;

	if (count == NULL)
		return em_ctx_status(ctx);
	for (int64_t v = 0; v < s->voxels && status == EM_OK; v++)
	{
		count[s->found[v]]++;
		if (v % POLL_VOXELS == 0)
			status = em_poll(ctx);
	}
	m->n = s->voxels - count[0];
	for (int i = m->evaluations; i > 0 && before <= m->n / 2; i--)
	{
		before += count[i];
		m->median = m->step[i - 1].resolution;
	}
	em_free(ctx, count);
	if (status == EM_OK && m->n == 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no voxel of the mask got a local resolution");
	return status;
}

/* Where the values of each row go: voxels with a resolution before it. */
static em_status
number_rows(em_ctx *ctx, const em_monores_state *s, int64_t rows, int64_t **out)
{
	int64_t    *at = em_alloc(ctx, (uint64_t) rows, sizeof(int64_t), "rows of values");
	int64_t		n = 0;
	int64_t		v = 0;

	*out = at;
	if (at == NULL)
		return em_ctx_status(ctx);
	for (int64_t r = 0; r < rows; r++)
	{
		const int64_t end = r + 1 < rows ? s->row_start[r + 1] : s->voxels;

		at[r] = n;
		if (r % 1024 == 0)
			EM_TRY(em_poll(ctx));
		for (; v < end; v++)
			n += s->found[v] > 0;
	}
	return EM_OK;
}

/* A box about the mask, filled with what was found and smoothed. */
static em_status
smooth_box(em_ctx *ctx, const em_grid *grid, job *j)
{
	em_grid		box = *grid;
	int64_t		lo[3];
	int64_t		hi[3];

	EM_TRY(em_mask_bounds(ctx, j->mask, lo, hi));
	for (int i = 0; i < 3; i++)
	{
		j->offset[i] = lo[i] - EM_MONORES_SMOOTH_MARGIN;
		box.n[i] = em_mono_good_size(hi[i] + 1 - lo[i] + 2 * EM_MONORES_SMOOTH_MARGIN);
	}
	EM_TRY(em_volume_create(ctx, &box, "smoothed local resolution", &j->smooth));
	EM_TRY(em_parallel(ctx, "local resolution", box.n[2], fill_plane, j));
	EM_TRY(em_fft_forward(ctx, j->smooth));
	EM_TRY(em_parallel(ctx, "smoothing", box.n[2], gauss_plane, j));
	return em_fft_inverse(ctx, j->smooth);
}

em_status
em_monores_finish(em_ctx *ctx, const em_grid *grid, const em_mask *mask, const em_monores_state *s,
				  bool want_volume, em_monores *m)
{
	job			j = {
		.mask = mask,.s = s,.step = m->step,.nyquist = 2 * grid->voxel[0],.unit = grid->voxel[0]
	};
	em_status	status;

	EM_TRY(median_found(ctx, s, m));
	j.fill = m->median;
	m->value = j.value = em_alloc(ctx, (uint64_t) m->n, sizeof(float), "local resolutions");
	if (m->value == NULL)
		return em_ctx_status(ctx);
	status = number_rows(ctx, s, mask->n[1] * mask->n[2], &j.row_at);
	if (status == EM_OK)
		status = smooth_box(ctx, grid, &j);
	if (status == EM_OK)
		status = em_parallel(ctx, "local resolution", mask->n[2], better_plane, &j);
	em_volume_destroy(ctx, j.smooth);
	if (status == EM_OK)
		status = copy_cells(ctx, grid, &j, m);
	if (status == EM_OK && want_volume)
	{
		status = em_volume_create(ctx, grid, "local resolution", &m->volume);
		j.out = m->volume;
		if (status == EM_OK)
			status = em_parallel(ctx, "local resolution", mask->n[2], place_plane, &j);
	}
	em_free(ctx, j.row_at);
	return status;
}
