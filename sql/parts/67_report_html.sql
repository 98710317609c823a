/*
 * 67_report_html.sql: the report as one HTML file without scripts or outside requests.
 */

CREATE FUNCTION _em_report_style() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
RETURN 'html{font:16px/1.5 "DejaVu Sans",Verdana,Arial,sans-serif;color:#111;background:#fff}'
    'body{max-width:54rem;margin:0 auto;padding:1rem 1.25rem 3rem}'
    'h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.3rem;border-bottom:2px solid #111;margin:2.2rem 0 .8rem;padding-bottom:.2rem}'
    'h3{font-size:1.1rem;margin:1.8rem 0 .5rem}h4{font-size:1rem;margin:1rem 0 .25rem}p{margin:.25rem 0 .6rem}a{color:#0b3d91}'
    'dl{display:grid;grid-template-columns:14rem 1fr;gap:.15rem 1rem;margin:.5rem 0 1rem}dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}'
    '.box{border:1px solid #555;padding:.4rem 1rem;margin:1rem 0}.grade{font-size:1.15rem}'
    'table{border-collapse:collapse;margin:.5rem 0 1rem}th,td{border-bottom:1px solid #bbb;padding:.25rem .7rem;text-align:left;vertical-align:top}'
    'thead th{border-bottom:2px solid #111}caption{text-align:left;font-weight:bold;padding:.2rem 0}.numbers{font-size:.85rem}.numbers td,.numbers th{text-align:right}.numbers caption{white-space:nowrap}'
    '.scroll{overflow-x:auto}.status{display:inline-block;border:1px solid #555;border-radius:3px;padding:0 .45rem;white-space:nowrap}'
    '.status.warned{border:2px solid #8a3b00;color:#7a3300;font-weight:bold}.status.failed{border:2px dashed #8b0000;color:#7d0000;font-weight:bold}'
    '.status.ok{color:#0f5220;border-color:#0f5220}.status.not_applicable,.status.none{color:#444;border-style:dotted}'
    'figure{margin:1.2rem 0;break-inside:avoid}figcaption{font-size:.9rem;margin:.3rem 0}.plot{display:block;width:100%;max-width:40rem;height:auto}'
    '.pictures>div{display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem;align-items:end}.pictures img{width:100%;height:auto}'
    'details{margin:.3rem 0 .8rem}summary{cursor:pointer}.slider{width:11rem;height:1.2rem;vertical-align:middle;margin-right:.5rem}.nowrap{white-space:nowrap}.hash{font-size:.85rem}.place{font-size:.85rem}.place td{white-space:nowrap}.place th{font-weight:normal}.place thead th{font-weight:bold}'
    'li{margin:.15rem 0}nav ul{list-style:none;padding-left:1rem;margin:.2rem 0;columns:2 18rem}nav li{break-inside:avoid}footer{margin-top:3rem;border-top:1px solid #555;font-size:.85rem}'
    '@page{size:A4;margin:16mm 15mm}@media print{html{font-size:9pt}body{max-width:none;padding:0}h2,h3,h4,caption,thead{break-after:avoid}th,td{padding:.12rem .7rem}tr,li,dl,.numbers{break-inside:avoid}tbody tr:first-child{break-after:avoid}.scroll{overflow:visible}a{color:inherit}'
    'details{display:none}}@media (max-width:40rem){.pictures>div{grid-template-columns:1fr}dl{grid-template-columns:1fr}}';
COMMENT ON FUNCTION _em_report_style() IS 'Internal: style sheet of the HTML pages, for screen, paper and grey';

CREATE FUNCTION _em_front_html(entry_id text, profile text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    SELECT concat(
        '<header><h1>', CASE WHEN g.levels IS NULL THEN 'Cryo-EM map validation report'
                             ELSE format('Report to assess a cryo-EM map at level(s) %s <span class="nowrap">(grade %s)</span>', _em_html(g.levels), _em_html(g.grade)) END, '</h1><div class="box"><dl>',
        (SELECT string_agg(format('<dt>%s</dt><dd>%s</dd>', i.label, _em_html(i.value)), '' ORDER BY i.n)
         FROM (VALUES (1, 'Entry', e.entry_id), (2, 'PDB', array_to_string(e.pdb_ids, ', ')), (3, 'Title', e.title), (4, 'Authors', array_to_string(e.authors, ', ')),
                      (5, 'Deposited on', to_char(e.deposited, 'YYYY-MM-DD')), (6, 'Method', lower(regexp_replace(e.method, '([a-z])([A-Z])', '\1 \2', 'g'))),
                      (7, 'Reported resolution', coalesce(e.resolution || ' Å', '(not reported)')), (8, 'Profile', _em_front_html.profile),
                      (9, 'Values', CASE r.origin WHEN 'report' THEN format('copied from a printed report (run %s)', r.run_id)
                                        WHEN 'emvalid' THEN format('measured by emvalid %s, last run %s of %s UTC', r.emvalid_version, r.run_id,
                                                                   to_char(r.started AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) END)) AS i (n, label, value)
         WHERE i.value <> ''), '</dl></div></header>')
    FROM em_entry e
    LEFT JOIN em_level g ON g.entry_id = e.entry_id
    LEFT JOIN em_run r ON r.run_id = (SELECT max(l.run_id) FROM em_latest l WHERE l.entry_id = e.entry_id)
    WHERE e.entry_id = _em_front_html.entry_id;
END;
COMMENT ON FUNCTION _em_front_html(text, text) IS 'Internal: title and identity of the HTML report';

CREATE FUNCTION _em_summary_html(entry_id text, profile text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50000
BEGIN ATOMIC
    SELECT concat('<section id="summary"><h2>Summarized overall quality</h2>',
        (SELECT concat('<p>' || _em_html(s.quality) || '</p>', '<p>' || _em_html(s.resolution) || '</p>', '<p>' || _em_html(s.score_sentence) || '</p>')
         FROM em_summary s WHERE s.entry_id = _em_summary_html.entry_id AND s.profile = _em_summary_html.profile),
        (SELECT '<table><caption>Score by profile</caption><thead><tr><th scope="col">Profile</th><th scope="col">Score</th><th scope="col">Could not be measured</th><th scope="col">Does not apply</th></tr></thead><tbody>'
                || string_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td></tr>', _em_html(s.profile), s.score, s.failed, s.not_applicable), '' ORDER BY s.profile DESC) || '</tbody></table>'
         FROM em_score s WHERE s.entry_id = _em_summary_html.entry_id),
        coalesce((SELECT '<table><caption>Items</caption><thead><tr><th scope="col">Item</th><th scope="col">Name</th><th scope="col">Section</th><th scope="col">Outcome</th></tr></thead><tbody>'
                || string_agg(format('<tr><td>%s</td><th scope="row">%s</th><td><a href="#check-%s">Sec. %s.%s</a></td><td>%s</td></tr>', o.check_code, _em_html(o.check_name),
                                     lower(replace(o.check_code, '.', '-')), l.section, c.ordinal, _em_status_html(o.outcome, o.verdict)), '' ORDER BY l.ordinal, c.ordinal) || '</tbody></table>'
         FROM em_outcome o
         JOIN em_check c ON c.check_code = o.check_code
         JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
         WHERE o.entry_id = _em_summary_html.entry_id AND o.profile = _em_summary_html.profile), '<p>No check has been run.</p>'),
        (SELECT '<table class="place"><caption>Place among the entries of this database</caption><thead><tr><th scope="col">Measure</th><th scope="col">Value</th><th scope="col">Percentile, all entries</th><th scope="col">Percentile, similar resolution</th></tr></thead><tbody>'
                || string_agg(format('<tr><th scope="row">%s</th><td class="nowrap">%s %s</td><td>%s</td><td>%s</td></tr>', _em_prose_html(upper(left(i.label, 1)) || substr(i.label, 2)), _em_minus(_em_format(p.value, i.digits)), _em_html(i.unit),
                                     _em_slider_svg(i.label, p.percentile_all, p.n_all, 'of all'),
                                     CASE WHEN p.window_low IS NULL THEN 'no reported resolution'
                                          ELSE format('%s<br>%s to %s Å', _em_slider_svg(i.label, p.percentile_window, p.n_window, 'of similar resolution'),
                                                      _em_format(p.window_low, 1), _em_format(p.window_high, 1)) END), '' ORDER BY i.check_code, i.ordinal) || '</tbody></table>'
                || '<p>The percentile is the share of entries with a smaller value; whether smaller is better depends on the measure.</p>'
         FROM em_measure_info i
         CROSS JOIN LATERAL em_percentile(_em_summary_html.entry_id, i.check_code, i.name) AS p
         WHERE (i.check_code, i.name) IN (('0.b', 'components_95'), ('0.b', 'overlap'), ('0.c', 'effect_size'), ('0.d', 'bfactor'), ('1.a', 'fsc_0143'), ('1.g', 'fso_05'), ('1.h', 'sphericity'))
           AND p.value IS NOT NULL
         HAVING count(*) > 0),
        '</section><section id="warnings"><h2>Summary of the warnings across sections</h2>',
        coalesce((SELECT string_agg(format('<h3>Section %s.%s (<a href="#check-%s">%s %s</a>)</h3><ol>%s</ol>', l.section, c.ordinal, lower(replace(c.check_code, '.', '-')),
                                           c.check_code, _em_html(c.name), w.items), '' ORDER BY l.ordinal, c.ordinal)
                  FROM (SELECT x.check_code, string_agg('<li>' || _em_prose_html(x.warning) || '</li>', '' ORDER BY x.ordinal) AS items
                        FROM em_warning x WHERE x.entry_id = _em_summary_html.entry_id AND x.profile = _em_summary_html.profile GROUP BY x.check_code) AS w
                  JOIN em_check c ON c.check_code = w.check_code
                  JOIN em_level_present l ON l.entry_id = _em_summary_html.entry_id AND l.level = c.level), '<p>No warnings.</p>'), '</section>');
END;
COMMENT ON FUNCTION _em_summary_html(text, text) IS 'Internal: summary, scores, items, percentiles and warnings of the HTML report';

CREATE FUNCTION em_report_html(entry_id text, profile text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    id     text := em_report_html.entry_id;
    chosen text := _em_report_profile(id, em_report_html.profile);
    e      em_entry;
    level  record;
    doc    text;
    piece  text;
    pictures em_picture[] := _em_entry_pictures(id, 'map');
BEGIN
    SELECT x.* INTO e FROM em_entry x WHERE x.entry_id = id;
    doc := concat('<!DOCTYPE html>', E'\n', '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>',
                  _em_html(id), ': cryo-EM map validation report</title><style>', _em_report_style(), '</style></head><body>',
                  _em_front_html(id, chosen), '<main>', _em_summary_html(id, chosen));

    -- Contents
    SELECT string_agg(format('<li><a href="#%s">%s</a></li>', s.target, _em_html(s.line)), '' ORDER BY s.section, s.item) INTO piece
    FROM (
        SELECT 1 AS section, 0 AS item, 'input' AS target, '1 Input data' AS line
        UNION ALL
        SELECT l.preamble_section, 0, 'section-' || l.preamble_section, format('%s %s', l.preamble_section, l.preamble)
        FROM em_level_present l WHERE l.entry_id = id AND l.preamble IS NOT NULL
        UNION ALL
        SELECT l.section, 0, 'section-' || l.section, format('%s %s', l.section, l.title) FROM em_level_present l WHERE l.entry_id = id
        UNION ALL
        SELECT l.section, c.ordinal, 'check-' || lower(replace(c.check_code, '.', '-')), format('%s.%s Level %s %s', l.section, c.ordinal, c.check_code, c.title)
        FROM em_level_present l
        JOIN em_check c ON c.level = l.level
        JOIN em_latest r ON r.entry_id = id AND r.check_code = c.check_code
        WHERE l.entry_id = id
    ) AS s;
    doc := concat(doc, '<nav aria-label="Contents"><h2>Contents</h2><ul>', piece, '<li><a href="#methods">Methods</a></li></ul></nav>');

    -- Input data
    doc := concat(doc, '<section id="input"><h2>1 Input data</h2>', coalesce(_em_input_html(id, 'map', 'Input map'), '<p>Input map: (none)</p>'),
                  '<dl><dt>Visualization threshold</dt><dd>', coalesce(trim_scale(_em_format(e.contour, 6)::numeric) || coalesce(' (' || _em_html(e.contour_source) || ')', ''), '(none)'),
                  '</dd><dt>Reported resolution</dt><dd>', coalesce(e.resolution || ' Å' || coalesce(' (' || _em_html(e.resolution_method) || ')', ''), '(not reported)'),
                  '</dd></dl>', _em_pictures_html(pictures, 'map'),
                  (SELECT string_agg(concat('<h3>', _em_html(initcap(replace(m.role, '_', ' '))), '</h3>', _em_input_html(id, m.role, 'File'), _em_pictures_html(_em_entry_pictures(id, m.role), m.role)), '' ORDER BY m.role)
                   FROM em_entry_map m
                   WHERE m.entry_id = id AND NOT EXISTS (SELECT FROM em_level_info i WHERE m.role = ANY (i.inputs))), '</section>');

    -- Levels
    FOR level IN SELECT l.* FROM em_level_present l WHERE l.entry_id = id ORDER BY l.ordinal LOOP
        IF level.preamble IS NOT NULL THEN
            SELECT string_agg(concat('<h3>', r.what, '</h3>', coalesce(_em_input_html(id, r.role, 'File'), '<p>(none)</p>'), _em_pictures_html(_em_entry_pictures(id, r.role), r.role)), '' ORDER BY r.n) INTO piece
            FROM (
                SELECT u.n, u.role, CASE u.role WHEN 'half1' THEN 'Half map 1' WHEN 'half2' THEN 'Half map 2'
                                                WHEN 'model' THEN 'Atomic model' ELSE _em_html(initcap(u.role)) END AS what
                FROM em_level_info i, unnest(i.inputs) WITH ORDINALITY AS u (role, n)
                WHERE i.level = level.level
            ) AS r;
            doc := concat(doc, format('<section id="section-%s"><h2>%1$s %s</h2>', level.preamble_section, _em_html(level.preamble)), piece, '</section>');
        END IF;
        SELECT string_agg(_em_check_html(id, chosen, c.check_code, pictures), '' ORDER BY c.ordinal) INTO piece
        FROM em_check c
        JOIN em_latest r ON r.entry_id = id AND r.check_code = c.check_code
        WHERE c.level = level.level;
        doc := concat(doc, format('<section id="section-%s"><h2>%1$s %s</h2>', level.section, _em_html(level.title)),
                      coalesce(piece, '<p>No check of this level has been run.</p>'), '</section>');
    END LOOP;

    -- Methods
    SELECT string_agg(format('<tr><th scope="row">%s %s</th><td>%s</td><td>%s</td></tr>', c.check_code, _em_html(c.name), coalesce(_em_html(r.method), ''),
                             CASE WHEN c.reference IS NOT NULL THEN format('<a href="https://doi.org/%s">doi:%1$s</a>', _em_html(c.reference)) END), '' ORDER BY c.check_code) INTO piece
    FROM em_latest l
    JOIN em_check c ON c.check_code = l.check_code
    JOIN em_result r ON r.run_id = l.run_id AND r.check_code = l.check_code
    WHERE l.entry_id = id AND r.state = 'measured' AND (r.method IS NOT NULL OR c.reference IS NOT NULL);
    RETURN concat(doc, '<section id="methods"><h2>Methods</h2><p>Measured values are judged by the criteria of the profile ', _em_html(chosen),
                  (SELECT ': ' || _em_html(p.description) FROM em_profile p WHERE p.profile = chosen), '.</p>',
                  '<table><caption>Methods and their references</caption><thead><tr><th scope="col">Check</th><th scope="col">Method and version</th><th scope="col">Reference</th></tr></thead><tbody>'
                  || piece || '</tbody></table>',
                  '</section></main><footer><p>Made by emvalid ', em_version(), '.</p></footer></body></html>', E'\n');
END;
$$;
COMMENT ON FUNCTION em_report_html(text, text) IS
    'the whole report on an entry as one HTML file with its pictures inside: no script, no outside request; judged by a profile '
    '(that of the setting emvalid.profile when NULL)';
