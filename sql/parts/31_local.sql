-- Checks 0.f and 0.g: local B-factor and local occupancy.

CREATE FUNCTION em_local_bfactor(
    map emmap, contour double precision, resolution double precision, sigma_f double precision DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision, OUT p75 double precision,
    OUT p97_5 double precision, OUT mean double precision, OUT n bigint, OUT spread double precision,
    OUT p50_normalised double precision, OUT p50_local double precision, OUT resolution_used double precision)
    AS 'MODULE_PATHNAME', 'emvalid_local_bfactor' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_local_bfactor(emmap, double precision, double precision, double precision) IS
    'Check 0.f: percentiles (Å²) of the local B-factor in the mask, from 10 bands between 15 Å and the resolution, '
    'on the map sampled at half the resolution.  p50_normalised: median without the bias of the bands'' sizes.  '
    'sigma_f: also measure p50_local with bands of that width (1/Å, e.g. 0.016) whatever the size of the box.';

CREATE FUNCTION em_local_bfactor_map(
    map emmap, contour double precision, resolution double precision, sigma_f double precision DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_local_bfactor_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_local_bfactor_map(emmap, double precision, double precision, double precision) IS
    'The local B-factor of em_local_bfactor as a map (Å²; 0 outside the mask), with bands of width sigma_f when given';

CREATE FUNCTION em_local_occupancy(
    map emmap, contour double precision, resolution double precision, sigma_f double precision DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision, OUT p75 double precision,
    OUT p97_5 double precision, OUT mean double precision, OUT n bigint, OUT spread double precision,
    OUT low_occupancy_percent double precision, OUT p50_local double precision,
    OUT resolution_used double precision)
    AS 'MODULE_PATHNAME', 'emvalid_local_occupancy' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_local_occupancy(emmap, double precision, double precision, double precision) IS
    'Check 0.g: percentiles (0..1) of the local occupancy in the mask: the share of the bands between 15 Å and the '
    'resolution in which a voxel reaches the mask''s lower quartile; low_occupancy_percent of the mask is below 0.25.  '
    'The mean is 0.75 by construction.  sigma_f: also measure p50_local with bands of that width (1/Å).';

CREATE FUNCTION em_local_occupancy_map(
    map emmap, contour double precision, resolution double precision, sigma_f double precision DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_local_occupancy_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_local_occupancy_map(emmap, double precision, double precision, double precision) IS
    'The local occupancy of em_local_occupancy as a map (0..1; 0 outside the mask), with bands of width sigma_f when given';
