/*
 * src/pg/fn_rows.h
 *		From results to rows.
 */
#ifndef FN_ROWS_H
#define FN_ROWS_H

#include "emvalid_pg.h"

extern void warn_state(const em_results *results);
extern Datum results_row(FunctionCallInfo fcinfo, const em_results *results);
extern void results_rows(FunctionCallInfo fcinfo, const em_results *results);

#endif							/* FN_ROWS_H */
