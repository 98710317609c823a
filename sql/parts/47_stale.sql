/*
 * 44_stale.sql: what has to be measured again, and forgetting what is old.
 */

CREATE FUNCTION _em_check_methods() RETURNS text[]
    AS 'MODULE_PATHNAME', 'emvalid_check_methods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION _em_check_methods() IS 'Internal: method and version of each of _em_measurable_checks(), in the same order';

CREATE VIEW em_stale AS
SELECT s.entry_id, s.check_code, s.reason, s.run_id
FROM (
    SELECT e.entry_id, c.check_code, c.ordinal, l.run_id,
           CASE
               WHEN l.run_id IS NULL THEN 'never measured'
               WHEN l.method IS DISTINCT FROM c.method THEN 'method'
               WHEN r.parameters -> 'sha256' -> 'map' IS DISTINCT FROM to_jsonb(em_sha256(m.map)) THEN 'map'
               WHEN c.check_code LIKE '1.%' AND (
                    nullif(r.parameters -> 'sha256' -> 'half1', 'null') IS DISTINCT FROM to_jsonb((SELECT em_sha256(h.map) FROM em_entry_map h WHERE h.entry_id = e.entry_id AND h.role = 'half1'))
                    OR nullif(r.parameters -> 'sha256' -> 'half2', 'null') IS DISTINCT FROM to_jsonb((SELECT em_sha256(h.map) FROM em_entry_map h WHERE h.entry_id = e.entry_id AND h.role = 'half2'))) THEN 'half maps'
               WHEN nullif(r.parameters -> 'contour', 'null') IS DISTINCT FROM to_jsonb(e.contour) THEN 'contour'
               WHEN nullif(r.parameters -> 'resolution', 'null') IS DISTINCT FROM to_jsonb(e.resolution) THEN 'resolution'
           END AS reason
    FROM em_entry e
    JOIN em_entry_map m ON m.entry_id = e.entry_id AND m.role = 'map'
    CROSS JOIN ROWS FROM (unnest(_em_measurable_checks()), unnest(_em_check_methods()))
               WITH ORDINALITY AS c (check_code, method, ordinal)
    LEFT JOIN LATERAL (
        SELECT x.run_id, x.method
        FROM em_result x JOIN em_run y ON y.run_id = x.run_id
        WHERE x.entry_id = e.entry_id AND x.check_code = c.check_code AND y.origin = 'emvalid'
        ORDER BY x.run_id DESC LIMIT 1
    ) AS l ON true
    LEFT JOIN em_run r ON r.run_id = l.run_id
) AS s
WHERE s.reason IS NOT NULL;
COMMENT ON VIEW em_stale IS
    'checks of entries with a map whose latest result does not belong to what the entry and this version are now; '
    'titles, headers and criteria do not matter: they change no number';
COMMENT ON COLUMN em_stale.reason IS 'never measured, method (another version measures it), map, half maps, contour or resolution';
COMMENT ON COLUMN em_stale.run_id IS 'the run of the result that is stale';

CREATE FUNCTION em_revalidate_stale(priority int DEFAULT 0) RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 10000
BEGIN ATOMIC
    SELECT count(em_enqueue(s.entry_id, NULL, priority)) FROM (SELECT DISTINCT entry_id FROM em_stale) AS s;
END;
COMMENT ON FUNCTION em_revalidate_stale(int) IS
    'puts every entry with stale checks into the queue and returns how many there are; the workers measure only what is stale';

CREATE FUNCTION em_forget_runs(keep int DEFAULT 1) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    IF keep IS NULL OR keep < 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('keep must be at least 1, not %s', coalesce(keep::text, 'NULL')),
            HINT = 'To remove all results of an entry, delete its rows of em_run.';
    END IF;
    WITH ranked AS (
        SELECT x.run_id, row_number() OVER (PARTITION BY x.entry_id, x.check_code ORDER BY x.run_id DESC) <= keep AS kept
        FROM em_result x JOIN em_run y ON y.run_id = x.run_id AND y.origin = 'emvalid'
    ), deleted AS (
        DELETE FROM em_run r
        WHERE r.origin = 'emvalid'
          AND NOT EXISTS (SELECT FROM ranked k WHERE k.run_id = r.run_id AND k.kept)
          AND (r.finished IS NOT NULL OR r.started < now() - interval '1 day')
          AND NOT EXISTS (SELECT FROM em_job j WHERE j.run_id = r.run_id AND j.state IN ('queued', 'waiting', 'running'))
        RETURNING 1
    )
    SELECT count(*) INTO gone FROM deleted;
    DELETE FROM em_job j WHERE j.state IN ('done', 'failed', 'cancelled')
        AND (j.run_id IS NULL AND j.finished < now() - interval '1 day'
             OR j.run_id IS NOT NULL AND NOT EXISTS (SELECT FROM em_run r WHERE r.run_id = j.run_id));
    RETURN gone;
END;
$$;
COMMENT ON FUNCTION em_forget_runs(int) IS
    'removes old runs and returns how many: each check of each entry keeps its latest results, as many as keep says, '
    'and runs with such a result stay whole; the jobs of removed runs go as well';
