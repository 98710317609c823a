-- Handedness through SQL: real maps, their mirror images and files with other axes.
BEGIN;
\ir ../data/make_mrc.sql
SET client_min_messages = error;
SELECT plan(18);

SELECT results_eq($$SELECT words[1], words[2], words[3], words[4] FROM em_measure_info WHERE check_code = '0.h' AND name = 'decision'$$,
                  $$VALUES ('no decision', 'right', 'mirrored', 'uncertain')$$, 'the decisions have words');
SELECT ok('0.h' = ANY (_em_measurable_checks()), 'a validation measures the hand');

-- A ball has no helices, and a report says so.
CREATE TEMP TABLE ball AS
SELECT em_map_from_bytea(make_mrc_header('{32,32,32}') || (
    SELECT string_agg(float4send(exp(-((x - 16) ^ 2 + (y - 16) ^ 2 + (z - 16) ^ 2) / 60.0)::float4), ''::bytea ORDER BY z, y, x)
    FROM generate_series(0, 31) AS x, generate_series(0, 31) AS y, generate_series(0, 31) AS z)) AS map;
SELECT results_eq('SELECT score, decision FROM ball, em_hand(map, 0.2, 4)', $$VALUES (NULL::float8, 'no decision')$$, 'a ball: no decision');
SELECT results_eq('SELECT score, decision, helices FROM ball, em_hand(map, 0.2, 5.01)', $$VALUES (NULL::float8, NULL::text, NULL::int)$$,
                  'does not apply worse than 5 Å');
SELECT is((SELECT decision FROM ball, em_hand(map, 2, 4)), NULL, 'nor without a voxel above the contour');
SELECT is(em_ingest('ball', map, contour => 0.2, resolution => 4), 'ball', 'an entry') FROM ball;
SELECT lives_ok($$SELECT em_validate_atomic('ball', '{0.h}')$$, 'that is validated');
SELECT results_eq($$SELECT state, reason_code FROM em_result WHERE entry_id = 'ball' AND check_code = '0.h'$$,
                  $$VALUES ('failed', 'no_helices')$$, 'could not be measured: no helices');
SELECT is((SELECT outcome FROM em_outcome WHERE (entry_id, check_code, profile) = ('ball', '0.h', p)), 'Could not be measured', 'under ' || p)
FROM unnest('{vrs,emvalid}'::text[]) AS p;
SELECT alike(em_report_text('ball'), '%No helices were found to tell the hand by%', 'the report says why');

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
-- Part of TMV (3J06), as it is and with its sections in reverse order, which is its mirror image.
CREATE TEMP TABLE tmv AS
SELECT pg_read_binary_file(:'shared' || '/data/map_model/qrefine_3j06/3j06_no_ligand_box.ccp4') AS file;
CREATE TEMP TABLE maps AS
SELECT em_map_from_bytea(file) AS map,
       em_map_from_bytea(substr(file, 1, skip) || (
           SELECT string_agg(substr(file, 1 + skip + s * section, section), ''::bytea ORDER BY s DESC)
           FROM generate_series(0, (length(file) - skip) / section - 1) AS s)) AS mirrored
FROM (SELECT file, 1024 + (h ->> 'extended_header_bytes')::int AS skip,
             4 * (h -> 'file_size' ->> 0)::int * (h -> 'file_size' ->> 1)::int AS section
      FROM tmv, em_header(em_map_from_bytea(file)) AS h) AS t;
CREATE TEMP TABLE contour AS SELECT mean + 1.5 * sd AS level FROM maps, em_map_stats(map);
CREATE TEMP TABLE hand AS
SELECT r.* FROM maps, contour, em_hand(map, level, 3.3) AS r;
CREATE TEMP TABLE mirrored AS
SELECT r.* FROM maps, contour, em_hand(mirrored, level, 3.3) AS r;
SELECT ok(score < 0.1 AND score_free < 0.1 AND decision = 'right' AND helices > 3, 'part of TMV is right: ' || score) FROM hand;
SELECT ok(score > 0.9 AND score_free > 0.9 AND decision = 'mirrored', 'its mirror image is found out: ' || score) FROM mirrored;
SELECT ok(abs(h.score + m.score - 1) < 0.02 AND abs(h.score_free + m.score_free - 1) < 0.02, 'the scores add up to 1') FROM hand h, mirrored m;

-- In an entry
SELECT is(em_ingest('mirrored', mirrored, contour => level, resolution => 3.3), 'mirrored', 'an entry of the mirror image') FROM maps, contour;
SELECT em_validate_atomic('mirrored', '{0.h}') > 0 AS validated \gset
SELECT is((SELECT string_agg(profile || ' ' || outcome, ', ' ORDER BY profile DESC) FROM em_outcome WHERE entry_id = 'mirrored'),
          'vrs 2 warnings, emvalid 1 warnings', 'both profiles warn');
SELECT alike(em_report_text('mirrored'), '%places along them: mirrored.%', 'the report says mirrored in a word');
SELECT alike(em_report_html('mirrored'), '%places along them: mirrored.%', 'and so does the page');
\else
SELECT skip('no shared data: psql variable shared is empty', 7);
\endif

SELECT * FROM finish();
ROLLBACK;
