/*
 * 29_measures_more.sql: measures that stand beside the ones a verdict rests on.
 */

INSERT INTO em_measure_info (check_code, ordinal, shipped, name, label, unit, digits, description) VALUES
('0.b', 16, true, 'largest_voxels', 'size of the largest component', 'voxels', 0, NULL),
('0.b', 17, true, 'contour', 'contour level', '', 6, NULL),
('0.b', 18, true, 'maximum', 'maximum of the map', '', 6, NULL),
('0.c', 20, true, 'block_edge', 'edge of the blocks of the block test', 'voxels', 0, NULL),
('1.a', 20, true, 'fsc_masked_0143', 'resolution at FSC 0.143 inside the mask', 'Å', 2, 'half maps multiplied by the soft mask'),
('1.a', 21, true, 'fsc_corrected_0143', 'resolution at FSC 0.143 inside the mask, corrected', 'Å', 2,
 'less what the mask alone correlates, measured with random phases (RELION)'),
('1.a', 22, true, 'randomised_from', 'resolution beyond which phases were made random', 'Å', 2, 'where the FSC without mask first falls below 0.8'),
('1.b', 20, true, 'fsc_0143_vrs', 'resolution at FSC 0.143 inside the sphere (VRS definition)', 'Å', 2, 'last shell before the first fall'),
('1.c', 20, true, 'step', 'spacing of the points that were measured', 'voxels', 0, 'the others are interpolated'),
('1.c', 21, true, 'points', 'number of points that were measured', '', 0, NULL),
('1.c', 22, true, 'box_per_resolution', 'edge of the box in units of the resolution', '', 1, 'between 5 and 7 by rule of thumb; below 5 the box is too small'),
('0.f', 20, true, 'p50_normalised', 'median of the local B-factor, noise-normalised', 'Å²', 1, 'bands divided by the root of their power, which takes away the bias of noise-like signal'),
('0.f', 21, true, 'bias', 'bias of noise-like signal', 'Å²', 1, 'what random phases alone would give with these bands'),
('0.f', 22, true, 'vanishing', 'voxels without amplitude in a band', 'voxels', 0, NULL),
('0.f', 23, true, 'p50_local', 'median of the local B-factor with a fixed locality', 'Å²', 2, 'window of a width in Å instead of a share of the box'),
('0.f', 24, true, 'resolution_used', 'resolution of the highest band', 'Å', 2, NULL),
('0.f', 25, true, 'bands', 'number of bands', '', 0, NULL),
('0.g', 23, true, 'p50_local', 'median of the local occupancy with a fixed locality', '', 2, 'window of a width in Å instead of a share of the box'),
('0.g', 24, true, 'resolution_used', 'resolution of the highest band', 'Å', 2, NULL),
('0.g', 25, true, 'bands', 'number of bands', '', 0, NULL),
('1.f', 20, true, 'highest_median', 'median of the best directional resolution of each voxel', 'Å', 2, NULL),
('1.f', 21, true, 'lowest_median', 'median of the worst directional resolution of each voxel', 'Å', 2, NULL),
('1.f', 22, true, 'doa_p2_5', '2.5 % percentile of the anisotropy of each voxel', 'Å', 2, NULL),
('1.f', 23, true, 'doa_p25', '25 % percentile of the anisotropy of each voxel', 'Å', 2, NULL),
('1.f', 24, true, 'doa_p50', 'median anisotropy of each voxel', 'Å', 2, NULL),
('1.f', 25, true, 'doa_p75', '75 % percentile of the anisotropy of each voxel', 'Å', 2, NULL),
('1.f', 26, true, 'doa_p97_5', '97.5 % percentile of the anisotropy of each voxel', 'Å', 2, NULL),
('1.f', 27, true, 'n', 'number of voxels measured', 'voxels', 0, 'every second one along each axis'),
('1.f', 28, true, 'n_effective', 'independent voxels assumed by the test', '', 0, 'as many as scatter about a smooth distribution as the histogram does'),
('1.f', 29, true, 'evaluations', 'frequencies that were tested', '', 0, NULL),
('1.f', 30, true, 'noise_from_halves', 'noise taken from the half maps', '', 0, '1: no shell of noise surrounds the molecule'),
('1.d', 20, true, 'assigned_percent', 'share of the mask with a local resolution', '%', 1, NULL),
('1.d', 21, true, 'scales', 'resolutions that were tried', '', 0, NULL),
('1.d', 22, true, 'whitened', 'noise spectrum flattened', '', 0, '1: yes, 0: no'),
('1.e', 20, true, 'evaluations', 'frequencies that were tested', '', 0, NULL),
('1.e', 21, true, 'fast_mode', 'fast mode', '', 0, '1: noise from tiles and decided tiles left out; 0: as the reference program does it'),
('1.e', 22, true, 'mask_voxels', 'voxels of the mask', 'voxels', 0, NULL),
('1.e', 23, true, 'noise_voxels', 'voxels of the noise set', 'voxels', 0, NULL),
('1.g', 20, true, 'anisotropy', 'anisotropy of the directions that pass', '', 3, 'chi-square probability of the Bingham statistic at the occupancy of 50 %'),
('1.g', 21, true, 'anisotropy_vrs', 'anisotropy of the directions that pass (VRS definition)', '', 3, 'with the table of the reference program'),
('1.g', 22, true, 'directional_min', 'best directional resolution', 'Å', 2, NULL),
('1.g', 23, true, 'directional_p10', '10 % percentile of the directional resolution', 'Å', 2, NULL),
('1.g', 24, true, 'directional_median', 'median directional resolution', 'Å', 2, NULL),
('1.g', 25, true, 'directional_p90', '90 % percentile of the directional resolution', 'Å', 2, NULL),
('1.g', 26, true, 'directional_max', 'worst directional resolution', 'Å', 2, NULL),
('1.g', 27, true, 'directional_mean', 'mean directional resolution', 'Å', 2, NULL),
('1.g', 28, true, 'directional_p10_vrs', '10 % percentile of the directional resolution (VRS definition)', 'Å', 2, 'unweighted over a grid of 1°'),
('1.g', 29, true, 'directional_median_vrs', 'median directional resolution (VRS definition)', 'Å', 2, NULL),
('1.g', 30, true, 'directional_p90_vrs', '90 % percentile of the directional resolution (VRS definition)', 'Å', 2, NULL),
('1.g', 31, true, 'directions_unresolved', 'directions whose FSC never falls below the threshold', '', 0, NULL),
('1.h', 20, true, 'anisotropy_min', 'least directional resolution', 'Å', 2, NULL),
('1.h', 21, true, 'anisotropy_max', 'largest directional resolution', 'Å', 2, NULL);

INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, description, shipped)
SELECT c, 'masked', 90, 'mask used', '', 0, '1: the half maps were multiplied by the soft mask; 0: no contour is known', true
FROM unnest('{1.g,1.h}'::text[]) AS c;

-- What the look at the half maps finds, attached to every check of level 1
INSERT INTO em_measure_info (check_code, name, ordinal, label, unit, digits, description, shipped)
SELECT c, m.name, 80 + m.ordinal, m.label, m.unit, m.digits, m.description, true
FROM unnest('{1.a,1.b,1.c,1.d,1.e,1.f,1.g,1.h}'::text[]) AS c,
     (VALUES ('half_identical', 1, 'half maps that are copies', '', 0, '1: one is the other, perhaps scaled'),
             ('half_masked_percent', 2, 'share of the box where both half maps are zero', '%', 1, 'half maps should not be masked'),
             ('half_filtered', 3, 'half maps that were filtered', '', 0, '1: their noise ends before Nyquist'),
             ('half_filtered_from', 4, 'resolution beyond which the noise was removed', 'Å', 2, NULL),
             ('half_scale', 5, 'scale of half map 2 to half map 1', '', 3, NULL),
             ('half_inverted', 6, 'half maps of opposite contrast', '', 0, NULL),
             ('half_correlated_noise', 7, 'noise shared by the half maps', '', 0, '1: they agree up to Nyquist, which independent halves do not'),
             ('half_findings', 8, 'findings about the half maps', '', 0, 'how many of the above'))
         AS m (name, ordinal, label, unit, digits, description);
