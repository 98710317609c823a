/*
 * src/libem/half/em_crossing.c
 *		Where a curve over shells crosses a level.
 */
#include "half/em_fsc.h"

#include <math.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

#define FIT_ITERATIONS 200
#define FIT_TOLERANCE 1e-10

/* Is `value` beyond the level, as seen from where the curve comes from? */
static bool
is_beyond(double value, double level, int direction)
{
	return direction < 0 ? value < level : value > level;
}

/* Shell number, not whole, where the line from (i, a) to (j, b) is at the level. */
static double
interpolate(int64_t i, double a, int64_t j, double b, double level)
{
	return (double) i + (level - a) / (b - a) * (double) (j - i);
}

int
em_crossings(const double *curve, int64_t count, double length, double level, int direction,
			 double *frequency, int max)
{
	int			found = 0;
	int64_t		before = 0;		/* last shell with a value; 0: none yet */

	for (int64_t i = 1; i < count; i++)
	{
		if (!isfinite(curve[i]))
			continue;
		if (before > 0 && is_beyond(curve[i], level, direction) &&
			!is_beyond(curve[before], level, direction))
		{
			if (found < max)
				frequency[found] = interpolate(before, curve[before], i, curve[i], level) / length;
			found++;
		}
		before = i;
	}
	return found;
}

double
em_first_crossing_vrs(const double *curve, int64_t count, double length, double level, int direction)
{
	for (int64_t i = 1; i < count; i++)
		if (is_beyond(curve[i], level, direction))
			return i > 2 ? length / interpolate(i - 1, curve[i - 1], i, curve[i], level) : NAN;
	return NAN;
}

double
em_ratio_crossing_vrs(const double *ratio, int64_t count, double length)
{
	double		before = NAN;

	/* The list of VRS starts at shell 0 here and ends below the Nyquist shell. */
	for (int64_t i = 0; i < count - 1; i++)
	{
		double		y = log10(ratio[i] - 1);

		if (y < 0)
			return i > 1 ? length / interpolate(i - 1, before, i, y, 0) : NAN;
		before = y;
	}
	return NAN;
}

/* What the logistic fit sees: shells with a value, frequency in units of `scale`. */
typedef struct logistic_data
{
	const double *fsc;
	int64_t		count;
	double		scale;			/* shells */
} logistic_data;

/* 1 - (a/(1+exp(-b(f-x0))) + c) with p = {a, b, x0, c}. */
static double
logistic(const double *p, double f)
{
	return 1 - (p[0] / (1 + exp(-p[1] * (f - p[2]))) + p[3]);
}

/* Residuals of the fit, gsl_multifit_nlinear_fdf.f. */
static int
logistic_residuals(const gsl_vector *p, void *arg, gsl_vector *r)
{
	const logistic_data *d = arg;
	size_t		k = 0;

	for (int64_t i = 1; i < d->count; i++)
		if (isfinite(d->fsc[i]))
			gsl_vector_set(r, k++, logistic(p->data, (double) i / d->scale) - d->fsc[i]);
	return GSL_SUCCESS;
}

/* Their derivatives, gsl_multifit_nlinear_fdf.df. */
static int
logistic_jacobian(const gsl_vector *p, void *arg, gsl_matrix *jacobian)
{
	const logistic_data *d = arg;
	double		a = gsl_vector_get(p, 0);
	double		b = gsl_vector_get(p, 1);
	size_t		k = 0;

	for (int64_t i = 1; i < d->count; i++)
	{
		double		x = (double) i / d->scale - gsl_vector_get(p, 2);
		double		s = 1 / (1 + exp(-b * x));

		if (!isfinite(d->fsc[i]))
			continue;
		gsl_matrix_set(jacobian, k, 0, -s);
		gsl_matrix_set(jacobian, k, 1, -a * s * (1 - s) * x);
		gsl_matrix_set(jacobian, k, 2, a * s * (1 - s) * b);
		gsl_matrix_set(jacobian, k, 3, -1);
		k++;
	}
	return GSL_SUCCESS;
}

/* Fit p by Levenberg-Marquardt from where it is; false when that fails. */
static bool
fit_logistic(logistic_data *data, size_t points, double p[4])
{
	gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_fdf problem = {
		.f = logistic_residuals,.df = logistic_jacobian,.n = points,.p = 4,.params = data
	};
	gsl_vector_view start = gsl_vector_view_array(p, 4);
	gsl_multifit_nlinear_workspace *w =
		gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, points, 4);
	int			info;
	bool		good = w != NULL && gsl_multifit_nlinear_init(&start.vector, &problem, w) == GSL_SUCCESS;

	if (good)
	{
		int			status = gsl_multifit_nlinear_driver(FIT_ITERATIONS, FIT_TOLERANCE, FIT_TOLERANCE, 0,
														 NULL, NULL, &info, w);

		/* Out of iterations or of progress: the parameters stand where the sum is least so far. */
		good = status == GSL_SUCCESS || status == GSL_EMAXITER || status == GSL_ENOPROG;
		for (size_t i = 0; i < 4; i++)
		{
			p[i] = gsl_vector_get(w->x, i);
			good = good && isfinite(p[i]);
		}
	}
	if (w != NULL)
		gsl_multifit_nlinear_free(w);
	return good;
}

double
em_fsc_logistic_crossing(const double *fsc, int64_t count, double length, double level)
{
	logistic_data data = {.fsc = fsc,.count = count};
	double		middle[1];
	double		upper[1];
	double		width = 0;
	double		p[4];
	double		before = NAN;
	size_t		points = 0;
	gsl_error_handler_t *handler;
	bool		good;

	for (int64_t i = 1; i < count; i++)
		points += isfinite(fsc[i]);
	/* VRS starts from where the curve itself is at 0.5, and gives up when it never is. */
	if (points < 4 || em_crossings(fsc, count, length, 0.5, -1, middle, 1) == 0)
		return NAN;
	if (em_crossings(fsc, count, length, 0.9, -1, upper, 1) > 0)
		width = middle[0] - upper[0];

	/* In units of x0 the parameters are of order 1; the slope comes from the width between 0.9 and 0.5. */
	data.scale = middle[0] * length;
	p[0] = 1;
	p[1] = width > 0 ? log(9.0) * middle[0] / width : 10;
	p[2] = 1;
	p[3] = 0;
	handler = gsl_set_error_handler_off();
	good = fit_logistic(&data, points, p);
	gsl_set_error_handler(handler);
	if (!good)
		return NAN;

	for (int64_t i = 1; i < count; i++)
	{
		double		y = logistic(p, (double) i / data.scale);

		if (y < level)
			return i > 2 ? length / interpolate(i - 1, before, i, y, level) : NAN;
		before = y;
	}
	return NAN;
}
