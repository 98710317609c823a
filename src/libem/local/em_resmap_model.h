/*
 * src/libem/local/em_resmap_model.h
 *		The local model of ResMap at one resolution, reduced to separable filters.
 *
 * About a voxel, coordinates x = a (i voxel), a = 2 pi/R sqrt(2/5), i = -r..r along
 * each axis, r = ceil(R/(2 voxel)), weight exp(-window |x|²), window 1 as in the
 * program (em_resmap.h says why).  The model has a constant,
 * 4 t² - 2 for t along the 6 axes of an icosahedron and t³ - 2.254 t along the 10
 * axes of a dodecahedron: polynomials of degree 3 at most, which 20 products
 * u_a(x) u_b(y) u_c(z), a + b + c <= 3, of one-dimensional polynomials span, each
 * orthonormal under the weight.  In their basis the model is a matrix of 20 x 17
 * whatever the window, and the statistic
 *		|the 16 components of y beside the constant|²
 * comes from 34 one-dimensional filters.
 */
#ifndef EM_RESMAP_MODEL_H
#define EM_RESMAP_MODEL_H

#include "core/em_ctx.h"

#define EM_RESMAP_RADIUS 16		/* largest r */
#define EM_RESMAP_TAPS (2 * EM_RESMAP_RADIUS + 1)
#define EM_RESMAP_ORDER 4		/* polynomials an axis: degrees 0..3 */
#define EM_RESMAP_MOMENTS 20	/* products of total degree <= 3 */
#define EM_RESMAP_EVEN 6		/* ... of degree 2 */
#define EM_RESMAP_ODD 13		/* ... of degrees 1 and 3 */
#define EM_RESMAP_COMPONENTS 16	/* of the model without the constant */

/* Degrees along x, y, z of the moments: 0 the constant, 1..6 even, 7..19 odd. */
extern const int em_resmap_degree[EM_RESMAP_MOMENTS][3];

typedef struct em_resmap_model
{
	double		resolution;		/* R, Å */
	int			radius;			/* r, voxels */
	double		weight[EM_RESMAP_TAPS]; /* of the taps along an axis */
	double		filter[EM_RESMAP_ORDER][EM_RESMAP_TAPS];	/* weight times polynomial */
	double		odd[10][EM_RESMAP_ODD]; /* rows: orthonormal components of the odd moments */
	int			odd_rank;
	double		even[EM_RESMAP_EVEN][EM_RESMAP_EVEN];	/* likewise of the even ones */
	int			even_rank;
	double		eigenvalue[EM_RESMAP_COMPONENTS];	/* weights of the null law, descending */
	double		residual[EM_RESMAP_COMPONENTS][EM_RESMAP_MOMENTS];	/* model without constant, orthonormal */
	int			residual_rank;
	double		trace;			/* of the residual form of noise */
} em_resmap_model;

/* EM_BAD_ARGUMENT when the window's radius exceeds EM_RESMAP_RADIUS. */
extern em_status em_resmap_model_init(em_ctx *ctx, double resolution, double voxel, double window,
									  em_resmap_model *m);

/* The statistic (before division by the noise variance) from the 20 moments. */
extern double em_resmap_statistic(const em_resmap_model *m, const double *moment);

#endif							/* EM_RESMAP_MODEL_H */
