/*
 * 52_levels.sql: which levels an entry reaches, and the section numbers that follow from them.
 */

CREATE VIEW em_level_present AS
SELECT p.entry_id, p.level, i.ordinal, i.preamble, i.title,
       CASE WHEN i.preamble IS NOT NULL THEN p.section - 1 END AS preamble_section,
       p.section
FROM (
    SELECT u.entry_id, u.level,
           (1 + sum(CASE WHEN i.preamble IS NULL THEN 1 ELSE 2 END)
                    OVER (PARTITION BY u.entry_id ORDER BY i.ordinal))::int AS section
    FROM (
        SELECT r.entry_id, i.level
        FROM (
            SELECT entry_id, role FROM em_entry_map
            UNION
            SELECT entry_id, role FROM em_entry_file
        ) AS r
        JOIN em_level_info i ON r.role = ANY (i.inputs)
        GROUP BY r.entry_id, i.level, i.inputs
        HAVING count(*) = cardinality(i.inputs)
        UNION
        SELECT l.entry_id, c.level
        FROM em_latest l
        JOIN em_check c ON c.check_code = l.check_code
        WHERE l.state <> 'not_applicable'
    ) AS u
    JOIN em_level_info i ON i.level = u.level
) AS p
JOIN em_level_info i ON i.level = p.level;
COMMENT ON VIEW em_level_present IS
    'levels of each entry, one row each: those whose inputs are there, and those with a result other than does not apply';
COMMENT ON COLUMN em_level_present.preamble_section IS 'number of the report section that describes the inputs of the level';
COMMENT ON COLUMN em_level_present.section IS 'number of the report section with the checks of the level; 1 is the input data';

CREATE VIEW em_level AS
SELECT p.entry_id,
       string_agg(p.level, ', ' ORDER BY p.ordinal) AS levels,
       concat((array_agg(p.level ORDER BY p.ordinal DESC) FILTER (WHERE p.level ~ '^[0-9]$'))[1],
              string_agg(p.level, '' ORDER BY p.ordinal) FILTER (WHERE p.level !~ '^[0-9]$')) AS grade
FROM em_level_present p
GROUP BY p.entry_id;
COMMENT ON VIEW em_level IS 'levels of each entry in canonical order, and its grade';
COMMENT ON COLUMN em_level.levels IS 'canonical order: 0, 1, A';
COMMENT ON COLUMN em_level.grade IS 'highest numbered level followed by the qualifiers: 1A';
