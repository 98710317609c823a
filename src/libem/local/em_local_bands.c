/*
 * src/libem/local/em_local_bands.c
 *		Local B-factor and local occupancy, one band after another.
 */
#include "local/em_local_bands.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_riesz.h"

#define WIDTH 4.8				/* coefficients of the x axis */
#define NOISE_QUANTILE 0.9		/* of the background */
#define PROTEIN_QUANTILE 0.25	/* of the mask */
#define ROUNDING 1e-9f			/* of the largest amplitude: below, nothing is known */

double
em_local_sigma(const em_grid *grid)
{
	return WIDTH / ((double) grid->n[0] * grid->voxel[0]);
}

typedef struct background_job
{
	const em_mask *mask;
	const em_grid *grid;
	em_mask    *out;
	double		radius2;		/* Å² */
} background_job;

/* Item: plane z of the background. */
static em_status
background_plane(void *arg, int64_t z, int worker)
{
	background_job *job = arg;
	const em_grid *g = job->grid;
	const double dz = ((double) z - 0.5 * (double) g->n[2]) * g->voxel[2];

	(void) worker;
	for (int64_t y = 0; y < g->n[1]; y++)
	{
		const double dy = ((double) y - 0.5 * (double) g->n[1]) * g->voxel[1];
		const uint64_t *inside = em_mask_row(job->mask, y, z);
		uint64_t   *to = em_mask_row(job->out, y, z);

		for (int64_t x = 0; x < g->n[0]; x++)
		{
			const double dx = ((double) x - 0.5 * (double) g->n[0]) * g->voxel[0];

			if (dx * dx + dy * dy + dz * dz < job->radius2)
				to[x >> 6] |= UINT64_C(1) << (x & 63);
		}
		for (int64_t w = 0; w < job->out->words; w++)
			to[w] &= ~inside[w];
	}
	return EM_OK;
}

em_status
em_local_background(em_ctx *ctx, const em_mask *mask, const em_grid *grid, em_mask **out)
{
	background_job job = {.mask = mask,.grid = grid};
	double		radius = INFINITY;
	em_status	status;

	for (int j = 0; j < 3; j++)
		radius = fmin(radius, 0.5 * (double) grid->n[j] * grid->voxel[j]);
	job.radius2 = radius * radius;
	EM_TRY(em_mask_create(ctx, grid->n, "the background", out));
	job.out = *out;
	status = em_parallel(ctx, "background", grid->n[2], background_plane, &job);
	if (status == EM_OK)
		status = em_mask_recount(ctx, *out);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* What one band adds to the voxels of the mask. */
typedef struct add_job
{
	const em_volume *amplitude;
	const em_mask *mask;
	em_volume  *sum;
	float		level;			/* B-factor: noise q; occupancy: what A must reach */
	float		largest;		/* amplitude in the mask */
	float		floor;			/* B-factor: smallest amplitude taken for one */
	float		weight;			/* B-factor: of y; 0: occupancy */
	int64_t    *vanishing;		/* one a plane */
} add_job;

/* Add one voxel; returns 1 when its amplitude vanishes. */
static inline int
add_voxel(const add_job *job, float a, float *sum)
{
	const int	low = a < job->floor;

	if (job->weight == 0)
	{
		*sum += a >= job->level ? 1.0f : 0.0f;
		return 0;
	}
	a = low ? job->floor : a;
	*sum += job->weight * logf(a / (a + job->level) * (a / job->largest));
	return low;
}

/* Item: the mask's voxels of plane z. */
static em_status
add_plane(void *arg, int64_t z, int worker)
{
	add_job    *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		const float *a = em_volume_row(job->amplitude, y, z);
		float	   *sum = em_volume_row(job->sum, y, z);
		const uint64_t *bits = em_mask_row(job->mask, y, z);

		for (int64_t w = 0; w < job->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const int64_t x = 64 * w + __builtin_ctzll(left);

				job->vanishing[z] += add_voxel(job, a[x], sum + x);
			}
	}
	return EM_OK;
}

/* The sums in the mask become scale * sum + offset. */
typedef struct scale_job
{
	const em_mask *mask;
	em_volume  *sum;
	double		scale;
	double		offset;
} scale_job;

/* Item: plane z. */
static em_status
scale_plane(void *arg, int64_t z, int worker)
{
	scale_job  *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->mask->n[1]; y++)
	{
		float	   *sum = em_volume_row(job->sum, y, z);
		const uint64_t *bits = em_mask_row(job->mask, y, z);

		for (int64_t w = 0; w < job->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const int64_t x = 64 * w + __builtin_ctzll(left);

				sum[x] = (float) (job->scale * sum[x] + job->offset);
			}
	}
	return EM_OK;
}

/* A measurement under way. */
typedef struct bands_run
{
	const em_volume *spectrum;
	const em_mask *mask;
	const em_mask *background;	/* NULL: occupancy */
	em_volume  *work;
	em_volume  *amplitude;
	em_volume  *sum;
	int64_t    *vanishing;
	double		first;			/* centre of the first band, 1/Å */
	double		step;
	int			bands;
	double		sigma;
	double		offset;			/* of the volume's values, from what is the same for a band's voxels */
} bands_run;

/* Centre of band i, 1/Å. */
static double
centre_of(const bands_run *run, int i)
{
	return run->first + run->step * i;
}

/* 4 times the weight of band i in the slope over f²: the B-factor is the sum of these times y. */
static double
weight_of(const bands_run *run, int i)
{
	double		mean = 0;
	double		spread = 0;

	for (int j = 0; j < run->bands; j++)
		mean += centre_of(run, j) * centre_of(run, j) / run->bands;
	for (int j = 0; j < run->bands; j++)
		spread += pow(centre_of(run, j) * centre_of(run, j) - mean, 2);
	return 4 * (centre_of(run, i) * centre_of(run, i) - mean) / spread;
}

/* The amplitude of band i and, for the B-factor, the sums of its weights. */
static em_status
make_band(em_ctx *ctx, bands_run *run, int i, double sums[2])
{
	em_radial  *h;
	em_status	status;

	EM_TRY(em_radial_gaussian(ctx, &run->spectrum->grid, centre_of(run, i), run->sigma, &h));
	status = em_riesz_amplitude(ctx, run->spectrum, h, run->work, run->amplitude);
	if (status == EM_OK && run->background != NULL)
		status = em_radial_sums(ctx, &run->spectrum->grid, h, &sums[0], &sums[1]);
	em_radial_destroy(ctx, h);
	return status;
}

/* Band i joins the sum. */
static em_status
add_band(em_ctx *ctx, bands_run *run, int i, em_local_bands *out)
{
	add_job		job = {.amplitude = run->amplitude,.mask = run->mask,.sum = run->sum,.vanishing = run->vanishing};
	static const double q[2] = {PROTEIN_QUANTILE, 1};
	static const double q_noise = NOISE_QUANTILE;
	double		sums[2];
	double		in_mask[2];
	double		level;
	double		largest;
	int64_t		n;

	EM_TRY(make_band(ctx, run, i, sums));
	EM_TRY(em_quantiles(ctx, run->amplitude, run->mask, EM_RANK_LINEAR, q, 2, in_mask, &n));
	level = in_mask[0];
	largest = in_mask[1];
	if (run->background != NULL)
		EM_TRY(em_quantiles(ctx, run->amplitude, run->background, EM_RANK_LINEAR, &q_noise, 1, &level, &n));
	if (!(largest > 0))
	{
		out->reason_code = "no_signal";
		return em_fail(ctx, EM_NOT_MEASURABLE, "the map holds nothing at %.2f Å", 1 / centre_of(run, i));
	}
	job.level = (float) level;
	job.largest = (float) largest;
	job.floor = ROUNDING * job.largest;
	if (run->background != NULL)
	{
		const double weight = weight_of(run, i);

		job.weight = (float) weight;
		run->offset += weight * (log((double) job.largest) - log(sums[0]));
		out->shift += weight * (log(sums[0]) - 0.5 * log(sums[1]));
	}
	return em_parallel(ctx, "band", run->mask->n[2], add_plane, &job);
}

/* All bands. */
static em_status
add_bands(em_ctx *ctx, bands_run *run, em_local_bands *out)
{
	scale_job	scale = {.mask = run->mask,.sum = run->sum,.scale = 1};
	em_status	status = EM_OK;

	for (int i = 0; i < run->bands && status == EM_OK; i++)
	{
		em_progress_steps(ctx, "local bands", (double) i / run->bands);
		status = add_band(ctx, run, i, out);
	}
	em_progress_steps(ctx, NULL, 1);
	if (status != EM_OK)
		return status;
	if (run->background == NULL)
		scale.scale = 1.0 / run->bands;
	scale.offset = run->offset;
	for (int64_t z = 0; z < run->mask->n[2]; z++)
		out->vanishing += run->vanishing[z];
	return em_parallel(ctx, "local bands", run->mask->n[2], scale_plane, &scale);
}

/* Memory, the bands, and memory back. */
static em_status
run_bands(em_ctx *ctx, bands_run *run, double resolution, em_local_bands *out)
{
	const em_grid *grid = &run->spectrum->grid;
	em_status	status;

	run->first = 1 / EM_LOCAL_WORST;
	run->step = run->bands > 1 ? (1 / resolution - run->first) / (run->bands - 1) : 0;
	out->bands = run->bands;
	out->sigma = run->sigma;
	run->vanishing = em_alloc(ctx, (uint64_t) grid->n[2], sizeof(int64_t), "counts");
	status = run->vanishing == NULL ? em_ctx_status(ctx) : EM_OK;
	if (status == EM_OK)
		status = em_volume_create(ctx, grid, "a band's component", &run->work);
	if (status == EM_OK)
		status = em_volume_create(ctx, grid, "a band's amplitude", &run->amplitude);
	if (status == EM_OK)
		status = em_volume_create(ctx, grid, "the sum over the bands", &run->sum);
	if (status == EM_OK)
		status = add_bands(ctx, run, out);
	em_volume_destroy(ctx, run->amplitude);
	em_volume_destroy(ctx, run->work);
	em_free(ctx, run->vanishing);
	if (status == EM_OK)
		out->volume = run->sum;
	else
		em_volume_destroy(ctx, run->sum);
	return status;
}

/* Are the resolution and the width such that there are bands? */
static em_status
check_bands(em_ctx *ctx, const em_volume *spectrum, double resolution, double sigma)
{
	if (spectrum->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "bands of a map that is not in Fourier space");
	if (!(resolution > 0 && resolution < EM_LOCAL_WORST))
		return em_fail(ctx, EM_BAD_ARGUMENT, "no bands between %g Å and %g Å", EM_LOCAL_WORST, resolution);
	if (!(sigma > 0 && isfinite(sigma)))
		return em_fail(ctx, EM_BAD_ARGUMENT, "the width of a band must be greater than 0");
	return EM_OK;
}

em_status
em_local_bfactor(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask, double resolution, double sigma,
				 em_local_bands *out)
{
	bands_run	run = {.spectrum = spectrum,.mask = mask,.bands = EM_LOCAL_POINTS,.sigma = sigma};
	em_mask    *background;
	em_status	status;

	memset(out, 0, sizeof(*out));
	EM_TRY(check_bands(ctx, spectrum, resolution, sigma));
	EM_TRY(em_local_background(ctx, mask, &spectrum->grid, &background));
	run.background = background;
	if (background->count == 0)
	{
		out->reason_code = "no_background";
		status = em_fail(ctx, EM_NOT_MEASURABLE, "the mask leaves no background");
	}
	else
		status = run_bands(ctx, &run, resolution, out);
	em_mask_destroy(ctx, background);
	return status;
}

em_status
em_local_occupancy(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask, double resolution, double sigma,
				   em_local_bands *out)
{
	bands_run	run = {.spectrum = spectrum,.mask = mask,.sigma = sigma};

	memset(out, 0, sizeof(*out));
	EM_TRY(check_bands(ctx, spectrum, resolution, sigma));
	run.bands = (int) fmin(fmax(floor((1 / resolution - 1 / EM_LOCAL_WORST) / sigma), 1), 10000);
	return run_bands(ctx, &run, resolution, out);
}

uint64_t
em_local_bands_bytes(const em_ctx *ctx, const em_grid *grid)
{
	const uint64_t scratch = em_riesz_scratch_bytes(ctx, grid) + 4096 * (uint64_t) em_parallel_workers(ctx);
	const uint64_t quantile = em_quantile_bytes(ctx);
	const uint64_t sums = 3 * sizeof(double) * (uint64_t) grid->n[2];

	return 3 * em_volume_bytes(grid) + em_mask_bytes(grid->n) + sums + (scratch > quantile ? scratch : quantile);
}
