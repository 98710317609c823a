/*
 * src/libem/half/em_fso.h
 *		Fourier shell occupancy: how many directions still correlate at each
 *		resolution, whether those that do are spread evenly, and the resolution
 *		by direction.
 *
 * Vilas et al. 2023, doi:10.1038/s41592-023-01874-3; the columns ending in _vrs
 * follow xmipp_resolution_fso.  Bingham's test of uniformity: Mardia & Jupp,
 * Directional Statistics, 2000, section 10.7.
 */
#ifndef EM_FSO_H
#define EM_FSO_H

#include "half/em_directional.h"

#define EM_FSO_SETTLED 5		/* shells below this one are taken as fully occupied */

typedef struct em_fso
{
	int64_t		count;			/* shells 0 .. count-1 */
	double		length;
	int			directions;
	double	   *fso;			/* share of the directions whose FSC reaches the threshold */
	double	   *bingham;		/* S = 15 m (tr T² - 1/3) over the m directions that do */
	double	   *bingham_p;		/* probability of a larger S under uniformity, chi² with 5 degrees of freedom */
	double	   *anisotropy;		/* 1 - bingham_p */
	double	   *bingham_p_vrs;	/* what Xmipp stores as anisotropy: P(5, S), S rounded to halves, at most 20 */
	double	   *resolution;		/* Å by direction: first shell after the second with FSC <= threshold; NaN: none */
} em_fso;

/* The curves of a sweep at a threshold (0.143). */
extern em_status em_fso_create(em_ctx *ctx, const em_directional *d, double threshold, em_fso **out);
extern void em_fso_destroy(em_ctx *ctx, em_fso *f);

/*
 * Resolution over the sphere, on a grid of 1 degree: weighted mean, with the
 * weights of the sweep, of the directions within the cone; directions that
 * never fall below the threshold are left out, and a place without any other
 * is NaN.  Place (tilt, rot) is resolution[tilt * EM_SPHERE_ROTS + rot], its
 * axis (cos rot sin tilt, sin rot sin tilt, cos tilt), degrees.
 */
#define EM_SPHERE_ROTS 360
#define EM_SPHERE_TILTS 91
#define EM_SPHERE_POINTS (EM_SPHERE_ROTS * EM_SPHERE_TILTS)

extern em_status em_fso_sphere(em_ctx *ctx, const em_directional *d, const em_fso *f, double *resolution);

/* Distribution over the sphere, Å. */
typedef struct em_sphere_summary
{
	double		min;
	double		p10;
	double		median;
	double		p90;
	double		max;
	double		mean;
} em_sphere_summary;

/*
 * Of the places that have a resolution; each counts for the area it stands for,
 * or, as in Xmipp's table, for one (`by_area` false).  NaN when there is none.
 */
extern em_status em_fso_summary(em_ctx *ctx, const double *resolution, bool by_area, em_sphere_summary *out);

#endif							/* EM_FSO_H */
