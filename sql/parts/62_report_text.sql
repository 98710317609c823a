/*
 * 62_report_text.sql: the report as plain text, in the order of a VRS report.
 */

CREATE FUNCTION _em_report_profile(entry_id text, profile text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen text := coalesce(_em_report_profile.profile, em_current_profile());
BEGIN
    IF NOT EXISTS (SELECT FROM em_entry e WHERE e.entry_id = _em_report_profile.entry_id) THEN
        RAISE EXCEPTION 'there is no entry "%"', _em_report_profile.entry_id
        USING ERRCODE = 'no_data_found', HINT = 'Make entries with em_ingest().';
    END IF;
    IF NOT EXISTS (SELECT FROM em_profile p WHERE p.profile = chosen) THEN
        RAISE EXCEPTION 'there is no profile "%"', chosen
        USING ERRCODE = 'undefined_object', HINT = 'The profiles are listed in em_profile; emvalid.profile names the default.';
    END IF;
    RETURN chosen;
END;
$$;
COMMENT ON FUNCTION _em_report_profile(text, text) IS
    'Internal: the profile of a report, that of emvalid.profile when NULL; an error when the entry or the profile does not exist';

CREATE FUNCTION em_input_text(entry_id text, role text, what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 200
BEGIN ATOMIC
    SELECT string_agg(i.line, E'\n' ORDER BY i.n)
    FROM (
        SELECT coalesce(m.file_name, f.file_name) AS file_name,
               coalesce(em_sha256(m.map), f.sha256) AS sha256,
               m.map
        FROM (VALUES (em_input_text.entry_id, em_input_text.role)) AS k (entry_id, role)
        LEFT JOIN em_entry_map m ON m.entry_id = k.entry_id AND m.role = k.role
        LEFT JOIN em_entry_file f ON f.entry_id = k.entry_id AND f.role = k.role
        WHERE m.entry_id IS NOT NULL OR f.entry_id IS NOT NULL
    ) AS s
    CROSS JOIN LATERAL (VALUES
        (1, em_input_text.what || ': ' || coalesce(s.file_name, '(no file name)')),
        (2, 'SHA256 hash: ' || s.sha256),
        (3, format('Box: %s x %s x %s voxels', em_nx(s.map), em_ny(s.map), em_nz(s.map))),
        (4, (SELECT 'Voxel size: ' || string_agg(_em_format(v, 6), ' x ' ORDER BY o) || ' (Å)'
             FROM unnest(em_voxel_size(s.map)) WITH ORDINALITY AS u (v, o)))) AS i (n, line)
    WHERE i.line IS NOT NULL AND (s.map IS NOT NULL OR i.n < 3);
END;
COMMENT ON FUNCTION em_input_text(text, text, text) IS
    'name, hash, size and voxel size of an input of an entry, NULL when there is none';

CREATE FUNCTION em_check_section_text(entry_id text, profile text, check_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT concat_ws(E'\n\n',
               format(E'%s.%s Level %s %s', l.section, c.ordinal, c.check_code, c.title),
               E'Explanation:\n' || _em_wrap(concat_ws(' ', c.explanation, 'Applies to entries with ' || c.applies || '.',
                                                      'Method: doi:' || c.reference || '.')),
               E'Results:\n' || CASE
                   WHEN o.state <> 'measured' THEN _em_wrap(upper(left(o.reason, 1)) || substr(o.reason, 2) || '.')
                   ELSE coalesce(nullif(em_results_text(o.run_id, o.check_code), ''), 'No values are stored.') END,
               CASE WHEN o.state = 'measured' THEN
                   _em_wrap('Automatic criteria: ' || em_criteria_text(o.profile, o.check_code)) END,
               CASE
                   WHEN o.verdict = 'warned' THEN
                       format('WARNINGS: %s', o.outcome) || (
                           SELECT string_agg(E'\n' || _em_wrap(format('%s. %s', w.ordinal, w.warning)), '' ORDER BY w.ordinal)
                           FROM em_warning w
                           WHERE w.entry_id = o.entry_id AND w.profile = o.profile AND w.check_code = o.check_code)
                   ELSE 'STATUS: ' || o.outcome
                        || CASE WHEN o.state = 'measured' AND o.reason IS NOT NULL THEN ' (' || rtrim(o.reason, '.') || ')' ELSE '' END
                        || CASE WHEN EXISTS (
                                    SELECT
                                    FROM em_criterion_result k
                                    JOIN em_criterion r ON r.profile = k.profile AND r.check_code = k.check_code AND r.ordinal = k.ordinal
                                    WHERE k.entry_id = o.entry_id AND k.profile = o.profile AND k.check_code = o.check_code
                                      AND k.status = 'holds' AND k.printed AND k.value = 'NaN' AND r.when_missing <> 'pass')
                                THEN ' (as printed: a value that is not a number passes under this profile)' ELSE '' END
               END)
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    WHERE o.entry_id = em_check_section_text.entry_id
      AND o.profile = em_check_section_text.profile
      AND o.check_code = em_check_section_text.check_code;
END;
COMMENT ON FUNCTION em_check_section_text(text, text, text) IS 'the section of a report on one check';

CREATE FUNCTION em_report_text(entry_id text, profile text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    id      text := em_report_text.entry_id;
    chosen  text := _em_report_profile(id, em_report_text.profile);
    e       em_entry;
    level   record;
    item    record;
    latest  record;
    grade   record;
    parts   text[];
    piece   text;
BEGIN
    SELECT x.* INTO e FROM em_entry x WHERE x.entry_id = id;
    SELECT x.* INTO grade FROM em_level x WHERE x.entry_id = id;
    SELECT r.* INTO latest
    FROM em_run r
    WHERE r.run_id = (SELECT max(l.run_id) FROM em_latest l WHERE l.entry_id = id);

    -- Front
    parts := ARRAY[
        'emvalid: cryo-EM map validation report',
        CASE WHEN grade.levels IS NULL THEN 'No map and no results yet'
             ELSE format('Report to assess a cryo-EM map at level(s) %s (grade %s)', grade.levels, grade.grade) END,
        concat_ws(E'\n',
            'Entry: ' || e.entry_id,
            'PDB: ' || array_to_string(e.pdb_ids, ', '),
            _em_wrap('Title: ' || e.title),
            _em_wrap('Authors: ' || array_to_string(e.authors, ', ')),
            'Deposited on: ' || to_char(e.deposited, 'YYYY-MM-DD'),
            'Method: ' || e.method,
            CASE WHEN e.resolution IS NULL THEN 'Reported resolution: (not reported)'
                 ELSE format('Reported resolution: %s Å', e.resolution) END,
            'Profile: ' || chosen,
            CASE latest.origin
                WHEN 'report' THEN format('Values: copied from a printed report (run %s)', latest.run_id)
                WHEN 'emvalid' THEN format('Values: measured by emvalid %s, last run %s of %s UTC', latest.emvalid_version, latest.run_id,
                                           to_char(latest.started AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
            END)];

    -- Summary and items
    SELECT concat_ws(E'\n\n', 'Summarized overall quality', _em_wrap(s.quality), _em_wrap(s.resolution), _em_wrap(s.score_sentence)) INTO piece
    FROM em_summary s
    WHERE s.entry_id = id AND s.profile = chosen;
    parts := parts || piece;

    SELECT string_agg(format('%s %s Sec. %s %s', rpad(o.check_code, 4), rpad(o.check_name, 22),
                             rpad(l.section || '.' || c.ordinal, 5), o.outcome), E'\n' ORDER BY l.ordinal, c.ordinal) INTO piece
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    WHERE o.entry_id = id AND o.profile = chosen;
    parts := parts || coalesce(piece, 'No check has been run.');

    -- Warnings
    SELECT string_agg(format(E'Section %s.%s (%s %s)\n\n%s', l.section, c.ordinal, c.check_code, c.name, w.lines), E'\n\n'
                      ORDER BY l.ordinal, c.ordinal) INTO piece
    FROM (
        SELECT x.check_code, string_agg(_em_wrap(format('%s. %s', x.ordinal, x.warning)), E'\n' ORDER BY x.ordinal) AS lines
        FROM em_warning x
        WHERE x.entry_id = id AND x.profile = chosen
        GROUP BY x.check_code
    ) AS w
    JOIN em_check c ON c.check_code = w.check_code
    JOIN em_level_present l ON l.entry_id = id AND l.level = c.level;
    parts := parts || ARRAY['Summary of the warnings across sections', coalesce(piece, 'No warnings.')];

    -- Contents
    SELECT string_agg(s.line, E'\n' ORDER BY s.section, s.item) INTO piece
    FROM (
        SELECT 1 AS section, 0 AS item, '1 Input data' AS line
        UNION ALL
        SELECT l.preamble_section, 0, format('%s %s', l.preamble_section, l.preamble)
        FROM em_level_present l WHERE l.entry_id = id AND l.preamble IS NOT NULL
        UNION ALL
        SELECT l.section, 0, format('%s %s', l.section, l.title)
        FROM em_level_present l WHERE l.entry_id = id
        UNION ALL
        SELECT l.section, c.ordinal, format('  %s.%s Level %s %s', l.section, c.ordinal, c.check_code, c.title)
        FROM em_level_present l
        JOIN em_check c ON c.level = l.level
        JOIN em_latest r ON r.entry_id = id AND r.check_code = c.check_code
        WHERE l.entry_id = id
    ) AS s;
    parts := parts || ARRAY['Contents', piece];

    -- Input data
    parts := parts || ARRAY['1 Input data', concat_ws(E'\n',
        coalesce(em_input_text(id, 'map', 'Input map'), 'Input map: (none)'),
        CASE WHEN latest.parameters ? 'voxel_size' THEN
            format('Voxel size: %s (Å)', _em_format((latest.parameters ->> 'voxel_size')::float8, 6)) END,
        CASE WHEN e.contour IS NOT NULL THEN
            format('Visualization threshold: %s%s', _em_format(e.contour, 6), ' (' || e.contour_source || ')') END,
        CASE WHEN e.resolution IS NOT NULL THEN
            format('Resolution estimated by user: %s Å%s', e.resolution, ' (' || e.resolution_method || ')') END,
        (SELECT string_agg(em_input_text(id, m.role, initcap(replace(m.role, '_', ' '))), E'\n' ORDER BY m.role)
         FROM em_entry_map m
         WHERE m.entry_id = id AND NOT EXISTS (SELECT FROM em_level_info i WHERE m.role = ANY (i.inputs))))];

    -- Levels
    FOR level IN SELECT l.* FROM em_level_present l WHERE l.entry_id = id ORDER BY l.ordinal LOOP
        IF level.preamble IS NOT NULL THEN
            SELECT string_agg(coalesce(em_input_text(id, r.role, r.what), r.what || ': (none)'), E'\n\n' ORDER BY r.n) INTO piece
            FROM (
                SELECT u.n, u.role, CASE u.role WHEN 'half1' THEN 'Half map 1' WHEN 'half2' THEN 'Half map 2'
                                                WHEN 'model' THEN 'Atomic model' ELSE initcap(u.role) END AS what
                FROM em_level_info i, unnest(i.inputs) WITH ORDINALITY AS u (role, n)
                WHERE i.level = level.level
            ) AS r;
            parts := parts || ARRAY[format('%s %s', level.preamble_section, level.preamble), piece];
        END IF;

        parts := parts || format('%s %s', level.section, level.title);
        SELECT string_agg(em_check_section_text(id, chosen, c.check_code), E'\n\n' ORDER BY c.ordinal) INTO piece
        FROM em_check c
        JOIN em_latest r ON r.entry_id = id AND r.check_code = c.check_code
        WHERE c.level = level.level;
        parts := parts || coalesce(piece, 'No check of this level has been run.');
    END LOOP;

    RETURN array_to_string(parts, E'\n\n') || E'\n';
END;
$$;
COMMENT ON FUNCTION em_report_text(text, text) IS
    'the whole report on an entry as text, judged by a profile (that of the setting emvalid.profile when NULL)';
