/*
 * 90_config_dump.sql: what pg_dump carries of the tables of the extension.
 *
 * Entries and results always; checks, measures' names, profiles, criteria and
 * texts only when they are the user's own or were edited, since the others
 * come with the extension.  Parents before children.
 */

SELECT pg_catalog.pg_extension_config_dump('em_level_info', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_check', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_measure_info', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_check_text', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_figure', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_profile', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_criterion', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_estimate_source', 'WHERE NOT shipped OR edited');
SELECT pg_catalog.pg_extension_config_dump('em_entry', '');
SELECT pg_catalog.pg_extension_config_dump('em_entry_map', '');
SELECT pg_catalog.pg_extension_config_dump('em_entry_file', '');
SELECT pg_catalog.pg_extension_config_dump('em_run', '');
SELECT pg_catalog.pg_extension_config_dump('em_run_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('em_result', '');
SELECT pg_catalog.pg_extension_config_dump('em_measure', '');
SELECT pg_catalog.pg_extension_config_dump('em_series', '');
SELECT pg_catalog.pg_extension_config_dump('em_local_map', '');
SELECT pg_catalog.pg_extension_config_dump('em_job', '');
SELECT pg_catalog.pg_extension_config_dump('em_job_job_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('em_percentile_set', '');
SELECT pg_catalog.pg_extension_config_dump('em_percentile_value', '');

-- Summaries of the archive are made again by em_archive_refresh().
SELECT pg_catalog.pg_extension_config_dump('em_archive_state', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_change', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_entry', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_chunk', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_result', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_column', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_verdict', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_violation', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_pair', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_score', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_warned', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_failed', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_example', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('_em_archive_outlier', 'WHERE false');
