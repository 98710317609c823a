/*
 * 42_queue.sql: the queue of validations, and the trigger that fills it.
 *
 * Whoever adds or replaces a map only writes a row here; a worker (46_work.sql)
 * does the rest.  Nothing here opens a large object.
 */

CREATE TABLE em_job (
    job_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id      text NOT NULL REFERENCES em_entry ON UPDATE CASCADE ON DELETE CASCADE,
    checks        text[],
    state         text NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'waiting', 'running', 'done', 'failed', 'cancelled')),
    priority      int NOT NULL DEFAULT 0,
    attempts      int NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL DEFAULT now(),
    reason        text,
    error         text,
    worker        int,
    run_id        bigint,
    codes         text[],
    memory_needed bigint,
    enqueued      timestamptz NOT NULL DEFAULT now(),
    started       timestamptz,
    finished      timestamptz
);
CREATE UNIQUE INDEX em_job_one_waiting ON em_job (entry_id) WHERE state IN ('queued', 'waiting');
CREATE INDEX em_job_open ON em_job (priority DESC, job_id) WHERE state IN ('queued', 'waiting', 'running');
CREATE INDEX em_job_entry ON em_job (entry_id);
COMMENT ON TABLE em_job IS 'the queue of validations; an entry has at most one job that has not started';
COMMENT ON COLUMN em_job.checks IS 'checks asked for; NULL: those that are stale when the job starts, see em_stale';
COMMENT ON COLUMN em_job.state IS
    'queued; waiting: for a map that is not complete yet; running; done; failed; cancelled. '
    'A running job whose worker died is taken up by the next worker';
COMMENT ON COLUMN em_job.priority IS 'higher ones first';
COMMENT ON COLUMN em_job.attempts IS 'how often a worker started it';
COMMENT ON COLUMN em_job.not_before IS 'not to be started earlier';
COMMENT ON COLUMN em_job.reason IS 'stable short form of the error: map_missing, superseded, out_of_memory, worker_died, ...';
COMMENT ON COLUMN em_job.error IS 'message of the last error';
COMMENT ON COLUMN em_job.worker IS 'process id of the server process that runs it or ran it last';
COMMENT ON COLUMN em_job.run_id IS 'the run that it fills; results that are there already are not measured again';
COMMENT ON COLUMN em_job.codes IS 'the checks that were chosen when it started';
COMMENT ON COLUMN em_job.memory_needed IS 'estimate in bytes; NULL: not known yet';

CREATE FUNCTION _em_is_restoring() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE COST 2
RETURN current_setting('check_function_bodies') = 'off' AND current_setting('row_security') = 'off';
COMMENT ON FUNCTION _em_is_restoring() IS
    'Internal: is this session reading a dump? pg_dump begins its scripts, and pg_restore its sessions, with these two settings off';

CREATE FUNCTION _em_notify_job() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state = 'queued' AND NOT _em_is_restoring()
       OR TG_OP = 'UPDATE' AND NEW.state <> OLD.state THEN
        PERFORM pg_notify('emvalid_job', jsonb_build_object('job', NEW.job_id, 'entry', NEW.entry_id, 'state', NEW.state)::text);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _em_notify_job() IS 'Internal: trigger that announces new jobs and their changes of state on the channel emvalid_job';

CREATE TRIGGER em_notify_job AFTER INSERT OR UPDATE OF state ON em_job
    FOR EACH ROW EXECUTE FUNCTION _em_notify_job();
COMMENT ON TRIGGER em_notify_job ON em_job IS 'NOTIFY emvalid_job';

CREATE FUNCTION em_enqueue(entry_id text, checks text[] DEFAULT NULL, priority int DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM em_entry e WHERE e.entry_id = em_enqueue.entry_id) THEN
        RAISE no_data_found USING MESSAGE = format('there is no entry "%s"', em_enqueue.entry_id),
            HINT = 'Make entries with em_ingest().';
    END IF;
    PERFORM _em_checks_to_run(em_enqueue.checks);
    INSERT INTO em_job AS j (entry_id, checks, priority)
    VALUES (em_enqueue.entry_id, em_enqueue.checks, coalesce(em_enqueue.priority, 0))
    ON CONFLICT (entry_id) WHERE state IN ('queued', 'waiting') DO UPDATE
        SET checks = CASE WHEN j.checks IS NOT NULL AND EXCLUDED.checks IS NOT NULL
                          THEN ARRAY(SELECT c FROM unnest(j.checks || EXCLUDED.checks) AS c GROUP BY c ORDER BY c) END,
            priority = greatest(j.priority, EXCLUDED.priority),
            state = 'queued',
            not_before = least(j.not_before, EXCLUDED.not_before),
            memory_needed = NULL
    RETURNING job_id INTO job;
    RETURN job;
END;
$$;
COMMENT ON FUNCTION em_enqueue(text, text[], int) IS
    'puts an entry into the queue and returns the job; a job of the entry that has not started yet is widened instead; '
    'without checks, those that are stale when the job starts are measured';

CREATE FUNCTION em_enqueue_map() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.map = OLD.map AND NEW.role = OLD.role OR _em_is_restoring()
       OR coalesce(current_setting('emvalid.auto_validate', true), 'queue') = 'off' THEN
        RETURN NULL;
    END IF;
    INSERT INTO em_job AS j (entry_id) VALUES (NEW.entry_id)
    ON CONFLICT (entry_id) WHERE state IN ('queued', 'waiting') DO UPDATE
        SET checks = NULL, state = 'queued', not_before = now(), memory_needed = NULL
        WHERE j.checks IS NOT NULL OR j.state <> 'queued' OR j.not_before > now() OR j.memory_needed IS NOT NULL;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION em_enqueue_map() IS
    'trigger: puts the entry of a new or replaced map into the queue unless it waits there already; never opens the map, does nothing while a dump is restored';

CREATE TRIGGER em_enqueue_map AFTER INSERT OR UPDATE OF map, role ON em_entry_map
    FOR EACH ROW WHEN (NEW.role IN ('map', 'half1', 'half2'))
    EXECUTE FUNCTION em_enqueue_map();
COMMENT ON TRIGGER em_enqueue_map ON em_entry_map IS 'queues the validation of new maps, as emvalid.auto_validate says';

CREATE VIEW _em_job_lock AS
SELECT l.objid::bigint AS job, l.pid
FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 'em_job'::regclass
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
COMMENT ON VIEW _em_job_lock IS 'Internal: jobs whose worker is alive: it holds the advisory lock (em_job, job)';

CREATE FUNCTION em_cancel_job(job_id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job em_job;
BEGIN
    SELECT * INTO job FROM em_job j WHERE j.job_id = em_cancel_job.job_id FOR UPDATE;
    IF NOT FOUND OR job.state NOT IN ('queued', 'waiting', 'running') THEN
        RETURN false;
    END IF;
    UPDATE em_job j SET state = 'cancelled', reason = 'cancelled', error = 'cancelled by em_cancel_job', finished = clock_timestamp()
    WHERE j.job_id = em_cancel_job.job_id;
    -- The worker cannot go on to another job before this transaction ends: it needs the row.
    IF job.state = 'running' AND job.worker <> pg_backend_pid()
       AND EXISTS (SELECT FROM _em_job_lock l WHERE l.job = job.job_id % 2147483648 AND l.pid = job.worker) THEN
        PERFORM pg_cancel_backend(job.worker);
    END IF;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION em_cancel_job(bigint) IS
    'cancels a job, also one that runs (its worker goes on with the next one); false when it has ended already; '
    'a running job needs the right to cancel the worker: its role, or pg_signal_backend';
