/*
 * src/libem/checks/em_check.h
 *		The checks: pure functions of the workbench.
 *
 * Adding a check: one file check_*.c that defines an em_check, one line in
 * em_check.c, one row in the SQL table em_check, its criteria rows, its
 * section in the report, its tests.
 */
#ifndef EM_CHECK_H
#define EM_CHECK_H

#include "checks/em_results.h"
#include "workbench/em_workbench.h"

typedef struct em_check
{
	const char *code;			/* "0.a" */
	const char *method;			/* method version stored with each result, e.g. "mass/1" */

	/*
	 * Measure.  Returns EM_OK also when the check does not apply or could not
	 * be measured (the results say so); any other status is an error of the
	 * machine (memory, cancel, input) and its message is in the context.
	 */
	em_status	(*run) (em_workbench *wb, em_results *out);

	/* Bytes the check will have allocated at its peak, the workbench's share included. */
	uint64_t	(*estimate) (const em_workbench *wb);
} em_check;

/*
 * The check of that code, or NULL when this version cannot measure it.  Finds
 * the measurements of em_check_list.h, too, which em_check_at leaves out.
 */
extern const em_check *em_check_find(const char *code);

/* The i-th check in canonical order, or NULL past the end. */
extern const em_check *em_check_at(int i);

/*
 * Run one check: refuses with EM_OVER_BUDGET before any work when the estimate
 * does not fit; turns EM_NOT_MEASURABLE into state "failed"; unpins the workbench.
 */
extern em_status em_check_run(const em_check *check, em_workbench *wb, em_results *out);

extern const em_check em_check_0a;	/* mass analysis */
extern const em_check em_check_0b;	/* mask analysis */
extern const em_check em_check_0c;	/* background */
extern const em_check em_check_0d;	/* B-factor */
extern const em_check em_check_0e;	/* local resolution from one map */
extern const em_check em_check_0f;	/* local B-factor */
extern const em_check em_check_0g;	/* local occupancy */
extern const em_check em_check_0h;	/* handedness */
extern const em_check em_check_1a;	/* global resolution */
extern const em_check em_check_1b;	/* permutation test */
extern const em_check em_check_1c;	/* BlocRes */
extern const em_check em_check_1d;	/* ResMap */
extern const em_check em_check_1e;	/* MonoRes */
extern const em_check em_check_1f;	/* MonoDir */
extern const em_check em_check_1g;	/* Fourier shell occupancy */
extern const em_check em_check_1h;	/* 3D FSC */

#endif							/* EM_CHECK_H */
