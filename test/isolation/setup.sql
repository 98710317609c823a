-- What the specifications share: small maps, and places where a worker can be held.
\ir ../data/make_mrc.sql

CREATE FUNCTION cube(seed int) RETURNS emmap LANGUAGE sql AS
    $$SELECT em_map_from_bytea(make_mrc('{12,12,12}', '{2,2,2}', ball(12, 3, 10 + seed)))$$;

-- Inserting the result of 0.b waits while another session holds the advisory lock (7, 1), the commit after it while
-- one holds (7, 2).
CREATE FUNCTION wait_inside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7, TG_ARGV[0]::int);
    RETURN NEW;
END $$;
CREATE TRIGGER wait_in_check BEFORE INSERT ON em_result
    FOR EACH ROW WHEN (NEW.check_code = '0.b') EXECUTE FUNCTION wait_inside(1);
CREATE CONSTRAINT TRIGGER wait_in_commit AFTER INSERT ON em_result DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.check_code = '0.b') EXECUTE FUNCTION wait_inside(2);

-- Jobs in the order of their entries, with what they measured.
CREATE VIEW jobs AS
SELECT j.entry_id, j.state, j.reason, j.attempts,
       ARRAY(SELECT r.check_code FROM em_result r WHERE r.entry_id = j.entry_id AND r.check_code <= '0.c' ORDER BY 1) AS measured,
       EXISTS (SELECT FROM _em_job_lock l WHERE l.job = j.job_id % 2147483648) AS alive
FROM em_job j ORDER BY j.entry_id, j.job_id;
