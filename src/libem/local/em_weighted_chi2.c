/*
 * src/libem/local/em_weighted_chi2.c
 *		The law of a weighted sum of squares of normal numbers.
 */
#include "local/em_weighted_chi2.h"

#include <math.h>

#define SMALL 0.01				/* weights below this share of the largest are constants */
#define NODES 1024				/* intervals of the table */
#define REACH 80.0				/* of the largest weight, beyond the mean: tails of 1e-16 */

/* What the series needs. */
typedef struct series
{
	double		weight[EM_WEIGHTED_CHI2_MAX];
	int			n;
	double		beta;
	int64_t		terms;
	double	   *share;			/* terms */
	double	   *power;			/* sums of powers, terms */
	double	   *ln_gamma;		/* ln Gamma(n/2 + k + 1), terms */
	double		rest;			/* 1 - sum of the shares */
} series;

/* Shares of the mixture. */
static em_status
make_shares(em_ctx *ctx, series *s)
{
	double		ratio[EM_WEIGHTED_CHI2_MAX];
	double		factor[EM_WEIGHTED_CHI2_MAX];
	double		first = 1;

	for (int j = 0; j < s->n; j++)
	{
		ratio[j] = 1 - s->beta / s->weight[j];
		factor[j] = 1;
		first *= sqrt(s->beta / s->weight[j]);
	}
	s->share[0] = first;
	s->rest = 1 - first;
	s->ln_gamma[0] = 0;
	for (double at = 0.5 * s->n; at > 0.25; at -= 1)
		s->ln_gamma[0] += log(at);
	if (s->n % 2 == 1)
		s->ln_gamma[0] += 0.5 * log(M_PI);
	for (int64_t k = 1; k < s->terms; k++)
	{
		double		sum = 0;

		if (k % 256 == 0)
			EM_TRY(em_poll(ctx));
		s->power[k] = 0;
		for (int j = 0; j < s->n; j++)
			s->power[k] += factor[j] *= ratio[j];
		for (int64_t r = 0; r < k; r++)
			sum += s->power[k - r] * s->share[r];
		s->share[k] = sum / (2 * (double) k);
		s->rest -= s->share[k];
		s->ln_gamma[k] = s->ln_gamma[k - 1] + log(0.5 * s->n + (double) k);
	}
	s->rest = fmax(s->rest, 0);
	return EM_OK;
}

/* P(Q > x), x without the constants. */
static double
tail_of(const series *s, double x)
{
	const double half = 0.5 * x / s->beta;
	double		tail = s->n % 2 == 1 ? erfc(sqrt(half)) : exp(-half);
	double		step = s->n % 2 == 1 ? exp(-half) * sqrt(half) * M_2_SQRTPI : exp(-half) * half;
	double		sum = 0;

	if (x <= 0)
		return 1;
	for (int nu = s->n % 2 == 1 ? 1 : 2; nu < s->n; nu += 2)
	{
		tail += step;
		step *= half / (0.5 * nu + 1);
	}
	for (int64_t k = 0; k < s->terms; k++)
	{
		sum += s->share[k] * fmin(tail, 1);
		tail += exp((0.5 * s->n + (double) k) * log(half) - half - s->ln_gamma[k]);
	}
	return fmin(sum + s->rest, 1);
}

/* Fill the table. */
static em_status
tabulate(em_ctx *ctx, const series *s, em_weighted_chi2 *q)
{
	for (int i = 0; i <= NODES; i++)
	{
		const double share = (double) i / NODES;

		if (i % 16 == 0)
			EM_TRY(em_poll(ctx));
		q->ln_tail[i] = log(fmax(tail_of(s, (q->last - q->shift) * share * share), 1e-300));
	}
	return EM_OK;
}

em_status
em_weighted_chi2_create(em_ctx *ctx, const double *weight, int n, em_weighted_chi2 **out)
{
	em_weighted_chi2 *q = em_alloc(ctx, 1, sizeof(em_weighted_chi2), "a null law");
	series		s = {.beta = INFINITY};
	double		most = 0;
	double		mean = 0;
	em_status	status = EM_OK;

	*out = q;
	if (q == NULL)
		return em_ctx_status(ctx);
	for (int j = 0; j < n; j++)
		most = fmax(most, weight[j]);
	for (int j = 0; j < n; j++)
		if (weight[j] < SMALL * most)
			q->shift += weight[j];
		else
		{
			s.weight[s.n++] = weight[j];
			s.beta = fmin(s.beta, weight[j]);
			mean += weight[j];
		}
	q->last = q->shift + mean + REACH * most;
	s.terms = (int64_t) (0.55 * (mean + REACH * most) / s.beta) + 200;
	s.share = em_alloc(ctx, 3 * (uint64_t) s.terms, sizeof(double), "a null law");
	q->ln_tail = em_alloc(ctx, NODES + 1, sizeof(double), "a null law");
	if (s.share == NULL || q->ln_tail == NULL)
		status = em_ctx_status(ctx);
	else
	{
		s.power = s.share + s.terms;
		s.ln_gamma = s.power + s.terms;
		status = make_shares(ctx, &s);
		if (status == EM_OK)
			status = tabulate(ctx, &s, q);
	}
	em_free(ctx, s.share);
	if (status != EM_OK)
	{
		em_weighted_chi2_destroy(ctx, q);
		*out = NULL;
	}
	return status;
}

void
em_weighted_chi2_destroy(em_ctx *ctx, em_weighted_chi2 *q)
{
	if (q == NULL)
		return;
	em_free(ctx, q->ln_tail);
	em_free(ctx, q);
}

double
em_weighted_chi2_tail(const em_weighted_chi2 *q, double x)
{
	const double share = (x - q->shift) / (q->last - q->shift);
	const double at = NODES * sqrt(fmax(share, 0));
	const int	i = at >= NODES ? NODES - 1 : (int) at;

	if (!(share > 0))
		return 1;
	return exp(q->ln_tail[i] + (at - i) * (q->ln_tail[i + 1] - q->ln_tail[i]));
}

double
em_weighted_chi2_quantile(const em_weighted_chi2 *q, double p)
{
	double		low = q->shift;
	double		high = q->last;

	while (em_weighted_chi2_tail(q, high) > p)
		high += q->last;
	for (int i = 0; i < 200 && high - low > 1e-13 * high; i++)
	{
		double		middle = 0.5 * (low + high);

		if (em_weighted_chi2_tail(q, middle) > p)
			low = middle;
		else
			high = middle;
	}
	return 0.5 * (low + high);
}
