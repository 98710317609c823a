-- Parity: the numbers of five printed reports give their verdicts, warnings, summaries, scores and levels.

BEGIN;
SET client_min_messages = warning;
SELECT plan(43);

\ir ../reports/load_reports.sql

CREATE TEMP TABLE item (entry_id text, outcomes text[]);
INSERT INTO item VALUES
('EMD-1127', '{OK,1 warnings,2 warnings,Does not apply,Does not apply,1 warnings,OK,Does not apply}'),
('EMD-2111', '{OK,OK,2 warnings,OK,Does not apply,1 warnings,OK,Does not apply}'),
('EMD-23053', '{OK,OK,2 warnings,OK,Could not be measured,OK,OK,OK}'),
('EMD-5107', '{3 warnings,1 warnings,2 warnings,Does not apply,Does not apply,1 warnings,OK,Does not apply}'),
('EMD-60749', '{OK,1 warnings,2 warnings,OK,Could not be measured,1 warnings,Could not be measured,Does not apply,
                OK,OK,Could not be measured,Could not be measured,Could not be measured,Could not be measured,Could not be measured,Could not be measured}');

SELECT is((SELECT array_agg(outcome ORDER BY level, ordinal) FROM em_outcome o WHERE o.entry_id = i.entry_id AND profile = 'vrs'),
          i.outcomes, i.entry_id || ': outcome of every item')
FROM item i ORDER BY i.entry_id;

SELECT results_eq(
    $$SELECT check_code || ' ' || check_name FROM em_outcome WHERE entry_id = 'EMD-60749' AND profile = 'vrs' ORDER BY level, ordinal$$,
    ARRAY['0.a Mass analysis', '0.b Mask analysis', '0.c Background analysis', '0.d B-factor analysis', '0.e Local resolution', '0.f LocBfactor',
          '0.g LocOccupancy', '0.h Handedness', '1.a Global resolution', '1.b FSC permutation', '1.c Blocres', '1.d Resmap', '1.e MonoRes',
          '1.f MonoDir', '1.g FSO', '1.h FSC3D'],
    'names of the items: those of VRS, but for the two whose method is not the network of that name');

SELECT results_eq($$SELECT check_code, ordinal, warning FROM em_warning WHERE entry_id = 'EMD-1127' AND profile = 'vrs' ORDER BY 1, 2$$,
$$VALUES
('0.b', 1, 'There might be a problem with noise and artifacts, because the average noise blob has a volume of 22.425768 Å³.'),
('0.c', 1, 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001'),
('0.c', 2, 'There is a significant proportion of outlier values in the background (cdf5 ratio=3025.56)'),
('0.f', 1, 'The median B-factor is out of the interval [-300,0]')$$, 'EMD-1127: warnings');

SELECT results_eq($$SELECT check_code, ordinal, warning FROM em_warning WHERE entry_id = 'EMD-2111' AND profile = 'vrs' ORDER BY 1, 2$$,
$$VALUES
('0.c', 1, 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001'),
('0.c', 2, 'There is a significant proportion of outlier values in the background (cdf5 ratio=13924.63)'),
('0.f', 1, 'The median B-factor is out of the interval [-300,0]')$$, 'EMD-2111: warnings');

SELECT results_eq($$SELECT check_code, ordinal, warning FROM em_warning WHERE entry_id = 'EMD-23053' AND profile = 'vrs' ORDER BY 1, 2$$,
$$VALUES
('0.c', 1, 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001'),
('0.c', 2, 'There is a significant proportion of outlier values in the background (cdf5 ratio=14579.80)')$$, 'EMD-23053: warnings');

SELECT results_eq($$SELECT check_code, ordinal, warning FROM em_warning WHERE entry_id = 'EMD-5107' AND profile = 'vrs' ORDER BY 1, 2$$,
$$VALUES
('0.a', 1, 'The center of mass in X may be significantly shifted. This is common when the refinement is applied exclusively to one protein region.'),
('0.a', 2, 'The center of mass in Y may be significantly shifted. This is common when the refinement is applied exclusively to one protein region.'),
('0.a', 3, 'The center of mass in Z may be significantly shifted. This is common when the refinement is applied exclusively to one protein region.'),
('0.b', 1, 'There might be a problem with noise and artifacts, because the average noise blob has a volume of 24.137569 Å³.'),
('0.c', 1, 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001'),
('0.c', 2, 'There is a significant proportion of outlier values in the background (cdf5 ratio=25243.86)'),
('0.f', 1, 'The median B-factor is out of the interval [-300,0]')$$, 'EMD-5107: warnings');

SELECT results_eq($$SELECT check_code, ordinal, warning FROM em_warning WHERE entry_id = 'EMD-60749' AND profile = 'vrs' ORDER BY 1, 2$$,
$$VALUES
('0.b', 1, 'There might be a problem with noise and artifacts, because the average noise blob has a volume of 6.859000 Å³.'),
('0.c', 1, 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001'),
('0.c', 2, 'There is a significant proportion of outlier values in the background (cdf5 ratio=1881.04)'),
('0.f', 1, 'The median B-factor is out of the interval [-300,0]')$$, 'EMD-60749: warnings');

CREATE TEMP TABLE expected (entry_id text, levels text, grade text, score text, summary text);
INSERT INTO expected VALUES
('EMD-1127', '0, A', '0A', '2 out of 5 evaluable items',
 'The map seems to be well centered. There seems to be a problem with the suggested threshold (see Sec. 2.2). There seems to be a problem with the map''s background (see Sec. 2.3). There seems to be a problem with its local B-factor (see Sec. 2.6). The overall score (passing tests) of this report is 2 out of 5 evaluable items.'),
('EMD-2111', '0', '0', '4 out of 6 evaluable items',
 'The map seems to be well centered. There is no problem with the suggested threshold. There seems to be a problem with the map''s background (see Sec. 2.3). There seems to be a problem with its local B-factor (see Sec. 2.6). The overall score (passing tests) of this report is 4 out of 6 evaluable items.'),
('EMD-23053', '0', '0', '6 out of 7 evaluable items',
 'The map seems to be well centered. There is no problem with the suggested threshold. There seems to be a problem with the map''s background (see Sec. 2.3). The overall score (passing tests) of this report is 6 out of 7 evaluable items.'),
('EMD-5107', '0, A', '0A', '1 out of 5 evaluable items',
 'The map seems to have some problem in its centering or extra space (see Sec. 2.1). There seems to be a problem with the suggested threshold (see Sec. 2.2). There seems to be a problem with the map''s background (see Sec. 2.3). There seems to be a problem with its local B-factor (see Sec. 2.6). The overall score (passing tests) of this report is 1 out of 5 evaluable items.'),
('EMD-60749', '0, 1', '1', '4 out of 7 evaluable items',
 'The map seems to be well centered. There seems to be a problem with the suggested threshold (see Sec. 2.2). There seems to be a problem with the map''s background (see Sec. 2.3). There seems to be a problem with its local B-factor (see Sec. 2.6). The average resolution of the map estimated by various methods goes from 6.2Å to 8.7Å with an average of 7.6Å. The resolution reported by the user was 7.3Å. The overall score (passing tests) of this report is 4 out of 7 evaluable items.');

SELECT is(l.levels, e.levels, e.entry_id || ': levels') FROM expected e LEFT JOIN em_level l USING (entry_id) ORDER BY e.entry_id;
SELECT is(l.grade, e.grade, e.entry_id || ': grade') FROM expected e LEFT JOIN em_level l USING (entry_id) ORDER BY e.entry_id;
SELECT is(s.score, e.score, e.entry_id || ': score')
FROM expected e LEFT JOIN em_score s ON s.entry_id = e.entry_id AND s.profile = 'vrs' ORDER BY e.entry_id;
SELECT is(s.summary, e.summary, e.entry_id || ': summary')
FROM expected e LEFT JOIN em_summary s ON s.entry_id = e.entry_id AND s.profile = 'vrs' ORDER BY e.entry_id;

SELECT results_eq($$SELECT entry_id, failed, not_applicable FROM em_score WHERE profile = 'vrs' ORDER BY entry_id$$,
$$VALUES ('EMD-1127', 0, 3), ('EMD-2111', 0, 2), ('EMD-23053', 1, 0), ('EMD-5107', 0, 3), ('EMD-60749', 8, 1)$$,
'what could not be measured and what does not apply is counted beside the score');

-- The numbers were copied right: relations that hold between printed numbers
SELECT is((SELECT count(*)::int FROM em_measure WHERE NOT printed), 0, 'every value is marked as printed');
SELECT cmp_ok((SELECT max(abs(v.value - n.value * (r.parameters ->> 'voxel_size')::float8 ^ 3))
               FROM em_measure n JOIN em_run r USING (run_id)
               JOIN em_measure v ON v.run_id = n.run_id AND v.check_code = '0.b'
                AND (n.name, v.name) IN (('voxels', 'volume'), ('constructed_voxels_vrs', 'constructed_volume_vrs'))
               WHERE n.check_code = '0.b'), '<', 0.0051::float8, 'volumes are voxels times the volume of a voxel');
SELECT cmp_ok((SELECT max(abs(u.mass - u.n * (r.parameters ->> 'voxel_size')::float8 ^ 3 / 1207))
               FROM em_series s JOIN em_series w USING (run_id, check_code) JOIN em_run r USING (run_id),
                    unnest(w.y, s.y) AS u (n, mass)
               WHERE s.name = 'mass_kda' AND w.name = 'voxels'), '<', 0.0051::float8, 'masses of the mass table follow from its voxels');
SELECT cmp_ok((SELECT max(abs(u.mass - u.n * (r.parameters ->> 'voxel_size')::float8 ^ 3 / 132.77))
               FROM em_series s JOIN em_series w USING (run_id, check_code) JOIN em_run r USING (run_id),
                    unnest(w.y, s.y) AS u (n, mass)
               WHERE s.name = 'residues' AND w.name = 'voxels'), '<', 0.0051::float8, 'so do the residues');
SELECT cmp_ok((SELECT max(abs(o - round(o)))
               FROM (SELECT q.value * 5.733031437583892e-7
                            * ((r.parameters ->> 'box')::float8 ^ 3 - m.value) AS o
                     FROM em_run r
                     JOIN em_measure q ON q.run_id = r.run_id AND q.name = 'outlier_ratio_vrs'
                     JOIN em_measure m ON m.run_id = r.run_id AND m.name = 'constructed_voxels_vrs'
                     WHERE r.entry_id <> 'EMD-60749') AS s), '<', 1e-3::float8,
              'outlier ratios stand for whole numbers of voxels (but for EMD-60749, whose mask was counted in single precision)');
SELECT cmp_ok((SELECT max(abs(b.value - 4 * a.value)) FROM em_measure b JOIN em_measure a USING (run_id, check_code)
               WHERE (b.name, a.name) = ('bfactor_vrs', 'slope_vrs') AND b.value <> 'NaN'), '<', 0.2001::float8, 'B-factors are four times the slope');
SELECT cmp_ok((SELECT max(abs(d.value - 100 * abs(x.value - l.value) / ((r.parameters ->> 'box')::int * (r.parameters ->> 'voxel_size')::float8)))
               FROM em_run r
               JOIN em_measure l ON l.run_id = r.run_id AND l.name ~ '^left_._vrs$'
               JOIN em_measure x ON x.run_id = r.run_id AND x.name = replace(l.name, 'left', 'right')
               JOIN em_measure d ON d.run_id = r.run_id AND d.name = replace(l.name, 'left', 'decentering')), '<', 0.0101::float8,
              'decentering follows from the free spaces');

-- The one verdict that rests on a NaN
SELECT is((SELECT value FROM em_measure WHERE entry_id = 'EMD-2111' AND check_code = '0.d' AND name = 'bfactor_vrs'), 'NaN'::float8,
          'EMD-2111: the B-factor was printed as nan');
SELECT is((SELECT outcome FROM em_outcome WHERE entry_id = 'EMD-2111' AND check_code = '0.d' AND profile = 'emvalid'),
          'Could not be measured', 'which does not pass under emvalid');
SELECT alike(em_report_text('EMD-2111', 'vrs'), '%STATUS: OK (as printed: a value that is not a number%', 'and the report says so under vrs');

-- Every check of levels 0 and 1 can be judged
SELECT is((SELECT count(DISTINCT check_code)::int FROM em_criterion JOIN em_check USING (check_code) WHERE profile = 'vrs' AND level IN ('0', '1')), 16,
          'the profile vrs judges all sixteen checks');

SELECT * FROM finish();
ROLLBACK;
