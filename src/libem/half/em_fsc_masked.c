/*
 * src/libem/half/em_fsc_masked.c
 *		Curves of masked half maps and what they are compared with.
 */
#include "half/em_fsc_masked.h"

#include <math.h>
#include <string.h>

#define RANDOMISE_BELOW 0.8		/* phases are drawn from the first shell with a lower FSC */
#define SETTLE 2				/* shells after it that are not corrected yet */
#define CURVES 7

void
em_fsc_masked_destroy(em_ctx *ctx, em_fsc_masked *f)
{
	if (f == NULL)
		return;
	em_free(ctx, f->unmasked);
	em_free(ctx, f->n);
	em_free(ctx, f);
}

double
em_fsc_level(em_fsc_criterion criterion, double n)
{
	double		root = sqrt(n);

	switch (criterion)
	{
		case EM_CRITERION_0143:
			return 0.143;
		case EM_CRITERION_05:
			return 0.5;
		case EM_CRITERION_HALF_BIT:
			return fmin((0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root), 1);
		case EM_CRITERION_ONE_BIT:
			return fmin((0.5 + 2.4142 / root) / (1.5 + 1.4142 / root), 1);
		default:
			return fmin(3 / root, 1);
	}
}

em_status
em_fsc_masked_create(em_ctx *ctx, const em_fsc *unmasked, double share, em_fsc_masked **out)
{
	em_fsc_masked *f = em_alloc(ctx, 1, sizeof(em_fsc_masked), "masked FSC curves");
	int64_t		count = unmasked->count;
	double	   *block;

	*out = NULL;
	if (f == NULL)
		return em_ctx_status(ctx);
	f->count = count;
	f->length = unmasked->length;
	f->share = share;
	f->n = em_alloc(ctx, (uint64_t) count, sizeof(int64_t), "masked FSC curves");
	f->unmasked = block = em_alloc(ctx, (uint64_t) count * CURVES, sizeof(double), "masked FSC curves");
	if (f->n == NULL || block == NULL)
	{
		em_fsc_masked_destroy(ctx, f);
		return em_ctx_status(ctx);
	}
	f->masked = block + count;
	f->randomised = block + 2 * count;
	f->corrected = block + 3 * count;
	f->half_bit = block + 4 * count;
	f->one_bit = block + 5 * count;
	f->three_sigma = block + 6 * count;
	memcpy(f->unmasked, unmasked->fsc, (size_t) count * sizeof(double));
	memcpy(f->n, unmasked->n, (size_t) count * sizeof(int64_t));
	f->randomised_from = count;
	for (int64_t i = count - 1; i >= 0; i--)
	{
		f->masked[i] = f->randomised[i] = f->corrected[i] = NAN;
		f->half_bit[i] = em_fsc_level(EM_CRITERION_HALF_BIT, share * (double) f->n[i] / 2);
		f->one_bit[i] = em_fsc_level(EM_CRITERION_ONE_BIT, share * (double) f->n[i] / 2);
		f->three_sigma[i] = em_fsc_level(EM_CRITERION_THREE_SIGMA, share * (double) f->n[i] / 2);
		if (i > 0 && f->unmasked[i] < RANDOMISE_BELOW)
			f->randomised_from = i;
	}
	*out = f;
	return EM_OK;
}

void
em_fsc_masked_set(em_fsc_masked *f, const double *masked, const double *randomised)
{
	for (int64_t i = 0; i < f->count; i++)
	{
		f->masked[i] = f->corrected[i] = masked[i];
		if (randomised == NULL)
			continue;
		f->randomised[i] = randomised[i];
		if (i >= f->randomised_from + SETTLE)
			f->corrected[i] = randomised[i] < 1 ? (masked[i] - randomised[i]) / (1 - randomised[i]) : NAN;
	}
}

double
em_fsc_last_shell(const double *curve, int64_t count, double length, double level)
{
	int64_t		last = count - 1;

	for (int64_t i = 1; i < count; i++)
		if (curve[i] < level)
		{
			last = i - 1;
			break;
		}
	return last > 0 ? length / (double) last : NAN;
}

int
em_fsc_criterion_crossings(const em_fsc_masked *f, const double *curve, em_fsc_criterion criterion,
						   double *scratch, double *frequency, int max)
{
	double		share = curve == f->unmasked ? 1 : f->share;

	if (criterion == EM_CRITERION_0143 || criterion == EM_CRITERION_05)
		return em_crossings(curve, f->count, f->length, em_fsc_level(criterion, 1), -1, frequency, max);
	for (int64_t i = 0; i < f->count; i++)
		scratch[i] = curve[i] - em_fsc_level(criterion, share * (double) f->n[i] / 2);
	return em_crossings(scratch, f->count, f->length, 0, -1, frequency, max);
}
