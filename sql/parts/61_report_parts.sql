/*
 * 61_report_parts.sql: the pieces a report is put together from.
 */

CREATE FUNCTION _em_wrap(line text, width int DEFAULT 100) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
RETURN CASE WHEN length(line) <= width OR line ~ E'\n' THEN line
            ELSE rtrim(regexp_replace(line, '(.{1,' || width || '})(\s+|$)', E'\\1\n', 'g'), E'\n') END;
COMMENT ON FUNCTION _em_wrap(text, int) IS 'Internal: a paragraph broken into lines';

CREATE FUNCTION _em_list(items text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE WHEN cardinality(items) > 1
            THEN array_to_string(trim_array(items, 1), ', ') || ' and ' || items[cardinality(items)]
            ELSE items[1] END;
COMMENT ON FUNCTION _em_list(text[]) IS 'Internal: a, b and c';

CREATE FUNCTION em_criteria_text(profile text, check_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    WITH rows AS (
        SELECT c.*, coalesce(m.label, replace(c.measure, '_', ' ')) AS label, coalesce(m.unit, '') AS unit,
               r.label AS reference,
               regexp_match(m.label, '^(.*) (in|along) ([XYZ])( \(.*\))?$') AS axis
        FROM em_criterion c
        LEFT JOIN em_measure_info m ON m.check_code = c.check_code AND m.name = c.measure
        LEFT JOIN em_measure_info r ON r.check_code = c.check_code AND r.name = c.limit_measure
        WHERE c.profile = em_criteria_text.profile AND c.check_code = em_criteria_text.check_code AND c.enabled
    ), grouped AS (
        SELECT min(g.ordinal) AS ordinal, g.effect,
               coalesce(
                   replace(replace(g.sentence, '{limit}', coalesce(g.limit_value::text, '')), '{upper}', coalesce(g.limit_upper::text, '')),
                   'the ' || CASE WHEN g.base IS NULL THEN min(g.label)
                                  ELSE concat(g.base[1], ' ', g.base[2], ' ', _em_list(array_agg(g.axis[3] ORDER BY g.ordinal)), g.base[3]) END
                   || ' '
                   || CASE g.comparison
                          WHEN '<' THEN 'is less than ' || g.limit_value
                          WHEN '<=' THEN 'is at most ' || g.limit_value
                          WHEN '>' THEN 'is more than ' || g.limit_value
                          WHEN '>=' THEN 'is at least ' || g.limit_value
                          WHEN 'between' THEN 'is between ' || g.limit_value || ' and ' || g.limit_upper
                          ELSE 'can be determined'
                      END
                   || CASE WHEN g.comparison = 'exists' THEN ''
                           WHEN g.limit_measure IS NOT NULL THEN ' times the ' || coalesce(g.reference, replace(g.limit_measure, '_', ' '))
                           WHEN g.unit <> '' THEN ' ' || g.unit
                           ELSE '' END
                   || CASE
                          WHEN g.comparison = 'exists' THEN ''
                          WHEN g.when_missing IN ('pass', 'skip') AND g.limit_measure IS NULL THEN ', if there is one'
                          ELSE '' END) AS sentence
        FROM (
            SELECT r.*, CASE WHEN r.axis IS NOT NULL THEN ARRAY[r.axis[1], r.axis[2], coalesce(r.axis[4], '')] END AS base
            FROM rows r
        ) AS g
        GROUP BY g.effect, g.sentence, g.base, CASE WHEN g.base IS NULL THEN g.ordinal END, g.comparison, g.limit_value,
                 g.limit_upper, g.limit_measure, g.reference, g.unit, g.when_missing
    )
    SELECT concat_ws(' ',
               'The check applies if ' || _em_list(array_agg(g.sentence ORDER BY g.ordinal) FILTER (WHERE g.effect = 'not_applicable')) || '.',
               CASE count(*) FILTER (WHERE g.effect = 'warning')
                   WHEN 0 THEN 'This profile does not judge the check.'
                   WHEN 1 THEN 'The check passes if ' || min(g.sentence) FILTER (WHERE g.effect = 'warning') || '.'
                   ELSE 'The check passes if ' || (
                       SELECT string_agg(format('%s) %s', n.n, n.sentence), '; ' ORDER BY n.n)
                       FROM (SELECT row_number() OVER (ORDER BY w.ordinal) AS n, w.sentence
                             FROM grouped w WHERE w.effect = 'warning') AS n) || '.'
               END)
    FROM grouped g;
END;
COMMENT ON FUNCTION em_criteria_text(text, text) IS 'the criteria of a profile for a check, worded from the rows of em_criterion';

CREATE FUNCTION _em_table(run_id bigint, check_code text, title text, series text[], headings text[], digits int[], max_rows int) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
BEGIN ATOMIC
    WITH first AS (
        SELECT s.x, cardinality(s.x) AS n
        FROM em_series s
        WHERE s.run_id = _em_table.run_id AND s.check_code = _em_table.check_code AND s.name = ANY (_em_table.series)
        ORDER BY cardinality(s.x) DESC, array_position(_em_table.series, s.name)
        LIMIT 1
    ), picked AS (
        SELECT DISTINCT CASE WHEN f.n <= _em_table.max_rows THEN k
                             ELSE 1 + round((k - 1)::numeric * (f.n - 1) / (_em_table.max_rows - 1))::int END AS i
        FROM first f, generate_series(1, least(f.n, _em_table.max_rows)) AS k
    ), columns AS (
        SELECT 0 AS c, f.x, f.x AS y FROM first f
        UNION ALL
        SELECT array_position(_em_table.series, s.name), s.x, s.y
        FROM em_series s
        WHERE s.run_id = _em_table.run_id AND s.check_code = _em_table.check_code AND s.name = ANY (_em_table.series)
    ), cells AS (
        SELECT p.i, c.c,
               coalesce(_em_format(c.y[array_position(c.x, f.x[p.i])], _em_table.digits[c.c + 1]), '') AS cell
        FROM first f, picked p, columns c
        UNION ALL
        SELECT 0, c.c, _em_table.headings[c.c + 1] FROM columns c
    ), padded AS (
        SELECT i, c, lpad(cell, 2 + max(length(cell)) OVER (PARTITION BY c)) AS cell
        FROM cells
    )
    SELECT _em_table.title || E'\n' || string_agg(l.line, E'\n' ORDER BY l.i)
    FROM (SELECT i, '  ' || string_agg(cell, '' ORDER BY c) AS line FROM padded GROUP BY i) AS l
    HAVING count(*) > 1;
END;
COMMENT ON FUNCTION _em_table(bigint, text, text, text[], text[], int[], int) IS
    'Internal: series of one check as a table of text, NULL when there are none';

CREATE FUNCTION _em_known(run_id bigint, check_code text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE COST 200
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(v.name, v.value), '{}')
    FROM (
        SELECT m.name, m.value::text AS value
        FROM em_measure m
        WHERE m.run_id = _em_known.run_id AND m.check_code = _em_known.check_code
        UNION ALL
        SELECT p.name, p.value
        FROM em_run r
        JOIN em_entry e ON e.entry_id = r.entry_id
        CROSS JOIN LATERAL (VALUES ('contour', coalesce(r.parameters ->> 'contour', e.contour::text)),
                                   ('resolution', coalesce(r.parameters ->> 'resolution', e.resolution::text))) AS p (name, value)
        WHERE r.run_id = _em_known.run_id AND p.value IS NOT NULL
          AND NOT EXISTS (SELECT FROM em_measure m
                          WHERE m.run_id = r.run_id AND m.check_code = _em_known.check_code AND m.name = p.name)
    ) AS v;
END;
COMMENT ON FUNCTION _em_known(bigint, text) IS 'Internal: the values that the sentences of a check may name, as text';

CREATE FUNCTION _em_probability(value float8) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
RETURN CASE WHEN value = 'NaN' THEN '= nan'
            WHEN value < 1e-300 THEN '< 0.000001'
            WHEN value >= 0.001 THEN '= ' || trim_scale(round(value::numeric, 3))
            ELSE '= ' || regexp_replace(btrim(to_char(value, '9.9EEEE')), 'e([+-])0*(\d)', 'e\1\2') END;
COMMENT ON FUNCTION _em_probability(float8) IS 'Internal: a p-value with its sign of equality: = 0.02, = 3.1e-12; one that vanished is below the sixth decimal';

CREATE FUNCTION _em_sentence(template text, known jsonb, check_code text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 200
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    line text := template;
    part record;
BEGIN
    FOR part IN
        SELECT DISTINCT p.m[1] AS whole,
               CASE WHEN p.m[3] = 'p' THEN _em_probability((known ->> p.m[2])::float8)
                    WHEN i.words IS NOT NULL THEN i.words[1 + (known ->> p.m[2])::float8::int]
                    ELSE _em_format((known ->> p.m[2])::float8,
                                    coalesce(p.m[3]::int, i.digits, CASE p.m[2] WHEN 'contour' THEN 6 ELSE 2 END)) END AS value
        FROM regexp_matches(template, '(\{([a-z0-9_]+)(?::([0-9]+|p))?\})', 'g') AS p (m)
        LEFT JOIN em_measure_info i ON i.check_code = _em_sentence.check_code AND i.name = p.m[2]
    LOOP
        line := replace(line, part.whole, part.value);
    END LOOP;
    RETURN line;
END;
$$;
COMMENT ON FUNCTION _em_sentence(text, jsonb, text) IS 'Internal: a template of em_check_text with its values; NULL when one is missing';

CREATE FUNCTION em_results_text(run_id bigint, check_code text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 2000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    row    em_check_text;
    lines  text[] := '{}';
    known  jsonb := _em_known(em_results_text.run_id, em_results_text.check_code);
BEGIN
    FOR row IN SELECT t.* FROM em_check_text t WHERE t.check_code = em_results_text.check_code ORDER BY t.ordinal LOOP
        lines := lines || _em_wrap(CASE
            WHEN row.series IS NULL THEN _em_sentence(row.template, known, em_results_text.check_code)
            ELSE _em_table(em_results_text.run_id, em_results_text.check_code, row.template,
                           row.series, row.headings, row.digits, row.max_rows) END);
    END LOOP;
    RETURN array_to_string(lines, E'\n');
END;
$$;
COMMENT ON FUNCTION em_results_text(bigint, text) IS
    'the results sentences and tables of one check of one run, made from em_check_text; what has no value is left out';
