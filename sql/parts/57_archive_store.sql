/*
 * 57_archive_store.sql: what em_archive_refresh() keeps of the whole archive, so that dashboards need not compute it.
 *
 * Numbers are kept in columns: for 1024 entries (a chunk) and one measure an array, in the order of the entries' slots.
 * Judging 60,000 entries by one criterion then reads 60 short arrays instead of searching millions of rows.
 * All of this can be made again at any time, so none of it is dumped.
 */

CREATE TABLE em_archive_state (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    refreshed timestamptz NOT NULL,
    measured  timestamptz NOT NULL,
    seconds   float8 NOT NULL,
    entries   bigint NOT NULL
);
COMMENT ON TABLE em_archive_state IS
    'when em_archive_refresh() was last called; while it is empty the views em_archive_ compute everything when they are read';
COMMENT ON COLUMN em_archive_state.one IS 'there is one row, or none';
COMMENT ON COLUMN em_archive_state.refreshed IS 'the views em_archive_ show the archive as it was then';
COMMENT ON COLUMN em_archive_state.measured IS 'em_outlier shows the archive as it was then';
COMMENT ON COLUMN em_archive_state.seconds IS 'how long the refresh took';
COMMENT ON COLUMN em_archive_state.entries IS 'entries in the archive';

CREATE TABLE _em_archive_change (
    entry_id text NOT NULL
);
COMMENT ON TABLE _em_archive_change IS 'Internal: entries whose results changed since the last refresh; a name may occur more than once';

CREATE TABLE _em_archive_entry (
    entry_id     text PRIMARY KEY,
    slot         int NOT NULL UNIQUE,
    recalculated float8,
    validated    timestamptz
);
COMMENT ON TABLE _em_archive_entry IS 'Internal: the place of each entry in the arrays (chunk slot / 1024), and what em_archive_entry shows of its results';

CREATE TABLE _em_archive_chunk (
    chunk      int PRIMARY KEY,
    resolution float8[] NOT NULL
);
COMMENT ON TABLE _em_archive_chunk IS 'Internal: reported resolution of the entries of a chunk, Å';

CREATE TABLE _em_archive_result (
    chunk      int NOT NULL,
    check_code text NOT NULL,
    state      text[] NOT NULL,
    PRIMARY KEY (check_code, chunk)
);
COMMENT ON TABLE _em_archive_result IS 'Internal: state of the latest result of a check of each entry of a chunk';

CREATE TABLE _em_archive_column (
    chunk      int NOT NULL,
    check_code text NOT NULL,
    name       text NOT NULL,
    unit       text NOT NULL,
    value      float8[] NOT NULL,
    PRIMARY KEY (check_code, name, chunk)
);
COMMENT ON TABLE _em_archive_column IS 'Internal: latest value of a measure of each entry of a chunk; NULL where there is none';

CREATE TABLE _em_archive_verdict (
    chunk      int NOT NULL,
    profile    text NOT NULL,
    check_code text NOT NULL,
    verdict    text[] NOT NULL,
    violated   int[] NOT NULL,
    PRIMARY KEY (profile, check_code, chunk)
);
COMMENT ON TABLE _em_archive_verdict IS 'Internal: verdict on a check of each entry of a chunk, and how many criteria are violated';

CREATE TABLE _em_archive_violation (
    chunk      int NOT NULL,
    profile    text NOT NULL,
    check_code text NOT NULL,
    criterion  int NOT NULL,
    entries    bigint NOT NULL,
    first_id   text NOT NULL,
    PRIMARY KEY (profile, check_code, criterion, chunk)
);
COMMENT ON TABLE _em_archive_violation IS 'Internal: how many entries of a chunk violate a criterion, and the first of them';

CREATE TABLE _em_archive_pair (
    profile           text NOT NULL,
    check_code        text NOT NULL,
    criteria          text NOT NULL,
    ok                bigint NOT NULL DEFAULT 0,
    warned            bigint NOT NULL DEFAULT 0,
    not_applicable    bigint NOT NULL DEFAULT 0,
    failed            bigint NOT NULL DEFAULT 0,
    without_criterion bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, check_code)
);
COMMENT ON TABLE _em_archive_pair IS 'Internal: the criteria that each check was judged by (MD5 of what decides), and the outcomes';

CREATE TABLE _em_archive_score (
    entry_id          text NOT NULL,
    profile           text NOT NULL,
    passed            int NOT NULL,
    evaluable         int NOT NULL,
    failed            int NOT NULL,
    not_applicable    int NOT NULL,
    without_criterion int NOT NULL,
    PRIMARY KEY (profile, entry_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE _em_archive_score IS 'Internal: em_score as of the last refresh';

CREATE TABLE _em_archive_warned (
    profile    text NOT NULL,
    check_code text NOT NULL,
    criterion  int NOT NULL,
    measure    text NOT NULL,
    entries    bigint NOT NULL,
    PRIMARY KEY (profile, check_code, criterion)
);
COMMENT ON TABLE _em_archive_warned IS 'Internal: em_archive_warning as of the last refresh, without examples';

CREATE TABLE _em_archive_failed (
    check_code  text NOT NULL,
    reason_code text NOT NULL,
    entries     bigint NOT NULL,
    PRIMARY KEY (check_code, reason_code)
);
COMMENT ON TABLE _em_archive_failed IS 'Internal: em_archive_failure as of the last refresh, without examples';

CREATE TABLE _em_archive_example (
    kind       text NOT NULL,
    check_code text NOT NULL,
    what       text NOT NULL,
    entry_id   text NOT NULL,
    example    text NOT NULL,
    PRIMARY KEY (kind, check_code, what)
);
COMMENT ON TABLE _em_archive_example IS
    'Internal: an example of each warning (kind: the profile in front of a colon, what: the criterion) and failure (kind: failure, what: the reason)';

CREATE TABLE _em_archive_outlier (
    entry_id   text NOT NULL,
    check_code text NOT NULL,
    measure    text NOT NULL,
    value      float8 NOT NULL,
    unit       text NOT NULL,
    median     float8 NOT NULL,
    mad        float8 NOT NULL,
    n          bigint NOT NULL,
    robust_z   float8 NOT NULL
);
CREATE INDEX _em_archive_outlier_entry ON _em_archive_outlier (entry_id);
COMMENT ON TABLE _em_archive_outlier IS 'Internal: em_outlier as of the last refresh';

-- What changes ---------------------------------------------------------------

CREATE FUNCTION _em_archive_note() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    -- A restore brings more than is worth noting: the next refresh begins anew.
    IF _em_is_restoring() THEN
        DELETE FROM em_archive_state;
        RETURN NULL;
    END IF;
    -- Rows are only ever added, so that a refresh can remove those it saw and no others.
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO _em_archive_change SELECT DISTINCT r.entry_id FROM new_rows r;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO _em_archive_change SELECT DISTINCT r.entry_id FROM old_rows r;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM em_archive_state;
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _em_archive_note() IS 'Internal: trigger that notes the entries that a statement changed, for em_archive_refresh()';

CREATE FUNCTION _em_archive_note_entry() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF NOT _em_is_restoring() THEN
        INSERT INTO _em_archive_change SELECT DISTINCT c.entry_id FROM (VALUES (OLD.entry_id), (NEW.entry_id)) AS c (entry_id);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _em_archive_note_entry() IS 'Internal: trigger that notes an entry whose name or resolution changed';

DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY '{em_entry,em_result,em_measure}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER em_archive_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION _em_archive_note()', relation);
        EXECUTE format('CREATE TRIGGER em_archive_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION _em_archive_note()', relation);
        EXECUTE format('CREATE TRIGGER em_archive_truncate AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION _em_archive_note()', relation);
        IF relation <> 'em_entry' THEN
            EXECUTE format('CREATE TRIGGER em_archive_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                           'FOR EACH STATEMENT EXECUTE FUNCTION _em_archive_note()', relation);
            EXECUTE format('COMMENT ON TRIGGER em_archive_update ON %I IS ''notes what em_archive_refresh() has to look at''', relation);
        END IF;
        EXECUTE format('COMMENT ON TRIGGER em_archive_insert ON %I IS ''notes what em_archive_refresh() has to look at''', relation);
        EXECUTE format('COMMENT ON TRIGGER em_archive_delete ON %I IS ''notes what em_archive_refresh() has to look at''', relation);
        EXECUTE format('COMMENT ON TRIGGER em_archive_truncate ON %I IS ''makes em_archive_refresh() begin anew''', relation);
    END LOOP;
END;
$$;

CREATE TRIGGER em_archive_update AFTER UPDATE ON em_entry
    FOR EACH ROW WHEN (OLD.entry_id <> NEW.entry_id OR OLD.resolution IS DISTINCT FROM NEW.resolution)
    EXECUTE FUNCTION _em_archive_note_entry();
COMMENT ON TRIGGER em_archive_update ON em_entry IS 'notes what em_archive_refresh() has to look at';

CREATE FUNCTION _em_archive_criteria(OUT profile text, OUT check_code text, OUT criteria text) RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 50
BEGIN ATOMIC
    SELECT p.profile, s.check_code,
           md5(concat(p.nan_printed_passes, string_agg(ROW(c.ordinal, c.measure, c.comparison, c.limit_value, c.limit_upper, c.limit_measure, c.when_missing,
                                                           c.when_limit_missing, c.effect, c.digits, c.warning)::text, ';' ORDER BY c.ordinal)))
    FROM em_profile p
    CROSS JOIN (SELECT DISTINCT r.check_code FROM _em_archive_result r) AS s
    LEFT JOIN em_criterion c ON c.profile = p.profile AND c.check_code = s.check_code AND c.enabled
    GROUP BY p.profile, s.check_code;
END;
COMMENT ON FUNCTION _em_archive_criteria() IS 'Internal: every profile and check that the archive has results of, with the MD5 of what decides its verdicts';

CREATE FUNCTION _em_archive_is_fresh() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE COST 2000
RETURN EXISTS (SELECT FROM em_archive_state)
    AND NOT EXISTS (SELECT FROM _em_archive_change)
    AND NOT EXISTS (SELECT FROM _em_archive_criteria() AS c FULL JOIN _em_archive_pair p ON p.profile = c.profile AND p.check_code = c.check_code
                    WHERE p.criteria IS DISTINCT FROM c.criteria);
COMMENT ON FUNCTION _em_archive_is_fresh() IS 'Internal: has nothing changed since the last refresh, neither results nor criteria?';
