-- Roles: each can do its work and no more, and there is no detour to files or to maps of others.

BEGIN;
SET client_min_messages = warning;
SELECT plan(55);
\ir ../data/make_mrc.sql

SELECT lives_ok('SELECT em_setup_roles()', 'the roles are made');
SELECT lives_ok('SELECT em_setup_roles()', 'again does no harm');
CREATE ROLE em_test_reader IN ROLE emvalid_reader;
CREATE ROLE em_test_ingester IN ROLE emvalid_ingester;
CREATE ROLE em_test_other IN ROLE emvalid_ingester;
CREATE ROLE em_test_validator IN ROLE emvalid_validator;
CREATE ROLE em_test_nobody;
CREATE FUNCTION as_role(role text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    out text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE command INTO out;
    RESET ROLE;
    RETURN coalesce(out, 'done');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION blob(inside float8 DEFAULT 10) RETURNS emmap LANGUAGE sql AS
    $$SELECT em_map_from_bytea(make_mrc('{12,12,12}', '{2,2,2}', ball(12, 3, inside)))$$;

-- Everyone's work
SELECT is(as_role('em_test_ingester', $$SELECT em_ingest('A', blob(), contour => 5)$$), 'A', 'an ingester stores an entry');
SELECT is((SELECT count(*)::int FROM em_job), 1, 'which is queued');
SELECT is(as_role('em_test_validator', 'SELECT _em_job_claim()'), (SELECT job_id::text FROM em_job), 'a validator claims the job of a map he does not own');
SELECT is(as_role('em_test_validator', 'SELECT _em_job_step(job_id) FROM em_job'), 'more', 'and measures it');
SELECT is(as_role('em_test_validator', $$SELECT em_validate_atomic('A', '{0.b}') > 0$$), 'true', 'also without the queue');
SELECT is(as_role('em_test_reader', $$SELECT count(*) FROM em_outcome WHERE check_code = '0.b' AND profile = 'vrs'$$), '1', 'a reader sees the verdict');
SELECT is(as_role('em_test_reader', 'SELECT entry_id FROM em_level'), 'A', 'and the levels');
SELECT is(as_role('em_test_reader', $$SELECT count(*) > 5 FROM em_measure$$), 'true', 'and the numbers');
SELECT is(as_role('em_test_reader', 'SELECT count(*) FROM em_progress'), '0', 'and what is running');
SELECT isnt(as_role('em_test_reader', $$SELECT em_report_text('A')$$), '42501', 'and reads the report');
SELECT isnt(as_role('em_test_reader', $$SELECT em_report_json('A')$$), '42501', 'also as JSON');
SELECT is(as_role('em_test_nobody', 'SELECT count(*) FROM em_outcome'), '42501', 'others see nothing');

-- And no more
SELECT is(as_role('em_test_reader', $$SELECT em_ingest('B', blob())$$), '42501', 'a reader cannot store entries');
SELECT is(as_role('em_test_reader', $$SELECT em_enqueue('A')$$), '42501', 'nor queue them');
SELECT is(as_role('em_test_reader', 'SELECT em_cancel_job(job_id) FROM em_job'), '42501', 'nor cancel jobs');
SELECT is(as_role('em_test_reader', 'SELECT em_launch_worker(1)'), '42501', 'nor start workers');
SELECT is(as_role('em_test_reader', $$SELECT em_validate_atomic('A')$$), '42501', 'nor validate');
SELECT is(as_role('em_test_reader', 'UPDATE em_criterion SET limit_value = 0'), '42501', 'nor edit criteria');
SELECT is(as_role('em_test_reader', 'DELETE FROM em_run'), '42501', 'nor remove results');
SELECT is(as_role('em_test_ingester', 'DELETE FROM em_result'), '42501', 'nor can an ingester');
SELECT is(as_role('em_test_validator', 'DELETE FROM em_entry'), '42501', 'nor a validator remove entries');
SELECT is(as_role('em_test_validator', $$UPDATE em_profile SET description = ''$$), '42501', 'nor edit profiles');
SELECT is(as_role('em_test_reader', 'SELECT content FROM em_entry_file'), '42501', 'a reader cannot read attached files');

-- Detours to files of the server
SELECT is(as_role('em_test_ingester', $$SELECT em_map_load('/etc/hostname')$$), '42501', 'em_map_load needs pg_read_server_files');
SELECT is(as_role('em_test_ingester', $$SELECT em_map_save(map, '/etc/emvalid') FROM em_entry_map$$), '42501', 'em_map_save its counterpart');
SELECT is(as_role('em_test_ingester', $$SELECT lo_import('/etc/hostname')$$), '42501', 'lo_import stays closed');
SELECT is(as_role('em_test_ingester', $$SELECT pg_read_binary_file('/etc/hostname')$$), '42501', 'and pg_read_binary_file');
SELECT is(as_role('em_test_ingester', $$SELECT set_config('emvalid.import_path', '/etc', false)$$), '42501', 'and the directories');
SELECT is(as_role('em_test_ingester', $$SELECT set_config('emvalid.node_budget', '1TB', false)$$), '42501', 'and the memory of the node');

-- Detours to maps of others
SELECT is(as_role('em_test_reader', 'SELECT em_map_to_bytea(map) FROM em_entry_map'), '42501', 'a reader cannot read the voxels');
SELECT is(as_role('em_test_reader', 'SELECT em_map_stats(map) FROM em_entry_map'), '42501', 'nor measure them');
SELECT is(as_role('em_test_reader', 'SELECT em_map(lo) FROM em_entry_map'), '42501', 'nor adopt the large object');
SELECT is(as_role('em_test_reader', 'SELECT em_map_to_bytea(map::text::emmap) FROM em_entry_map'), '42501', 'nor forge a reference to it');
SELECT is(as_role('em_test_reader', 'SELECT lo_get(lo) FROM em_entry_map'), '42501', 'nor read it bare');
SELECT is(as_role('em_test_validator', 'SELECT lo_unlink(lo) FROM em_entry_map'), '42501', 'a validator reads it but cannot remove it');
SELECT is(as_role('em_test_other', 'DELETE FROM em_entry'), '42501', 'nor can an ingester remove the maps of another');
SELECT is((SELECT count(*)::int FROM em_entry_map), 1, 'which is still there');

-- Summaries of the archive
SELECT is(as_role('em_test_reader', 'SELECT em_archive_refresh()'), '42501', 'a reader cannot refresh the summaries');
SELECT is(as_role('em_test_validator', 'SELECT entries FROM em_archive_refresh()'), '1', 'a validator can');
SELECT is(as_role('em_test_reader', 'SELECT sum(entries) FROM em_archive_outcome'), (SELECT count(*)::text FROM em_outcome), 'and a reader reads them');

-- Rows for some
CREATE TABLE embargo (entry_id text);
GRANT SELECT ON embargo TO emvalid_reader;
SELECT as_role('em_test_ingester', $$SELECT em_ingest('SECRET', blob(), contour => 5)$$);
SELECT as_role('em_test_validator', $$SELECT em_validate_atomic('SECRET', '{0.b}')$$);
SELECT em_setup_row_security();
INSERT INTO embargo VALUES ('SECRET');
CREATE POLICY released ON em_entry FOR SELECT TO emvalid_reader
    USING (NOT EXISTS (SELECT FROM embargo b WHERE b.entry_id = em_entry.entry_id));
SELECT as_role('em_test_validator', 'SELECT entries FROM em_archive_refresh()');
INSERT INTO _em_archive_outlier VALUES ('SECRET', '0.b', 'components', 1, '', 0, 1, 30, 9);
SELECT is((SELECT count(*)::int FROM em_archive_entry_score WHERE entry_id = 'SECRET'), 2, 'the hidden entry is in the summaries');
SELECT is((SELECT count(*)::int FROM unnest('{chunk,result,column,verdict,violation}'::text[]) AS t (name)
           WHERE as_role('em_test_reader', format('SELECT count(*) FROM _em_archive_%s', name)) <> '42501'), 0, 'arrays over all entries are not for readers');
SELECT is(as_role('em_test_reader', $$SELECT string_agg(DISTINCT entry_id, ',') FROM (
    SELECT entry_id FROM em_archive_entry UNION SELECT entry_id FROM em_archive_entry_score UNION SELECT entry_id FROM _em_archive_entry
    UNION SELECT entry_id FROM _em_archive_example UNION SELECT entry_id FROM _em_archive_outlier UNION SELECT entry_id FROM em_archive_resolution UNION
    SELECT entry_id FROM em_entry UNION SELECT entry_id FROM em_entry_map UNION SELECT entry_id FROM em_job UNION SELECT entry_id FROM em_run
    UNION SELECT entry_id FROM em_result UNION SELECT entry_id FROM em_measure UNION SELECT entry_id FROM em_outcome UNION SELECT entry_id FROM em_score
    UNION SELECT entry_id FROM em_level UNION SELECT entry_id FROM em_warning UNION SELECT entry_id FROM em_stale) AS x$$), 'A',
    'with row security a reader sees released entries only, in no table or view another');
-- every view that names entries: neither denied nor telling
SELECT as_role('em_test_ingester', $$SELECT em_add_fsc_xml(e, '<fsc title="c"><coordinate><x>0.1</x><y>1</y></coordinate><coordinate><x>0.2</x><y>0</y></coordinate></fsc>')
                                     FROM unnest('{A,SECRET}'::text[]) AS e$$);
CREATE TEMP TABLE seen AS
SELECT c.relname, as_role('em_test_reader', format($$SELECT coalesce(string_agg(DISTINCT entry_id, ','), '') FROM %s$$, c.oid::regclass)) AS entries
FROM pg_class c
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND x.extname = 'emvalid'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'entry_id'
WHERE c.relkind = 'v';
SELECT is_empty($$SELECT * FROM seen WHERE entries NOT IN ('', 'A')$$, 'every view of entries can be read and shows no other');
SELECT results_eq($$SELECT entries FROM seen WHERE relname = 'em_fsc_deposited'$$, ARRAY['A'], 'the deposited FSC too');
SELECT is(as_role('em_test_reader', 'SELECT content FROM em_entry_file'), '42501', 'while files stay closed');
SELECT is(as_role('em_test_ingester', $$SELECT em_ingest('SECRET', NULL, title => 'x')$$), 'SECRET', 'ingesters see all');
SELECT is(as_role('em_test_reader', 'SELECT left(em_dashboard_html(), 15)'), '<!DOCTYPE html>', 'readers get the page over all entries');
SELECT ok(em_freeze_percentiles('all of them') >= 0, 'a percentile set');
SELECT is(as_role('em_test_reader', 'SELECT count(*) FROM em_percentile_value'), '42501', 'frozen sets, which hold the values of all entries, are not for readers');
SELECT is(as_role('em_test_reader', $$SELECT reference FROM em_percentile('A', '0.d', 'bfactor', percentile_set => 'all of them')$$), '42501', 'nor through percentiles');

-- Orphans
SELECT is((SELECT count(*)::int FROM em_orphans()), 0, 'no large object is left over');
SELECT lo_create(0) AS left_over \gset
SELECT results_eq('SELECT lo::int FROM em_orphans()', ARRAY[:left_over::int], 'one that nothing refers to is found');

SELECT * FROM finish();
ROLLBACK;
