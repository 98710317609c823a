/*
 * 58_archive_refresh.sql: bringing the summaries of the archive up to date, looking only at what changed.
 */

CREATE FUNCTION _em_archive_members(changed text[], anew boolean) RETURNS int[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
DECLARE
    dirty int[];
BEGIN
    IF anew THEN
        DELETE FROM _em_archive_entry;
        DELETE FROM _em_archive_chunk;
        DELETE FROM _em_archive_result;
        DELETE FROM _em_archive_column;
        DELETE FROM _em_archive_verdict;
        DELETE FROM _em_archive_violation;
        DELETE FROM _em_archive_pair;
        DELETE FROM _em_archive_score;
        DELETE FROM _em_archive_warned;
        DELETE FROM _em_archive_example;
        INSERT INTO _em_archive_entry (entry_id, slot)
        SELECT e.entry_id, row_number() OVER (ORDER BY e.entry_id) - 1 FROM em_entry e;
        dirty := ARRAY(SELECT DISTINCT a.slot / 1024 FROM _em_archive_entry a ORDER BY 1);
    ELSE
        WITH gone AS (
            DELETE FROM _em_archive_entry a
            WHERE a.entry_id = ANY (changed) AND NOT EXISTS (SELECT FROM em_entry e WHERE e.entry_id = a.entry_id)
            RETURNING a.slot, a.entry_id
        ), unscored AS (
            DELETE FROM _em_archive_score s USING gone g WHERE s.entry_id = g.entry_id
        )
        SELECT array_agg(DISTINCT g.slot / 1024) INTO dirty FROM gone g;
        INSERT INTO _em_archive_entry (entry_id, slot)
        SELECT e.entry_id, (SELECT coalesce(max(a.slot), -1) FROM _em_archive_entry a) + row_number() OVER (ORDER BY e.entry_id)
        FROM em_entry e
        WHERE e.entry_id = ANY (changed) AND NOT EXISTS (SELECT FROM _em_archive_entry a WHERE a.entry_id = e.entry_id);
        dirty := ARRAY(SELECT a.slot / 1024 FROM _em_archive_entry a WHERE a.entry_id = ANY (changed)
                       UNION SELECT d.chunk FROM unnest(dirty) AS d (chunk) ORDER BY 1);
    END IF;
    RETURN dirty;
END;
$$;
COMMENT ON FUNCTION _em_archive_members(text[], boolean) IS
    'Internal: gives new entries a place in the arrays and takes it from deleted ones; returns the chunks with changed entries';

CREATE FUNCTION _em_archive_load(chunk int) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    k     CONSTANT int := _em_archive_load.chunk;
    first CONSTANT int := 1024 * k;
    last  int;
BEGIN
    DELETE FROM _em_archive_chunk c WHERE c.chunk = k;
    DELETE FROM _em_archive_result c WHERE c.chunk = k;
    DELETE FROM _em_archive_column c WHERE c.chunk = k;
    SELECT max(a.slot) INTO last FROM _em_archive_entry a WHERE a.slot BETWEEN first AND first + 1023;
    IF last IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO _em_archive_chunk (chunk, resolution)
    SELECT k, array_agg(e.resolution ORDER BY g.slot)
    FROM generate_series(first, last) AS g (slot)
    LEFT JOIN _em_archive_entry a ON a.slot = g.slot
    LEFT JOIN em_entry e ON e.entry_id = a.entry_id;

    INSERT INTO _em_archive_result (chunk, check_code, state)
    SELECT k, d.check_code, array_agg(d.state ORDER BY d.slot)
    FROM (SELECT u.check_code, u.slot, max(u.state) AS state
          FROM (SELECT l.check_code, a.slot, l.state
                FROM _em_archive_entry a JOIN em_latest l ON l.entry_id = a.entry_id
                WHERE a.slot BETWEEN first AND last
                UNION ALL
                SELECT c.check_code, g.slot, NULL FROM em_check c, generate_series(first, last) AS g (slot)) AS u
          GROUP BY u.check_code, u.slot) AS d
    GROUP BY d.check_code
    HAVING count(d.state) > 0;

    -- A place for every slot, also for entries without the measure
    INSERT INTO _em_archive_column (chunk, check_code, name, unit, value)
    SELECT k, n.check_code, n.name, n.unit,
           CASE cardinality(n.slot) WHEN last - first + 1 THEN n.value
                ELSE (SELECT array_agg(v.value ORDER BY g.slot)
                      FROM generate_series(first, last) AS g (slot) LEFT JOIN unnest(n.slot, n.value) AS v (slot, value) ON v.slot = g.slot) END
    FROM (SELECT m.check_code, m.name, max(m.unit) AS unit, array_agg(a.slot ORDER BY a.slot) AS slot, array_agg(m.value ORDER BY a.slot) AS value
          FROM _em_archive_entry a
          JOIN em_latest l ON l.entry_id = a.entry_id
          JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code
          WHERE a.slot BETWEEN first AND last
          GROUP BY m.check_code, m.name) AS n;

    UPDATE _em_archive_entry a SET recalculated = u.recalculated, validated = u.validated
    FROM (
        SELECT b.entry_id, v.validated, r.recalculated
        FROM _em_archive_entry b
        LEFT JOIN (SELECT c.entry_id, max(l.recorded) AS validated
                   FROM _em_archive_entry c JOIN em_latest l ON l.entry_id = c.entry_id
                   WHERE c.slot BETWEEN first AND last GROUP BY c.entry_id) AS v ON v.entry_id = b.entry_id
        LEFT JOIN (SELECT first + w.place - 1 AS slot, max(w.value) AS recalculated
                   FROM _em_archive_column c CROSS JOIN unnest(c.value) WITH ORDINALITY AS w (value, place)
                   WHERE c.chunk = k AND c.check_code = '1.a' AND c.name = 'fsc_0143' AND _em_is_finite(w.value)
                   GROUP BY 1) AS r ON r.slot = b.slot
        WHERE b.slot BETWEEN first AND last
    ) AS u
    WHERE a.entry_id = u.entry_id AND (a.recalculated, a.validated) IS DISTINCT FROM (u.recalculated, u.validated);
END;
$$;
COMMENT ON FUNCTION _em_archive_load(int) IS 'Internal: makes the arrays of a chunk from the latest results of its entries';

CREATE FUNCTION _em_archive_judge(profile text, check_code text, chunks int[], add_up boolean) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
SET enable_memoize = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    chosen CONSTANT text := _em_archive_judge.profile;
    code   CONSTANT text := _em_archive_judge.check_code;
    judged CONSTANT bigint := (SELECT count(*) FROM em_criterion c WHERE c.profile = chosen AND c.check_code = code AND c.enabled AND c.effect = 'warning');
BEGIN
    DELETE FROM _em_archive_violation v WHERE v.profile = chosen AND v.check_code = code AND v.chunk = ANY (chunks);

    WITH status AS (
        SELECT s.chunk, v.place, c.ordinal, c.effect,
               -- Only printed values can be other than finite, see em_measure_finite
               _em_criterion_status(v.value, NOT _em_is_finite(v.value), p.nan_printed_passes, c.comparison, c.limit_value, c.limit_upper,
                                    c.limit_measure IS NOT NULL, v.reference, c.when_missing, c.when_limit_missing) AS status
        FROM _em_archive_result s
        JOIN em_profile p ON p.profile = chosen
        JOIN em_criterion c ON c.profile = chosen AND c.check_code = code AND c.enabled
        LEFT JOIN _em_archive_column m ON m.chunk = s.chunk AND m.check_code = code AND m.name = c.measure
        LEFT JOIN _em_archive_column r ON r.chunk = s.chunk AND r.check_code = code AND r.name = c.limit_measure
        CROSS JOIN LATERAL ROWS FROM (unnest(s.state), unnest(m.value), unnest(r.value)) WITH ORDINALITY AS v (state, value, reference, place)
        WHERE s.check_code = code AND s.chunk = ANY (chunks) AND v.state = 'measured'
        OFFSET 0
    ), objection AS MATERIALIZED (
        -- Most criteria hold; only the others need to be counted
        SELECT k.chunk, k.place,
               count(*) FILTER (WHERE k.status = 'violated' AND k.effect = 'not_applicable') AS bars,
               count(*) FILTER (WHERE k.status = 'violated' AND k.effect = 'warning') AS violated,
               count(*) FILTER (WHERE k.status = 'unmeasured' AND k.effect = 'warning') AS unmeasured,
               count(*) FILTER (WHERE k.status = 'skipped' AND k.effect = 'warning') AS skipped,
               array_agg(k.ordinal) FILTER (WHERE k.status = 'violated') AS broken
        FROM status k
        WHERE k.status <> 'holds'
        GROUP BY k.chunk, k.place
    ), fresh AS MATERIALIZED (
        SELECT s.chunk,
               array_agg(CASE WHEN v.state IS NOT NULL THEN
                             _em_verdict(v.state, o.bars, judged, coalesce(o.violated, 0), coalesce(o.unmeasured, 0), coalesce(o.skipped, 0)) END ORDER BY v.place) AS verdict,
               array_agg(coalesce(o.violated, 0)::int ORDER BY v.place) AS violated
        FROM _em_archive_result s
        CROSS JOIN unnest(s.state) WITH ORDINALITY AS v (state, place)
        LEFT JOIN objection o ON o.chunk = s.chunk AND o.place = v.place
        WHERE s.check_code = code AND s.chunk = ANY (chunks)
        GROUP BY s.chunk
    ), written AS (
        INSERT INTO _em_archive_verdict (chunk, profile, check_code, verdict, violated)
        SELECT f.chunk, chosen, code, f.verdict, f.violated
        FROM fresh f
        ON CONFLICT (profile, check_code, chunk) DO UPDATE SET verdict = EXCLUDED.verdict, violated = EXCLUDED.violated
    ), scored AS (
        -- The snapshot still has the verdicts from before
        UPDATE _em_archive_score s
        SET passed = s.passed + (m.new_verdict = 'ok')::int - (m.old_verdict = 'ok')::int,
            evaluable = s.evaluable + (m.new_verdict IN ('ok', 'warned'))::int - (m.old_verdict IN ('ok', 'warned'))::int,
            failed = s.failed + (m.new_verdict = 'failed')::int - (m.old_verdict = 'failed')::int,
            not_applicable = s.not_applicable + (m.new_verdict = 'not_applicable')::int - (m.old_verdict = 'not_applicable')::int,
            without_criterion = s.without_criterion + (m.new_verdict = 'none')::int - (m.old_verdict = 'none')::int
        FROM (
            SELECT 1024 * f.chunk + u.place - 1 AS slot, coalesce(u.old_verdict, '') AS old_verdict, coalesce(u.new_verdict, '') AS new_verdict
            FROM fresh f
            LEFT JOIN _em_archive_verdict v ON v.profile = chosen AND v.check_code = code AND v.chunk = f.chunk
            CROSS JOIN LATERAL ROWS FROM (unnest(v.verdict), unnest(f.verdict)) WITH ORDINALITY AS u (old_verdict, new_verdict, place)
            WHERE u.old_verdict IS DISTINCT FROM u.new_verdict
        ) AS m
        JOIN _em_archive_entry a ON a.slot = m.slot
        WHERE add_up AND s.profile = chosen AND s.entry_id = a.entry_id
    )
    INSERT INTO _em_archive_violation (chunk, profile, check_code, criterion, entries, first_id)
    SELECT o.chunk, chosen, code, b.criterion, count(*), min(a.entry_id)
    FROM objection o
    CROSS JOIN unnest(o.broken) AS b (criterion)
    JOIN _em_archive_entry a ON a.slot = 1024 * o.chunk + o.place - 1
    WHERE o.bars = 0 AND o.broken IS NOT NULL
    GROUP BY o.chunk, b.criterion;
END;
$$;
COMMENT ON FUNCTION _em_archive_judge(text, text, int[], boolean) IS
    'Internal: holds the arrays of a check against the criteria of a profile; add_up: corrects the scores by the verdicts that changed';

CREATE FUNCTION _em_archive_total(profile text, check_code text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    chosen CONSTANT text := _em_archive_total.profile;
    code   CONSTANT text := _em_archive_total.check_code;
BEGIN
    UPDATE _em_archive_pair p
    SET ok = t.ok, warned = t.warned, not_applicable = t.not_applicable, failed = t.failed, without_criterion = t.without_criterion
    FROM (
        SELECT count(*) FILTER (WHERE u.verdict = 'ok') AS ok, count(*) FILTER (WHERE u.verdict = 'warned') AS warned,
               count(*) FILTER (WHERE u.verdict = 'not_applicable') AS not_applicable,
               count(*) FILTER (WHERE u.verdict = 'failed') AS failed, count(*) FILTER (WHERE u.verdict = 'none') AS without_criterion
        FROM _em_archive_verdict v CROSS JOIN unnest(v.verdict) AS u (verdict)
        WHERE v.profile = chosen AND v.check_code = code
    ) AS t
    WHERE p.profile = chosen AND p.check_code = code;

    DELETE FROM _em_archive_warned w WHERE w.profile = chosen AND w.check_code = code;
    DELETE FROM _em_archive_example x WHERE x.kind = chosen || ':' AND x.check_code = code;
    INSERT INTO _em_archive_warned (profile, check_code, criterion, measure, entries)
    SELECT chosen, code, v.criterion, c.measure, sum(v.entries)
    FROM _em_archive_violation v
    JOIN em_criterion c ON c.profile = chosen AND c.check_code = code AND c.ordinal = v.criterion
    WHERE v.profile = chosen AND v.check_code = code
    GROUP BY v.criterion, c.measure;
    INSERT INTO _em_archive_example (kind, check_code, what, entry_id, example)
    SELECT chosen || ':', code, f.criterion, f.entry_id, w.warning
    FROM (SELECT v.criterion, min(v.first_id) AS entry_id FROM _em_archive_violation v
          WHERE v.profile = chosen AND v.check_code = code GROUP BY v.criterion) AS f
    CROSS JOIN LATERAL (
        SELECT x.warning FROM em_warning x
        WHERE x.entry_id = f.entry_id AND x.profile = chosen AND x.check_code = code AND x.criterion = f.criterion
        OFFSET 0) AS w;
END;
$$;
COMMENT ON FUNCTION _em_archive_total(text, text) IS 'Internal: adds up the verdicts and violations of a check';

CREATE FUNCTION _em_archive_add_scores(profile text, chunks int[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    chosen CONSTANT text := _em_archive_add_scores.profile;
BEGIN
    WITH counted AS MATERIALIZED (
        SELECT 1024 * v.chunk + u.place::int - 1 AS slot,
               count(*) FILTER (WHERE u.verdict = 'ok')::int AS passed,
               count(*) FILTER (WHERE u.verdict IN ('ok', 'warned'))::int AS evaluable,
               count(*) FILTER (WHERE u.verdict = 'failed')::int AS failed,
               count(*) FILTER (WHERE u.verdict = 'not_applicable')::int AS not_applicable,
               count(*) FILTER (WHERE u.verdict = 'none')::int AS without_criterion
        FROM _em_archive_verdict v
        CROSS JOIN unnest(v.verdict) WITH ORDINALITY AS u (verdict, place)
        WHERE v.profile = chosen AND v.chunk = ANY (chunks)
        GROUP BY 1
    ), fresh AS MATERIALIZED (
        SELECT a.entry_id, coalesce(c.passed, 0) AS passed, coalesce(c.evaluable, 0) AS evaluable, coalesce(c.failed, 0) AS failed,
               coalesce(c.not_applicable, 0) AS not_applicable, coalesce(c.without_criterion, 0) AS without_criterion
        FROM _em_archive_entry a
        LEFT JOIN counted c ON c.slot = a.slot
        WHERE a.slot / 1024 = ANY (chunks)
    ), moved AS (
        UPDATE _em_archive_score s
        SET passed = f.passed, evaluable = f.evaluable, failed = f.failed, not_applicable = f.not_applicable, without_criterion = f.without_criterion
        FROM fresh f
        WHERE s.entry_id = f.entry_id AND s.profile = chosen
          AND (s.passed, s.evaluable, s.failed, s.not_applicable, s.without_criterion)
              <> (f.passed, f.evaluable, f.failed, f.not_applicable, f.without_criterion)
    )
    INSERT INTO _em_archive_score (entry_id, profile, passed, evaluable, failed, not_applicable, without_criterion)
    SELECT f.entry_id, chosen, f.passed, f.evaluable, f.failed, f.not_applicable, f.without_criterion
    FROM fresh f
    WHERE NOT EXISTS (SELECT FROM _em_archive_score s WHERE s.entry_id = f.entry_id AND s.profile = chosen);
END;
$$;
COMMENT ON FUNCTION _em_archive_add_scores(text, int[]) IS 'Internal: adds up the verdicts on each entry of some chunks, and writes the scores that changed';

CREATE FUNCTION _em_archive_find_outliers() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    item   record;
    middle float8;
    spread float8;
    n      bigint;
BEGIN
    DELETE FROM _em_archive_outlier;
    FOR item IN SELECT DISTINCT c.check_code, c.name FROM _em_archive_column c ORDER BY 1, 2 LOOP
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v.value), count(*) INTO middle, n
        FROM _em_archive_column c CROSS JOIN unnest(c.value) AS v (value)
        WHERE c.check_code = item.check_code AND c.name = item.name AND _em_is_finite(v.value);
        CONTINUE WHEN n < 30;
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(v.value - middle)) INTO spread
        FROM _em_archive_column c CROSS JOIN unnest(c.value) AS v (value)
        WHERE c.check_code = item.check_code AND c.name = item.name AND _em_is_finite(v.value);
        CONTINUE WHEN NOT spread > 0;
        INSERT INTO _em_archive_outlier (entry_id, check_code, measure, value, unit, median, mad, n, robust_z)
        SELECT a.entry_id, item.check_code, item.name, v.value, c.unit, middle, spread, n, 0.6745 * (v.value - middle) / spread
        FROM _em_archive_column c
        CROSS JOIN unnest(c.value) WITH ORDINALITY AS v (value, place)
        JOIN _em_archive_entry a ON a.slot = 1024 * c.chunk + v.place - 1
        WHERE c.check_code = item.check_code AND c.name = item.name AND _em_is_finite(v.value)
          AND abs(0.6745 * (v.value - middle) / spread) > 3.5;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION _em_archive_find_outliers() IS 'Internal: median and median deviation of every measure, and the outliers that follow';

CREATE FUNCTION em_archive_refresh(outliers boolean DEFAULT true, anew boolean DEFAULT false,
                                   OUT entries bigint, OUT changed bigint, OUT judged bigint, OUT seconds float8)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    begun     CONSTANT timestamptz := clock_timestamp();
    fresh     boolean;
    names     text[];
    dirty     int[];
    every     int[];
    pair      record;
    regraded  text[] := '{}';
    unscored  text[];
    spreading boolean;
BEGIN
    -- One at a time; readers go on reading what was there before.
    LOCK TABLE em_archive_state IN SHARE ROW EXCLUSIVE MODE;
    fresh := anew OR NOT EXISTS (SELECT FROM em_archive_state)
        OR (SELECT count(*) * 2 + 1024 < max(a.slot) FROM _em_archive_entry a);
    WITH noted AS (
        DELETE FROM _em_archive_change RETURNING entry_id
    )
    SELECT coalesce(array_agg(DISTINCT n.entry_id), '{}') INTO names FROM noted n;

    IF fresh OR names <> '{}' THEN
        dirty := _em_archive_members(names, fresh);
        PERFORM _em_archive_load(d.chunk) FROM unnest(dirty) AS d (chunk);
    END IF;
    dirty := coalesce(dirty, '{}');
    changed := CASE WHEN fresh THEN (SELECT count(*) FROM _em_archive_entry) ELSE cardinality(names) END;
    every := ARRAY(SELECT c.chunk FROM _em_archive_chunk c ORDER BY 1);

    -- Verdicts: of changed entries, and of all entries where criteria changed
    judged := 0;
    DELETE FROM _em_archive_score s WHERE NOT EXISTS (SELECT FROM em_profile p WHERE p.profile = s.profile);
    unscored := ARRAY(SELECT p.profile FROM em_profile p WHERE NOT EXISTS (SELECT FROM _em_archive_score s WHERE s.profile = p.profile));
    DELETE FROM _em_archive_verdict v WHERE names <> '{}'
        AND NOT EXISTS (SELECT FROM _em_archive_result r WHERE r.check_code = v.check_code AND r.chunk = v.chunk);
    DELETE FROM _em_archive_violation v WHERE names <> '{}'
        AND NOT EXISTS (SELECT FROM _em_archive_result r WHERE r.check_code = v.check_code AND r.chunk = v.chunk);
    FOR pair IN
        SELECT coalesce(c.profile, p.profile) AS profile, coalesce(c.check_code, p.check_code) AS check_code, c.criteria,
               c.criteria IS DISTINCT FROM p.criteria AS other
        FROM _em_archive_criteria() AS c
        FULL JOIN _em_archive_pair p ON p.profile = c.profile AND p.check_code = c.check_code
        WHERE c.criteria IS DISTINCT FROM p.criteria OR dirty <> '{}'
        ORDER BY 1, 2
    LOOP
        IF pair.criteria IS NULL THEN
            DELETE FROM _em_archive_pair p WHERE p.profile = pair.profile AND p.check_code = pair.check_code;
            DELETE FROM _em_archive_verdict v WHERE v.profile = pair.profile AND v.check_code = pair.check_code;
            DELETE FROM _em_archive_violation v WHERE v.profile = pair.profile AND v.check_code = pair.check_code;
            DELETE FROM _em_archive_warned w WHERE w.profile = pair.profile AND w.check_code = pair.check_code;
            DELETE FROM _em_archive_example x WHERE x.kind = pair.profile || ':' AND x.check_code = pair.check_code;
            CONTINUE;
        ELSE
            INSERT INTO _em_archive_pair (profile, check_code, criteria) VALUES (pair.profile, pair.check_code, pair.criteria)
            ON CONFLICT (profile, check_code) DO UPDATE SET criteria = EXCLUDED.criteria;
        END IF;
        -- A changed criterion moves few entries: their scores are corrected; else they are added up below
        PERFORM _em_archive_judge(pair.profile, pair.check_code, CASE WHEN pair.other THEN every ELSE dirty END,
                                  dirty = '{}' AND pair.profile <> ALL (unscored));
        PERFORM _em_archive_total(pair.profile, pair.check_code);
        judged := judged + 1;
        IF pair.other THEN
            regraded := regraded || pair.profile;
        END IF;
    END LOOP;
    PERFORM _em_archive_add_scores(p.profile, CASE WHEN p.profile = ANY (regraded || unscored) THEN every ELSE dirty END)
    FROM em_profile p
    WHERE dirty <> '{}' OR p.profile = ANY (unscored);

    IF fresh OR names <> '{}' THEN
        DELETE FROM _em_archive_failed;
        DELETE FROM _em_archive_example x WHERE x.kind = 'failure';
        INSERT INTO _em_archive_failed (check_code, reason_code, entries)
        SELECT l.check_code, coalesce(l.reason_code, 'other'), count(*) FROM em_latest l WHERE l.state = 'failed' GROUP BY 1, 2;
        INSERT INTO _em_archive_example (kind, check_code, what, entry_id, example)
        SELECT DISTINCT ON (l.check_code, coalesce(l.reason_code, 'other')) 'failure', l.check_code, coalesce(l.reason_code, 'other'), l.entry_id, l.reason
        FROM em_latest l WHERE l.state = 'failed' ORDER BY l.check_code, coalesce(l.reason_code, 'other'), l.entry_id;
    END IF;

    spreading := outliers AND (fresh OR names <> '{}' OR EXISTS (SELECT FROM em_archive_state s WHERE s.measured < s.refreshed));
    IF spreading THEN
        PERFORM _em_archive_find_outliers();
    END IF;
    entries := (SELECT count(*) FROM _em_archive_entry);
    seconds := extract(epoch FROM clock_timestamp() - begun);
    INSERT INTO em_archive_state AS s (refreshed, measured, seconds, entries)
    VALUES (begun, CASE WHEN spreading THEN begun ELSE '-infinity' END, em_archive_refresh.seconds, em_archive_refresh.entries)
    ON CONFLICT (one) DO UPDATE
        SET refreshed = EXCLUDED.refreshed, seconds = EXCLUDED.seconds, entries = EXCLUDED.entries,
            measured = CASE WHEN spreading OR names = '{}' AND s.measured = s.refreshed THEN EXCLUDED.refreshed ELSE s.measured END;
END;
$$;
COMMENT ON FUNCTION em_archive_refresh(boolean, boolean) IS
    'brings the views em_archive_, em_outlier and the page over all entries up to date, looking only at entries whose results and checks whose '
    'criteria changed; outliers := false leaves out medians and outliers, which take longest; anew makes everything again; '
    'readers are not blocked; returns the number of entries, of changed ones, of profiles times checks that were judged, and the seconds';
