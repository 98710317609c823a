/*
 * 65_percentile.sql: where an entry stands among the others, now or among those of a frozen set.
 */

CREATE TABLE em_percentile_set (
    name        text PRIMARY KEY CHECK (name <> '' AND name = btrim(name)),
    frozen      timestamptz NOT NULL DEFAULT now(),
    entries     bigint NOT NULL,
    description text
);
COMMENT ON TABLE em_percentile_set IS 'frozen percentile sets, see em_freeze_percentiles; delete a row to drop one';
COMMENT ON COLUMN em_percentile_set.frozen IS 'the set holds the archive as it was then';
COMMENT ON COLUMN em_percentile_set.entries IS 'entries with results';

CREATE TABLE em_percentile_value (
    name       text NOT NULL REFERENCES em_percentile_set ON UPDATE CASCADE ON DELETE CASCADE,
    check_code text NOT NULL,
    measure    text NOT NULL,
    value      float8[] NOT NULL,
    resolution float8[] NOT NULL,
    PRIMARY KEY (name, check_code, measure),
    CHECK (cardinality(value) = cardinality(resolution))
);
COMMENT ON TABLE em_percentile_value IS 'values of a measure in a frozen set, ascending, without the names of the entries';
COMMENT ON COLUMN em_percentile_value.name IS 'name of the set';
COMMENT ON COLUMN em_percentile_value.resolution IS 'reported resolution (Å) of the entry of each value';

CREATE FUNCTION em_freeze_percentiles(name text, description text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    given    CONSTANT text := em_freeze_percentiles.name;
    measures bigint;
BEGIN
    IF given IS NULL OR given = '' OR given <> btrim(given) THEN
        RAISE invalid_parameter_value USING MESSAGE = 'a percentile set needs a name without spaces around it';
    END IF;
    IF EXISTS (SELECT FROM em_percentile_set s WHERE s.name = given) THEN
        RAISE duplicate_object USING MESSAGE = format('percentile set "%s" already exists', given),
            DETAIL = format('It was frozen on %s.', (SELECT s.frozen::date FROM em_percentile_set s WHERE s.name = given)),
            HINT = 'Frozen sets do not change; choose another name, or delete its row of em_percentile_set.';
    END IF;
    INSERT INTO em_percentile_set (name, entries, description)
    SELECT given, count(DISTINCT l.entry_id), em_freeze_percentiles.description FROM em_latest l;
    INSERT INTO em_percentile_value (name, check_code, measure, value, resolution)
    SELECT given, n.check_code, n.name, array_agg(n.value), array_agg(n.resolution)
    FROM (
        SELECT l.check_code, m.name, m.value, e.resolution
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code
        JOIN em_entry e ON e.entry_id = l.entry_id
        WHERE _em_is_finite(m.value)
        ORDER BY l.check_code, m.name, m.value, e.resolution
    ) AS n
    GROUP BY n.check_code, n.name;
    GET DIAGNOSTICS measures = ROW_COUNT;
    RETURN measures;
END;
$$;
COMMENT ON FUNCTION em_freeze_percentiles(text, text) IS
    'keeps the values of all measures of all entries as they are now under a name and with the date, for em_percentile; returns the number of measures; '
    'the values are kept without the names of their entries, 16 bytes each';

CREATE FUNCTION _em_percentile_set() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 2
RETURN coalesce(current_setting('emvalid.percentile_set', true), '');
COMMENT ON FUNCTION _em_percentile_set() IS 'Internal: the percentile set named by the setting emvalid.percentile_set; empty: the archive itself';

CREATE FUNCTION _em_below(value float8, mine float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
RETURN CASE WHEN value < mine THEN 1 WHEN value = mine THEN 0.5 ELSE 0 END::float8;
COMMENT ON FUNCTION _em_below(float8, float8) IS 'Internal: what a value counts for in the percentile of mine';

CREATE FUNCTION em_percentile(entry_id text, check_code text, measure text, window_share float8 DEFAULT 0.2, percentile_set text DEFAULT NULL,
                              OUT value float8, OUT n_all bigint, OUT percentile_all float8,
                              OUT n_window bigint, OUT percentile_window float8, OUT window_low float8, OUT window_high float8,
                              OUT reference text, OUT reference_date timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    code   CONSTANT text := em_percentile.check_code;
    what   CONSTANT text := em_percentile.measure;
    -- Readers that entries are hidden from may not read the sets, which hold the values of all
    allowed CONSTANT boolean := has_table_privilege('em_percentile_value', 'SELECT');
    chosen CONSTANT text := coalesce(em_percentile.percentile_set, CASE WHEN allowed THEN _em_percentile_set() ELSE '' END);
    mine   float8;
    below  float8;
    near   float8;
BEGIN
    IF chosen <> '' AND NOT EXISTS (SELECT FROM em_percentile_set s WHERE s.name = chosen) THEN
        RAISE undefined_object USING MESSAGE = format('there is no percentile set "%s"', chosen),
            HINT = 'The sets are listed in em_percentile_set; emvalid.percentile_set names the default.';
    END IF;
    IF chosen <> '' AND NOT allowed THEN
        RAISE insufficient_privilege USING MESSAGE = format('percentile set "%s" may not be read', chosen),
            DETAIL = 'It holds values of entries that are hidden from readers.',
            HINT = 'Leave percentile_set out to compare with the entries that can be seen.';
    END IF;
    SELECT m.value, e.resolution * (1 - em_percentile.window_share), e.resolution * (1 + em_percentile.window_share)
    INTO mine, window_low, window_high
    FROM em_latest l
    JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = what
    JOIN em_entry e ON e.entry_id = l.entry_id
    WHERE l.entry_id = em_percentile.entry_id AND l.check_code = code AND _em_is_finite(m.value);
    IF mine IS NULL THEN
        RETURN;
    END IF;

    IF chosen <> '' THEN
        SELECT chosen, s.frozen INTO reference, reference_date FROM em_percentile_set s WHERE s.name = chosen;
        SELECT count(*), sum(b.below), count(*) FILTER (WHERE b.near), sum(b.below) FILTER (WHERE b.near) INTO n_all, below, n_window, near
        FROM em_percentile_value s
        CROSS JOIN LATERAL unnest(s.value, s.resolution) AS v (value, resolution)
        CROSS JOIN LATERAL (SELECT _em_below(v.value, mine) AS below, v.resolution BETWEEN window_low AND window_high AS near) AS b
        WHERE s.name = chosen AND s.check_code = code AND s.measure = what;
    ELSIF EXISTS (SELECT FROM em_archive_state) AND has_table_privilege('_em_archive_column', 'SELECT') THEN
        SELECT 'archive', s.refreshed INTO reference, reference_date FROM em_archive_state s;
        SELECT count(*), sum(b.below), count(*) FILTER (WHERE b.near), sum(b.below) FILTER (WHERE b.near) INTO n_all, below, n_window, near
        FROM _em_archive_column c
        JOIN _em_archive_chunk k ON k.chunk = c.chunk
        CROSS JOIN LATERAL ROWS FROM (unnest(c.value), unnest(k.resolution)) AS v (value, resolution)
        CROSS JOIN LATERAL (SELECT _em_below(v.value, mine) AS below, v.resolution BETWEEN window_low AND window_high AS near) AS b
        WHERE c.check_code = code AND c.name = what AND _em_is_finite(v.value);
    ELSE
        reference := 'archive';
        reference_date := now();
        SELECT count(*), sum(b.below), count(*) FILTER (WHERE b.near), sum(b.below) FILTER (WHERE b.near) INTO n_all, below, n_window, near
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = what
        JOIN em_entry e ON e.entry_id = l.entry_id
        CROSS JOIN LATERAL (SELECT _em_below(m.value, mine) AS below, e.resolution BETWEEN window_low AND window_high AS near) AS b
        WHERE l.check_code = code AND _em_is_finite(m.value);
    END IF;
    value := mine;
    percentile_all := CASE WHEN n_all >= 30 THEN 100 * below / n_all END;
    percentile_window := CASE WHEN n_window >= 30 THEN 100 * near / n_window END;
END;
$$;
COMMENT ON FUNCTION em_percentile(text, text, text, float8, text) IS
    'percentile of a measure of an entry: share of the entries (%) with a smaller value, equal ones counted half, among all and among those with a '
    'reported resolution within a share of its own (20 %); NULL when fewer than 30 entries have the measure. Reference is the archive, as of the last '
    'em_archive_refresh() if there was one, or a frozen set: that of the setting emvalid.percentile_set when NULL, the archive when empty';

CREATE VIEW em_entry_percentile AS
SELECT l.entry_id, l.check_code, m.name AS measure, p.value, m.unit, p.percentile_all, p.n_all, p.percentile_window, p.n_window,
       p.window_low, p.window_high, p.reference, p.reference_date
FROM em_latest l
JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code
CROSS JOIN LATERAL em_percentile(l.entry_id, l.check_code, m.name) AS p
WHERE EXISTS (SELECT FROM em_criterion c WHERE c.check_code = l.check_code AND c.measure = m.name AND c.measure <> 'reported_resolution')
  AND p.value IS NOT NULL;
COMMENT ON VIEW em_entry_percentile IS
    'em_percentile of every measure that a criterion judges; meant for one entry or a few, WHERE entry_id = ...';

CREATE FUNCTION _em_slider_svg(label text, percentile float8, n bigint, what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50
RETURN CASE
    WHEN percentile IS NULL THEN format('not enough entries (%s of 30)', coalesce(n, 0))
    ELSE format('<svg xmlns="http://www.w3.org/2000/svg" class="slider" role="img" viewBox="0 0 240 22"><title>%1$s: percentile %2$s of %3$s entries %4$s</title>'
                '<rect x="4" y="8" width="232" height="6" fill="#ddd" stroke="#555"/><path d="M120 5v12" stroke="#555"/>'
                '<path d="M%5$s 3v16" stroke="#111" stroke-width="5"/></svg><span class="nowrap">%2$s (N = %3$s%6$s)</span>',
                _em_html(label), round(percentile::numeric), n, _em_html(what), round((4 + 2.32 * percentile)::numeric, 1),
                (SELECT format(', set %s of %s', _em_html(s.name), to_char(s.frozen AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
                 FROM em_percentile_set s WHERE s.name = _em_percentile_set())) END;
COMMENT ON FUNCTION _em_slider_svg(text, float8, bigint, text) IS
    'Internal: a percentile as a slider with N and the frozen set that was used, or that there are not enough entries';
