/*
 * 69_dashboard.sql: the archive on one page.
 */

CREATE FUNCTION _em_rows_html(caption text, headings text[], lines text[], empty text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 90
RETURN CASE WHEN coalesce(cardinality(lines), 0) = 0 THEN '<p>' || _em_html(empty) || '</p>'
       ELSE concat('<div class="scroll"><table><caption>', _em_html(caption), '</caption><thead><tr><th scope="col">',
                   replace(_em_html(array_to_string(headings, E'\n')), E'\n', '</th><th scope="col">'), '</th></tr></thead><tbody>', array_to_string(lines, ''), '</tbody></table></div>') END;
COMMENT ON FUNCTION _em_rows_html(text, text[], text[], text) IS 'Internal: lines of a table with caption and headings, or a sentence when there are none';

CREATE FUNCTION em_dashboard_html(profile text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen text := coalesce(em_dashboard_html.profile, em_current_profile());
    doc    text;
    n      bigint := (SELECT count(*) FROM em_entry);
BEGIN
    IF NOT EXISTS (SELECT FROM em_profile p WHERE p.profile = chosen) THEN
        RAISE undefined_object USING MESSAGE = format('there is no profile "%s"', chosen),
            HINT = 'The profiles are listed in em_profile; emvalid.profile names the default.';
    END IF;
    doc := concat('<!DOCTYPE html>', E'\n', '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        '<title>Cryo-EM map validation: all entries</title><style>', _em_report_style(), '</style></head><body><header><h1>Cryo-EM map validation: all entries</h1>',
        '<div class="box"><dl><dt>Entries</dt><dd>', n, '</dd><dt>Validated</dt><dd>', (SELECT count(*) FROM em_archive_entry WHERE validated IS NOT NULL),
        '</dd><dt>Last result</dt><dd>', coalesce((SELECT to_char(max(validated) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' FROM em_archive_entry), '(none)'),
        '</dd><dt>This page</dt><dd>', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC</dd><dt>Profile</dt><dd>', _em_html(chosen), '</dd></dl></div></header><main>');

    doc := doc || '<section><h2>Outcomes by check</h2>' || _em_rows_html('Entries by outcome', '{Check,Name,OK,Warnings,Does not apply,Could not be measured,No criterion}', (
        SELECT array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>',
                                a.check_code, _em_html(a.check_name), a.ok, a.warned, a.not_applicable, a.failed, a.without_criterion) ORDER BY a.check_code)
        FROM em_archive_outcome a WHERE a.profile = chosen), 'No check has been run.') || '</section>';

    doc := doc || '<section><h2>Score by resolution</h2>' || _em_rows_html('Share of passed items', '{Reported resolution,Entries,Mean (%),Median (%),All passed}', (
        SELECT array_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>',
                                a.shell, a.entries, _em_format(a.mean_percent, 1), _em_format(a.median_percent, 1), a.all_passed)
                         ORDER BY substring(a.shell FROM '\d+')::int)
        FROM em_archive_score a WHERE a.profile = chosen), 'No entry has an evaluable item.') || '</section>';

    doc := doc || '<section><h2>Reported and recalculated resolution</h2>' || coalesce((
        SELECT '<figure>' || em_plot_svg(jsonb_build_object('title', 'Reported and recalculated resolution', 'desc', 'One point for each entry, and the line where both are equal.',
                   'x', '{"label": "Reported resolution (Å)"}'::jsonb, 'y', '{"label": "Resolution at FSC 0.143 (Å)"}'::jsonb,
                   'curves', jsonb_build_array(jsonb_build_object('name', 'entries', 'style', 'points', 'x', jsonb_agg(r.reported), 'y', jsonb_agg(r.recalculated)),
                                               jsonb_build_object('name', 'equal', 'x', jsonb_build_array(min(r.reported), max(r.reported)), 'y', jsonb_build_array(min(r.reported), max(r.reported))))))
               || format('<figcaption>%s entries with half maps; the line is where both are equal.</figcaption></figure>', count(*))
        FROM em_archive_resolution r HAVING count(*) > 0), '<p>No entry has both.</p>')
        || _em_rows_html('Entries reported much better than measured', '{Entry,Reported (Å),FSC 0.143 (Å),Ratio}', (
            SELECT array_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td></tr>', _em_html(r.entry_id), _em_format(r.reported, 2), _em_format(r.recalculated, 2), _em_format(r.ratio, 2)) ORDER BY r.ratio DESC)
            FROM (SELECT * FROM em_archive_resolution WHERE ratio > 1.25 ORDER BY ratio DESC LIMIT 20) AS r), 'No entry is reported much better than measured.') || '</section>';

    doc := doc || '<section><h2>Warnings, the most frequent first</h2>' || _em_rows_html('Criteria that entries violate', '{Check,Measure,Entries,Share (%),Example}', (
        SELECT array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td></tr>', w.check_code, _em_html(coalesce(i.label, w.measure)), w.entries,
                                _em_format(100.0 * w.entries / greatest(n, 1), 1), _em_html(w.example)) ORDER BY w.entries DESC, w.check_code, w.criterion)
        FROM em_archive_warning w LEFT JOIN em_measure_info i ON i.check_code = w.check_code AND i.name = w.measure WHERE w.profile = chosen), 'No warnings.') || '</section>';

    doc := doc || '<section><h2>What could not be measured</h2>' || _em_rows_html('Failures by check and reason', '{Check,Reason,Entries,Example}', (
        SELECT array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td>%s</td><td>%s</td></tr>', f.check_code, _em_html(f.reason_code), f.entries, _em_html(f.example)) ORDER BY f.entries DESC, f.check_code)
        FROM em_archive_failure f), 'Everything could be measured.') || '</section>';

    doc := doc || '<section><h2>Quality by year</h2>' || _em_rows_html('By year of deposition', '{Year,Entries,Mean resolution (Å),Passed items (%)}', (
        SELECT array_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td></tr>', y.year, y.entries, coalesce(_em_format(y.mean_resolution, 2), ''), _em_format(y.mean_percent, 1)) ORDER BY y.year)
        FROM em_archive_year y WHERE y.profile = chosen), 'No entry has a date.') || '</section>';

    doc := doc || '<section><h2>Outliers</h2>' || _em_rows_html('Measures far from those of the other entries', '{Entry,Check,Measure,Value,Median,Distance}', (
        SELECT array_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s %s</td><td>%s</td><td>%s</td></tr>', _em_html(o.entry_id), o.check_code, _em_html(o.measure),
                                _em_short(o.value), _em_html(o.unit), _em_short(o.median), _em_format(o.robust_z, 1)) ORDER BY abs(o.robust_z) DESC)
        FROM (SELECT * FROM em_outlier ORDER BY abs(robust_z) DESC LIMIT 50) AS o), 'No outliers; measures of fewer than 30 entries are not looked at.') || '</section>';

    RETURN concat(doc, '</main><footer><p>Made by emvalid ', em_version(), '.</p></footer></body></html>', E'\n');
END;
$$;
COMMENT ON FUNCTION em_dashboard_html(text) IS
    'one HTML page over all entries: outcomes, scores by resolution, reported against recalculated resolution, warnings, failures, years and outliers; '
    'judged by a profile (that of the setting emvalid.profile when NULL)';
