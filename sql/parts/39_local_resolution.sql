-- Check 0.e: local resolution from one map.

CREATE FUNCTION em_local_resolution(
    map emmap, contour double precision, resolution double precision, mask emmap DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision, OUT p75 double precision,
    OUT p97_5 double precision, OUT mean double precision, OUT n bigint, OUT spread double precision,
    OUT reported_percentile double precision, OUT noise_outside integer, OUT no_signal_percent double precision,
    OUT clipped_percent double precision, OUT finest_value double precision)
    AS 'MODULE_PATHNAME', 'emvalid_local_resolution' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_local_resolution(emmap, double precision, double precision, emmap) IS
    'Check 0.e: percentiles (Å) of the local resolution from one map, by a regressor on the local spectrum, over the '
    'mask: the one given (>= 0.5), else the largest component at the contour, dilated by 2 Å.  Values are clipped to '
    'finest_value (2.3 Å or two voxels) and 14 Å; clipped_percent of the points were.  no_signal_percent of the points '
    'hold less than twice the noise outside in every band and count as 14 Å.  noise_outside 0: the outside of the mask '
    'was constant or too small to compare with, so the shape of the spectrum alone was used.  For reported resolutions '
    'of 2 to 13 Å.';

CREATE FUNCTION em_local_resolution_map(
    map emmap, contour double precision, resolution double precision, mask emmap DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_local_resolution_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_local_resolution_map(emmap, double precision, double precision, emmap) IS
    'The local resolution of em_local_resolution as a map (Å; 0 outside the mask)';

INSERT INTO em_measure_info (check_code, ordinal, shipped, name, label, unit, digits, description, words) VALUES
('0.e', 20, true, 'noise_outside', 'noise outside the mask to compare with', '', 0,
 '0: the outside is constant or too small', '{none; the shape of the local spectrum alone was used,yes}');
INSERT INTO em_measure_info (check_code, ordinal, shipped, name, label, unit, digits, description) VALUES
('0.e', 21, true, 'no_signal_percent', 'share of the mask without signal', '%', 1,
 'every band holds less than twice the noise outside; counted as 14 Å'),
('0.e', 22, true, 'clipped_percent', 'share of the mask with a clipped value', '%', 1, 'outside the range of the method'),
('0.e', 23, true, 'finest_value', 'finest value the method can give', 'Å', 2, '2.3 Å, or two voxels');
