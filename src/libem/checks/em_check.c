/*
 * src/libem/checks/em_check.c
 *		The register of checks, and how one is run.
 */
#include "checks/em_check_list.h"

#include <string.h>

/* The catalogue in canonical order: a new check is one line here. */
static const em_check *const catalogue[] = {
	&em_check_0a,
	&em_check_0b,
	&em_check_0c,
	&em_check_0d,
	&em_check_0e,
	&em_check_0f,
	&em_check_0g,
	&em_check_0h,
	&em_check_1a,
	&em_check_1b,
	&em_check_1c,
	&em_check_1d,
	&em_check_1e,
	&em_check_1f,
	&em_check_1g,
	&em_check_1h,
};

/* What has a function of its own in SQL but is no entry of the catalogue. */
static const em_check *const extras[] = {
	&em_check_mass_table,
	&em_check_guinier,
	&em_check_bfactor,
	&em_check_fsc,
	&em_check_global_resolution,
	&em_check_fsc_masked,
	&em_check_fsc_masked_resolution,
	&em_check_fsc_crossings,
	&em_check_fsc_permutation,
	&em_check_fso,
	&em_check_fso_resolution,
	&em_check_fso_directions,
	&em_check_fsc3d,
	&em_check_fsc3d_summary,
	&em_check_monores,
	&em_check_monodir,
};

#define COUNT(list) ((int) (sizeof(list) / sizeof((list)[0])))

const em_check *
em_check_find(const char *code)
{
	for (int i = 0; i < COUNT(catalogue); i++)
		if (strcmp(catalogue[i]->code, code) == 0)
			return catalogue[i];
	for (int i = 0; i < COUNT(extras); i++)
		if (strcmp(extras[i]->code, code) == 0)
			return extras[i];
	return NULL;
}

const em_check *
em_check_at(int i)
{
	return i >= 0 && i < COUNT(catalogue) ? catalogue[i] : NULL;
}

/*
 * Refuse before any work when the budget as a whole is too small.  What the
 * workbench holds already is part of the estimate or can be dropped, so memory
 * in use does not count against it here.
 */
static em_status
check_budget(const em_check *check, em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	uint64_t	need = check->estimate(wb);
	char		need_text[32];
	char		budget_text[32];

	if (need <= em_ctx_memory_budget(ctx))
		return EM_OK;
	em_fail(ctx, EM_OVER_BUDGET, "not enough memory in the budget for check %s", check->code);
	em_fail_detail(ctx, "It may need %s, and the budget is %s.", em_bytes(need, need_text),
				   em_bytes(em_ctx_memory_budget(ctx), budget_text));
	em_fail_hint(ctx, "Raise the memory budget.");
	return EM_OVER_BUDGET;
}

em_status
em_check_run(const em_check *check, em_workbench *wb, em_results *out)
{
	em_status	status = check_budget(check, wb);

	if (status == EM_OK)
		status = check->run(wb, out);
	if (status == EM_NOT_MEASURABLE)
		status = em_results_state(out, EM_FAILED, "not_measurable", "%s",
								  em_ctx_message(em_workbench_ctx(wb)));
	em_workbench_unpin(wb);
	return status;
}
