/*
 * src/libem/checks/em_half_measures.c
 *		What the common look at the half maps adds to every check of level 1.
 */
#include "checks/em_half_measures.h"

em_status
em_half_check_measures(em_workbench *wb, em_results *out)
{
	const em_half_check *h;

	EM_TRY(em_workbench_half_check(wb, &h));
	EM_TRY(em_results_measure(out, "half_identical", h->identical || h->copy ? 1 : 0, ""));
	EM_TRY(em_results_measure(out, "half_masked_percent", h->zero_percent, "%"));
	EM_TRY(em_results_measure(out, "half_filtered", h->filtered ? 1 : 0, ""));
	if (h->filtered)
		EM_TRY(em_results_measure(out, "half_filtered_from", h->filtered_from, "Å"));
	EM_TRY(em_results_measure(out, "half_scale", h->scale, ""));
	EM_TRY(em_results_measure(out, "half_inverted", h->inverted ? 1 : 0, ""));
	EM_TRY(em_results_measure(out, "half_correlated_noise", h->correlated_noise ? 1 : 0, ""));
	return em_results_measure(out, "half_findings", h->findings, "");
}

em_status
em_half_check_usable(em_workbench *wb, em_results *out, bool *usable)
{
	const em_half_check *h;

	EM_TRY(em_half_check_measures(wb, out));
	EM_TRY(em_workbench_half_check(wb, &h));
	*usable = !h->identical && !h->copy;
	if (h->identical || h->copy)
		return em_results_state(out, EM_FAILED, h->identical ? "identical_half_maps" : "copied_half_maps",
								"%s", h->finding[0]);
	return EM_OK;
}
