/*
 * test/unit/test_crossing.c
 *		Crossings of curves worked out by hand, and the logistic fit.
 */
#include <gsl/gsl_errno.h>
#include <string.h>

#include "em.h"
#include "tap.h"

#define COUNT(a) ((int64_t) (sizeof(a) / sizeof((a)[0])))
#define LENGTH 100.0			/* Å: shell i has frequency i/100 */

static void
test_crossings(void)
{
	const double falls[] = {1, 1, 0.9, 0.5, 0.1, 0.0};
	const double again[] = {1, 1, 0.6, 0.2, 0.6, 0.3, 0.7, 0.1};
	const double gaps[] = {1, 0.9, NAN, NAN, 0.1, NAN, 0.8, 0.2};
	const double below[] = {1, 0.1, 0.3, 0.7, 0.3};
	const double touch[] = {1, 0.8, 0.5, 0.8, 0.5, 0.4};
	const double flat[] = {1, 0.9, 0.9, 0.9};
	const double infinite[] = {1, 0.9, INFINITY, 0.1};
	double		f[8];

	is_int(em_crossings(falls, COUNT(falls), LENGTH, 0.5, -1, f, 8), 1, "a curve that falls crosses once");
	is_near(f[0], 0.03, 1e-12, "at the shell that is on the level");
	is_int(em_crossings(falls, COUNT(falls), LENGTH, 0.3, -1, f, 8), 1, "between two shells");
	is_near(f[0], 0.035, 1e-12, "half way");
	is_int(em_crossings(falls, COUNT(falls), LENGTH, 0.3, 1, f, 8), 0, "it never rises");
	is_int(em_crossings(again, COUNT(again), LENGTH, 0.5, -1, f, 8), 3,
		   "a curve that comes back crosses again");
	is_near(f[0], 0.0225, 1e-12, "first");
	is_near(f[1], 0.04 + 0.01 / 3, 1e-12, "second");
	is_near(f[2], 0.06 + 0.01 / 3, 1e-12, "third");
	is_int(em_crossings(again, COUNT(again), LENGTH, 0.5, 1, f, 8), 2, "it rises twice");
	is_near(f[0], 0.0375, 1e-12, "first rise");
	f[1] = -1;
	is_int(em_crossings(again, COUNT(again), LENGTH, 0.5, -1, f, 1), 3, "all are counted when one is wanted");
	is_near(f[1], -1, 0, "and one is stored");
	is_int(em_crossings(again, COUNT(again), LENGTH, 0.5, -1, NULL, 0), 3, "or none");
	is_int(em_crossings(gaps, COUNT(gaps), LENGTH, 0.5, -1, f, 8), 2,
		   "shells without a value are stepped over");
	is_near(f[0], 0.025, 1e-12, "on the line between their neighbours");
	is_int(em_crossings(infinite, COUNT(infinite), LENGTH, 0.5, -1, f, 8), 1, "so are infinite ones");
	is_near(f[0], 0.02, 1e-12, "on the same line");
	is_int(em_crossings(below, COUNT(below), LENGTH, 0.5, -1, f, 8), 1, "a curve that begins below");
	is_near(f[0], 0.035, 1e-12, "crosses where it falls, not where it begins");
	is_int(em_crossings(touch, COUNT(touch), LENGTH, 0.5, -1, f, 8), 1, "touching the level is no crossing");
	is_near(f[0], 0.04, 1e-12, "leaving it is");
	is_int(em_crossings(flat, COUNT(flat), LENGTH, 0.5, -1, f, 8), 0,
		   "a curve above the level never crosses");
	is_int(em_crossings(flat, 1, LENGTH, 0.5, -1, f, 8), 0, "nor does one without shells");
	/* Shell 0, the mean density, takes no part. */
	is_int(em_crossings((double[]) {1, 0.4, 0.3}, 3, LENGTH, 0.5, -1, f, 8), 0, "shell 0 takes no part");
}

static void
test_vrs(void)
{
	const double late[] = {1, 1, 0.9, 0.5, 0.1};
	const double early[] = {1, 1, 0.1, 0.9, 0.1};
	const double gap[] = {1, 1, 1, NAN, 0.1};
	const double rise[] = {0, 20, 40, 60, 110, 120};
	const double ratio[] = {9, 8, 6, 3, 2, 0.5, 1.5, 1.2};

	is_near(em_first_crossing_vrs(late, COUNT(late), LENGTH, 0.3, -1), LENGTH / 3.5, 1e-9,
			"VRS: between shells 3 and 4");
	is_near(em_first_crossing_vrs(late, COUNT(late), LENGTH, 0.7, -1), LENGTH / 2.5, 1e-9,
			"VRS: shell 3 is the first that counts");
	ok(isnan(em_first_crossing_vrs(early, COUNT(early), LENGTH, 0.5, -1)),
	   "VRS: a curve that is below in shell 2 never crosses");
	ok(isnan(em_first_crossing_vrs(gap, COUNT(gap), LENGTH, 0.5, -1)),
	   "VRS: no value before the crossing, no resolution");
	ok(isnan(em_first_crossing_vrs(late, COUNT(late), LENGTH, 0.05, -1)), "VRS: no crossing");
	is_near(em_first_crossing_vrs(rise, COUNT(rise), LENGTH, 102.9, 1), LENGTH / (3 + 42.9 / 50), 1e-9,
			"VRS: a DPR that rises");
	/* log10(2-1) = 0 is not below 0; 0.5-1 has no logarithm and comes before the first that is. */
	ok(isnan(em_ratio_crossing_vrs(ratio, COUNT(ratio), LENGTH)), "VRS: no logarithm before the crossing");
	is_near(em_ratio_crossing_vrs((double[]) {9, 5, 3, 1.1, 1}, 5, LENGTH),
			LENGTH / (2 + log10(2) / (log10(2) - log10(0.1))), 1e-9, "VRS: linear in the logarithm");
	ok(isnan(em_ratio_crossing_vrs((double[]) {9, 1.5, 1.1, 1.1}, 4, LENGTH)),
	   "VRS: below in shell 1 is no crossing");
	ok(isnan(em_ratio_crossing_vrs((double[]) {9, 8, 7, 1.1}, 4, LENGTH)),
	   "VRS: the last shell is not in the list");
}

/* A logistic curve over `count` shells. */
static void
logistic(double *curve, int64_t count, double a, double b, double x0, double c)
{
	for (int64_t i = 0; i < count; i++)
		curve[i] = 1 - (a / (1 + exp(-b * ((double) i / LENGTH - x0))) + c);
}

static void
test_logistic(void)
{
	double		curve[51];
	double		f90;
	double		clean;
	gsl_error_handler_t *before;

	/* Without noise the curve comes back: 0.9 is at x0 - ln(a/(0.1-c) - 1)/b. */
	for (double b = 20; b < 400; b *= 1.7)
	{
		logistic(curve, COUNT(curve), 0.97, b, 0.24, 0.01);
		f90 = 0.24 - log(0.97 / 0.09 - 1) / b;
		if (f90 > 0.03)
			is_near(em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9), 1 / f90, 0.02 / f90,
					"steepness %.0f A: 0.9 at %.2f A", b, 1 / f90);
	}
	logistic(curve, COUNT(curve), 1, 60, 0.25, 0);
	clean = em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9);
	for (int64_t i = 0; i < COUNT(curve); i++)
		curve[i] += 0.02 * (2 * em_rng_uniform(3, 1, (uint64_t) i) - 1);
	curve[30] = NAN;
	is_near(em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9), clean, 0.03 * clean,
			"noise and a gap move it little");

	for (int64_t i = 0; i < COUNT(curve); i++)
		curve[i] = 0.95;
	ok(isnan(em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9)), "no fit without a crossing of 0.5");
	for (int64_t i = 0; i < COUNT(curve); i++)
		curve[i] = NAN;
	ok(isnan(em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9)), "nor without values");
	for (int64_t i = 0; i < COUNT(curve); i++)
		curve[i] = i < 10 ? 1 : 0;
	ok(!(em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9) < 2), "a step is survived");
	ok(isnan(em_fsc_logistic_crossing((double[]) {1, 1, 0}, 3, LENGTH, 0.9)), "too few shells");

	before = gsl_set_error_handler_off();
	gsl_set_error_handler(before);
	(void) em_fsc_logistic_crossing(curve, COUNT(curve), LENGTH, 0.9);
	ok(gsl_set_error_handler_off() == before, "the error handler of GSL is as it was");
	gsl_set_error_handler(before);
}

int
main(void)
{
	test_crossings();
	test_vrs();
	test_logistic();
	return tap_done();
}
