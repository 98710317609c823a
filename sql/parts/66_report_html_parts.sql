/*
 * 66_report_html_parts.sql: the pieces of the HTML report.
 */

CREATE FUNCTION _em_image_html(png bytea, alt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500
RETURN format('<img alt="%s" width="264" height="%s" src="data:image/png;base64,%s">', _em_html(alt),
              round(264.0 * (get_byte(png, 22) * 256 + get_byte(png, 23)) / (get_byte(png, 18) * 256 + get_byte(png, 19))),
              translate(encode(png, 'base64'), E'\n', ''));
COMMENT ON FUNCTION _em_image_html(bytea, text) IS 'Internal: a PNG inside the page, at half its size so that it is sharp';

CREATE FUNCTION _em_table_html(caption text, headings text[], digits int[], columns jsonb, max_rows int) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 2000
BEGIN ATOMIC
    WITH size AS (
        SELECT max(jsonb_array_length(c.e)) AS n FROM jsonb_array_elements(columns) AS c (e)
    ), picked AS (
        SELECT DISTINCT CASE WHEN s.n <= max_rows THEN k ELSE 1 + round((k - 1)::numeric * (s.n - 1) / (max_rows - 1))::int END AS i
        FROM size s, generate_series(1, least(s.n, max_rows)) AS k
    ), lines AS (
        SELECT p.i, string_agg('<td>' || coalesce(CASE WHEN digits IS NULL THEN _em_short(v.value) ELSE _em_format(v.value, digits[c.n::int]) END, '') || '</td>',
                               '' ORDER BY c.n) AS line
        FROM picked p
        CROSS JOIN jsonb_array_elements(columns) WITH ORDINALITY AS c (e, n)
        CROSS JOIN LATERAL (SELECT CASE WHEN _em_is_finite((c.e ->> (p.i - 1))::float8) THEN (c.e ->> (p.i - 1))::float8 END AS value) AS v
        GROUP BY p.i
    )
    SELECT format('<div class="scroll"><table class="numbers"><caption>%s</caption><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>',
                  _em_html(caption || CASE WHEN s.n > max_rows THEN format(' (%s of %s rows)', max_rows, s.n) ELSE '' END),
                  (SELECT string_agg('<th scope="col">' || _em_html(h) || '</th>', '' ORDER BY n) FROM unnest(headings) WITH ORDINALITY AS u (h, n)),
                  (SELECT string_agg('<tr>' || l.line || '</tr>', '' ORDER BY l.i) FROM lines l))
    FROM size s
    WHERE s.n > 0;
END;
COMMENT ON FUNCTION _em_table_html(text, text[], int[], jsonb, int) IS 'Internal: columns of numbers as a table, thinned to so many rows';

CREATE FUNCTION _em_align(columns jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    -- [{x, y}, ...] -> [x, y, y, ...] by the x of the longest
    WITH longest AS (
        SELECT c.e -> 'x' AS x FROM jsonb_array_elements(columns) WITH ORDINALITY AS c (e, n)
        ORDER BY jsonb_array_length(c.e -> 'x') DESC, c.n LIMIT 1
    )
    SELECT jsonb_build_array(l.x) || coalesce((
        SELECT jsonb_agg(CASE WHEN c.e -> 'x' = l.x THEN c.e -> 'y' ELSE (
                   SELECT jsonb_agg(y.v ORDER BY x.n)
                   FROM jsonb_array_elements(l.x) WITH ORDINALITY AS x (v, n)
                   LEFT JOIN (SELECT a.v AS at, b.v
                              FROM jsonb_array_elements(c.e -> 'x') WITH ORDINALITY AS a (v, n)
                              JOIN jsonb_array_elements(c.e -> 'y') WITH ORDINALITY AS b (v, n) USING (n)) AS y ON y.at = x.v) END
               ORDER BY c.n)
        FROM jsonb_array_elements(columns) WITH ORDINALITY AS c (e, n)), '[]')
    FROM longest l;
END;
COMMENT ON FUNCTION _em_align(jsonb) IS 'Internal: curves as the columns of one table';

CREATE FUNCTION _em_figures_html(run_id bigint, check_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    SELECT string_agg(format('<figure>%s<figcaption><b>Figure %s-%s. %s.</b> %s</figcaption><details><summary>Numbers of figure %2$s-%3$s</summary>%6$s</details></figure>',
                             d.svg, f.check_code, f.ordinal, _em_html(f.title), _em_html(f.caption),
                             _em_table_html(f.title, ARRAY[f.x ->> 'label'] || (SELECT array_agg(k.e ->> 'name' ORDER BY k.n)
                                                FROM jsonb_array_elements(s.spec -> 'curves') WITH ORDINALITY AS k (e, n)),
                                            NULL, _em_align(s.spec -> 'curves'), 40)), '' ORDER BY f.ordinal)
    FROM em_figure f
    CROSS JOIN LATERAL (SELECT em_check_figure(_em_figures_html.run_id, f.check_code, f.ordinal) AS spec) AS s
    CROSS JOIN LATERAL (SELECT em_plot_svg(s.spec) AS svg) AS d
    WHERE f.check_code = _em_figures_html.check_code AND d.svg IS NOT NULL;
END;
COMMENT ON FUNCTION _em_figures_html(bigint, text) IS 'Internal: the figures of a check with captions and tables';

CREATE FUNCTION _em_results_html(run_id bigint, check_code text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    known  jsonb;
    row    em_check_text;
    line   text;
    part   record;
    items  text := '';
    tables text := '';
BEGIN
    SELECT jsonb_object_agg(v.name, v.value) INTO known
    FROM (
        SELECT p.name, p.value
        FROM em_run r
        JOIN em_entry e ON e.entry_id = r.entry_id
        CROSS JOIN LATERAL (VALUES ('contour', coalesce(r.parameters ->> 'contour', e.contour::text)),
                                   ('resolution', coalesce(r.parameters ->> 'resolution', e.resolution::text))) AS p (name, value)
        WHERE r.run_id = _em_results_html.run_id AND p.value IS NOT NULL
        UNION ALL
        SELECT m.name, m.value::text FROM em_measure m
        WHERE m.run_id = _em_results_html.run_id AND m.check_code = _em_results_html.check_code
    ) AS v;
    FOR row IN SELECT t.* FROM em_check_text t WHERE t.check_code = _em_results_html.check_code ORDER BY t.ordinal LOOP
        line := row.template;
        IF row.series IS NOT NULL THEN
            -- Columns that a figure shows already have their table there
            CONTINUE WHEN EXISTS (SELECT FROM em_figure f WHERE f.check_code = row.check_code AND row.series[1:1] <@ f.series);
            SELECT _em_table_html(rtrim(row.template, ':'), ARRAY[row.headings[1]] || array_agg(row.headings[u.n + 1] ORDER BY u.n),
                                  ARRAY[row.digits[1]] || array_agg(row.digits[u.n + 1] ORDER BY u.n),
                                  _em_align(jsonb_agg(jsonb_build_object('x', to_jsonb(s.x), 'y', to_jsonb(s.y)) ORDER BY u.n)), row.max_rows) INTO line
            FROM unnest(row.series) WITH ORDINALITY AS u (name, n)
            JOIN em_series s ON s.run_id = _em_results_html.run_id AND s.check_code = row.check_code AND s.name = u.name;
            tables := tables || coalesce('<details><summary>' || _em_html(rtrim(row.template, ':')) || '</summary>' || line || '</details>', '');
            CONTINUE;
        END IF;
        FOR part IN
            SELECT DISTINCT p.m[1] AS whole,
                   _em_format((known ->> p.m[2])::float8, coalesce(p.m[3]::int, i.digits, CASE p.m[2] WHEN 'contour' THEN 6 ELSE 2 END)) AS value
            FROM regexp_matches(row.template, '(\{([a-z0-9_]+)(?::([0-9]+))?\})', 'g') AS p (m)
            LEFT JOIN em_measure_info i ON i.check_code = row.check_code AND i.name = p.m[2]
        LOOP
            line := replace(line, part.whole, part.value);
        END LOOP;
        items := items || coalesce('<li>' || replace(_em_html(line), E'\n', '<br>') || '</li>', '');
    END LOOP;
    RETURN coalesce('<ul>' || nullif(items, '') || '</ul>', '<p>No values are stored.</p>') || tables;
END;
$$;
COMMENT ON FUNCTION _em_results_html(bigint, text) IS 'Internal: the results sentences and tables of a check as HTML';

CREATE FUNCTION _em_status_html(outcome text, verdict text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN format('<span class="status %s"><span aria-hidden="true">%s</span> %s</span>', verdict,
              CASE verdict WHEN 'ok' THEN '✓' WHEN 'warned' THEN '!' WHEN 'failed' THEN '×' ELSE '–' END,
              _em_html(regexp_replace(outcome, '^1 warnings$', '1 warning')));
COMMENT ON FUNCTION _em_status_html(text, text) IS 'Internal: an outcome as a label of sign and words';

CREATE FUNCTION _em_check_html(entry_id text, profile text, check_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50000
BEGIN ATOMIC
    SELECT concat(
        format('<section class="check" id="check-%s"><h3>%s.%s Level %s %s</h3>', lower(replace(c.check_code, '.', '-')), l.section, c.ordinal, c.check_code, _em_html(c.title)),
        '<h4>Explanation</h4><p>', _em_html(c.explanation), _em_html(' Applies to entries with ' || c.applies || '.'), '</p>',
        '<h4>Results</h4>',
        CASE WHEN o.state <> 'measured' THEN '<p>' || _em_html(upper(left(o.reason, 1)) || substr(o.reason, 2)) || '.</p>'
             ELSE _em_results_html(o.run_id, o.check_code) || coalesce(_em_figures_html(o.run_id, o.check_code), '') END,
        CASE WHEN o.state = 'measured' THEN '<h4>Automatic criteria</h4><p>' || _em_html(em_criteria_text(o.profile, o.check_code)) || '</p>' END,
        '<h4>Status</h4><p>', _em_status_html(o.outcome, o.verdict),
        CASE WHEN o.state = 'measured' AND o.reason IS NOT NULL THEN ' (' || _em_html(rtrim(o.reason, '.')) || ')' END, '</p>',
        (SELECT '<ol class="warnings">' || string_agg('<li>' || _em_html(w.warning) || '</li>', '' ORDER BY w.ordinal) || '</ol>'
         FROM em_warning w WHERE w.entry_id = o.entry_id AND w.profile = o.profile AND w.check_code = o.check_code),
        '</section>')
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    WHERE o.entry_id = _em_check_html.entry_id AND o.profile = _em_check_html.profile AND o.check_code = _em_check_html.check_code;
END;
COMMENT ON FUNCTION _em_check_html(text, text, text) IS 'Internal: the section of one check as HTML';

CREATE FUNCTION _em_input_html(entry_id text, role text, what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    SELECT '<dl class="input">' || string_agg(CASE WHEN split_part(u.line, ': ', 2) = '' THEN '<dt>Note</dt><dd>' || _em_html(u.line) || '</dd>'
                ELSE '<dt>' || _em_html(split_part(u.line, ': ', 1)) || '</dt><dd>' || _em_html(substr(u.line, strpos(u.line, ': ') + 2)) || '</dd>' END, '' ORDER BY u.n) || '</dl>'
    FROM (SELECT em_input_text(_em_input_html.entry_id, _em_input_html.role, _em_input_html.what) AS doc) AS d
    CROSS JOIN LATERAL regexp_split_to_table(d.doc, E'\n') WITH ORDINALITY AS u (line, n)
    WHERE u.line <> '';
END;
COMMENT ON FUNCTION _em_input_html(text, text, text) IS 'Internal: file, hash, box and voxel size of one input as HTML; NULL when it is not there';

CREATE FUNCTION _em_pictures_html(entry_id text, role text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    contour float8 := (SELECT e.contour FROM em_entry e WHERE e.entry_id = _em_pictures_html.entry_id);
    map     emmap := (SELECT m.map FROM em_entry_map m WHERE m.entry_id = _em_pictures_html.entry_id AND m.role = _em_pictures_html.role);
    whole   boolean := _em_pictures_html.role = 'map';
    doc     text;
BEGIN
    IF map IS NULL THEN
        RETURN '';
    END IF;
    SELECT string_agg(g.doc, '' ORDER BY g.n) INTO doc
    FROM (
        SELECT k.n, format('<figure class="pictures"><div>%s</div><figcaption><b>%s.</b> %s%s</figcaption></figure>',
                           string_agg(_em_image_html(p.png, format(k.alt, upper(p.part))), '' ORDER BY p.part),
                           k.title, k.caption, CASE WHEN max(p.factor) > 1 THEN format(' Drawn from means of %s × %1$s × %1$s voxels.', max(p.factor)) ELSE '' END) AS doc
        FROM (VALUES (1, 'surface', 'Surface views', 'The map at the contour level from three sides; the letters tell which axis points right and which up.',
                      'Surface of the map at the contour level, view %s'),
                     (2, 'projection', 'Projections', 'Sum of the map along each axis, times the voxel size.', 'Projection of the map along %s'),
                     (3, 'slice', 'Central slices', CASE WHEN contour IS NULL OR NOT whole THEN 'The middle slice across each axis.'
                                                         ELSE 'The middle slice across each axis; the line is the contour level.' END, 'Central slice of the map across %s'),
                     (4, 'variance', 'Slices of largest variance', 'The slice across each axis whose values vary most.', 'Slice of largest variance across %s'))
                 AS k (n, kind, title, caption, alt)
        JOIN em_pictures(map, CASE WHEN whole THEN contour END, CASE WHEN NOT whole THEN 'slice' END) AS p ON p.kind = k.kind
        GROUP BY k.n, k.title, k.caption
    ) AS g;
    RETURN doc;
EXCEPTION
    -- A report is worth having without pictures; cancelling still cancels.
    WHEN OTHERS THEN
        RETURN '<p>Pictures could not be drawn: ' || _em_html(SQLERRM) || '.</p>';
END;
$$;
COMMENT ON FUNCTION _em_pictures_html(text, text) IS 'Internal: the pictures of a map, or why there are none';
