/*
 * 21_large_objects.sql: the large object of a map goes when its row goes.
 *
 * The triggers never fire during a restore (they act on UPDATE, DELETE and
 * TRUNCATE only) and never read the large object.
 */

CREATE FUNCTION em_manage_lo() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM lo_unlink(m.lo)
        FROM em_entry_map m
        WHERE EXISTS (SELECT FROM pg_largeobject_metadata o WHERE o.oid = m.lo);
        RETURN NULL;
    END IF;

    IF TG_OP = 'UPDATE' AND NEW.lo IS NOT DISTINCT FROM OLD.lo THEN
        RETURN NULL;
    END IF;
    PERFORM lo_unlink(o.oid)
    FROM pg_largeobject_metadata o
    WHERE o.oid = OLD.lo
      AND NOT EXISTS (SELECT FROM em_entry_map m WHERE m.lo = OLD.lo);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION em_manage_lo() IS
    'trigger: removes the large object of a map that was deleted, replaced or truncated; only the owner of a large object may remove it, so others cannot remove the row either';

CREATE TRIGGER em_manage_lo
    AFTER UPDATE OR DELETE ON em_entry_map
    FOR EACH ROW EXECUTE FUNCTION em_manage_lo();
COMMENT ON TRIGGER em_manage_lo ON em_entry_map IS 'removes large objects no longer in use';

CREATE TRIGGER em_manage_lo_truncate
    BEFORE TRUNCATE ON em_entry_map
    FOR EACH STATEMENT EXECUTE FUNCTION em_manage_lo();
COMMENT ON TRIGGER em_manage_lo_truncate ON em_entry_map IS 'removes all large objects of the table; fires for TRUNCATE em_entry CASCADE as well';
