-- A role for dashboards: it reads the archive views and nothing else can be changed by it.
--
--   psql -v password=... -f read-only-role.sql
--
-- emvalid must be installed in a schema that is named in the role's search_path; here public.
-- Where em_setup_row_security() hides entries, the role must be a reader, too, and may have to read what the policies
-- look at:  GRANT emvalid_reader TO emvalid_dashboard; GRANT SELECT ON embargo TO emvalid_dashboard;
CREATE ROLE emvalid_dashboard LOGIN PASSWORD :'password';
ALTER ROLE emvalid_dashboard SET default_transaction_read_only = on;
ALTER ROLE emvalid_dashboard SET statement_timeout = '30s';
ALTER ROLE emvalid_dashboard SET search_path = public;
GRANT USAGE ON SCHEMA public TO emvalid_dashboard;
-- The views read summaries; without any they would need the results, which this role may not read.
SELECT entries, seconds FROM em_archive_refresh();
GRANT SELECT ON em_archive_entry, em_archive_outcome, em_archive_entry_score, em_archive_score, em_archive_year, em_archive_warning,
                em_archive_failure, em_archive_resolution, em_archive_resolution_density, em_archive_state, em_outlier, em_profile, em_measure_info
TO emvalid_dashboard;
