/*
 * src/libem/local/em_monodir_uniformity.c
 *		MonoDir: are some directions the best ones more often than others?
 */
#include "local/em_monodir.h"

#include <math.h>
#include <string.h>

#define N EM_MONODIR_DIRECTIONS
#define SMOOTH 6				/* a constant and the five quadratic forms of trace 0 */
#define SHARED 0.8				/* for what neighbouring cones have in common */

/* Probability that Kolmogorov's statistic is larger than d for so many draws. */
static double
kolmogorov(double d, double size)
{
	const double root = sqrt(size);
	const double lambda = (root + 0.12 + 0.11 / root) * d;
	double		sum = 0;

	if (lambda < 0.3)
		return 1;
	for (int j = 1; j <= 100; j++)
		sum += (j & 1 ? 2 : -2) * exp(-2.0 * j * j * lambda * lambda);
	return fmin(fmax(sum, 0), 1);
}

double
em_monodir_uniformity(const double *count, int n, int support, double size, double *p)
{
	double		total = 0;
	double		sum = 0;
	double		d = 0;

	for (int i = 0; i < n; i++)
		total += count[i];
	for (int i = 0; i < n; i++)
	{
		sum += count[i];
		d = fmax(d, fabs(sum / total - fmin((double) (i + 1) / support, 1)));
	}
	*p = kolmogorov(d, size);
	return d;
}

/* Orthonormal columns that span the constant and the quadratic forms at the directions. */
static void
smooth_functions(const double direction[N][3], double f[SMOOTH][N])
{
	for (int i = 0; i < N; i++)
	{
		const double *v = direction[i];
		const double value[SMOOTH] = {1, v[0] * v[1], v[1] * v[2], v[2] * v[0], v[0] * v[0] - v[1] * v[1],
		3 * v[2] * v[2] - 1};

		for (int k = 0; k < SMOOTH; k++)
			f[k][i] = value[k];
	}
	for (int k = 0; k < SMOOTH; k++)
	{
		double		norm = 0;

		for (int j = 0; j < k; j++)
		{
			double		dot = 0;

			for (int i = 0; i < N; i++)
				dot += f[k][i] * f[j][i];
			for (int i = 0; i < N; i++)
				f[k][i] -= dot * f[j][i];
		}
		for (int i = 0; i < N; i++)
			norm += f[k][i] * f[k][i];
		for (int i = 0; i < N; i++)
			f[k][i] /= sqrt(norm);
	}
}

double
em_monodir_effective(const double direction[N][3], const double count[N])
{
	double		f[SMOOTH][N];
	double		rest[N];
	double		total = 0;
	double		sum2 = 0;

	smooth_functions(direction, f);
	for (int i = 0; i < N; i++)
		total += count[i];
	if (!(total > 0))
		return 1;
	for (int i = 0; i < N; i++)
		rest[i] = count[i] / total;
	for (int k = 0; k < SMOOTH; k++)
	{
		double		dot = 0;

		for (int i = 0; i < N; i++)
			dot += rest[i] * f[k][i];
		for (int i = 0; i < N; i++)
			rest[i] -= dot * f[k][i];
	}
	for (int i = 0; i < N; i++)
		sum2 += rest[i] * rest[i];
	/* n independent draws from N values: each share has variance (1/N)(1 - 1/N)/n. */
	return fmax(1, fmin(SHARED * (N - 1.0) / (N * N) * (N - SMOOTH) / sum2, total));
}
