-- Measuring functions.  Each runs one check on a workbench of its own; result columns carry the
-- names of em_measure.  A quantity that does not apply or cannot be measured is a WARNING and NULLs.

CREATE FUNCTION em_map_stats(m emmap, OUT n bigint, OUT min double precision, OUT max double precision,
                             OUT mean double precision, OUT sd double precision, OUT sum double precision,
                             OUT not_finite bigint, OUT zeros bigint)
    AS 'MODULE_PATHNAME', 'emvalid_map_stats' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION em_map_stats(emmap) IS
    'Voxel statistics in one pass: finite voxels n, min, max, mean, population sd, sum; '
    'not_finite counts NaN and infinite voxels, zeros those that are exactly 0';

CREATE FUNCTION em_mass_analysis(
    map emmap, contour double precision,
    OUT left_x double precision, OUT right_x double precision,
    OUT left_y double precision, OUT right_y double precision,
    OUT left_z double precision, OUT right_z double precision,
    OUT decentering_x double precision, OUT decentering_y double precision, OUT decentering_z double precision,
    OUT com_x double precision, OUT com_y double precision, OUT com_z double precision,
    OUT com_decentering_x double precision, OUT com_decentering_y double precision,
    OUT com_decentering_z double precision)
    AS 'MODULE_PATHNAME', 'emvalid_mass_analysis' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_mass_analysis(emmap, double precision) IS
    'Check 0.a: free space around the mask (Å), its decentering (% of the box), centre of mass of the positive '
    'density inside the mask (voxels from 0) and its decentering (%)';

CREATE FUNCTION em_mask_analysis(
    map emmap, contour double precision,
    OUT components bigint, OUT voxels bigint, OUT volume double precision, OUT components_95 bigint,
    OUT remaining bigint, OUT remaining_mean_voxels double precision, OUT remaining_mean_volume double precision,
    OUT remaining_max_voxels bigint, OUT remaining_min_voxels bigint, OUT noise_mass_percent double precision,
    OUT constructed_voxels bigint, OUT constructed_volume double precision, OUT overlap double precision)
    AS 'MODULE_PATHNAME', 'emvalid_mask_analysis' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_mask_analysis(emmap, double precision) IS
    'Check 0.b: 26-connected components at the contour level, those that hold 95 % of the voxels, what remains, '
    'and the mask built from the largest one (volumes in Å³)';

CREATE FUNCTION em_mass_table(
    map emmap,
    OUT threshold double precision, OUT voxels bigint, OUT mass_kda double precision, OUT residues double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_mass_table' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000 ROWS 24;
COMMENT ON FUNCTION em_mass_table(emmap) IS
    'Voxels above 24 thresholds (multiples of max/25), their mass (kDa at 1.207 Å³/Da) and amino-acid residues '
    '(110 Da each)';

CREATE FUNCTION em_background_stats(
    map emmap, contour double precision,
    OUT n bigint, OUT mean double precision, OUT sd double precision, OUT t double precision, OUT p double precision,
    OUT outliers bigint, OUT outlier_percent double precision, OUT gaussian_percent double precision,
    OUT outlier_ratio double precision, OUT effect_size double precision,
    OUT blocks bigint, OUT t_blocks double precision, OUT p_blocks double precision)
    AS 'MODULE_PATHNAME', 'emvalid_background_stats' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_background_stats(emmap, double precision) IS
    'Check 0.c: voxels outside the mask: Student t-test of mean 0, voxels beyond 5 sd of the mean against a '
    'Gaussian, |mean|/sd as effect size, and a t-test on block means that allows for correlated voxels';

CREATE FUNCTION em_guinier(map emmap, OUT inv_d2 double precision, OUT ln_f double precision, OUT n bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_guinier' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_guinier(emmap) IS
    'Guinier profile: 1/d² (1/Å²), ln of the shell mean of |F|/voxels, coefficients in the shell';

CREATE FUNCTION em_bfactor(
    map emmap, resolution double precision,
    OUT bfactor double precision, OUT slope double precision, OUT intercept double precision,
    OUT correlation double precision, OUT points bigint)
    AS 'MODULE_PATHNAME', 'emvalid_bfactor' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_bfactor(emmap, double precision) IS
    'B-factor (Å², negative for a decaying spectrum) from the Guinier line between 15 Å and the resolution (Å)';

CREATE FUNCTION em_fsc(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL,
    OUT shell integer, OUT frequency double precision, OUT resolution double precision, OUT fsc double precision,
    OUT dpr double precision, OUT ssnr double precision, OUT n bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fsc' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_fsc(emmap, emmap, emmap) IS
    'Fourier shell correlation, differential phase residual (degrees) and spectral signal-to-noise ratio of two '
    'half maps, one row a shell: frequency (1/Å), resolution (Å), n coefficients of the full sphere; with a mask '
    'both half maps are multiplied by it first';

CREATE FUNCTION em_global_resolution(
    half1 emmap, half2 emmap,
    OUT fsc_0143 double precision, OUT fsc_05 double precision, OUT fsc_09 double precision,
    OUT dpr double precision, OUT dpr_fsc0143 double precision, OUT ssnr double precision,
    OUT crossings_0143 integer)
    AS 'MODULE_PATHNAME', 'emvalid_global_resolution' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_global_resolution(emmap, emmap) IS
    'Check 1.a: resolutions (Å, NULL when not crossed) at FSC 0.143, 0.5, 0.9, DPR 45° and 94.6°, SSNR 1, and how '
    'often the FSC falls below 0.143';
