/*
 * src/libem/checks/check_1h_fsc3d.c
 *		Check 1.h: FSC along x, y and z and of whole shells, the 3D FSC and its
 *		sphericity, of the masked half maps.
 *
 * The curves come from the sweep that check 1.g makes too.  Without a mask or a
 * contour the half maps are taken as they are, and measure "masked" is 0.
 */
#include "checks/em_check_list.h"
#include "checks/em_direction_series.h"
#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"

#include <math.h>

#include "half/em_fsc3d.h"

#define THRESHOLD 0.143
#define SPHERICITY_THRESHOLD 0.5	/* of the 3D FSC, as 3DFSC has it */
#define KEEP 200.0				/* Å: lower resolution counts as resolved */
#define CURVES 4
#define SMALL ((uint64_t) 4 << 20)

static const char *const curve_name[CURVES] = {"x", "y", "z", "global"};
static const char *const curve_name_vrs[CURVES] = {"x_vrs", "y_vrs", "z_vrs", "global_vrs"};

static const double *
curve_of(const em_directional *d, int i)
{
	return i < 3 ? d->axis[i] : d->global;
}

/* Resolutions at 0.143, and the range they span when all are known. */
static em_status
store_crossings(em_results *out, const em_directional *d, double threshold)
{
	double		least = INFINITY;
	double		largest = -INFINITY;
	int			known = 0;

	for (int i = 0; i < CURVES; i++)
	{
		const double *curve = curve_of(d, i);
		double		frequency;

		if (em_crossings(curve, d->count, d->length, threshold, -1, &frequency, 1) > 0)
		{
			EM_TRY(em_results_measure(out, curve_name[i], 1 / frequency, "Å"));
			least = fmin(least, 1 / frequency);
			largest = fmax(largest, 1 / frequency);
			known++;
		}
		EM_TRY(em_results_measure(out, curve_name_vrs[i],
								  em_first_crossing_vrs(curve, d->count, d->length, threshold, -1), "Å"));
	}
	if (known < CURVES)
		return EM_OK;
	EM_TRY(em_results_measure(out, "anisotropy_min", least, "Å"));
	return em_results_measure(out, "anisotropy_max", largest, "Å");
}

/* The curves over the shells from 1 on; shell and resolution only for the rows of a function. */
static em_status
store_curves(em_results *out, const em_directional *d, bool rows)
{
	int64_t		n = d->count - 1;
	double	   *frequency = em_alloc(out->ctx, (uint64_t) d->count * 3, sizeof(double), "3D FSC");
	double	   *shell = frequency + d->count;
	double	   *resolution = frequency + 2 * d->count;
	em_status	status = EM_OK;

	if (frequency == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 1; i < d->count; i++)
	{
		frequency[i] = (double) i / d->length;
		shell[i] = (double) i;
		resolution[i] = d->length / (double) i;
	}
	for (int i = 0; i < CURVES && status == EM_OK; i++)
		status = em_results_series(out, curve_name[i], n, "frequency", frequency + 1, "1/Å", curve_of(d, i) + 1, "");
	if (rows && status == EM_OK)
		status = em_results_series(out, "shell", n, "frequency", frequency + 1, "1/Å", shell + 1, "");
	if (rows && status == EM_OK)
		status = em_results_series(out, "resolution", n, "frequency", frequency + 1, "1/Å", resolution + 1, "Å");
	em_free(out->ctx, frequency);
	return status;
}

/* The 3D FSC of the masked half maps; nothing is pinned afterwards but the curves. */
static em_status
make_cube(em_workbench *wb, const em_directional *d, em_volume **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	int64_t		reach = em_fsc3d_reach(d->global, d->count);
	const em_volume *f1;
	const em_volume *f2;
	em_shells	s;
	em_status	status;

	*out = NULL;
	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF1, &f1));
	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF2, &f2));
	EM_TRY(em_shells_init(ctx, &f1->grid, &s));
	em_workbench_make_room(wb, em_fsc3d_bytes(reach) + em_fsc3d_scratch_bytes(&s, reach));
	status = em_fsc3d_volume(ctx, f1, f2, d->options.axis_cone, reach, out);
	em_workbench_unpin(wb);
	return status;
}

/* Where the 3D FSC falls to the threshold on the way out from the centre, Å; NaN when it does not. */
static double
resolution_along(const em_volume *cube, const double v[3], double threshold, double length)
{
	const int64_t reach = cube->grid.n[0] / 2;
	double		before = 1;

	for (int64_t r = 1; r <= reach; r++)
	{
		const int64_t x = reach + llround((double) r * v[0]);
		const int64_t y = reach + llround((double) r * v[1]);
		const int64_t z = reach + llround((double) r * v[2]);
		const double value = em_volume_row(cube, y, z)[x];

		if (value < threshold)
			return length / ((double) r - (threshold - value) / (before - value));
		before = value;
	}
	return NAN;
}

/* The resolution by direction. */
static em_status
store_directions(em_results *out, const em_volume *cube, double threshold, double length)
{
	em_directions *d;
	double	   *value;
	em_status	status;

	EM_TRY(em_directions_create(out->ctx, EM_DIRECTION_LEVELS, &d));
	value = em_alloc(out->ctx, (uint64_t) d->n, sizeof(double), "resolution by direction");
	for (int i = 0; value != NULL && i < d->n; i++)
		value[i] = resolution_along(cube, d->v[i], threshold, length);
	status = value == NULL ? em_ctx_status(out->ctx) : em_direction_series(out, d->n, d->v, value);
	em_free(out->ctx, value);
	em_directions_destroy(out->ctx, d);
	return status;
}

/* Sphericity, resolution by direction, and the volume when it is wanted. */
static em_status
store_cube(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_directional *d;
	em_volume  *cube;
	double		sphericity = NAN;
	double		length;
	em_status	status;

	EM_TRY(em_workbench_directional(wb, &d));
	length = d->length;
	EM_TRY(make_cube(wb, d, &cube));
	em_workbench_make_room(wb, em_fsc3d_sphericity_bytes(cube->grid.n[0] / 2));
	status = em_fsc3d_sphericity(ctx, cube, em_workbench_param(wb, "sphericity_threshold", SPHERICITY_THRESHOLD),
								 length / KEEP, &sphericity);
	if (status == EM_OK)
		status = em_results_measure(out, "sphericity", sphericity, "");
	if (status == EM_OK)
		status = store_directions(out, cube, em_workbench_param(wb, "threshold", THRESHOLD), length);
	if (status == EM_OK && out->want_volume)
		em_results_volume(out, cube);
	else
		em_volume_destroy(ctx, cube);
	return status;
}

/* Measure: curves as rows, or what the check reports; `look` at the half maps as every check does. */
static em_status
run(em_workbench *wb, em_results *out, bool rows, bool look)
{
	double		threshold = em_workbench_param(wb, "threshold", THRESHOLD);
	const em_directional *d;
	bool		ready;

	EM_TRY(em_half_pair_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	if (look)
		EM_TRY(em_half_check_measures(wb, out));
	EM_TRY(em_half_pair_mask(wb, out, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_workbench_directional(wb, &d));
	if (em_half_pair_identical(out, d->noise_power, d->signal_power))
		return EM_OK;
	if (rows)
		return store_curves(out, d, true);
	EM_TRY(em_results_measure(out, "reported_resolution", em_workbench_resolution(wb), "Å"));
	EM_TRY(store_crossings(out, d, threshold));
	EM_TRY(store_curves(out, d, false));
	return store_cube(wb, out);
}

static em_status
run_1h(em_workbench *wb, em_results *out)
{
	return run(wb, out, false, true);
}

static em_status
run_summary(em_workbench *wb, em_results *out)
{
	return run(wb, out, false, false);
}

static em_status
run_rows(em_workbench *wb, em_results *out)
{
	return run(wb, out, true, false);
}

/* The mask and two masked half maps, then the sweep. */
static uint64_t
estimate_rows(const em_workbench *wb)
{
	uint64_t	bytes = em_half_pair_bytes(wb, 3);

	return bytes == 0 ? 0 : bytes + SMALL +
		em_directional_bytes(em_workbench_ctx(wb), em_workbench_grid(wb, EM_ROLE_HALF1));
}

/* Then the 3D FSC next to the masked half maps, and its padded copy after them. */
static uint64_t
estimate(const em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	uint64_t	most = estimate_rows(wb);
	uint64_t	cube;
	uint64_t	sphericity;
	em_shells	s;

	if (most == 0 || em_shells_init(ctx, em_workbench_grid(wb, EM_ROLE_HALF1), &s) != EM_OK)
		return most;
	cube = em_half_pair_bytes(wb, 2) + em_directional_bytes(ctx, em_workbench_grid(wb, EM_ROLE_HALF1)) + SMALL +
		em_fsc3d_bytes(s.count - 1) + em_fsc3d_scratch_bytes(&s, s.count - 1);
	sphericity = em_fsc3d_bytes(s.count - 1) + em_fsc3d_sphericity_bytes(s.count - 1) + SMALL;
	most = cube > most ? cube : most;
	return sphericity > most ? sphericity : most;
}

const em_check em_check_1h = {
	.code = "1.h",.method = "fsc3d/1",.run = run_1h,.estimate = estimate
};

const em_check em_check_fsc3d = {
	.code = "fsc3d",.method = "fsc3d/1",.run = run_rows,.estimate = estimate_rows
};

const em_check em_check_fsc3d_summary = {
	.code = "fsc3d_summary",.method = "fsc3d/1",.run = run_summary,.estimate = estimate
};
