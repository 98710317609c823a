-- Local resolution by local sinusoid models (check 1.d).

CREATE FUNCTION em_resmap(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL,
    max_resolution double precision DEFAULT NULL, step double precision DEFAULT NULL,
    p_value double precision DEFAULT 0.05, whiten boolean DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision, OUT p75 double precision,
    OUT p97_5 double precision, OUT mean double precision, OUT n bigint, OUT spread double precision,
    OUT reported_percentile double precision, OUT assigned_percent double precision, OUT p50_vrs double precision)
    AS 'MODULE_PATHNAME', 'emvalid_resmap' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_resmap(emmap, emmap, emmap, double precision, double precision, emmap, double precision,
                              double precision, double precision, boolean) IS
    'Check 1.d: percentiles (Å) of the local resolution by local sinusoid models, as ResMap, over the voxels of the '
    'mask (the one given, else from the contour) that get one: from 2.2 voxels to max_resolution (4 times the '
    'resolution, or 4 voxels) in steps of `step` Å (1, more when that makes more than 20), at false discovery rate '
    'p_value; whiten: flatten the spectrum of the noise first (NULL: boxes of more than 160 voxels)';

CREATE FUNCTION em_resmap_map(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL,
    max_resolution double precision DEFAULT NULL, step double precision DEFAULT NULL,
    p_value double precision DEFAULT 0.05, whiten boolean DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_resmap_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_resmap_map(emmap, emmap, emmap, double precision, double precision, emmap, double precision,
                                  double precision, double precision, boolean) IS
    'The local resolutions (Å) of em_resmap as a new map; 0 outside the mask and where no resolution was assigned';
