-- Everything the extension consists of, one line for each fact, in an order that does not depend on how it came to
-- be: an updated and a fresh installation must give the same lines (test/t/011_update.pl).

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid, x.type, x.identity
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS x
WHERE e.extname = 'emvalid';

CREATE TEMP VIEW member_relation AS
SELECT c.*, m.identity FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid;

CREATE TEMP VIEW fact AS
SELECT type || ' ' || identity AS what, 'exists' AS fact FROM member
UNION ALL
SELECT type || ' ' || identity, 'comment: ' || obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) FROM member
UNION ALL
SELECT type || ' ' || identity, pg_get_functiondef(objid)
FROM member WHERE classid = 'pg_proc'::regclass AND type <> 'aggregate'
UNION ALL
SELECT m.type || ' ' || m.identity, 'rights: ' || coalesce(array_to_string(ARRAY(SELECT a::text FROM unnest(p.proacl) AS a ORDER BY 1), ' '), 'default')
FROM member m JOIN pg_proc p ON p.oid = m.objid WHERE m.classid = 'pg_proc'::regclass
UNION ALL
SELECT m.type || ' ' || m.identity, concat_ws(' ', o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash)
FROM member m JOIN pg_operator o ON o.oid = m.objid WHERE m.classid = 'pg_operator'::regclass
UNION ALL
SELECT m.type || ' ' || m.identity, concat_ws(' ', c.castfunc::regprocedure, c.castcontext, c.castmethod)
FROM member m JOIN pg_cast c ON c.oid = m.objid WHERE m.classid = 'pg_cast'::regclass
UNION ALL
SELECT m.type || ' ' || m.identity, concat_ws(' ', t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typanalyze)
FROM member m JOIN pg_type t ON t.oid = m.objid WHERE m.classid = 'pg_type'::regclass AND t.typtype = 'b'
UNION ALL
SELECT 'relation ' || identity, concat_ws(' ', relkind, relpersistence, 'options:', array_to_string(reloptions, ','), 'row security:', relrowsecurity, relforcerowsecurity)
FROM member_relation
UNION ALL
SELECT 'relation ' || identity, 'rights: ' || coalesce(array_to_string(ARRAY(SELECT a::text FROM unnest(relacl) AS a ORDER BY 1), ' '), 'default')
FROM member_relation
UNION ALL
SELECT 'relation ' || identity, 'definition: ' || pg_get_viewdef(oid) FROM member_relation WHERE relkind IN ('v', 'm')
UNION ALL
-- the place of a column counts: SELECT * and INSERT without a list of columns depend on it
SELECT 'column ' || r.identity || '.' || a.attname,
       concat_ws(' ', row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attnotnull THEN 'not null' END, 'identity:', a.attidentity, 'generated:', a.attgenerated,
                 'storage:', a.attstorage, 'default:', pg_get_expr(d.adbin, d.adrelid), 'comment:', col_description(r.oid, a.attnum))
FROM member_relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE r.relkind IN ('r', 'v', 'm', 'c')
UNION ALL
SELECT 'constraint ' || r.identity || '.' || c.conname,
       concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated, 'comment:', obj_description(c.oid, 'pg_constraint'))
FROM member_relation r JOIN pg_constraint c ON c.conrelid = r.oid
UNION ALL
SELECT 'index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) || ' valid: ' || i.indisvalid
FROM member_relation r JOIN pg_index i ON i.indrelid = r.oid
UNION ALL
SELECT 'trigger ' || r.identity || '.' || t.tgname,
       concat_ws(' ', pg_get_triggerdef(t.oid), 'enabled:', t.tgenabled, 'comment:', obj_description(t.oid, 'pg_trigger'))
FROM member_relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'operator class ' || m.identity,
       concat_ws(' ', c.opcdefault, c.opckeytype::regtype,
                 (SELECT string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator, ', ' ORDER BY 1) FROM pg_amop a WHERE a.amopfamily = c.opcfamily),
                 (SELECT string_agg(a.amprocnum || ' ' || a.amproc::regprocedure, ', ' ORDER BY 1) FROM pg_amproc a WHERE a.amprocfamily = c.opcfamily))
FROM member m JOIN pg_opclass c ON c.oid = m.objid WHERE m.classid = 'pg_opclass'::regclass
UNION ALL
SELECT 'dumped ' || c.oid::regclass, f.condition
FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS f (relation, condition) JOIN pg_class c ON c.oid = f.relation
WHERE e.extname = 'emvalid';

SELECT what || ': ' || fact FROM fact WHERE fact IS NOT NULL ORDER BY what COLLATE "C", fact COLLATE "C";

-- The rows that come with the extension, as they are without the changes of a user.
SELECT format('SELECT %L || to_jsonb(t)::text FROM %s t WHERE shipped AND NOT edited ORDER BY 1', 'row ' || identity || ' ', identity)
FROM member_relation r
WHERE relkind = 'r' AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attname = 'shipped')
ORDER BY identity COLLATE "C" \gexec
