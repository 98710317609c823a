/*
 * 46_work.sql: workers.
 *
 * A worker claims a job in a short transaction, then runs one check in each
 * transaction.  While it works it holds the session's advisory lock (em_job,
 * job); a running job whose lock is free has lost its worker, and the next
 * worker goes on with the first check that has no result.  Only functions run
 * here, so that CALL em_work and background workers share every line.
 *
 * A cancel or timeout inside a check is caught and marks the job as cancelled.
 * One between two checks, or while their results are being committed, aborts
 * the transaction.  A background worker then marks the job; in CALL em_work the
 * lock is freed, and the job has lost its worker.
 */

CREATE FUNCTION _em_job_hold(class int, job int) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emvalid_job_hold' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10;
COMMENT ON FUNCTION _em_job_hold(int, int) IS
    'Internal: take the advisory lock (em_job, job) of a job for this session until _em_job_release() or until a transaction aborts; false when another session has it';

CREATE FUNCTION _em_job_release() RETURNS boolean
    AS 'MODULE_PATHNAME', 'emvalid_job_release' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10;
COMMENT ON FUNCTION _em_job_release() IS 'Internal: give the lock of this session''s job back; false when it has none';

CREATE FUNCTION _em_map_require(m emmap) RETURNS void
    AS 'MODULE_PATHNAME', 'emvalid_map_require' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION _em_map_require(emmap) IS
    'Internal: raises an error unless the large object of a map is here, complete, and begins as it should';

CREATE FUNCTION _em_retry_after(sqlstate text, attempts int) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN sqlstate IN ('42704', '55000') AND attempts < 8 THEN interval '10 s' * 2 ^ attempts
    WHEN attempts >= 3 THEN NULL
    WHEN sqlstate = '53200' THEN interval '1 min' * attempts
    WHEN sqlstate LIKE '40%' OR sqlstate IN ('23503', '55P03', '58030', '53100') THEN interval '10 s' * attempts
END;
COMMENT ON FUNCTION _em_retry_after(text, int) IS
    'Internal: after which pause a job that failed with an error is tried again; NULL: not at all. A missing or incomplete '
    'map is waited for, longer each time; lack of memory, deadlocks, renamed entries and I/O errors get three attempts; what would fail again gets none';

CREATE FUNCTION _em_reason(sqlstate text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE sqlstate
    WHEN '42704' THEN 'map_missing' WHEN '55000' THEN 'map_missing'
    WHEN '53200' THEN 'out_of_memory' WHEN '53400' THEN 'over_budget'
    WHEN '53100' THEN 'disk_full' WHEN '58030' THEN 'io_error'
    WHEN '42501' THEN 'permission_denied' WHEN '57014' THEN 'cancelled'
    WHEN '23503' THEN 'conflict'    -- the entry was deleted, or got another name
    ELSE CASE left(sqlstate, 2) WHEN '40' THEN 'conflict' WHEN 'XX' THEN 'internal_error' ELSE 'error' END
END;
COMMENT ON FUNCTION _em_reason(text) IS 'Internal: em_job.reason of an SQLSTATE';

-- A job whose step failed: wait, try again, or give up.
CREATE FUNCTION _em_job_failed(job_id bigint, sqlstate text, message text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job em_job;
    missing boolean := _em_job_failed.sqlstate IN ('42704', '55000');
    successor bigint;    -- a job for newer maps that waits already takes over
    pause interval;
    changed bigint;
BEGIN
    SELECT * INTO job FROM em_job j WHERE j.job_id = _em_job_failed.job_id;
    SELECT j.job_id INTO successor FROM em_job j
    WHERE j.entry_id = job.entry_id AND j.state IN ('queued', 'waiting') AND j.job_id <> job.job_id;
    pause := CASE WHEN successor IS NULL THEN _em_retry_after(_em_job_failed.sqlstate, job.attempts) END;
    UPDATE em_job j
    SET state = CASE WHEN _em_job_failed.sqlstate = '57014' OR missing AND successor IS NOT NULL THEN 'cancelled'
                     WHEN pause IS NULL THEN 'failed' WHEN missing THEN 'waiting' ELSE 'queued' END,
        reason = CASE WHEN missing AND successor IS NOT NULL THEN 'superseded' ELSE _em_reason(_em_job_failed.sqlstate) END,
        error = CASE WHEN missing AND successor IS NOT NULL THEN format('its maps were replaced; job %s is for the new ones', successor)
                     ELSE _em_job_failed.message END,
        not_before = coalesce(clock_timestamp() + pause, j.not_before),
        finished = CASE WHEN pause IS NULL OR _em_job_failed.sqlstate = '57014' THEN clock_timestamp() END
    WHERE j.job_id = _em_job_failed.job_id AND j.state = 'running';
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM _em_bench_close();
    PERFORM _em_job_release();
    -- em_cancel_job has marked the job already: only that job ends. Any other cancel is meant for the worker.
    RETURN CASE WHEN _em_job_failed.sqlstate = '57014' AND changed = 1 THEN 'stop' ELSE 'next' END;
END;
$$;
COMMENT ON FUNCTION _em_job_failed(bigint, text, text) IS
    'Internal: decides what becomes of a job after an error; returns stop when the worker itself was cancelled, else next';

-- Open the workbench of a job that was claimed; false when there is nothing to measure or no room.
CREATE FUNCTION _em_job_begin(job em_job, room bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen text[];
    run bigint;
    need bigint;
BEGIN
    PERFORM _em_map_require(m.map) FROM em_entry_map m
    WHERE m.entry_id = job.entry_id AND m.role IN ('map', 'half1', 'half2');
    -- Go on with the run of an earlier attempt when its inputs are still the same.
    SELECT r.run_id INTO run FROM em_run r
    WHERE r.run_id = job.run_id AND r.finished IS NULL AND r.parameters @> _em_inputs(job.entry_id)
      AND r.parameters ->> 'seed' = current_setting('emvalid.seed') AND r.emvalid_version = em_version();
    IF run IS NOT NULL THEN
        chosen := job.codes;
    ELSIF job.checks IS NULL THEN
        chosen := _em_checks_to_run(coalesce((SELECT array_agg(s.check_code) FROM em_stale s WHERE s.entry_id = job.entry_id), '{}'));
        IF chosen = '{}' AND EXISTS (SELECT FROM em_entry_map m WHERE m.entry_id = job.entry_id AND m.role = 'map') THEN
            UPDATE em_job j SET state = 'done', reason = 'nothing_stale', worker = pg_backend_pid(),
                                started = clock_timestamp(), finished = clock_timestamp()
            WHERE j.job_id = job.job_id;
            RETURN false;
        END IF;
    ELSE
        chosen := _em_checks_to_run(job.checks);
    END IF;
    need := _em_bench_for(job.entry_id, chosen);
    IF need > room THEN
        PERFORM _em_bench_close();
        UPDATE em_job j SET memory_needed = need WHERE j.job_id = job.job_id;
        RETURN false;
    END IF;
    run := coalesce(run, _em_run_begin(job.entry_id, chosen));
    UPDATE em_job j
    SET state = 'running', worker = pg_backend_pid(), attempts = j.attempts + 1, run_id = run, codes = chosen,
        memory_needed = need, started = clock_timestamp(), finished = NULL, reason = NULL, error = NULL
    WHERE j.job_id = job.job_id;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _em_job_begin(em_job, bigint) IS
    'Internal: opens the workbench of a job and marks it as running, unless it needs more memory than there is room (bytes) or nothing is stale';

CREATE FUNCTION _em_job_claim() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 20000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    class   int := 'em_job'::regclass::oid::int;
    budget  bigint;
    used    bigint;
    busy    boolean;
    skipped bigint[] := '{}';
    job     em_job;
    begun   boolean;
    code    text;
    message text;
BEGIN
    PERFORM em_version();    -- loads the library, with its settings
    budget := coalesce(nullif(pg_size_bytes(current_setting('emvalid.node_budget')), 0),
                       pg_size_bytes(current_setting('emvalid.memory_budget')));
    -- One claim at a time, so that two of them cannot both find the same memory free.
    PERFORM pg_advisory_xact_lock(class, 0);
    LOOP
        SELECT coalesce(sum(r.memory_needed), 0), count(*) > 0 INTO used, busy
        FROM em_job r JOIN _em_job_lock l ON l.job = r.job_id % 2147483648
        WHERE r.state = 'running' AND l.pid <> pg_backend_pid();

        -- The entry before the job, as those who delete it do; whoever holds either is not waited for.
        SELECT q.* INTO job
        FROM em_job q JOIN em_entry e ON e.entry_id = q.entry_id
        WHERE q.job_id <> ALL (skipped)
          AND (NOT busy OR q.memory_needed IS NULL OR used + q.memory_needed <= budget)
          AND (q.state IN ('queued', 'waiting') AND q.not_before <= clock_timestamp()
               AND NOT EXISTS (SELECT FROM em_job r WHERE r.entry_id = q.entry_id AND r.state = 'running')
               OR q.state = 'running'
               AND NOT EXISTS (SELECT FROM _em_job_lock l WHERE l.job = q.job_id % 2147483648 AND l.pid <> pg_backend_pid()))
        ORDER BY q.priority DESC, q.job_id
        LIMIT 1
        FOR KEY SHARE OF e SKIP LOCKED FOR UPDATE OF q SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        skipped := skipped || job.job_id;
        CONTINUE WHEN NOT _em_job_hold(class, (job.job_id % 2147483648)::int);

        IF job.state = 'running' AND job.attempts >= 3 THEN
            UPDATE em_job j SET state = 'failed', reason = 'worker_died', finished = clock_timestamp(),
                                error = format('its worker ended %s times without finishing it', job.attempts)
            WHERE j.job_id = job.job_id;
            PERFORM _em_job_release();
            CONTINUE;
        END IF;
        code := NULL;
        BEGIN
            begun := _em_job_begin(job, CASE WHEN busy THEN budget - used ELSE 9223372036854775807 END);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        END;
        IF code IS NOT NULL THEN
            UPDATE em_job j SET state = 'running', worker = pg_backend_pid(), attempts = j.attempts + 1,
                                started = clock_timestamp() WHERE j.job_id = job.job_id;
            PERFORM _em_job_failed(job.job_id, code, message);
        ELSIF begun THEN
            RETURN job.job_id;
        ELSE
            PERFORM _em_job_release();
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _em_job_claim() IS
    'Internal: takes the next job that fits into the memory left, or one whose worker died, and opens its workbench; NULL when there is none';

CREATE FUNCTION _em_job_step(job_id bigint) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job em_job;
    next_code text;
    code text;
    message text;
BEGIN
    BEGIN
        SELECT * INTO job FROM em_job j WHERE j.job_id = _em_job_step.job_id;
        IF job.state = 'running' AND job.worker = pg_backend_pid() THEN
            SELECT c INTO next_code FROM unnest(job.codes) WITH ORDINALITY AS u (c, i)
            WHERE NOT EXISTS (SELECT FROM em_result r WHERE r.run_id = job.run_id AND r.check_code = c)
            ORDER BY i LIMIT 1;
            IF FOUND THEN
                PERFORM _em_run_check(job.run_id, job.entry_id, next_code);
                RETURN 'more';
            END IF;
            PERFORM _em_run_end(job.run_id);
            UPDATE em_job j SET state = 'done', finished = clock_timestamp()
            WHERE j.job_id = _em_job_step.job_id AND j.state = 'running';
        END IF;
        PERFORM _em_bench_close();
        PERFORM _em_job_release();
        RETURN 'next';
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    END;
    RETURN _em_job_failed(_em_job_step.job_id, code, message);
END;
$$;
COMMENT ON FUNCTION _em_job_step(bigint) IS
    'Internal: runs the next check of a job, or ends it; returns more, next (job ended, however) or stop (the worker was cancelled)';

CREATE PROCEDURE em_work(max_jobs int DEFAULT NULL)
    LANGUAGE plpgsql
AS $$
DECLARE
    job bigint;
    answer text;
    jobs int := 0;
BEGIN
    PERFORM @extschema@._em_require_commit('em_work', 'Call it outside a transaction block, or start workers with em_launch_worker().');
    WHILE max_jobs IS NULL OR jobs < max_jobs LOOP
        job := @extschema@._em_job_claim();
        COMMIT;
        EXIT WHEN job IS NULL;
        LOOP
            answer := @extschema@._em_job_step(job);
            COMMIT;
            EXIT WHEN answer <> 'more';
        END LOOP;
        IF answer = 'stop' THEN
            RAISE query_canceled USING MESSAGE = 'canceling the worker due to user request or timeout',
                DETAIL = pg_catalog.format('Job %s is marked as cancelled; its finished checks stay.', job);
        END IF;
        jobs := jobs + 1;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE em_work(int) IS
    'Be a worker: validate queued entries, at most max_jobs of them, until none is left that may start now; commits after '
    'each check, so call it outside a transaction block; any number of sessions may work at once';

CREATE FUNCTION em_launch_worker(workers int DEFAULT 1, linger interval DEFAULT '0') RETURNS int
    AS 'MODULE_PATHNAME', 'emvalid_launch_worker' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000;
COMMENT ON FUNCTION em_launch_worker(int, interval) IS
    'Start background workers that run as the calling role until the queue has been empty for the time linger; returns how '
    'many; each takes one of max_worker_processes, and shared_preload_libraries is not needed';

-- With emvalid.auto_validate = now, the job of a new map is done before its transaction commits.
CREATE FUNCTION _em_validate_now() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    job bigint;
    code text;
    message text;
BEGIN
    SELECT j.job_id INTO job FROM em_job j
    WHERE j.entry_id = NEW.entry_id AND j.state IN ('queued', 'waiting') FOR UPDATE;
    IF NOT FOUND OR _em_is_restoring()
       OR NOT EXISTS (SELECT FROM em_entry_map m WHERE m.entry_id = NEW.entry_id AND m.role = 'map') THEN
        RETURN NULL;
    END IF;
    BEGIN
        UPDATE em_job j SET state = 'done', worker = pg_backend_pid(), attempts = 1, started = clock_timestamp(),
                            finished = clock_timestamp(), run_id = em_validate_atomic(NEW.entry_id, j.checks)
        WHERE j.job_id = job;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        PERFORM _em_bench_close();
        UPDATE em_job j SET state = 'failed', reason = _em_reason(code), error = message, finished = clock_timestamp()
        WHERE j.job_id = job;
        RAISE WARNING 'entry "%" was stored but could not be validated: %', NEW.entry_id, message;
    END;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _em_validate_now() IS
    'Internal: trigger that validates an entry at the end of the transaction that changed its maps, once however many they are';

CREATE CONSTRAINT TRIGGER em_validate_now AFTER INSERT OR UPDATE OF map, role ON em_entry_map
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.role IN ('map', 'half1', 'half2') AND current_setting('emvalid.auto_validate', true) = 'now')
    EXECUTE FUNCTION _em_validate_now();
COMMENT ON TRIGGER em_validate_now ON em_entry_map IS 'validates before the commit when emvalid.auto_validate is now';
