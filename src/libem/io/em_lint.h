/*
 * src/libem/io/em_lint.h
 *		Where the header's defects are collected.
 */
#ifndef EM_LINT_H
#define EM_LINT_H

#include "io/em_mrc.h"

#define EM_LINT_ERROR "error"	/* numbers in Å or voxels cannot be trusted */
#define EM_LINT_WARNING "warning"	/* programs disagree about such a file, or a value is wrong */
#define EM_LINT_INFO "info"		/* worth knowing */

typedef struct em_lint_list
{
	em_lint    *item;
	int			n;
	int			max;
} em_lint_list;

/* Add a defect; what does not fit is dropped. */
extern void em_lint_add(em_lint_list *list, const char *severity, const char *code, const char *format,...)
			__attribute__((format(printf, 4, 5)));

/* Cell, sampling, axes, start and origin. */
extern void em_lint_geometry(const em_mrc_header *h, em_lint_list *list);

/* The statistics of the header, against recomputed ones when there are any. */
extern void em_lint_statistics(const em_mrc_header *h, const em_stats *stats, em_lint_list *list);

#endif							/* EM_LINT_H */
