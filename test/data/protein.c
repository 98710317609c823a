/*
 * test/data/protein.c
 *		A made-up protein from ideal geometry.
 *
 * Every segment is grown atom by atom from bond lengths, bond angles and
 * torsions (Engh & Huber 1991 averages), laid along z, and put in its place: a
 * sheet of parallel strands 4.8 Å apart, helices in two layers on either side,
 * 10 Å from each other.  The whole is twisted about y, as real sheets are.  Side
 * chains come last: each takes the first rotamer that keeps its distance from
 * everything there, and a smaller residue when none does.
 */
#include "protein.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_rng.h"

#define RADIAN (M_PI / 180.0)
#define MAX_ATOMS 8000
#define MAX_RESIDUES 800
#define MAX_SEGMENTS 40
#define LOOP 5					/* residue numbers left out between segments */
#define TWIST (-18.0 / 4.8)		/* degrees per Å along y: -18 a strand */

enum
{
	STREAM_TYPE = 100,
	STREAM_ROTAMER
};

/* ---------------------------------------------------------------- vectors */

static void
sub(const double a[3], const double b[3], double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = a[i] - b[i];
}

static double
dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void
cross(const double a[3], const double b[3], double out[3])
{
	double		c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};

	memcpy(out, c, sizeof(c));
}

static void
normalise(double a[3])
{
	double		n = sqrt(dot(a, a));

	for (int i = 0; i < 3; i++)
		a[i] /= n;
}

static double
distance2(const double a[3], const double b[3])
{
	double		d[3];

	sub(a, b, d);
	return dot(d, d);
}

/* Rotate about the axis 0, 1 or 2 by degrees, right-handed. */
static void
rotate(double r[3], int axis, double degrees)
{
	int			i = (axis + 1) % 3;
	int			j = (axis + 2) % 3;
	double		c = cos(degrees * RADIAN);
	double		s = sin(degrees * RADIAN);
	double		u = c * r[i] - s * r[j];
	double		v = s * r[i] + c * r[j];

	r[i] = u;
	r[j] = v;
}

/* The atom bonded to c, given bond length, angle b-c-d and torsion a-b-c-d. */
static void
place(const double a[3], const double b[3], const double c[3],
	  double bond, double angle, double torsion, double d[3])
{
	double		ab[3];
	double		bc[3];
	double		n[3];
	double		m[3];
	double		along = -bond * cos(angle * RADIAN);
	double		across = bond * sin(angle * RADIAN) * cos(torsion * RADIAN);
	double		up = bond * sin(angle * RADIAN) * sin(torsion * RADIAN);

	sub(b, a, ab);
	sub(c, b, bc);
	normalise(bc);
	cross(ab, bc, n);
	normalise(n);
	cross(n, bc, m);
	for (int i = 0; i < 3; i++)
		d[i] = c[i] + along * bc[i] + across * m[i] + up * n[i];
}

/* ---------------------------------------------------------------- segments */

/* Backbone of one residue and where its CB would be. */
typedef struct backbone
{
	double		n[3];
	double		ca[3];
	double		c[3];
	double		o[3];
	double		cb[3];
} backbone;

#define BACKBONE_ATOMS 5
static const char backbone_element[BACKBONE_ATOMS] = {'N', 'C', 'C', 'O', 'C'};

/* CB of an L amino acid. */
static void
find_cb(const double n[3], const double ca[3], const double c[3], double cb[3])
{
	double		u[3];
	double		v[3];
	double		w[3];

	sub(ca, n, u);
	sub(c, ca, v);
	cross(u, v, w);
	for (int i = 0; i < 3; i++)
		cb[i] = ca[i] - 0.58273431 * w[i] + 0.56802827 * u[i] - 0.54067466 * v[i];
}

/* Grow a chain of residues with the same phi and psi and trans peptides. */
static void
grow(backbone *chain, int residues, double phi, double psi)
{
	backbone   *r = &chain[0];
	double		next[3];

	/* the first three atoms fix the frame; any position will do */
	memcpy(r->n, (double[3]) {0, 0, 0}, sizeof(r->n));
	memcpy(r->ca, (double[3]) {1.458, 0, 0}, sizeof(r->ca));
	place((double[3]) {0, 1, 0}, r->n, r->ca, 1.525, 111.0, 180.0, r->c);
	for (int i = 0; i < residues; i++)
	{
		r = &chain[i];
		place(r->n, r->ca, r->c, 1.329, 117.2, psi, next);
		place(r->n, r->ca, r->c, 1.231, 120.4, psi + 180.0, r->o);
		find_cb(r->n, r->ca, r->c, r->cb);
		if (i + 1 == residues)
			break;
		memcpy(r[1].n, next, sizeof(next));
		place(r->ca, r->c, r[1].n, 1.458, 121.7, 180.0, r[1].ca);
		place(r->c, r[1].n, r[1].ca, 1.525, 111.0, phi, r[1].c);
	}
}

/* Apply f to every atom of a chain. */
#define EACH_ATOM(chain, residues, r, what) \
	for (int i_ = 0; i_ < (residues) * BACKBONE_ATOMS; i_++) \
	{ \
		double	   *r = (double *) (chain) + i_ * 3; \
		what; \
	}

/*
 * Centre a chain on the origin with its axis along +z and, for strands, the
 * carbonyls along y.
 */
static void
lay_along_z(backbone *chain, int residues)
{
	double		axis[3] = {0, 0, 0};
	double		centre[3] = {0, 0, 0};
	double		tilt;
	double		turn;
	double		carbonyl[2] = {0, 0};

	for (int i = 0; i < residues; i++)
		for (int j = 0; j < 3; j++)
			centre[j] += chain[i].ca[j] / residues;
	/* CA(i+k) - CA(i), summed over i, is the axis but for the ends of a turn */
	for (int i = 0; i < residues / 2; i++)
		for (int j = 0; j < 3; j++)
			axis[j] += chain[i + residues - residues / 2].ca[j] - chain[i].ca[j];
	normalise(axis);
	turn = atan2(axis[1], axis[0]) / RADIAN;
	tilt = acos(axis[2]) / RADIAN;
	EACH_ATOM(chain, residues, r,
			  {
				  sub(r, centre, r);
				  rotate(r, 2, -turn);
				  rotate(r, 1, -tilt);
			  });
	/* carbonyls alternate between the two sides: average the doubled angle */
	for (int i = 0; i < residues; i++)
	{
		double		a = 2.0 * atan2(chain[i].o[1] - chain[i].c[1], chain[i].o[0] - chain[i].c[0]);

		carbonyl[0] += cos(a);
		carbonyl[1] += sin(a);
	}
	turn = 0.5 * atan2(carbonyl[1], carbonyl[0]) / RADIAN;
	EACH_ATOM(chain, residues, r, rotate(r, 2, 90.0 - turn));
}

/* Where a segment goes, before the twist; how it turns and shifts there is found by trying. */
typedef struct placing
{
	char		kind;
	int			residues;
	double		x, y, z;		/* its centre, Å */
	double		spin;			/* about its own axis, degrees */
	double		tilt;			/* about x, degrees */
	int			up;				/* along +z, or turned upside down */
} placing;

/* A strand, a helix on one side, the next strand, ..., then the outer helices. */
static const placing layout[] = {
	{'E', 8, 0, -12.0, 0, 0, 0, 1},
	{'H', 18, 10, -10.5, 0, 0, 0, 0},
	{'E', 9, 0, -7.2, 0, 0, 0, 1},
	{'H', 19, -10, -10.0, 0, 0, 0, 0},
	{'E', 9, 0, -2.4, 0, 0, 0, 1},
	{'H', 20, 10, -0.5, 0, 0, 0, 0},
	{'E', 9, 0, 2.4, 0, 0, 0, 1},
	{'H', 20, -10, 0.3, 0, 0, 0, 0},
	{'E', 9, 0, 7.2, 0, 0, 0, 1},
	{'H', 19, 10, 10.0, 0, 0, 0, 0},
	{'E', 8, 0, 12.0, 0, 0, 0, 1},
	{'H', 18, -10, 10.5, 0, 0, 0, 0},
	{'H', 22, -19.0, 5.3, 0, 0, -30, 1},
	{'H', 22, 19.0, 5.3, 0, 0, 30, 1},
	{'H', 21, 19.0, -5.3, 0, 0, 30, 0},
	{'H', 21, -19.0, -5.3, 0, 0, -30, 0},
	{'H', 15, -19.0, 15.5, 0, 0, -30, 0},
	{'H', 15, 19.0, -15.5, 0, 0, 30, 1},
};

#define SEGMENTS ((int) (sizeof(layout) / sizeof(layout[0])))

/* Put a laid chain in its place. */
static void
put(backbone *chain, const placing *p)
{
	EACH_ATOM(chain, p->residues, r,
			  {
				  rotate(r, 2, p->spin);
				  if (!p->up)
					  rotate(r, 0, 180.0);
				  rotate(r, 0, p->tilt);
				  r[0] += p->x;
				  r[2] += p->z;
				  /* the twist turns a segment as a whole, by what is due at its centre */
				  rotate(r, 1, TWIST * p->y);
				  r[1] += p->y;
			  });
}

/* How badly a chain sits among what is there: contacts too short, less what hydrogen bonds earn. */
static double
misfit(const protein *p, const backbone *chain, int residues, char kind)
{
	double		score = 0;

	for (int i = 0; i < residues * BACKBONE_ATOMS; i++)
	{
		const double *r = (const double *) chain + i * 3;
		char		element = backbone_element[i % BACKBONE_ATOMS];

		for (int j = 0; j < p->n_atoms; j++)
		{
			char		other = p->atoms[j].element;
			double		d2 = distance2(p->atoms[j].r, r);
			double		least = kind == 'E' && p->segments[p->residues[p->atoms[j].residue].segment].kind == 'E' ? 3.2 : 3.8;
			int			bond = kind == 'E' && element != other && element != 'C' && other != 'C';

			if (d2 > least * least)
				continue;
			if (bond && d2 > 2.7 * 2.7 && d2 < 3.15 * 3.15)
				score -= 1.0;
			else
				score += 5.0 * (least - sqrt(d2));
		}
	}
	return score;
}

/* Try turns and shifts of a segment and keep the best. */
static void
settle(const protein *p, placing *where, backbone *chain)
{
	backbone	laid[64];
	placing		best = *where;
	double		least = INFINITY;
	int			strand = where->kind == 'E';
	int			spins = strand ? 2 : 12;
	int			shifts = strand ? 17 : 7;
	double		step = strand ? 0.4 : 0.75;
	double		outward = where->x > 0 ? 0.7 : -0.7;

	memcpy(laid, chain, sizeof(backbone) * (size_t) where->residues);
	for (int out = 0; out < (strand ? 1 : 5); out++)
		for (int spin = 0; spin < spins; spin++)
			for (int shift = 0; shift < shifts; shift++)
			{
				placing		t = *where;
				double		score;

				t.x += out * outward;
				t.spin += spin * 360.0 / spins;
				t.z += (shift - shifts / 2) * step;
				memcpy(chain, laid, sizeof(backbone) * (size_t) where->residues);
				put(chain, &t);
				score = misfit(p, chain, t.residues, t.kind) + 2.0 * out + 0.02 * abs(shift - shifts / 2);
				if (score < least)
				{
					least = score;
					best = t;
				}
			}
	memcpy(chain, laid, sizeof(backbone) * (size_t) where->residues);
	put(chain, &best);
}

/* ---------------------------------------------------------------- side chains */

/* One atom of a side chain: bonded to `parents[2]`; torsion chi[turn] + offset, or offset alone. */
typedef struct grown
{
	const char *name;
	const char *parents[3];
	double		bond;
	double		angle;
	int			turn;			/* 1..4: which chi; 0: none */
	double		offset;
} grown;

typedef struct side_chain
{
	const char *type;
	int			chis;			/* how many are varied */
	int			last;			/* 'a' aromatic, 'c' carboxylate or amide, 't' tetrahedral: options of the last chi */
	const char *smaller;		/* what to try when it does not fit */
	grown		atoms[10];
} side_chain;

static const side_chain side_chains[] = {
	{"ALA", 0, 't', "GLY", {{0}}},
	{"SER", 1, 't', "ALA", {{"OG", {"N", "CA", "CB"}, 1.417, 110.8, 1, 0}}},
	{"THR", 1, 't', "SER", {{"OG1", {"N", "CA", "CB"}, 1.433, 109.6, 1, 0},
			{"CG2", {"N", "CA", "CB"}, 1.521, 111.5, 1, -120}}},
	{"VAL", 1, 't', "ALA", {{"CG1", {"N", "CA", "CB"}, 1.521, 110.5, 1, 0},
			{"CG2", {"N", "CA", "CB"}, 1.521, 110.5, 1, 122}}},
	{"ILE", 2, 't', "VAL", {{"CG1", {"N", "CA", "CB"}, 1.530, 110.4, 1, 0},
			{"CG2", {"N", "CA", "CB"}, 1.521, 110.5, 1, -122},
			{"CD1", {"CA", "CB", "CG1"}, 1.513, 113.8, 2, 0}}},
	{"LEU", 2, 't', "VAL", {{"CG", {"N", "CA", "CB"}, 1.530, 116.3, 1, 0},
			{"CD1", {"CA", "CB", "CG"}, 1.521, 110.7, 2, 0},
			{"CD2", {"CA", "CB", "CG"}, 1.521, 110.7, 2, 122}}},
	{"MET", 3, 't', "LEU", {{"CG", {"N", "CA", "CB"}, 1.520, 114.1, 1, 0},
			{"SD", {"CA", "CB", "CG"}, 1.803, 112.7, 2, 0},
			{"CE", {"CB", "CG", "SD"}, 1.791, 100.9, 3, 0}}},
	{"ASP", 2, 'c', "SER", {{"CG", {"N", "CA", "CB"}, 1.516, 112.6, 1, 0},
			{"OD1", {"CA", "CB", "CG"}, 1.249, 118.4, 2, 0},
			{"OD2", {"CA", "CB", "CG"}, 1.249, 118.4, 2, 180}}},
	{"ASN", 2, 'c', "SER", {{"CG", {"N", "CA", "CB"}, 1.516, 112.6, 1, 0},
			{"OD1", {"CA", "CB", "CG"}, 1.231, 120.8, 2, 0},
			{"ND2", {"CA", "CB", "CG"}, 1.328, 116.4, 2, 180}}},
	{"GLU", 3, 'c', "ASP", {{"CG", {"N", "CA", "CB"}, 1.520, 114.1, 1, 0},
			{"CD", {"CA", "CB", "CG"}, 1.516, 112.6, 2, 0},
			{"OE1", {"CB", "CG", "CD"}, 1.249, 118.4, 3, 0},
			{"OE2", {"CB", "CG", "CD"}, 1.249, 118.4, 3, 180}}},
	{"GLN", 3, 'c', "ASN", {{"CG", {"N", "CA", "CB"}, 1.520, 114.1, 1, 0},
			{"CD", {"CA", "CB", "CG"}, 1.516, 112.6, 2, 0},
			{"OE1", {"CB", "CG", "CD"}, 1.231, 120.8, 3, 0},
			{"NE2", {"CB", "CG", "CD"}, 1.328, 116.4, 3, 180}}},
	{"LYS", 4, 't', "GLN", {{"CG", {"N", "CA", "CB"}, 1.520, 114.1, 1, 0},
			{"CD", {"CA", "CB", "CG"}, 1.520, 111.3, 2, 0},
			{"CE", {"CB", "CG", "CD"}, 1.520, 111.3, 3, 0},
			{"NZ", {"CG", "CD", "CE"}, 1.489, 111.9, 4, 0}}},
	{"ARG", 4, 't', "LYS", {{"CG", {"N", "CA", "CB"}, 1.520, 114.1, 1, 0},
			{"CD", {"CA", "CB", "CG"}, 1.520, 111.3, 2, 0},
			{"NE", {"CB", "CG", "CD"}, 1.461, 112.0, 3, 0},
			{"CZ", {"CG", "CD", "NE"}, 1.329, 124.2, 4, 0},
			{"NH1", {"CD", "NE", "CZ"}, 1.326, 120.0, 0, 0},
			{"NH2", {"CD", "NE", "CZ"}, 1.326, 119.9, 0, 180}}},
	{"PHE", 2, 'a', "LEU", {{"CG", {"N", "CA", "CB"}, 1.502, 113.8, 1, 0},
			{"CD1", {"CA", "CB", "CG"}, 1.384, 120.7, 2, 0},
			{"CD2", {"CA", "CB", "CG"}, 1.384, 120.7, 2, 180},
			{"CE1", {"CB", "CG", "CD1"}, 1.382, 120.7, 0, 180},
			{"CE2", {"CB", "CG", "CD2"}, 1.382, 120.7, 0, 180},
			{"CZ", {"CG", "CD1", "CE1"}, 1.382, 120.0, 0, 0}}},
	{"TYR", 2, 'a', "PHE", {{"CG", {"N", "CA", "CB"}, 1.512, 113.9, 1, 0},
			{"CD1", {"CA", "CB", "CG"}, 1.389, 120.8, 2, 0},
			{"CD2", {"CA", "CB", "CG"}, 1.389, 120.8, 2, 180},
			{"CE1", {"CB", "CG", "CD1"}, 1.382, 121.2, 0, 180},
			{"CE2", {"CB", "CG", "CD2"}, 1.382, 121.2, 0, 180},
			{"CZ", {"CG", "CD1", "CE1"}, 1.378, 119.6, 0, 0},
			{"OH", {"CD1", "CE1", "CZ"}, 1.376, 119.9, 0, 180}}},
};

/* What residues are drawn from. */
static const char *const buried_helix[] = {"LEU", "ALA", "ILE", "LEU", "MET", "PHE", "VAL", "ALA"};
static const char *const open_helix[] = {"GLU", "LYS", "ALA", "GLN", "ARG", "GLU", "LYS", "SER", "ASP", "TYR"};
static const char *const strand_pool[] = {"VAL", "ILE", "VAL", "THR", "PHE", "LEU", "ILE", "TYR"};

static const side_chain *
find_side_chain(const char *type)
{
	for (size_t i = 0; i < sizeof(side_chains) / sizeof(side_chains[0]); i++)
		if (strcmp(side_chains[i].type, type) == 0)
			return &side_chains[i];
	return NULL;				/* glycine */
}

static void
add_atom(protein *p, int res, const char *name, const double r[3])
{
	atom	   *a = &p->atoms[p->n_atoms++];

	memset(a, 0, sizeof(*a));
	memcpy(a->r, r, sizeof(a->r));
	strncpy(a->name, name, sizeof(a->name) - 1);
	a->element = name[0];
	a->residue = res;
	p->residues[res].atoms++;
}

/* Is the position free?  Other residues' atoms keep 3.2 Å, 2.7 Å between N and O. */
static int
is_free(const protein *p, int res, char element, const double r[3], double factor)
{
	for (int i = 0; i < p->n_atoms; i++)
	{
		const atom *a = &p->atoms[i];
		double		least = 3.2;

		if (a->residue == res)
			continue;
		if (element != 'C' && a->element != 'C')
			least = 2.7;
		if (abs(a->residue - res) == 1)
			least = 2.9;
		least *= factor;
		if (distance2(a->r, r) < least * least)
			return 0;
	}
	return 1;
}

/*
 * Build one rotamer into out[]; returns the number of atoms, or 0 when one of
 * them is in the way.
 */
static int
try_rotamer(const protein *p, int res, const side_chain *s, const double bb[4][3],
			const double cb[3], const double chi[4], double out[10][3])
{
	int			n = 0;

	for (; n < 10 && s->atoms[n].name != NULL; n++)
	{
		const grown *g = &s->atoms[n];
		const double *from[3];

		for (int k = 0; k < 3; k++)
		{
			from[k] = NULL;
			if (strcmp(g->parents[k], "N") == 0)
				from[k] = bb[0];
			else if (strcmp(g->parents[k], "CA") == 0)
				from[k] = bb[1];
			else if (strcmp(g->parents[k], "CB") == 0)
				from[k] = cb;
			else
				for (int i = 0; i < n; i++)
					if (strcmp(g->parents[k], s->atoms[i].name) == 0)
						from[k] = out[i];
		}
		place(from[0], from[1], from[2], g->bond, g->angle,
			  (g->turn > 0 ? chi[g->turn - 1] : 0.0) + g->offset, out[n]);
		if (!is_free(p, res, g->name[0], out[n], 1.0))
			return 0;
	}
	return n;
}

/* Options of one chi: staggered, or what flat groups prefer. */
static void
chi_options(const side_chain *s, int which, double options[3])
{
	if (which + 1 == s->chis && s->last == 'a')
	{
		options[0] = 90;
		options[1] = 60;
		options[2] = 120;
	}
	else if (which + 1 == s->chis && s->last == 'c')
	{
		options[0] = 0;
		options[1] = 60;
		options[2] = -60;
	}
	else
	{
		options[0] = which == 0 ? -65 : 180;
		options[1] = which == 0 ? 180 : -65;
		options[2] = 62;
	}
}

/* Give a residue its side chain. */
static void
decorate(protein *p, int res, uint64_t seed)
{
	residue    *r = &p->residues[res];
	double		bb[4][3];
	double		cb[3];
	double		outward[3];
	const char *type;
	uint32_t	draw[4];
	int			buried;

	for (int i = 0; i < 4; i++)
		memcpy(bb[i], p->atoms[r->first + i].r, sizeof(bb[i]));
	find_cb(bb[0], bb[1], bb[2], cb);

	em_rng4(seed, STREAM_TYPE, (uint64_t) res, draw);
	sub(cb, bb[1], outward);
	buried = dot(outward, bb[1]) < 6.0;
	if (p->segments[r->segment].kind == 'E')
		type = strand_pool[draw[0] % 8];
	else if (buried)
		type = buried_helix[draw[0] % 8];
	else
		type = open_helix[draw[0] % 10];

	for (const side_chain *s = find_side_chain(type); s != NULL; s = find_side_chain(s->smaller))
	{
		int			combinations = 1;

		if (!is_free(p, res, 'C', cb, 0.9))
			break;
		for (int i = 0; i < s->chis; i++)
			combinations *= 3;
		for (int k = 0; k < combinations; k++)
		{
			double		chi[4] = {0, 0, 0, 0};
			double		out[10][3];
			int			rest = k;
			int			n;

			/* the last chi varies slowest, so that chi1 is what gives way first */
			for (int i = 0; i < s->chis; i++)
			{
				double		options[3];
				double		jitter = (em_rng_uniform(seed, STREAM_ROTAMER, (uint64_t) (res * 4 + i)) - 0.5) * 16.0;

				chi_options(s, i, options);
				chi[i] = options[rest % 3] + jitter;
				rest /= 3;
			}
			n = try_rotamer(p, res, s, (const double (*)[3]) bb, cb, chi, out);
			if (n == 0 && s->atoms[0].name != NULL)
				continue;
			strcpy(r->type, s->type);
			add_atom(p, res, "CB", cb);
			for (int i = 0; i < n; i++)
				add_atom(p, res, s->atoms[i].name, out[i]);
			return;
		}
	}
	strcpy(r->type, "GLY");
}

/* ---------------------------------------------------------------- the whole */

/* Atoms in the order of their residues (side chains were added after all backbones). */
static void
sort_atoms(protein *p)
{
	atom	   *sorted = malloc(sizeof(atom) * MAX_ATOMS);
	int			n = 0;

	if (sorted == NULL)
		return;
	for (int res = 0; res < p->n_residues; res++)
	{
		p->residues[res].first = n;
		for (int i = 0; i < p->n_atoms; i++)
			if (p->atoms[i].residue == res)
				sorted[n++] = p->atoms[i];
	}
	free(p->atoms);
	p->atoms = sorted;
}

protein *
protein_build(uint64_t seed)
{
	protein    *p = calloc(1, sizeof(protein));
	int			number = 1;

	if (p == NULL)
		return NULL;
	p->atoms = calloc(MAX_ATOMS, sizeof(atom));
	p->residues = calloc(MAX_RESIDUES, sizeof(residue));
	p->segments = calloc(MAX_SEGMENTS, sizeof(segment));
	if (p->atoms == NULL || p->residues == NULL || p->segments == NULL)
	{
		protein_free(p);
		return NULL;
	}

	for (int k = 0; k < SEGMENTS; k++)
	{
		placing		where = layout[k];
		segment    *s = &p->segments[p->n_segments];
		backbone	chain[64];

		s->kind = where.kind;
		s->first = p->n_residues;
		s->residues = where.residues;
		if (where.kind == 'H')
			grow(chain, where.residues, -57.0, -47.0);
		else
			grow(chain, where.residues, -120.0, 120.0);
		lay_along_z(chain, where.residues);
		settle(p, &where, chain);
		for (int i = 0; i < where.residues; i++)
		{
			int			res = p->n_residues++;
			residue    *r = &p->residues[res];

			r->number = number++;
			r->segment = p->n_segments;
			r->first = p->n_atoms;
			add_atom(p, res, "N", chain[i].n);
			add_atom(p, res, "CA", chain[i].ca);
			add_atom(p, res, "C", chain[i].c);
			add_atom(p, res, "O", chain[i].o);
		}
		p->n_segments++;
		number += LOOP;
	}
	for (int res = 0; res < p->n_residues; res++)
		decorate(p, res, seed);
	sort_atoms(p);

	/* the surface moves more than the core */
	for (int i = 0; i < p->n_atoms; i++)
	{
		atom	   *a = &p->atoms[i];

		a->b = 55.0 + 0.06 * dot(a->r, a->r);
	}
	return p;
}

void
protein_free(protein *p)
{
	if (p == NULL)
		return;
	free(p->atoms);
	free(p->residues);
	free(p->segments);
	free(p);
}

double
protein_closest_contact(const protein *p)
{
	double		least = 1e9;

	for (int i = 0; i < p->n_atoms; i++)
		for (int j = 0; j < i; j++)
		{
			const residue *a = &p->residues[p->atoms[i].residue];
			const residue *b = &p->residues[p->atoms[j].residue];
			double		d2;

			if (a->segment == b->segment && abs(a->number - b->number) <= 1)
				continue;
			d2 = distance2(p->atoms[i].r, p->atoms[j].r);
			if (d2 < least)
				least = d2;
		}
	return sqrt(least);
}
