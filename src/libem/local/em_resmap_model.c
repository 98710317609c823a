/*
 * src/libem/local/em_resmap_model.c
 *		The local model of ResMap at one resolution.
 */
#include "local/em_resmap_model.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

#define MOMENTS EM_RESMAP_MOMENTS
#define COLUMNS 16				/* of the model, the constant left out */
#define NEGLIGIBLE 1e-9			/* a column shorter than this share of itself after projection is dependent */

const int	em_resmap_degree[MOMENTS][3] = {
	{0, 0, 0},
	{2, 0, 0}, {0, 2, 0}, {0, 0, 2}, {1, 1, 0}, {1, 0, 1}, {0, 1, 1},
	{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {3, 0, 0}, {0, 3, 0}, {0, 0, 3},
	{2, 1, 0}, {2, 0, 1}, {1, 2, 0}, {0, 2, 1}, {1, 0, 2}, {0, 1, 2}, {1, 1, 1}
};

/* One-dimensional orthonormal polynomials: values at the taps, and their own coefficients. */
typedef struct axis
{
	int			taps;
	double		x[EM_RESMAP_TAPS];
	double		w[EM_RESMAP_TAPS];
	double		p[EM_RESMAP_ORDER][EM_RESMAP_TAPS];
	double		power[EM_RESMAP_ORDER][EM_RESMAP_ORDER];	/* x^j = sum_a power[j][a] p_a */
	double		weighted[EM_RESMAP_ORDER][EM_RESMAP_ORDER]; /* sum w² p_a p_b */
} axis;

/* Orthonormalise 1, x, x², x³ under the weight; twice, so that rounding does not matter. */
static void
make_axis(axis *s, int radius, double step, double window)
{
	s->taps = 2 * radius + 1;
	memset(s->power, 0, sizeof(s->power));
	for (int i = 0; i < s->taps; i++)
	{
		s->x[i] = step * (i - radius);
		s->w[i] = exp(-window * s->x[i] * s->x[i]);
	}
	for (int j = 0; j < EM_RESMAP_ORDER; j++)
	{
		double		norm = 0;

		for (int i = 0; i < s->taps; i++)
			s->p[j][i] = pow(s->x[i], j);
		for (int pass = 0; pass < 2; pass++)
			for (int a = 0; a < j; a++)
			{
				double		dot = 0;

				if ((a + j) % 2 == 1)
					continue;
				for (int i = 0; i < s->taps; i++)
					dot += s->w[i] * s->p[j][i] * s->p[a][i];
				for (int i = 0; i < s->taps; i++)
					s->p[j][i] -= dot * s->p[a][i];
				s->power[j][a] += dot;
			}
		for (int i = 0; i < s->taps; i++)
			norm += s->w[i] * s->p[j][i] * s->p[j][i];
		norm = sqrt(norm);
		for (int i = 0; i < s->taps; i++)
			s->p[j][i] /= norm;
		s->power[j][j] = norm;
	}
	for (int a = 0; a < EM_RESMAP_ORDER; a++)
		for (int b = 0; b < EM_RESMAP_ORDER; b++)
		{
			s->weighted[a][b] = 0;
			for (int i = 0; i < s->taps; i++)
				s->weighted[a][b] += s->w[i] * s->w[i] * s->p[a][i] * s->p[b][i];
		}
}

/* Add f (v.x)^degree, degree <= 3, in the basis of the moments. */
static void
add_power(const axis *s, const double v[3], int degree, double f, double column[MOMENTS])
{
	static const double factorial[] = {1, 1, 2, 6};

	for (int i = 0; i <= degree; i++)
		for (int j = 0; i + j <= degree; j++)
		{
			const int	k = degree - i - j;
			const double c = f * factorial[degree] / (factorial[i] * factorial[j] * factorial[k]) *
				pow(v[0], i) * pow(v[1], j) * pow(v[2], k);

			for (int m = 0; m < MOMENTS; m++)
			{
				const int  *d = em_resmap_degree[m];

				if (d[0] <= i && d[1] <= j && d[2] <= k)
					column[m] += c * s->power[i][d[0]] * s->power[j][d[1]] * s->power[k][d[2]];
			}
		}
}

/* The columns of the model: 6 even, 10 odd. */
static void
make_columns(const axis *s, double column[COLUMNS][MOMENTS])
{
	const double phi = (1 + sqrt(5)) / 2;
	const double icosahedron = 1 / sqrt(1 + phi * phi);
	const double dodecahedron = 1 / sqrt(3);
	static const double none[3] = {0, 0, 0};
	int			n = 0;

	memset(column, 0, sizeof(double) * COLUMNS * MOMENTS);
	for (int sign = 1; sign >= -1; sign -= 2)
		for (int c = 0; c < 3; c++, n++)
		{
			double		v[3];

			v[c] = icosahedron;
			v[(c + 1) % 3] = 0;
			v[(c + 2) % 3] = sign * phi * icosahedron;
			add_power(s, v, 2, 4, column[n]);
			add_power(s, none, 0, -2, column[n]);
		}
	for (int i = 0; i < 10; i++, n++)
	{
		double		v[3];

		if (i < 6)
		{
			v[i % 3] = 0;
			v[(i + 1) % 3] = dodecahedron / phi;
			v[(i + 2) % 3] = (i < 3 ? 1 : -1) * phi * dodecahedron;
		}
		else
		{
			v[0] = ((i - 6) & 1 ? -1 : 1) * dodecahedron;
			v[1] = ((i - 6) & 2 ? -1 : 1) * dodecahedron;
			v[2] = dodecahedron;
		}
		add_power(s, v, 3, 1, column[n]);
		add_power(s, v, 1, -2.254, column[n]);
	}
}

/* Orthonormal rows that span n given ones (length MOMENTS) as far as they are independent. */
static int
orthonormalise(double (*row)[MOMENTS], int n)
{
	int			rank = 0;

	for (int i = 0; i < n; i++)
	{
		double		v[MOMENTS];
		double		before = 0;
		double		after = 0;

		memcpy(v, row[i], sizeof(v));
		for (int m = 0; m < MOMENTS; m++)
			before += v[m] * v[m];
		for (int pass = 0; pass < 2; pass++)
			for (int k = 0; k < rank; k++)
			{
				double		dot = 0;

				for (int m = 0; m < MOMENTS; m++)
					dot += v[m] * row[k][m];
				for (int m = 0; m < MOMENTS; m++)
					v[m] -= dot * row[k][m];
			}
		for (int m = 0; m < MOMENTS; m++)
			after += v[m] * v[m];
		if (after <= NEGLIGIBLE * NEGLIGIBLE * before)
			continue;
		for (int m = 0; m < MOMENTS; m++)
			row[rank][m] = v[m] / sqrt(after);
		rank++;
	}
	return rank;
}

/* What white noise of unit variance makes of two vectors of moments: their covariance. */
static double
covariance(const axis *s, const double *a, const double *b)
{
	double		sum = 0;

	for (int i = 0; i < MOMENTS; i++)
		for (int j = 0; j < MOMENTS; j++)
		{
			const int  *d = em_resmap_degree[i];
			const int  *e = em_resmap_degree[j];

			if (a[i] != 0 && b[j] != 0)
				sum += a[i] * b[j] * s->weighted[d[0]][e[0]] * s->weighted[d[1]][e[1]] * s->weighted[d[2]][e[2]];
		}
	return sum;
}

/* Eigenvalues of the covariance of n components, descending. */
static em_status
eigenvalues(em_ctx *ctx, const axis *s, double (*row)[MOMENTS], int n, double *out)
{
	double		matrix[COLUMNS * COLUMNS];
	gsl_matrix_view view = gsl_matrix_view_array(matrix, (size_t) n, (size_t) n);
	gsl_vector_view value = gsl_vector_view_array(out, (size_t) n);
	gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc((size_t) n);

	if (work == NULL)
		return em_fail(ctx, EM_NO_MEMORY, "out of memory for eigenvalues");
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			matrix[i * n + j] = covariance(s, row[i], row[j]);
	gsl_eigen_symm(&view.matrix, &value.vector, work);
	gsl_eigen_symm_free(work);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			if (out[j] > out[i])
			{
				double		t = out[i];

				out[i] = out[j];
				out[j] = t;
			}
	for (int i = 0; i < n; i++)
		out[i] = fmax(out[i], 0);
	return EM_OK;
}

/* Components beside the constant: the constant's part of the columns is moment 0 alone. */
static em_status
make_components(em_ctx *ctx, em_resmap_model *m, const axis *s, double column[COLUMNS][MOMENTS])
{
	double		row[COLUMNS][MOMENTS];
	int			n;

	memcpy(row, column, sizeof(row));
	for (int i = 0; i < COLUMNS; i++)
		row[i][0] = 0;
	m->even_rank = orthonormalise(row, 6);
	for (int i = 0; i < m->even_rank; i++)
		memcpy(m->even[i], row[i] + 1, sizeof(m->even[i]));
	m->odd_rank = orthonormalise(row + 6, 10);
	for (int i = 0; i < m->odd_rank; i++)
		memcpy(m->odd[i], row[6 + i] + 7, sizeof(m->odd[i]));
	n = m->even_rank;
	memmove(row + n, row + 6, (size_t) m->odd_rank * sizeof(row[0]));
	return eigenvalues(ctx, s, row, n + m->odd_rank, m->eigenvalue);
}

em_status
em_resmap_model_init(em_ctx *ctx, double resolution, double voxel, double window, em_resmap_model *m)
{
	axis		s;
	double		column[COLUMNS][MOMENTS];
	double		sum = 0;

	memset(m, 0, sizeof(*m));
	m->resolution = resolution;
	m->radius = (int) fmin(ceil(resolution / (2 * voxel) - 1e-9), 1000);
	if (m->radius < 2 || m->radius > EM_RESMAP_RADIUS)
		return em_fail(ctx, EM_BAD_ARGUMENT, "a resolution of %g Å is not between 2 and %d voxels", resolution,
					   2 * EM_RESMAP_RADIUS);
	make_axis(&s, m->radius, 2 * M_PI / resolution * sqrt(0.4) * voxel, window);
	for (int i = 0; i < s.taps; i++)
	{
		m->weight[i] = s.w[i];
		sum += s.w[i];
		for (int a = 0; a < EM_RESMAP_ORDER; a++)
			m->filter[a][i] = s.w[i] * s.p[a][i];
	}
	make_columns(&s, column);
	EM_TRY(make_components(ctx, m, &s, column));
	m->residual_rank = orthonormalise(column, COLUMNS);
	memcpy(m->residual, column, sizeof(column));
	m->trace = sum * sum * sum;
	for (int i = 0; i < m->residual_rank; i++)
		m->trace -= covariance(&s, column[i], column[i]);
	return EM_OK;
}

double
em_resmap_statistic(const em_resmap_model *m, const double *moment)
{
	double		sum = 0;

	for (int i = 0; i < m->even_rank; i++)
	{
		double		c = 0;

		for (int k = 0; k < EM_RESMAP_EVEN; k++)
			c += m->even[i][k] * moment[1 + k];
		sum += c * c;
	}
	for (int i = 0; i < m->odd_rank; i++)
	{
		double		c = 0;

		for (int k = 0; k < EM_RESMAP_ODD; k++)
			c += m->odd[i][k] * moment[7 + k];
		sum += c * c;
	}
	return sum;
}
