/*
 * src/libem/checks/check_mass_table.c
 *		The table of enclosed mass by itself: part of check 0.b that needs no
 *		contour level.
 */
#include "checks/em_check_list.h"
#include "checks/em_level0.h"

/* The table alone. */
static em_status
run(em_workbench *wb, em_results *out)
{
	bool		ready;

	EM_TRY(em_level0_ready(wb, out, false, &ready));
	return ready ? em_level0_mass_table(wb, out) : EM_OK;
}

const em_check em_check_mass_table = {
	.code = "mass_table",.method = "mass_table/1",.run = run,.estimate = em_level0_estimate_map
};
