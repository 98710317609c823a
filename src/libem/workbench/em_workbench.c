/*
 * src/libem/workbench/em_workbench.c
 *		The workbench: keeps intermediates, makes room, pins what is in use.
 */
#include "workbench/em_workbench.h"

#include "fourier/em_fft.h"
#include "volume/em_arith.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK_RADIUS 2.0			/* Å the hard mask is dilated by */
#define SOFT_SIGMA 1.4142135623730951	/* voxels; Xmipp's "sigma 2" is 2/sqrt(2) */

/* What can lie on the bench; per role, then the single ones. */
enum
{
	ITEM_VOLUME = 0,			/* + role */
	ITEM_SPECTRUM = EM_ROLE_COUNT,	/* + role */
	ITEM_RAW_MASK = 2 * EM_ROLE_COUNT,
	ITEM_COMPONENTS,
	ITEM_HARD_MASK,
	ITEM_HARD_MASK_VRS,
	ITEM_SOFT_MASK,
	ITEM_FSC,
	ITEM_MASKED1,				/* spectra of the masked half maps */
	ITEM_MASKED2,
	ITEM_DIRECTIONAL,
	ITEM_COUNT
};

struct em_workbench
{
	em_ctx	   *ctx;
	em_workbench_options opt;
	void	   *item[ITEM_COUNT];
	bool		pinned[ITEM_COUNT];
	em_stats	stats[EM_ROLE_COUNT];
	bool		has_stats[EM_ROLE_COUNT];
	int			loads[EM_ROLE_COUNT];
	em_half_check half_check;
	bool		has_half_check;
	uint64_t	keep;			/* bytes up to which intermediates are kept; 0: the budget */
};

/* Order in which unpinned items make room: quickly made again first. */
static const int drop_order[] = {
	ITEM_SOFT_MASK,
	ITEM_SPECTRUM + EM_ROLE_MASK, ITEM_VOLUME + EM_ROLE_MASK,
	ITEM_VOLUME + EM_ROLE_HALF1, ITEM_VOLUME + EM_ROLE_HALF2,
	ITEM_SPECTRUM + EM_ROLE_MAP, ITEM_MASKED1, ITEM_MASKED2,
	ITEM_VOLUME + EM_ROLE_MAP,
	ITEM_SPECTRUM + EM_ROLE_HALF1, ITEM_SPECTRUM + EM_ROLE_HALF2,
	ITEM_RAW_MASK, ITEM_HARD_MASK_VRS, ITEM_HARD_MASK, ITEM_COMPONENTS
};

const char *
em_role_name(em_role role)
{
	static const char *const name[] = {"map", "half map 1", "half map 2", "mask"};

	return name[role];
}

em_status
em_workbench_create(em_ctx *ctx, const em_workbench_options *options, em_workbench **out)
{
	em_workbench *wb = em_alloc(ctx, 1, sizeof(em_workbench), "the workbench");

	*out = wb;
	if (wb == NULL)
		return em_ctx_status(ctx);
	wb->ctx = ctx;
	wb->opt = *options;
	return EM_OK;
}

/* Take one item off the bench. */
static void
drop(em_workbench *wb, int i)
{
	void	   *p = wb->item[i];

	wb->item[i] = NULL;
	wb->pinned[i] = false;
	if (p == NULL)
		return;
	if (i < ITEM_RAW_MASK || i == ITEM_SOFT_MASK || i == ITEM_MASKED1 || i == ITEM_MASKED2)
		em_volume_destroy(wb->ctx, p);
	else if (i == ITEM_COMPONENTS)
		em_components_destroy(wb->ctx, p);
	else if (i == ITEM_FSC)
		em_fsc_destroy(wb->ctx, p);
	else if (i == ITEM_DIRECTIONAL)
		em_directional_destroy(wb->ctx, p);
	else
		em_mask_destroy(wb->ctx, p);
}

void
em_workbench_destroy(em_workbench *wb)
{
	if (wb == NULL)
		return;
	for (int i = 0; i < ITEM_COUNT; i++)
		drop(wb, i);
	em_free(wb->ctx, wb);
}

em_ctx *
em_workbench_ctx(const em_workbench *wb)
{
	return wb->ctx;
}

bool
em_workbench_has(const em_workbench *wb, em_role role)
{
	return wb->opt.present[role];
}

const em_grid *
em_workbench_grid(const em_workbench *wb, em_role role)
{
	return &wb->opt.grid[role];
}

double
em_workbench_contour(const em_workbench *wb)
{
	return wb->opt.contour;
}

double
em_workbench_resolution(const em_workbench *wb)
{
	return wb->opt.resolution;
}

double
em_workbench_param(const em_workbench *wb, const char *name, double fallback)
{
	for (int i = 0; i < wb->opt.n_params; i++)
		if (strcmp(wb->opt.params[i].name, name) == 0)
			return wb->opt.params[i].value;
	return fallback;
}

int
em_workbench_loads(const em_workbench *wb, em_role role)
{
	return wb->loads[role];
}

void
em_workbench_unpin(em_workbench *wb)
{
	for (int i = 0; i < ITEM_COUNT; i++)
		wb->pinned[i] = false;
}

/* Would `bytes` more fit in the budget, or what is kept of it, as it stands? */
static bool
fits(const em_workbench *wb, uint64_t bytes)
{
	uint64_t	budget = em_ctx_memory_budget(wb->ctx);
	uint64_t	used = em_ctx_memory_used(wb->ctx);

	if (wb->keep > 0 && wb->keep < budget)
		budget = wb->keep;
	return bytes <= budget && used <= budget - bytes;
}

/* Drop unpinned items until `bytes` fit; the allocation itself reports a failure. */
static void
make_room(em_workbench *wb, uint64_t bytes)
{
	for (size_t i = 0; i < sizeof(drop_order) / sizeof(drop_order[0]) && !fits(wb, bytes); i++)
		if (!wb->pinned[drop_order[i]])
			drop(wb, drop_order[i]);
}

/* Hand out an item and keep it for the rest of the check. */
static void *
pin(em_workbench *wb, int i)
{
	wb->pinned[i] = true;
	return wb->item[i];
}

/* Fail when a role has no map. */
static em_status
need_role(em_workbench *wb, em_role role)
{
	if (!wb->opt.present[role])
		return em_fail(wb->ctx, EM_BAD_ARGUMENT, "the entry has no %s", em_role_name(role));
	return EM_OK;
}

em_status
em_workbench_volume(em_workbench *wb, em_role role, const em_volume **out)
{
	int			i = ITEM_VOLUME + (int) role;

	EM_TRY(need_role(wb, role));
	if (wb->item[i] == NULL)
	{
		em_volume  *v;

		make_room(wb, em_volume_bytes(&wb->opt.grid[role]));
		EM_TRY(wb->opt.load(wb->opt.arg, wb->ctx, role, &v));
		wb->item[i] = v;
		wb->loads[role]++;
	}
	*out = pin(wb, i);
	return EM_OK;
}

em_status
em_workbench_stats(em_workbench *wb, em_role role, const em_stats **out)
{
	if (!wb->has_stats[role])
	{
		const em_volume *v;

		EM_TRY(em_workbench_volume(wb, role, &v));
		EM_TRY(em_volume_stats(wb->ctx, v, &wb->stats[role]));
		wb->has_stats[role] = true;
	}
	*out = &wb->stats[role];
	return EM_OK;
}

/*
 * Voxels that may be transformed in place: those of a half map (hardly anything
 * else needs them), or of any map when a copy would not fit.
 */
static bool
transform_in_place(const em_workbench *wb, em_role role)
{
	uint64_t	bytes = em_volume_bytes(&wb->opt.grid[role]);

	if (wb->pinned[ITEM_VOLUME + role])
		return false;
	return role == EM_ROLE_HALF1 || role == EM_ROLE_HALF2 || !fits(wb, bytes);
}

em_status
em_workbench_spectrum(em_workbench *wb, em_role role, const em_volume **out)
{
	int			i = ITEM_SPECTRUM + (int) role;

	EM_TRY(need_role(wb, role));
	if (wb->item[i] == NULL)
	{
		int			iv = ITEM_VOLUME + (int) role;
		bool		was_pinned = wb->pinned[iv];
		const em_volume *voxels;
		em_volume  *v;
		em_status	status;

		EM_TRY(em_workbench_volume(wb, role, &voxels));
		wb->pinned[iv] = was_pinned;
		if (transform_in_place(wb, role))
		{
			v = wb->item[iv];
			wb->item[iv] = NULL;
		}
		else
		{
			wb->pinned[iv] = true;
			make_room(wb, em_volume_bytes(&wb->opt.grid[role]));
			wb->pinned[iv] = was_pinned;
			EM_TRY(em_volume_copy(wb->ctx, voxels, em_role_name(role), &v));
		}
		make_room(wb, em_fft_scratch_bytes(wb->ctx, &v->grid));
		status = em_fft_forward(wb->ctx, v);
		if (status != EM_OK)
		{
			em_volume_destroy(wb->ctx, v);
			return status;
		}
		wb->item[i] = v;
	}
	*out = pin(wb, i);
	return EM_OK;
}

/* Fail unless the entry has a contour level that is a number. */
static em_status
need_contour(em_workbench *wb)
{
	if (!isfinite(wb->opt.contour))
		return em_fail(wb->ctx, EM_BAD_ARGUMENT, "no contour level is known");
	return EM_OK;
}

/* Threshold the map. */
static em_status
threshold_map(em_workbench *wb, double threshold, em_mask **out)
{
	const em_volume *map;

	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	make_room(wb, em_mask_bytes(map->grid.n));
	return em_mask_threshold(wb->ctx, map, threshold, out);
}

em_status
em_workbench_raw_mask(em_workbench *wb, const em_mask **out)
{
	EM_TRY(need_contour(wb));
	if (wb->item[ITEM_RAW_MASK] == NULL)
	{
		em_mask    *m;

		EM_TRY(threshold_map(wb, wb->opt.contour, &m));
		wb->item[ITEM_RAW_MASK] = m;
	}
	*out = pin(wb, ITEM_RAW_MASK);
	return EM_OK;
}

em_status
em_workbench_components(em_workbench *wb, const em_components **out)
{
	if (wb->item[ITEM_COMPONENTS] == NULL)
	{
		const em_mask *raw;
		em_components *c;

		EM_TRY(em_workbench_raw_mask(wb, &raw));
		make_room(wb, em_components_bytes(raw->n) + em_mask_bytes(raw->n));
		EM_TRY(em_components_find(wb->ctx, raw, &c));
		wb->item[ITEM_COMPONENTS] = c;
	}
	*out = pin(wb, ITEM_COMPONENTS);
	return EM_OK;
}

/* Say that nothing reaches the contour level. */
static em_status
empty_mask(em_workbench *wb)
{
	return em_fail(wb->ctx, EM_NOT_MEASURABLE, "no voxel reaches the contour level %g", wb->opt.contour);
}

em_status
em_workbench_hard_mask(em_workbench *wb, const em_mask **out)
{
	if (wb->item[ITEM_HARD_MASK] == NULL)
	{
		const em_components *c;
		const em_grid *grid = &wb->opt.grid[EM_ROLE_MAP];
		em_mask    *m;

		EM_TRY(em_grid_check_voxel(wb->ctx, grid, em_role_name(EM_ROLE_MAP)));
		EM_TRY(em_workbench_components(wb, &c));
		if (c->count == 0)
			return empty_mask(wb);
		make_room(wb, em_mask_bytes(grid->n));
		EM_TRY(em_mask_dilate_grid(wb->ctx, c->largest, grid, MASK_RADIUS, &m));
		wb->item[ITEM_HARD_MASK] = m;
	}
	*out = pin(wb, ITEM_HARD_MASK);
	return EM_OK;
}

/* The contour level as VRS hands it to the threshold program: six decimals. */
static double
contour_vrs(double contour)
{
	char		text[400];

	snprintf(text, sizeof(text), "%f", contour);
	return strtod(text, NULL);
}

/* Steps of VRS's dilation by 2 Å; one a voxel of the longest axis fills any box. */
static int
steps_vrs(const em_grid *grid)
{
	const double longest = fmax(fmax((double) grid->n[0], (double) grid->n[1]), (double) grid->n[2]);

	return (int) fmin(ceil(MASK_RADIUS / grid->voxel[0]), longest);
}

em_status
em_workbench_hard_mask_vrs(em_workbench *wb, const em_mask **out)
{
	const em_grid *grid = &wb->opt.grid[EM_ROLE_MAP];
	double		contour = contour_vrs(wb->opt.contour);
	em_components *own = NULL;
	const em_components *c;
	em_mask    *m;
	em_status	status;

	EM_TRY(need_contour(wb));
	EM_TRY(em_grid_check_voxel(wb->ctx, grid, em_role_name(EM_ROLE_MAP)));
	if (wb->item[ITEM_HARD_MASK_VRS] == NULL)
	{
		if (contour == wb->opt.contour)
			EM_TRY(em_workbench_components(wb, &c));
		else
		{
			em_mask    *raw;

			EM_TRY(threshold_map(wb, contour, &raw));
			make_room(wb, em_components_bytes(raw->n) + em_mask_bytes(raw->n));
			status = em_components_find(wb->ctx, raw, &own);
			em_mask_destroy(wb->ctx, raw);
			if (status != EM_OK)
				return status;
			c = own;
		}
		if (c->count == 0)
			status = empty_mask(wb);
		else
			status = em_mask_dilate_vrs(wb->ctx, c->largest, steps_vrs(grid), &m);
		if (own != NULL)
			em_components_destroy(wb->ctx, own);
		if (status != EM_OK)
			return status;
		wb->item[ITEM_HARD_MASK_VRS] = m;
	}
	*out = pin(wb, ITEM_HARD_MASK_VRS);
	return EM_OK;
}

em_status
em_workbench_soft_mask(em_workbench *wb, const em_volume **out)
{
	if (wb->item[ITEM_SOFT_MASK] == NULL)
	{
		const em_mask *hard = NULL;
		em_volume  *v;

		EM_TRY(em_workbench_hard_mask(wb, &hard));
		make_room(wb, em_volume_bytes(&wb->opt.grid[EM_ROLE_MAP]));
		EM_TRY(em_mask_soften(wb->ctx, hard, &wb->opt.grid[EM_ROLE_MAP], SOFT_SIGMA, &v));
		wb->item[ITEM_SOFT_MASK] = v;
	}
	*out = pin(wb, ITEM_SOFT_MASK);
	return EM_OK;
}

em_status
em_workbench_fsc(em_workbench *wb, const em_fsc **out)
{
	if (wb->item[ITEM_FSC] == NULL)
	{
		const em_volume *f1;
		const em_volume *f2;
		em_fsc	   *fsc;

		EM_TRY(need_role(wb, EM_ROLE_HALF1));
		EM_TRY(need_role(wb, EM_ROLE_HALF2));
		EM_TRY(em_grid_same(wb->ctx, &wb->opt.grid[EM_ROLE_HALF1], &wb->opt.grid[EM_ROLE_HALF2],
							"half map 1", "half map 2"));
		EM_TRY(em_workbench_spectrum(wb, EM_ROLE_HALF1, &f1));
		EM_TRY(em_workbench_spectrum(wb, EM_ROLE_HALF2, &f2));
		make_room(wb, em_fsc_sweep_bytes(wb->ctx, &f1->grid));
		EM_TRY(em_fsc_sweep(wb->ctx, f1, f2, &fsc));
		wb->item[ITEM_FSC] = fsc;
	}
	*out = pin(wb, ITEM_FSC);
	return EM_OK;
}

/*
 * Look at the half maps: voxels first, as their spectra may take their place
 * unless the caller has pinned them.
 */
static em_status
look_at_halves(em_workbench *wb, const bool *pinned, em_half_check *out)
{
	const em_volume *v[2];

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < 2; i++)
		EM_TRY(em_workbench_volume(wb, EM_ROLE_HALF1 + i, &v[i]));
	EM_TRY(em_grid_same(wb->ctx, &v[0]->grid, &v[1]->grid, "half map 1", "half map 2"));
	EM_TRY(em_half_check_voxels(wb->ctx, v[0], v[1], out));
	for (int i = 0; i < 2; i++)
	{
		wb->pinned[ITEM_VOLUME + EM_ROLE_HALF1 + i] = pinned[ITEM_VOLUME + EM_ROLE_HALF1 + i];
		EM_TRY(em_workbench_spectrum(wb, EM_ROLE_HALF1 + i, &v[i]));
	}
	return em_half_check_spectra(wb->ctx, v[0], v[1], wb->opt.resolution, out);
}

em_status
em_workbench_half_check(em_workbench *wb, const em_half_check **out)
{
	if (!wb->has_half_check)
	{
		bool		pinned[ITEM_COUNT];
		em_status	status;

		memcpy(pinned, wb->pinned, sizeof(pinned));
		status = look_at_halves(wb, pinned, &wb->half_check);
		for (int i = 0; i < ITEM_COUNT; i++)
			wb->pinned[i] = pinned[i] && wb->item[i] != NULL;
		if (status != EM_OK)
			return status;
		wb->has_half_check = true;
	}
	*out = &wb->half_check;
	return EM_OK;
}

void
em_workbench_keep_within(em_workbench *wb, uint64_t bytes)
{
	wb->keep = bytes;
}

void
em_workbench_make_room(em_workbench *wb, uint64_t bytes)
{
	make_room(wb, bytes);
}

/* Take item i off the bench, or copy it when it is pinned or memory allows. */
static em_status
take_item(em_workbench *wb, int i, const char *what, em_volume **out)
{
	const em_volume *v = wb->item[i];
	uint64_t	bytes = em_volume_bytes(&v->grid);

	if (!wb->pinned[i] && !fits(wb, bytes))
	{
		*out = wb->item[i];
		wb->item[i] = NULL;
		return EM_OK;
	}
	make_room(wb, bytes);
	return em_volume_copy(wb->ctx, v, what, out);
}

em_status
em_workbench_take_volume(em_workbench *wb, em_role role, em_volume **out)
{
	int			i = ITEM_VOLUME + (int) role;

	*out = NULL;
	EM_TRY(need_role(wb, role));
	if (wb->item[i] != NULL)
		return take_item(wb, i, em_role_name(role), out);
	make_room(wb, em_volume_bytes(&wb->opt.grid[role]));
	EM_TRY(wb->opt.load(wb->opt.arg, wb->ctx, role, out));
	wb->loads[role]++;
	return EM_OK;
}

em_status
em_workbench_take_spectrum(em_workbench *wb, em_role role, em_volume **out)
{
	int			i = ITEM_SPECTRUM + (int) role;
	em_status	status;

	*out = NULL;
	if (wb->item[i] != NULL)
		return take_item(wb, i, em_role_name(role), out);
	EM_TRY(em_workbench_take_volume(wb, role, out));
	make_room(wb, em_fft_scratch_bytes(wb->ctx, &(*out)->grid));
	status = em_fft_forward(wb->ctx, *out);
	if (status != EM_OK)
	{
		em_volume_destroy(wb->ctx, *out);
		*out = NULL;
	}
	return status;
}

em_status
em_workbench_half_mask(em_workbench *wb, const em_volume **out)
{
	bool		pinned[ITEM_COUNT];
	bool		given = wb->opt.present[EM_ROLE_MASK];
	em_status	status;

	*out = NULL;
	if (!given && !(wb->opt.present[EM_ROLE_MAP] && isfinite(wb->opt.contour)))
		return EM_OK;
	memcpy(pinned, wb->pinned, sizeof(pinned));
	status = given ? em_workbench_volume(wb, EM_ROLE_MASK, out) : em_workbench_soft_mask(wb, out);
	memcpy(wb->pinned, pinned, sizeof(pinned));
	if (status == EM_OK)
		wb->pinned[given ? ITEM_VOLUME + EM_ROLE_MASK : ITEM_SOFT_MASK] = true;
	return status;
}

em_status
em_workbench_masked_spectrum(em_workbench *wb, em_role role, const em_volume **out)
{
	int			i = role == EM_ROLE_HALF1 ? ITEM_MASKED1 : ITEM_MASKED2;
	bool		pinned[ITEM_COUNT];
	const em_volume *mask;
	em_volume  *v = NULL;
	em_status	status;

	memcpy(pinned, wb->pinned, sizeof(pinned));
	if (wb->item[i] == NULL)
	{
		EM_TRY(em_workbench_half_mask(wb, &mask));
		if (mask == NULL)
			return em_workbench_spectrum(wb, role, out);
		status = em_workbench_take_volume(wb, role, &v);
		make_room(wb, em_fft_scratch_bytes(wb->ctx, &mask->grid));
		if (status == EM_OK)
			status = em_volume_multiply(wb->ctx, v, mask);
		if (status == EM_OK)
			status = em_fft_forward(wb->ctx, v);
		memcpy(wb->pinned, pinned, sizeof(pinned));
		if (status != EM_OK)
		{
			em_volume_destroy(wb->ctx, v);
			return status;
		}
		wb->item[i] = v;
	}
	*out = pin(wb, i);
	return EM_OK;
}

em_status
em_workbench_directional(em_workbench *wb, const em_directional **out)
{
	if (wb->item[ITEM_DIRECTIONAL] == NULL)
	{
		em_directional_options options = {
			.cone = em_workbench_param(wb, "cone", EM_DIRECTIONAL_DEFAULTS.cone),
			.axis_cone = em_workbench_param(wb, "axis_cone", EM_DIRECTIONAL_DEFAULTS.axis_cone)
		};
		bool		pinned[ITEM_COUNT];
		const em_volume *f1;
		const em_volume *f2;
		em_directional *d;

		memcpy(pinned, wb->pinned, sizeof(pinned));
		EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF1, &f1));
		EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF2, &f2));
		make_room(wb, em_directional_bytes(wb->ctx, &f1->grid));
		EM_TRY(em_directional_sweep(wb->ctx, f1, f2, &options, &d));
		memcpy(wb->pinned, pinned, sizeof(pinned));
		wb->item[ITEM_DIRECTIONAL] = d;
	}
	*out = pin(wb, ITEM_DIRECTIONAL);
	return EM_OK;
}
