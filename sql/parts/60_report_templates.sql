/*
 * 60_report_templates.sql: the results sentences and tables of the report, one row each.
 */

CREATE TABLE em_check_text (
    check_code text NOT NULL REFERENCES em_check,
    ordinal    int NOT NULL,
    template   text NOT NULL,
    series     text[],
    headings   text[],
    digits     int[],
    max_rows   int NOT NULL DEFAULT 24 CHECK (max_rows > 1),
    shipped    boolean NOT NULL DEFAULT false,
    edited     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (check_code, ordinal),
    CHECK (series IS NULL OR cardinality(headings) = cardinality(series) + 1 AND cardinality(digits) = cardinality(series) + 1)
);
COMMENT ON TABLE em_check_text IS 'what the report writes under Results: sentences, and tables of series, in order';
COMMENT ON COLUMN em_check_text.template IS
    '{name} is the value of a measure with the decimals of em_measure_info, {name:3} with three, {name:p} as a probability (= 0.02, = 3e-12); '
    '{contour} and {resolution} are those of the run; further lines of a sentence are pairs of label and value, two or more spaces apart; '
    'the row is left out when a value is missing; for a table, its title';
COMMENT ON COLUMN em_check_text.series IS 'series that make the columns of a table, after the column of their common x; NULL: a sentence';
COMMENT ON COLUMN em_check_text.headings IS 'headings of x and of the series';
COMMENT ON COLUMN em_check_text.digits IS 'decimals of x and of the series';
COMMENT ON COLUMN em_check_text.max_rows IS 'longer tables are thinned to this many rows, evenly, first and last kept';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_check_text
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_check_text IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_check_text
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('check_code', 'ordinal');
COMMENT ON TRIGGER em_replace_shipped ON em_check_text IS 'lets edited shipped rows from a dump replace the untouched ones';

INSERT INTO em_check_text (check_code, ordinal, shipped, template) VALUES
('0.a', 1, true, 'In X there are {left_x} Å free on the left and {right_x} Å on the right; they differ by {decentering_x} % of the box.'),
('0.a', 2, true, 'In Y there are {left_y} Å free on the left and {right_y} Å on the right; they differ by {decentering_y} % of the box.'),
('0.a', 3, true, 'In Z there are {left_z} Å free on the left and {right_z} Å on the right; they differ by {decentering_z} % of the box.'),
('0.a', 4, true, 'The centre of mass of the density inside the mask is at (x, y, z) = ({com_x}, {com_y}, {com_z}) voxels, '
                 '{com_decentering_x} %, {com_decentering_y} % and {com_decentering_z} % of the box away from its middle.'),
('0.a', 5, true, 'VRS definition: {left_x_vrs} and {right_x_vrs} Å in X, {left_y_vrs} and {right_y_vrs} Å in Y, {left_z_vrs} and {right_z_vrs} Å in Z; '
                 'differences of {decentering_x_vrs} %, {decentering_y_vrs} % and {decentering_z_vrs} %.'),
('0.a', 6, true, 'VRS definition: centre of mass of the whole map at ({com_x_vrs}, {com_y_vrs}, {com_z_vrs}) voxels, '
                 '{com_decentering_x_vrs} %, {com_decentering_y_vrs} % and {com_decentering_z_vrs} % away from the middle.'),
('0.a', 7, true, 'The sum of the map is {com_conditioning} of the sum of its absolute values; near 0 the centre of mass of the whole map means nothing.'),

('0.b', 1, true, 'Raw mask: at threshold {contour} the density has {voxels} voxels, a volume of {volume} Å³. Connected components: {components}.'),
('0.b', 2, true, 'Largest components that together hold 95 % of the raw mask: {components_95}.'),
('0.b', 4, true, 'Other components: {remaining}. They hold {noise_mass_percent} % of the raw mask.'),
('0.b', 5, true, 'Their mean size is {remaining_mean_voxels} voxels, {remaining_mean_volume} Å³.'),
('0.b', 6, true, 'Their sizes go from {remaining_max_voxels} to {remaining_min_voxels} voxels.'),
('0.b', 7, true, 'VRS definition: mean volume {remaining_mean_volume_vrs} Å³, which is the volume of one voxel; sizes from {remaining_max_voxels_vrs} voxels.'),
('0.b', 9, true, 'Constructed mask: the largest component, dilated by 2 Å, has {constructed_voxels} voxels and a volume of {constructed_volume} Å³. '
                 'It covers {overlap} of the raw mask.'),
('0.b', 10, true, 'VRS definition: {constructed_voxels_vrs} voxels, {constructed_volume_vrs} Å³, overlap {overlap_vrs}.'),

('0.c', 1, true, 'The mean of the background is {mean}, its standard deviation {sd}.'),
('0.c', 2, true, 'It has {n} voxels.'),
('0.c', 3, true, 'The mean is {effect_size} standard deviations away from 0.'),
('0.c', 4, true, 'Student''s t-test of a mean of 0, each voxel independent: t = {t}, p {p:p}.'),
('0.c', 5, true, 'The same test on {blocks} blocks: t = {t_blocks}, p {p_blocks:p}.'),
('0.c', 6, true, '{outlier_percent} % of the background voxels lie more than 5 standard deviations from the mean; of a Gaussian, '
                 '{gaussian_percent} % would (ratio {outlier_ratio}).'),
('0.c', 7, true, 'VRS definition: mean {mean_vrs}, standard deviation {sd_vrs}, t = {t_vrs}, p {p_vrs:p}; {outlier_percent_vrs} % beyond 5 standard '
                 'deviations from 0 (ratio {outlier_ratio_vrs}).'),

('0.d', 1, true, 'The B-factor is {bfactor} Å².'),
('0.d', 2, true, 'The fitted line is ln|F| = {slope} Å²/d² + ({intercept}).'),
('0.d', 3, true, 'It rests on {points} shells, with a correlation of {correlation}.'),
('0.d', 4, true, 'VRS definition: B-factor {bfactor_vrs} Å², line ln|F| = {slope_vrs} Å²/d² + ({intercept_vrs}).'),

('0.e', 4, true, 'Measured from one map by the local-spectrum regressor, which stands in for the network of the original service.'),
('0.e', 5, true, 'Noise outside the mask to compare with: {noise_outside}.'),
('0.e', 6, true, '{no_signal_percent} % of the mask hold no signal in any band and count as 14 Å; {clipped_percent} % were outside '
                 '{finest_value} to 14 Å and are clipped.'),

('0.h', 1, true, 'The map has a hand score of {score} (0 right, 1 mirrored).'),
('0.h', 2, true, '{helices} helices were found.'),
('0.h', 3, true, 'Decision by {sites} places along them: {decision}.'),
('0.h', 4, true, 'The layer lines alone, without a trained perceptron, have a score of {score_free}.'),

('1.a', 1, true, 'The resolution is {fsc_0143} Å at FSC 0.143.'),
('1.a', 2, true, 'It is {fsc_05} Å at FSC 0.5.'),
('1.a', 3, true, 'Up to {fsc_09} Å the information is well preserved (FSC above 0.9).'),
('1.a', 4, true, 'Times that the FSC falls below 0.143: {crossings_0143}; below 0.5: {crossings_05}.'),
('1.a', 5, true, 'Inside the mask the resolution is {fsc_masked_0143} Å at FSC 0.143.'),
('1.a', 6, true, 'Corrected for what the mask adds, it is {fsc_corrected_0143} Å, with random phases beyond {randomised_from} Å.'),
('1.a', 7, true, 'The DPR reaches 45° at {dpr} Å.'),
('1.a', 8, true, 'The DPR reaches 94.6°, which corresponds to an FSC of 0.143, at {dpr_fsc0143} Å.'),
('1.a', 9, true, 'The SSNR falls below 1 at {ssnr} Å, which corresponds to an FSC of 1/3.'),
('1.a', 10, true, 'VRS definition, FSC: {fsc_0143_vrs} Å at 0.143.'),
('1.a', 11, true, 'VRS definition, FSC above 0.9 up to {fsc_09_vrs} Å.'),
('1.a', 12, true, 'VRS definition, DPR: {dpr_vrs} Å at 102.9°.'),
('1.a', 13, true, 'VRS definition, SSNR: {ssnr_vrs} Å, where the mean ratio of amplitudes is 2.'),
('1.a', 14, true, 'VRS definition, mean of the three: {mean_vrs} Å, within [{min_vrs}, {max_vrs}] Å.'),

('1.b', 1, true, 'The resolution at a false discovery rate of 1 % is {resolution} Å.'),
('1.b', 2, true, 'The B-factor of the averaged half maps is {bfactor} Å².'),

('1.f', 1, true, 'The mean directional resolution is {mean_resolution} Å.'),
('1.f', 2, true, 'Uniformity of the directions: statistic {d_statistic}, p {p_value:p}.'),
('1.f', 3, true, 'VRS definition of the uniformity: D = {d_statistic_vrs}, p {p_value_vrs:p}.'),
('1.f', 4, true, 'VRS definition of the mean directional resolution: {mean_resolution_vrs} Å.'),

('1.g', 1, true, 'The resolution is {fso_05} Å, where half of the directions still agree.'),
('1.g', 2, true, 'The occupancy falls from 90 % to 10 % between {fso_09} and {fso_01} Å.'),

('1.h', 1, true, 'The resolution is {x} Å along X, {y} Å along Y and {z} Å along Z.'),
('1.h', 2, true, 'The global resolution is {global} Å.'),
('1.h', 3, true, 'The sphericity is {sphericity}.');

-- Percentiles
INSERT INTO em_check_text (check_code, ordinal, template, shipped)
SELECT c.check_code, t.ordinal, format(t.template, c.what, c.unit), true
FROM (VALUES ('0.e', 'local resolution', ' Å'), ('0.f', 'local B-factor', ' Å²'), ('0.g', 'local occupancy', ''),
             ('1.c', 'local resolution', ' Å'), ('1.d', 'local resolution', ' Å'), ('1.e', 'local resolution', ' Å'))
         AS c (check_code, what, unit),
     (VALUES (1, E'Percentiles of the %1$s:\n     2.5 %%  {p2_5}%2$s\n    25 %%    {p25}%2$s\n    50 %%    {p50}%2$s\n    75 %%    {p75}%2$s\n    97.5 %%  {p97_5}%2$s'),
             (2, 'The mean over {n} voxels is {mean}%2$s.'))
         AS t (ordinal, template);

INSERT INTO em_check_text (check_code, ordinal, template, shipped)
SELECT c, 3, 'The reported resolution, {reported_resolution} Å, is at percentile {reported_percentile}.', true
FROM unnest('{0.e,1.c,1.d,1.e}'::text[]) AS c
UNION ALL
SELECT '0.g', 3, '{low_occupancy_percent} % of the mask have a low occupancy.', true;

INSERT INTO em_check_text (check_code, ordinal, shipped, template, series, headings, digits, max_rows) VALUES
('0.b', 3, true, 'Size of the largest components and their cumulated share of the raw mask:',
 '{component_voxels,component_cumulated_percent}', '{Rank,Voxels,Cumulated %}', '{0,0,2}', 20),
('0.b', 8, true, 'Mass enclosed at different thresholds:',
 '{voxels,mass_kda,residues}', '{Threshold,Voxels,Mass (kDa),Residues}', '{4,0,2,2}', 25),
('0.d', 5, true, 'Guinier plot (d in Å):',
 '{ln_f,ln_f_fit,n}', '{1/d²,ln|F|,fitted line,coefficients}', '{5,4,4,0}', 16),
('1.a', 15, true, 'Curves by shell (frequency in 1/Å, resolution in Å, DPR in degrees):',
 '{resolution,fsc,dpr,ssnr,n}', '{Frequency,Resolution,FSC,DPR,SSNR,Coefficients}', '{5,2,4,1,3,0}', 24);
