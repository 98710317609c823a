-- Summaries of the archive: after every refresh they equal the plain definitions, whatever changed before it.

BEGIN;
SET client_min_messages = warning;
SELECT plan(54);
-- More than one chunk of 1024
\set entries 1100
\set checks '^(0.[abcd]|1.[ah])$'
\ir ../../contrib/bench/archive-data.sql

-- Rows in which two queries differ, the last digits of sums aside
CREATE FUNCTION differences(a text, b text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) AS d', a, b) INTO n;
    RETURN n;
END $$;
CREATE FUNCTION equal_now(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(differences('SELECT * FROM em_archive_outcome', 'SELECT * FROM _em_plain_outcome()'), 0::bigint, what || ': outcomes');
    RETURN NEXT is(differences('SELECT * FROM em_archive_entry_score',
                               'SELECT entry_id, profile, passed, evaluable, failed, not_applicable, without_criterion FROM em_score'), 0::bigint, what || ': scores');
    RETURN NEXT is(differences('SELECT profile, check_code, criterion, measure, entries, example FROM em_archive_warning', 'SELECT * FROM _em_plain_warning()'), 0::bigint, what || ': warnings');
    RETURN NEXT is(differences('SELECT * FROM em_archive_failure', 'SELECT * FROM _em_plain_failure()'), 0::bigint, what || ': failures');
    RETURN NEXT is(differences('SELECT * FROM em_outlier', 'SELECT * FROM _em_plain_outlier()'), 0::bigint, what || ': outliers');
    RETURN NEXT is(differences('SELECT entry_id, recalculated, validated FROM em_archive_entry',
                               'SELECT e.entry_id, p.* FROM em_entry e CROSS JOIN LATERAL _em_plain_entry(e.entry_id) AS p'), 0::bigint, what || ': entries');
END $$;

-- Without a refresh the views are plain, and their counts are those of the views they count
SELECT is((SELECT count(*) FROM em_archive_state), 0::bigint, 'no refresh yet');
SELECT is(differences($$SELECT profile, check_code, sum(entries) FROM em_archive_warning GROUP BY 1, 2$$,
                      $$SELECT profile, check_code, count(*) FROM em_warning GROUP BY 1, 2$$), 0::bigint, 'every warning is counted');
SELECT cmp_ok((SELECT count(*) FROM em_outlier), '>', 100::bigint, 'there are outliers');
-- One in 500 values is ten times too large: most of those must be found
SELECT cmp_ok((SELECT count(*) FROM em_measure m WHERE m.check_code = '0.a' AND m.name = 'left_x' AND m.value > 150
               AND NOT EXISTS (SELECT FROM em_outlier o WHERE o.entry_id = m.entry_id AND o.check_code = '0.a' AND o.measure = 'left_x')), '=', 0::bigint, 'among them those put there');
CREATE TEMP TABLE before AS SELECT 'outcome' AS what, to_jsonb(o) AS line FROM em_archive_outcome o
    UNION ALL SELECT 'score', to_jsonb(s) FROM em_archive_score s UNION ALL SELECT 'year', to_jsonb(y) FROM em_archive_year y
    UNION ALL SELECT 'warning', to_jsonb(w) FROM em_archive_warning w UNION ALL SELECT 'failure', to_jsonb(f) FROM em_archive_failure f;

SELECT results_eq('SELECT entries, changed, judged FROM em_archive_refresh()', 'VALUES (1100::bigint, 1100::bigint, 12::bigint)', 'the first refresh looks at everything');
SELECT is(count(*), 0::bigint, 'a refresh changes nothing that is shown')
FROM before b WHERE b.what IN ('outcome', 'warning', 'failure') AND NOT EXISTS (
    SELECT FROM (SELECT to_jsonb(o) AS line FROM em_archive_outcome o UNION ALL SELECT to_jsonb(w) FROM em_archive_warning w
                 UNION ALL SELECT to_jsonb(f) FROM em_archive_failure f) AS n WHERE n.line = b.line);
SELECT is((SELECT sum(entries) FROM em_archive_score WHERE profile = 'vrs'),
          (SELECT sum((line ->> 'entries')::numeric) FROM before WHERE what = 'score' AND line ->> 'profile' = 'vrs'), 'nor the scores');
SELECT is((SELECT sum(all_passed + below_25 + below_50 + below_75 + below_100) FROM em_archive_score), (SELECT sum(entries) FROM em_archive_score),
          'every score belongs to one class');
SELECT * FROM equal_now('first refresh');
SELECT results_eq('SELECT changed, judged FROM em_archive_refresh()', 'VALUES (0::bigint, 0::bigint)', 'nothing changed, nothing to do');

-- Another limit, another criterion, one switched off, one that bars the check
UPDATE em_criterion SET limit_value = 30 WHERE profile = 'vrs' AND check_code = '0.a' AND ordinal = 4;
UPDATE em_criterion SET enabled = false WHERE profile = 'emvalid' AND check_code = '0.c';
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, effect, warning)
VALUES ('emvalid', '1.h', 90, 'sphericity', '<', 160, 'not_applicable', 'a sphericity of {value}');
SELECT is(_em_archive_is_fresh(), false, 'changed criteria are noticed');
SELECT isnt(differences('SELECT * FROM em_archive_outcome', 'SELECT * FROM _em_plain_outcome()'), 0::bigint, 'until the next refresh the views show the last one');
SELECT results_eq('SELECT changed, judged FROM em_archive_refresh()', 'VALUES (0::bigint, 3::bigint)', 'only what they judge is judged again');
SELECT is(_em_archive_is_fresh(), true, 'and all is up to date');
SELECT * FROM equal_now('other criteria');

-- A profile comes, another goes
INSERT INTO em_profile (profile, description) VALUES ('mine', 'one criterion');
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning) VALUES ('mine', '0.d', 1, 'bfactor', '>=', -100, 'B = {value}');
SELECT results_eq('SELECT changed, judged FROM em_archive_refresh()', 'VALUES (0::bigint, 6::bigint)', 'a new profile');
SELECT * FROM equal_now('a new profile');
DELETE FROM em_criterion WHERE profile = 'mine';
DELETE FROM em_profile WHERE profile = 'mine';

-- Results: changed, replaced by a later run, removed with their entry, renamed; entries without results
UPDATE em_measure SET value = value * 1000 WHERE entry_id IN ('EMD-100007', 'EMD-101090') AND check_code = '0.b';
INSERT INTO em_run (entry_id) VALUES ('EMD-100011');
INSERT INTO em_result (run_id, entry_id, check_code, state, reason) SELECT max(run_id), 'EMD-100011', '1.a', 'failed', 'no {&} half maps' FROM em_run;
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT max(run_id), 'EMD-100011', '0.a', 'measured' FROM em_run;
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT max(run_id), 'EMD-100011', '0.a', 'never_seen', 1 FROM em_run;
DELETE FROM em_entry WHERE entry_id IN ('EMD-100500', 'EMD-101024', 'EMD-101100');
UPDATE em_entry SET entry_id = 'α''s "map"' WHERE entry_id = 'EMD-100600';
UPDATE em_entry SET resolution = 30 WHERE entry_id = 'EMD-100700';
INSERT INTO em_entry (entry_id) VALUES ('bare');
SELECT is((SELECT changed FROM em_archive_refresh(false)), 10::bigint, 'entries that changed, under the old name and the new');
SELECT ok(measured < refreshed, 'outliers can be left for later') FROM em_archive_state;
SELECT is((SELECT judged FROM em_archive_refresh()), 0::bigint, 'and made up for');
SELECT ok(measured = refreshed, 'which is told') FROM em_archive_state;
SELECT * FROM equal_now('other results');
SELECT is((SELECT resolution[700] FROM _em_archive_chunk WHERE chunk = 0), 30::float8, 'the changed resolution is known');
SELECT is((SELECT changed FROM em_archive_refresh(anew => true)), 1098::bigint, 'anew');
SELECT * FROM equal_now('anew');

-- Emptied tables
TRUNCATE em_entry CASCADE;
SELECT is((SELECT count(*) FROM em_archive_state), 0::bigint, 'truncated: back to the plain views');
SELECT is((SELECT count(*) FROM em_archive_entry) + (SELECT count(*) FROM em_archive_outcome) + (SELECT count(*) FROM em_outlier), 0::bigint, 'which are empty');
SELECT lives_ok('SELECT em_archive_refresh()', 'an empty archive can be refreshed');
SELECT is((SELECT count(*) FROM em_archive_entry) + (SELECT count(*) FROM em_archive_outcome) + (SELECT count(*) FROM em_outlier), 0::bigint, 'and is still empty');

SELECT * FROM finish();
ROLLBACK;
