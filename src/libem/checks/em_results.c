/*
 * src/libem/checks/em_results.c
 *		What a check leaves behind: a state, measures and series.
 */
#include "checks/em_results.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

em_status
em_results_create(em_ctx *ctx, em_results **out)
{
	*out = em_alloc(ctx, 1, sizeof(em_results), "results");
	if (*out == NULL)
		return em_ctx_status(ctx);
	(*out)->ctx = ctx;
	return EM_OK;
}

void
em_results_destroy(em_results *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < r->n_series; i++)
	{
		em_free(r->ctx, r->series[i].x);
		em_free(r->ctx, r->series[i].y);
	}
	em_free(r->ctx, r->series);
	em_free(r->ctx, r->measures);
	em_volume_destroy(r->ctx, r->volume);
	em_cells_destroy(r->ctx, r->cells);
	em_free(r->ctx, r);
}

void
em_results_volume(em_results *r, em_volume *volume)
{
	em_volume_destroy(r->ctx, r->volume);
	r->volume = volume;
}

void
em_results_cells(em_results *r, em_cells *cells)
{
	em_cells_destroy(r->ctx, r->cells);
	r->cells = cells;
}

em_status
em_results_local(em_results *r, const em_volume *v, const em_mask *mask)
{
	em_cells   *cells;
	em_status	status;

	EM_TRY(em_cells_create(r->ctx, &v->grid, mask, &cells));
	status = em_cells_fill(r->ctx, cells, v, mask);
	em_results_cells(r, cells);
	return status;
}

/* Make room for one more element of `size` bytes in a list of n of at most *max. */
static em_status
make_room(em_ctx *ctx, void **list, int n, int *max, size_t size)
{
	int			bigger = *max == 0 ? 32 : 2 * *max;
	void	   *copy;

	if (n < *max)
		return EM_OK;
	copy = em_alloc(ctx, (uint64_t) bigger, size, "results");
	if (copy == NULL)
		return em_ctx_status(ctx);
	if (n > 0)
		memcpy(copy, *list, (size_t) n * size);
	em_free(ctx, *list);
	*list = copy;
	*max = bigger;
	return EM_OK;
}

em_status
em_results_measure(em_results *r, const char *name, double value, const char *unit)
{
	void	   *list = r->measures;
	em_status	status;

	if (!isfinite(value))
		return EM_OK;
	status = make_room(r->ctx, &list, r->n_measures, &r->max_measures, sizeof(em_measure));
	r->measures = list;
	if (status == EM_OK)
		r->measures[r->n_measures++] = (em_measure) {name, value, unit};
	return status;
}

/* A copy of n numbers. */
static double *
copy_numbers(em_ctx *ctx, const double *from, int64_t n)
{
	double	   *to = em_alloc(ctx, (uint64_t) n, sizeof(double), "series");

	if (to != NULL && n > 0)
		memcpy(to, from, (size_t) n * sizeof(double));
	return to;
}

em_status
em_results_series(em_results *r, const char *name, int64_t n, const char *x_name, const double *x,
				  const char *x_unit, const double *y, const char *y_unit)
{
	void	   *list = r->series;
	em_series	s = {.name = name, .n = n, .x_name = x_name, .x_unit = x_unit, .y_unit = y_unit};
	em_status	status;

	status = make_room(r->ctx, &list, r->n_series, &r->max_series, sizeof(em_series));
	r->series = list;
	if (status != EM_OK)
		return status;
	s.x = copy_numbers(r->ctx, x, n);
	if (s.x == NULL)
		return em_ctx_status(r->ctx);
	s.y = copy_numbers(r->ctx, y, n);
	if (s.y == NULL)
	{
		em_free(r->ctx, s.x);
		return em_ctx_status(r->ctx);
	}
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(s.y[i]))
			s.y[i] = NAN;
	r->series[r->n_series++] = s;
	return EM_OK;
}

em_status
em_results_state(em_results *r, em_state state, const char *reason_code,
				 const char *reason_format,...)
{
	va_list		args;

	r->state = state;
	snprintf(r->reason_code, sizeof(r->reason_code), "%s", reason_code);
	va_start(args, reason_format);
	vsnprintf(r->reason, sizeof(r->reason), reason_format, args);
	va_end(args);
	return EM_OK;
}

const em_measure *
em_results_find(const em_results *r, const char *name)
{
	for (int i = 0; i < r->n_measures; i++)
		if (strcmp(r->measures[i].name, name) == 0)
			return &r->measures[i];
	return NULL;
}

const em_series *
em_results_find_series(const em_results *r, const char *name)
{
	for (int i = 0; i < r->n_series; i++)
		if (strcmp(r->series[i].name, name) == 0)
			return &r->series[i];
	return NULL;
}
