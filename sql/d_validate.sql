-- From a map to a verdict, and what goes wrong on the way.
\set VERBOSITY terse
SELECT em_ingest('BALL', em_map_from_bytea(make_mrc('{48,48,48}', '{2,2,2}', ball(48, 8))), contour => 5, title => 'a ball');
CALL em_validate('BALL', '{0.a,0.b,0.c,0.d,1.a}');
SELECT check_code, state, reason_code, reason, method FROM em_result ORDER BY 1;
-- a ball of radius 8 voxels about voxel 24: 2109 voxels, planes 16 to 32; dilated by one voxel of 2 Å
SELECT name, round(value::numeric, 4) AS value, unit FROM em_measure
WHERE check_code = '0.a' AND name NOT LIKE '%\_vrs' ORDER BY 1;
SELECT name, round(value::numeric, 4) AS value, unit FROM em_measure
WHERE check_code = '0.b' AND name IN ('components', 'voxels', 'volume', 'components_95', 'remaining', 'overlap') ORDER BY 1;
SELECT count(*) FROM generate_series(-8, 8) AS x, generate_series(-8, 8) AS y, generate_series(-8, 8) AS z
WHERE x * x + y * y + z * z <= 64;
-- the chequered background has mean 0 and standard deviation 0.5
SELECT name, round(value::numeric, 6) AS value FROM em_measure
WHERE check_code = '0.c' AND name IN ('sd', 'outliers', 'outliers_vrs') ORDER BY 1;
SELECT profile, check_code, outcome, reason FROM em_outcome WHERE check_code IN ('0.a', '0.b', '0.c', '0.d', '1.a') ORDER BY 1, 2;
SELECT levels, grade FROM em_level WHERE entry_id = 'BALL';

-- one check again, with a contour that selects nothing; the other results stay
SELECT em_ingest('BALL', NULL, contour => 50);
CALL em_validate('BALL', '{0.c}');
SELECT check_code, run_id - min(run_id) OVER () AS run, state, reason FROM em_latest
WHERE entry_id = 'BALL' AND check_code IN ('0.a', '0.b', '0.c') ORDER BY 1;
SELECT check_code, outcome FROM em_outcome WHERE entry_id = 'BALL' AND profile = 'vrs' AND check_code IN ('0.b', '0.c') ORDER BY 1;

-- an edited limit re-grades at once
SELECT outcome FROM em_outcome WHERE entry_id = 'BALL' AND profile = 'emvalid' AND check_code = '0.a';
BEGIN;
UPDATE em_criterion SET limit_value = 90 WHERE profile = 'emvalid' AND check_code = '0.a' AND measure ~ '^(left|right)_';
SELECT outcome FROM em_outcome WHERE entry_id = 'BALL' AND profile = 'emvalid' AND check_code = '0.a';
ROLLBACK;

-- mistakes
CALL em_validate('NOBODY');
CALL em_validate('BALL', '{0.z}');
CALL em_validate('BALL', '{9.9,0.a}');
SELECT em_ingest('EMPTY', NULL);
CALL em_validate('EMPTY');
-- what commits says so before it does anything
SELECT count(*) AS runs FROM em_run \gset
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
CALL em_validate('BALL', '{0.a}');
ROLLBACK;
BEGIN;
CALL em_work();
ROLLBACK;
\set VERBOSITY terse
DO $$ BEGIN CALL em_validate('BALL', '{0.a}'); EXCEPTION WHEN active_sql_transaction THEN RAISE NOTICE 'as it should'; END $$;
CREATE FUNCTION validating() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL em_validate('BALL', '{0.a}'); END $$;
SELECT validating();
DROP FUNCTION validating();
SELECT count(*) - :runs AS runs_begun FROM em_run;
DO $$ BEGIN CALL em_validate('BALL', '{0.a}'); END $$;
SELECT count(*) - :runs AS runs_begun FROM em_run;
SELECT em_validate_atomic('BALL', '{0.b}') > 0 AS run_inside_a_transaction;
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT run_id, entry_id, check_code, 'x', 'NaN' FROM em_result LIMIT 1;

-- deleting the entry removes everything, the large object included
DELETE FROM em_entry;
SELECT (SELECT count(*) FROM em_result) AS results, (SELECT count(*) FROM em_measure) AS measures,
       (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects;
