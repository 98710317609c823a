-- What keeps an archive in order, as jobs of pg_cron.
--
--   psql -d archive -f contrib/pg_cron/schedules.sql
--
-- Run it in the database of cron.database_name, as the role that the jobs shall run as: a member of emvalid_admin that
-- may read the maps.  Running it again changes the jobs to what is written here; each can be removed with
-- cron.unschedule('name').  Times are those of pg_cron, UTC unless cron.timezone says otherwise.
\set ON_ERROR_STOP on

-- the schema of the extension, so that nothing depends on the search_path of the jobs
SELECT quote_ident(n.nspname) AS em
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'emvalid' \gset

-- Work: every minute, unless the work of the minute before is still going on.
SELECT cron.schedule('emvalid: work', '* * * * *', 'CALL ' || :'em' || '.em_work()');

-- Every hour: what the views over the whole archive and the dashboards show.
SELECT cron.schedule('emvalid: refresh', '5 * * * *', 'SELECT ' || :'em' || '.em_archive_refresh()');

-- Every night: what a new version, map, contour or resolution made stale, after everything else in the queue.
SELECT cron.schedule('emvalid: stale', '10 1 * * *', 'SELECT ' || :'em' || '.em_revalidate_stale(priority => -10)');

-- Sundays: old runs; each check keeps its two latest results.
SELECT cron.schedule('emvalid: forget', '40 2 * * 0', 'SELECT ' || :'em' || '.em_forget_runs(keep => 2)');

-- Sundays: statistics for the views over the whole archive, which a week of small changes leaves behind.  Only the owner
-- of the tables or of the database may take them: run this file as that role, or leave it to autovacuum.
SELECT cron.schedule('emvalid: analyze', '10 3 * * 0',
    'ANALYZE ' || string_agg(:'em' || '.' || t, ', ')) FROM unnest('{em_entry,em_entry_map,em_run,em_result,em_measure,em_series,em_job}'::text[]) AS t;

-- Sundays: large objects that belong to nothing, and jobs that failed, as a warning in the server's log.
SELECT cron.schedule('emvalid: report', '40 3 * * 0', replace($job$
DO $$
DECLARE
    orphans bigint;
    failed bigint := (SELECT count(*) FROM em.em_job WHERE state = 'failed' AND finished > now() - interval '7 days');
BEGIN
    IF failed > 0 THEN
        RAISE WARNING 'emvalid: % validations failed within a week, see em_job', failed;
    END IF;
    -- looks for large objects in every table that may refer to some
    SELECT count(*) INTO orphans FROM em.em_orphans();
    IF orphans > 0 THEN
        RAISE WARNING 'emvalid: % large objects belong to nothing, see em_orphans()', orphans;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'emvalid: large objects were not looked at: %', SQLERRM;
END $$$job$, 'em.', :'em' || '.'));
