-- Fourier shell occupancy and 3D FSC of two half maps.

CREATE FUNCTION em_fso(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 17,
    threshold double precision DEFAULT 0.143,
    OUT shell integer, OUT frequency double precision, OUT resolution double precision, OUT fso double precision,
    OUT anisotropy double precision, OUT bingham double precision, OUT bingham_p double precision,
    OUT bingham_p_vrs double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fso' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_fso(emmap, emmap, emmap, double precision, double precision) IS
    'Check 1.g: Fourier shell occupancy, the share of 321 directions whose FSC in a weighted cone (half angle in '
    'degrees) reaches the threshold, and Bingham''s test that those directions are uniform: statistic, p-value, '
    'anisotropy = 1 - p-value, and what Xmipp stores as anisotropy (_vrs)';

CREATE FUNCTION em_fso_resolution(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 17,
    threshold double precision DEFAULT 0.143,
    OUT fso_05 double precision, OUT fso_09 double precision, OUT fso_01 double precision,
    OUT anisotropy double precision, OUT directional_min double precision, OUT directional_p10 double precision,
    OUT directional_median double precision, OUT directional_p90 double precision,
    OUT directional_max double precision, OUT directional_mean double precision, OUT directions_unresolved integer)
    AS 'MODULE_PATHNAME', 'emvalid_fso_resolution' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_fso_resolution(emmap, emmap, emmap, double precision, double precision) IS
    'Check 1.g: resolutions (Å) at an occupancy of 0.5, 0.9 and 0.1, the anisotropy at 0.5, the distribution of the '
    'directional resolution over the sphere (Å), and directions whose FSC never falls to the threshold';

CREATE FUNCTION em_fso_directions(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 17,
    threshold double precision DEFAULT 0.143,
    OUT rot double precision, OUT tilt double precision, OUT resolution double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fso_directions' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 32760;
COMMENT ON FUNCTION em_fso_directions(emmap, emmap, emmap, double precision, double precision) IS
    'Resolution by direction (Å) on a grid of one degree over the half sphere: axis (cos rot sin tilt, '
    'sin rot sin tilt, cos tilt), degrees';

CREATE FUNCTION em_fsc3d(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 20,
    OUT shell integer, OUT frequency double precision, OUT resolution double precision,
    OUT x double precision, OUT y double precision, OUT z double precision, OUT global double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fsc3d' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_fsc3d(emmap, emmap, emmap, double precision) IS
    'Check 1.h: FSC in cones (half angle in degrees) about x, y and z, and of whole shells';

CREATE FUNCTION em_fsc3d_summary(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 20,
    threshold double precision DEFAULT 0.143, sphericity_threshold double precision DEFAULT 0.5,
    OUT x double precision, OUT y double precision, OUT z double precision, OUT global double precision,
    OUT sphericity double precision, OUT anisotropy_min double precision, OUT anisotropy_max double precision)
    AS 'MODULE_PATHNAME', 'emvalid_fsc3d_summary' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_fsc3d_summary(emmap, emmap, emmap, double precision, double precision, double precision) IS
    'Check 1.h: resolutions (Å) where the FSC about x, y, z and of whole shells falls below the threshold, their '
    'range, and the sphericity of the part of the 3D FSC above its own threshold (1 for a ball)';

CREATE FUNCTION em_fsc3d_map(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, cone double precision DEFAULT 20)
    RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_fsc3d_map' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION em_fsc3d_map(emmap, emmap, emmap, double precision) IS
    'The 3D FSC as a map: frequency 0 in the middle, one Fourier shell a voxel (voxel size in 1/Å), ends four shells '
    'after the global FSC comes within 0.13 of 0';
