-- An archive of synthetic entries, as many as the psql variable `entries` says, with about 200 measures each.
--
--   psql -v entries=60000 -f contrib/bench/archive-data.sql
--
-- Every entry has results of the checks of level 0, every second one also of level 1, with all the measures that
-- em_measure_info lists for them.  Values lie around the limits of the criteria, most on the good side; one in 500 is ten
-- times too large.  The draws are seeded.  Foreign keys are not checked while loading, so it needs a superuser, and runs
-- within a transaction or without one.  The variable `checks` limits the checks to those that match it.

\if :{?checks}
\else
\set checks .
\endif
SELECT set_config('session_replication_role', 'replica', false), setseed(0.25) \g /dev/null

INSERT INTO em_entry (entry_id, title, deposited, method, resolution, contour)
SELECT 'EMD-' || 100000 + i, 'Synthetic entry ' || i || ' of < & "α"', date '2004-01-01' + (7900 * power(u.a, 0.4))::int,
       CASE WHEN u.b < 0.8 THEN 'singleParticle' WHEN u.b < 0.92 THEN 'subtomogramAveraging' ELSE 'helical' END,
       -- better from year to year, with a long tail; some did not report any
       CASE WHEN u.c > 0.02 THEN round((2.2 + 14 * power(1 - power(u.a, 0.4), 2) + 12 * power(u.d, 6) + 2 * u.e)::numeric, 2) END, 0.1
FROM generate_series(1, :entries) AS i
CROSS JOIN LATERAL (SELECT random() AS a, random() AS b, random() AS c, random() AS d, random() AS e WHERE i > 0) AS u;

INSERT INTO em_run (entry_id, started, finished, emvalid_version)
SELECT entry_id, timestamptz '2026-01-01 00:00Z', timestamptz '2026-01-01 00:10Z', em_version() FROM em_entry WHERE title LIKE 'Synthetic entry %' ORDER BY entry_id;

INSERT INTO em_result (run_id, entry_id, check_code, state, reason, reason_code, elapsed, method, recorded)
SELECT r.run_id, r.entry_id, c.check_code, s.state,
       CASE s.state WHEN 'failed' THEN CASE WHEN u.b < 0.6 THEN 'no voxel reaches the contour' ELSE 'the map holds values that are not finite' END
                    WHEN 'not_applicable' THEN 'the reported resolution is worse than needed' END,
       CASE s.state WHEN 'failed' THEN CASE WHEN u.b < 0.6 THEN 'empty_mask' ELSE 'not_finite' END
                    WHEN 'not_applicable' THEN 'resolution_too_low' END,
       make_interval(secs => 5 * u.b), 'synthetic/1', r.finished
FROM em_run r
JOIN em_entry e ON e.entry_id = r.entry_id AND e.title LIKE 'Synthetic entry %'
JOIN em_check c ON c.level = '0' OR c.level = '1' AND r.run_id % 2 = 0
CROSS JOIN LATERAL (SELECT random() AS a, random() AS b WHERE r.run_id > 0) AS u
CROSS JOIN LATERAL (SELECT CASE WHEN u.a < 0.02 THEN 'failed'
                                WHEN c.check_code IN ('0.d', '1.f') AND coalesce(e.resolution, 99) > 10 THEN 'not_applicable'
                                ELSE 'measured' END AS state) AS s
WHERE c.check_code NOT IN ('0.e', '0.h') AND c.check_code ~ :'checks'
ORDER BY r.run_id, c.check_code;

INSERT INTO em_measure (run_id, entry_id, check_code, name, value, unit)
SELECT r.run_id, r.entry_id, r.check_code, i.name,
       CASE WHEN i.name = 'reported_resolution' THEN e.resolution
            WHEN i.like_resolution THEN coalesce(e.resolution, 8) * (1.05 + 0.12 * u.z)
            WHEN i.upper IS NOT NULL THEN (i.low + i.upper) / 2 + (i.upper - i.low) / 4 * u.z
            WHEN i.low IS NOT NULL THEN i.low + i.side * i.scale * (0.7 + 0.5 * u.z)
            ELSE i.ordinal * (10 + u.z) END
       * CASE WHEN u.f < 0.002 AND i.name <> 'reported_resolution' THEN 10 ELSE 1 END, i.unit
FROM em_result r
JOIN em_entry e ON e.entry_id = r.entry_id AND e.title LIKE 'Synthetic entry %'
JOIN (
    SELECT m.check_code, m.name, m.ordinal, m.unit, k.low, k.upper, k.side, greatest(abs(k.low), 1e-3) AS scale,
           m.check_code >= '1' AND (m.unit = 'Å' OR EXISTS (SELECT FROM em_criterion c WHERE c.check_code = m.check_code AND c.limit_measure = m.name)) AS like_resolution
    FROM em_measure_info m
    LEFT JOIN LATERAL (
        SELECT coalesce(max(c.limit_value) FILTER (WHERE c.comparison IN ('>', '>=', 'between')), max(c.limit_value)) AS low,
               coalesce(max(c.limit_upper), max(c.limit_value) FILTER (WHERE c.comparison IN ('<', '<=') AND b.both)) AS upper,
               max(CASE WHEN c.comparison IN ('<', '<=') THEN -1 ELSE 1 END) AS side
        FROM em_criterion c
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM em_criterion d WHERE d.check_code = c.check_code AND d.measure = c.measure AND d.comparison IN ('>', '>=')) AS both) AS b
        WHERE c.check_code = m.check_code AND c.measure = m.name AND c.limit_measure IS NULL AND c.comparison <> 'exists' AND m.name <> 'reported_resolution'
    ) AS k ON true
) AS i ON i.check_code = r.check_code
CROSS JOIN LATERAL (SELECT 1.7320508 * (random() + random() + random() + random() - 2) AS z, random() AS f WHERE r.run_id > 0 AND i.ordinal IS NOT NULL) AS u
WHERE r.state = 'measured' AND (i.name <> 'reported_resolution' OR e.resolution IS NOT NULL)
ORDER BY r.run_id, r.check_code, i.ordinal;

SELECT set_config('session_replication_role', 'origin', false) \g /dev/null
ANALYZE em_entry;
ANALYZE em_run;
ANALYZE em_result;
ANALYZE em_measure;
