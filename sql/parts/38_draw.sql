-- Pictures of maps, as PNG.

CREATE FUNCTION em_slice_png(map emmap, axis text DEFAULT 'z', index integer DEFAULT NULL, contour double precision DEFAULT NULL)
    RETURNS bytea
    AS 'MODULE_PATHNAME', 'emvalid_slice_png' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_slice_png(emmap, text, integer, double precision) IS
    'PNG of the slice perpendicular to an axis (x, y, z) at an index from 0, the middle one when NULL; '
    'with a contour level its outline is drawn';

CREATE FUNCTION em_max_variance_slice_png(map emmap, axis text DEFAULT 'z', contour double precision DEFAULT NULL)
    RETURNS bytea
    AS 'MODULE_PATHNAME', 'emvalid_max_variance_slice_png' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_max_variance_slice_png(emmap, text, double precision) IS
    'PNG of the slice perpendicular to an axis whose values vary most';

CREATE FUNCTION em_projection_png(map emmap, axis text DEFAULT 'z') RETURNS bytea
    AS 'MODULE_PATHNAME', 'emvalid_projection_png' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_projection_png(emmap, text) IS
    'PNG of the projection along an axis: sum of the voxels times the voxel size (Å)';

CREATE FUNCTION em_isosurface_png(map emmap, level double precision, view integer DEFAULT 1, colour emmap DEFAULT NULL,
                                  low double precision DEFAULT NULL, high double precision DEFAULT NULL)
    RETURNS bytea
    AS 'MODULE_PATHNAME', 'emvalid_isosurface_png' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_isosurface_png(emmap, double precision, integer, emmap, double precision, double precision) IS
    'PNG of the surface at a level, seen from one of three sides: turned by (0,-90,-90), (-90,0,-90) or (0,0,0) degrees about '
    'x, y, z. A second map of the same box, such as a local resolution, colours it from low to high (its least and greatest '
    'value inside when NULL). Maps beyond 256 voxels a side are drawn from block means';

CREATE FUNCTION em_pictures(map emmap, level double precision DEFAULT NULL, what text DEFAULT NULL,
                            OUT kind text, OUT part text, OUT png bytea, OUT factor integer)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_pictures' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 12;
COMMENT ON FUNCTION em_pictures(emmap, double precision, text) IS
    'All pictures of a report from one pass over the map: kinds slice, variance and projection with an axis as part, and, with a '
    'level, surface with a view; beyond 256 voxels a side from means of factor^3 voxels; '
    'what: one kind';
