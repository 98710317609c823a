/*
 * 63_report_json.sql: the report as JSON, with every number and series.
 */

CREATE FUNCTION _em_check_json(entry_id text, profile text, check_code text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'check_code', o.check_code,
        'name', o.check_name,
        'title', c.title,
        'explanation', c.explanation,
        'reference', c.reference,
        'level', o.level,
        'section', l.section || '.' || c.ordinal,
        'outcome', o.outcome,
        'verdict', o.verdict,
        'state', o.state,
        'reason', o.reason,
        'reason_code', r.reason_code,
        'method', r.method,
        'elapsed_seconds', extract(epoch FROM r.elapsed),
        'run_id', o.run_id,
        'criteria_text', CASE WHEN o.state = 'measured' THEN em_criteria_text(o.profile, o.check_code) END,
        'warnings', coalesce((
            SELECT jsonb_agg(w.warning ORDER BY w.ordinal)
            FROM em_warning w
            WHERE w.entry_id = o.entry_id AND w.profile = o.profile AND w.check_code = o.check_code), '[]'),
        'criteria', coalesce((
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'ordinal', k.ordinal, 'measure', k.measure, 'value', k.value, 'unit', k.unit, 'comparison', k.comparison,
                       'limit', k."limit", 'upper', k.upper, 'status', k.status, 'margin', k.margin, 'effect', k.effect)) ORDER BY k.ordinal)
            FROM em_criterion_result k
            WHERE k.entry_id = o.entry_id AND k.profile = o.profile AND k.check_code = o.check_code), '[]'),
        'measures', coalesce((
            SELECT jsonb_object_agg(m.name, jsonb_build_object('value', m.value, 'unit', m.unit, 'printed', m.printed))
            FROM em_measure m
            WHERE m.run_id = o.run_id AND m.check_code = o.check_code), '{}'),
        'series', coalesce((
            SELECT jsonb_object_agg(s.name, jsonb_build_object('x_name', s.x_name, 'x_unit', s.x_unit, 'y_unit', s.y_unit,
                                                               'x', to_jsonb(s.x), 'y', to_jsonb(s.y)))
            FROM em_series s
            WHERE s.run_id = o.run_id AND s.check_code = o.check_code), '{}'))
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    JOIN em_result r ON r.run_id = o.run_id AND r.check_code = o.check_code
    LEFT JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    WHERE o.entry_id = _em_check_json.entry_id
      AND o.profile = _em_check_json.profile
      AND o.check_code = _em_check_json.check_code;
END;
COMMENT ON FUNCTION _em_check_json(text, text, text) IS 'Internal: everything a report knows of one check';

CREATE FUNCTION em_report_json(entry_id text, profile text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    id     text := em_report_json.entry_id;
    chosen text := _em_report_profile(id, em_report_json.profile);
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'entry', to_jsonb(e) - 'header',
            'profile', chosen,
            'levels', coalesce((SELECT to_jsonb(string_to_array(l.levels, ', ')) FROM em_level l WHERE l.entry_id = id), '[]'),
            'grade', (SELECT l.grade FROM em_level l WHERE l.entry_id = id),
            'score', (SELECT to_jsonb(s) - 'entry_id' - 'profile' FROM em_score s WHERE s.entry_id = id AND s.profile = chosen),
            'summary', (SELECT s.summary FROM em_summary s WHERE s.entry_id = id AND s.profile = chosen),
            'estimates', coalesce((
                SELECT jsonb_agg(jsonb_build_object('check_code', x.check_code, 'measure', x.measure, 'value', x.value, 'unit', 'Å')
                                 ORDER BY x.ordinal)
                FROM em_estimate x
                WHERE x.entry_id = id AND x.profile = chosen), '[]'),
            'inputs', coalesce((
                SELECT jsonb_object_agg(i.role, i.input)
                FROM (
                    SELECT f.role, jsonb_build_object('file_name', f.file_name, 'sha256', f.sha256) AS input
                    FROM em_entry_file f
                    WHERE f.entry_id = id
                      AND NOT EXISTS (SELECT FROM em_entry_map m WHERE m.entry_id = id AND m.role = f.role)
                    UNION ALL
                    SELECT m.role, jsonb_build_object('file_name', m.file_name, 'sha256', em_sha256(m.map), 'large_object', m.lo::bigint,
                               'size', ARRAY[em_nx(m.map), em_ny(m.map), em_nz(m.map)], 'voxel_size', em_voxel_size(m.map),
                               'mode', em_mode(m.map))
                    FROM em_entry_map m
                    WHERE m.entry_id = id
                ) AS i), '{}'),
            'runs', coalesce((
                SELECT jsonb_agg(to_jsonb(r) - 'entry_id' ORDER BY r.run_id)
                FROM em_run r
                WHERE r.run_id IN (SELECT l.run_id FROM em_latest l WHERE l.entry_id = id)), '[]'),
            'items', coalesce((
                SELECT jsonb_agg(_em_check_json(id, chosen, l.check_code) ORDER BY i.ordinal, c.ordinal)
                FROM em_latest l
                JOIN em_check c ON c.check_code = l.check_code
                JOIN em_level_info i ON i.level = c.level
                WHERE l.entry_id = id), '[]'))
        FROM em_entry e
        WHERE e.entry_id = id);
END;
$$;
COMMENT ON FUNCTION em_report_json(text, text) IS
    'the whole report on an entry as JSON: entry, inputs, runs, items with outcome, warnings, criteria, measures and series; '
    'judged by a profile (that of the setting emvalid.profile when NULL)';
