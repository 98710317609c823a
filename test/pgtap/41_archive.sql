-- The archive: views, outliers, differences of profiles, the page, and the queries of the Grafana dashboard.

BEGIN;
SET client_min_messages = warning;
SELECT plan(53);
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
SELECT is_empty($$SELECT label FROM em_archive_warning WHERE label LIKE '%\_%'$$, 'criteria in words');
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
SELECT is((xpath('/fsc/@title', em_fsc_xml('a "<&>"')))[1]::text, 'a "&lt;&amp;&gt;": emvalid unmasked FSC', 'title of the FSC XML');
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
SELECT alike(doc, t, 'the page has ' || t) FROM page, unnest(ARRAY['<!DOCTYPE html>%<html lang="en">%', '%<h2>Outcomes by check</h2>%<table>%', '%<th scope="row" class="nowrap">P40</th>%']) AS t;
SELECT unalike(doc, '%<script%', 'and no script') FROM page;
SELECT throws_ok($$SELECT em_dashboard_html('none')$$, '42704', 'there is no profile "none"', 'an unknown profile');

SELECT alike(doc, '%<dt>Last refresh</dt><dd>none: computed for this page%', 'without a refresh it says so') FROM page;
SELECT is((SELECT count(*) FROM regexp_matches(doc, '<svg [^>]*role="img"[^>]*><title>[^<]+</title><desc>[^<]+</desc>', 'g')), 6::bigint, 'six charts, each with title and description') FROM page;
SELECT is_empty($$SELECT m[1] FROM page, regexp_matches(doc, ' id="([^"]+)"', 'g') AS m GROUP BY 1 HAVING count(*) > 1$$, 'no name twice');
SELECT alike(_em_entry_link('EMD-1127', NULL), '<a href="https://www.ebi.ac.uk/emdb/EMD-1127">EMD-1127</a>', 'an entry of EMDB leads there');
SELECT is(_em_entry_link('<a> "ü"', NULL), '&lt;a&gt; &quot;ü&quot;', 'another one nowhere');
SELECT is(_em_entry_link('<a> "ü"', 'r/{entry_id}.html?a=1&b'), '<a href="r/%3Ca%3E%20%22%C3%BC%22.html?a=1&amp;b">&lt;a&gt; &quot;ü&quot;</a>', 'or where the caller says, safely');
SELECT em_archive_refresh() IS NOT NULL AS refreshed \gset
SELECT is(regexp_replace(regexp_replace(em_dashboard_html('vrs'), '<dt>Last refresh.*?</dd>', ''), '<dt>This page.*?</dd>', ''),
          regexp_replace(regexp_replace(doc, '<dt>Last refresh.*?</dd>', ''), '<dt>This page.*?</dd>', ''), 'after a refresh the page shows the same') FROM page;
SELECT matches(em_dashboard_html('vrs'), '<dt>Last refresh</dt><dd>\d{4}-\d\d-\d\d \d\d:\d\d UTC \(took [0-9.e-]+ s\)</dd>', 'and when that was');
SAVEPOINT changed;
UPDATE em_criterion SET limit_value = 1 WHERE profile = 'vrs' AND check_code = '0.a' AND ordinal = 1;
SELECT alike(em_dashboard_html('vrs'), '%s); results or criteria have changed since</dd>%', 'and that something has changed since');
ROLLBACK TO changed;
SELECT alike(em_dashboard_html('vrs', '{entry_id}.html'), '%<a href="P40.html">P40</a>%', 'outliers are links');

-- Grafana: every query of every panel runs
\set dashboard `cat contrib/grafana/emvalid.json`
CREATE TEMP TABLE panel AS
SELECT p ->> 'title' AS title, replace(t ->> 'rawSql', '${profile}', 'vrs') AS query
FROM jsonb_array_elements(:'dashboard'::jsonb -> 'panels') AS p, jsonb_array_elements(p -> 'targets') AS t;
SELECT lives_ok(query, 'panel: ' || title) FROM panel;

-- and for the role that Grafana has, which may read the views and nothing behind them
\set password secret
\ir ../../contrib/grafana/read-only-role.sql
CREATE FUNCTION as_dashboard(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    SET LOCAL ROLE emvalid_dashboard;
    EXECUTE format('SELECT count(*) FROM (%s) AS q', query) INTO n;
    RESET ROLE;
    RETURN n;
END $$;
SELECT cmp_ok(as_dashboard(query), CASE WHEN title LIKE 'What could%' THEN '>=' ELSE '>' END, 0::bigint, 'panel with the role for dashboards: ' || title) FROM panel;
SELECT throws_ok($$SELECT as_dashboard('SELECT * FROM em_measure')$$, '42501', NULL, 'which cannot read more');

SELECT * FROM finish();
ROLLBACK;
