-- Judging: criteria are rows; what each of their columns means; what can never pass.

BEGIN;
SET client_min_messages = warning;
SELECT plan(59);

\ir ../reports/load_reports.sql

-- Editing re-grades at once -----------------------------------------------------

UPDATE em_criterion SET limit_value = 30 WHERE (profile, check_code, measure) = ('vrs', '0.b', 'remaining_mean_volume_vrs');
SELECT is((SELECT outcome FROM em_outcome WHERE (entry_id, profile, check_code) = ('EMD-1127', 'vrs', '0.b')), 'OK', 'a changed limit changes the verdict');
SELECT is((SELECT score FROM em_score WHERE (entry_id, profile) = ('EMD-1127', 'vrs')), '3 out of 5 evaluable items', 'and the score');
SELECT alike((SELECT summary FROM em_summary WHERE (entry_id, profile) = ('EMD-1127', 'vrs')), '%There is no problem with the suggested threshold.%',
             'and the summary');
SELECT alike(em_criteria_text('vrs', '0.b'), '%is at most 30 Å³%', 'and the wording of the criteria');
SELECT ok((SELECT edited FROM em_criterion WHERE (profile, check_code, measure) = ('vrs', '0.b', 'remaining_mean_volume_vrs')),
          'a changed shipped row is marked as edited');
SELECT is((SELECT count(*)::int FROM em_criterion WHERE edited), 1, 'the others are not');
UPDATE em_criterion SET enabled = false WHERE (profile, check_code) = ('vrs', '0.c');
SELECT is((SELECT outcome FROM em_outcome WHERE (entry_id, profile, check_code) = ('EMD-1127', 'vrs', '0.c')), 'No criterion',
          'with all criteria disabled a check has no criterion');
SELECT is((SELECT score FROM em_score WHERE (entry_id, profile) = ('EMD-1127', 'vrs')), '3 out of 4 evaluable items', 'and counts nowhere');
SELECT is((SELECT without_criterion FROM em_score WHERE (entry_id, profile) = ('EMD-1127', 'vrs')), 1, 'but is shown');
UPDATE em_criterion SET enabled = true WHERE (profile, check_code) = ('vrs', '0.c');

-- An edited row from a dump takes the place of the shipped one
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning, shipped, edited)
VALUES ('vrs', '0.g', 2, 'p50', '>=', 0.6, 'from a dump', true, true);
SELECT is((SELECT warning FROM em_criterion WHERE (profile, check_code, ordinal) = ('vrs', '0.g', 2)), 'from a dump',
          'an edited shipped row that is inserted replaces the untouched one');
INSERT INTO em_check (check_code, level, ordinal, name, title, explanation, shipped, edited)
SELECT check_code, level, ordinal, name, title, 'my explanation', true, true FROM em_check WHERE check_code = '0.g';
SELECT is((SELECT explanation FROM em_check WHERE check_code = '0.g'), 'my explanation', 'also in a table that others refer to');
SELECT throws_ok($$INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning)
                   VALUES ('vrs', '0.g', 2, 'p50', '>=', 0.6, 'mine')$$, '23505', NULL, 'an ordinary insert does not');

-- Profiles ------------------------------------------------------------------------

INSERT INTO em_profile (profile, description) VALUES ('mine', 'one criterion of my own');
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, digits, warning)
VALUES ('mine', '0.b', 1, 'components', '<=', 40, 0, '{value} pieces, {limit} allowed');
SELECT is(em_current_profile(), 'vrs', 'vrs is the default profile');
SELECT is((SELECT count(*)::int FROM em_my_score WHERE score LIKE '4 out of 6%'), 1, 'short forms use it');
SET emvalid.profile = 'mine';
SELECT results_eq($$SELECT entry_id, warning FROM em_my_warning ORDER BY 1$$,
                  $$VALUES ('EMD-5107', '61 pieces, 40 allowed'), ('EMD-60749', '62280 pieces, 40 allowed')$$, 'a profile of one''s own');
SELECT results_eq($$SELECT entry_id, score FROM em_my_score ORDER BY 1$$,
                  $$VALUES ('EMD-1127', '1 out of 1 evaluable items'), ('EMD-2111', '1 out of 1 evaluable items'), ('EMD-23053', '1 out of 1 evaluable items'),
                           ('EMD-5107', '0 out of 1 evaluable items'), ('EMD-60749', '0 out of 1 evaluable items')$$, 'its scores');
SELECT alike((SELECT em_report_text('EMD-5107')), '%Profile: mine%', 'reports use the setting');
SET emvalid.profile = 'nobody';
SELECT throws_ok($$SELECT em_report_text('EMD-5107')$$, '42704', 'there is no profile "nobody"', 'a profile that does not exist');
SELECT throws_ok($$SELECT em_report_json('X', 'vrs')$$, 'P0002', 'there is no entry "X"', 'an entry that does not exist');
RESET emvalid.profile;

UPDATE em_criterion SET limit_value = 5 WHERE (profile, check_code, measure) = ('vrs', '0.b', 'remaining_mean_volume_vrs');

-- emvalid on the five reports -------------------------------------------------------

SELECT results_eq(
    $$SELECT e.entry_id, e.check_code, v.outcome, e.outcome FROM em_outcome e JOIN em_outcome v USING (entry_id, check_code)
      WHERE e.profile = 'emvalid' AND v.profile = 'vrs' AND e.outcome <> v.outcome
      ORDER BY 1, 2$$,
    $$VALUES ('EMD-1127', '0.b', '1 warnings', 'OK'), ('EMD-1127', '0.c', '2 warnings', '1 warnings'), ('EMD-1127', '0.f', '1 warnings', 'Does not apply'), ('EMD-1127', '0.g', 'OK', 'Could not be measured'),
             ('EMD-2111', '0.c', '2 warnings', 'Could not be measured'), ('EMD-2111', '0.d', 'OK', 'Could not be measured'),
             ('EMD-2111', '0.f', '1 warnings', 'Does not apply'), ('EMD-2111', '0.g', 'OK', 'Could not be measured'),
             ('EMD-23053', '0.c', '2 warnings', 'Could not be measured'), ('EMD-23053', '0.g', 'OK', 'Could not be measured'),
             ('EMD-5107', '0.a', '3 warnings', 'OK'), ('EMD-5107', '0.c', '2 warnings', '1 warnings'),
             ('EMD-5107', '0.f', '1 warnings', 'Does not apply'), ('EMD-5107', '0.g', 'OK', 'Could not be measured'),
             ('EMD-60749', '0.b', '1 warnings', 'OK'), ('EMD-60749', '0.c', '2 warnings', '1 warnings')$$,
    'where emvalid differs from vrs');
SELECT results_eq($$SELECT entry_id, score FROM em_score WHERE profile = 'emvalid' ORDER BY 1$$,
                  $$VALUES ('EMD-1127', '2 out of 3 evaluable items'), ('EMD-2111', '2 out of 2 evaluable items'), ('EMD-23053', '5 out of 5 evaluable items'),
                           ('EMD-5107', '1 out of 3 evaluable items'), ('EMD-60749', '5 out of 7 evaluable items')$$, 'scores under emvalid');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (profile, entry_id) = ('emvalid', 'EMD-5107') ORDER BY check_code$$,
                  ARRAY['The average noise blob has a volume of 3630.29 Å³ (at most 132.77 Å³), more than noise explains.',
                        'The background mean is 0.752 standard deviations away from 0 (at most 0.200).'], 'warnings under emvalid');
SELECT results_eq($$SELECT entry_id, round(value::numeric, 2) FROM em_measure WHERE (check_code, name) = ('0.b', 'remaining_mean_volume') ORDER BY 1$$,
                  $$VALUES ('EMD-1127', 55.40), ('EMD-23053', 45.96), ('EMD-5107', 3630.29), ('EMD-60749', 24.17)$$, 'real volumes of the noise blobs');
SELECT is((SELECT reason FROM em_outcome WHERE (entry_id, profile, check_code) = ('EMD-1127', 'emvalid', '0.f')),
          'This method cannot be applied to maps with a resolution of 15.00 Å or worse.', 'why a check does not apply');
SELECT is((SELECT reason FROM em_outcome WHERE (entry_id, profile, check_code) = ('EMD-2111', 'emvalid', '0.d')), 'no value for bfactor',
          'why a check could not be measured');
SELECT is((SELECT count(*)::int FROM em_criterion WHERE profile = 'emvalid' AND comment IS NULL), 0, 'every criterion of emvalid says why it is as it is');
SELECT is((SELECT count(*)::int FROM em_criterion c LEFT JOIN em_measure_info i ON (i.check_code, i.name) = (c.check_code, c.measure)
           WHERE i.name IS NULL AND c.profile IN ('vrs', 'emvalid')), 0, 'every measure that is judged is described');

-- NaN and infinity ------------------------------------------------------------------

INSERT INTO em_entry (entry_id, resolution) VALUES ('T', 4);
INSERT INTO em_entry_file (entry_id, role) VALUES ('T', 'map');
INSERT INTO em_run (entry_id, finished) VALUES ('T', now());
CREATE PROCEDURE put(code text, measures jsonb, state text DEFAULT 'measured') LANGUAGE sql AS $$
    DELETE FROM em_result WHERE entry_id = 'T' AND check_code = code;
    INSERT INTO em_result (run_id, entry_id, check_code, state, reason)
    SELECT max(run_id), 'T', code, state, CASE WHEN state <> 'measured' THEN 'no reason' END FROM em_run WHERE entry_id = 'T';
    INSERT INTO em_measure (run_id, entry_id, check_code, name, value)
    SELECT (SELECT max(run_id) FROM em_run WHERE entry_id = 'T'), 'T', code, key, value::float8 FROM jsonb_each_text(measures);
$$;
CREATE FUNCTION outcome(code text, p text DEFAULT 'vrs') RETURNS text LANGUAGE sql AS
    $$SELECT outcome FROM em_outcome WHERE entry_id = 'T' AND check_code = code AND profile = p$$;

SELECT throws_ok($$CALL put('0.d', '{"bfactor_vrs": "NaN"}')$$, '23514', NULL, 'a run cannot store NaN');
SELECT throws_ok($$CALL put('0.d', '{"bfactor_vrs": "-Infinity"}')$$, '23514', NULL, 'nor infinity');
SELECT lives_ok($$CALL put('0.d', '{"slope_vrs": -10}')$$, 'a value that does not exist is left out');
SELECT is(outcome('0.d'), 'Could not be measured', 'and never passes, not even under vrs');
SELECT throws_ok($$INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT max(run_id), 'T', '0.e', 'failed' FROM em_run$$, '23514', NULL,
                 'a check that was not measured needs a reason');

-- What the columns of a criterion mean ------------------------------------------------

CALL put('0.d', '{"bfactor_vrs": -300}');
SELECT is(outcome('0.d'), 'OK', 'at the limit');
CALL put('0.d', '{"bfactor_vrs": -300.01}');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '0.d')$$,
                  ARRAY['The B-factor (-300.0 Å²) is out of the interval [-300,0]'], 'below it: one warning');
CALL put('0.d', '{"bfactor_vrs": 12.34}');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '0.d')$$,
                  ARRAY['The B-factor (12.3 Å²) is out of the interval [-300,0]: the map seems to be oversharpened'], 'above 0: another one');
CALL put('0.d', '{"bfactor_vrs": 12.34}', 'failed');
SELECT is(outcome('0.d'), 'Could not be measured', 'state failed');
CALL put('0.d', '{}', 'not_applicable');
SELECT is(outcome('0.d'), 'Does not apply', 'state not_applicable');

CALL put('0.a', '{"decentering_x_vrs": 21, "decentering_y_vrs": 22, "decentering_z_vrs": 23, "left_x_vrs": 1, "left_y_vrs": 2, "left_z_vrs": 3,
                    "right_x_vrs": 4, "right_y_vrs": 5, "right_z_vrs": 6, "com_decentering_x_vrs": 31, "com_decentering_y_vrs": 32, "com_decentering_z_vrs": 33}');
SELECT is(outcome('0.a'), '12 warnings', '0.a: up to twelve warnings');
SELECT is((SELECT array_agg(measure ORDER BY ordinal) FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '0.a')),
          '{decentering_x_vrs,decentering_y_vrs,decentering_z_vrs,left_x_vrs,left_y_vrs,left_z_vrs,right_x_vrs,right_y_vrs,right_z_vrs,com_decentering_x_vrs,com_decentering_y_vrs,com_decentering_z_vrs}',
          'in the order of VRS');
CALL put('0.a', '{"decentering_x": 1, "decentering_y": 1, "decentering_z": 1, "left_x": 30, "left_y": 30, "left_z": 30, "right_x": 30, "right_y": 30, "right_z": 30}');
SELECT is(outcome('0.a', 'emvalid'), 'OK', 'a centre of mass that is undefined is not judged');
SELECT is(outcome('0.a'), 'Could not be measured', 'under vrs it could not be measured');

CALL put('0.b', '{"components_95_vrs": 6, "overlap_vrs": 0.5}');
SELECT is((SELECT array_agg(ordinal || ' ' || warning ORDER BY ordinal) FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '0.b')),
          ARRAY['1 There might be a problem of connectivity at this threshold, because 6 components are needed to reach 95 % of the mass.',
                '2 The raw mask and the mask constructed for the analysis overlap by 0.50 only.'],
          'no remaining component passes; warnings are numbered without gaps');

CALL put('0.h', '{"score": 0.45}');
SELECT is(outcome('0.h'), '1 warnings', '0.h: uncertain');
CALL put('0.h', '{"score": 0.7}');
SELECT is(outcome('0.h') || ', ' || outcome('0.h', 'emvalid'), '2 warnings, 1 warnings', '0.h: flipped warns twice under vrs, once under emvalid');

CALL put('1.a', '{"reported_resolution": 4, "fsc_0143_vrs": 5, "dpr_vrs": 5.1, "ssnr_vrs": 3, "fsc_0143": 5, "crossings_0143": 1, "dpr_fsc0143": 4.5}');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '1.a')$$,
                  ARRAY['The reported resolution, 4.00 Å, is particularly high with respect to the resolution according to the DPR, 5.10 Å.'],
                  '1.a: limits that are measures');
SELECT results_eq($$SELECT ordinal, "limit", margin > 0, status FROM em_criterion_result WHERE (entry_id, profile, check_code) = ('T', 'vrs', '1.a') ORDER BY 1$$,
                  $$VALUES (1, 4::float8, false, 'holds'), (2, 0.8 * 5.1::float8, false, 'violated'), (3, 0.8 * 3::float8, true, 'holds')$$,
                  'limits and margins');
CALL put('1.a', '{"reported_resolution": 4, "fsc_0143": 3, "crossings_0143": 5}');
SELECT is(outcome('1.a'), 'OK', 'no crossing gives no warning under vrs');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'emvalid', '1.a')$$,
                  ARRAY['The FSC falls below 0.143 5 times (at most 3): it comes back, which points to a mask or another non-linear step.',
                        'The reported resolution, 4.00 Å, is much worse than the FSC tells (3.00 Å).'], 'emvalid looks at both sides');
CALL put('1.a', '{"reported_resolution": 4}');
SELECT is(outcome('1.a', 'emvalid'), 'Could not be measured', 'and a curve that never crosses has measured nothing');
CALL put('1.a', '{"fsc_0143_vrs": 5, "dpr_vrs": 5, "ssnr_vrs": 5}');
SELECT is(outcome('1.a'), 'Does not apply', 'without a reported resolution the comparison is left out');
CALL put('1.h', '{"reported_resolution": 4}');
SELECT results_eq($$SELECT warning FROM em_warning WHERE (entry_id, profile, check_code) = ('T', 'vrs', '1.h')$$,
                  ARRAY['The global FSC does not fall below 0.143.'], '1.h: no crossing is a warning of its own');
CALL put('0.g', '{"p2_5": 0, "p50": 0.55, "p97_5": 1, "spread": 1}');
SELECT is(outcome('0.g', 'emvalid'), 'Could not be measured', '0.g: emvalid judges the share that is weak in every band');
CALL put('0.g', '{"p50": 0.55, "low_occupancy_percent": 20}');
SELECT is(outcome('0.g', 'emvalid'), '1 warnings', 'which can fail');

-- The latest result of each check counts -------------------------------------------------

INSERT INTO em_run (entry_id) VALUES ('T');
INSERT INTO em_result (run_id, entry_id, check_code, state, reason) SELECT max(run_id), 'T', '0.h', 'failed', 'out of memory' FROM em_run;
SELECT is(outcome('0.h') || ', ' || outcome('0.b'), 'Could not be measured, 2 warnings', 'a later run replaces only the checks that it has finished');

-- Levels -----------------------------------------------------------------------------------

DELETE FROM em_result WHERE entry_id = 'T' AND check_code LIKE '1.%';
SELECT is((SELECT levels || '/' || grade FROM em_level WHERE entry_id = 'T'), '0/0', 'a map alone is level 0');
INSERT INTO em_entry_file (entry_id, role) VALUES ('T', 'model'), ('T', 'half1');
SELECT is((SELECT levels || '/' || grade FROM em_level WHERE entry_id = 'T'), '0, A/0A', 'one half map is not level 1');
INSERT INTO em_entry_file (entry_id, role) VALUES ('T', 'half2');
SELECT is((SELECT levels || '/' || grade FROM em_level WHERE entry_id = 'T'), '0, 1, A/1A', 'canonical order');
SELECT is((SELECT string_agg(concat_ws(' ', level, preamble_section, section), ', ' ORDER BY ordinal) FROM em_level_present WHERE entry_id = 'T'),
          '0 2, 1 3 4, A 5 6', 'section numbers depend on the levels');

SELECT is(array_to_string(ARRAY[_em_format(8.65, 1), _em_format(3025.556591, 2), _em_format(-0.5, 0), _em_format('NaN', 2), _em_format(1e20, 2),
                                _em_format(22.425768, 6), _em_format(0, 2)], ' '),
          '8.7 3025.56 -0 nan 1e+20 22.425768 0.00', 'numbers are written as printf writes them');

SELECT * FROM finish();
ROLLBACK;
