/*
 * 95_analyze.sql: statistics of the small tables that come filled.
 *
 * Autovacuum leaves tables of a few rows alone, and without statistics the planner takes em_profile for hundreds of
 * profiles, which makes views over the whole archive many times slower.
 */

ANALYZE em_level_info;
ANALYZE em_check;
ANALYZE em_measure_info;
ANALYZE em_profile;
ANALYZE em_criterion;
ANALYZE em_estimate_source;
