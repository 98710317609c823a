/*
 * 85_roles.sql: who may do what, and what is left over.
 *
 * Nothing runs with the rights of its owner: a role can do what its privileges
 * on tables, large objects and files allow, through functions as without them.
 */

-- Steps of a validation: only for those who may validate.
REVOKE EXECUTE ON FUNCTION
    _em_bench_open(emmap, emmap, emmap, emmap, double precision, double precision, text[]), _em_bench_check(text, text),
    _em_bench_close(), _em_bench_label(text), _em_bench_for(text, text[]), _em_run_begin(text, text[]),
    _em_run_check(bigint, text, text), _em_run_end(bigint), _em_map_require(emmap), _em_job_failed(bigint, text, text),
    _em_job_begin(em_job, bigint), _em_job_claim(), _em_job_step(bigint), _em_job_hold(int, int), _em_job_release(),
    em_launch_worker(int, interval)
FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION _em_put_map(text, text, emmap, text) FROM PUBLIC;

CREATE FUNCTION _em_grant_lo() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF NOT _em_is_restoring() AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'emvalid_validator')
       AND EXISTS (SELECT FROM pg_largeobject_metadata o WHERE o.oid = NEW.lo AND pg_has_role(o.lomowner, 'USAGE')) THEN
        EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO emvalid_validator', NEW.lo);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _em_grant_lo() IS 'Internal: trigger that lets the role emvalid_validator, if there is one, read a new map of an entry';

CREATE TRIGGER em_grant_lo AFTER INSERT OR UPDATE OF map ON em_entry_map
    FOR EACH ROW EXECUTE FUNCTION _em_grant_lo();
COMMENT ON TRIGGER em_grant_lo ON em_entry_map IS 'lets workers read maps that others own';

CREATE FUNCTION em_setup_roles() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    place text := quote_ident('@extschema@');
    -- Arrays over all entries, which row security cannot take apart
    whole CONSTANT text[] := '{em_percentile_value,_em_archive_chunk,_em_archive_result,_em_archive_column,_em_archive_verdict,_em_archive_violation}';
    some_hidden boolean := (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = 'em_entry'::regclass);
    name text;
    item record;
BEGIN
    FOREACH name IN ARRAY '{emvalid_reader,emvalid_ingester,emvalid_validator,emvalid_admin}'::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
    GRANT emvalid_reader TO emvalid_ingester, emvalid_validator;
    GRANT emvalid_ingester, emvalid_validator TO emvalid_admin;
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO emvalid_reader', place);
    FOR item IN
        SELECT c.oid::regclass AS relation, c.relname, c.relkind
        FROM pg_class c
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        JOIN pg_depend own ON own.classid = 'pg_class'::regclass AND own.objid = 'em_job'::regclass AND own.deptype = 'e' AND own.refobjid = e.oid
        WHERE c.relkind IN ('r', 'v')
    LOOP
        IF item.relname = 'em_entry_file' THEN
            EXECUTE format('GRANT SELECT (entry_id, role, file_name, sha256, added) ON %s TO emvalid_reader', item.relation);
        ELSIF some_hidden AND item.relname = ANY (whole) THEN
            EXECUTE format('REVOKE SELECT ON %s FROM emvalid_reader', item.relation);
        ELSE
            EXECUTE format('GRANT SELECT ON %s TO emvalid_reader', item.relation);
        END IF;
        IF item.relname ~ '^_?em_archive_' AND item.relkind = 'r' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO emvalid_validator', item.relation);
        END IF;
        IF item.relkind = 'r' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO emvalid_admin', item.relation);
        END IF;
    END LOOP;
    GRANT SELECT, INSERT, UPDATE, DELETE ON em_entry, em_entry_map, em_entry_file TO emvalid_ingester;
    GRANT INSERT ON _em_archive_change TO emvalid_ingester;
    GRANT INSERT, UPDATE ON em_job TO emvalid_ingester, emvalid_validator;
    -- the right to hold an entry, FOR KEY SHARE, needs that to change something of it
    GRANT UPDATE (updated) ON em_entry TO emvalid_validator;
    GRANT INSERT, UPDATE ON em_run TO emvalid_validator;
    GRANT INSERT ON em_result, em_measure, em_series, em_local_map TO emvalid_validator;
    GRANT EXECUTE ON FUNCTION _em_put_map(text, text, emmap, text) TO emvalid_ingester;
    GRANT EXECUTE ON FUNCTION
        _em_bench_open(emmap, emmap, emmap, emmap, double precision, double precision, text[]), _em_bench_check(text, text),
        _em_bench_close(), _em_bench_label(text), _em_bench_for(text, text[]), _em_run_begin(text, text[]),
        _em_run_check(bigint, text, text), _em_run_end(bigint), _em_map_require(emmap), _em_job_failed(bigint, text, text),
        _em_job_begin(em_job, bigint), _em_job_claim(), _em_job_step(bigint), _em_job_hold(int, int), _em_job_release(),
        em_launch_worker(int, interval)
    TO emvalid_validator;
END;
$$;
COMMENT ON FUNCTION em_setup_roles() IS
    'makes the roles emvalid_reader (reads numbers, verdicts and reports), emvalid_ingester (also stores entries and queues them), '
    'emvalid_validator (also validates and refreshes the summaries) and emvalid_admin (also edits criteria and removes results), and grants them what they need; may be '
    'called again at any time; nobody but the owner of a map and emvalid_validator can read its voxels';

CREATE FUNCTION em_setup_row_security() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    item record;
BEGIN
    PERFORM em_setup_roles();
    FOR item IN
        SELECT c.oid::regclass AS relation, c.relname, c.relkind,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'entry_id') AS of_entry
        FROM pg_class c
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        JOIN pg_depend own ON own.classid = 'pg_class'::regclass AND own.objid = 'em_job'::regclass AND own.deptype = 'e'
                          AND own.refobjid = d.refobjid
        WHERE d.refclassid = 'pg_extension'::regclass AND c.relkind IN ('r', 'v')
    LOOP
        IF item.relkind = 'v' THEN
            IF item.relname <> '_em_fsc_file' THEN
                EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', item.relation);
            END IF;
        ELSIF item.of_entry THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', item.relation);
            EXECUTE format('DROP POLICY IF EXISTS em_staff ON %s', item.relation);
            EXECUTE format('CREATE POLICY em_staff ON %s TO emvalid_ingester, emvalid_validator USING (true) WITH CHECK (true)', item.relation);
            IF item.relname <> 'em_entry' THEN
                EXECUTE format('DROP POLICY IF EXISTS em_as_entry ON %s', item.relation);
                EXECUTE format('CREATE POLICY em_as_entry ON %1$s FOR SELECT TO emvalid_reader '
                               'USING (EXISTS (SELECT FROM em_entry e WHERE e.entry_id = %1$s.entry_id))', item.relation);
            END IF;
        END IF;
    END LOOP;
    PERFORM em_setup_roles();
END;
$$;
COMMENT ON FUNCTION em_setup_row_security() IS
    'hides entries from emvalid_reader, with all their maps, jobs, results and reports, unless a policy on em_entry shows them: '
    'CREATE POLICY released ON em_entry FOR SELECT TO emvalid_reader USING (...); ingesters and validators see everything; '
    'call it again after restoring a dump, which does not carry policies of extensions';

CREATE FUNCTION _em_keep_row_security() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    item regclass;
BEGIN
    IF NOT (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = 'em_entry'::regclass) THEN
        RETURN;
    END IF;
    FOR item IN
        SELECT c.oid
        FROM pg_class c
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        JOIN pg_depend own ON own.classid = 'pg_class'::regclass AND own.objid = 'em_job'::regclass AND own.deptype = 'e'
                          AND own.refobjid = d.refobjid
        WHERE d.refclassid = 'pg_extension'::regclass AND c.relkind = 'v' AND c.relname <> '_em_fsc_file'
          AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
    LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', item);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _em_keep_row_security() IS
    'Internal: the last statement of every update script; CREATE OR REPLACE VIEW forgets what em_setup_row_security set, and the view would show hidden entries';

CREATE FUNCTION em_orphans() RETURNS TABLE (lo oid, owner name)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 10000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    used text;
BEGIN
    SELECT string_agg(format(CASE WHEN t.oid = 'emmap'::regtype THEN 'SELECT em_oid(%I) FROM %s' ELSE 'SELECT %I::oid FROM %s' END,
                             a.attname, c.oid::regclass), ' UNION ALL ') INTO used
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\_%'
      AND n.nspname <> 'information_schema'
      AND (t.oid IN ('emmap'::regtype, 'oid'::regtype) OR t.typname = 'lo');
    RETURN QUERY EXECUTE format(
        'SELECT o.oid, pg_get_userbyid(o.lomowner) FROM pg_largeobject_metadata o '
        'WHERE NOT EXISTS (SELECT FROM (%s) AS u (lo) WHERE u.lo = o.oid) ORDER BY 1', used);
END;
$$;
COMMENT ON FUNCTION em_orphans() IS
    'large objects that no column of type emmap, oid or lo of any table refers to; remove them with lo_unlink(lo) after a look';
