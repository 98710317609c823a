/*
 * test/unit/peptide.h
 *		Ideal poly-alanine from internal coordinates, and its density.
 *
 * Atoms N, CA, C, O, CB of each residue by bond lengths and angles of Engh &
 * Huber 1991 (doi:10.1107/S0108767391001071) and the dihedrals given: phi -57.8,
 * psi -47.0 makes the right-handed alpha helix of 1.5 Å and 100 degrees a residue
 * (IUPAC-IUB 1970, doi:10.1021/bi00820a001).
 */
#ifndef PEPTIDE_H
#define PEPTIDE_H

#include "core/em_rng.h"
#include "volume/em_volume.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct peptide
{
	int			n;				/* atoms */
	int			room;
	double		(*at)[3];		/* Å */
	double	   *charge;			/* electrons, the weight of the atom's density */
} peptide;

__attribute__((unused))
static void
peptide_add(peptide *p, const double at[3], double charge)
{
	if (p->n == p->room)
	{
		p->room = 2 * p->room + 256;
		p->at = realloc(p->at, (size_t) p->room * sizeof(*p->at));
		p->charge = realloc(p->charge, (size_t) p->room * sizeof(double));
	}
	memcpy(p->at[p->n], at, 3 * sizeof(double));
	p->charge[p->n++] = charge;
}

__attribute__((unused))
static void
peptide_free(peptide *p)
{
	free(p->at);
	free(p->charge);
	memset(p, 0, sizeof(*p));
}

static inline void
vector_product(const double a[3], const double b[3], double out[3])
{
	for (int j = 0; j < 3; j++)
		out[j] = a[(j + 1) % 3] * b[(j + 2) % 3] - a[(j + 2) % 3] * b[(j + 1) % 3];
}

static inline void
unit_vector(double a[3])
{
	const double length = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);

	for (int j = 0; j < 3; j++)
		a[j] /= length;
}

/* The atom bonded to c: distance to c, angle b-c-d, dihedral a-b-c-d (degrees). */
__attribute__((unused))
static void
place_atom(const double a[3], const double b[3], const double c[3], double bond, double angle, double dihedral,
		   double d[3])
{
	const double t = angle * M_PI / 180;
	const double w = dihedral * M_PI / 180;
	const double along[3] = {-bond * cos(t), bond * sin(t) * cos(w), bond * sin(t) * sin(w)};
	double		ab[3];
	double		bc[3];
	double		n[3];
	double		m[3];

	for (int j = 0; j < 3; j++)
	{
		ab[j] = b[j] - a[j];
		bc[j] = c[j] - b[j];
	}
	unit_vector(bc);
	vector_product(ab, bc, n);
	unit_vector(n);
	vector_product(n, bc, m);
	for (int j = 0; j < 3; j++)
		d[j] = c[j] + along[0] * bc[j] + along[1] * m[j] + along[2] * n[j];
}

/* A chain of residues with the same dihedrals; its first CA lies near the origin.  ca (may be NULL): every CA. */
__attribute__((unused))
static void
peptide_chain(peptide *p, int residues, double phi, double psi, double (*ca)[3])
{
	double		n[3] = {-1.458, 0, 0};
	double		a[3] = {0, 0, 0};
	double		c[3] = {0.5466, 1.4237, 0};	/* 1.525 Å from CA, N-CA-C 111 degrees */

	for (int i = 0; i < residues; i++)
	{
		double		next_n[3];
		double		next_a[3];
		double		next_c[3];
		double		o[3];
		double		cb[3];

		place_atom(n, a, c, 1.329, 117.2, psi, next_n);
		place_atom(n, a, c, 1.231, 120.1, psi + 180, o);
		place_atom(c, n, a, 1.530, 110.5, -122.6, cb);
		place_atom(a, c, next_n, 1.458, 121.7, 180, next_a);
		place_atom(c, next_n, next_a, 1.525, 111.0, phi, next_c);
		peptide_add(p, n, 7);
		peptide_add(p, a, 6);
		peptide_add(p, c, 6);
		peptide_add(p, o, 8);
		peptide_add(p, cb, 6);
		if (ca != NULL)
			memcpy(ca[i], a, sizeof(a));
		memcpy(n, next_n, sizeof(n));
		memcpy(a, next_a, sizeof(a));
		memcpy(c, next_c, sizeof(c));
	}
}

/* Move atoms from..to-1 so that their centre of mass is at `to_centre` after a turn by the matrix. */
__attribute__((unused))
static void
peptide_place(peptide *p, int from, int to, const double turn[3][3], const double to_centre[3])
{
	double		mean[3] = {0, 0, 0};

	for (int i = from; i < to; i++)
		for (int j = 0; j < 3; j++)
			mean[j] += p->at[i][j] / (to - from);
	for (int i = from; i < to; i++)
	{
		const double d[3] = {p->at[i][0] - mean[0], p->at[i][1] - mean[1], p->at[i][2] - mean[2]};

		for (int j = 0; j < 3; j++)
			p->at[i][j] = to_centre[j] + turn[j][0] * d[0] + turn[j][1] * d[1] + turn[j][2] * d[2];
	}
}

/* A turn drawn uniformly (unit quaternion). */
__attribute__((unused))
static void
random_turn(uint64_t seed, double turn[3][3])
{
	double		a[2];
	double		b[2];
	double		length;

	em_rng_normal2(seed, 90, 0, a);
	em_rng_normal2(seed, 90, 1, b);
	length = sqrt(a[0] * a[0] + a[1] * a[1] + b[0] * b[0] + b[1] * b[1]);
	{
		const double w = a[0] / length;
		const double x = a[1] / length;
		const double y = b[0] / length;
		const double z = b[1] / length;
		const double m[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
		{2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
		{2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};

		memcpy(turn, m, sizeof(m));
	}
}

/*
 * Density of Gaussian atoms of standard deviation sigma (Å); atom positions are
 * in Å from voxel 0.  With `mirror` the map is reflected in x: voxel x holds what
 * voxel nx-1-x would.
 */
__attribute__((unused))
static void
peptide_density(const peptide *p, double sigma, bool mirror, em_volume *v)
{
	const int64_t *n = v->grid.n;

	memset(v->data, 0, (size_t) (v->plane * n[2]) * sizeof(float));
	for (int i = 0; i < p->n; i++)
	{
		int64_t		low[3];
		int64_t		high[3];

		for (int j = 0; j < 3; j++)
		{
			low[j] = (int64_t) ceil((p->at[i][j] - 5 * sigma) / v->grid.voxel[j]);
			high[j] = (int64_t) floor((p->at[i][j] + 5 * sigma) / v->grid.voxel[j]);
			low[j] = low[j] < 0 ? 0 : low[j];
			high[j] = high[j] >= n[j] ? n[j] - 1 : high[j];
		}
		for (int64_t z = low[2]; z <= high[2]; z++)
			for (int64_t y = low[1]; y <= high[1]; y++)
				for (int64_t x = low[0]; x <= high[0]; x++)
				{
					const double dx = (double) x * v->grid.voxel[0] - p->at[i][0];
					const double dy = (double) y * v->grid.voxel[1] - p->at[i][1];
					const double dz = (double) z * v->grid.voxel[2] - p->at[i][2];
					const double r2 = dx * dx + dy * dy + dz * dz;

					em_volume_row(v, y, z)[mirror ? n[0] - 1 - x : x] +=
						(float) (p->charge[i] * exp(-r2 / (2 * sigma * sigma)));
				}
	}
}

#endif							/* PEPTIDE_H */
