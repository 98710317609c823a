/*
 * src/libem/checks/em_results.h
 *		What a check leaves behind: a state, measures and series.
 */
#ifndef EM_RESULTS_H
#define EM_RESULTS_H

#include "volume/em_cells.h"

typedef enum em_state
{
	EM_MEASURED = 0,
	EM_NOT_APPLICABLE,
	EM_FAILED
} em_state;

/* One number; only finite values are ever stored. */
typedef struct em_measure
{
	const char *name;			/* string constant, equal to the SQL column name */
	double		value;
	const char *unit;			/* string constant: "Å", "%", "voxels", "Å²", "" ... */
} em_measure;

/* One curve, histogram or table column. */
typedef struct em_series
{
	const char *name;
	int64_t		n;
	double	   *x;				/* owned by the results */
	double	   *y;
	const char *x_name;			/* what x is, e.g. "frequency" */
	const char *x_unit;
	const char *y_unit;
} em_series;

typedef struct em_results
{
	em_ctx	   *ctx;
	em_state	state;
	char		reason_code[32];	/* stable, e.g. "empty_mask"; "" when measured */
	char		reason[256];		/* a sentence without full stop */
	int			n_measures;
	int			max_measures;
	em_measure *measures;
	int			n_series;
	int			max_series;
	em_series  *series;
	bool		want_volume;	/* set by the caller before the check runs */
	em_volume  *volume;			/* the check's volume (local resolution ...) when it was wanted */
	em_cells   *cells;			/* a small copy of a local measure, for pictures; or NULL */
} em_results;

extern em_status em_results_create(em_ctx *ctx, em_results **out);
extern void em_results_destroy(em_results *r);

/* Store a measure; a value that is not finite is left out (SQL shows NULL). */
extern em_status em_results_measure(em_results *r, const char *name, double value, const char *unit);

/* Store a copy of a curve; points whose y is not finite are kept as NaN. */
extern em_status em_results_series(em_results *r, const char *name, int64_t n,
								   const char *x_name, const double *x, const char *x_unit,
								   const double *y, const char *y_unit);

/* Hand over the volume of a check that has one; the results own it from then on. */
extern void em_results_volume(em_results *r, em_volume *volume);

/*
 * Keep a small copy of a local measure (the one of p50, in its unit) for the
 * pictures of the report; the second form takes over one that was made.
 */
extern em_status em_results_local(em_results *r, const em_volume *v, const em_mask *mask);
extern void em_results_cells(em_results *r, em_cells *cells);

/* Say that the check does not apply or could not be measured, and why; returns EM_OK. */
extern em_status em_results_state(em_results *r, em_state state, const char *reason_code,
								  const char *reason_format,...)
			__attribute__((format(printf, 4, 5)));

/* The measure of that name, or NULL. */
extern const em_measure *em_results_find(const em_results *r, const char *name);
extern const em_series *em_results_find_series(const em_results *r, const char *name);

#endif							/* EM_RESULTS_H */
