/*
 * src/libem/learned/em_hand.c
 *		From a map to its rods, and from rods to a decision.
 */
#include "learned/em_hand.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_fft.h"
#include "fourier/em_riesz.h"
#include "volume/em_rows.h"

#define ROD_PASS 7.0			/* Å, where rods are looked for */
#define FINEST_PASS 4.2			/* Å, where layer lines are read */
#define EDGE 0.02				/* 1/Å, half the width of the filters' edges */
#define STRONGEST 5				/* one of so many candidates counts in the free score */
#define STRONGEST_MIN 10
#define ONE_PLACE 1.5			/* Å between sites that count as two */
#define SCORED_MIN 5			/* places the score is taken over at least */
#define TINY 1e-9				/* a probability that is taken for 0 */
#define MANY_SITES 8				/* must agree: */
#define AGREEMENT 2.0			/* standard deviations of the evidence with random signs */
#define UNCERTAIN_LOW 0.4
#define UNCERTAIN_HIGH 0.6
#define ONE_AXIS_COSINE 0.8	/* sites of one helix: how parallel, */
#define ONE_AXIS_ASIDE 4.0		/* how far from each other's axis (Å), */
#define ONE_AXIS_APART 10.0		/* and from each other */

/* Low-pass a half spectrum at `pass` Å and go to real space. */
static em_status
low_pass(em_ctx *ctx, em_volume *spectrum, double pass)
{
	em_radial  *filter;
	em_status	status;

	EM_TRY(em_radial_low_pass(ctx, &spectrum->grid, 1 / pass - EDGE, 1 / pass + EDGE, &filter));
	status = em_radial_apply(ctx, spectrum, filter, spectrum);
	em_radial_destroy(ctx, filter);
	if (status == EM_OK)
		status = em_fft_inverse(ctx, spectrum);
	return status;
}

/* Sums over the voxels of a mask. */
typedef struct masked_sums
{
	const em_volume *v;
	const em_mask *mask;
	em_rows		rows;
	double	   *part;			/* sum and sum of squares, two a block */
} masked_sums;

/* Item: a block of rows. */
static em_status
sum_block(void *arg, int64_t block, int worker)
{
	masked_sums *s = arg;
	double	   *part = s->part + 2 * block;

	(void) worker;
	for (int64_t r = em_rows_first(&s->rows, block); r < em_rows_first(&s->rows, block + 1); r++)
	{
		const int64_t y = r % s->rows.ny;
		const int64_t z = r / s->rows.ny;
		const float *row = em_volume_row(s->v, y, z);
		const uint64_t *bits = em_mask_row(s->mask, y, z);

		for (int64_t w = 0; w < s->mask->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
			{
				const double x = row[64 * w + __builtin_ctzll(left)];

				part[0] += x;
				part[1] += x * x;
			}
	}
	return EM_OK;
}

/* Mean and standard deviation of the voxels in a mask that is not empty. */
static em_status
masked_moments(em_ctx *ctx, const em_volume *v, const em_mask *mask, double *mean, double *sd)
{
	masked_sums s = {.v = v,.mask = mask,.rows = em_rows_cut(v->grid.n, EM_BLOCK_VOXELS)};
	double		sum[2] = {0, 0};
	em_status	status;

	s.part = em_alloc(ctx, 2 * (uint64_t) s.rows.blocks, sizeof(double), "sums over the mask");
	if (s.part == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, NULL, s.rows.blocks, sum_block, &s);
	for (int64_t b = 0; b < s.rows.blocks; b++)
		for (int k = 0; k < 2; k++)
			sum[k] += s.part[2 * b + k];
	em_free(ctx, s.part);
	*mean = sum[0] / (double) mask->count;
	*sd = sqrt(fmax(sum[1] / (double) mask->count - *mean * *mean, 0));
	return status;
}

typedef struct read_job
{
	const em_volume *v;
	double		mean;
	em_hand_candidate *c;
} read_job;

/* Item: place and read one candidate. */
static em_status
read_candidate(void *arg, int64_t i, int worker)
{
	read_job   *job = arg;
	em_hand_candidate *c = job->c + i;

	(void) worker;
	c->power = em_layer_refine(job->v, &c->rod);
	em_layer_measure(job->v, &c->rod, job->mean, &c->features);
	return EM_OK;
}

/* Rods of the map at 7 Å as candidates, scores over the standard deviation in the mask. */
static em_status
find_candidates(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask, em_hand_candidate **out, int *n)
{
	em_volume  *v;
	em_rod	   *rod = NULL;
	double		mean;
	double		sd = 0;
	em_status	status;

	EM_TRY(em_volume_copy(ctx, spectrum, "the map at 7 Å", &v));
	status = low_pass(ctx, v, ROD_PASS);
	if (status == EM_OK)
		status = masked_moments(ctx, v, mask, &mean, &sd);
	if (status == EM_OK)
		status = em_rods_find(ctx, v, mask, &rod, n);
	em_volume_destroy(ctx, v);
	if (status == EM_OK && *n > 0)
	{
		*out = em_alloc(ctx, (uint64_t) *n, sizeof(em_hand_candidate), "candidates for helices");
		status = *out == NULL ? em_ctx_status(ctx) : EM_OK;
	}
	/* Where nothing varies, rods are rounding errors. */
	if (!(sd > 0))
		*n = 0;
	for (int i = 0; i < *n && status == EM_OK; i++)
	{
		(*out)[i].rod = rod[i];
		(*out)[i].rod.score /= sd;
	}
	em_free(ctx, rod);
	return status;
}

em_status
em_hand_candidates(em_ctx *ctx, em_volume *spectrum, const em_mask *mask, double resolution,
				   em_hand_candidate **out, int *n)
{
	read_job	job = {.v = spectrum};
	double		sd;
	em_status	status;

	*out = NULL;
	*n = 0;
	if (mask->count == 0)
		return EM_OK;
	status = find_candidates(ctx, spectrum, mask, out, n);
	if (status == EM_OK)
		status = low_pass(ctx, spectrum, fmax(resolution, FINEST_PASS));
	if (status == EM_OK)
		status = masked_moments(ctx, spectrum, mask, &job.mean, &sd);
	job.c = *out;
	if (status == EM_OK && *n > 0)
		status = em_parallel(ctx, "layer lines", *n, read_candidate, &job);
	if (status != EM_OK)
	{
		em_free(ctx, *out);
		*out = NULL;
		*n = 0;
	}
	return status;
}

uint64_t
em_hand_bytes(const em_ctx *ctx, const em_grid *grid)
{
	const uint64_t search = em_rods_bytes(grid) + em_quantile_bytes(ctx);
	const uint64_t transform = em_fft_scratch_bytes(ctx, grid);

	return em_volume_bytes(grid) + em_radial_bytes(grid) + (search > transform ? search : transform) +
		EM_RODS_MAX * sizeof(em_hand_candidate) + ((uint64_t) 2 << 20);
}

/* Stronger layer line first. */
static int
compare_strength(const void *a, const void *b)
{
	const em_hand_power *p = a;
	const em_hand_power *q = b;
	const double x = fmax(p->right, p->left);
	const double y = fmax(q->right, q->left);

	return (x < y) - (x > y);
}

em_status
em_hand_score_free(em_ctx *ctx, const em_hand_candidate *c, int n, double *score)
{
	const int	fifth = n / STRONGEST > STRONGEST_MIN ? n / STRONGEST : STRONGEST_MIN;
	em_hand_power *power;
	double		left = 0;
	double		both = 0;

	*score = 0.5;
	if (n == 0)
		return EM_OK;
	power = em_alloc(ctx, (uint64_t) n, sizeof(em_hand_power), "powers of layer lines");
	if (power == NULL)
		return em_ctx_status(ctx);
	for (int i = 0; i < n; i++)
		power[i] = c[i].power;
	qsort(power, (size_t) n, sizeof(em_hand_power), compare_strength);
	for (int i = 0; i < n && i < fifth; i++)
	{
		left += power[i].left;
		both += power[i].left + power[i].right;
	}
	em_free(ctx, power);
	if (both > 0)
		*score = left / both;
	return EM_OK;
}

em_status
em_hand_net_from(em_ctx *ctx, const em_weights *w, em_hand_net *out)
{
	const em_tensor *mean = em_weights_find(w, "mean", 1, EM_LAYER_WAVES + EM_LAYER_EVEN);
	const em_tensor *scale = em_weights_find(w, "scale", 1, EM_LAYER_WAVES + EM_LAYER_EVEN);

	EM_TRY(em_mlp_from(ctx, w, "g", &out->g));
	EM_TRY(em_mlp_from(ctx, w, "h", &out->h));
	if (mean == NULL || scale == NULL || strcmp(w->features, EM_HAND_FEATURES) != 0 ||
		out->g.width[0] != EM_LAYER_FEATURES || out->g.width[out->g.layers] != 1 ||
		out->h.width[0] != EM_LAYER_FEATURES || out->h.width[out->h.layers] != 1)
		return em_fail(ctx, EM_INTERNAL, "the weights \"%s\" are not those of a hand", w->name);
	out->mean = mean->values;
	out->scale = scale->values;
	return EM_OK;
}

void
em_hand_inputs(const em_layer_features *f, float right[EM_LAYER_FEATURES], float left[EM_LAYER_FEATURES],
			   float other[EM_LAYER_FEATURES])
{
	const int	w = EM_LAYER_WAVES;

	for (int i = 0; i < w; i++)
	{
		right[i] = left[w + i] = f->right[i];
		left[i] = right[w + i] = f->left[i];
		other[i] = f->right[i] + f->left[i];
		other[w + i] = fabsf(f->right[i] - f->left[i]);
	}
	memcpy(right + 2 * w, f->even, sizeof(f->even));
	memcpy(left + 2 * w, f->even, sizeof(f->even));
	memcpy(other + 2 * w, f->even, sizeof(f->even));
}

void
em_hand_classify(const em_hand_net *net, const em_layer_features *f, double p[3])
{
	em_layer_features z;
	float		in[3][EM_LAYER_FEATURES];
	float		logit[3];
	double		most;
	double		sum = 0;

	for (int i = 0; i < EM_LAYER_WAVES; i++)
	{
		z.right[i] = (f->right[i] - net->mean[i]) * net->scale[i];
		z.left[i] = (f->left[i] - net->mean[i]) * net->scale[i];
	}
	for (int i = 0; i < EM_LAYER_EVEN; i++)
		z.even[i] = (f->even[i] - net->mean[EM_LAYER_WAVES + i]) * net->scale[EM_LAYER_WAVES + i];
	em_hand_inputs(&z, in[0], in[1], in[2]);
	em_mlp_run(&net->g, in[0], &logit[0]);
	em_mlp_run(&net->g, in[1], &logit[1]);
	em_mlp_run(&net->h, in[2], &logit[2]);
	most = fmax(fmax(logit[0], logit[1]), logit[2]);
	for (int i = 0; i < 3; i++)
		sum += p[i] = exp(logit[i] - most);
	for (int i = 0; i < 3; i++)
		p[i] /= sum;
}

/* Do two rods lie on one axis? */
static bool
on_one_axis(const em_rod *a, const em_rod *b, const double voxel[3])
{
	double		d[3];
	double		d2 = 0;
	double		cosine = 0;
	double		along_a = 0;
	double		along_b = 0;

	for (int j = 0; j < 3; j++)
	{
		d[j] = (b->centre[j] - a->centre[j]) * voxel[j];
		d2 += d[j] * d[j];
		cosine += a->axis[j] * b->axis[j];
		along_a += d[j] * a->axis[j];
		along_b += d[j] * b->axis[j];
	}
	return fabs(cosine) > ONE_AXIS_COSINE && d2 < ONE_AXIS_APART * ONE_AXIS_APART &&
		d2 - along_a * along_a < ONE_AXIS_ASIDE * ONE_AXIS_ASIDE &&
		d2 - along_b * along_b < ONE_AXIS_ASIDE * ONE_AXIS_ASIDE;
}

/* Groups of sites that are linked by lying on one axis; group[] is scratch for n numbers. */
static int
count_helices(const em_hand_candidate *c, const int *site, int n, const double voxel[3], int *group)
{
	int			helices = n;

	for (int i = 0; i < n; i++)
		group[i] = i;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
		{
			const int	from = group[i];
			const int	to = group[k];

			if (from == to || !on_one_axis(&c[site[i]].rod, &c[site[k]].rod, voxel))
				continue;
			for (int m = 0; m < n; m++)
				if (group[m] == from)
					group[m] = to;
			helices--;
		}
	return helices;
}

/* Is a candidate at the place of one of n others? */
static bool
is_repeated(const em_hand_candidate *c, const int *place, int n, int candidate, const double voxel[3])
{
	for (int i = 0; i < n; i++)
	{
		double		d2 = 0;

		for (int j = 0; j < 3; j++)
			d2 += pow((c[place[i]].rod.centre[j] - c[candidate].rod.centre[j]) * voxel[j], 2);
		if (d2 < ONE_PLACE * ONE_PLACE)
			return true;
	}
	return false;
}

/* A candidate's probabilities, for sorting. */
typedef struct verdict
{
	double		p[3];			/* right, left, other */
	int			candidate;
} verdict;

/* More of a helix first, then in order. */
static int
compare_verdict(const void *a, const void *b)
{
	const verdict *v = a;
	const verdict *w = b;

	if (v->p[2] != w->p[2])
		return (v->p[2] > w->p[2]) - (v->p[2] < w->p[2]);
	return v->candidate - w->candidate;
}

/* squares: sum of the squared terms of the evidence. */
static em_hand_decision
decision_of(const em_hand *h, double squares)
{
	const double lead = h->score < 0.5 ? h->evidence : -h->evidence;

	if (h->score >= UNCERTAIN_LOW && h->score <= UNCERTAIN_HIGH)
		return h->sites >= EM_HAND_SITES_SURE || fabs(h->evidence) >= EM_HAND_EVIDENCE ?
			EM_HAND_UNCERTAIN : EM_HAND_NONE;
	if (lead < EM_HAND_EVIDENCE || (h->sites >= MANY_SITES && lead < AGREEMENT * sqrt(squares)))
		return EM_HAND_NONE;
	return h->score < 0.5 ? EM_HAND_RIGHT : EM_HAND_MIRRORED;
}

/* Score and decide from the probabilities, best first; place[] is scratch for 2 n numbers. */
static void
weigh(const em_hand_candidate *c, const verdict *v, int n, const double voxel[3], int *place, em_hand *out)
{
	double		left = 0;
	double		both = 0;
	double		squares = 0;
	int			places = 0;

	for (int i = 0; i < n; i++)
	{
		const double *p = v[i].p;
		const bool	site = p[0] + p[1] > EM_HAND_SITE;
		const double term = log((p[2] + 2 * p[0] + TINY) / (p[2] + 2 * p[1] + TINY));

		if (is_repeated(c, place, places, v[i].candidate, voxel))
			continue;
		if (site || places < SCORED_MIN)
		{
			left += p[1];
			both += p[0] + p[1];
		}
		place[places++] = v[i].candidate;
		out->sites += site;
		out->evidence += term;
		squares += term * term;
	}
	out->score = both > 0 ? left / both : 0.5;
	out->helices = count_helices(c, place, out->sites, voxel, place + n);
	out->decision = decision_of(out, squares);
}

em_status
em_hand_decide(em_ctx *ctx, const em_hand_net *net, const em_grid *grid, const em_hand_candidate *c, int n,
			   em_hand *out)
{
	verdict    *v;
	int		   *place;
	em_status	status = EM_OK;

	*out = (em_hand) {.score = 0.5,.score_free = 0.5,.candidates = n};
	if (n == 0)
		return EM_OK;
	EM_TRY(em_hand_score_free(ctx, c, n, &out->score_free));
	v = em_alloc(ctx, (uint64_t) n, sizeof(verdict), "probabilities of helices");
	place = em_alloc(ctx, 2 * (uint64_t) n, sizeof(int), "places of helices");
	if (v == NULL || place == NULL)
		status = em_ctx_status(ctx);
	for (int i = 0; i < n && status == EM_OK; i++)
	{
		em_hand_classify(net, &c[i].features, v[i].p);
		v[i].candidate = i;
	}
	if (status == EM_OK)
	{
		qsort(v, (size_t) n, sizeof(verdict), compare_verdict);
		weigh(c, v, n, grid->voxel, place, out);
	}
	em_free(ctx, place);
	em_free(ctx, v);
	return status;
}
