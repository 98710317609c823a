-- The catalog: everything has a comment, every function its attributes, nothing depends on the search_path.

BEGIN;
SET client_min_messages = warning;
SELECT plan(10);

CREATE TEMP VIEW mine AS
SELECT d.classid, d.objid
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE e.extname LIKE 'emvalid%';

SELECT is_empty($$SELECT c.oid::regclass FROM mine JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
                  WHERE c.relkind IN ('r', 'v', 'm') AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every table and view has a comment');
SELECT is_empty($$SELECT p.oid::regprocedure FROM mine JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
                  WHERE obj_description(p.oid, 'pg_proc') IS NULL$$, 'every function has a comment');
SELECT is_empty($$SELECT c.oid::regclass, t.tgname FROM mine JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
                  JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE obj_description(t.oid, 'pg_trigger') IS NULL$$, 'every trigger has a comment');
SELECT is_empty($$SELECT p.oid::regprocedure FROM mine JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
                  JOIN pg_language l ON l.oid = p.prolang WHERE p.prokind = 'f' AND l.lanname <> 'c' AND p.procost = 100$$,
                'no function was left at the default cost by chance');
SELECT is_empty($$SELECT p.oid::regprocedure FROM mine JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
                  JOIN pg_language l ON l.oid = p.prolang
                  WHERE l.lanname = 'plpgsql' AND p.prokind = 'f' AND p.proname <> '_em_xml_texts'
                    AND NOT coalesce(array_to_string(p.proconfig, ' ') ~ 'search_path=.*pg_catalog.*pg_temp', false)$$, 'every PL/pgSQL function pins its search_path');
SELECT is_empty($$SELECT p.oid::regprocedure FROM mine JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
                  JOIN pg_language l ON l.oid = p.prolang WHERE l.lanname = 'sql' AND p.prosqlbody IS NULL$$, 'every SQL function is bound when it is made');
SELECT is_empty($$SELECT p.oid::regprocedure FROM mine JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid WHERE p.prosecdef$$,
                'no function runs with the rights of its owner');
SELECT is_empty($$SELECT c.oid::regclass FROM mine JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
                  WHERE c.relkind = 'r' AND c.relname <> 'em_level_info'
                    AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname LIKE 'emvalid%' AND c.oid = ANY (e.extconfig))$$, 'every table is dumped');
SELECT is_empty($$SELECT c.oid::regclass FROM mine JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
                  WHERE c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname LIKE 'emvalid%' AND c.oid = ANY (e.extconfig))$$,
                'and every sequence');
-- the library defines its settings when it is loaded
SELECT em_version() IS NOT NULL AS loaded \gset
SELECT is_empty($$SELECT s.name FROM pg_settings s JOIN pg_get_keywords() k ON s.name = 'emvalid.' || k.word
                  WHERE k.catcode IN ('T', 'R')$$, 'no setting is a key word, which SET would not take without quotes');

SELECT * FROM finish();
ROLLBACK;
