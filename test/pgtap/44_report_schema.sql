-- The JSON Schema of the report: published as it is in the database, and every key of a report is in it.

BEGIN;
SET client_min_messages = warning;
SELECT plan(13);
\ir ../reports/load_reports.sql
\set published `cat contrib/report/em_report.schema.json`
SELECT is(:'published'::jsonb, em_report_json_schema(), 'contrib/report/em_report.schema.json is what em_report_json_schema() returns');
SELECT is(em_report_json_schema() ->> '$schema', 'https://json-schema.org/draft/2020-12/schema', 'draft 2020-12');
SELECT is_empty($$SELECT d.key FROM jsonb_each(em_report_json_schema() -> '$defs') AS d
                  WHERE d.value ->> 'type' = 'object' AND d.value -> 'additionalProperties' IS DISTINCT FROM 'false'$$, 'no object of it is open');

-- Beside the printed reports: an entry with nothing, one with everything a header can lack or have, failures, no criteria
INSERT INTO em_entry (entry_id) VALUES ('bare'), ('full');
UPDATE em_entry SET authors = '{A,B}', contours = '[{"level": 1, "source": "author", "primary": true}, {"level": null, "source": null, "primary": null}]', contour = 1 WHERE entry_id = 'full';
INSERT INTO em_run (entry_id, parameters) VALUES ('full', '{"anything": [1]}');
INSERT INTO em_result (run_id, entry_id, check_code, state, reason, reason_code, elapsed, method)
SELECT r.run_id, r.entry_id, c.check_code, c.state, CASE WHEN c.state <> 'measured' THEN 'because' END, CASE WHEN c.state <> 'measured' THEN 'why' END, '1 s', 'm/1'
FROM em_run r, (VALUES ('0.a', 'measured'), ('0.b', 'failed'), ('0.d', 'not_applicable'), ('1.a', 'measured'), ('0.f', 'measured')) AS c (check_code, state) WHERE r.entry_id = 'full';
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit)
SELECT run_id, entry_id, '1.a', n.name, 4, 'Å' FROM em_run, (VALUES ('fsc_0143'), ('reported_resolution'), ('fsc_0143_vrs')) AS n (name) WHERE entry_id = 'full';
INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit) SELECT run_id, entry_id, '0.f', 'p50', -400, 'Å²' FROM em_run WHERE entry_id = 'full';
INSERT INTO em_series (run_id, entry_id, check_code, name, x, y) SELECT run_id, entry_id, '1.a', 'fsc', '{0.1,0.2}', '{1,NaN}' FROM em_run WHERE entry_id = 'full';
CREATE TEMP TABLE doc AS SELECT e.entry_id, p.profile, em_report_json(e.entry_id, p.profile) AS doc FROM em_entry e, em_profile p;

-- What an object of the schema lacks of an object of a report, and the other way round for what is required
CREATE FUNCTION strays(name text, part jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    WITH rule AS (SELECT CASE name WHEN 'report' THEN em_report_json_schema() ELSE em_report_json_schema() -> '$defs' -> name END AS r)
    SELECT name || ' has ' || k FROM rule, jsonb_object_keys(part) AS k WHERE NOT r -> 'properties' ? k
    UNION ALL
    SELECT name || ' lacks ' || k FROM rule, jsonb_array_elements_text(r -> 'required') AS k WHERE NOT part ? k $$;
CREATE TEMP TABLE part AS
    SELECT 'report' AS name, doc AS part FROM doc
    UNION ALL SELECT 'entry', doc -> 'entry' FROM doc
    UNION ALL SELECT 'score', doc -> 'score' FROM doc
    UNION ALL SELECT 'run', r FROM doc, jsonb_array_elements(doc -> 'runs') AS r
    UNION ALL SELECT 'estimate', e FROM doc, jsonb_array_elements(doc -> 'estimates') AS e
    UNION ALL SELECT 'input', i.value FROM doc, jsonb_each(doc -> 'inputs') AS i
    UNION ALL SELECT 'item', i FROM doc, jsonb_array_elements(doc -> 'items') AS i
    UNION ALL SELECT 'criterion', c FROM doc, jsonb_array_elements(doc -> 'items') AS i, jsonb_array_elements(i -> 'criteria') AS c
    UNION ALL SELECT 'measure', m.value FROM doc, jsonb_array_elements(doc -> 'items') AS i, jsonb_each(i -> 'measures') AS m
    UNION ALL SELECT 'series', s.value FROM doc, jsonb_array_elements(doc -> 'items') AS i, jsonb_each(i -> 'series') AS s;
SELECT is((SELECT array_agg(s) FROM part p, strays(p.name, p.part) AS s WHERE p.name = n.name), NULL, n.name || ': its keys are those of the schema')
FROM (SELECT DISTINCT name FROM part) AS n ORDER BY n.name;

SELECT * FROM finish();
ROLLBACK;
