/*
 * 69_dashboard.sql: the archive on one page.
 */

CREATE FUNCTION _em_rows_html(caption text, headings text[], lines text[], empty text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 90
RETURN CASE WHEN coalesce(cardinality(lines), 0) = 0 THEN '<p>' || _em_html(empty) || '</p>'
       ELSE concat('<div class="scroll"><table><caption>', _em_html(caption), '</caption><thead><tr><th scope="col">',
                   replace(replace(_em_html(array_to_string(headings, E'\n')), E'\n#', '</th><th scope="col" class="n">'), E'\n', '</th><th scope="col">'),
                   '</th></tr></thead><tbody>', array_to_string(lines, ''), '</tbody></table></div>') END;
COMMENT ON FUNCTION _em_rows_html(text, text[], text[], text) IS
    'Internal: lines of a table with caption and headings (after # those of numbers), or a sentence when there are none';

CREATE FUNCTION _em_shortened(value text, most int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE WHEN length(value) > most THEN rtrim(left(value, most - 1 - most / 3)) || '…' || ltrim(right(value, most / 3)) ELSE value END;
COMMENT ON FUNCTION _em_shortened(text, int) IS 'Internal: text of at most so many characters, shortened in the middle, as its end may tell it from others';

CREATE FUNCTION _em_entry_link(entry_id text, link text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
RETURN CASE
    WHEN link IS NULL AND entry_id !~ '^EMD-[0-9]+$' THEN _em_html(entry_id)
    ELSE format('<a href="%s">%s</a>',
                _em_html(replace(coalesce(link, 'https://www.ebi.ac.uk/emdb/{entry_id}'), '{entry_id}',
                                 -- percent-encoded, byte by byte, but for what is safe in every URL
                                 (SELECT string_agg(CASE WHEN chr(b.code) ~ '[A-Za-z0-9._-]' AND b.code < 128 THEN chr(b.code) ELSE '%' || upper(lpad(to_hex(b.code), 2, '0')) END, '' ORDER BY b.i)
                                  FROM (SELECT i, get_byte(convert_to(entry_id, 'UTF8'), i) AS code
                                        FROM generate_series(0, octet_length(convert_to(entry_id, 'UTF8')) - 1) AS i) AS b))),
                _em_html(entry_id)) END;
COMMENT ON FUNCTION _em_entry_link(text, text) IS
    'Internal: the name of an entry as a link; {entry_id} in link is filled in; without link, entries of EMDB lead to their page there and others nowhere';

CREATE FUNCTION _em_dashboard_outcomes(profile text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    SELECT '<section id="outcomes"><h2>Outcomes by check</h2>' || coalesce('<figure>' || _em_bars_svg(
               'outcomes', 'Outcomes by check', 'For each check the share of entries with each outcome; the numbers are in the table below.',
               array_agg(a.check_code || ' ' || a.check_name ORDER BY a.check_code), '{OK,Warnings,Does not apply,Could not be measured,No criterion}',
               jsonb_agg(jsonb_build_array(a.ok, a.warned, a.not_applicable, a.failed, a.without_criterion) ORDER BY a.check_code),
               array_agg('N = ' || a.entries ORDER BY a.check_code), NULL, false) || '<figcaption>Share of the entries that a check was run on, by outcome.</figcaption></figure>', '')
           || _em_rows_html('Entries by outcome', '{Check,Name,#OK,#Warnings,#Does not apply,#Could not be measured,#No criterion}',
               array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
                                a.check_code, _em_html(a.check_name), a.ok, a.warned, a.not_applicable, a.failed, a.without_criterion) ORDER BY a.check_code), 'No check has been run.')
           || '</section>'
    FROM em_archive_outcome a
    WHERE a.profile = _em_dashboard_outcomes.profile;
END;
COMMENT ON FUNCTION _em_dashboard_outcomes(text) IS 'Internal: outcomes by check, on the page over all entries';

CREATE FUNCTION _em_dashboard_scores(profile text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    WITH score AS MATERIALIZED (
        SELECT s.*, coalesce(substring(s.shell FROM '\d+')::int, 999) AS place FROM em_archive_score s WHERE s.profile = _em_dashboard_scores.profile
    ), year AS MATERIALIZED (
        SELECT y.* FROM em_archive_year y WHERE y.profile = _em_dashboard_scores.profile
    )
    SELECT '<section id="scores"><h2>Score by resolution</h2>' || coalesce((
               SELECT '<figure>' || _em_bars_svg('scores', 'Score by resolution', 'For each range of reported resolution the share of entries of which so many items pass; the numbers are in the table below.',
                          array_agg(s.shell ORDER BY s.place), ARRAY['all items pass', '75 % to all', '50 to 75 %', '25 to 50 %', 'less than 25 %'],
                          jsonb_agg(jsonb_build_array(s.all_passed, s.below_100, s.below_75, s.below_50, s.below_25) ORDER BY s.place),
                          array_agg('N = ' || s.entries ORDER BY s.place), NULL, true)
                      || '<figcaption>Share of the entries by how many of their evaluable items pass, for ranges of the reported resolution.</figcaption></figure>'
               FROM score s HAVING count(*) > 0), '')
           || _em_rows_html('Passed items by reported resolution', '{Resolution,#Entries,#Mean (%),#Median (%),#All pass,#75 % to all,#50 to 75 %,#25 to 50 %,#Below 25 %}', (
               SELECT array_agg(format('<tr><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
                                       s.shell, s.entries, _em_format(s.mean_percent, 1), _em_format(s.median_percent, 1), s.all_passed, s.below_100, s.below_75, s.below_50, s.below_25) ORDER BY s.place)
               FROM score s), 'No entry has an evaluable item.')
           || '</section><section id="years"><h2>Quality by year</h2>' || coalesce((
               SELECT '<figure>' || _em_bars_svg('years', 'Quality by year', 'For each year of deposition the mean share of items that pass; the numbers are in the table below.',
                          array_agg(y.year::text ORDER BY y.year), '{passed}', jsonb_agg(jsonb_build_array(y.mean_percent) ORDER BY y.year),
                          array_agg(format('%s %%, N = %s', _em_format(y.mean_percent, 1), y.entries) ORDER BY y.year), 100, false)
                      || '<figcaption>Mean share of the evaluable items that pass, by year of deposition; the full width is 100 %.</figcaption></figure>'
               FROM year y HAVING count(*) > 0), '')
           || _em_rows_html('By year of deposition', '{Year,#Entries,#Mean resolution (Å),#Passed items (%)}', (
               SELECT array_agg(format('<tr><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
                                       y.year, y.entries, coalesce(_em_format(y.mean_resolution, 2), ''), _em_format(y.mean_percent, 1)) ORDER BY y.year)
               FROM year y), 'No entry has a date.') || '</section>';
END;
COMMENT ON FUNCTION _em_dashboard_scores(text) IS 'Internal: scores by resolution and by year, on the page over all entries';

CREATE FUNCTION _em_dashboard_resolution(link text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50000
BEGIN ATOMIC
    WITH ratio AS MATERIALIZED (
        SELECT r.entry_id, r.reported, r.recalculated, r.ratio FROM em_archive_resolution r
    )
    SELECT '<section id="resolution"><h2>Reported and recalculated resolution</h2>' || coalesce('<figure>' || _em_density_svg()
               || format('<figcaption>%s entries with half maps. Above the dashed line the half maps carry 1.25 times the reported resolution or worse: %s entries (%s %%).</figcaption></figure>',
                         s.n, s.over, _em_format(100.0 * s.over / greatest(s.n, 1), 1)), '<p>No entry has both.</p>')
           || _em_rows_html(CASE WHEN s.over > 20 THEN format('20 of %s entries reported much better than measured, the largest ratio first', s.over) ELSE 'Entries reported much better than measured' END,
                            '{Entry,#Reported (Å),#FSC 0.143 (Å),#Ratio}', (
               SELECT array_agg(format('<tr><th scope="row" class="nowrap">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>', _em_entry_link(r.entry_id, link),
                                       _em_format(r.reported, 2), _em_format(r.recalculated, 2), _em_format(r.ratio, 2)) ORDER BY r.ratio DESC, r.entry_id)
               FROM (SELECT * FROM ratio q WHERE q.ratio > 1.25 ORDER BY q.ratio DESC, q.entry_id LIMIT 20) AS r), 'No entry is reported much better than measured.') || '</section>'
    FROM (SELECT count(*) AS n, count(*) FILTER (WHERE q.ratio > 1.25) AS over FROM ratio q) AS s;
END;
COMMENT ON FUNCTION _em_dashboard_resolution(text) IS 'Internal: reported against recalculated resolution, on the page over all entries';

CREATE FUNCTION _em_dashboard_warnings(profile text, n bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    WITH warning AS MATERIALIZED (
        SELECT w.check_code, w.measure, w.entries, w.example, w.label, count(*) OVER () AS criteria,
               row_number() OVER o AS place, 100 * sum(w.entries) OVER o / greatest(sum(w.entries) OVER (), 1) AS cumulated
        FROM em_archive_warning w
        WHERE w.profile = _em_dashboard_warnings.profile
        WINDOW o AS (ORDER BY w.entries DESC, w.check_code, w.criterion)
    ), failure AS MATERIALIZED (
        SELECT f.check_code, f.reason_code, f.entries, f.example, row_number() OVER o AS place, 100 * sum(f.entries) OVER o / greatest(sum(f.entries) OVER (), 1) AS cumulated,
               count(*) OVER () AS reasons
        FROM em_archive_failure f
        WINDOW o AS (ORDER BY f.entries DESC, f.check_code, f.reason_code)
    )
    SELECT '<section id="warnings"><h2>Warnings, the most frequent first</h2>' || coalesce((
               SELECT '<figure>' || _em_bars_svg('warnings', 'Warnings, the most frequent first', 'The criteria that most entries violate; the numbers are in the table below.',
                          array_agg(_em_shortened(w.check_code || ' ' || replace(w.label, ' (VRS definition)', ''), 50) ORDER BY w.place), '{entries}',
                          jsonb_agg(jsonb_build_array(w.entries) ORDER BY w.place),
                          array_agg(format('%s, cumulated %s %%', w.entries, round(w.cumulated)) ORDER BY w.place), 0, false)
                      || format('<figcaption>Criteria by the number of entries that violate them%s, with the cumulated share of all warnings.</figcaption></figure>',
                                CASE WHEN max(w.criteria) > 15 THEN format(', the first 15 of %s', max(w.criteria)) ELSE '' END)
               FROM warning w WHERE w.place <= 15 HAVING count(*) > 0), '')
           || _em_rows_html('Criteria that entries violate', '{Check,Measure,#Entries,#Share (%),#Cumulated (%),Example}', (
               SELECT array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td>%s</td></tr>', w.check_code, _em_html(w.label), w.entries,
                                       _em_format(100.0 * w.entries / greatest(n, 1), 1), _em_format(w.cumulated::float8, 1), _em_prose_html(coalesce(w.example, ''))) ORDER BY w.place)
               FROM warning w), 'No warnings.')
           || '</section><section id="failures"><h2>What could not be measured</h2>' || coalesce((
               SELECT '<figure>' || _em_bars_svg('failures', 'What could not be measured, the most frequent first', 'Checks and reasons why they could not be measured; the numbers are in the table below.',
                          array_agg(_em_shortened(f.check_code || ' ' || replace(f.reason_code, '_', ' '), 50) ORDER BY f.place), '{entries}', jsonb_agg(jsonb_build_array(f.entries) ORDER BY f.place),
                          array_agg(format('%s, cumulated %s %%', f.entries, round(f.cumulated)) ORDER BY f.place), 0, false)
                      || format('<figcaption>Checks and reasons by the number of entries%s, with the cumulated share of all failures.</figcaption></figure>',
                                CASE WHEN max(f.reasons) > 15 THEN format(', the first 15 of %s', max(f.reasons)) ELSE '' END)
               FROM failure f WHERE f.place <= 15 HAVING count(*) > 0), '')
           || _em_rows_html('Failures by check and reason', '{Check,Reason,#Entries,#Cumulated (%),Example}', (
               SELECT array_agg(format('<tr><td>%s</td><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td>%s</td></tr>', f.check_code, _em_html(f.reason_code), f.entries,
                                       _em_format(f.cumulated::float8, 1), _em_prose_html(coalesce(f.example, ''))) ORDER BY f.place)
               FROM failure f), 'Everything could be measured.') || '</section>';
END;
COMMENT ON FUNCTION _em_dashboard_warnings(text, bigint) IS 'Internal: warnings and failures, on the page over all entries';

CREATE FUNCTION _em_dashboard_outliers(link text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 20000
BEGIN ATOMIC
    SELECT '<section id="outliers"><h2>Outliers</h2><p>Measures far from those of the other entries: more than 3.5 by the median and the median absolute deviation. '
           || 'An outlier is not an error; it is where to look first.</p>'
           || _em_rows_html((SELECT format('The 50 values farthest away%s', CASE WHEN count(*) > 50 THEN format(', of %s', count(*)) ELSE '' END) FROM em_outlier),
                            '{Entry,Check,Measure,#Value,#Median,Unit,#Distance}',
               array_agg(format('<tr><th scope="row" class="nowrap">%s</th><td>%s</td><td>%s</td><td class="n">%s</td><td class="n">%s</td><td>%s</td><td class="n">%s</td></tr>',
                                _em_entry_link(o.entry_id, link), o.check_code, _em_prose_html(coalesce(i.label, o.measure)), _em_minus(_em_short(o.value)), _em_minus(_em_short(o.median)),
                                _em_html(o.unit), _em_minus(_em_short(o.robust_z))) ORDER BY abs(o.robust_z) DESC, o.entry_id),
               'No outliers; measures of fewer than 30 entries are not looked at.') || '</section>'
    FROM (SELECT x.entry_id, x.check_code, x.measure, x.value, x.median, x.unit, x.robust_z FROM em_outlier x ORDER BY abs(x.robust_z) DESC, x.entry_id LIMIT 50) AS o
    LEFT JOIN em_measure_info i ON i.check_code = o.check_code AND i.name = o.measure;
END;
COMMENT ON FUNCTION _em_dashboard_outliers(text) IS 'Internal: outliers, on the page over all entries';

CREATE FUNCTION _em_utc(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 5
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC';
COMMENT ON FUNCTION _em_utc(timestamptz) IS 'Internal: a time, to the minute';

CREATE FUNCTION em_dashboard_html(profile text DEFAULT NULL, link text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen text := coalesce(em_dashboard_html.profile, em_current_profile());
    state  em_archive_state;
    n      bigint;
    done   bigint;
    latest timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM em_profile p WHERE p.profile = chosen) THEN
        RAISE undefined_object USING MESSAGE = format('there is no profile "%s"', chosen),
            HINT = 'The profiles are listed in em_profile; emvalid.profile names the default.';
    END IF;
    SELECT * INTO state FROM em_archive_state;
    SELECT count(*), count(a.validated), max(a.validated) INTO n, done, latest FROM em_archive_entry a;
    RETURN concat('<!DOCTYPE html>', E'\n', '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        '<title>Cryo-EM map validation: all entries</title><style>', _em_report_style(),
        '.bars{display:block;width:100%;height:auto}.n{text-align:right}td.n{white-space:nowrap;font-variant-numeric:tabular-nums}#warnings table,#failures table,#outliers table{font-size:.85rem}.index{columns:auto;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0}',
        '</style></head><body><header><h1>Cryo-EM map validation: all entries</h1><div class="box"><dl><dt>Entries</dt><dd>', n, '</dd><dt>Validated</dt><dd>', done,
        '</dd><dt>Last result</dt><dd>', coalesce(_em_utc(latest), '(none)'),
        '</dd><dt>Last refresh</dt><dd>', CASE WHEN state.refreshed IS NULL THEN 'none: computed for this page from all results'
                                               ELSE concat(_em_utc(state.refreshed), ' (took ', _em_format(state.seconds, 2), ' s)',
                                                           CASE WHEN has_table_privilege('_em_archive_result', 'SELECT') AND NOT _em_archive_is_fresh() THEN '; results or criteria have changed since' END,
                                                           CASE WHEN state.measured < state.refreshed THEN '; outliers are older: '
                                                                || CASE WHEN isfinite(state.measured) THEN _em_utc(state.measured) ELSE 'none yet' END END) END,
        '</dd><dt>This page</dt><dd>', _em_utc(now()), '</dd><dt>Criteria</dt><dd>profile ', _em_html(chosen), '</dd></dl></div></header>',
        '<nav aria-label="Contents"><ul class="index"><li><a href="#outcomes">Outcomes</a></li><li><a href="#scores">Scores</a></li><li><a href="#years">Years</a></li>',
        '<li><a href="#resolution">Resolution</a></li><li><a href="#warnings">Warnings</a></li><li><a href="#failures">Failures</a></li><li><a href="#outliers">Outliers</a></li></ul></nav><main>',
        _em_dashboard_outcomes(chosen), _em_dashboard_scores(chosen), _em_dashboard_resolution(em_dashboard_html.link), _em_dashboard_warnings(chosen, n),
        _em_dashboard_outliers(em_dashboard_html.link), '</main><footer><p>Made by emvalid ', em_version(), '.</p></footer></body></html>', E'\n');
END;
$$;
COMMENT ON FUNCTION em_dashboard_html(text, text) IS
    'one HTML page over all entries, as of the last em_archive_refresh(): outcomes, scores by resolution and year, reported against recalculated resolution, '
    'warnings, failures and outliers; judged by a profile (that of the setting emvalid.profile when NULL); link: where entries lead to, as in {entry_id}.html '
    '(when NULL, entries of EMDB to their page there)';
