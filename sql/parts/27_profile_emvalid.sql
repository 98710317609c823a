/*
 * 27_profile_emvalid.sql: the corrected criteria.
 *
 * Numbers with a D are the defects of the VRS reports that a criterion
 * corrects; the comment of each row says why its limit is what it is.
 */

INSERT INTO em_profile (profile, description, nan_printed_passes, shipped) VALUES
('emvalid', 'the same questions with the known defects of the service corrected; each criterion says why', false, true);

-- 0.a
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, when_missing, warning, comment, shipped)
SELECT 'emvalid', '0.a', f.first + a.n, format(f.measure, a.axis), f.comparison, 20, f.when_missing,
       format(f.warning, upper(a.axis)), f.comment, true
FROM (VALUES
    (0, 'decentering_%s', '<=', 'unmeasured',
     'The map is off centre in %s: the free spaces on its two sides differ by {value} %% of the box (at most {limit} %%).',
     'limit of VRS; D22: the mask is dilated by a true distance of 2 Å'),
    (3, 'left_%s', '>=', 'unmeasured',
     'There is little free space on the left side in %s: {value} Å (at least {limit} Å).',
     'D9: one stated limit where VRS has three (20 %, 30 Å, 20 Å); 20 Å is the one its code applies, kept so that verdicts compare'),
    (6, 'right_%s', '>=', 'unmeasured',
     'There is little free space on the right side in %s: {value} Å (at least {limit} Å).',
     'D9 as on the left; D10: only voxels that are really free count'),
    (9, 'com_decentering_%s', '<=', 'skip',
     'The centre of mass is off centre in %s by {value} %% of the box (at most {limit} %%); this is common when one region only was refined.',
     'D8, D11: of the positive density inside the mask, in voxels; a centre of mass that is undefined is not judged'))
    AS f (first, measure, comparison, when_missing, warning, comment),
    (VALUES ('x', 1), ('y', 2), ('z', 3)) AS a (axis, n);

INSERT INTO em_criterion (profile, check_code, ordinal, shipped, measure, comparison, limit_value, limit_upper,
                          when_missing, digits, warning, comment) VALUES
('emvalid', '0.b', 1, true, 'components_95', '<=', 5, NULL, 'unmeasured', 0,
 '{value} components are needed to reach 95 % of the raw mask (at most {limit}): the map falls apart at this threshold.',
 'limit of VRS; D4: the background is not taken for a component'),
('emvalid', '0.b', 2, true, 'remaining_mean_volume', '<=', 132.77, NULL, 'pass', 2,
 'The average noise blob has a volume of {value} Å³ (at most {limit} Å³), more than noise explains.',
 'D1: the real mean volume. The 5 Å³ of VRS is less than one voxel at any sampling coarser than 1.71 Å, so it would warn of every such map that has a single stray '
 'voxel; 132.77 Å³ is the volume of one residue (110 Da at 1.207 Å³/Da): a blob of that size is no grain of noise. D2: no blobs, nothing to warn of'),
('emvalid', '0.b', 3, true, 'noise_mass_percent', '<=', 10, NULL, 'pass', 2,
 'The remaining components hold {value} % of the raw mask (at most {limit} %).',
 'the rule that the explanation of VRS states but its code never tests'),
('emvalid', '0.b', 4, true, 'overlap', '>=', 0.75, NULL, 'unmeasured', 2,
 'The constructed mask covers only {value} of the raw mask (at least {limit}).',
 'limit of VRS; D22, D23: mask with a true distance and no cut border'),
('emvalid', '0.c', 1, true, 'effect_size', '<=', 0.2, NULL, 'unmeasured', 3,
 'The background mean is {value} standard deviations away from 0 (at most {limit}).',
 'D12: with millions of voxels the p-value rejects every mean that is not exactly 0; judged is how large the shift is. 0.2 is the usual bound of a small effect '
 '(Cohen 1988). The p-values stay in the report. D13: a constant background has no standard deviation and could not be measured'),
('emvalid', '0.c', 2, true, 'outlier_percent', '<=', 0.085, NULL, 'unmeasured', 3,
 'The share of background voxels more than 5 standard deviations from the mean is {value} % (at most {limit} %).',
 'D12: counted from the mean. 20 times the share of a Gaussian, as VRS asks, is exceeded by pure Gaussian noise whose box corners were zeroed by a spherical mask '
 '(0.016 %); 0.085 % is the share of a distribution with exponential (Laplace) tails, heavier than that is structure'),
('emvalid', '0.d', 1, true, 'bfactor', '>=', -300, NULL, 'unmeasured', 1,
 'The B-factor, {value} Å², is below {limit} Å²: the amplitudes fall off steeply, the map may need sharpening.',
 'limit of VRS, said of the B-factor as tested, in Å² (D16); D14: a fit without points could not be measured'),
('emvalid', '0.d', 2, true, 'bfactor', '<=', 0, NULL, 'unmeasured', 1,
 'The B-factor, {value} Å², is positive: the map seems to be oversharpened.',
 'as above'),
('emvalid', '0.e', 1, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local resolution is the same nearly everywhere (spread {value} Å): the measurement is doubtful.', 'limit of VRS'),
('emvalid', '0.h', 1, true, 'score', '<=', 0.4, NULL, 'unmeasured', 3,
 'The hand score is {value} (at most {limit}): the map may be mirrored, or its hand cannot be told.',
 'D20: VRS says 0.5, applies 0.4 and warns twice; here the limit applied is the limit stated, and it warns once'),
('emvalid', '0.f', 2, true, 'spread', '>=', 0.01, NULL, 'unmeasured', 2,
 'The local B-factor is the same nearly everywhere (spread {value} Å²): the measurement is doubtful.', 'limit of VRS'),
('emvalid', '0.f', 3, true, 'p50', 'between', -300, 0, 'unmeasured', 2,
 'The median local B-factor, {value} Å², is outside {limit} to {upper} Å².', 'limits of VRS; D16: in Å²');

INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, when_missing, effect, digits,
                          warning, comment, shipped) VALUES
('emvalid', '0.f', 1, 'reported_resolution', '<', 15, 'skip', 'not_applicable', 2,
 'This method cannot be applied to maps with a resolution of {limit} Å or worse.',
 'D18: the bands run from 15 Å to the reported resolution; at 15 Å or worse none is left and the slopes are amplified noise', true);

-- Percentile of the reported resolution, on both sides
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, limit_upper, when_missing, warning, comment, shipped)
SELECT 'emvalid', c, 2, 'reported_percentile', 'between', 0.1, 99.9, 'skip',
       'The reported resolution lies outside the local resolutions: it is at percentile {value} ({limit} to {upper} expected).',
       'D38: VRS only looks for values that are too good; a reported resolution worse than all of the map is wrong as well', true
FROM unnest('{0.e,1.c,1.d,1.e}'::text[]) AS c;

INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning, comment, shipped)
SELECT 'emvalid', c, 1, 'spread', '>=', 0.01,
       'The local resolution is the same nearly everywhere (spread {value} Å): the measurement is doubtful.',
       'limit of VRS; ' || CASE c WHEN '1.d' THEN 'D32: of the raw valid voxels' ELSE 'kept' END, true
FROM unnest('{1.c,1.d,1.e}'::text[]) AS c;

-- The curves must cross, once or nearly so
INSERT INTO em_criterion (profile, check_code, ordinal, shipped, measure, comparison, limit_value, when_missing, digits, warning, comment) VALUES
('emvalid', '1.a', 1, true, 'fsc_0143', 'exists', NULL, 'unmeasured', 2, 'The FSC does not fall below 0.143.',
 'D30: a curve that never crosses has not measured a resolution; VRS calls that OK'),
('emvalid', '1.a', 2, true, 'crossings_0143', '<=', 3, 'skip', 0,
 'The FSC falls below 0.143 {value} times (at most {limit}): it comes back, which points to a mask or another non-linear step.',
 'the explanation of VRS asks for a curve that does not come back but nothing tests it; chance near the limit makes one or two additional crossings'),
('emvalid', '1.f', 1, true, 'p_value', '>=', 0.001, 'unmeasured', 3,
 'The directional resolution is not uniform: the p-value that all directions are alike is below {limit}.',
 'D33: all counts, taken for as many independent draws as their scatter shows, instead of 50000 random draws from them'),
('emvalid', '1.g', 1, true, 'fso_05', 'exists', NULL, 'unmeasured', 2, 'The Fourier shell occupancy does not fall below 0.5.',
 'D30: no crossing, nothing measured'),
('emvalid', '1.h', 1, true, 'global', 'exists', NULL, 'unmeasured', 2, 'The global FSC does not fall below 0.143.',
 'D30: no crossing, nothing measured');

-- Reported against measured resolution, on both sides
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, limit_measure,
                          when_missing, when_limit_missing, warning, comment, shipped)
SELECT 'emvalid', c.check_code, c.ordinal + s.n, 'reported_resolution', s.comparison, s.factor, c.limit_measure,
       'skip', c.when_limit_missing,
       format('The reported resolution, {value} Å, is %s than %s tells ({reference} Å).', s.word, c.method),
       s.comment || coalesce('; ' || c.comment, ''), true
FROM (VALUES
    ('1.a', 3, 'fsc_0143', 'unmeasured', 'the FSC', NULL, true),
    ('1.a', 5, 'dpr_fsc0143', 'skip', 'the DPR', 'D26: 94.6° corresponds to an FSC of 0.143, 102.9° is noise', false),
    ('1.a', 6, 'ssnr', 'skip', 'the SSNR', 'D27, D28: power ratio, where 1 corresponds to an FSC of 1/3', false),
    ('1.b', 1, 'resolution', 'unmeasured', 'the FSC permutation test', NULL, true),
    ('1.f', 2, 'mean_resolution', 'unmeasured', 'MonoDir', 'D39: mean of the directional resolutions', true),
    ('1.g', 2, 'fso_05', 'unmeasured', 'the FSO', NULL, true),
    ('1.h', 2, 'global', 'unmeasured', 'the 3D FSC', NULL, true))
    AS c (check_code, ordinal, limit_measure, when_limit_missing, method, comment, both_sides),
    (VALUES
    (0, '>=', 0.8, 'much better', 'factor of VRS; D34: left out when no resolution was reported'),
    (1, '<=', 1.25, 'much worse', 'D38: the same factor on the other side, 1/0.8; a map filtered far below what it holds, or half maps of another reconstruction'))
    AS s (n, comparison, factor, word, comment)
WHERE c.both_sides OR s.n = 0;

-- Resolution along the axes
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, limit_measure,
                          when_missing, when_limit_missing, warning, comment, shipped)
SELECT 'emvalid', '1.h', 3 + n, axis, '<=', 1.5, 'global', 'unmeasured', 'unmeasured',
       format('The resolution along %s, {value} Å, is much worse than the global one, {reference} Å.', upper(axis)),
       'VRS computes the directions but judges only the global value; 1.5 times the global resolution along one axis is visible stretching. '
       'The sphericity is shown but not judged: an ellipsoid of axes 1 : 2 still has 0.91', true
FROM (VALUES ('x', 1), ('y', 2), ('z', 3)) AS a (axis, n);

-- 0.g: by construction three quarters of the mask are occupied in every band, so that any limit on the
-- median is vacuous; what can differ is whether it is always the same voxels that fall short.
INSERT INTO em_criterion (profile, check_code, ordinal, shipped, measure, comparison, limit_value, when_missing, digits, warning, comment) VALUES
('emvalid', '0.g', 1, true, 'low_occupancy_percent', '<=', 15, 'unmeasured', 1,
 'In {value} % of the mask (at most {limit} %) the occupancy is below 0.25: a part of the molecule is weak in nearly every band.',
 'D19: the share of voxels that fall short in nearly every band lies between 0 % (every band leaves out other voxels) and 25 % (always the same quarter); '
 'beyond 15 % most of what is weak is weak everywhere');

INSERT INTO em_estimate_source (profile, check_code, measure, ordinal, shipped) VALUES
('emvalid', '0.e', 'p50', 1, true),
('emvalid', '1.a', 'fsc_0143', 2, true),
('emvalid', '1.b', 'resolution', 3, true),
('emvalid', '1.c', 'p50', 4, true),
('emvalid', '1.d', 'p50', 5, true),
('emvalid', '1.e', 'p50', 6, true),
('emvalid', '1.f', 'mean_resolution', 7, true),
('emvalid', '1.g', 'fso_05', 8, true),
('emvalid', '1.h', 'global', 9, true);
