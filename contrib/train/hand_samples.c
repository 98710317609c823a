/*
 * contrib/train/hand_samples.c
 *		From models to rods with the truth about them.
 */
#include "hand_samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/em_quantile.h"
#include "fourier/em_fft.h"

#define STREAM 0x68616e64		/* of the draws */
#define NEAR 2.5				/* Å from a true axis point */
#define PARALLEL 0.88			/* cosine to the axis there */

/* Does a rod lie on a true helix? */
static bool
is_helix(const tr_base *base, const em_rod *rod)
{
	for (int i = 0; i < base->n_axis; i++)
	{
		const tr_axis_point *p = base->axis + i;
		double		d2 = 0;
		double		cosine = 0;

		for (int j = 0; j < 3; j++)
		{
			d2 += pow(p->at[j] - rod->centre[j], 2);
			cosine += p->along[j] * rod->axis[j];
		}
		if (d2 < NEAR * NEAR && fabs(cosine) > PARALLEL)
			return true;
	}
	return false;
}

/* Room for n more samples and one more map; 0, or -1 without memory. */
static int
make_room(tr_hand_set *set, int n)
{
	if (set->n + n > set->room)
	{
		const int64_t room = 2 * (set->n + n);
		void	   *more = realloc(set->sample, (size_t) room * sizeof(tr_hand_sample));

		if (more == NULL)
			return -1;
		set->sample = more;
		set->room = room;
	}
	if (set->n_maps == set->map_room)
	{
		const int	room = 2 * set->n_maps + 16;
		void	   *more = realloc(set->map, (size_t) room * sizeof(tr_hand_map));

		if (more == NULL)
			return -1;
		set->map = more;
		set->map_room = room;
	}
	return 0;
}

/* The mask that holds a share of the box. */
static em_status
mask_of_share(em_ctx *ctx, const em_volume *map, double share, em_mask **out)
{
	const double q = 1 - share;
	double		contour;
	int64_t		n;

	EM_TRY(em_quantiles(ctx, map, NULL, EM_RANK_LINEAR, &q, 1, &contour, &n));
	return em_mask_threshold(ctx, map, contour, out);
}

/* Search one map, which is used up, and add what is found; base: NULL when it has no helices. */
static em_status
add_map(em_ctx *ctx, const tr_base *base, em_volume *map, double share, tr_hand_map about, tr_hand_set *set)
{
	em_mask    *mask;
	em_hand_candidate *c = NULL;
	int			n = 0;
	em_status	status;

	EM_TRY(mask_of_share(ctx, map, share, &mask));
	status = em_fft_forward(ctx, map);
	if (status == EM_OK)
		status = em_hand_candidates(ctx, map, mask, about.resolution, &c, &n);
	em_mask_destroy(ctx, mask);
	if (status == EM_OK && make_room(set, n) != 0)
		status = em_fail(ctx, EM_NO_MEMORY, "no memory for samples");
	if (status == EM_OK)
	{
		about.helical_residues = base != NULL ? base->helical_residues : 0;
		about.grid = map->grid;
		about.first = set->n;
		about.n = n;
		set->map[set->n_maps++] = about;
		for (int i = 0; i < n; i++)
			set->sample[set->n++] = (tr_hand_sample) {c[i], base != NULL && is_helix(base, &c[i].rod)};
	}
	em_free(ctx, c);
	return status;
}

em_status
tr_hand_add(em_ctx *ctx, const tr_entry *entry, int model, const tr_hand_wish *wish, int wishes,
			uint64_t seed, tr_hand_set *set)
{
	tr_draws	draws = {seed, STREAM + (uint64_t) model, 0};
	tr_model	atoms;
	tr_base		base;
	char		message[256];
	em_status	status;

	if (tr_model_read(entry->path, &atoms, message, sizeof(message)) != 0)
	{
		fprintf(stderr, "%s: %s\n", entry->path, message);
		return EM_OK;
	}
	status = tr_base_make(ctx, &atoms, &draws, &base);
	tr_model_free(&atoms);
	if (status != EM_OK)
		return status;
	for (int i = 0; i < wishes && status == EM_OK; i++)
	{
		const double d = wish[i].resolution > 0 ? wish[i].resolution : tr_between(&draws, 2.8, 5.2);
		const double noise = wish[i].noise > 0 ? wish[i].noise : tr_between(&draws, 1, 3);
		const tr_map_options o = tr_map_options_draw(d, noise, &draws);
		em_volume  *map = NULL;

		status = tr_map_make(ctx, &base, &o, &draws, &map);
		if (status == EM_OK)
			status = add_map(ctx, &base, map, base.filled * tr_between(&draws, 0.2, 1.2),
							 (tr_hand_map) {.resolution = d,.noise = noise,.model = model}, set);
		em_volume_destroy(ctx, map);
	}
	tr_base_free(ctx, &base);
	return status;
}

/* A spectrum that falls with a B-factor and ends at a resolution. */
typedef struct fall
{
	double		b;
	double		resolution;
} fall;

static double
falling(const void *arg, double s)
{
	const fall *f = arg;

	return s * f->resolution < 1 ? exp(-f->b * s * s / 4) : 0;
}

em_status
tr_hand_add_noise(em_ctx *ctx, int index, uint64_t seed, tr_hand_set *set)
{
	tr_draws	draws = {seed, STREAM, (uint64_t) index << 32};
	const fall	f = {tr_between(&draws, 0, 150), tr_between(&draws, 2.8, 5.2)};
	const int64_t n = 2 * tr_below(&draws, 20) + 60;
	const em_grid grid = {.n = {n, n, n},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_volume  *map;
	em_status	status;

	EM_TRY(tr_white_noise(ctx, &grid, &draws, &map));
	status = em_fft_forward(ctx, map);
	if (status == EM_OK)
	{
		tr_filter(map, falling, &f);
		status = em_fft_inverse(ctx, map);
	}
	if (status == EM_OK)
		status = add_map(ctx, NULL, map, tr_between(&draws, 0.05, 0.5),
						 (tr_hand_map) {.resolution = f.resolution,.noise = INFINITY,.model = -1}, set);
	em_volume_destroy(ctx, map);
	return status;
}

void
tr_hand_free(tr_hand_set *set)
{
	free(set->sample);
	free(set->map);
	*set = (tr_hand_set) {0};
}
