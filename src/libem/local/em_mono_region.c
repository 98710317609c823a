/*
 * src/libem/local/em_mono_region.c
 *		Regions of a map and their unfiltered monogenic components.
 */
#include "local/em_mono_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"

#define RAMP 0.02				/* digital width of every raised cosine */

em_mono_band
em_mono_band_at(double frequency)
{
	return (em_mono_band)
	{
		.pass = frequency,
		.stop = fmax(frequency - RAMP, 0),
		.low = frequency,
		.cut = fmin(frequency + RAMP, 0.5)
	};
}

int64_t
em_mono_good_size(int64_t n)
{
	while (!em_fft_is_smooth(n, 7))
		n++;
	return n;
}

/* Bits set in a row of a mask before x. */
static int64_t
bits_before(const uint64_t *row, int64_t x)
{
	int64_t		n = 0;

	for (int64_t w = 0; w < x >> 6; w++)
		n += __builtin_popcountll(row[w]);
	if (x & 63)
		n += __builtin_popcountll(row[x >> 6] & ((UINT64_C(1) << (x & 63)) - 1));
	return n;
}

em_status
em_mono_pick_create(em_ctx *ctx, const em_mask *mask, const int64_t lo[3], const int64_t hi[3],
					const int64_t *row_start, int64_t base, em_mono_pick *out)
{
	int64_t		rows = (hi[1] - lo[1]) * (hi[2] - lo[2]);
	em_mono_row *row = em_alloc(ctx, (uint64_t) rows, sizeof(em_mono_row), "rows of a region");

	memset(out, 0, sizeof(*out));
	if (row == NULL)
		return em_ctx_status(ctx);
	out->mask = mask;
	out->row = row;
	memcpy(out->lo, lo, sizeof(out->lo));
	memcpy(out->hi, hi, sizeof(out->hi));
	for (int64_t z = lo[2]; z < hi[2]; z++)
	{
		if (em_poll(ctx) != EM_OK)
		{
			em_mono_pick_destroy(ctx, out);
			return EM_CANCELLED;
		}
		for (int64_t y = lo[1]; y < hi[1]; y++, row++)
		{
			const uint64_t *bits = em_mask_row(mask, y, z);
			int64_t		before = bits_before(bits, lo[0]);

			row->at = base + out->count;
			row->index = row_start == NULL ? -1 : row_start[z * mask->n[1] + y] + before;
			row->n = bits_before(bits, hi[0]) - before;
			out->count += row->n;
		}
	}
	return EM_OK;
}

void
em_mono_pick_destroy(em_ctx *ctx, em_mono_pick *p)
{
	em_free(ctx, p->row);
	memset(p, 0, sizeof(*p));
}

void
em_mono_work_destroy(em_ctx *ctx, em_mono_work *w)
{
	for (int j = 0; j < 4; j++)
		em_free(ctx, w->band[j]);
	em_free(ctx, w->scratch);
	memset(w, 0, sizeof(*w));
}

uint64_t
em_mono_region_bytes(const em_grid *grid)
{
	return 5 * em_volume_bytes(grid);
}

static void
destroy_plans(em_ctx *ctx, em_mono_plans *p)
{
	fftwf_plan	all[6];

	if (p == NULL)
		return;
	memcpy(all, p, sizeof(all));
	for (int i = 0; i < 6; i++)
		if (all[i] != NULL)
			fftwf_destroy_plan(all[i]);
	em_free(ctx, p);
}

/* Plan EM_MONO_COLUMNS columns of length n in scratch. */
static fftwf_plan
plan_columns(int64_t n, int sign, fftwf_complex *scratch)
{
	int			length = (int) n;
	int			distance = (int) em_mono_column_distance(n);

	return fftwf_plan_many_dft(1, &length, EM_MONO_COLUMNS, scratch, NULL, 1, distance,
							   scratch, NULL, 1, distance, sign, FFTW_ESTIMATE);
}

/* Make the plans; estimating does not touch the scratch. */
static bool
make_plans(em_mono_plans *p, const int64_t n[3], float *scratch)
{
	fftwf_complex *columns = (fftwf_complex *) scratch;
	int			length = (int) n[0];
	int			row = (int) em_mono_row_distance(n[0]);

	p->y_inverse = plan_columns(n[1], FFTW_BACKWARD, columns);
	p->y_forward = plan_columns(n[1], FFTW_FORWARD, columns);
	p->z_inverse = plan_columns(n[2], FFTW_BACKWARD, columns);
	p->z_forward = plan_columns(n[2], FFTW_FORWARD, columns);
	p->x_inverse = fftwf_plan_many_dft_c2r(1, &length, EM_MONO_ROWS, columns, NULL, 1, row / 2,
										   scratch, NULL, 1, row, FFTW_ESTIMATE);
	p->x_forward = fftwf_plan_many_dft_r2c(1, &length, EM_MONO_ROWS, scratch, NULL, 1, row,
										   columns, NULL, 1, row / 2, FFTW_ESTIMATE);
	return p->y_inverse != NULL && p->y_forward != NULL && p->z_inverse != NULL &&
		p->z_forward != NULL && p->x_inverse != NULL && p->x_forward != NULL;
}

/* Plans for a region of n voxels. */
static em_status
create_plans(em_ctx *ctx, const int64_t n[3], em_mono_plans **out)
{
	int64_t		longest = n[1] > n[2] ? n[1] : n[2];
	int64_t		columns = 2 * EM_MONO_COLUMNS * em_mono_column_distance(longest);
	int64_t		rows = EM_MONO_ROWS * em_mono_row_distance(n[0]);
	float	   *scratch;
	bool		made;

	*out = em_alloc(ctx, 1, sizeof(em_mono_plans), "transform plans");
	if (*out == NULL)
		return em_ctx_status(ctx);
	scratch = em_alloc(ctx, (uint64_t) (columns > rows ? columns : rows), sizeof(float),
					   "transform scratch");
	if (scratch == NULL)
		return em_ctx_status(ctx);
	made = make_plans(*out, n, scratch);
	em_free(ctx, scratch);
	if (!made)
		return em_fail(ctx, EM_INTERNAL, "no plan for a transform of %lldx%lldx%lld voxels",
					   (long long) n[0], (long long) n[1], (long long) n[2]);
	return EM_OK;
}

em_status
em_mono_region_create(em_ctx *ctx, const em_grid *map, const int64_t offset[3], const int64_t n[3],
					  em_mono_region **out)
{
	em_mono_region *r = em_alloc(ctx, 1, sizeof(em_mono_region), "a region");
	em_grid		grid = *map;
	em_status	status;

	*out = NULL;
	if (r == NULL)
		return em_ctx_status(ctx);
	memcpy(r->offset, offset, sizeof(r->offset));
	memcpy(grid.n, n, sizeof(grid.n));
	r->unit = map->voxel[0];
	status = create_plans(ctx, n, &r->plans);
	if (status == EM_OK)
		status = em_volume_create(ctx, &grid, "the spectrum of a region", &r->spectrum);
	for (int j = 0; j < 4 && status == EM_OK; j++)
		status = em_volume_create(ctx, &grid, "a monogenic component", &r->part[j]);
	if (status != EM_OK)
	{
		em_mono_region_destroy(ctx, r);
		return status;
	}
	*out = r;
	return EM_OK;
}

void
em_mono_region_destroy(em_ctx *ctx, em_mono_region *r)
{
	if (r == NULL)
		return;
	for (int j = 0; j < 4; j++)
		em_volume_destroy(ctx, r->part[j]);
	em_volume_destroy(ctx, r->spectrum);
	destroy_plans(ctx, r->plans);
	em_free(ctx, r);
}

typedef struct load_job
{
	em_mono_region *region;
	const em_volume *a;
	const em_volume *b;
	float		weight_a;
	float		weight_b;
	int			part;			/* component to make from the spectrum */
} load_job;

/* One voxel, 0 when it is not a number. */
static inline float
finite_or_0(float v)
{
	return isfinite(v) ? v : 0;
}

/* Copy plane z of the region from the maps. */
static em_status
copy_plane(void *arg, int64_t z, int worker)
{
	load_job   *job = arg;
	const int64_t *o = job->region->offset;
	em_volume  *to = job->region->spectrum;

	(void) worker;
	for (int64_t y = 0; y < to->grid.n[1]; y++)
	{
		const float *a = em_volume_row(job->a, y + o[1], z + o[2]) + o[0];
		const float *b = job->b == NULL ? a : em_volume_row(job->b, y + o[1], z + o[2]) + o[0];
		float	   *row = em_volume_row(to, y, z);

		for (int64_t x = 0; x < to->grid.n[0]; x++)
			row[x] = finite_or_0(job->weight_a * a[x] + job->weight_b * b[x]);
	}
	return EM_OK;
}

/* Frequency of FFT index i along axis j, 1/Å; 0 for the Nyquist plane of an even edge when `odd`. */
static double
axis_frequency(const em_grid *grid, int j, int64_t i, bool odd)
{
	if (odd && 2 * i == grid->n[j])
		return 0;
	return (double) em_frequency(i, grid->n[j]) / ((double) grid->n[j] * grid->voxel[j]);
}

/* Multiply plane iz of the spectrum by -i k_j/|k| into component j. */
static em_status
riesz_plane(void *arg, int64_t iz, int worker)
{
	load_job   *job = arg;
	const em_volume *f = job->region->spectrum;
	const em_grid *grid = &f->grid;
	em_volume  *to = job->region->part[job->part];
	const double sz = axis_frequency(grid, 2, iz, false);
	const double step = 1 / ((double) grid->n[0] * grid->voxel[0]);
	const int	axis = job->part - 1;

	(void) worker;
	for (int64_t iy = 0; iy < grid->n[1]; iy++)
	{
		const float *from = em_volume_row(f, iy, iz);
		float	   *row = em_volume_row(to, iy, iz);
		const double sy = axis_frequency(grid, 1, iy, false);
		const double yz2 = sy * sy + sz * sz;
		const double along = axis == 1 ? axis_frequency(grid, 1, iy, true) :
			axis_frequency(grid, 2, iz, true);

		for (int64_t kx = 0; kx <= grid->n[0] / 2; kx++)
		{
			const double sx = (double) kx * step;
			const double s2 = sx * sx + yz2;
			const double k = axis == 0 ? (2 * kx == grid->n[0] ? 0 : sx) : along;
			const float w = s2 > 0 ? (float) (k / sqrt(s2)) : 0;

			row[2 * kx] = w * from[2 * kx + 1];
			row[2 * kx + 1] = -w * from[2 * kx];
		}
	}
	return EM_OK;
}

/* Component 0: plane iz of the spectrum as it is. */
static em_status
same_plane(void *arg, int64_t iz, int worker)
{
	load_job   *job = arg;
	const em_volume *f = job->region->spectrum;

	(void) worker;
	memcpy(job->region->part[0]->data + iz * f->plane, f->data + iz * f->plane,
		   (size_t) f->plane * sizeof(float));
	return EM_OK;
}

em_status
em_mono_region_load(em_ctx *ctx, em_mono_region *r, const em_volume *a, const em_volume *b, int sign)
{
	load_job	job = {.region = r,.a = a,.b = b,.weight_a = 1};

	if (b != NULL)
	{
		job.weight_a = 0.5f;
		job.weight_b = sign < 0 ? -0.5f : 0.5f;
	}
	r->spectrum->domain = EM_REAL_SPACE;
	EM_TRY(em_parallel(ctx, "cutting out a region", r->spectrum->grid.n[2], copy_plane, &job));
	EM_TRY(em_fft_forward(ctx, r->spectrum));
	r->spectrum->data[0] = 0;
	for (int j = 0; j < 4; j++)
	{
		job.part = j;
		r->part[j]->domain = EM_FOURIER_SPACE;
		EM_TRY(em_parallel(ctx, "Riesz transform", r->spectrum->grid.n[2], j == 0 ? same_plane : riesz_plane,
						   &job));
		EM_TRY(em_fft_inverse(ctx, r->part[j]));
	}
	return EM_OK;
}
