/*
 * src/libem/checks/em_direction_series.h
 *		A value for each direction of the half sphere, as series.
 */
#ifndef EM_DIRECTION_SERIES_H
#define EM_DIRECTION_SERIES_H

#include "checks/em_results.h"

/*
 * Series direction_rot and direction_tilt (degrees; the direction is (cos rot sin
 * tilt, sin rot sin tilt, cos tilt), tilt 0 to 90) over the number of the
 * direction from 1, and direction_resolution (Å; NaN: none) when value is not NULL.
 */
extern em_status em_direction_series(em_results *out, int n, const double (*v)[3], const double *value);

#endif							/* EM_DIRECTION_SERIES_H */
