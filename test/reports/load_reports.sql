-- The numbers printed in five reports of the Validation Report Service, loaded as entries with one run each.
--
-- Run it in a database with the extension, its schema on the search_path:
--     psql -f test/reports/load_reports.sql
--
-- Every value is marked as printed.  Values are stored under the names of the VRS definitions.  At the end
-- the names without _vrs are filled as well where the printed numbers hold them: copied where VRS differs
-- only in the step with which it dilates its mask or counts coefficients, computed where the report prints
-- all that is needed.  What VRS defines in another way (centre of mass of the whole map, outliers counted
-- from zero, DPR at 102.9°, ratio of amplitudes) stays empty there.
--
-- EMD-2111 prints nan for the B-factor and calls it OK; the profile vrs repeats that for printed values.
-- Box sizes are not printed; they follow from the central slices.

INSERT INTO em_entry (entry_id, title, deposited, method, resolution, contour, contour_source, pdb_ids) VALUES
('EMD-1127', 'Mechanism for the disassembly of the posttermination complex inferred from cryo-EM studies.',
 '2005-05-11', NULL, 15.5, 55.300000, 'printed report', '{1zn0}'),
('EMD-2111', 'Negative structure of closed conformation of crm1',
 '2012-05-31', NULL, 18.0, 0.040000, 'printed report', NULL),
('EMD-23053', 'Focused map of the Hsp90-Hsp70-Hop-GR complex: Hsp90A-NTD-MD:Hsp70C-NBD',
 '2020-11-30', NULL, 3.77, 0.025000, 'printed report', NULL),
('EMD-5107', 'Feline panleukopenia virus in complex with FAb from neutralizing antibody MAb 6',
 '2009-03-10', NULL, 18.0, 1.000000, 'printed report', '{3iy2}'),
('EMD-60749', 'pseudorabies virus (PRV) structure reconstructed from elastically scattered electrons using Cc-corrected cryo-EM',
 '2024-07-10', NULL, 7.26, 0.006600, 'printed report', NULL);

INSERT INTO em_entry_file (entry_id, role, file_name, sha256) VALUES
('EMD-1127', 'map', 'emd_1127.map',
 '19780c496f2ba1d57f4d9d7b49b5cade7971463e59085c97259ff2b10a62c540'),
('EMD-1127', 'model', '1zn0.cif', NULL),
('EMD-2111', 'map', 'emd_2111.map',
 '014da57b4c97236ccf09a58cb7ba6abdcf01fa6c3e5050ff0622f6b25b8c396d'),
('EMD-23053', 'map', 'emd_23053.map',
 '5f4f85704563685543fb7c89df61de354f31a8699fc48aad8fd8cb221d17f38f'),
('EMD-5107', 'map', 'emd_5107.map',
 'aacc4f12f3a49b048d86d30cb2457f2bede9d4c4716591db06931bc502e4684e'),
('EMD-5107', 'model', '3iy2.cif', NULL),
('EMD-60749', 'map', 'emd_60749.map',
 '0a9524ea726ef0c3b4bc8e48d13d4ab28e2413c65cb9dec75e31bc1b1b2f9b4f'),
('EMD-60749', 'half1', 'emd_60749_half_map_1.map',
 '967733aab78b0f3218f26bcc81ff3a2762b8810e2fc21af12b8d09007801915a'),
('EMD-60749', 'half2', 'emd_60749_half_map_2.map',
 'c5e20ef9cdd087dc4365d0aede50a608dcadb3c1792c8f3ea0496721e099a8d9');

-- Time of the report, and what it says about its input; slices are those of largest variance along x, y, z.
INSERT INTO em_run (entry_id, started, finished, origin, parameters)
SELECT v.entry_id, v.printed, v.printed, 'report', v.parameters
FROM (VALUES
    ('EMD-1127', timestamptz '2026-04-15 17:31Z', '{"source": "VRS report", "levels": "0, A", "voxel_size": 2.820000, "box": 130, "contour": 55.300000, "resolution": 15.5,
      "slices": {"central": [65, 65, 65], "map": [71, 74, 63], "hard_mask": [73, 72, 62], "soft_mask": [73, 72, 63], "raw_mask": [73, 72, 63], "background": [51, 64, 39]}}'::jsonb),
    ('EMD-2111', timestamptz '2024-09-17 19:29Z', '{"source": "VRS report", "levels": "0", "voxel_size": 3.700000, "box": 54, "contour": 0.040000, "resolution": 18.0,
      "slices": {"central": [27, 27, 27], "map": [31, 34, 38], "hard_mask": [29, 28, 29], "soft_mask": [28, 28, 30], "background": [31, 23, 31]}}'::jsonb),
    ('EMD-23053', timestamptz '2026-05-28 16:56Z', '{"source": "VRS report", "levels": "0", "voxel_size": 1.059000, "box": 320, "contour": 0.025000, "resolution": 3.77,
      "slices": {"central": [160, 160, 160], "map": [116, 190, 188], "hard_mask": [115, 185, 186], "soft_mask": [116, 186, 186], "background": [160, 162, 149], "corrected_map": [129, 188, 188]}}'::jsonb),
    ('EMD-5107', timestamptz '2026-04-30 23:02Z', '{"source": "VRS report", "levels": "A, 0", "voxel_size": 2.890000, "box": 184, "contour": 1.000000, "resolution": 18.0,
      "slices": {"central": [92, 92, 92], "map": [81, 103, 81], "hard_mask": [66, 66, 66], "soft_mask": [66, 66, 66], "raw_mask": [67, 67, 67], "background": [92, 92, 92]}}'::jsonb),
    ('EMD-60749', timestamptz '2026-04-11 01:23Z', '{"source": "VRS report", "levels": "1, 0", "voxel_size": 1.900000, "box": 1024, "contour": 0.006600, "resolution": 7.26,
      "slices": {"central": [512, 512, 512], "map": [528, 496, 496], "hard_mask": [443, 443, 581], "soft_mask": [443, 443, 581], "raw_mask": [496, 496, 496], "background": [512, 512, 512], "corrected_map": [496, 496, 496], "half2": [495, 529, 495], "difference": [512, 512, 512], "half1": [495, 495, 495]}}'::jsonb))
    AS v (entry_id, printed, parameters);

INSERT INTO em_result (run_id, entry_id, check_code, state, reason, reason_code, method)
SELECT r.run_id, r.entry_id, v.check_code, v.state,
       CASE v.state WHEN 'failed' THEN 'ERROR: The protocol failed'
                    WHEN 'not_applicable' THEN format('This method cannot be applied to maps with a resolution worse than %sÅ', v.worse) END,
       CASE v.state WHEN 'failed' THEN 'protocol_failed' WHEN 'not_applicable' THEN 'resolution' END,
       'VRS report'
FROM (VALUES
    ('EMD-1127', '0.a', 'measured', NULL),
    ('EMD-1127', '0.b', 'measured', NULL),
    ('EMD-1127', '0.c', 'measured', NULL),
    ('EMD-1127', '0.d', 'not_applicable', 8),
    ('EMD-1127', '0.e', 'not_applicable', 13),
    ('EMD-1127', '0.f', 'measured', NULL),
    ('EMD-1127', '0.g', 'measured', NULL),
    ('EMD-1127', '0.h', 'not_applicable', 5),
    ('EMD-2111', '0.a', 'measured', NULL),
    ('EMD-2111', '0.b', 'measured', NULL),
    ('EMD-2111', '0.c', 'measured', NULL),
    ('EMD-2111', '0.d', 'measured', NULL),
    ('EMD-2111', '0.e', 'not_applicable', 13),
    ('EMD-2111', '0.f', 'measured', NULL),
    ('EMD-2111', '0.g', 'measured', NULL),
    ('EMD-2111', '0.h', 'not_applicable', 5),
    ('EMD-23053', '0.a', 'measured', NULL),
    ('EMD-23053', '0.b', 'measured', NULL),
    ('EMD-23053', '0.c', 'measured', NULL),
    ('EMD-23053', '0.d', 'measured', NULL),
    ('EMD-23053', '0.e', 'failed', NULL),
    ('EMD-23053', '0.f', 'measured', NULL),
    ('EMD-23053', '0.g', 'measured', NULL),
    ('EMD-23053', '0.h', 'measured', NULL),
    ('EMD-5107', '0.a', 'measured', NULL),
    ('EMD-5107', '0.b', 'measured', NULL),
    ('EMD-5107', '0.c', 'measured', NULL),
    ('EMD-5107', '0.d', 'not_applicable', 8),
    ('EMD-5107', '0.e', 'not_applicable', 13),
    ('EMD-5107', '0.f', 'measured', NULL),
    ('EMD-5107', '0.g', 'measured', NULL),
    ('EMD-5107', '0.h', 'not_applicable', 5),
    ('EMD-60749', '0.a', 'measured', NULL),
    ('EMD-60749', '0.b', 'measured', NULL),
    ('EMD-60749', '0.c', 'measured', NULL),
    ('EMD-60749', '0.d', 'measured', NULL),
    ('EMD-60749', '0.e', 'failed', NULL),
    ('EMD-60749', '0.f', 'measured', NULL),
    ('EMD-60749', '0.g', 'failed', NULL),
    ('EMD-60749', '0.h', 'not_applicable', 5),
    ('EMD-60749', '1.a', 'measured', NULL),
    ('EMD-60749', '1.b', 'measured', NULL),
    ('EMD-60749', '1.c', 'failed', NULL),
    ('EMD-60749', '1.d', 'failed', NULL),
    ('EMD-60749', '1.e', 'failed', NULL),
    ('EMD-60749', '1.f', 'failed', NULL),
    ('EMD-60749', '1.g', 'failed', NULL),
    ('EMD-60749', '1.h', 'failed', NULL))
    AS v (entry_id, check_code, state, worse)
JOIN em_run r ON r.entry_id = v.entry_id AND r.origin = 'report';

INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit, printed)
SELECT r.run_id, r.entry_id, v.check_code, m.name, m.value::float8, i.unit, true
FROM (VALUES
    ('EMD-1127', '0.a',
     '{"left_x_vrs": 59.22, "right_x_vrs": 81.78, "decentering_x_vrs": 6.15, "left_y_vrs": 78.96,
       "right_y_vrs": 81.78, "decentering_y_vrs": 0.77, "left_z_vrs": 33.84, "right_z_vrs": 67.68,
       "decentering_z_vrs": 9.23, "com_x_vrs": 65.18, "com_y_vrs": 64.58, "com_z_vrs": 64.28,
       "com_decentering_x_vrs": 0.14, "com_decentering_y_vrs": 0.32, "com_decentering_z_vrs": 0.55}'::jsonb),
    ('EMD-1127', '0.b',
     '{"components": 35, "voxels": 109827, "volume": 2462954.82, "components_95": 1, "remaining": 34,
       "remaining_mean_voxels": 2.47, "remaining_mean_volume_vrs": 22.425768, "remaining_max_voxels_vrs": 109743,
       "remaining_max_volume_vrs": 2461071.06, "remaining_min_voxels": 1, "remaining_min_volume": 22.43,
       "constructed_voxels_vrs": 159597, "constructed_volume_vrs": 3579085.30, "overlap_vrs": 1.00}'::jsonb),
    ('EMD-1127', '0.c',
     '{"t_vrs": -352.00, "p_vrs": 0.000000, "mean_vrs": -2.890243, "sd_vrs": 11.720173,
       "outlier_percent_vrs": 0.17, "gaussian_percent": 0.000057, "outlier_ratio_vrs": 3025.556591}'::jsonb),
    ('EMD-1127', '0.f',
     '{"p2_5": -3932.33, "p25": -2006.82, "p50": -1320.98, "p75": -601.26, "p97_5": 1455.79}'::jsonb),
    ('EMD-1127', '0.g',
     '{"p2_5": 0.00, "p25": 0.50, "p50": 1.00, "p75": 1.00, "p97_5": 1.00}'::jsonb),
    ('EMD-2111', '0.a',
     '{"left_x_vrs": 48.10, "right_x_vrs": 44.40, "decentering_x_vrs": 1.85, "left_y_vrs": 51.80,
       "right_y_vrs": 51.80, "decentering_y_vrs": 0.00, "left_z_vrs": 44.40, "right_z_vrs": 44.40,
       "decentering_z_vrs": 0.00, "com_x_vrs": 27.10, "com_y_vrs": 27.65, "com_z_vrs": 26.85,
       "com_decentering_x_vrs": 0.18, "com_decentering_y_vrs": 1.19, "com_decentering_z_vrs": 0.28}'::jsonb),
    ('EMD-2111', '0.b',
     '{"components": 1, "voxels": 3306, "volume": 167458.82, "components_95": 1, "remaining": 0,
       "remaining_mean_voxels": "NaN", "remaining_mean_volume_vrs": "NaN", "remaining_max_voxels_vrs": 3306,
       "remaining_max_volume_vrs": 167458.82, "remaining_min_voxels": 3306, "remaining_min_volume": 167458.82,
       "constructed_voxels_vrs": 7020, "constructed_volume_vrs": 355584.06, "overlap_vrs": 1.00}'::jsonb),
    ('EMD-2111', '0.c',
     '{"t_vrs": -38.25, "p_vrs": 0.000000, "mean_vrs": -0.000655, "sd_vrs": 0.006644, "outlier_percent_vrs": 0.80,
       "gaussian_percent": 0.000057, "outlier_ratio_vrs": 13924.634749}'::jsonb),
    ('EMD-2111', '0.d',
     '{"bfactor_vrs": "NaN", "slope_vrs": "NaN", "intercept_vrs": "NaN"}'::jsonb),
    ('EMD-2111', '0.f',
     '{"p2_5": -1596.43, "p25": -956.98, "p50": -690.92, "p75": -400.96, "p97_5": 287.46}'::jsonb),
    ('EMD-2111', '0.g',
     '{"p2_5": 0.00, "p25": 0.50, "p50": 1.00, "p75": 1.00, "p97_5": 1.00}'::jsonb),
    ('EMD-23053', '0.a',
     '{"left_x_vrs": 98.49, "right_x_vrs": 149.32, "decentering_x_vrs": 15.00, "left_y_vrs": 146.14,
       "right_y_vrs": 100.60, "decentering_y_vrs": 13.44, "left_z_vrs": 167.32, "right_z_vrs": 109.08,
       "decentering_z_vrs": 17.19, "com_x_vrs": 161.15, "com_y_vrs": 164.59, "com_z_vrs": 159.11,
       "com_decentering_x_vrs": 0.36, "com_decentering_y_vrs": 1.43, "com_decentering_z_vrs": 0.28}'::jsonb),
    ('EMD-23053', '0.b',
     '{"components": 11, "voxels": 31186, "volume": 37038.00, "components_95": 1, "remaining": 10,
       "remaining_mean_voxels": 38.70, "remaining_mean_volume_vrs": 1.19, "remaining_max_voxels_vrs": 30799,
       "remaining_max_volume_vrs": 36578.38, "remaining_min_voxels": 1, "remaining_min_volume": 1.19,
       "constructed_voxels_vrs": 110909, "constructed_volume_vrs": 131720.89, "overlap_vrs": 0.99}'::jsonb),
    ('EMD-23053', '0.c',
     '{"t_vrs": -761.77, "p_vrs": 0.000000, "mean_vrs": -0.000188, "sd_vrs": 0.001413, "outlier_percent_vrs": 0.84,
       "gaussian_percent": 0.000057, "outlier_ratio_vrs": 14579.798070}'::jsonb),
    ('EMD-23053', '0.d',
     '{"bfactor_vrs": -135.8, "slope_vrs": -34.0, "intercept_vrs": -13.5}'::jsonb),
    ('EMD-23053', '0.f',
     '{"p2_5": -359.24, "p25": -303.79, "p50": -276.46, "p75": -249.83, "p97_5": -199.47}'::jsonb),
    ('EMD-23053', '0.g',
     '{"p2_5": 0.15, "p25": 0.62, "p50": 0.85, "p75": 0.92, "p97_5": 1.00}'::jsonb),
    ('EMD-23053', '0.h',
     '{"score": 0.298}'::jsonb),
    ('EMD-5107', '0.a',
     '{"left_x_vrs": 89.59, "right_x_vrs": 89.59, "decentering_x_vrs": 0.00, "left_y_vrs": 89.59,
       "right_y_vrs": 89.59, "decentering_y_vrs": 0.00, "left_z_vrs": 89.59, "right_z_vrs": 89.59,
       "decentering_z_vrs": 0.00, "com_x_vrs": 6199342.93, "com_y_vrs": 6200702.51, "com_z_vrs": 6200752.51,
       "com_decentering_x_vrs": 3369158.11, "com_decentering_y_vrs": 3369897.02,
       "com_decentering_z_vrs": 3369924.19}'::jsonb),
    ('EMD-5107', '0.b',
     '{"components": 61, "voxels": 342806, "volume": 8274503.48, "components_95": 1, "remaining": 60,
       "remaining_mean_voxels": 150.40, "remaining_mean_volume_vrs": 24.137569, "remaining_max_voxels_vrs": 333782,
       "remaining_max_volume_vrs": 8056686.06, "remaining_min_voxels": 14, "remaining_min_volume": 337.93,
       "constructed_voxels_vrs": 406690, "constructed_volume_vrs": 9816507.94, "overlap_vrs": 0.97}'::jsonb),
    ('EMD-5107', '0.c',
     '{"t_vrs": -1814.00, "p_vrs": 0.000000, "mean_vrs": -0.223298, "sd_vrs": 0.297040,
       "outlier_percent_vrs": 1.45, "gaussian_percent": 0.000057, "outlier_ratio_vrs": 25243.859429}'::jsonb),
    ('EMD-5107', '0.f',
     '{"p2_5": -5648.61, "p25": -3537.89, "p50": -2721.81, "p75": -1928.38, "p97_5": 383.21}'::jsonb),
    ('EMD-5107', '0.g',
     '{"p2_5": 0.00, "p25": 0.50, "p50": 1.00, "p75": 1.00, "p97_5": 1.00}'::jsonb),
    ('EMD-60749', '0.a',
     '{"left_x_vrs": 342.00, "right_x_vrs": 342.00, "decentering_x_vrs": 0.00, "left_y_vrs": 342.00,
       "right_y_vrs": 342.00, "decentering_y_vrs": 0.00, "left_z_vrs": 342.00, "right_z_vrs": 342.00,
       "decentering_z_vrs": 0.00, "com_x_vrs": 509.79, "com_y_vrs": 509.79, "com_z_vrs": 509.79,
       "com_decentering_x_vrs": 0.22, "com_decentering_y_vrs": 0.22, "com_decentering_z_vrs": 0.22}'::jsonb),
    ('EMD-60749', '0.b',
     '{"components": 62280, "voxels": 11351015, "volume": 77856611.88, "components_95": 1, "remaining": 62279,
       "remaining_mean_voxels": 3.52, "remaining_mean_volume_vrs": 6.859000, "remaining_max_voxels_vrs": 11131513,
       "remaining_max_volume_vrs": 76351047.67, "remaining_min_voxels": 1, "remaining_min_volume": 6.86,
       "constructed_voxels_vrs": 48885144, "constructed_volume_vrs": 335303202.70, "overlap_vrs": 0.99}'::jsonb),
    ('EMD-60749', '0.c',
     '{"t_vrs": -9188.29, "p_vrs": 0.000000, "mean_vrs": -0.000303, "sd_vrs": 0.001056,
       "outlier_percent_vrs": 0.11, "gaussian_percent": 0.000057, "outlier_ratio_vrs": 1881.044429}'::jsonb),
    ('EMD-60749', '0.d',
     '{"bfactor_vrs": -111.0, "slope_vrs": -27.8, "intercept_vrs": -16.1}'::jsonb),
    ('EMD-60749', '0.f',
     '{"p2_5": -1042.63, "p25": -792.60, "p50": -667.71, "p75": -542.51, "p97_5": -278.63}'::jsonb),
    ('EMD-60749', '1.a',
     '{"fsc_0143_vrs": 8.36, "fsc_09_vrs": 15.23, "dpr_vrs": 7.08, "ssnr_vrs": 8.65, "mean_vrs": 8.03,
       "min_vrs": 7.08, "max_vrs": 8.65}'::jsonb),
    ('EMD-60749', '1.b',
     '{"resolution": 6.2, "bfactor": 33.1}'::jsonb))
    AS v (entry_id, check_code, measures)
CROSS JOIN LATERAL jsonb_each_text(v.measures) AS m (name, value)
JOIN em_run r ON r.entry_id = v.entry_id AND r.origin = 'report'
JOIN em_measure_info i ON i.check_code = v.check_code AND i.name = m.name;

-- Where the reports print what both definitions give
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit, printed)
SELECT run_id, entry_id, check_code, name || '_vrs', value, unit, printed
FROM em_measure
WHERE printed AND (check_code, name) IN (('0.b', 'components_95'), ('1.b', 'resolution'), ('1.b', 'bfactor'));

-- Components printed, and the mass table
INSERT INTO em_series (run_id, entry_id, check_code, name, x_name, x, y, y_unit)
SELECT r.run_id, r.entry_id, '0.b', s.name, 'rank', '{1}', ARRAY[s.y], s.unit
FROM (VALUES
    ('EMD-1127', 109743, 2461071.06, 99.92, 99.92),
    ('EMD-2111', 3306, 167458.82, 100.00, 100.00),
    ('EMD-23053', 30799, 36578.38, 98.76, 98.76),
    ('EMD-5107', 333782, 8056686.06, 97.37, 97.37),
    ('EMD-60749', 11131513, 76351047.67, 98.07, 98.07))
    AS v (entry_id, voxels, volume, share, cumulated)
CROSS JOIN LATERAL (VALUES ('component_voxels', v.voxels, 'voxels'), ('component_volume', v.volume, 'Å³'),
                           ('component_percent', v.share, '%'), ('component_cumulated_percent', v.cumulated, '%')) AS s (name, y, unit)
JOIN em_run r ON r.entry_id = v.entry_id AND r.origin = 'report';

INSERT INTO em_series (run_id, entry_id, check_code, name, x_name, x, y, y_unit)
SELECT r.run_id, r.entry_id, '0.b', s.name, 'threshold', v.threshold::float8[], s.y::float8[], s.unit
FROM (VALUES
    ('EMD-1127',
     '{13.4544,26.9089,40.3633,53.8178,67.2722,80.7267,94.1811,107.6355,121.0900,134.5444,147.9989,161.4533,
       174.9077,188.3622,201.8166,215.2711,228.7255,242.1800,255.6344,269.0888,282.5433,295.9977,309.4522,
       322.9066}',
     '{238742,154943,128385,111596,95617,79752,64800,51159,39072,29330,21236,14798,9982,6475,4002,2311,1275,
       638,288,110,53,21,8,3}',
     '{4435.77,2878.80,2385.36,2073.43,1776.54,1481.77,1203.97,950.52,725.95,544.94,394.56,274.94,185.46,
       120.30,74.36,42.94,23.69,11.85,5.35,2.04,0.98,0.39,0.15,0.06}',
     '{40325.17,26170.94,21685.11,18849.33,16150.37,13470.66,10945.17,8641.11,6599.53,4954.04,3586.91,
       2499.48,1686.03,1093.67,675.97,390.34,215.36,107.76,48.65,18.58,8.95,3.55,1.35,0.51}'),
    ('EMD-2111',
     '{0.0441,0.0883,0.1324,0.1766,0.2207,0.2649,0.3090,0.3532,0.3973,0.4415,0.4856,0.5298,0.5739,0.6181,
       0.6622,0.7064,0.7505,0.7947,0.8388,0.8830,0.9271,0.9713,1.0154,1.0596}',
     '{3223,2595,2114,1721,1420,1142,924,729,591,485,373,300,223,174,129,85,68,42,31,22,17,10,7,2}',
     '{135.26,108.90,88.72,72.22,59.59,47.93,38.78,30.59,24.80,20.35,15.65,12.59,9.36,7.30,5.41,3.57,2.85,
       1.76,1.30,0.92,0.71,0.42,0.29,0.08}',
     '{1229.60,990.02,806.51,656.58,541.74,435.68,352.51,278.12,225.47,185.03,142.30,114.45,85.08,66.38,
       49.21,32.43,25.94,16.02,11.83,8.39,6.49,3.82,2.67,0.76}'),
    ('EMD-23053',
     '{0.0027,0.0055,0.0082,0.0109,0.0136,0.0164,0.0191,0.0218,0.0245,0.0273,0.0300,0.0327,0.0354,0.0382,
       0.0409,0.0436,0.0463,0.0491,0.0518,0.0545,0.0572,0.0600,0.0627,0.0654}',
     '{637863,448160,305255,197412,121748,72831,50724,40044,32358,25778,20154,15278,11240,7993,5432,3483,
       2108,1197,648,331,145,58,18,6}',
     '{627.64,440.97,300.36,194.25,119.80,71.66,49.91,39.40,31.84,25.36,19.83,15.03,11.06,7.86,5.34,3.43,
       2.07,1.18,0.64,0.33,0.14,0.06,0.02,0.01}',
     '{5705.78,4008.86,2730.55,1765.88,1089.05,651.48,453.73,358.20,289.45,230.59,180.28,136.66,100.54,71.50,
       48.59,31.16,18.86,10.71,5.80,2.96,1.30,0.52,0.16,0.05}'),
    ('EMD-5107',
     '{0.2647,0.5294,0.7941,1.0588,1.3235,1.5882,1.8529,2.1176,2.3823,2.6470,2.9117,3.1765,3.4412,3.7059,
       3.9706,4.2353,4.5000,4.7647,5.0294,5.2941,5.5588,5.8235,6.0882,6.3529}',
     '{469836,416402,372074,339218,318790,305234,293376,281976,272082,260190,249816,238660,225848,208248,
       181048,152784,119700,88396,60636,32856,11040,2572,360,40}',
     '{9395.77,8327.20,7440.73,6783.68,6375.16,6104.07,5866.93,5638.95,5441.09,5203.28,4995.82,4772.72,
       4516.51,4164.54,3620.60,3055.37,2393.76,1767.74,1212.60,657.05,220.78,51.43,7.20,0.80}',
     '{85416.12,75701.83,67643.01,61669.79,57955.98,55491.50,53335.72,51263.20,49464.47,47302.51,45416.52,
       43388.36,41059.14,37859.46,32914.50,27776.11,21761.44,16070.38,11023.62,5973.22,2007.07,467.59,65.45,
       7.27}'),
    ('EMD-60749',
     '{0.0010,0.0021,0.0031,0.0041,0.0051,0.0062,0.0072,0.0082,0.0093,0.0103,0.0113,0.0123,0.0134,0.0144,
       0.0154,0.0164,0.0175,0.0185,0.0195,0.0206,0.0216,0.0226,0.0236,0.0247}',
     '{129280559,62064620,37826055,27309442,19771608,13557077,8745937,5384190,3207591,1888879,1111926,657309,
       389468,227408,129560,71272,36840,18960,8592,3348,1428,528,216,24}',
     '{734660.61,352693.64,214953.53,155190.94,112355.81,77040.59,49700.40,30596.65,18227.73,10733.90,
       6318.72,3735.28,2213.22,1292.29,736.25,405.02,209.35,107.74,48.83,19.03,8.11,3.00,1.23,0.14}',
     '{6678732.80,3206305.86,1954123.00,1410826.71,1021416.43,700368.99,451821.81,278151.38,165706.61,
       97580.94,57442.95,33957.09,20120.22,11748.07,6693.17,3681.97,1903.18,979.49,443.87,172.96,73.77,27.28,
       11.16,1.24}'))
    AS v (entry_id, threshold, voxels, mass, residues)
CROSS JOIN LATERAL (VALUES ('voxels', v.voxels, 'voxels'), ('mass_kda', v.mass, 'kDa'), ('residues', v.residues, '')) AS s (name, y, unit)
JOIN em_run r ON r.entry_id = v.entry_id AND r.origin = 'report';

-- Values without _vrs that the printed numbers hold
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit, printed)
SELECT m.run_id, m.entry_id, m.check_code, left(m.name, -4), m.value, m.unit, true
FROM em_measure m
JOIN em_run r ON r.run_id = m.run_id AND r.origin = 'report'
WHERE (m.check_code, m.name) IN (
    ('0.a', 'left_x_vrs'), ('0.a', 'left_y_vrs'), ('0.a', 'left_z_vrs'),
    ('0.b', 'constructed_voxels_vrs'), ('0.b', 'constructed_volume_vrs'), ('0.b', 'overlap_vrs'),
    ('0.c', 'mean_vrs'), ('0.c', 'sd_vrs'), ('0.c', 't_vrs'), ('0.c', 'p_vrs'),
    ('0.d', 'bfactor_vrs'), ('0.d', 'slope_vrs'), ('0.d', 'intercept_vrs'),
    ('1.a', 'fsc_0143_vrs'), ('1.a', 'fsc_09_vrs'));

WITH run AS (
    SELECT r.run_id, r.entry_id, (r.parameters ->> 'voxel_size')::float8 AS voxel, (r.parameters ->> 'box')::int AS box
    FROM em_run r
    WHERE r.origin = 'report'
), value AS (
    SELECT r.run_id, r.voxel, r.box, m.check_code, jsonb_object_agg(m.name, m.value) AS v
    FROM run r
    JOIN em_measure m ON m.run_id = r.run_id
    GROUP BY r.run_id, r.voxel, r.box, m.check_code
), derived AS (
    -- one voxel less is free on the right
    SELECT d.run_id, d.check_code, c.name, c.value
    FROM value d, unnest('{x,y,z}'::text[]) AS axis
    CROSS JOIN LATERAL (
        SELECT (d.v ->> format('left_%s_vrs', axis))::float8 AS "left",
               (d.v ->> format('right_%s_vrs', axis))::float8 - d.voxel AS "right") AS s
    CROSS JOIN LATERAL (VALUES (format('right_%s', axis), s."right"),
                               (format('decentering_%s', axis), 100 * abs(s."right" - s."left") / (d.box * d.voxel))) AS c (name, value)
    WHERE d.check_code = '0.a'
    UNION ALL
    SELECT d.run_id, d.check_code, c.name, c.value
    FROM value d
    CROSS JOIN LATERAL (
        SELECT (d.v ->> 'voxels')::float8 AS voxels, (d.v ->> 'remaining')::float8 AS remaining,
               (d.v ->> 'remaining_max_voxels_vrs')::float8 AS kept) AS s
    CROSS JOIN LATERAL (VALUES ('noise_mass_percent', 100 * (s.voxels - s.kept) / s.voxels),
                               ('remaining_mean_volume', (s.voxels - s.kept) / nullif(s.remaining, 0) * d.voxel ^ 3)) AS c (name, value)
    WHERE d.check_code = '0.b'
    UNION ALL
    SELECT d.run_id, d.check_code, 'effect_size', abs((d.v ->> 'mean')::float8) / (d.v ->> 'sd')::float8
    FROM value d
    WHERE d.check_code = '0.c'
    UNION ALL
    SELECT d.run_id, d.check_code, 'spread', (d.v ->> 'p97_5')::float8 - (d.v ->> 'p2_5')::float8
    FROM value d
    WHERE d.check_code IN ('0.f', '0.g')
    UNION ALL
    SELECT r.run_id, r.check_code, 'reported_resolution', e.resolution
    FROM run
    JOIN em_result r ON r.run_id = run.run_id AND r.state = 'measured'
    JOIN em_entry e ON e.entry_id = r.entry_id
)
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit, printed)
SELECT r.run_id, r.entry_id, d.check_code, d.name, d.value, i.unit, true
FROM derived d
JOIN run r ON r.run_id = d.run_id
JOIN em_measure_info i ON i.check_code = d.check_code AND i.name = d.name
WHERE d.value IS NOT NULL;
