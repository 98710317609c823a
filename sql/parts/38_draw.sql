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
    'x, y, z. A second map that covers the same box, such as a local resolution, colours it from low to high (its least and greatest '
    'value inside when NULL). Maps beyond 256 voxels a side are drawn from block means';

CREATE TYPE em_picture AS (kind text, part text, png bytea, factor integer);
COMMENT ON TYPE em_picture IS
    'a picture of a map: what it shows (kind), its axis, view or local measure (part), the PNG, and the voxels along the side of a block that was drawn as one';

CREATE FUNCTION em_pictures(map emmap, level double precision DEFAULT NULL, what text DEFAULT NULL,
                            names text[] DEFAULT NULL, local bytea[] DEFAULT NULL, low double precision[] DEFAULT NULL,
                            high double precision[] DEFAULT NULL, units text[] DEFAULT NULL)
    RETURNS SETOF em_picture
    AS 'MODULE_PATHNAME', 'emvalid_pictures' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 20;
COMMENT ON FUNCTION em_pictures(emmap, double precision, text, text[], bytea[], double precision[], double precision[], text[]) IS
    'All pictures of a report from one pass over the map; what: one kind.  Kinds slice, variance and projection, their part an axis; '
    'with a level also surface (part: the view), mask (slices of the raw and the constructed mask), background (voxels outside the mask more than 5 '
    'standard deviations from their mean, added up along each axis), and local: the surface coloured by each of `local` (em_local_map.cells) '
    'from low to high, part: its name and the view.  The three planes of a kind share one grey scale.  Beyond 256 voxels a side from means of factor^3 voxels';
