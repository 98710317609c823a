/*
 * 23_measures.sql: names, units and decimals of the measures of levels 0 and 1.
 *
 * Rows for the VRS-compatible twins (name ending in _vrs) are derived from the
 * rows of the right ones at the end; those without a right twin stand in the
 * list themselves.
 */

INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, shipped)
SELECT '0.a', format(f.name, a.axis), 10 * f.ordinal + a.n, format(f.label, upper(a.axis)), f.unit, f.digits, true
FROM (VALUES ('left_%s', 1, 'free space left of the mask in %s', 'Å', 2),
             ('right_%s', 2, 'free space right of the mask in %s', 'Å', 2),
             ('decentering_%s', 3, 'difference of the free spaces relative to the box in %s', '%', 2),
             ('com_%s', 4, 'centre of mass in %s', 'voxels', 2),
             ('com_decentering_%s', 5, 'distance of the centre of mass from the middle of the box in %s', '%', 2))
         AS f (name, ordinal, label, unit, digits),
     (VALUES ('x', 1), ('y', 2), ('z', 3)) AS a (axis, n);

INSERT INTO em_measure_info (check_code, ordinal, shipped, name, label, unit, digits, description) VALUES
('0.a', 60, true, 'com_conditioning', 'conditioning of the centre of mass of the whole map', '', 6, 'absolute sum of the map divided by the sum of absolute values; near 0 the quotient explodes and VRS''s centre of mass means nothing'),
('0.b', 1, true, 'components', 'number of connected components', '', 0, NULL),
('0.b', 2, true, 'voxels', 'size of the raw mask', 'voxels', 0, NULL),
('0.b', 3, true, 'volume', 'volume of the raw mask', 'Å³', 2, NULL),
('0.b', 4, true, 'components_95', 'number of components that hold 95 % of the raw mask', '', 0, NULL),
('0.b', 5, true, 'remaining', 'number of remaining components', '', 0, NULL),
('0.b', 6, true, 'remaining_mean_voxels', 'mean size of the remaining components', 'voxels', 2, NULL),
('0.b', 7, true, 'remaining_mean_volume', 'mean volume of the remaining components', 'Å³', 2, NULL),
('0.b', 8, true, 'remaining_max_voxels', 'size of the largest remaining component', 'voxels', 0, NULL),
('0.b', 9, true, 'remaining_min_voxels', 'size of the smallest component', 'voxels', 0, NULL),
('0.b', 14, true, 'remaining_min_volume', 'volume of the smallest component', 'Å³', 2, 'in printed reports only'),
('0.b', 15, true, 'remaining_max_volume_vrs', 'volume of the largest remaining component (VRS definition)', 'Å³', 2, 'in printed reports only; that of the last component kept'),
('0.b', 10, true, 'noise_mass_percent', 'share of the raw mask in the remaining components', '%', 2, NULL),
('0.b', 11, true, 'constructed_voxels', 'size of the constructed mask', 'voxels', 0, NULL),
('0.b', 12, true, 'constructed_volume', 'volume of the constructed mask', 'Å³', 2, NULL),
('0.b', 13, true, 'overlap', 'overlap of the raw and the constructed mask', '', 2, 'share of the raw mask inside the constructed mask'),
('0.c', 1, true, 'n', 'number of background voxels', 'voxels', 0, NULL),
('0.c', 2, true, 'mean', 'mean of the background', '', 6, NULL),
('0.c', 3, true, 'sd', 'standard deviation of the background', '', 6, NULL),
('0.c', 4, true, 't', 't-statistic of the background mean', '', 2, NULL),
('0.c', 5, true, 'p', 'p-value of the background mean', '', 6, 'two-sided, every voxel taken as independent'),
('0.c', 6, true, 'outliers', 'number of background voxels beyond 5 standard deviations', 'voxels', 0, NULL),
('0.c', 7, true, 'outlier_percent', 'share of background voxels beyond 5 standard deviations', '%', 4, NULL),
('0.c', 8, true, 'gaussian_percent', 'share beyond 5 standard deviations in a Gaussian', '%', 6, NULL),
('0.c', 9, true, 'outlier_ratio', 'ratio of background voxels beyond 5 standard deviations to a Gaussian', '', 2, NULL),
('0.c', 10, true, 'effect_size', 'background mean in standard deviations', '', 3, 'absolute value of mean divided by standard deviation'),
('0.c', 11, true, 'blocks', 'number of blocks', '', 0, 'blocks of background voxels whose means are taken as independent'),
('0.c', 12, true, 't_blocks', 't-statistic of the block means', '', 2, NULL),
('0.c', 13, true, 'p_blocks', 'p-value of the block means', '', 6, NULL),
('0.d', 1, true, 'bfactor', 'B-factor', 'Å²', 1, '4 times the slope; negative: decaying spectrum'),
('0.d', 2, true, 'slope', 'slope of the fitted line', 'Å²', 2, NULL),
('0.d', 3, true, 'intercept', 'intercept of the fitted line', '', 2, NULL),
('0.d', 4, true, 'correlation', 'correlation of the fit', '', 3, NULL),
('0.d', 5, true, 'points', 'number of shells in the fit', '', 0, NULL),
('0.h', 1, true, 'score', 'hand score', '', 3, '0 right, 1 mirrored'),
('0.h', 2, true, 'helices', 'number of helices', '', 0, NULL),
('1.a', 1, true, 'fsc_0143', 'resolution at FSC 0.143', 'Å', 2, NULL),
('1.a', 2, true, 'fsc_05', 'resolution at FSC 0.5', 'Å', 2, NULL),
('1.a', 3, true, 'fsc_09', 'resolution at FSC 0.9', 'Å', 2, NULL),
('1.a', 4, true, 'dpr', 'resolution at DPR 45°', 'Å', 2, NULL),
('1.a', 5, true, 'dpr_fsc0143', 'resolution at DPR 94.6°', 'Å', 2, 'the phase residual that corresponds to an FSC of 0.143'),
('1.a', 6, true, 'ssnr', 'resolution at SSNR 1', 'Å', 2, 'power ratio; SSNR 1 corresponds to FSC 1/3'),
('1.a', 7, true, 'crossings_0143', 'number of falls of the FSC below 0.143', '', 0, NULL),
('1.a', 8, true, 'crossings_05', 'number of falls of the FSC below 0.5', '', 0, NULL),
('1.a', 9, true, 'reaches_nyquist_0143', 'FSC above 0.143 up to Nyquist', '', 0, '1: the FSC never falls below 0.143, 0: it does'),
('1.a', 10, true, 'fsc_0143_vrs', 'resolution at FSC 0.143 (VRS definition)', 'Å', 2, 'first crossing from the third shell on; of the rows of coefficients that xmipp_resolution_fsc adds up'),
('1.a', 11, true, 'fsc_09_vrs', 'resolution at FSC 0.9 (VRS definition)', 'Å', 2, 'of a logistic curve fitted to the FSC'),
('1.a', 12, true, 'dpr_vrs', 'resolution at DPR 102.9°', 'Å', 2, 'the reports say 103.9°, which is the expectation for pure noise'),
('1.a', 13, true, 'ssnr_vrs', 'resolution at an amplitude ratio of 2', 'Å', 2, 'the reports call it SSNR 1; it corresponds to FSC 0.24'),
('1.a', 14, true, 'mean_vrs', 'mean of the three resolutions (VRS definition)', 'Å', 2, NULL),
('1.a', 15, true, 'min_vrs', 'least of the three resolutions (VRS definition)', 'Å', 2, NULL),
('1.a', 16, true, 'max_vrs', 'largest of the three resolutions (VRS definition)', 'Å', 2, NULL),
('1.b', 1, true, 'resolution', 'resolution at 1 % false discovery rate', 'Å', 2, NULL),
('1.b', 2, true, 'bfactor', 'B-factor of the averaged half maps', 'Å²', 1, NULL),
('1.f', 1, true, 'd_statistic', 'statistic of the uniformity of directions', '', 4, NULL),
('1.f', 2, true, 'p_value', 'p-value of the uniformity of directions', '', 6, NULL),
('1.f', 3, true, 'mean_resolution', 'mean directional resolution', 'Å', 2, NULL),
('1.g', 1, true, 'fso_05', 'resolution at an occupancy of 50 %', 'Å', 2, NULL),
('1.g', 2, true, 'fso_09', 'resolution at an occupancy of 90 %', 'Å', 2, NULL),
('1.g', 3, true, 'fso_01', 'resolution at an occupancy of 10 %', 'Å', 2, NULL),
('1.h', 1, true, 'x', 'resolution along X', 'Å', 2, NULL),
('1.h', 2, true, 'y', 'resolution along Y', 'Å', 2, NULL),
('1.h', 3, true, 'z', 'resolution along Z', 'Å', 2, NULL),
('1.h', 4, true, 'global', 'global resolution', 'Å', 2, NULL),
('1.h', 5, true, 'sphericity', 'sphericity', '', 3, 'of the surface where the directional FSC falls below 0.143; an ellipsoid of axes 1 : 2 still has 0.91');

-- Percentiles over the mask
INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, description, shipped)
SELECT c.check_code, m.name, m.ordinal, format(m.label, c.what),
       CASE m.name WHEN 'n' THEN 'voxels' WHEN 'low_occupancy_percent' THEN '%' ELSE c.unit END,
       CASE m.name WHEN 'n' THEN 0 ELSE 2 END, m.description, true
FROM (VALUES ('0.e', 'local resolution', 'Å'), ('0.f', 'local B-factor', 'Å²'), ('0.g', 'local occupancy', ''),
             ('1.c', 'local resolution', 'Å'), ('1.d', 'local resolution', 'Å'), ('1.e', 'local resolution', 'Å'))
         AS c (check_code, what, unit),
     (VALUES ('p2_5', 1, '2.5 %% percentile of the %s', NULL),
             ('p25', 2, '25 %% percentile of the %s', NULL),
             ('p50', 3, 'median of the %s', NULL),
             ('p75', 4, '75 %% percentile of the %s', NULL),
             ('p97_5', 5, '97.5 %% percentile of the %s', NULL),
             ('mean', 6, 'mean of the %s', NULL),
             ('n', 7, 'number of voxels with a %s', NULL),
             ('spread', 8, 'spread of the %s', '97.5 % percentile less 2.5 % percentile'),
             ('low_occupancy_percent', 9, 'share of the mask with a low %s', NULL))
         AS m (name, ordinal, label, description)
WHERE m.name <> 'low_occupancy_percent' OR c.check_code = '0.g';

INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, description, shipped)
SELECT c, 'reported_percentile', 10, 'percentile of the reported resolution', '%', 2,
       'share of the voxels whose local resolution is better than the reported one', true
FROM unnest('{0.e,1.c,1.d,1.e}'::text[]) AS c
UNION ALL
SELECT c, 'reported_resolution', 99, 'reported resolution', 'Å', 2, NULL, true
FROM unnest('{0.d,0.e,0.f,0.g,1.a,1.b,1.c,1.d,1.e,1.f,1.g,1.h}'::text[]) AS c;

-- VRS-compatible twins
INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, description, shipped)
SELECT check_code, name || '_vrs', 100 + ordinal, label || ' (VRS definition)', unit, digits,
       CASE
           WHEN name LIKE 'right\_%' THEN 'one voxel more than is free'
           WHEN name LIKE 'com\_%' THEN 'of the whole map, negative values included'
           WHEN name = 'remaining_mean_volume' THEN 'always the volume of one voxel'
           WHEN name = 'remaining_max_voxels' THEN 'size of the last component kept'
           WHEN name = 'components_95' THEN 'one too few when the background is smaller than the largest component'
           WHEN check_code = '1.b' THEN 'inside a sphere, by permutation of at most 1000 orders, as SPOC does'
           WHEN check_code = '1.d' THEN 'of the volume filled with the mean and blurred'
           WHEN check_code = '1.e' THEN 'read from a histogram of 0.25 Å without its last two bins'
           WHEN check_code = '1.g' THEN 'first crossing from the third shell on'
           WHEN check_code = '0.c' AND name LIKE 'outlier%' THEN 'counted from zero, not from the mean'
           WHEN check_code = '1.f' THEN 'Kolmogorov-Smirnov test of a random sample; mean over the radii of the plain local resolution (MonoRes of the map)'
       END, true
FROM em_measure_info
WHERE check_code = '0.a' AND name <> 'com_conditioning'
   OR check_code = '1.b' AND name IN ('resolution', 'bfactor')
   OR check_code = '1.e' AND (name ~ '^p[0-9]' OR name = 'reported_percentile')
   OR check_code = '1.d' AND (name ~ '^p[0-9]' OR name IN ('mean', 'spread', 'reported_percentile'))
   OR check_code = '1.g' AND name IN ('fso_05', 'fso_09', 'fso_01')
   OR check_code = '0.b' AND name IN ('components_95', 'remaining_mean_volume', 'remaining_max_voxels',
                                      'constructed_voxels', 'constructed_volume', 'overlap')
   OR check_code = '0.c' AND name IN ('n', 'mean', 'sd', 't', 'p', 'outliers', 'outlier_percent', 'outlier_ratio')
   OR check_code = '0.d' AND name <> 'reported_resolution'
   OR check_code = '1.f' AND name <> 'reported_resolution';
