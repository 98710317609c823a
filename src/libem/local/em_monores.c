/*
 * src/libem/local/em_monores.c
 *		MonoRes: the sweep over the resolutions.
 */
#include "local/em_monores_internal.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/em_quantile.h"
#include "fourier/em_fft.h"

#define STEP_MIN 0.25			/* Å */
#define FEW_VOXELS 0.025		/* share of the mask; fewer undecided voxels end the sweep */
#define NO_SIGNAL 0.001			/* of the largest mean amplitude */
#define ONE_MAP_EXACT ((int64_t) 300 * 300 * 300)	/* voxels up to which one map has no fast mode */
#define STATE_BYTES 7			/* of the search, for each voxel of the mask */
#define DECIDED_BYTES 3			/* of those, kept to the end */
#define REFINE_WIDTH 4.0		/* Gaussian of the first look at a single map */

typedef struct run
{
	em_ctx	   *ctx;
	const em_volume *half1;
	const em_volume *half2;		/* NULL: one map */
	em_monores_options options;
	em_monores *m;
	em_mask    *mask;			/* voxels to decide about */
	em_mask    *outside;		/* one map: where the noise is, else NULL */
	em_monores_state state;
	em_monores_tile signal_tile[EM_MONORES_TILES];
	int			signal_tiles;
	em_mono_pick signal_pick[EM_MONORES_TILES];
	em_mono_region *signal;		/* the tile that is loaded */
	int			loaded;			/* its number, -1 when none is */
	em_monores_tile noise_tile[EM_MONORES_NOISE_TILES];
	int			noise_tiles;
	em_mono_pick noise_pick[EM_MONORES_NOISE_TILES];
	em_mono_region *noise[EM_MONORES_NOISE_TILES];
	em_mono_work work;
	float	   *value;			/* amplitudes of a tile or of the noise */
	int64_t		values;			/* room in it */
	double		noise_variance[EM_MONORES_CHUNK];
	em_monores_sums sums[EM_MONORES_CHUNK];
} run;

void
em_monores_destroy(em_ctx *ctx, em_monores *m)
{
	if (m == NULL)
		return;
	em_free(ctx, m->step);
	em_free(ctx, m->value);
	em_volume_destroy(ctx, m->volume);
	em_cells_destroy(ctx, m->cells);
	em_free(ctx, m);
}

/* Everything but the result. */
static void
clean_up(run *r)
{
	em_ctx	   *ctx = r->ctx;

	for (int i = 0; i < r->signal_tiles; i++)
		em_mono_pick_destroy(ctx, &r->signal_pick[i]);
	em_mono_region_destroy(ctx, r->signal);
	for (int i = 0; i < r->noise_tiles; i++)
	{
		em_mono_pick_destroy(ctx, &r->noise_pick[i]);
		em_mono_region_destroy(ctx, r->noise[i]);
	}
	em_mono_work_destroy(ctx, &r->work);
	em_monores_state_destroy(ctx, &r->state);
	em_free(ctx, r->value);
	em_mask_destroy(ctx, r->mask);
	em_mask_destroy(ctx, r->outside);
	em_free(ctx, r);
}

/* Free what only the sweep needs. */
static void
free_sweep(run *r)
{
	em_mono_region_destroy(r->ctx, r->signal);
	r->signal = NULL;
	for (int i = 0; i < r->noise_tiles; i++)
	{
		em_mono_region_destroy(r->ctx, r->noise[i]);
		r->noise[i] = NULL;
	}
	em_mono_work_destroy(r->ctx, &r->work);
	em_free(r->ctx, r->value);
	r->value = NULL;
	em_monores_state_decided(r->ctx, &r->state);
}

/* Say why nothing can be measured. */
__attribute__((format(printf, 4, 5)))
static em_status
give_reason(em_ctx *ctx, const em_monores_options *o, const char *code, const char *format,...)
{
	char		text[200];
	va_list		args;

	if (o->reason_code != NULL)
		*o->reason_code = code;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return em_fail(ctx, EM_NOT_MEASURABLE, "%s", text);
}

/* The resolutions to try: L/n for falling targets, each n once, not beyond Nyquist. */
static em_status
list_resolutions(run *r, double **out, int *n)
{
	const em_grid *grid = &r->half1->grid;
	const double length = (double) grid->n[0] * grid->voxel[0];
	const double nyquist = 2 * grid->voxel[0];
	const double step = fmax(r->options.step, STEP_MIN);
	double	   *list = em_alloc(r->ctx, (uint64_t) (length / step) + grid->n[0] + 2, sizeof(double),
								"resolutions");
	int64_t		last = 0;

	*out = list;
	*n = 0;
	if (list == NULL)
		return em_ctx_status(r->ctx);
	for (int64_t i = 0; r->options.start - (double) i * step > 0; i++)
	{
		const int64_t index = (int64_t) round(length / (r->options.start - (double) i * step));

		if (index < 1 || index == last)
			continue;
		last = index;
		if (length / (double) index < nyquist * (1 - 1e-9))
			break;
		list[(*n)++] = length / (double) index;
	}
	if (*n == 0)
		return give_reason(r->ctx, &r->options, "nothing_to_try",
						   "no resolution between %g Å and twice the voxel size to try", r->options.start);
	return EM_OK;
}

/* Room for `n` amplitudes. */
static em_status
room_for_values(run *r, int64_t n)
{
	if (r->values >= n && r->value != NULL)
		return EM_OK;
	em_free(r->ctx, r->value);
	r->values = n;
	r->value = em_alloc(r->ctx, (uint64_t) n + 1, sizeof(float), "amplitudes");
	return r->value == NULL ? em_ctx_status(r->ctx) : EM_OK;
}

/* Load tile i of the signal unless it is there. */
static em_status
load_signal(run *r, int i)
{
	const em_monores_tile *t = &r->signal_tile[i];

	if (r->loaded == i)
		return EM_OK;
	r->loaded = -1;
	if (r->signal != NULL && memcmp(r->signal->spectrum->grid.n, t->n, sizeof(t->n)) != 0)
	{
		em_mono_region_destroy(r->ctx, r->signal);
		r->signal = NULL;
	}
	if (r->signal == NULL)
		EM_TRY(em_mono_region_create(r->ctx, &r->half1->grid, t->offset, t->n, &r->signal));
	memcpy(r->signal->offset, t->offset, sizeof(t->offset));
	EM_TRY(em_mono_region_load(r->ctx, r->signal, r->half1, r->half2, 1));
	r->loaded = i;
	return EM_OK;
}

/* Tiles of the noise and the voxels picked in them; regions are loaded once. */
static em_status
prepare_noise(run *r)
{
	const em_mask *where = r->outside != NULL ? r->outside : r->mask;
	int64_t		count = 0;

	if (where->count == 0)
		return give_reason(r->ctx, &r->options, "no_noise_voxels",
						   "no voxel is left to measure the noise in");
	if (r->options.fast)
		EM_TRY(em_monores_noise_tiles(r->ctx, where, r->noise_tile, &r->noise_tiles));
	else
		EM_TRY(em_monores_signal_tiles(r->ctx, where, false, 0, r->noise_tile, &r->noise_tiles));
	for (int i = 0; i < r->noise_tiles; i++)
	{
		const em_monores_tile *t = &r->noise_tile[i];

		em_mono_pick_destroy(r->ctx, &r->noise_pick[i]);
		EM_TRY(em_mono_pick_create(r->ctx, where, t->lo, t->hi, NULL, count, &r->noise_pick[i]));
		count += r->noise_pick[i].count;
		if (r->noise[i] != NULL)
			continue;
		EM_TRY(em_mono_region_create(r->ctx, &r->half1->grid, t->offset, t->n, &r->noise[i]));
		EM_TRY(em_mono_region_load(r->ctx, r->noise[i], r->half1, r->half2, -1));
	}
	r->m->noise_voxels = count;
	return EM_OK;
}

/* Amplitudes of the noise in one band: quantile, mean and variance. */
static em_status
measure_noise(run *r, const em_mono_band *band, double *threshold, double *mean, double *variance)
{
	em_monores_sums s;
	int64_t		n;

	EM_TRY(room_for_values(r, r->m->noise_voxels));
	for (int i = 0; i < r->noise_tiles; i++)
		EM_TRY(em_mono_region_evaluate(r->ctx, r->noise[i], &r->work, band, &r->noise_pick[i], r->value));
	EM_TRY(em_quantiles_array(r->ctx, r->value, r->m->noise_voxels, EM_RANK_FLOOR,
							  &r->options.significance, 1, threshold, &n));
	EM_TRY(em_monores_moments(r->ctx, r->value, r->m->noise_voxels, &s));
	*mean = s.sum / (double) s.n;
	*variance = s.sum2 / (double) s.n - *mean * *mean;
	return EM_OK;
}

/* The search's state and the tiles of the signal. */
static em_status
prepare_signal(run *r)
{
	if (r->mask->count == 0)
		return give_reason(r->ctx, &r->options, "no_noise_voxels",
						   "no voxel of the mask is left to measure in");
	EM_TRY(em_monores_state_create(r->ctx, r->mask, &r->state));
	EM_TRY(em_monores_signal_tiles(r->ctx, r->mask, r->options.fast, r->options.region_voxels, r->signal_tile,
								   &r->signal_tiles));
	for (int i = 0; i < r->signal_tiles; i++)
		EM_TRY(em_mono_pick_create(r->ctx, r->mask, r->signal_tile[i].lo, r->signal_tile[i].hi,
								   r->state.row_start, 0, &r->signal_pick[i]));
	return EM_OK;
}

/* Move the picked voxels at or below the threshold from the mask to the outside. */
static em_status
give_up(run *r, const em_mono_pick *pick, const float *value, double threshold)
{
	const int64_t ny = pick->hi[1] - pick->lo[1];

	for (int64_t z = pick->lo[2]; z < pick->hi[2]; z++)
	{
		EM_TRY(em_poll(r->ctx));
		for (int64_t y = pick->lo[1]; y < pick->hi[1]; y++)
		{
			const em_mono_row *row = &pick->row[(z - pick->lo[2]) * ny + y - pick->lo[1]];
			uint64_t   *in = em_mask_row(r->mask, y, z);
			uint64_t   *out = em_mask_row(r->outside, y, z);
			int64_t		k = row->at;

			for (int64_t x = pick->lo[0]; x < pick->hi[0] && k < row->at + row->n; x++)
				if ((in[x >> 6] >> (x & 63)) & 1 && value[k++] < threshold)
				{
					in[x >> 6] &= ~(UINT64_C(1) << (x & 63));
					out[x >> 6] |= UINT64_C(1) << (x & 63);
				}
		}
	}
	return EM_OK;
}

/* One map: voxels of the mask whose unfiltered amplitude is no larger than the noise's are noise. */
static em_status
refine_mask(run *r)
{
	const em_mono_band band = {.gauss = REFINE_WIDTH};
	double		threshold;
	double		mean;
	double		variance;

	EM_TRY(measure_noise(r, &band, &threshold, &mean, &variance));
	for (int i = 0; i < r->signal_tiles; i++)
	{
		EM_TRY(load_signal(r, i));
		EM_TRY(room_for_values(r, r->signal_pick[i].count));
		EM_TRY(em_mono_region_evaluate(r->ctx, r->signal, &r->work, &band, &r->signal_pick[i], r->value));
		EM_TRY(give_up(r, &r->signal_pick[i], r->value, threshold));
	}
	for (int i = 0; i < r->signal_tiles; i++)
		em_mono_pick_destroy(r->ctx, &r->signal_pick[i]);
	r->signal_tiles = 0;
	r->loaded = -1;
	em_monores_state_destroy(r->ctx, &r->state);
	EM_TRY(em_mask_recount(r->ctx, r->mask));
	EM_TRY(em_mask_recount(r->ctx, r->outside));
	EM_TRY(prepare_signal(r));
	return prepare_noise(r);
}

/* Thresholds of the next `n` resolutions. */
static em_status
chunk_noise(run *r, int first, int n)
{
	for (int i = 0; i < n; i++)
	{
		em_monores_step *step = &r->m->step[first + i];
		const em_mono_band band = em_mono_band_at(r->half1->grid.voxel[0] / step->resolution);

		EM_TRY(measure_noise(r, &band, &step->threshold, &step->mean_noise, &r->noise_variance[i]));
		if (!(step->threshold > 0))
			return give_reason(r->ctx, &r->options, "no_noise",
							   "there is no noise at %.2f Å to compare with", step->resolution);
	}
	return EM_OK;
}

/* Decisions of all tiles at the next `n` resolutions. */
static em_status
chunk_signal(run *r, int first, int n)
{
	memset(r->sums, 0, sizeof(r->sums));
	EM_TRY(em_monores_state_save(r->ctx, &r->state));
	for (int t = 0; t < r->signal_tiles; t++)
	{
		int64_t		active;

		em_progress_steps(r->ctx, "resolutions",
						  (first + (double) n * t / r->signal_tiles) / r->m->evaluations);
		EM_TRY(em_monores_state_active(r->ctx, &r->state, &r->signal_pick[t], &active));
		if (active == 0)
			continue;
		EM_TRY(load_signal(r, t));
		EM_TRY(room_for_values(r, r->signal_pick[t].count));
		for (int i = 0; i < n; i++)
		{
			const em_monores_step *step = &r->m->step[first + i];
			const em_mono_band band = em_mono_band_at(r->half1->grid.voxel[0] / step->resolution);

			EM_TRY(em_mono_region_evaluate(r->ctx, r->signal, &r->work, &band, &r->signal_pick[t], r->value));
			EM_TRY(em_monores_state_decide(r->ctx, &r->state, &r->signal_pick[t], r->value,
										   step->threshold, first, i, &r->sums[i]));
		}
	}
	return EM_OK;
}

/*
 * Does the sweep end at resolution first + i?  *keep is then the number of
 * decisions of the chunk that count.
 */
static bool
ends(run *r, int first, int i, double *largest, int *keep)
{
	em_monores_step *step = &r->m->step[first + i];
	const em_monores_sums *s = &r->sums[i];
	const double variance = s->n > 0 ? s->sum2 / (double) s->n - pow(s->sum / (double) s->n, 2) : 0;
	const double noise_n = (double) (r->outside != NULL ? r->outside->count : r->mask->count);
	double		z;

	step->active = s->n;
	step->mean_signal = s->n > 0 ? s->sum / (double) s->n : 0;
	*largest = fmax(*largest, step->mean_signal);
	*keep = i;
	if ((double) s->n < FEW_VOXELS * (double) r->m->mask_voxels)
		r->m->end = EM_MONORES_FEW_VOXELS;
	else if (step->mean_signal < NO_SIGNAL * *largest)
		r->m->end = EM_MONORES_NO_SIGNAL;
	else
	{
		*keep = i + 1;
		z = (step->mean_signal - step->mean_noise) /
			sqrt(variance / (double) s->n + r->noise_variance[i] / noise_n);
		if (z >= gsl_cdf_ugaussian_Pinv(r->options.significance))
			return false;
		r->m->end = EM_MONORES_NOISE;
	}
	r->m->evaluations = first + i + 1;
	return true;
}

/* All resolutions, in chunks: one resolution long when one region holds the whole signal. */
static em_status
sweep(run *r, int n)
{
	const int	length = r->signal_tiles == 1 ? 1 : EM_MONORES_CHUNK;
	double		largest = 0;

	r->m->end = EM_MONORES_NYQUIST;
	r->m->evaluations = n;
	for (int first = 0; first < n; first += length)
	{
		const int	count = n - first < length ? n - first : length;
		em_status	status;
		int			keep;

		em_progress_steps(r->ctx, "resolutions", (double) first / n);
		status = chunk_noise(r, first, count);
		if (status == EM_OK)
			status = chunk_signal(r, first, count);
		em_progress_steps(r->ctx, NULL, 1);
		EM_TRY(status);
		for (int i = 0; i < count; i++)
			if (ends(r, first, i, &largest, &keep))
				return em_monores_state_rewind(r->ctx, &r->state, first, keep);
	}
	return EM_OK;
}

/* All of it; the caller cleans up. */
static em_status
measure(run *r, const em_mask *mask)
{
	const em_grid *grid = &r->half1->grid;
	double	   *list;
	int			n;
	em_status	status;

	status = list_resolutions(r, &list, &n);
	if (status == EM_OK)
	{
		r->m->step = em_alloc(r->ctx, (uint64_t) n, sizeof(em_monores_step), "the sweep");
		for (int i = 0; i < n && r->m->step != NULL; i++)
			r->m->step[i].resolution = list[i];
		if (r->m->step == NULL)
			status = em_ctx_status(r->ctx);
	}
	em_free(r->ctx, list);
	if (status != EM_OK)
		return status;
	EM_TRY(em_monores_cliff(r->ctx, r->half1, r->half2, mask, &r->m->radius));
	EM_TRY(em_monores_inside(r->ctx, mask, grid, r->m->radius, false, &r->mask));
	if (r->half2 == NULL)
		EM_TRY(em_monores_inside(r->ctx, mask, grid, r->m->radius, true, &r->outside));
	EM_TRY(prepare_signal(r));
	EM_TRY(prepare_noise(r));
	if (r->half2 == NULL)
		EM_TRY(refine_mask(r));
	EM_TRY(sweep(r, n));
	free_sweep(r);
	return em_monores_finish(r->ctx, grid, r->mask, &r->state, r->options.want_volume, r->m);
}

/* Fast mode, when it is wanted and there is one. */
static bool
use_fast(const em_grid *grid, bool fast, bool halves)
{
	return fast && (halves || em_grid_voxels(grid) > ONE_MAP_EXACT);
}

/* Refuse what makes no sense. */
static em_status
check_input(em_ctx *ctx, const em_volume *half1, const em_volume *half2, const em_mask *mask,
			const em_monores_options *o)
{
	EM_TRY(em_grid_check(ctx, &half1->grid, "map"));
	if (half2 != NULL)
		EM_TRY(em_grid_same(ctx, &half1->grid, &half2->grid, "half map 1", "half map 2"));
	if (memcmp(half1->grid.n, mask->n, sizeof(mask->n)) != 0)
		return em_fail(ctx, EM_MISMATCH, "mask and half maps have different boxes");
	if (!(o->start > 0) || !(o->step > 0) || !isfinite(o->start))
		return em_fail(ctx, EM_BAD_ARGUMENT, "the sweep's start and step must be greater than 0 Å");
	if (!(o->significance >= 0.5) || !(o->significance < 1))
		return em_fail(ctx, EM_BAD_ARGUMENT, "significance must be at least 0.5 and less than 1");
	if (mask->count == 0)
		return give_reason(ctx, o, "empty_mask", "the mask is empty");
	return EM_OK;
}

em_status
em_monores_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2, const em_mask *mask,
			   const em_monores_options *options, em_monores **out)
{
	run		   *r;
	em_status	status;

	*out = NULL;
	EM_TRY(check_input(ctx, half1, half2, mask, options));
	r = em_alloc(ctx, 1, sizeof(run), "local resolution");
	if (r == NULL)
		return em_ctx_status(ctx);
	r->ctx = ctx;
	r->half1 = half1;
	r->half2 = half2;
	r->options = *options;
	r->options.fast = use_fast(&half1->grid, options->fast, half2 != NULL);
	r->loaded = -1;
	r->m = em_alloc(ctx, 1, sizeof(em_monores), "local resolution");
	if (r->m == NULL)
		status = em_ctx_status(ctx);
	else
	{
		r->m->mask_voxels = mask->count;
		status = measure(r, mask);
	}
	if (status == EM_OK)
		*out = r->m;
	else
		em_monores_destroy(ctx, r->m);
	clean_up(r);
	return status;
}

/* The regions of the noise cubes: four small ones or eight of the largest. */
static uint64_t
noise_bytes(const em_grid *grid)
{
	const em_grid edge = {.n = {128, 128, 128}};
	const em_grid small = {.n = {50, 50, 50}};
	const uint64_t most = EM_MONORES_NOISE_TILES * em_mono_region_bytes(&edge);
	const uint64_t share = 4 * em_mono_region_bytes(&small) + em_mono_region_bytes(grid) / 2;

	return share < most ? share : most;
}

/* The box that is smoothed in the end. */
static uint64_t
smooth_bytes(const em_grid *grid)
{
	em_grid		box = *grid;

	for (int j = 0; j < 3; j++)
		box.n[j] = em_mono_good_size(grid->n[j] + 2 * EM_MONORES_SMOOTH_MARGIN);
	return em_volume_bytes(&box);
}

/* Everything that does not grow with the number of voxels. */
static uint64_t
small_bytes(const em_ctx *ctx, const em_grid *grid)
{
	uint64_t	edge = 0;

	for (int j = 0; j < 3; j++)
		edge = (uint64_t) grid->n[j] > edge ? (uint64_t) grid->n[j] : edge;
	return sizeof(run) + (2 << 20) + em_quantile_bytes(ctx) + em_fft_scratch_bytes(ctx, grid) +
		edge * edge * 32 + edge * (sizeof(em_monores_step) + 64);
}

uint64_t
em_monores_bytes(const em_ctx *ctx, const em_grid *grid, bool fast, bool halves)
{
	const uint64_t voxels = (uint64_t) em_grid_voxels(grid);
	const uint64_t rows = (uint64_t) (grid->n[1] * grid->n[2]);
	const uint64_t masks = (halves ? 1 : 2) * em_mask_bytes(grid->n);
	const uint64_t mask = voxels / 5 * 2;
	const uint64_t lists = rows * (sizeof(int64_t) * 2 + 2 * sizeof(em_mono_row));
	const double share = (double) em_monores_region_limit(grid) / (double) voxels;
	const uint64_t region = em_mono_region_bytes(grid) + em_mono_work_bytes(ctx, grid);
	const uint64_t amplitudes = (halves ? mask : voxels) * sizeof(float);
	const uint64_t finish = smooth_bytes(grid) + mask * (DECIDED_BYTES + sizeof(float));
	uint64_t	sweep_bytes;

	if (use_fast(grid, fast, halves))
		sweep_bytes = (uint64_t) ((double) (region + amplitudes) * share * 1.1) + noise_bytes(grid);
	else
		sweep_bytes = region + em_mono_region_bytes(grid) + amplitudes;
	sweep_bytes += mask * STATE_BYTES;
	return masks + lists + small_bytes(ctx, grid) + (sweep_bytes > finish ? sweep_bytes : finish);
}
