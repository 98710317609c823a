-- The queue: what the trigger enqueues and when, what workers make of it, what is stale. Run without a transaction:
-- CALL em_work commits.

SET client_min_messages = warning;
SELECT plan(47);
\ir ../data/make_mrc.sql

CREATE FUNCTION blob(inside float8 DEFAULT 10) RETURNS emmap LANGUAGE sql AS
    $$SELECT em_map_from_bytea(make_mrc('{12,12,12}', '{2,2,2}', ball(12, 3, inside)))$$;

-- The trigger
SELECT is(em_ingest('A', blob(), blob(11), blob(12), contour => 5), 'A', 'an entry with half maps');
SELECT results_eq('SELECT entry_id, state, checks, attempts, run_id FROM em_job', $$VALUES ('A', 'queued', NULL::text[], 0, NULL::bigint)$$,
                  'is one job, however many maps it has');
SELECT is((SELECT count(*)::int FROM em_run), 0, 'nothing runs by itself');
SELECT lives_ok($$SELECT em_ingest('A', blob(13))$$, 'another map');
SELECT is((SELECT count(*)::int FROM em_job), 1, 'widens the job that waits');
UPDATE em_entry_map SET file_name = 'x.map';
SELECT em_ingest('A', NULL, title => 'new title');
SELECT is((SELECT count(*)::int FROM em_job), 1, 'file names and titles queue nothing');
SELECT em_ingest('A', NULL, mask => blob(14));
SELECT is((SELECT count(*)::int FROM em_job), 1, 'nor do masks');
SET emvalid.auto_validate = off;
SELECT em_ingest('B', blob(), contour => 5);
SELECT is((SELECT count(*)::int FROM em_job), 1, 'nor anything when emvalid.auto_validate is off');
RESET emvalid.auto_validate;
SELECT throws_ok('SET emvalid.auto_validate = sometimes', '22023', NULL, 'other values of the setting are refused');
BEGIN;
SET LOCAL check_function_bodies = off;
SET LOCAL row_security = off;
SELECT em_ingest('R', blob(), contour => 5);
SELECT is((SELECT count(*)::int FROM em_job WHERE entry_id = 'R'), 0, 'restoring a dump queues nothing: the dump has the queue');
ROLLBACK;

-- em_enqueue
CREATE TEMP TABLE made AS SELECT em_enqueue('B', '{0.b}', 3) AS job;
SELECT is((SELECT job FROM made), (SELECT max(job_id) FROM em_job), 'em_enqueue returns the job');
SELECT is(em_enqueue('B', '{0.a,0.b}', 1), (SELECT job FROM made), 'the same one while it waits');
SELECT is((SELECT checks::text || priority FROM em_job WHERE entry_id = 'B'), '{0.a,0.b}3', 'with all checks asked for and the higher priority');
SELECT throws_ok($$SELECT em_enqueue('NOBODY')$$, 'P0002', 'there is no entry "NOBODY"', 'an entry that does not exist');
SELECT throws_ok($$SELECT em_enqueue('B', '{0.z}')$$, '42704', NULL, 'a check that does not exist');

-- em_work
CALL em_work(1);
SELECT results_eq('SELECT entry_id, state FROM em_job ORDER BY job_id', $$VALUES ('A', 'queued'), ('B', 'done')$$, 'one job, the one of higher priority');
SELECT results_eq($$SELECT check_code FROM em_result WHERE entry_id = 'B' ORDER BY 1$$, $$VALUES ('0.a'), ('0.b')$$, 'with its checks');
CALL em_work();
SELECT is((SELECT count(*)::int FROM em_job WHERE state = 'done' AND attempts = 1 AND worker = pg_backend_pid() AND error IS NULL), 2, 'the rest');
SELECT is((SELECT count(*)::int FROM em_result WHERE entry_id = 'A'), cardinality(_em_measurable_checks()), 'has all checks');
SELECT is((SELECT count(*)::int FROM em_run WHERE finished IS NULL), 0, 'and every run is finished');
SELECT is_empty($$SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()$$, 'no lock is left');
SELECT is_empty('SELECT * FROM em_progress', 'nor a trace in em_progress');
SELECT isnt(current_setting('application_name') LIKE 'emvalid:%', true, 'nor in the name of the session');
SELECT is((SELECT parameters ? 'before' FROM em_run LIMIT 1), false, 'nor in the run');

-- What is stale
SELECT is_empty($$SELECT * FROM em_stale WHERE entry_id = 'A'$$, 'nothing is stale after a validation');
SELECT results_eq($$SELECT DISTINCT reason FROM em_stale WHERE entry_id = 'B'$$, $$VALUES ('never measured')$$, 'what was never measured is');
UPDATE em_entry SET title = 'other', header = '<emd/>' WHERE entry_id = 'A';
SELECT is_empty($$SELECT * FROM em_stale WHERE entry_id = 'A'$$, 'titles and headers make nothing stale');
UPDATE em_result SET method = 'mask/0' WHERE entry_id = 'A' AND check_code = '0.b';
SELECT results_eq($$SELECT check_code, reason FROM em_stale WHERE entry_id = 'A'$$, $$VALUES ('0.b', 'method')$$, 'another version of one method makes its check stale');
SELECT is(em_revalidate_stale(), 2::bigint, 'em_revalidate_stale queues both entries');
CALL em_work();
SELECT is_empty('SELECT * FROM em_stale', 'and the worker makes them fresh');
SELECT is((SELECT count(*)::int FROM em_result WHERE entry_id = 'A'), cardinality(_em_measurable_checks()) + 1, 'measuring only what was stale');
SELECT em_ingest('A', NULL, half2 => blob(20));
SELECT is((SELECT string_agg(DISTINCT left(check_code, 1) || reason, ',') FROM em_stale WHERE entry_id = 'A'), '1half maps', 'a new half map makes level 1 stale only');
UPDATE em_entry SET contour = 6 WHERE entry_id = 'B';
SELECT is((SELECT count(*)::int FROM em_stale WHERE entry_id = 'B' AND reason = 'contour'), cardinality(_em_measurable_checks()), 'a new contour makes all stale');
CALL em_validate('B');
SELECT em_enqueue('B');
CALL em_work();
SELECT is((SELECT reason FROM em_job WHERE entry_id = 'B' ORDER BY job_id DESC LIMIT 1), 'nothing_stale', 'what was validated by hand is not validated again');

-- Forgetting
SELECT throws_ok('SELECT em_forget_runs(0)', '22023', NULL, 'the last result cannot be forgotten');
CREATE TEMP TABLE latest AS SELECT * FROM em_latest;
SELECT cmp_ok(em_forget_runs(), '>=', 1::bigint, 'em_forget_runs removes old runs');
SELECT set_eq('SELECT * FROM em_latest', 'SELECT * FROM latest', 'and no result that counts');

-- What goes wrong
SELECT is((em_cancel_job(0), em_cancel_job((SELECT min(job_id) FROM em_job)))::text, '(f,f)', 'what has ended cannot be cancelled');
SELECT is(em_cancel_job(em_enqueue('A', '{0.a}')), true, 'what waits can');
SELECT lo_unlink(lo) FROM em_entry_map WHERE entry_id = 'B';
SELECT em_enqueue('B', '{0.a}');
CALL em_work();
SELECT is((SELECT state || ' ' || reason || ' ' || (not_before > now()) FROM em_job WHERE entry_id = 'B' ORDER BY job_id DESC LIMIT 1), 'waiting map_missing true',
          'a job without its large object waits');
SELECT is(_em_retry_after('42704', 3), interval '80 s', 'longer each time');
SELECT is(_em_retry_after('42704', 8), NULL, 'and not for ever');
SELECT is(_em_retry_after('53200', 2), interval '2 min', 'out of memory: later');
SELECT is(_em_retry_after('53400', 1), NULL, 'over the budget: never again');

-- now
SET emvalid.auto_validate = now;
SELECT em_ingest('N', blob(), blob(11), blob(12), contour => 5);
SELECT results_eq($$SELECT j.state, r.finished IS NOT NULL FROM em_job j JOIN em_run r USING (run_id) WHERE j.entry_id = 'N'$$,
                  $$VALUES ('done', true)$$, 'emvalid.auto_validate = now: validated once, when it is committed');
SET emvalid.memory_budget = '1MB';
SELECT em_ingest('M', em_map_from_bytea(make_mrc('{80,80,80}', '{2,2,2}', ball(80, 8))), contour => 5);
SELECT is((SELECT state || ' ' || reason FROM em_job WHERE entry_id = 'M'), 'failed over_budget', 'an entry that cannot be validated is stored nevertheless');
RESET ALL;
DELETE FROM em_entry;
SELECT is((SELECT count(*)::int FROM em_job), 0, 'jobs go with their entries');

SELECT * FROM finish();
