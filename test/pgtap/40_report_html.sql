-- Plots and the HTML report: sections, escaping, figures, no outside request.

BEGIN;
SET client_min_messages = warning;
SELECT plan(74);
\ir ../reports/load_reports.sql

-- Helpers
SELECT is(_em_html('<a href="x">&''' || E'\x01' || 'α$\alpha$'), '&lt;a href=&quot;x&quot;&gt;&amp;&#39; α$\alpha$', 'text made safe');
SELECT is(_em_short(v), t, 'number ' || t) FROM (VALUES (0::float8, '0'), (0.143, '0.143'), (1234567, '1.23e6'), (-0.00002, '-2e-5'), (4.2, '4.2'), (15000, '15000'), (99.996, '100')) AS x (v, t);
SELECT is(_em_ticks(0, 1, 5, false), '{0,0.2,0.4,0.6000000000000001,0.8,1}'::float8[], 'ticks');
SELECT is(_em_ticks(-2.3, 4.1, 6, true), '{-2,0,2,4}'::float8[], 'logarithmic ticks');

-- Plots
CREATE TEMP TABLE p AS SELECT em_plot_svg('{"title": "a < b", "desc": "x & y", "x": {"label": "f"}, "y": {"label": "g", "log": true},
    "curves": [{"name": "one", "x": [1, 2, 3], "y": [1, 10, 100]}, {"name": "two", "style": "points", "x": [1, 2], "y": [0, "NaN"]}],
    "lines": [{"axis": "y", "value": 10, "label": "ten"}, {"axis": "x", "value": 2, "label": "two"}, {"axis": "x", "value": 99, "label": "far"}],
    "regions": [{"from": 1, "to": 2, "label": "low"}]}') AS svg;
SELECT ok(xpath_exists('/s:svg/s:title[text()="a < b"]', svg::xml, '{{s,http://www.w3.org/2000/svg}}'), 'a plot is XML, with its title') FROM p;
SELECT is(cardinality(xpath('//s:path', svg::xml, '{{s,http://www.w3.org/2000/svg}}')), 1, 'a curve without a point that can be shown is left out') FROM p;
SELECT matches(svg, '>one</text>.*>f</text>.*>g</text>', 'legend and labels') FROM p;
SELECT alike(svg, '%d="M74.0 318.0L%', 'the first point is at the lower left') FROM p;
SELECT alike(svg, '%>ten</text>%', 'a threshold') FROM p;
SELECT unalike(svg, '%>far</text>%', 'but not one out of range') FROM p;
SELECT is(em_plot_svg('{"curves": [{"x": [1], "y": ["NaN"]}]}'), NULL, 'no point, no plot');
SELECT ok(em_plot_svg('{"curves": [{"style": "bars", "x": [5], "y": [3]}]}')::xml IS NOT NULL, 'a single bar');

SELECT matches(em_plot_svg('{"curves": [{"x": [0, 10], "y": [0, 1]}], "regions": [{"from": 5, "label": "late"}]}'), '<rect fill="#e4e4e4" x="348" [^>]*width="274.0"',
               'a region without an end goes on to the frame');
SELECT unalike(em_plot_svg('{"curves": [{"x": [0, 10], "y": [0, 1]}], "regions": [{"from": 20, "to": 30}]}'), '%#e4e4e4%', 'one beyond it is left out');
SELECT matches(em_plot_svg('{"curves": [{"x": [0, 10], "y": [0, 1]}], "lines": [{"axis": "x", "value": 9.5, "label": "a label that does not fit to the right"}]}'),
               'text-anchor="end">a label', 'a label that does not fit to the right stands to the left');

SELECT matches(em_plot_svg('{"curves": [{"name": "one", "x": [0, 10], "y": [0, 1]}, {"name": "none", "x": [0], "y": ["NaN"]}], "regions": [{"from": 5, "label": "late", "light": true}]}'),
               'fill="#f4f4f4".*>one</text><rect x="356" [^>]*fill="#f4f4f4" [^>]*/><text [^>]*>late</text>', 'the legend names a region, next to the last curve that is drawn');
SELECT matches(em_plot_svg('{"y": {"low": 0, "high": 1}, "curves": [{"x": [0, 10], "y": [0, 1]}], "marks": [{"x": 9.5, "y": 0.5, "side": "right", "label": "a long label at the right"}]}'),
               'text-anchor="end">a long label', 'a crossing near the end has its number at the left');
SELECT matches(em_plot_svg('{"y": {"low": 0, "high": 1}, "curves": [{"x": [0, 10], "y": [0, 1]}], "marks": [{"x": 0.5, "y": 0.5, "side": "left", "label": "a long label at the left"}]}'),
               'text-anchor="start">a long label', 'and near the beginning at the right');
-- from 0 at the left (74) to 10 at the right (622), from 0 at the bottom (318) to 1 at the top (32)
SELECT matches(em_plot_svg('{"y": {"low": 0, "high": 1}, "curves": [{"x": [0, 10], "y": [0, 1]}], "marks": [{"x": 5, "y": 0.5, "label": "5.00 Å"}]}'),
               '<circle cx="348" cy="175" [^>]*/><text [^>]*x="354" y="168" text-anchor="start">5.00 Å<|<circle cx="348(.0)?" cy="175(.0)?" [^>]*/><text [^>]*x="354(.0)?" y="168(.0)?" text-anchor="start">5.00 Å<',
               'a crossing has a ring and its number');
SELECT matches(em_plot_svg('{"y": {"low": 0, "high": 1}, "curves": [{"x": [0, 10], "y": [0, 1]}], "marks": [{"x": 5, "y": 0.5, "side": "left", "label": "5"}]}'),
               'text-anchor="end">5</text>', 'on the side that was asked for');
SELECT unalike(em_plot_svg('{"curves": [{"x": [0, 10], "y": [0, 1]}], "marks": [{"x": 11, "y": 0.5}, {"x": null, "y": 0.5}]}'), '%<circle%', 'but not outside of the plot');
SELECT matches(em_plot_svg('{"curves": [{"x": [0, 10], "y": [-100, 100]}]}'), '>−100</text>', 'negative numbers have a minus sign');
CREATE TEMP TABLE below AS
SELECT em_plot_svg('{"y": {"label": "g", "below": 5}, "curves": [{"style": "points", "x": [1, 2, 3], "y": [1, 2, -50]}, {"x": [1, 2], "y": [1, 2]}]}') AS svg;
SELECT is((SELECT count(*) FROM regexp_matches(svg, 'h0\.1', 'g')), 2::bigint, 'points far below the last curve are left out') FROM below;
SELECT unalike(svg, '%>−20</text>%', 'and do not stretch the axis') FROM below;
SELECT is(_em_minus('-1, (-2), a = -3 of EMD-4 in 5-6, 2e-7, type-2'), '−1, (−2), a = −3 of EMD-4 in 5-6, 2e−7, type-2', 'a minus sign, not every hyphen');
SELECT is(_em_shortened('0.a difference of the free spaces relative to the box in Y', 30), '0.a difference of t…e box in Y', 'shortened in the middle')
UNION ALL SELECT is(length(_em_shortened(repeat('x', 99), 30)), 30, 'to what was asked for')
UNION ALL SELECT is(_em_shortened('short', 30), 'short', 'but only when it is too long');
SELECT is_empty('SELECT check_code, ordinal FROM em_figure WHERE edited', 'no shipped figure counts as edited');

-- A figure of a run: crossings and regions from its measures, what is not measured left out
INSERT INTO em_entry (entry_id, resolution) VALUES ('figure', 4);
INSERT INTO em_run (entry_id, origin) VALUES ('figure', 'emvalid') RETURNING run_id AS figure \gset
INSERT INTO em_result (run_id, entry_id, check_code, state) VALUES (:figure, 'figure', '1.a', 'measured');
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) VALUES (:figure, 'figure', '1.a', 'fsc_0143', 5), (:figure, 'figure', '1.a', 'randomised_from', 8);
INSERT INTO em_series (run_id, entry_id, check_code, name, x, y) VALUES (:figure, 'figure', '1.a', 'fsc', '{0.1,0.2,0.3}', '{1,0.143,0}');
CREATE TEMP TABLE figure AS SELECT em_check_figure(:figure, '1.a', 1) AS spec;
SELECT is(spec -> 'marks', '[{"x": 0.2, "y": 0.143, "side": "left", "label": "5.00 Å"}]', 'a crossing that was measured is marked, another is not') FROM figure;
SELECT is(jsonb_path_query_array(spec, '$.regions[*].light'), '[true, false]', 'the region of random phases is the paler one') FROM figure;
SELECT is(spec #> '{regions,0,from}', '0.125', 'it begins where phases were made random') FROM figure;

-- Directions
SELECT is(_em_sphere_place(0, 90), '{360,190}', 'X is at the right');
SELECT is(_em_sphere_place(90, 90), '{200,30}', 'Y is up');
SELECT is(_em_sphere_place(123, 0), '{200,190}', 'Z is in the middle');
SELECT cmp_ok(abs(power((_em_sphere_place(0, 60))[1] - 200, 2) / power(160, 2) - (1 - cosd(60))), '<', 1e-3::float8, 'equal areas: a cap of 60 degrees is half of the half sphere');
CREATE TEMP TABLE directions AS
SELECT array_agg(rot) AS rot, array_agg(tilt) AS tilt, array_agg(CASE WHEN tilt < 45 THEN 3 ELSE 5 END::float8) AS value
FROM generate_series(0, 330, 30) AS r (rot), generate_series(5, 85, 10) AS t (tilt);
SELECT is((SELECT count(*) FROM directions d, _em_sphere_patches(d.rot, d.tilt, d.value) AS p WHERE tilt1 < 30 AND mean > 3.2 OR tilt0 > 60 AND mean < 4.8), 0::bigint,
          'patches have the values of the directions in them');
SELECT cmp_ok((SELECT abs(sum((cosd(tilt0) - cosd(tilt1)) * (rot1 - rot0) / 360) - 1) FROM directions d, _em_sphere_patches(d.rot, d.tilt, d.value)), '<', 1e-9::float8, 'and cover the half sphere');
CREATE TEMP TABLE s AS
SELECT em_sphere_svg(jsonb_build_object('title', 'a < b', 'y', '{"label": "R"}'::jsonb, 'curves', jsonb_build_array(
    jsonb_build_object('y', rot), jsonb_build_object('y', tilt), jsonb_build_object('y', value, 'style', k.style)))) AS svg, k.style
FROM directions, (VALUES ('sphere'), ('counts')) AS k (style);
SELECT ok(xpath_exists('/s:svg/s:title[text()="a < b"]', svg::xml, '{{s,http://www.w3.org/2000/svg}}'), style || ': XML, with its title') FROM s;
SELECT alike(svg, '%largest: 5.00</text>%smallest: 3.00</text>%', 'extremes in words') FROM s WHERE style = 'sphere';
SELECT is(em_sphere_svg('{"curves": [{"y": [0]}, {"y": [0]}, {"y": ["NaN"]}]}'), NULL, 'no value, no picture');
SELECT is(_em_colour(0) || _em_colour(1) || _em_colour(7), '#271464#f5ed81#f5ed81', 'the ends of the scale');

-- Sentences
SELECT is(_em_probability(v), t, 'p ' || t) FROM (VALUES (0::float8, '< 0.000001'), (0.0456789, '= 0.046'), (1.234e-12, '= 1.2e-12'), (1, '= 1')) AS x (v, t);
SELECT is(_em_prose_html('p = 1.2e-12 & 5 % of 3 Å'), 'p = 1.2&nbsp;×&nbsp;10<sup>−12</sup> &amp; 5&nbsp;% of 3&nbsp;Å', 'numbers and units');
SELECT is(_em_pairs_html(E'Pairs:\n  a  1\n  b c   2'), '<div class="scroll"><table class="numbers"><caption>Pairs</caption><thead><tr><th scope="col">a</th><th scope="col">b c</th></tr></thead>'
          '<tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>', 'lines of label and value');

-- Reports of printed values
CREATE TEMP TABLE r AS SELECT e.entry_id, em_report_html(e.entry_id, 'vrs') AS doc FROM em_entry e;
CREATE FUNCTION pg_temp.headings(doc text, level int) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(regexp_replace(m[1], '<[^>]*>', '', 'g') ORDER BY n)
    FROM regexp_matches(doc, format('<h%s>(.*?)</h%1$s>', level), 'g') WITH ORDINALITY AS h (m, n)
$$;
SELECT is(pg_temp.headings(doc, 2), ARRAY['Summarized overall quality', 'Summary of the warnings across sections', 'Contents', '1 Input data', '2 Level 0 analysis',
    '3 Half maps', '4 Level 1 analysis', 'Methods'], 'sections in the order of the text report') FROM r WHERE entry_id = 'EMD-60749';
SELECT is(pg_temp.headings(doc, 1), ARRAY['Report to assess a cryo-EM map at level(s) 0, 1 (grade 1)'], 'title') FROM r WHERE entry_id = 'EMD-60749';
SELECT is((SELECT count(*) FROM regexp_matches(doc, 'class="check"', 'g')), 16::bigint, 'all items') FROM r WHERE entry_id = 'EMD-60749';
SELECT is_empty($$SELECT r.entry_id, m[1] FROM r, regexp_matches(doc, 'href="#([^"]+)"', 'g') AS m WHERE strpos(doc, 'id="' || m[1] || '"') = 0$$, 'every link has its target');
SELECT is_empty($$SELECT entry_id FROM r WHERE doc ~* '<script|<link|@import|url\(|src="(?!data:)'$$, 'no script and no outside request');
SELECT is_empty($$SELECT entry_id FROM r WHERE doc ~ '\{[a-z_0-9]+(:[0-9])?\}' AND doc !~ '<style>.*\{[a-z]'$$, 'every value is filled in');
SELECT alike(doc, '%4 out of 7 evaluable items%', 'score') FROM r WHERE entry_id = 'EMD-60749';
SELECT matches(doc, '<th scope="row">vrs</th>.*<th scope="row">emvalid</th>', 'in both profiles') FROM r WHERE entry_id = 'EMD-60749';
SELECT alike(doc, '%not enough entries%', 'no percentile of a few entries') FROM r WHERE entry_id = 'EMD-60749';
SELECT alike(doc, '%</span> Could not be measured</span>%', 'a failure is said in words') FROM r WHERE entry_id = 'EMD-60749';
SELECT throws_ok($$SELECT em_report_html('nobody')$$, 'P0002', NULL, 'an entry that does not exist');

-- Hostile text
UPDATE em_entry SET title = '</title><script>alert("1")</script> & α $\beta$' WHERE entry_id = 'EMD-1127';
SELECT unalike(em_report_html('EMD-1127'), '%<script%', 'a title cannot bring a script');
SELECT alike(em_report_html('EMD-1127'), '%&lt;script&gt;alert(&quot;1&quot;)%α $\\beta$%', 'it is shown as it is');

-- A map of our own
SELECT em_ingest('DEMO', em_map_load(:'demo' || '/demo.map'), contour => 0.06, resolution => 4.2);
SELECT em_validate_atomic('DEMO', '{0.b,0.d}');
CREATE TEMP TABLE d AS SELECT em_report_html('DEMO', 'emvalid') AS doc;
SELECT is((SELECT count(*) FROM regexp_matches(doc, '<img alt="[^"]+" width="264" height="[0-9]+" src="data:image/png;base64,iVBOR', 'g')), 15::bigint, 'pictures with alternative text') FROM d;
SELECT cmp_ok((SELECT count(*) FROM regexp_matches(doc, '<svg [^>]*role="img"[^>]*><title>[^<]+</title><desc>[^<]+</desc>', 'g')), '>=', 2::bigint, 'plots with title and description') FROM d;
SELECT is((SELECT count(*) FROM regexp_matches(doc, '<figure>', 'g')), (SELECT count(*) FROM regexp_matches(doc, '<summary>Numbers of figure', 'g')), 'each with its numbers') FROM d;
SELECT cmp_ok(length((SELECT doc FROM d)), '<', 5000000, 'below 5 MB');

-- Percentiles
INSERT INTO em_entry (entry_id, resolution) SELECT 'P' || i, CASE WHEN i <= 35 THEN 4 ELSE 20 END FROM generate_series(1, 60) AS i;
INSERT INTO em_run (entry_id) SELECT entry_id FROM em_entry WHERE entry_id LIKE 'P%';
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '0.d', 'measured' FROM em_run WHERE entry_id LIKE 'P%';
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT run_id, entry_id, '0.d', 'bfactor', -substr(entry_id, 2)::int FROM em_run WHERE entry_id LIKE 'P%';
DELETE FROM em_entry WHERE entry_id !~ '^P';
SELECT results_eq($$SELECT n_all, round(percentile_all::numeric, 2), n_window, round(percentile_window::numeric, 2) FROM em_percentile('P1', '0.d', 'bfactor')$$,
                  $$VALUES (60::bigint, 99.17, 35::bigint, 98.57)$$, 'percentile among all and among similar ones');
SELECT alike(em_report_html('P1'), '%<svg xmlns="http://www.w3.org/2000/svg" class="slider" role="img"%percentile 99 of 60 entries of all</title>%N = 60%', 'as a slider');

SELECT * FROM finish();
ROLLBACK;
