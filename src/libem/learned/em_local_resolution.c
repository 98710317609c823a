/*
 * src/libem/learned/em_local_resolution.c
 *		The regressor, and the values at the points of the lattice.
 */
#include "learned/em_local_resolution.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"

#define TWICE_NOISE 0.6931472f	/* ln 2 */
#define STEPS 64.0				/* values a Å */
#define ROWS 8					/* of a plane, one item */

em_status
em_regressor_from(em_ctx *ctx, const em_weights *w, em_regressor *out)
{
	const em_tensor *mean = em_weights_find(w, "mean", 1, EM_SPECTRUM_FEATURES);
	const em_tensor *sd = em_weights_find(w, "sd", 1, EM_SPECTRUM_FEATURES);

	EM_TRY(em_mlp_from(ctx, w, "full", &out->full));
	EM_TRY(em_mlp_from(ctx, w, "shape", &out->shape));
	if (mean == NULL || sd == NULL || strcmp(w->features, EM_SPECTRUM_VERSION) != 0 ||
		out->full.width[0] != EM_SPECTRUM_FEATURES || out->full.width[out->full.layers] != 1 ||
		out->shape.width[0] != EM_SPECTRUM_BANDS || out->shape.width[out->shape.layers] != 1)
		return em_fail(ctx, EM_INTERNAL, "weights \"%s\" are not for these features", w->name);
	out->mean = mean->values;
	out->sd = sd->values;
	return EM_OK;
}

double
em_regressor_run(const em_regressor *r, const float feature[EM_SPECTRUM_FEATURES], bool noise)
{
	const em_mlp *mlp = noise ? &r->full : &r->shape;
	float		in[EM_SPECTRUM_FEATURES];
	float		out;

	for (int i = 0; i < mlp->width[0]; i++)
		in[i] = isnan(feature[i]) ? 0 : (feature[i] - r->mean[i]) / r->sd[i];
	em_mlp_run(mlp, in, &out);
	return exp((double) out);
}

bool
em_regressor_signal(const float feature[EM_SPECTRUM_FEATURES])
{
	bool		known = false;

	for (int b = EM_SPECTRUM_BANDS; b < EM_SPECTRUM_FEATURES; b++)
	{
		if (feature[b] >= TWICE_NOISE)
			return true;
		known = known || !isnan(feature[b]);
	}
	return !known;
}

typedef struct values_job
{
	const em_local_spectrum *s;
	const em_regressor *r;
	em_local_values *out;
	int64_t		blocks;			/* items a plane */
	int64_t    *clipped;		/* one an item */
	int64_t    *no_signal;
} values_job;

/* Value of point i; counts what happens to it. */
static float
value_of(const values_job *job, int64_t i, int64_t item)
{
	float		feature[EM_SPECTRUM_FEATURES];
	double		value;

	em_local_spectrum_features(job->s, i, feature);
	if (!em_regressor_signal(feature))
	{
		job->no_signal[item]++;
		return EM_LOCAL_COARSEST;
	}
	value = em_regressor_run(job->r, feature, job->s->outside == EM_OUTSIDE_NOISE);
	if (!(value >= job->out->finest && value <= EM_LOCAL_COARSEST))
	{
		job->clipped[item]++;
		value = value < job->out->finest ? job->out->finest : EM_LOCAL_COARSEST;
	}
	return (float) (floor(value * STEPS + 0.5) / STEPS);
}

/* Item: the points of some rows of a plane. */
static em_status
values_rows(void *arg, int64_t item, int worker)
{
	values_job *job = arg;
	const em_mask *m = job->s->points;
	const int64_t z = item / job->blocks;
	const int64_t y0 = item % job->blocks * ROWS;
	int64_t		i = job->s->first[z];

	(void) worker;
	for (int64_t w = 0; w < y0 * m->words; w++)
		i += __builtin_popcountll(em_mask_row(m, 0, z)[w]);
	for (int64_t y = y0; y < y0 + ROWS && y < m->n[1]; y++)
	{
		const uint64_t *bits = em_mask_row(m, y, z);
		float	   *to = em_volume_row(job->out->volume, y, z);

		for (int64_t w = 0; w < m->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
				to[64 * w + __builtin_ctzll(left)] = value_of(job, i++, item);
	}
	return EM_OK;
}

em_status
em_local_values_make(em_ctx *ctx, const em_local_spectrum *s, const em_weights *w, em_local_values *out)
{
	em_regressor r;
	values_job	job = {.s = s,.r = &r,.out = out,.blocks = (s->points->n[1] + ROWS - 1) / ROWS};
	const int64_t items = job.blocks * s->points->n[2];
	em_status	status;

	memset(out, 0, sizeof(*out));
	EM_TRY(em_regressor_from(ctx, w, &r));
	out->finest = EM_LOCAL_FINEST;
	for (int j = 0; j < 3; j++)
		out->finest = fmax(out->finest, 2 * s->fine.map.voxel[j]);
	job.clipped = em_alloc(ctx, 2 * (uint64_t) items, sizeof(int64_t), "counts");
	if (job.clipped == NULL)
		return em_ctx_status(ctx);
	job.no_signal = job.clipped + items;
	status = em_volume_create(ctx, &s->lattice.grid, "values on the lattice", &out->volume);
	if (status == EM_OK)
		status = em_parallel(ctx, "local resolution", items, values_rows, &job);
	for (int64_t i = 0; i < items; i++)
	{
		out->clipped += job.clipped[i];
		out->no_signal += job.no_signal[i];
	}
	em_free(ctx, job.clipped);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, out->volume);
		out->volume = NULL;
	}
	return status;
}
