/*
 * src/libem/checks/em_student.c
 *		Student's t-test.
 *
 * Up to 5000 degrees of freedom the incomplete beta function by its continued
 * fraction (DLMF 8.17.22, evaluated as by Lentz 1976, doi:10.1364/AO.15.000668);
 * beyond, where the fraction loses digits, the normal approximation of Hill 1970,
 * doi:10.1145/355598.355599, which is exact to a double there.
 */
#include "checks/em_student.h"

#include <float.h>
#include <math.h>

#define MANY 5000.0
#define TINY 1e-300
#define STEPS 100000

/* ln B(a, 1/2); lgamma_r, because lgamma leaves its sign in a global. */
static double
ln_beta_half(double a)
{
	int			sign;

	return 0.5723649429247001 + lgamma_r(a, &sign) - lgamma_r(a + 0.5, &sign);	/* ln sqrt(pi) */
}

/* The continued fraction of the incomplete beta function I_x(a, b). */
static double
fraction(double a, double b, double x)
{
	double		c = 1;
	double		d = 1 - (a + b) * x / (a + 1);
	double		f;

	if (fabs(d) < TINY)
		d = TINY;
	d = 1 / d;
	f = d;
	for (int i = 1; i < STEPS; i++)
	{
		const double m = i;
		const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double		step;

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		f *= d * c;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		step = d * c;
		f *= step;
		if (fabs(step - 1) < DBL_EPSILON)
			break;
	}
	return f;
}

/* Hill's normal deviate for t. */
static double
normal_deviate(double t, double nu)
{
	const double a = nu - 0.5;
	const double b = 48 * a * a;
	const double z = sqrt(a * log1p(t * t / nu));
	const double z2 = z * z;
	const double first = z * (z2 + 3) / b;
	const double second = z * (((4 * z2 + 33) * z2 + 240) * z2 + 855) / (10 * b * (b + 0.8 * z2 * z2 + 100));

	return z + first - second;
}

double
em_student_p(double t, double nu)
{
	const double a = nu / 2;
	double		x;
	double		factor;

	if (isnan(t) || !(nu > 0))
		return NAN;
	if (t == 0)
		return 1;
	if (isinf(t))
		return 0;
	if (nu > MANY)
		return erfc(normal_deviate(t, nu) * M_SQRT1_2);
	x = nu / (nu + t * t);
	factor = exp(-a * log1p(t * t / nu) + 0.5 * log(t * t / (nu + t * t)) - ln_beta_half(a));
	if (x < (a + 1) / (a + 2.5))
		return factor / a * fraction(a, 0.5, x);
	return 1 - factor / 0.5 * fraction(0.5, a, 1 - x);
}
