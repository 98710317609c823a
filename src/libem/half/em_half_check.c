/*
 * src/libem/half/em_half_check.c
 *		Are two half maps what half maps should be?
 */
#include "half/em_half_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"

#define EDGE 8					/* voxels of a cube */
#define ZERO_RMS 0.01			/* of the box's rms, below which a cube has no noise */
#define ZERO_VOXEL 1e-3			/* likewise for a voxel */
#define MASKED_PERCENT 20.0
#define IDENTICAL 1e-12
#define COPY 1e-10
#define INVERTED (-0.5)
#define SCALE 0.9
#define FILTERED 1e-4
#define NYQUIST_FSC 0.143

typedef struct voxel_job
{
	const em_volume *half1;
	const em_volume *half2;
	const em_mask *mask;
	double	   *power;			/* sum of D² of each cube; or of each plane */
	int64_t    *count;			/* voxels of each cube; or quiet voxels of each plane */
	int64_t		cubes[3];
	double		limit2;			/* of D² */
} voxel_job;

/* Item: a layer of cubes. */
static em_status
cube_layer(void *arg, int64_t layer, int worker)
{
	voxel_job  *job = arg;
	const int64_t *n = job->half1->grid.n;
	const int64_t end = (layer + 1) * EDGE < n[2] ? (layer + 1) * EDGE : n[2];

	(void) worker;
	for (int64_t z = layer * EDGE; z < end; z++)
		for (int64_t y = 0; y < n[1]; y++)
		{
			const float *a = em_volume_row(job->half1, y, z);
			const float *b = em_volume_row(job->half2, y, z);
			const int64_t row = (layer * job->cubes[1] + y / EDGE) * job->cubes[0];

			for (int64_t x = 0; x < n[0]; x++)
			{
				const double d = 0.5 * ((double) a[x] - b[x]);

				job->power[row + x / EDGE] += d * d;
				job->count[row + x / EDGE]++;
			}
		}
	return EM_OK;
}

em_status
em_half_check_voxels(em_ctx *ctx, const em_volume *half1, const em_volume *half2, em_half_check *out)
{
	voxel_job	job = {.half1 = half1,.half2 = half2};
	int64_t		cubes;
	double		power = 0;
	double		voxels = 0;
	double		zero = 0;
	em_status	status;

	for (int j = 0; j < 3; j++)
		job.cubes[j] = (half1->grid.n[j] + EDGE - 1) / EDGE;
	cubes = job.cubes[0] * job.cubes[1] * job.cubes[2];
	job.power = em_alloc(ctx, (uint64_t) cubes, sizeof(double), "differences of the half maps");
	job.count = em_alloc(ctx, (uint64_t) cubes, sizeof(int64_t), "differences of the half maps");
	if (job.power == NULL || job.count == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "comparing the half maps", job.cubes[2], cube_layer, &job);
	for (int64_t i = 0; i < cubes && status == EM_OK; i++)
	{
		power += job.power[i];
		voxels += (double) job.count[i];
	}
	for (int64_t i = 0; i < cubes && status == EM_OK; i++)
		if (job.power[i] * voxels <= ZERO_RMS * ZERO_RMS * power * (double) job.count[i])
			zero += (double) job.count[i];
	em_free(ctx, job.power);
	em_free(ctx, job.count);
	if (status != EM_OK)
		return status;
	out->zero_percent = 100 * zero / voxels;
	out->masked = out->zero_percent > MASKED_PERCENT;
	return EM_OK;
}

/* Item: plane z; with a limit, the voxels of the mask that are quiet. */
static em_status
voxel_plane(void *arg, int64_t z, int worker)
{
	voxel_job  *job = arg;
	const int64_t *n = job->half1->grid.n;

	(void) worker;
	for (int64_t y = 0; y < n[1]; y++)
	{
		const float *a = em_volume_row(job->half1, y, z);
		const float *b = em_volume_row(job->half2, y, z);

		for (int64_t x = 0; x < n[0]; x++)
		{
			const double d = 0.5 * ((double) a[x] - b[x]);

			if (job->limit2 < 0)
				job->power[z] += d * d;
			else if (d * d <= job->limit2 && em_mask_get(job->mask, x, y, z))
				job->count[z]++;
		}
	}
	return EM_OK;
}

em_status
em_half_zero_percent(em_ctx *ctx, const em_volume *half1, const em_volume *half2, const em_mask *mask,
					 double *percent)
{
	const int64_t nz = half1->grid.n[2];
	voxel_job	job = {.half1 = half1,.half2 = half2,.mask = mask,.limit2 = -1};
	double		power = 0;
	int64_t		quiet = 0;
	em_status	status;

	job.power = em_alloc(ctx, (uint64_t) nz, sizeof(double), "differences of the half maps");
	job.count = em_alloc(ctx, (uint64_t) nz, sizeof(int64_t), "differences of the half maps");
	if (job.power == NULL || job.count == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "comparing the half maps", nz, voxel_plane, &job);
	if (status == EM_OK)
	{
		for (int64_t z = 0; z < nz; z++)
			power += job.power[z];
		job.limit2 = ZERO_VOXEL * ZERO_VOXEL * power / (double) em_grid_voxels(&half1->grid);
		status = em_parallel(ctx, "comparing the half maps", nz, voxel_plane, &job);
	}
	for (int64_t z = 0; z < nz && status == EM_OK; z++)
		quiet += job.count[z];
	em_free(ctx, job.power);
	em_free(ctx, job.count);
	*percent = mask->count > 0 ? 100 * (double) quiet / (double) mask->count : 0;
	return status;
}

/* Sums of a shell over the full sphere. */
typedef struct shell_power
{
	double		n;
	double		one;			/* |F1|² */
	double		two;			/* |F2|² */
	double		cross;			/* Re(F1 F2*) */
	double		noise;			/* |D|² */
} shell_power;

typedef struct spectrum_job
{
	const em_volume *f1;
	const em_volume *f2;
	em_shells	shells;
	shell_power *sums;			/* shells.count a plane */
	int32_t    *slot;			/* a row for each worker */
} spectrum_job;

/* Item: plane iz of the spectra. */
static em_status
spectrum_plane(void *arg, int64_t iz, int worker)
{
	spectrum_job *job = arg;
	const em_shells *s = &job->shells;
	int32_t    *slot = job->slot + worker * em_shells_room(s);
	shell_power *sums = job->sums + iz * s->count;

	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		const float *a = em_volume_row(job->f1, iy, iz);
		const float *b = em_volume_row(job->f2, iy, iz);

		em_shells_row(s, iy, iz, slot);
		for (int64_t k = 0; k < s->nxh; k++)
		{
			const double w = k == 0 || 2 * k == s->n[0] ? 1 : 2;
			const double ar = a[2 * k];
			const double ai = a[2 * k + 1];
			const double br = b[2 * k];
			const double bi = b[2 * k + 1];
			shell_power *to;

			if (slot[k] < 1)
				continue;
			to = &sums[slot[k]];
			to->n += w;
			to->one += w * (ar * ar + ai * ai);
			to->two += w * (br * br + bi * bi);
			to->cross += w * (ar * br + ai * bi);
			to->noise += w * 0.25 * ((ar - br) * (ar - br) + (ai - bi) * (ai - bi));
		}
	}
	return EM_OK;
}

static int
ascending(const void *a, const void *b)
{
	const double x = *(const double *) a;
	const double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* Sums over shells first .. end-1. */
static shell_power
add_shells(const shell_power *s, int64_t first, int64_t end)
{
	shell_power t = {0};

	for (int64_t i = first; i < end; i++)
	{
		t.n += s[i].n;
		t.one += s[i].one;
		t.two += s[i].two;
		t.cross += s[i].cross;
		t.noise += s[i].noise;
	}
	return t;
}

static double
fsc_of(shell_power s)
{
	return s.one > 0 && s.two > 0 ? s.cross / sqrt(s.one * s.two) : 0;
}

/* Mean power of D by coefficient. */
static double
noise_of(shell_power s)
{
	return s.n > 0 ? s.noise / s.n : 0;
}

/* Is D gone above 1/(0.9 resolution), measured by the band below the resolution? */
static bool
gone_beyond(const shell_power *s, int64_t count, double length, double resolution)
{
	const double edge = length / resolution;
	const int64_t high = (int64_t) ceil(edge / 0.9);
	const int64_t low = (int64_t) fmax(1, floor(0.4 * edge));
	const int64_t mid = (int64_t) ceil(0.8 * edge);

	if (!isfinite(edge) || high >= count - 1 || mid <= low)
		return false;
	return noise_of(add_shells(s, high, count)) < FILTERED * noise_of(add_shells(s, low, mid));
}

/* Look for a low-pass filter; `sorted` has room for a number a shell. */
static void
judge_filter(const shell_power *s, int64_t count, double length, double resolution, double *sorted,
			 em_half_check *out)
{
	int64_t		from = count;
	double		reference;

	for (int64_t i = 1; i < count; i++)
		sorted[i] = noise_of(s[i]);
	qsort(sorted + 1, (size_t) (count - 1), sizeof(double), ascending);
	reference = sorted[1 + (int64_t) (0.9 * (double) (count - 2))];
	out->filtered_from = NAN;
	out->high_ratio = noise_of(add_shells(s, count - (count + 9) / 10, count)) / reference;
	while (from > 1 && noise_of(s[from - 1]) < FILTERED * reference)
		from--;
	if (from < count && from > 1)
		out->filtered_from = length / (double) from;
	out->no_noise_beyond = gone_beyond(s, count, length, resolution);
	out->filtered = from < count || out->no_noise_beyond;
}

/* Does the FSC rise again towards Nyquist? */
static void
judge_nyquist(const shell_power *s, int64_t count, em_half_check *out)
{
	const int64_t last = count - (count + 9) / 10;
	double		least = INFINITY;

	out->nyquist_fsc = fsc_of(add_shells(s, last, count));
	for (int64_t i = 1; i + 5 <= last; i++)
		least = fmin(least, fsc_of(add_shells(s, i, i + 5)));
	out->correlated_noise = out->nyquist_fsc > NYQUIST_FSC && out->nyquist_fsc > 2 * least;
}

/* Flags from the sums of all shells. */
static void
judge(const shell_power *s, int64_t count, double length, double resolution, double *sorted,
	  em_half_check *out)
{
	const shell_power all = add_shells(s, 1, count);
	const int64_t first = count / 20 < 3 ? 3 : count / 20;
	const double sum = all.one + all.two + 2 * all.cross;

	out->correlation = fsc_of(all);
	out->scale = all.one > 0 ? sqrt(all.two / all.one) : NAN;
	out->identical = all.noise <= IDENTICAL * 0.25 * sum;
	out->copy = 1 - fabs(out->correlation) <= COPY;
	out->inverted = count > first && fsc_of(add_shells(s, 1, 1 + first)) < INVERTED;
	out->scale_differs = out->scale < SCALE || out->scale > 1 / SCALE;
	out->filtered_from = NAN;
	out->high_ratio = NAN;
	out->nyquist_fsc = NAN;
	if (out->identical || out->copy || count < 10)
		return;
	judge_filter(s, count, length, resolution, sorted, out);
	judge_nyquist(s, count, out);
}

/* Add a sentence. */
__attribute__((format(printf, 2, 3)))
static void
say(em_half_check *out, const char *format,...)
{
	va_list		args;

	if (out->findings >= EM_HALF_FINDINGS)
		return;
	va_start(args, format);
	vsnprintf(out->finding[out->findings++], sizeof(out->finding[0]), format, args);
	va_end(args);
}

/* Word what was found, the worst first. */
static void
word_findings(em_half_check *out)
{
	out->findings = 0;
	if (out->identical)
	{
		say(out, "the half maps are identical, so nothing tells signal from noise");
		return;
	}
	if (out->copy)
		say(out, "one half map is the other one times %.4g, so nothing tells signal from noise",
			out->correlation < 0 ? -out->scale : out->scale);
	else if (out->inverted)
		say(out, "the half maps have opposite contrast");
	if (out->scale_differs && !out->copy)
		say(out, "half map 2 is scaled by %.3g against half map 1", out->scale);
	if (out->masked)
		say(out, "the half maps are masked: they agree in %.0f %% of the box, where no noise is left",
			out->zero_percent);
	if (out->filtered && isfinite(out->filtered_from))
		say(out, "the half maps are low-pass filtered: no noise is left beyond %.2f Å", out->filtered_from);
	else if (out->filtered)
		say(out, "the half maps are low-pass filtered: next to no noise is left beyond their resolution");
	if (out->correlated_noise)
		say(out, "the noise of the half maps is correlated near the Nyquist frequency: FSC %.2f",
			out->nyquist_fsc);
}

em_status
em_half_check_spectra(em_ctx *ctx, const em_volume *f1, const em_volume *f2, double resolution,
					  em_half_check *out)
{
	spectrum_job job = {.f1 = f1,.f2 = f2};
	const int64_t nz = f1->grid.n[2];
	double	   *sorted;
	em_status	status;

	EM_TRY(em_shells_init(ctx, &f1->grid, &job.shells));
	job.sums = em_alloc(ctx, (uint64_t) (nz * job.shells.count), sizeof(shell_power),
						"shells of the half maps");
	job.slot = em_alloc(ctx, (uint64_t) (em_shells_room(&job.shells) * em_parallel_workers(ctx)),
						sizeof(int32_t), "shells of the half maps");
	sorted = em_alloc(ctx, (uint64_t) job.shells.count, sizeof(double), "shells of the half maps");
	if (job.sums == NULL || job.slot == NULL || sorted == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "shells of the half maps", nz, spectrum_plane, &job);
	if (status == EM_OK)
	{
		for (int64_t z = 1; z < nz; z++)
			for (int64_t i = 0; i < job.shells.count; i++)
			{
				const shell_power two[2] = {job.sums[i], job.sums[z * job.shells.count + i]};

				job.sums[i] = add_shells(two, 0, 2);
			}
		judge(job.sums, job.shells.count, job.shells.length, resolution, sorted, out);
		word_findings(out);
	}
	em_free(ctx, sorted);
	em_free(ctx, job.slot);
	em_free(ctx, job.sums);
	return status;
}

em_status
em_half_check_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2, double resolution,
				  em_half_check *out)
{
	em_volume  *f1 = NULL;
	em_volume  *f2 = NULL;
	em_status	status;

	memset(out, 0, sizeof(*out));
	status = em_half_check_voxels(ctx, half1, half2, out);
	if (status == EM_OK)
		status = em_volume_copy(ctx, half1, "half map 1", &f1);
	if (status == EM_OK)
		status = em_volume_copy(ctx, half2, "half map 2", &f2);
	if (status == EM_OK)
		status = em_fft_forward(ctx, f1);
	if (status == EM_OK)
		status = em_fft_forward(ctx, f2);
	if (status == EM_OK)
		status = em_half_check_spectra(ctx, f1, f2, resolution, out);
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
	return status;
}
