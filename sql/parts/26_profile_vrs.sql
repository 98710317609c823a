/*
 * 26_profile_vrs.sql: the criteria of the Validation Report Service.
 *
 * They judge the VRS-compatible values, in the order in which the service
 * writes its warnings.  Texts that occur in known reports are quoted exactly;
 * the others are our own words.
 */

INSERT INTO em_profile (profile, description, nan_printed_passes, shipped) VALUES
('vrs', 'verdicts and warnings as the Validation Report Service gives them, its peculiarities included', true, true);

-- 0.a
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning, sentence, comment, shipped)
SELECT 'vrs', '0.a', f.first + a.n, format(f.measure, a.axis), f.comparison, 20,
       format(f.warning, upper(a.axis)), NULL, f.comment, true
FROM (VALUES
    (0, 'decentering_%s_vrs', '<=',
     'The map is decentered in %s: the free spaces on its two sides differ by {value} %% of the box.', NULL),
    (3, 'left_%s_vrs', '>=',
     'There is little space on the left side in %s ({value} Å), which may be too little to correct the CTF.',
     'D9: the text of VRS speaks of 20 % of the box, its explanation of 30 Å; its code compares with 20 Å'),
    (6, 'right_%s_vrs', '>=',
     'There is little space on the right side in %s ({value} Å), which may be too little to correct the CTF.',
     'D9, D10: 20 Å, and one voxel more than is really free'),
    (9, 'com_decentering_%s_vrs', '<=',
     'The center of mass in %s may be significantly shifted. This is common when the refinement is applied exclusively to one protein region.',
     'D8: of the whole map, negative values included; meaningless for maps of zero mean'))
    AS f (first, measure, comparison, warning, comment),
    (VALUES ('x', 1), ('y', 2), ('z', 3)) AS a (axis, n);

INSERT INTO em_criterion (profile, check_code, ordinal, shipped, measure, comparison, limit_value, limit_upper,
                          when_missing, digits, warning, comment) VALUES
('vrs', '0.b', 1, true, 'components_95_vrs', '<=', 5, NULL, 'unmeasured', 0,
 'There might be a problem of connectivity at this threshold, because {value} components are needed to reach 95 % of the mass.',
 'D4: one too few when the background is smaller than the largest component'),
('vrs', '0.b', 2, true, 'remaining_mean_volume_vrs', '<=', 5, NULL, 'pass', 6,
 'There might be a problem with noise and artifacts, because the average noise blob has a volume of {value} Å³.',
 'D1: VRS computes the volume of one voxel, so this asks whether the voxel size exceeds 1.71 Å; D2: with no component left it prints nan and passes'),
('vrs', '0.b', 3, true, 'overlap_vrs', '>=', 0.75, NULL, 'unmeasured', 2,
 'The raw mask and the mask constructed for the analysis overlap by {value} only.', NULL),
('vrs', '0.c', 1, true, 'p_vrs', '>=', 0.001, NULL, 'unmeasured', 6,
 'The null hypothesis that the background mean is 0 has been rejected because the p-value of the comparison is smaller than 0.001',
 'D12: every voxel counts as independent, so that practically every map is warned'),
('vrs', '0.c', 2, true, 'outlier_ratio_vrs', '<=', 20, NULL, 'unmeasured', 2,
 'There is a significant proportion of outlier values in the background (cdf5 ratio={value})',
 'D12: counted from zero, not from the mean'),
('vrs', '0.d', 1, true, 'bfactor_vrs', '>=', -300, NULL, 'unmeasured', 1,
 'The B-factor ({value} Å²) is out of the interval [-300,0]', NULL),
('vrs', '0.d', 2, true, 'bfactor_vrs', '<=', 0, NULL, 'unmeasured', 1,
 'The B-factor ({value} Å²) is out of the interval [-300,0]: the map seems to be oversharpened', NULL),
('vrs', '0.e', 1, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local resolution is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '0.e', 2, true, 'reported_percentile', '>=', 0.1, NULL, 'skip', 2,
 'The reported resolution is particularly high with respect to the local resolutions: it is at percentile {value}.', NULL),
('vrs', '0.f', 1, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local B-factor is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '0.f', 2, true, 'p50', 'between', -300, 0, 'unmeasured', 2,
 'The median B-factor is out of the interval [-300,0]', NULL),
('vrs', '0.g', 1, true, 'spread', '>=', 0.1, NULL, 'unmeasured', 2,
 'The local occupancy is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '0.g', 2, true, 'p50', '>=', 0.5, NULL, 'unmeasured', 2,
 'The median occupancy is {value}, less than {limit}.',
 'D19: by construction three quarters of the mask pass in every band, so the median is nearly always above 0.5'),
('vrs', '0.h', 1, true, 'score', '<=', 0.5, NULL, 'unmeasured', 3,
 'The map seems to be flipped: its hand score is {value}.', NULL),
('vrs', '0.h', 2, true, 'score', '<=', 0.4, NULL, 'unmeasured', 3,
 'The hand of the map is uncertain: its hand score is {value}.',
 'D20: the text of VRS says 0.5, its code needs 0.4; a flipped map gets both warnings'),
('vrs', '1.c', 1, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local resolution is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '1.c', 2, true, 'reported_percentile', '>=', 0.1, NULL, 'skip', 2,
 'The reported resolution is particularly high with respect to the local resolutions: it is at percentile {value}.', NULL),
('vrs', '1.d', 1, true, 'spread_vrs', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local resolution is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '1.d', 2, true, 'reported_percentile_vrs', '>=', 0.1, NULL, 'skip', 2,
 'The reported resolution is particularly high with respect to the local resolutions: it is at percentile {value}.', NULL),
('vrs', '1.e', 1, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local resolution is nearly the same everywhere; the program may have failed.', NULL),
('vrs', '1.e', 2, true, 'reported_percentile_vrs', '>=', 0.1, NULL, 'skip', 2,
 'The reported resolution is particularly high with respect to the local resolutions: it is at percentile {value}.', NULL),
('vrs', '1.f', 1, true, 'p_value_vrs', '>=', 0.001, NULL, 'unmeasured', 3,
 'The directional resolution is not uniform: the p-value that all directions are alike is below {limit}.',
 'D33: a Kolmogorov-Smirnov test of a random sample of discrete values, which rejects even flat histograms');

-- Reported against measured resolution
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, limit_measure,
                          when_missing, when_limit_missing, warning, comment, shipped)
SELECT 'vrs', c.check_code, c.ordinal, 'reported_resolution', '>=', 0.8, c.limit_measure, 'skip', c.when_limit_missing,
       format('The reported resolution, {value} Å, is particularly high with respect to the resolution according to %s, {reference} Å.', c.method),
       'D30, D34, D38: one-sided; a curve that does not cross gives no warning; VRS stops with an error without a reported resolution, here the criterion is left out'
       || coalesce('; ' || c.comment, ''), true
FROM (VALUES
    ('1.a', 1, 'fsc_0143_vrs', 'pass', 'the FSC', NULL),
    ('1.a', 2, 'dpr_vrs', 'pass', 'the DPR', 'D26: limit of 102.9°, close to the expectation for noise'),
    ('1.a', 3, 'ssnr_vrs', 'pass', 'the SSNR', 'D28: a mean ratio of amplitudes'),
    ('1.b', 1, 'resolution_vrs', 'unmeasured', 'the FSC permutation test', 'D31: a sphere instead of the mask'),
    ('1.f', 2, 'mean_resolution_vrs', 'skip', 'MonoDir', 'D39: the mean is that of the plain local resolution of the full map; left out where that was not measured'),
    ('1.g', 1, 'fso_05_vrs', 'pass', 'the FSO', NULL),
    ('1.h', 1, 'global', 'pass', 'the 3D FSC', NULL))
    AS c (check_code, ordinal, limit_measure, when_limit_missing, method, comment);

INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, when_missing, warning, comment, shipped) VALUES
('vrs', '1.h', 2, 'global', 'exists', 'warn', 'The global FSC does not fall below 0.143.', NULL, true);

INSERT INTO em_estimate_source (profile, check_code, measure, ordinal, shipped) VALUES
('vrs', '0.e', 'p50', 1, true),
('vrs', '1.a', 'fsc_0143_vrs', 2, true),
('vrs', '1.a', 'dpr_vrs', 3, true),
('vrs', '1.a', 'ssnr_vrs', 4, true),
('vrs', '1.b', 'resolution_vrs', 5, true),
('vrs', '1.c', 'p50', 6, true),
('vrs', '1.d', 'p50_vrs', 7, true),
('vrs', '1.e', 'p50_vrs', 8, true),
('vrs', '1.f', 'mean_resolution_vrs', 9, true),
('vrs', '1.g', 'fso_05_vrs', 10, true),
('vrs', '1.h', 'global', 11, true);
