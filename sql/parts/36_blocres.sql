-- Local resolution by the Fourier shell correlation of small boxes (check 1.c).

CREATE FUNCTION em_blocres(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL,
    box integer DEFAULT 20, step integer DEFAULT 0, fast boolean DEFAULT false,
    cutoff double precision DEFAULT 0.5, max_resolution double precision DEFAULT NULL,
    OUT p2_5 double precision, OUT p25 double precision, OUT p50 double precision, OUT p75 double precision,
    OUT p97_5 double precision, OUT mean double precision, OUT n bigint, OUT spread double precision,
    OUT reported_percentile double precision, OUT points bigint, OUT box_per_resolution double precision)
    AS 'MODULE_PATHNAME', 'emvalid_blocres' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_blocres(emmap, emmap, emmap, double precision, double precision, emmap, integer, integer,
                               boolean, double precision, double precision) IS
    'Check 1.c: percentiles (Å) over the mask (the one given, else from the contour) of the local resolution by the '
    'FSC of boxes of `box` voxels, as blocres of Bsoft; every step-th voxel is measured and the rest interpolated '
    '(0: chosen from the time it takes, 1: every voxel); fast: shell by shell over the whole map; '
    'points counts the boxes measured; box_per_resolution should be 5 or more';

CREATE FUNCTION em_blocres_map(
    half1 emmap, half2 emmap, map emmap DEFAULT NULL, contour double precision DEFAULT NULL,
    resolution double precision DEFAULT NULL, mask emmap DEFAULT NULL,
    box integer DEFAULT 20, step integer DEFAULT 0, fast boolean DEFAULT false,
    cutoff double precision DEFAULT 0.5, max_resolution double precision DEFAULT NULL)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_blocres_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_blocres_map(emmap, emmap, emmap, double precision, double precision, emmap, integer, integer,
                                   boolean, double precision, double precision) IS
    'The local resolutions (Å) of em_blocres as a new map; 0 outside the mask';
