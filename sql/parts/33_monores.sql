-- Check 1.e: local resolution by MonoRes.

CREATE FUNCTION em_monores(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL, fast boolean DEFAULT false,
    max_resolution double precision DEFAULT NULL, step double precision DEFAULT NULL,
    significance double precision DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision,
    OUT p75 double precision, OUT p97_5 double precision, OUT mean double precision,
    OUT n bigint, OUT spread double precision,
    OUT reported_percentile double precision, OUT evaluations integer, OUT fast_mode integer,
    OUT p2_5_vrs double precision, OUT p25_vrs double precision, OUT p50_vrs double precision,
    OUT p75_vrs double precision, OUT p97_5_vrs double precision, OUT reported_percentile_vrs double precision)
    AS 'MODULE_PATHNAME', 'emvalid_monores' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_monores(emmap, emmap, emmap, double precision, double precision, emmap, boolean,
                               double precision, double precision, double precision) IS
    'Check 1.e: percentiles (Å) of the local resolution by MonoRes in the mask: the one given (> 0.5), else the '
    'largest component of the map (or of the mean of the half maps) at the contour, dilated by 2 Å.  The sweep '
    'starts at max_resolution (Å; else the larger of 10 and 5 times the resolution) and goes on in steps of `step` '
    '(0.5 Å); significance (0.95) is the quantile of the noise a voxel must pass.  fast: only the mask''s '
    'surroundings, noise from a sample.  With a map but no half maps the noise is the map outside the mask.';

CREATE FUNCTION em_monores_map(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL, fast boolean DEFAULT false,
    max_resolution double precision DEFAULT NULL, step double precision DEFAULT NULL,
    significance double precision DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_monores_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_monores_map(emmap, emmap, emmap, double precision, double precision, emmap, boolean,
                                   double precision, double precision, double precision) IS
    'The local resolution of em_monores as a map (Å; 0 outside the mask)';
