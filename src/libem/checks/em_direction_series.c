/*
 * src/libem/checks/em_direction_series.c
 *		A value for each direction of the half sphere, as series.
 */
#include "checks/em_direction_series.h"

#include <math.h>

em_status
em_direction_series(em_results *out, int n, const double (*v)[3], const double *value)
{
	double	   *number = em_alloc(out->ctx, (uint64_t) n * 3, sizeof(double), "directions");
	double	   *rot = number + n;
	double	   *tilt = rot + n;
	em_status	status;

	if (number == NULL)
		return em_ctx_status(out->ctx);
	for (int i = 0; i < n; i++)
	{
		double		side = v[i][2] < 0 ? -1 : 1;

		number[i] = i + 1;
		rot[i] = atan2(side * v[i][1], side * v[i][0]) * 180 / M_PI;
		tilt[i] = atan2(hypot(v[i][0], v[i][1]), side * v[i][2]) * 180 / M_PI;
	}
	status = em_results_series(out, "direction_rot", n, "direction", number, "", rot, "degrees");
	if (status == EM_OK)
		status = em_results_series(out, "direction_tilt", n, "direction", number, "", tilt, "degrees");
	if (status == EM_OK && value != NULL)
		status = em_results_series(out, "direction_resolution", n, "direction", number, "", value, "Å");
	em_free(out->ctx, number);
	return status;
}
