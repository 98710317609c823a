-- The archive: views, outliers, differences of profiles, the page, and the queries of the Grafana dashboard.

BEGIN;
SET client_min_messages = warning;
SELECT plan(30);
\ir ../reports/load_reports.sql

SELECT results_eq($$SELECT em_resolution_shell(v) FROM unnest(ARRAY[1.9, 2, 3.5, 9.99, 15.5, NULL]) AS v$$,
                  $$VALUES ('0 to 2 Å'), ('2 to 3 Å'), ('3 to 4 Å'), ('6 to 10 Å'), ('from 10 Å'), ('not reported')$$, 'ranges of resolution');
SELECT is((SELECT count(*) FROM em_archive_entry), 5::bigint, 'one row for each entry');
SELECT is((SELECT recalculated FROM em_archive_entry WHERE entry_id = 'EMD-60749'), 8.36::float8, 'recalculated resolution');
SELECT is_empty($$SELECT check_code FROM em_archive_outcome WHERE ok + warned + not_applicable + failed + without_criterion <> entries$$, 'outcomes add up');
SELECT results_eq($$SELECT ok, warned, entries FROM em_archive_outcome WHERE profile = 'vrs' AND check_code = '0.c'$$,
                  $$SELECT count(*) FILTER (WHERE outcome = 'OK'), count(*) FILTER (WHERE outcome LIKE '%warnings'), count(*)
                    FROM em_outcome WHERE profile = 'vrs' AND check_code = '0.c'$$, 'as em_outcome counts them');
SELECT is((SELECT sum(entries) FROM em_archive_warning WHERE profile = 'vrs'), (SELECT count(*)::numeric FROM em_warning WHERE profile = 'vrs'), 'every warning is counted');
SELECT is((SELECT sum(entries) FROM em_archive_failure), (SELECT count(*)::numeric FROM em_latest WHERE state = 'failed'), 'every failure is counted');
SELECT results_eq($$SELECT round(ratio::numeric, 3) FROM em_archive_resolution WHERE entry_id = 'EMD-60749'$$, $$VALUES (1.152)$$, 'reported against recalculated');
SELECT cmp_ok((SELECT max(mean_percent) FROM em_archive_score), '<=', 100::float8, 'scores in percent');
SELECT isnt_empty('SELECT * FROM em_archive_year', 'years');
SELECT is_empty($$SELECT * FROM em_regrade_diff('vrs', 'vrs')$$, 'a profile does not differ from itself');
SELECT results_eq($$SELECT entry_id, outcome_a, outcome_b FROM em_regrade_diff('vrs', 'emvalid') WHERE check_code = '0.b' AND entry_id = 'EMD-60749'$$,
                  $$SELECT 'EMD-60749', max(outcome) FILTER (WHERE profile = 'vrs'), max(outcome) FILTER (WHERE profile = 'emvalid')
                    FROM em_outcome WHERE check_code = '0.b' AND entry_id = 'EMD-60749'$$, 'two profiles');

-- FSC XML
SELECT is(em_fsc_xml('EMD-1127')::text, NULL, 'no curve, no XML');
INSERT INTO em_entry (entry_id) VALUES ('a "<&>"');
INSERT INTO em_run (entry_id) VALUES ('a "<&>"');
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '1.a', 'measured' FROM em_run WHERE entry_id LIKE 'a %';
INSERT INTO em_series (run_id, entry_id, check_code, name, x, y) SELECT run_id, entry_id, '1.a', 'fsc', '{0.1,0.2}', '{1,0.5}' FROM em_run WHERE entry_id LIKE 'a %';
SELECT is((xpath('/fsc/@title', em_fsc_xml('a "<&>"')))[1]::text, 'a "&lt;&amp;&gt;"', 'title of the FSC XML');
SELECT is(xpath('/fsc/coordinate/y/text()', em_fsc_xml('a "<&>"'))::text, '{1,0.5}', 'its values');

-- Outliers
INSERT INTO em_entry (entry_id) SELECT 'P' || i FROM generate_series(1, 40) AS i;
INSERT INTO em_run (entry_id) SELECT entry_id FROM em_entry WHERE entry_id LIKE 'P%';
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '1.h', 'measured' FROM em_run WHERE entry_id LIKE 'P%';
INSERT INTO em_measure (run_id, entry_id, check_code, name, value)
SELECT run_id, entry_id, '1.h', 'sphericity', CASE entry_id WHEN 'P40' THEN 5 ELSE 0.9 + substr(entry_id, 2)::int / 1000.0 END FROM em_run WHERE entry_id LIKE 'P%';
SELECT results_eq('SELECT entry_id FROM em_outlier', $$VALUES ('P40')$$, 'an outlier');

-- The page
CREATE TEMP TABLE page AS SELECT em_dashboard_html('vrs') AS doc;
SELECT alike(doc, t, 'the page has ' || t) FROM page, unnest(ARRAY['<!DOCTYPE html>%<html lang="en">%', '%<h2>Outcomes by check</h2>%<table>%', '%<th scope="row">P40</th>%']) AS t;
SELECT unalike(doc, '%<script%', 'and no script') FROM page;
SELECT throws_ok($$SELECT em_dashboard_html('none')$$, '42704', 'there is no profile "none"', 'an unknown profile');

-- Grafana: every query of every panel runs
\set dashboard `cat contrib/grafana/emvalid.json`
CREATE TEMP TABLE panel AS
SELECT p ->> 'title' AS title, replace(t ->> 'rawSql', '${profile}', 'vrs') AS query
FROM jsonb_array_elements(:'dashboard'::jsonb -> 'panels') AS p, jsonb_array_elements(p -> 'targets') AS t;
SELECT lives_ok(query, 'panel: ' || title) FROM panel;

SELECT * FROM finish();
ROLLBACK;
