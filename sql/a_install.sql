-- The extension installs into a schema of its own, and nothing depends on the search_path afterwards.
CREATE SCHEMA em;
CREATE EXTENSION emvalid SCHEMA em;
SELECT em.em_version();
SELECT extversion FROM pg_extension WHERE extname = 'emvalid';
SHOW emvalid.profile;
SET emvalid.nonsense = 1;
DROP EXTENSION emvalid;
SELECT count(*) FROM pg_class WHERE relnamespace = 'em'::regnamespace;
DROP SCHEMA em;
CREATE EXTENSION emvalid;
