-- Validation of an entry: one run, one workbench, one result a check.

CREATE FUNCTION _em_measurable_checks() RETURNS text[]
    AS 'MODULE_PATHNAME', 'emvalid_measurable_checks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION _em_measurable_checks() IS 'Internal: codes of the checks that this version can measure, in order';

CREATE FUNCTION _em_bench_open(map emmap, half1 emmap, half2 emmap, mask emmap, contour double precision,
                               resolution double precision, checks text[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'emvalid_bench_open' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION _em_bench_open(emmap, emmap, emmap, emmap, double precision, double precision, text[]) IS
    'Internal: open this session''s workbench; refuses when a check needs more than emvalid.memory_budget; '
    'returns the bytes the checks need at most';

CREATE FUNCTION _em_bench_check(check_code text, entry_id text, OUT kind text, OUT name text, OUT value double precision,
                                OUT unit text, OUT x_name text, OUT x double precision[], OUT x_unit text,
                                OUT y double precision[], OUT reason_code text, OUT reason text, OUT cells bytea)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_bench_check' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000 ROWS 50;
COMMENT ON FUNCTION _em_bench_check(text, text) IS
    'Internal: run one check on the open workbench; a row for its state, one per measure and per series, one for the small copy of a local measure';

CREATE FUNCTION _em_bench_close() RETURNS bigint
    AS 'MODULE_PATHNAME', 'emvalid_bench_close' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION _em_bench_close() IS
    'Internal: close this session''s workbench and free its memory; returns the peak it used (bytes)';

-- Which checks a call asks for, in canonical order.
CREATE FUNCTION _em_checks_to_run(checks text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    SELECT w INTO wrong FROM unnest(checks) AS w
        WHERE w IS NULL OR NOT EXISTS (SELECT FROM em_check c WHERE c.check_code = w) LIMIT 1;
    IF FOUND THEN
        RAISE undefined_object USING MESSAGE = format('there is no check "%s"', wrong),
            HINT = 'The checks are listed in the table em_check.';
    END IF;
    SELECT w INTO wrong FROM unnest(checks) AS w WHERE w <> ALL (_em_measurable_checks()) LIMIT 1;
    IF FOUND THEN
        RAISE feature_not_supported USING
            MESSAGE = format('check %s cannot be measured by this version', wrong),
            DETAIL = format('It measures %s.', array_to_string(_em_measurable_checks(), ', '));
    END IF;
    RETURN ARRAY(SELECT c FROM unnest(_em_measurable_checks()) WITH ORDINALITY AS m (c, i)
                 WHERE checks IS NULL OR c = ANY (checks) ORDER BY i);
END
$$;
COMMENT ON FUNCTION _em_checks_to_run(text[]) IS 'Internal: the checks a call asks for, all when NULL, in canonical order';

CREATE FUNCTION _em_bench_label(entry_id text) RETURNS void
    AS 'MODULE_PATHNAME', 'emvalid_bench_label' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1;
COMMENT ON FUNCTION _em_bench_label(text) IS
    'Internal: name under which the open workbench shows its progress in pg_stat_activity, see em_progress';

-- What decides the results of an entry, as it is now.
CREATE FUNCTION _em_inputs(entry_id text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 200
    RETURN (SELECT jsonb_build_object('contour', e.contour, 'resolution', e.resolution, 'sha256',
                (SELECT jsonb_object_agg(m.role, em_sha256(m.map)) FROM em_entry_map m WHERE m.entry_id = e.entry_id))
            FROM em_entry e WHERE e.entry_id = _em_inputs.entry_id);
COMMENT ON FUNCTION _em_inputs(text) IS
    'Internal: contour, resolution and SHA-256 of the maps of an entry, as em_run.parameters has them; NULL when there is no such entry';

-- Grade and score, to see whether a run changes them.
CREATE FUNCTION _em_grade_now(entry_id text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN jsonb_build_object(
        'grade', (SELECT l.grade FROM em_level l WHERE l.entry_id = _em_grade_now.entry_id),
        'score', (SELECT s.score FROM em_score s WHERE s.entry_id = _em_grade_now.entry_id AND s.profile = em_current_profile()));
END
$$;
COMMENT ON FUNCTION _em_grade_now(text) IS 'Internal: grade and score of an entry in the current profile';

-- Open the workbench of an entry.
CREATE FUNCTION _em_bench_for(entry_id text, codes text[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    entry em_entry;
    need bigint;
BEGIN
    SELECT * INTO entry FROM em_entry e WHERE e.entry_id = entry_id;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = format('there is no entry "%s"', entry_id),
            HINT = 'Make entries with em_ingest().';
    END IF;
    IF NOT EXISTS (SELECT FROM em_entry_map m WHERE m.entry_id = entry_id AND m.role = 'map') THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('entry "%s" has no map', entry_id),
            HINT = 'Give it one with em_ingest(entry_id, map).';
    END IF;
    need := _em_bench_open(
        (SELECT m.map FROM em_entry_map m WHERE m.entry_id = entry_id AND m.role = 'map'),
        (SELECT m.map FROM em_entry_map m WHERE m.entry_id = entry_id AND m.role = 'half1'),
        (SELECT m.map FROM em_entry_map m WHERE m.entry_id = entry_id AND m.role = 'half2'),
        NULL, entry.contour, entry.resolution, codes);
    PERFORM _em_bench_label(entry_id);
    RETURN need;
END
$$;
COMMENT ON FUNCTION _em_bench_for(text, text[]) IS
    'Internal: open the workbench of an entry for some checks; returns the bytes that they need at most';

-- Open the workbench of an entry and write down the run.
CREATE FUNCTION _em_run_begin(entry_id text, codes text[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    need bigint := _em_bench_for(entry_id, codes);
    run bigint;
BEGIN
    INSERT INTO em_run (entry_id, emvalid_version, origin, parameters)
        VALUES (entry_id, em_version(), 'emvalid', _em_inputs(entry_id) || jsonb_build_object(
            'checks', to_jsonb(codes), 'seed', current_setting('emvalid.seed')::int, 'memory_needed', need,
            'voxels', (SELECT em_nx(m.map)::bigint * em_ny(m.map) * em_nz(m.map) FROM em_entry_map m
                       WHERE m.entry_id = _em_run_begin.entry_id AND m.role = 'map'),
            'before', _em_grade_now(entry_id)))
        RETURNING run_id INTO run;
    RETURN run;
END
$$;
COMMENT ON FUNCTION _em_run_begin(text, text[]) IS 'Internal: open the workbench of an entry and insert its run; returns run_id';

-- Run one check and store what it measured.
CREATE FUNCTION _em_run_check(run_id bigint, entry_id text, check_code text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    begun timestamptz := clock_timestamp();
    outcome text;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT * FROM _em_bench_check(check_code, entry_id)
    ), result AS (
        INSERT INTO em_result (run_id, entry_id, check_code, state, reason, reason_code, elapsed, method)
            SELECT run_id, entry_id, check_code, f.name, f.reason, f.reason_code, clock_timestamp() - begun, f.unit
            FROM found f WHERE f.kind = 'state'
            RETURNING state
    ), measures AS (
        INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit)
            SELECT run_id, entry_id, check_code, f.name, f.value, f.unit FROM found f WHERE f.kind = 'measure'
    ), series AS (
        INSERT INTO em_series (run_id, entry_id, check_code, name, x_name, x, y, x_unit, y_unit)
            SELECT run_id, entry_id, check_code, f.name, f.x_name, f.x, f.y, f.x_unit, f.unit
            FROM found f WHERE f.kind = 'series'
    ), local AS (
        INSERT INTO em_local_map (run_id, entry_id, check_code, unit, cells)
            SELECT run_id, entry_id, check_code, f.unit, f.cells FROM found f WHERE f.kind = 'local'
    )
    SELECT state INTO STRICT outcome FROM result;
    PERFORM pg_notify('emvalid_result', jsonb_build_object(
        'entry', entry_id, 'check', check_code, 'state', outcome, 'run', run_id)::text);
    IF current_setting('emvalid.report_checks')::boolean THEN
        RAISE NOTICE '%: % % (% s)', entry_id, check_code, outcome,
                     round(extract(epoch FROM clock_timestamp() - begun), 2);
    END IF;
    RETURN outcome;
END
$$;
COMMENT ON FUNCTION _em_run_check(bigint, text, text) IS
    'Internal: run one check on the open workbench and store its result; returns the state';

-- Close the workbench and the run.
CREATE FUNCTION _em_run_end(run_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    peak bigint := _em_bench_close();
    entry text;
    was jsonb;
    grade jsonb;
BEGIN
    SELECT r.entry_id, r.parameters -> 'before' INTO entry, was FROM em_run r WHERE r.run_id = run_id;
    UPDATE em_run r SET finished = clock_timestamp(),
                        parameters = r.parameters - 'before' || jsonb_build_object('memory_peak', peak)
        WHERE r.run_id = run_id;
    grade := _em_grade_now(entry);
    IF grade <> was THEN
        PERFORM pg_notify('emvalid_grade', (jsonb_build_object(
            'entry', entry, 'profile', em_current_profile(), 'was', was) || grade)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION _em_run_end(bigint) IS 'Internal: close the workbench and mark the run as finished';

CREATE FUNCTION _em_require_commit(procedure text, hint text) RETURNS void
    AS 'MODULE_PATHNAME', 'emvalid_require_commit' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1;
COMMENT ON FUNCTION _em_require_commit(text, text) IS
    'Internal: raises an error with this hint unless the procedure that calls it may commit';

CREATE PROCEDURE em_validate(entry_id text, checks text[] DEFAULT NULL)
    LANGUAGE plpgsql
AS $$
DECLARE
    codes text[];
    run bigint;
    code text;
BEGIN
    PERFORM @extschema@._em_require_commit('em_validate', 'Use em_validate_atomic() there, which gives all results or none.');
    codes := @extschema@._em_checks_to_run(checks);
    run := @extschema@._em_run_begin(entry_id, codes);
    COMMIT;
    FOREACH code IN ARRAY codes LOOP
        PERFORM @extschema@._em_run_check(run, entry_id, code);
        COMMIT;
    END LOOP;
    PERFORM @extschema@._em_run_end(run);
    COMMIT;
END
$$;
COMMENT ON PROCEDURE em_validate(text, text[]) IS
    'Validate an entry: runs the given checks (all when NULL) and commits after each, so that results appear as they '
    'are made; call it outside a transaction block';

CREATE FUNCTION em_validate_atomic(entry_id text, checks text[] DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    codes text[] := _em_checks_to_run(checks);
    run bigint := _em_run_begin(entry_id, codes);
    code text;
BEGIN
    FOREACH code IN ARRAY codes LOOP
        PERFORM _em_run_check(run, entry_id, code);
    END LOOP;
    PERFORM _em_run_end(run);
    RETURN run;
END
$$;
COMMENT ON FUNCTION em_validate_atomic(text, text[]) IS
    'Like em_validate, inside the caller''s transaction: all results or none; returns the run_id';
