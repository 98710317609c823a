-- The report: sections in their order, generated criteria, JSON.

BEGIN;
SET client_min_messages = warning;
SELECT plan(31);
\ir ../reports/load_reports.sql

CREATE TEMP TABLE report AS SELECT e.entry_id, em_report_text(e.entry_id, 'vrs') AS doc FROM em_entry e;

-- Titles stand in the order of a VRS report
CREATE FUNCTION in_order(doc text, titles text[]) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_and(place > 0 AND place > before)
    FROM (SELECT strpos(doc, E'\n' || t || E'\n') AS place, lag(strpos(doc, E'\n' || t || E'\n'), 1, 0) OVER (ORDER BY n) AS before
          FROM unnest(titles) WITH ORDINALITY AS u (t, n)) AS p
$$;
SELECT ok(in_order((SELECT doc FROM report WHERE entry_id = 'EMD-60749'),
    ARRAY['Summarized overall quality', '0.a  Mass analysis          Sec. 2.1   OK', 'Summary of the warnings across sections',
          'Section 2.2 (0.b Mask analysis)', 'Section 2.3 (0.c Background analysis)', 'Section 2.6 (0.f LocBfactor)', 'Contents']),
    'front part');
SELECT ok(in_order(split_part((SELECT doc FROM report WHERE entry_id = 'EMD-60749'), E'\n\nContents\n', 2) || E'\n',
    ARRAY['1 Input data', '2 Level 0 analysis', '3 Half maps', '4 Level 1 analysis']), 'contents');
SELECT ok(in_order(substr(doc, strpos(doc, E'\nInput map:') - 20),
    ARRAY['2 Level 0 analysis', '2.1 Level 0.a Mass analysis', '2.2 Level 0.b Mask analysis', '2.3 Level 0.c Background analysis', '2.4 Level 0.d B-factor analysis',
          '2.5 Level 0.e Local resolution from one map', '2.6 Level 0.f Local B-factor', '2.7 Level 0.g Local Occupancy', '2.8 Level 0.h Handedness',
          '3 Half maps', '4 Level 1 analysis', '4.1 Level 1.a Global resolution', '4.2 Level 1.b FSC permutation', '4.3 Level 1.c Local resolution with Blocres',
          '4.4 Level 1.d Local resolution with Resmap', '4.5 Level 1.e Local resolution with MonoRes',
          '4.6 Level 1.f Local and directional resolution with MonoDir', '4.7 Level 1.g Fourier Shell Occupancy', '4.8 Level 1.h Fourier Shell Correlation 3D']),
    'sections') FROM report WHERE entry_id = 'EMD-60749';
SELECT ok(in_order(substr(doc, strpos(doc, E'\nInput map:')), ARRAY['2 Level 0 analysis', '3 Atomic model', '4 Level A analysis']), 'sections with a model')
FROM report WHERE entry_id = 'EMD-1127';
SELECT alike(doc, E'%\n3 Atomic model\n\nAtomic model: 1zn0.cif\n\n4 Level A analysis\n\nNo check of this level has been run.%', 'a level without checks')
FROM report WHERE entry_id = 'EMD-1127';
SELECT alike(doc, t, 'input data: ' || t) FROM report, unnest(ARRAY['%Input map: emd_1127.map%',
    '%SHA256 hash: 19780c496f2ba1d57f4d9d7b49b5cade7971463e59085c97259ff2b10a62c540%', '%Voxel size: 2.820000 (Å)%', '%Visualization threshold: 55.300000%',
    '%Resolution estimated by user: 15.5 Å%']) AS t WHERE entry_id = 'EMD-1127';

-- All numbers
SELECT matches(doc, '\n +0\.0654 +6 +0\.01 +0\.05\n', 'mass table') FROM report WHERE entry_id = 'EMD-23053';
SELECT alike(doc, '%(65.18, 64.58, 64.28) voxels%', 'centre of mass') FROM report WHERE entry_id = 'EMD-1127';
SELECT alike(doc, '%mean volume 22.43 Å³%', 'VRS value beside the right one') FROM report WHERE entry_id = 'EMD-1127';
SELECT alike(doc, '%mean size is 2.47 voxels, 55.40 Å³.%', 'the right one') FROM report WHERE entry_id = 'EMD-1127';
SELECT unalike(doc, '%mean size is%', 'no mean size of no component') FROM report WHERE entry_id = 'EMD-2111';
SELECT unalike(doc, '%{%', 'every value is filled in') FROM report WHERE entry_id = 'EMD-60749';
SELECT is((SELECT max(length(l))::int FROM report, regexp_split_to_table(doc, E'\n') AS l), 100, 'lines are at most 100 characters long');
SELECT alike(doc, E'%WARNINGS: 3 warnings\n1. The center of mass in X may be significantly shifted.%', 'warnings of a section') FROM report WHERE entry_id = 'EMD-5107';

-- Criteria are worded from their rows
SELECT is(em_criteria_text('vrs', '0.b'),
    'The check passes if 1) the number of components that hold 95 % of the raw mask (VRS definition) is at most 5; 2) the mean volume of the remaining components (VRS definition) '
    'is at most 5 Å³, if there is one; 3) the overlap of the raw and the constructed mask (VRS definition) is at least 0.75.', 'several criteria');
SELECT is(em_criteria_text('vrs', '1.b'), 'The check passes if the reported resolution is at least 0.8 times the resolution at 1 % false discovery rate (VRS definition).', 'one criterion');
SELECT is(em_criteria_text('none', '0.g'), 'This profile does not judge the check.', 'no criterion');
SELECT is(em_criteria_text('emvalid', '0.f'),
    'The check applies if the reported resolution is less than 15 Å, if there is one. The check passes if 1) the spread of the local B-factor is at least 0.01 Å²; '
    '2) the median of the local B-factor is between -300 and 0 Å².', 'a condition');
UPDATE em_criterion SET sentence = 'few pieces ({limit})' WHERE (profile, check_code, ordinal) = ('vrs', '0.b', 1);
SELECT alike(em_criteria_text('vrs', '0.b'), '%1) few pieces (5);%', 'one''s own wording');

-- No results, no warnings
INSERT INTO em_entry (entry_id) VALUES ('bare');
SELECT alike(em_report_text('bare'), E'%No map and no results yet%(not reported)%0 out of 0 evaluable items%No check has been run.%No warnings.%Input map: (none)%', 'an entry without anything');
SELECT is(em_report_json('bare') ->> 'items', '[]', 'as JSON');

-- JSON
CREATE TEMP TABLE j AS SELECT entry_id, em_report_json(entry_id, 'vrs') AS doc FROM em_entry WHERE entry_id LIKE 'EMD%';
SELECT is(doc -> 'score' ->> 'score', '4 out of 7 evaluable items', 'score') FROM j WHERE entry_id = 'EMD-60749';
SELECT is(doc ->> 'levels', '["0", "1"]', 'levels') FROM j WHERE entry_id = 'EMD-60749';
SELECT is(jsonb_array_length(doc -> 'items'), 16, 'items') FROM j WHERE entry_id = 'EMD-60749';
SELECT is(doc #>> '{items,1,measures,voxels,value}', '11351015', 'measures') FROM j WHERE entry_id = 'EMD-60749';
SELECT is(doc #>> '{items,1,series,residues,y,23}', '1.24', 'series') FROM j WHERE entry_id = 'EMD-60749';
SELECT is(doc #>> '{items,2,warnings,1}', 'There is a significant proportion of outlier values in the background (cdf5 ratio=1881.04)', 'warnings')
FROM j WHERE entry_id = 'EMD-60749';

SELECT * FROM finish();
ROLLBACK;
