-- Check 1.f: directional local resolution by MonoDir.

CREATE FUNCTION em_monodir(
    map emmap, contour double precision, resolution double precision,
    half1 emmap DEFAULT NULL, half2 emmap DEFAULT NULL,
    OUT mean_resolution double precision, OUT d_statistic double precision, OUT p_value double precision,
    OUT d_statistic_vrs double precision, OUT p_value_vrs double precision,
    OUT highest_median double precision, OUT lowest_median double precision,
    OUT doa_p25 double precision, OUT doa_p50 double precision, OUT doa_p75 double precision,
    OUT n bigint, OUT n_effective double precision, OUT noise_from_halves integer)
    AS 'MODULE_PATHNAME', 'emvalid_monodir' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_monodir(emmap, double precision, double precision, emmap, emmap) IS
    'Check 1.f: local resolution (Å) in 46 directions by MonoDir, in the mask of the map at the contour.  d_statistic and '
    'p_value: are the directions of highest resolution uniform?  doa: half the distance of the 17 % and 83 % quantiles over '
    'the directions.  The noise is the map beyond the mask, or the half maps when nothing is left there.';

CREATE FUNCTION em_monodir_histogram(
    map emmap, contour double precision, resolution double precision,
    half1 emmap DEFAULT NULL, half2 emmap DEFAULT NULL,
    OUT direction double precision, OUT direction_histogram double precision, OUT direction_resolution double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_monodir_histogram' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_monodir_histogram(emmap, double precision, double precision, emmap, emmap) IS
    'em_monodir''s directions, ordered by tilt: voxels with their highest resolution there, median resolution (Å)';
