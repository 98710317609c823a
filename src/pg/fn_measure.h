/*
 * src/pg/fn_measure.h
 *		Measuring functions: one line each.
 *
 *		MEASURE(mass_analysis, row, "0.a", .map = 1, .contour = 2)
 *
 * defines emvalid_mass_analysis, which runs check "0.a" on a workbench made of
 * its arguments (numbered from 1) and returns a row of measures (row), a set
 * of rows from series (rows), or the check's volume (map).
 */
#ifndef FN_MEASURE_H
#define FN_MEASURE_H

#include "emvalid_pg.h"

#define MEASURE_MAX_PARAMS 8

/* A method parameter: its name for em_workbench_param and the argument's number. */
typedef struct ParamArgument
{
	const char *name;
	int			arg;
} ParamArgument;

/* Numbers (from 1) of a function's arguments; 0 means it has none of that kind. */
typedef struct MeasureArguments
{
	const char *check;			/* code of the check or pseudo-check */
	int			map;
	int			half1;
	int			half2;
	int			mask;
	int			contour;		/* float8 */
	int			resolution;		/* float8, Å */
	ParamArgument param[MEASURE_MAX_PARAMS];	/* float8, int4 or bool arguments; NULL keeps the default */
} MeasureArguments;

extern Datum measure_row(FunctionCallInfo fcinfo, const MeasureArguments *arguments);
extern Datum measure_rows(FunctionCallInfo fcinfo, const MeasureArguments *arguments);
extern Datum measure_map(FunctionCallInfo fcinfo, const MeasureArguments *arguments);

#define MEASURE(name, returns, code, ...) \
	PG_FUNCTION_INFO_V1(emvalid_##name); \
	Datum \
	emvalid_##name(PG_FUNCTION_ARGS) \
	{ \
		static const MeasureArguments arguments = {.check = code, __VA_ARGS__}; \
		return measure_##returns(fcinfo, &arguments); \
	}

#endif							/* FN_MEASURE_H */
