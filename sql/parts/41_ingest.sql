/*
 * 41_ingest.sql: making and updating entries.
 */

CREATE FUNCTION _em_put_map(entry_id text, role text, map emmap, file_name text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 200
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    owner record;
BEGIN
    SELECT m.entry_id, m.role INTO owner
    FROM em_entry_map m
    WHERE m.lo = em_oid(_em_put_map.map)
      AND (m.entry_id, m.role) <> (_em_put_map.entry_id, _em_put_map.role);
    IF FOUND THEN
        RAISE EXCEPTION 'large object % already belongs to the map "%" of entry "%"',
                        em_oid(_em_put_map.map), owner.role, owner.entry_id
        USING ERRCODE = 'unique_violation',
              DETAIL = 'Each map owns its large object, which is removed together with it.',
              HINT = 'Import the file once more to use it in another place.';
    END IF;

    INSERT INTO em_entry_map AS m (entry_id, role, map, file_name)
    VALUES (_em_put_map.entry_id, _em_put_map.role, _em_put_map.map, _em_put_map.file_name)
    ON CONFLICT (entry_id, role) DO UPDATE
        SET map = EXCLUDED.map,
            file_name = coalesce(EXCLUDED.file_name, m.file_name),
            added = CASE WHEN m.map = EXCLUDED.map THEN m.added ELSE now() END
        WHERE m.map <> EXCLUDED.map
           OR m.file_name IS DISTINCT FROM coalesce(EXCLUDED.file_name, m.file_name);
END;
$$;
COMMENT ON FUNCTION _em_put_map(text, text, emmap, text) IS
    'Internal: gives an entry a map in a role; a map that is there already is replaced, and its large object removed, only when a different one is given';

CREATE FUNCTION em_ingest(
    entry_id text,
    map emmap,
    half1 emmap DEFAULT NULL,
    half2 emmap DEFAULT NULL,
    contour float8 DEFAULT NULL,
    resolution float8 DEFAULT NULL,
    title text DEFAULT NULL,
    header xml DEFAULT NULL,
    mask emmap DEFAULT NULL,
    mask_role text DEFAULT 'mask',
    pdb_ids text[] DEFAULT NULL,
    deposited date DEFAULT NULL,
    method text DEFAULT NULL,
    authors text[] DEFAULT NULL,
    map_file text DEFAULT NULL,
    half1_file text DEFAULT NULL,
    half2_file text DEFAULT NULL,
    mask_file text DEFAULT NULL,
    model bytea DEFAULT NULL,
    model_file text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    id      text := btrim(em_ingest.entry_id, E' \t\r\n');
    xml_row record;
BEGIN
    SELECT * INTO xml_row FROM em_header_xml(em_ingest.header);
    id := coalesce(nullif(id, ''), xml_row.emdb_id);

    IF id IS NULL THEN
        RAISE EXCEPTION 'an entry needs a name'
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'Give entry_id, or a header XML that has one.';
    END IF;
    IF em_ingest.resolution IS NOT NULL AND NOT (em_ingest.resolution > 0 AND em_ingest.resolution < 'Infinity') THEN
        RAISE EXCEPTION 'resolution must be a positive number of Å, not %', em_ingest.resolution
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT _em_is_finite(em_ingest.contour) THEN
        RAISE EXCEPTION 'contour must be a finite number, not %', em_ingest.contour
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF em_ingest.header IS NOT NULL AND xml_row.schema_version IS NULL THEN
        RAISE WARNING 'the header XML of entry "%" is no EMDB header, nothing was taken from it', id;
    ELSIF xml_row.emdb_id <> id AND id ~ '^EMD-[0-9]+$' THEN
        RAISE WARNING 'the header XML of entry "%" is that of %', id, xml_row.emdb_id;
    END IF;
    IF em_ingest.map IS NULL AND NOT EXISTS (SELECT FROM em_entry e WHERE e.entry_id = id) THEN
        RAISE EXCEPTION 'entry "%" is new and needs a map', id
        USING ERRCODE = 'null_value_not_allowed',
              HINT = 'Make one with em_map(), em_map_load() or em_map_from_bytea().';
    END IF;

    INSERT INTO em_entry AS e (entry_id, title, authors, deposited, method, resolution, resolution_method,
                               contour, contour_source, contours, pdb_ids, header)
    VALUES (id,
            coalesce(em_ingest.title, xml_row.title),
            coalesce(em_ingest.authors, xml_row.authors),
            coalesce(em_ingest.deposited, xml_row.deposited),
            coalesce(em_ingest.method, xml_row.method),
            coalesce(em_ingest.resolution, xml_row.resolution),
            CASE WHEN em_ingest.resolution IS NULL THEN xml_row.resolution_method END,
            coalesce(em_ingest.contour, xml_row.contour),
            CASE WHEN em_ingest.contour IS NULL THEN xml_row.contour_source ELSE 'argument' END,
            xml_row.contours,
            coalesce(em_ingest.pdb_ids, xml_row.pdb_ids),
            em_ingest.header)
    ON CONFLICT (entry_id) DO UPDATE SET
            title = coalesce(EXCLUDED.title, e.title),
            authors = coalesce(EXCLUDED.authors, e.authors),
            deposited = coalesce(EXCLUDED.deposited, e.deposited),
            method = coalesce(EXCLUDED.method, e.method),
            resolution = coalesce(EXCLUDED.resolution, e.resolution),
            resolution_method = CASE WHEN EXCLUDED.resolution IS NULL THEN e.resolution_method ELSE EXCLUDED.resolution_method END,
            contour = coalesce(EXCLUDED.contour, e.contour),
            contour_source = CASE WHEN EXCLUDED.contour IS NULL THEN e.contour_source ELSE EXCLUDED.contour_source END,
            contours = coalesce(EXCLUDED.contours, e.contours),
            pdb_ids = coalesce(EXCLUDED.pdb_ids, e.pdb_ids),
            header = coalesce(EXCLUDED.header, e.header),
            updated = now();

    IF em_ingest.map IS NOT NULL THEN
        PERFORM _em_put_map(id, 'map', em_ingest.map, coalesce(em_ingest.map_file, xml_row.map_file));
    END IF;
    IF em_ingest.half1 IS NOT NULL THEN
        PERFORM _em_put_map(id, 'half1', em_ingest.half1, coalesce(em_ingest.half1_file, xml_row.half_map_files[1]));
    END IF;
    IF em_ingest.half2 IS NOT NULL THEN
        PERFORM _em_put_map(id, 'half2', em_ingest.half2, coalesce(em_ingest.half2_file, xml_row.half_map_files[2]));
    END IF;
    IF em_ingest.mask IS NOT NULL THEN
        PERFORM _em_put_map(id, em_ingest.mask_role, em_ingest.mask, em_ingest.mask_file);
    END IF;
    IF em_ingest.model IS NOT NULL OR em_ingest.model_file IS NOT NULL THEN
        INSERT INTO em_entry_file AS f (entry_id, role, file_name, sha256, content)
        VALUES (id, 'model', em_ingest.model_file, encode(sha256(em_ingest.model), 'hex'), em_ingest.model)
        ON CONFLICT (entry_id, role) DO UPDATE
            SET file_name = coalesce(EXCLUDED.file_name, f.file_name),
                sha256 = coalesce(EXCLUDED.sha256, f.sha256),
                content = coalesce(EXCLUDED.content, f.content),
                added = now();
    END IF;
    RETURN id;
END;
$$;
COMMENT ON FUNCTION em_ingest(text, emmap, emmap, emmap, float8, float8, text, xml, emmap, text, text[], date, text, text[],
                              text, text, text, text, bytea, text) IS
    'creates or updates an entry and returns its name; arguments win over the EMDB header XML, the header over what the entry has already; '
    'entry_id NULL takes the name from the header; resolution in Å, contour in grey values of the map; maps are replaced only when different ones are given';
