/*
 * contrib/train/helices.c
 *		Alpha helices from C-alpha geometry.
 *
 * A helix turns 100 degrees a residue, so the mean of four C-alpha in a row lies
 * close to its axis.
 */
#include "helices.h"

#include <math.h>
#include <stdlib.h>

#define SHORTEST 8				/* residues */
#define BOND 4.3				/* Å between neighbouring C-alpha, at most */

static double
distance(const float a[3], const float b[3])
{
	return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]));
}

static void
cross(const double a[3], const double b[3], double out[3])
{
	out[0] = a[1] * b[2] - a[2] * b[1];
	out[1] = a[2] * b[0] - a[0] * b[2];
	out[2] = a[0] * b[1] - a[1] * b[0];
}

static double
dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Dihedral angle of four points, degrees, -180..180; right-handed helices are positive. */
static double
dihedral(const float *p[4])
{
	double		bond[3][3];
	double		n1[3];
	double		n2[3];
	double		m[3];

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			bond[i][j] = p[i + 1][j] - p[i][j];
	cross(bond[0], bond[1], n1);
	cross(bond[1], bond[2], n2);
	cross(n1, n2, m);
	return atan2(dot(m, bond[1]) / sqrt(dot(bond[1], bond[1])), dot(n1, n2)) * 180 / M_PI;
}

/* Do the five C-alpha from i look like a helix? */
static bool
is_helical(const float **ca, int64_t i)
{
	const double d3 = distance(ca[i], ca[i + 3]);
	const double d4 = distance(ca[i], ca[i + 4]);
	const double angle = dihedral(ca + i);

	for (int j = 0; j < 4; j++)
		if (distance(ca[i + j], ca[i + j + 1]) > BOND)
			return false;
	return d3 > 4.4 && d3 < 5.9 && d4 > 5.3 && d4 < 7.0 && angle > 35 && angle < 70;
}

/* Axis points of the helix ca[0..n-1]. */
static void
add_helix(const float **ca, int64_t n, tr_base *out)
{
	const int64_t points = n - 3;
	tr_axis_point *to = out->axis + out->n_axis;

	for (int64_t i = 0; i < points; i++)
	{
		for (int j = 0; j < 3; j++)
			to[i].at[j] = 0.25 * (ca[i][j] + ca[i + 1][j] + ca[i + 2][j] + ca[i + 3][j]);
		to[i].helix = out->helices;
	}
	for (int64_t i = 0; i < points; i++)
	{
		const int64_t before = i > 0 ? i - 1 : 0;
		const int64_t after = i < points - 1 ? i + 1 : i;
		double		d[3];

		for (int j = 0; j < 3; j++)
			d[j] = to[after].at[j] - to[before].at[j];
		for (int j = 0; j < 3; j++)
			to[i].along[j] = d[j] / sqrt(dot(d, d));
	}
	out->n_axis += (int) points;
	out->helices++;
	out->helical_residues += (int) n;
}

/* Helices of one chain. */
static void
search_chain(const float **ca, int64_t n, tr_base *out)
{
	for (int64_t i = 0; i + SHORTEST <= n;)
	{
		int64_t		steps = 0;

		while (i + steps + 4 < n && is_helical(ca, i + steps))
			steps++;
		if (steps + 4 >= SHORTEST)
			add_helix(ca + i, steps + 4, out);
		i += steps > 0 ? steps + 4 : 1;
	}
}

int
tr_helices_find(const tr_model *model, tr_base *out)
{
	const float **ca = malloc((size_t) (model->n + 1) * sizeof(*ca));
	int64_t		first = 0;

	out->axis = malloc((size_t) (model->n + 1) * sizeof(*out->axis));
	if (ca == NULL || out->axis == NULL)
	{
		free(ca);
		return -1;
	}
	while (first < model->n)
	{
		int64_t		n = 0;
		int64_t		i;

		for (i = first; i < model->n && model->atom[i].chain == model->atom[first].chain; i++)
			if (model->atom[i].ca)
				ca[n++] = model->atom[i].at;
		search_chain(ca, n, out);
		first = i;
	}
	free(ca);
	return 0;
}
