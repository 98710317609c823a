/*
 * 40_header_xml.sql: EMDB header XML, versions 1.9 and 3, read with PostgreSQL's own XML functions.
 *
 * Elements are found by local name, so that any namespace will do; what is
 * missing, empty or malformed gives NULL.  The document is parsed once.
 */

CREATE FUNCTION _em_xpath(path text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
RETURN '(' || regexp_replace(path, '(\w+)', '*[local-name() = "\1"]', 'g') || ')[normalize-space() != ""]';
COMMENT ON FUNCTION _em_xpath(text) IS
    'Internal: XPath of the elements at a path, or at any of several paths separated by |, whatever their namespace, empty ones left out';

CREATE FUNCTION _em_number(value text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN btrim(value, E' \t\r\n') ~ '^[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?$'
    THEN btrim(value, E' \t\r\n')::float8
END;
COMMENT ON FUNCTION _em_number(text) IS 'Internal: the number a text holds, NULL when it holds anything else';

CREATE FUNCTION _em_date(value text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
RETURN (
    SELECT CASE WHEN d < make_date(y, m, 1) + interval '1 month' THEN d END
    FROM (SELECT y, m, CASE WHEN m BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31 THEN make_date(y, m, 1) + (day - 1) END AS d
          FROM (SELECT p[1]::int AS y, p[2]::int AS m, p[3]::int AS day
                FROM regexp_match(value, '^\s*([12][0-9]{3})-([0-9]{2})-([0-9]{2})(?![0-9])') AS p) AS parts) AS made
);
COMMENT ON FUNCTION _em_date(text) IS 'Internal: the date that an ISO 8601 text begins with, NULL when it begins with none';

CREATE FUNCTION _em_xml_texts(elements xml) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 50
AS $$
BEGIN
    RETURN (
        SELECT pg_catalog.array_agg(pg_catalog.btrim(pg_catalog.regexp_replace(t.content, '\s+', ' ', 'g')) ORDER BY t.n)
        FROM XMLTABLE('/list/*' PASSING XMLPARSE(DOCUMENT '<list>' OPERATOR(pg_catalog.||) elements::text OPERATOR(pg_catalog.||) '</list>')
                      COLUMNS n FOR ORDINALITY, content text PATH 'string(.)') AS t);
END;
$$;
COMMENT ON FUNCTION _em_xml_texts(xml) IS 'Internal: texts of a sequence of elements, white space tidied; NULL when there are none';

CREATE FUNCTION em_header_xml(header xml,
    OUT schema_version text, OUT emdb_id text, OUT title text, OUT authors text[], OUT deposited date,
    OUT method text, OUT resolution float8, OUT resolution_method text,
    OUT contour float8, OUT contour_source text, OUT contours jsonb, OUT pdb_ids text[],
    OUT map_file text, OUT half_map_files text[], OUT voxel_size float8[],
    OUT minimum float8, OUT maximum float8, OUT average float8, OUT std float8)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT CASE WHEN h.root = 'emd' THEN coalesce(h.version, '3')
                WHEN h.root = 'emdEntry' THEN coalesce(h.version, '1.9') END,
           coalesce(h.emdb_id, 'EMD-' || h.access_code),
           btrim(regexp_replace(h.title, '\s+', ' ', 'g')),
           coalesce(_em_xml_texts(h.author_list),
                    regexp_split_to_array(btrim(regexp_replace(h.author_text, '\s+', ' ', 'g')), '\s*[,;]\s*')),
           _em_date(h.deposited),
           btrim(h.method),
           (SELECT _em_number(h.resolution) WHERE _em_number(h.resolution) > 0),
           btrim(h.resolution_method),
           c.contour, c.contour_source, c.contours,
           (SELECT array_agg(DISTINCT lower(p)) FROM unnest(_em_xml_texts(h.pdb_list)) AS p),
           btrim(h.map_file),
           _em_xml_texts(h.half_maps),
           CASE WHEN _em_number(h.voxel_x) > 0 AND _em_number(h.voxel_y) > 0 AND _em_number(h.voxel_z) > 0
                THEN ARRAY[_em_number(h.voxel_x), _em_number(h.voxel_y), _em_number(h.voxel_z)] END,
           _em_number(h.minimum), _em_number(h.maximum), _em_number(h.average), _em_number(h.std)
    INTO schema_version, emdb_id, title, authors, deposited, method, resolution, resolution_method,
         contour, contour_source, contours, pdb_ids, map_file, half_map_files, voxel_size,
         minimum, maximum, average, std
    FROM XMLTABLE('/*' PASSING header COLUMNS
             root text PATH 'local-name()',
             version text PATH '@version',
             emdb_id text PATH '@emdb_id',
             access_code text PATH '@accessCode',
             title text PATH _em_xpath('admin/title | deposition/title') || '[1]',
             author_list xml PATH _em_xpath('admin/authors_list/author'),
             author_text text PATH _em_xpath('deposition/authors') || '[1]',
             deposited text PATH _em_xpath('admin/key_dates/deposition | deposition/depositionDate') || '[1]',
             method text PATH _em_xpath('structure_determination_list/structure_determination/method | processing/method') || '[1]',
             resolution text PATH _em_xpath('structure_determination_list/structure_determination/*/final_reconstruction/resolution'
                                           ' | processing/reconstruction/resolutionByAuthor') || '[1]',
             resolution_method text PATH _em_xpath('structure_determination_list/structure_determination/*/final_reconstruction/resolution_method'
                                                  ' | processing/reconstruction/resolutionMethod') || '[1]',
             contour_list xml PATH _em_xpath('map/contour_list/contour | map/contourLevel'),
             pdb_list xml PATH _em_xpath('crossreferences/pdb_list/pdb_reference/pdb_id'
                                        ' | deposition/fittedPDBEntryIdList/fittedPDBEntryId'),
             map_file text PATH _em_xpath('map/file') || '[1]',
             half_maps xml PATH _em_xpath('interpretation/half_map_list/half_map/file'),
             voxel_x text PATH _em_xpath('map/pixel_spacing/x | map/pixelSpacing/pixelX') || '[1]',
             voxel_y text PATH _em_xpath('map/pixel_spacing/y | map/pixelSpacing/pixelY') || '[1]',
             voxel_z text PATH _em_xpath('map/pixel_spacing/z | map/pixelSpacing/pixelZ') || '[1]',
             minimum text PATH _em_xpath('map/statistics/minimum') || '[1]',
             maximum text PATH _em_xpath('map/statistics/maximum') || '[1]',
             average text PATH _em_xpath('map/statistics/average') || '[1]',
             std text PATH _em_xpath('map/statistics/std') || '[1]') AS h
    LEFT JOIN LATERAL (
        SELECT (array_agg(l.level ORDER BY l.is_primary DESC, l.n))[1] AS contour,
               (array_agg(l.source ORDER BY l.is_primary DESC, l.n))[1] AS contour_source,
               jsonb_agg(jsonb_build_object('level', l.level, 'source', l.source, 'primary', l.is_primary) ORDER BY l.n) AS contours
        FROM (
            SELECT t.n,
                   _em_number(coalesce(t.level, t.content)) AS level,
                   lower(coalesce(t.source, t.source_attribute)) AS source,
                   coalesce(btrim(t.is_primary) IN ('true', '1'), false) AS is_primary
            FROM XMLTABLE('/list/*' PASSING XMLPARSE(DOCUMENT '<list>' || h.contour_list::text || '</list>') COLUMNS
                     n FOR ORDINALITY,
                     is_primary text PATH '@primary',
                     source_attribute text PATH '@source',
                     level text PATH _em_xpath('level') || '[1]',
                     source text PATH _em_xpath('source') || '[1]',
                     content text PATH 'string(.)') AS t
        ) AS l
        WHERE l.level IS NOT NULL
    ) AS c ON true
    LIMIT 1;
END;
$$;
COMMENT ON FUNCTION em_header_xml(xml) IS
    'what an EMDB header says, version 1.9 or 3: the contour is the one flagged primary, else the first; resolution and voxel size (x, y, z) in Å; '
    'schema_version is NULL when the document is no EMDB header';
