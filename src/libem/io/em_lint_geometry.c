/*
 * src/libem/io/em_lint_geometry.c
 *		Defects of cell, sampling, axes, start and origin.
 */
#include "io/em_lint.h"

#include <math.h>

#define IMOD_ORIGIN_INVERTED 4
#define SMALLEST_VOXEL 0.05		/* Å; below, the cell is hardly in Å */
#define LARGEST_VOXEL 100.0

/* Is the voxel size known, isotropic and credible? */
static void
lint_voxel_size(const em_mrc_header *h, em_lint_list *list)
{
	const double *v = h->grid.voxel;
	double		low = fmin(v[0], fmin(v[1], v[2]));
	double		high = fmax(v[0], fmax(v[1], v[2]));

	for (int j = 0; j < 3; j++)
		if (!(h->cell[j] > 0) || !isfinite(h->cell[j]))
		{
			em_lint_add(list, EM_LINT_ERROR, "cell_unset",
					"The cell is %g x %g x %g Å; a length must be positive.",
					h->cell[0], h->cell[1], h->cell[2]);
			break;
		}
	for (int j = 0; j < 3; j++)
		if (h->m[j] <= 0)
		{
			em_lint_add(list, EM_LINT_ERROR, "sampling_unset",
					"MX, MY, MZ are %d, %d, %d; the number of intervals along the cell must be positive.",
					h->m[0], h->m[1], h->m[2]);
			break;
		}
	if (low <= 0)
	{
		em_lint_add(list, EM_LINT_ERROR, "voxel_size_unset",
				"The header gives no voxel size along %s%s%s; lengths in Å cannot be computed.",
				v[0] <= 0 ? "x" : "", v[1] <= 0 ? "y" : "", v[2] <= 0 ? "z" : "");
		return;
	}
	if (high - low > 1e-3 * high)
		em_lint_add(list, EM_LINT_WARNING, "voxel_size_anisotropic",
				"The voxel size differs between the axes: %.6g, %.6g, %.6g Å.", v[0], v[1], v[2]);
	if (low < SMALLEST_VOXEL || high > LARGEST_VOXEL)
		em_lint_add(list, EM_LINT_WARNING, "voxel_size_implausible",
				"A voxel of %.6g x %.6g x %.6g Å is not credible; the cell may not be in Å.",
				v[0], v[1], v[2]);
	else if (fabs(low - 1) < 1e-6 && fabs(high - 1) < 1e-6)
		em_lint_add(list, EM_LINT_INFO, "voxel_size_one",
				"The voxel size is exactly 1 Å, which many programs write when they do not know it.");
}

/* Does the box cover the cell? */
static void
lint_sampling(const em_mrc_header *h, em_lint_list *list)
{
	const int64_t *n = h->grid.n;

	if (h->ispg == 0 && h->m[2] == 1 && n[2] > 1)
		em_lint_add(list, EM_LINT_WARNING, "image_stack",
				"ISPG 0 with MZ 1 marks a stack of %lld images; it is read as one volume.", (long long) n[2]);
	else if (h->m[0] > 0 && h->m[1] > 0 && h->m[2] > 0 &&
			 (h->m[0] != n[0] || h->m[1] != n[1] || h->m[2] != n[2]))
		em_lint_add(list, EM_LINT_INFO, "mx_differs",
				"The cell has %d x %d x %d intervals but the box %lld x %lld x %lld voxels; "
				"the voxel size is cell / M.", h->m[0], h->m[1], h->m[2],
				(long long) n[0], (long long) n[1], (long long) n[2]);
	if (n[2] == 1)
		em_lint_add(list, EM_LINT_INFO, "single_section",
				"There is one section only: an image rather than a map.");
	else if (n[0] != n[1] || n[1] != n[2])
		em_lint_add(list, EM_LINT_INFO, "non_cubic", "The box is not a cube: %lld x %lld x %lld voxels.",
				(long long) n[0], (long long) n[1], (long long) n[2]);
	if (n[0] % 2 != 0 || n[1] % 2 != 0 || n[2] % 2 != 0)
		em_lint_add(list, EM_LINT_INFO, "dims_odd",
				"The box has an odd side (%lld x %lld x %lld voxels), which some programs refuse.",
				(long long) n[0], (long long) n[1], (long long) n[2]);
}

/* Right angles? */
static void
lint_angles(const em_mrc_header *h, em_lint_list *list)
{
	const double *a = h->grid.angle;

	if (a[0] == 0 && a[1] == 0 && a[2] == 0)
		em_lint_add(list, EM_LINT_INFO, "angles_unset",
				"The cell angles are not set; 90 degrees are assumed.");
	else
		for (int j = 0; j < 3; j++)
			if (fabs(a[j] - 90) > 0.01)
			{
				em_lint_add(list, EM_LINT_WARNING, "angles_not_right",
						"The cell angles are %g, %g, %g degrees; distances are those of a skewed grid.",
						a[0], a[1], a[2]);
				break;
			}
}

/* Where the box lies. */
static void
lint_place(const em_mrc_header *h, em_lint_list *list)
{
	const int64_t *s = h->grid.start;
	const double *o = h->grid.origin;
	bool		start = s[0] != 0 || s[1] != 0 || s[2] != 0;
	bool		origin = o[0] != 0 || o[1] != 0 || o[2] != 0;

	if (start)
		em_lint_add(list, EM_LINT_INFO, "start_nonzero",
				"The box starts at voxel %lld, %lld, %lld (NXSTART, in x, y, z).",
				(long long) s[0], (long long) s[1], (long long) s[2]);
	if (origin)
		em_lint_add(list, EM_LINT_INFO, "origin_nonzero",
				"The box has its origin at %.6g, %.6g, %.6g Å.", o[0], o[1], o[2]);
	if (start && origin)
		em_lint_add(list, EM_LINT_WARNING, "start_and_origin",
				"Both NXSTART and ORIGIN are set; programs use one or the other and disagree on the place.");
	for (int j = 0; j < 3; j++)
		if (!isfinite(h->origin[j]))
		{
			em_lint_add(list, EM_LINT_WARNING, "origin_not_finite",
					"ORIGIN is %g, %g, %g; what is no number is taken as 0.",
					h->origin[0], h->origin[1], h->origin[2]);
			break;
		}
	if (origin && (h->imod_flags & IMOD_ORIGIN_INVERTED) != 0)
		em_lint_add(list, EM_LINT_INFO, "origin_inverted",
				"IMOD's flags say that ORIGIN has the opposite sign; it is kept as it is.");
}

void
em_lint_geometry(const em_mrc_header *h, em_lint_list *list)
{
	if (h->axes_unset)
		em_lint_add(list, EM_LINT_WARNING, "axes_unset",
				"MAPC, MAPR, MAPS are not set; 1, 2, 3 are assumed.");
	else if (h->map_axis[0] != 1 || h->map_axis[1] != 2)
		em_lint_add(list, EM_LINT_INFO, "axes_permuted",
				"Columns, rows and sections run along axes %d, %d, %d; voxels are put into x, y, z order.",
				h->map_axis[0], h->map_axis[1], h->map_axis[2]);
	lint_voxel_size(h, list);
	lint_sampling(h, list);
	lint_angles(h, list);
	lint_place(h, list);
}
