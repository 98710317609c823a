/*
 * 66_report_html_parts.sql: the pieces of the HTML report.
 */

CREATE FUNCTION _em_image_html(png bytea, alt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500
RETURN format('<img alt="%s" width="264" height="%s" src="data:image/png;base64,%s">', _em_html(alt),
              round(264.0 * (get_byte(png, 22) * 256 + get_byte(png, 23)) / (get_byte(png, 18) * 256 + get_byte(png, 19))),
              translate(encode(png, 'base64'), E'\n', ''));
COMMENT ON FUNCTION _em_image_html(bytea, text) IS 'Internal: a PNG inside the page, at half its size so that it is sharp';

CREATE FUNCTION _em_prose_html(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 20
RETURN regexp_replace(regexp_replace(regexp_replace(_em_minus(_em_html(value)),
           '(\d)e(−?\d+)', '\1&nbsp;×&nbsp;10<sup>\2</sup>', 'g'),
           '(\d\)?) (%|Å|°|kDa|σ)', '\1&nbsp;\2', 'g'),
           'B-factor', '<span class="nowrap">B-factor</span>', 'g');
COMMENT ON FUNCTION _em_prose_html(text) IS 'Internal: sentences made safe, with true minus signs, numbers and their units kept on one line and powers of ten raised';

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

CREATE VIEW _em_picture_kind AS
SELECT k.*
FROM (VALUES
    (1, 'surface', NULL, 'Surface views', 'The surface of %s at the contour level from three sides at one scale; the letters tell which axis points right and which up.',
        'Surface of %s at the contour level, view %s'),
    (2, 'projection', NULL, 'Projections', 'Sum of %s along each axis, times the voxel size; one grey scale for all three.', 'Projection of %s along %s'),
    (3, 'slice', NULL, 'Central slices', 'The middle slice of %s across each axis, one grey scale for all three.', 'Central slice of %s across %s'),
    (4, 'variance', NULL, 'Slices of largest variance', 'The slice of %s across each axis whose values vary most, one grey scale for all three.', 'Slice of largest variance of %s across %s'),
    (5, 'mask', '0.b', 'Slices of the masks',
        'The slices across each axis where the masks vary most. Dark grey: density at or above the contour level inside the constructed mask; light grey: the rest of the constructed mask; '
        'orange: density at or above the contour level outside of it.', 'Raw and constructed mask of %s, slice across %s'),
    (6, 'background', '0.c', 'Background beyond 5 standard deviations',
        'Voxels outside the constructed mask that lie more than 5 standard deviations from the mean of these voxels, added up along each axis (Å). Noise is scattered; rings, planes and '
        'shapes are not noise.', 'Background voxels of %s beyond 5 standard deviations, added up along %s'))
    AS k (ordinal, kind, check_code, title, caption, alt);
COMMENT ON VIEW _em_picture_kind IS 'Internal: titles and captions of the kinds of em_pictures, and the check whose section shows them; NULL: the input data';

CREATE FUNCTION _em_pictures_figure(pictures em_picture[], number text, title text, caption text, alts text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT format('<figure class="pictures"><div>%s</div><figcaption><b>Figure %s. %s.</b> %s%s</figcaption></figure>',
                  string_agg(_em_image_html(p.png, alts[p.n]), '' ORDER BY p.n), _em_html(number), _em_html(title), _em_prose_html(caption),
                  CASE WHEN max(p.factor) > 1 THEN format(' Drawn from means of %s × %1$s × %1$s voxels.', max(p.factor)) ELSE '' END)
    FROM unnest(pictures) WITH ORDINALITY AS p (kind, part, png, factor, n)
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION _em_pictures_figure(em_picture[], text, text, text, text[]) IS 'Internal: pictures side by side as one figure, NULL without pictures';

CREATE FUNCTION _em_plots_html(run_id bigint, check_code text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    SELECT array_agg(format('<figure>%s<figcaption><b>Figure %s-%s. %s.</b> %s</figcaption><details><summary>Numbers of figure %2$s-%3$s</summary>%6$s</details></figure>',
                            d.svg, d.check_code, d.n, _em_html(d.title), _em_prose_html(d.caption),
                            _em_table_html(d.title, ARRAY[coalesce(d.x ->> 'label', '')] || (SELECT array_agg(k.e ->> 'name' ORDER BY k.n)
                                               FROM jsonb_array_elements(d.spec -> 'curves') WITH ORDINALITY AS k (e, n)),
                                           NULL, _em_align(d.spec -> 'curves'), 40)) ORDER BY d.n)
    FROM (
        SELECT f.check_code, f.title, f.caption, f.x, s.spec, g.svg, row_number() OVER (ORDER BY f.ordinal) AS n
        FROM em_figure f
        CROSS JOIN LATERAL (SELECT em_check_figure(_em_plots_html.run_id, f.check_code, f.ordinal) AS spec) AS s
        CROSS JOIN LATERAL (SELECT CASE WHEN f.styles && '{sphere,counts}' THEN em_sphere_svg(s.spec) ELSE em_plot_svg(s.spec) END AS svg) AS g
        WHERE f.check_code = _em_plots_html.check_code AND g.svg IS NOT NULL
    ) AS d;
END;
COMMENT ON FUNCTION _em_plots_html(bigint, text) IS 'Internal: the plots of a check with captions and tables, one element each';

CREATE FUNCTION _em_figures_html(run_id bigint, check_code text, pictures em_picture[]) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    plots text[] := coalesce(_em_plots_html(_em_figures_html.run_id, _em_figures_html.check_code), '{}');
    n     int := cardinality(plots);
    doc   text := array_to_string(plots, '');
    k     record;
    what  text;
    piece text;
BEGIN
    FOR k IN SELECT v.* FROM _em_picture_kind v WHERE v.check_code = _em_figures_html.check_code ORDER BY v.ordinal LOOP
        SELECT _em_pictures_figure(array_agg(p ORDER BY p.part), format('%s-%s', k.check_code, n + 1), k.title, k.caption,
                                   array_agg(format(k.alt, 'the map', upper(p.part)) ORDER BY p.part)) INTO piece
        FROM unnest(pictures) AS p WHERE p.kind = k.kind;
        IF piece IS NOT NULL THEN
            doc := doc || piece;
            n := n + 1;
        END IF;
    END LOOP;
    -- The surface coloured by a local measure, named as its histogram is
    what := coalesce((SELECT f.title FROM em_figure f WHERE f.check_code = _em_figures_html.check_code ORDER BY f.ordinal LIMIT 1), 'Local measure');
    SELECT _em_pictures_figure(array_agg(p ORDER BY p.part), format('%s-%s', _em_figures_html.check_code, n + 1), what || ' on the surface',
                               'The surface of the map at the contour level, with a scale from the 2.5 % to the 97.5 % percentile unless these agree; striped: no value there.',
                               array_agg(format('%s on the surface of the map, view %s', what, split_part(p.part, ' ', 2)) ORDER BY p.part)) INTO piece
    FROM unnest(pictures) AS p
    WHERE p.kind = 'local' AND split_part(p.part, ' ', 1) = _em_figures_html.check_code;
    RETURN doc || coalesce(piece, '');
END;
$$;
COMMENT ON FUNCTION _em_figures_html(bigint, text, em_picture[]) IS 'Internal: the figures of a check, plots first, then its pictures';

CREATE FUNCTION _em_pairs_html(line text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 150
BEGIN ATOMIC
    SELECT format('<div class="scroll"><table class="numbers"><caption>%s</caption><thead><tr>%s</tr></thead><tbody><tr>%s</tr></tbody></table></div>',
                  _em_prose_html(rtrim(split_part(line, E'\n', 1), ':')), string_agg('<th scope="col">' || _em_prose_html(p.m[1]) || '</th>', '' ORDER BY u.n),
                  string_agg('<td>' || _em_prose_html(p.m[2]) || '</td>', '' ORDER BY u.n))
    FROM regexp_split_to_table(line, E'\n') WITH ORDINALITY AS u (l, n)
    CROSS JOIN LATERAL regexp_match(u.l, '^\s*(\S.*?)\s{2,}(\S.*)$') AS p (m)
    WHERE u.n > 1 AND p.m IS NOT NULL;
END;
COMMENT ON FUNCTION _em_pairs_html(text) IS 'Internal: a sentence with lines of label and value as a table of one row';

CREATE FUNCTION _em_results_html(run_id bigint, check_code text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    known  jsonb := _em_known(_em_results_html.run_id, _em_results_html.check_code);
    row    em_check_text;
    line   text;
    items  text := '';
    tables text := '';
BEGIN
    FOR row IN SELECT t.* FROM em_check_text t WHERE t.check_code = _em_results_html.check_code ORDER BY t.ordinal LOOP
        IF row.series IS NULL THEN
            line := _em_sentence(row.template, known, row.check_code);
            IF line ~ E'\n' THEN
                tables := tables || _em_pairs_html(line);
            ELSE
                items := items || coalesce('<li>' || _em_prose_html(line) || '</li>', '');
            END IF;
            CONTINUE;
        END IF;
        -- Columns that a figure shows already have their table there
        CONTINUE WHEN EXISTS (SELECT FROM em_figure f WHERE f.check_code = row.check_code AND row.series[1:1] <@ f.series);
        SELECT _em_table_html(rtrim(row.template, ':'), ARRAY[row.headings[1]] || array_agg(row.headings[u.n + 1] ORDER BY u.n),
                              ARRAY[row.digits[1]] || array_agg(row.digits[u.n + 1] ORDER BY u.n),
                              _em_align(jsonb_agg(jsonb_build_object('x', to_jsonb(s.x), 'y', to_jsonb(s.y)) ORDER BY u.n)), row.max_rows) INTO line
        FROM unnest(row.series) WITH ORDINALITY AS u (name, n)
        JOIN em_series s ON s.run_id = _em_results_html.run_id AND s.check_code = row.check_code AND s.name = u.name;
        tables := tables || coalesce(line, '');
    END LOOP;
    RETURN CASE WHEN items <> '' THEN '<ul>' || items || '</ul>' || tables WHEN tables <> '' THEN tables ELSE '<p>No values are stored.</p>' END;
END;
$$;
COMMENT ON FUNCTION _em_results_html(bigint, text) IS 'Internal: the results sentences and tables of a check as HTML';

CREATE FUNCTION _em_status_html(outcome text, verdict text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN format('<span class="status %s"><span aria-hidden="true">%s</span> %s</span>', verdict,
              CASE verdict WHEN 'ok' THEN '✓' WHEN 'warned' THEN '!' WHEN 'failed' THEN '×' ELSE '–' END,
              _em_html(regexp_replace(outcome, '^1 warnings$', '1 warning')));
COMMENT ON FUNCTION _em_status_html(text, text) IS 'Internal: an outcome as a label of sign and words';

CREATE FUNCTION _em_check_html(entry_id text, profile text, check_code text, pictures em_picture[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50000
BEGIN ATOMIC
    SELECT concat(
        format('<section class="check" id="check-%s"><h3>%s.%s Level %s %s</h3>', lower(replace(c.check_code, '.', '-')), l.section, c.ordinal, c.check_code, _em_html(c.title)),
        '<h4>Explanation</h4><p>', _em_prose_html(c.explanation), _em_prose_html(' Applies to entries with ' || c.applies || '.'), '</p>',
        '<h4>Results</h4>',
        CASE WHEN o.state <> 'measured' THEN '<p>' || _em_prose_html(upper(left(o.reason, 1)) || substr(o.reason, 2)) || '.</p>'
             ELSE _em_results_html(o.run_id, o.check_code) || _em_figures_html(o.run_id, o.check_code, pictures) END,
        CASE WHEN o.state = 'measured' THEN '<h4>Automatic criteria</h4><p>' || _em_prose_html(em_criteria_text(o.profile, o.check_code)) || '</p>' END,
        '<h4>Status</h4><p>', _em_status_html(o.outcome, o.verdict),
        CASE WHEN o.state = 'measured' AND o.reason IS NOT NULL THEN ' (' || _em_html(rtrim(o.reason, '.')) || ')' END, '</p>',
        (SELECT '<ol class="warnings">' || string_agg('<li>' || _em_prose_html(w.warning) || '</li>', '' ORDER BY w.ordinal) || '</ol>'
         FROM em_warning w WHERE w.entry_id = o.entry_id AND w.profile = o.profile AND w.check_code = o.check_code),
        '</section>')
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    WHERE o.entry_id = _em_check_html.entry_id AND o.profile = _em_check_html.profile AND o.check_code = _em_check_html.check_code;
END;
COMMENT ON FUNCTION _em_check_html(text, text, text, em_picture[]) IS 'Internal: the section of one check as HTML';

CREATE FUNCTION _em_input_html(entry_id text, role text, what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    SELECT '<dl>' || string_agg(CASE WHEN split_part(u.line, ': ', 2) = '' THEN '<dt>Note</dt><dd>' || _em_html(u.line) || '</dd>'
                ELSE format('<dt>%s</dt><dd%s>%s</dd>', _em_html(split_part(u.line, ': ', 1)), CASE WHEN u.line ~ '^SHA' THEN ' class="hash"' ELSE '' END, _em_html(CASE
                         WHEN u.line ~ '^(Box|Voxel size): ' THEN replace(regexp_replace(replace(u.value, ' x ', ' × '), '(\.\d*?)0+(?!\d)', '\1', 'g'), '(Å)', 'Å')
                         ELSE u.value END)) END, '' ORDER BY u.n) || '</dl>'
    FROM (SELECT em_input_text(_em_input_html.entry_id, _em_input_html.role, _em_input_html.what) AS doc) AS d
    CROSS JOIN LATERAL (SELECT l.line, substr(l.line, strpos(l.line, ': ') + 2) AS value, l.n
                        FROM regexp_split_to_table(d.doc, E'\n') WITH ORDINALITY AS l (line, n)) AS u
    WHERE u.line <> '';
END;
COMMENT ON FUNCTION _em_input_html(text, text, text) IS 'Internal: file, hash, box and voxel size of one input as HTML; NULL when it is not there';

CREATE FUNCTION _em_entry_pictures(entry_id text, role text) RETURNS em_picture[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    contour float8 := (SELECT e.contour FROM em_entry e WHERE e.entry_id = _em_entry_pictures.entry_id);
    map     emmap := (SELECT m.map FROM em_entry_map m WHERE m.entry_id = _em_entry_pictures.entry_id AND m.role = _em_entry_pictures.role);
    local   record;
BEGIN
    IF map IS NULL THEN
        RETURN '{}';
    ELSIF _em_entry_pictures.role <> 'map' THEN
        RETURN ARRAY(SELECT p FROM em_pictures(map, NULL, 'slice') AS p);
    END IF;
    SELECT array_agg(v.check_code ORDER BY v.check_code) AS names, array_agg(v.cells ORDER BY v.check_code) AS cells, array_agg(v.unit ORDER BY v.check_code) AS units,
           array_agg(m.low ORDER BY v.check_code) AS low, array_agg(m.high ORDER BY v.check_code) AS high
    INTO local
    FROM em_latest l
    JOIN em_local_map v ON v.run_id = l.run_id AND v.check_code = l.check_code
    -- Percentiles that agree leave the scale to the values on the surface
    LEFT JOIN (SELECT p.run_id, p.check_code, p.value AS low, q.value AS high
               FROM em_measure p
               JOIN em_measure q ON q.run_id = p.run_id AND q.check_code = p.check_code AND q.name = 'p97_5' AND q.value > p.value
               WHERE p.name = 'p2_5') AS m ON m.run_id = v.run_id AND m.check_code = v.check_code
    WHERE l.entry_id = _em_entry_pictures.entry_id;
    RETURN ARRAY(SELECT p FROM em_pictures(map, contour, NULL, local.names, local.cells, local.low, local.high, local.units) AS p);
EXCEPTION
    -- A report is worth having without pictures; cancelling still cancels.
    WHEN OTHERS THEN
        RETURN ARRAY[ROW ('error', SQLERRM, NULL, NULL)::em_picture];
END;
$$;
COMMENT ON FUNCTION _em_entry_pictures(text, text) IS
    'Internal: what the report shows of a map of an entry; one of kind error, whose part is the message, when it cannot be drawn';

CREATE FUNCTION _em_role_name(role text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE role WHEN 'map' THEN 'the map' WHEN 'half1' THEN 'half map 1' WHEN 'half2' THEN 'half map 2' WHEN 'mask' THEN 'the mask' ELSE replace(role, '_', ' ') END;
COMMENT ON FUNCTION _em_role_name(text) IS 'Internal: a map of an entry in a sentence';

CREATE FUNCTION _em_pictures_html(pictures em_picture[], role text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 10000
BEGIN ATOMIC
    SELECT concat(
        (SELECT '<p>Pictures could not be drawn: ' || _em_html(p.part) || '.</p>' FROM unnest(pictures) AS p WHERE p.kind = 'error'),
        (SELECT string_agg(g.doc, '' ORDER BY g.n)
         FROM (
            SELECT k.n, _em_pictures_figure(array_agg(p ORDER BY p.part), format('%s-%s', role, k.n), k.title,
                              format(k.caption, _em_role_name(role)) || CASE WHEN role = 'map' AND k.kind IN ('slice', 'variance')
                                                                              AND EXISTS (SELECT FROM unnest(pictures) AS s WHERE s.kind = 'surface')
                                                                             THEN ' The line is the contour level.' ELSE '' END,
                              array_agg(format(k.alt, _em_role_name(role), upper(p.part)) ORDER BY p.part)) AS doc
            FROM (SELECT v.*, row_number() OVER (ORDER BY v.ordinal) AS n FROM _em_picture_kind v
                  WHERE v.check_code IS NULL AND EXISTS (SELECT FROM unnest(pictures) AS e WHERE e.kind = v.kind)) AS k
            JOIN unnest(pictures) AS p ON p.kind = k.kind
            GROUP BY k.n, k.kind, k.title, k.caption, k.alt
         ) AS g));
END;
COMMENT ON FUNCTION _em_pictures_html(em_picture[], text) IS 'Internal: the pictures of a map among the input data, or why there are none';
