-- How long a validation still takes: the rule, on results and a session made up for it.

SET client_min_messages = warning;
SELECT plan(17);
\ir ../data/make_mrc.sql

SET emvalid.auto_validate = off;
SELECT em_ingest('P' || i, em_map_from_bytea(make_mrc('{12,12,12}', '{2,2,2}', ball(12, 3, i))), contour => 5) FROM generate_series(1, 4) AS i;
SELECT em_ingest('LARGER', em_map_from_bytea(make_mrc('{12,12,14}', '{2,2,2}', array_fill(1.0::float8, '{2016}'))), contour => 5);
SELECT em_ingest('DOUBLE', em_map_from_bytea(make_mrc('{12,12,24}', '{2,2,2}', array_fill(1.0::float8, '{3456}'))), contour => 0.5);

-- What has happened: 0.b took 10, 20 and 60 s, 0.c took 7 s, 0.d failed
CREATE FUNCTION took(entry text, code text, seconds int, state text DEFAULT 'measured') RETURNS void LANGUAGE sql AS $$
    WITH run AS (INSERT INTO em_run (entry_id, finished, parameters) VALUES (entry, now(), _em_inputs(entry) || '{"voxels": 1728}') RETURNING run_id)
    INSERT INTO em_result (run_id, entry_id, check_code, state, reason, elapsed)
    SELECT run_id, entry, code, state, CASE WHEN state <> 'measured' THEN 'because' END, seconds * interval '1 s' FROM run
$$;
SELECT took('P1', '0.b', 10), took('P2', '0.b', 20), took('P3', '0.b', 60), took('P1', '0.c', 7), took('P1', '0.d', 1000, 'failed');
SELECT results_eq('SELECT check_code, size, half_maps, results, round((seconds_per_mvoxel * 0.001728)::numeric, 6) FROM em_check_time ORDER BY 1',
                  $$VALUES ('0.b', 11, false, 3::bigint, 20.0), ('0.c', 11, false, 1::bigint, 7.0)$$, 'em_check_time: the median, without what failed');

-- Now: a session that calls itself a worker
CREATE FUNCTION now_in(entry text, code text, percent int, seconds int, codes text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    run bigint;
BEGIN
    DELETE FROM em_job;
    INSERT INTO em_run (entry_id) VALUES (entry) RETURNING run_id INTO run;
    INSERT INTO em_job (entry_id, state, worker, run_id, codes, started)
    VALUES (entry, 'running', pg_backend_pid(), run, codes, clock_timestamp() - seconds * interval '1 s');
    PERFORM set_config('application_name', format('emvalid: %s %s masking %s%%', entry, code, percent), false);
END $$;
CREATE FUNCTION left_is(seconds float8, job_seconds float8, what text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT ok(CASE WHEN seconds IS NULL THEN remaining IS NULL ELSE abs(extract(epoch FROM remaining) - seconds) < 0.5 END, what || format(': check, %s', remaining))
    FROM em_progress
    UNION ALL
    SELECT ok(CASE WHEN job_seconds IS NULL THEN job_remaining IS NULL ELSE abs(extract(epoch FROM job_remaining) - job_seconds) < 0.5 END, what || format(': job, %s', job_remaining))
    FROM em_progress
$$;
SELECT now_in('P4', '0.b', 50, 5, '{0.b}');
SELECT left_is(15, 15, '5 s of 20 are over');
SELECT now_in('P4', '0.b', 50, 5, '{0.b,0.c}');
SELECT left_is(15, 22, 'another check comes after it');
SELECT now_in('P4', '0.b', 50, 5, '{0.b,0.c,0.d}');
SELECT left_is(15, NULL, 'a check without history');
SELECT now_in('LARGER', '0.b', 50, 5, '{0.b}');
SELECT left_is(20 * 14 / 12.0 - 5, 20 * 14 / 12.0 - 5, 'a map a sixth larger takes a sixth more');
SELECT now_in('P4', '0.b', 40, 30, '{0.b,0.c}');
SELECT left_is(45, 52, 'later than expected: 40 % in 30 s leave 45 s');
SELECT now_in('DOUBLE', '0.b', 25, 30, '{0.b}');
SELECT left_is(90, 90, 'no map of this size: 25 % in 30 s leave 90 s');
SELECT now_in('DOUBLE', '0.b', 4, 30, '{0.b}');
SELECT left_is(NULL, NULL, 'and nothing is said too early');
DELETE FROM em_job;
SELECT is((SELECT entry_id || ' ' || (remaining IS NULL) || ' ' || (job_remaining IS NULL) FROM em_progress), 'DOUBLE true true', 'a validation that is no job');
RESET application_name;
SELECT em_validate_atomic('DOUBLE', '{0.a}');
SELECT results_eq($$SELECT size, half_maps, results FROM em_check_time WHERE check_code = '0.a'$$, $$VALUES (12, false, 1::bigint)$$,
                  'runs write down how large the map was');

SELECT * FROM finish();
