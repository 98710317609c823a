-- Percentiles: of the archive as it is, as of the last refresh, and of frozen sets that later entries do not change.

BEGIN;
SET client_min_messages = warning;
SELECT plan(29);

-- Entry i of 100: resolution i/10 Å, B-factor i; every value is known without looking
INSERT INTO em_entry (entry_id, resolution) SELECT 'P' || i, i / 10.0 FROM generate_series(1, 100) AS i;
INSERT INTO em_run (entry_id) SELECT entry_id FROM em_entry;
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '0.d', 'measured' FROM em_run;
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT run_id, entry_id, '0.d', 'bfactor', substr(entry_id, 2)::int FROM em_run;
-- a NaN copied from a printed report, and a tie
INSERT INTO em_entry (entry_id) VALUES ('NAN'), ('TIE');
INSERT INTO em_run (entry_id) VALUES ('NAN'), ('TIE');
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '0.d', 'measured' FROM em_run WHERE entry_id IN ('NAN', 'TIE');
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, printed)
SELECT run_id, entry_id, '0.d', 'bfactor', CASE entry_id WHEN 'NAN' THEN 'NaN'::float8 ELSE 37 END, true FROM em_run WHERE entry_id IN ('NAN', 'TIE');

-- P37 among 101 values: 36 below, two equal; 1.85 to 5.55 Å holds P19 to P55
CREATE FUNCTION shown(entry text, share float8 DEFAULT 0.5, percentile_set text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', value, n_all, round(percentile_all::numeric, 4), n_window, round(percentile_window::numeric, 4), round(window_low::numeric, 3),
                     round(window_high::numeric, 3), reference)
    FROM em_percentile(entry, '0.d', 'bfactor', share, percentile_set) $$;
SELECT is(shown('P37'), '37 101 36.6337 37 50.0000 1.850 5.550 archive', 'among all and in the window');
SELECT is(shown('P37', 0.2), '37 101 36.6337 15 2.960 4.440 archive', 'no percentile among fewer than 30');
SELECT is(shown('TIE'), '37 101 36.6337 0 archive', 'no window without a resolution');
SELECT is(shown('NAN'), '', 'no percentile of NaN');
SELECT is(shown('none'), '', 'nor of an entry that is not there');
SELECT is(em_freeze_percentiles('2026', 'the first'), 1::bigint, 'a set is frozen, with one measure');
SELECT results_eq('SELECT name, frozen = now(), entries, description FROM em_percentile_set', $$VALUES ('2026', true, 102::bigint, 'the first')$$, 'and listed with its date');
SELECT is(shown('P37', 0.5, '2026'), '37 101 36.6337 37 50.0000 1.850 5.550 2026', 'the same percentiles in it');
SELECT is(em_archive_refresh() IS NOT NULL, true, 'with summaries');
SELECT is(shown('P37'), '37 101 36.6337 37 50.0000 1.850 5.550 archive', 'the same again');
SELECT is(shown('P1', 0.5), '1 101 0.4950 1 0.050 0.150 archive', 'the least');
SELECT is(shown('P100', 0.5), '100 101 99.5050 51 99.0196 5.000 15.000 archive', 'the greatest');

-- Forty more at 0: P37 is now 76th of 141, and 40 more of the window are below it
INSERT INTO em_entry (entry_id, resolution) SELECT 'Q' || i, 4 FROM generate_series(1, 40) AS i;
INSERT INTO em_run (entry_id) SELECT entry_id FROM em_entry WHERE entry_id LIKE 'Q%';
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '0.d', 'measured' FROM em_run WHERE entry_id LIKE 'Q%';
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT run_id, entry_id, '0.d', 'bfactor', 0 FROM em_run WHERE entry_id LIKE 'Q%';
SELECT is(shown('P37'), '37 101 36.6337 37 50.0000 1.850 5.550 archive', 'summaries are those of the last refresh');
SELECT is((SELECT reference_date FROM em_percentile('P37', '0.d', 'bfactor')), (SELECT refreshed FROM em_archive_state), 'which is told');
SELECT is(em_archive_refresh() IS NOT NULL, true, 'after the next');
SELECT is(shown('P37'), '37 141 54.6099 77 75.9740 1.850 5.550 archive', 'later entries count');
SELECT is(shown('P37', 0.5, '2026'), '37 101 36.6337 37 50.0000 1.850 5.550 2026', 'but not in the frozen set');
SELECT is(shown('Q1', 0.5, '2026'), '0 101 0.0000 41 0.0000 2.000 6.000 2026', 'which also takes entries that are not in it');
DELETE FROM em_entry WHERE entry_id LIKE 'P%' AND entry_id <> 'P37';
SELECT is(shown('P37', 0.5, '2026'), '37 101 36.6337 37 50.0000 1.850 5.550 2026', 'nor does it lose entries that are deleted');

-- By setting, as in reports
SET LOCAL emvalid.percentile_set = '2026';
SELECT is(shown('P37'), '37 101 36.6337 37 50.0000 1.850 5.550 2026', 'the setting names the set');
SELECT is((SELECT reference FROM em_percentile('P37', '0.d', 'bfactor', percentile_set => '')), 'archive', 'an empty name is the archive');
SELECT alike(em_report_html('P37'), '%percentile 37 of 101 entries%(N = 101, set 2026 of 20%', 'the report compares with the set and names it');
SELECT results_eq($$SELECT measure, n_all, reference FROM em_entry_percentile WHERE entry_id = 'P37'$$, $$VALUES ('bfactor', 101::bigint, '2026')$$, 'all of an entry');
RESET emvalid.percentile_set;

SELECT throws_ok($$SELECT em_freeze_percentiles('2026')$$, '42710', 'percentile set "2026" already exists', 'a frozen set is not replaced');
SELECT throws_ok($$SELECT em_freeze_percentiles(' ')$$, '22023', NULL, 'a name is needed');
SELECT throws_ok($$SELECT em_percentile('P37', '0.d', 'bfactor', 0.2, 'none')$$, '42704', 'there is no percentile set "none"', 'an unknown set');
DELETE FROM em_percentile_set;
SELECT is_empty('SELECT * FROM em_percentile_value', 'a dropped set is gone');

-- Two profiles, with and without summaries
CREATE TEMP TABLE live AS SELECT a.entry_id, a.check_code, a.outcome AS outcome_a, b.outcome AS outcome_b
FROM em_outcome a JOIN em_outcome b USING (entry_id, check_code) WHERE a.profile = 'vrs' AND b.profile = 'emvalid' AND a.outcome <> b.outcome;
SELECT em_archive_refresh() IS NOT NULL AS refreshed \gset
SELECT results_eq($$SELECT * FROM em_regrade_diff('vrs', 'emvalid')$$, 'SELECT * FROM live ORDER BY 1, 2', 'what two profiles see differently');
SELECT throws_ok($$SELECT em_regrade_diff('vrs', 'none')$$, '42704', 'there is no profile "none"', 'an unknown profile');

SELECT * FROM finish();
ROLLBACK;
