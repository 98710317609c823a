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

CREATE FUNCTION _em_require_lo() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND em_oid(NEW.map) = OLD.lo THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_user AND r.rolsuper)
       AND NOT EXISTS (SELECT FROM pg_largeobject_metadata o
                       WHERE o.oid = em_oid(NEW.map) AND pg_has_role(current_user, o.lomowner, 'USAGE')) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('large object %s is not yours', em_oid(NEW.map)),
            DETAIL = 'A map takes its large object with it when it is deleted, so an entry may only be given your own.',
            HINT = 'Load the file with em_map_load(), em_map_from_bytea() or lo_import.';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION _em_require_lo() IS
    'Internal: trigger that lets a role give an entry only large objects it owns; superusers, who restore dumps, may give any';

CREATE TRIGGER em_require_lo
    BEFORE INSERT OR UPDATE OF map ON em_entry_map
    FOR EACH ROW EXECUTE FUNCTION _em_require_lo();
COMMENT ON TRIGGER em_require_lo ON em_entry_map IS 'no entry may be given the large object of somebody else';

CREATE TRIGGER em_manage_lo
    AFTER UPDATE OR DELETE ON em_entry_map
    FOR EACH ROW EXECUTE FUNCTION em_manage_lo();
COMMENT ON TRIGGER em_manage_lo ON em_entry_map IS 'removes large objects no longer in use';

CREATE TRIGGER em_manage_lo_truncate
    BEFORE TRUNCATE ON em_entry_map
    FOR EACH STATEMENT EXECUTE FUNCTION em_manage_lo();
COMMENT ON TRIGGER em_manage_lo_truncate ON em_entry_map IS 'removes all large objects of the table; fires for TRUNCATE em_entry CASCADE as well';
