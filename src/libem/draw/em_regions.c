/*
 * src/libem/draw/em_regions.c
 *		Masks and outliers as volumes to draw.
 */
#include "draw/em_regions.h"

#include <math.h>

#include "volume/em_density.h"

#define MASK_RADIUS 2.0			/* Å */
#define OUTLIER 5.0				/* standard deviations */

/* Fill both volumes. */
static em_status
fill(em_ctx *ctx, const em_volume *v, double contour, const em_mask *hard, em_volume *region, em_volume *far)
{
	em_stats	s;

	EM_TRY(em_volume_stats_outside(ctx, v, hard, &s));
	for (int64_t z = 0; z < v->grid.n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < v->grid.n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t x = 0; x < v->grid.n[0]; x++)
			{
				bool		inside = em_mask_get(hard, x, y, z);
				bool		dense = row[x] >= contour;

				em_volume_row(region, y, z)[x] = inside ? dense ? EM_REGION_MOLECULE : EM_REGION_GROWN :
					dense ? EM_REGION_APART : EM_REGION_OUTSIDE;
				em_volume_row(far, y, z)[x] = !inside && fabs(row[x] - s.mean) > OUTLIER * s.sd;
			}
		}
	}
	return EM_OK;
}

/* The constructed mask. */
static em_status
constructed_mask(em_ctx *ctx, const em_volume *v, double contour, em_mask **hard)
{
	em_mask    *raw;
	em_components *c;
	em_status	status;

	*hard = NULL;
	EM_TRY(em_grid_check_voxel(ctx, &v->grid, "the map"));
	EM_TRY(em_mask_threshold(ctx, v, contour, &raw));
	status = em_components_find(ctx, raw, &c);
	em_mask_destroy(ctx, raw);
	if (status != EM_OK)
		return status;
	if (c->count == 0)
		status = em_fail(ctx, EM_NOT_MEASURABLE, "no voxel reaches the contour level %g", contour);
	else
		status = em_mask_dilate_grid(ctx, c->largest, &v->grid, MASK_RADIUS, hard);
	em_components_destroy(ctx, c);
	return status;
}

em_status
em_regions_make(em_ctx *ctx, const em_volume *v, double contour, em_volume **region, em_volume **far)
{
	em_mask    *hard;
	em_status	status;

	*region = *far = NULL;
	status = constructed_mask(ctx, v, contour, &hard);
	if (status == EM_OK)
		status = em_volume_create(ctx, &v->grid, "the regions to draw", region);
	if (status == EM_OK)
		status = em_volume_create(ctx, &v->grid, "the outliers to draw", far);
	if (status == EM_OK)
		status = fill(ctx, v, contour, hard, *region, *far);
	em_mask_destroy(ctx, hard);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *region);
		em_volume_destroy(ctx, *far);
		*region = *far = NULL;
	}
	return status;
}
