/*
 * src/libem/checks/em_check_list.h
 *		Measurements with a function of their own in SQL that are no entry of the
 *		catalogue: em_check_find knows them, em_check_at does not list them.
 */
#ifndef EM_CHECK_LIST_H
#define EM_CHECK_LIST_H

#include "checks/em_check.h"

extern const em_check em_check_mass_table;	/* enclosed mass by threshold, part of 0.b */
extern const em_check em_check_guinier; /* Guinier profile of the map */
extern const em_check em_check_bfactor; /* 0.d without its limit of applicability */
extern const em_check em_check_fsc; /* curves of the half maps, with a mask when there is one */
extern const em_check em_check_global_resolution;	/* 1.a for half maps alone */
extern const em_check em_check_fsc_masked;	/* masked, randomised and corrected curves */
extern const em_check em_check_fsc_masked_resolution;	/* where they cross */
extern const em_check em_check_fsc_crossings;	/* every crossing of every criterion */
extern const em_check em_check_fsc_permutation;	/* 1.b for half maps alone, with a mask when there is one */
extern const em_check em_check_fso; /* curves of 1.g */
extern const em_check em_check_fso_resolution;	/* 1.g for half maps alone */
extern const em_check em_check_fso_directions;	/* resolution over the sphere */
extern const em_check em_check_fsc3d;	/* curves of 1.h */
extern const em_check em_check_fsc3d_summary;	/* 1.h for half maps alone */
extern const em_check em_check_monores; /* 1.e for maps alone, one map too */
extern const em_check em_check_monodir; /* 1.f for a map, with half maps or without */

#endif							/* EM_CHECK_LIST_H */
