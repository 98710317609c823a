/*
 * 20_tables.sql: entries, their maps and files, and what validation runs measured.
 */

-- Levels and checks ----------------------------------------------------------

CREATE TABLE em_level_info (
    level       text PRIMARY KEY,
    ordinal     int NOT NULL UNIQUE,
    inputs      text[] NOT NULL,
    preamble    text,
    title       text NOT NULL,
    description text NOT NULL,
    shipped     boolean NOT NULL DEFAULT false,
    edited      boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE em_level_info IS 'validation levels and qualifiers in canonical order: 0 to 5, A, W, O';
COMMENT ON COLUMN em_level_info.inputs IS 'roles in em_entry_map or em_entry_file that put an entry at this level when all of them are there';
COMMENT ON COLUMN em_level_info.preamble IS 'title of the report section that describes the inputs of the level, before the section with its checks; NULL: none';
COMMENT ON COLUMN em_level_info.title IS 'title of the report section that holds the checks of the level';

CREATE TABLE em_check (
    check_code      text PRIMARY KEY CHECK (check_code ~ '^[0-9A-Z]\.[a-z]+$'),
    level           text NOT NULL REFERENCES em_level_info,
    ordinal         int NOT NULL,
    name            text NOT NULL,
    title           text NOT NULL,
    explanation     text NOT NULL,
    applies         text,
    sentence_ok     text,
    sentence_warned text,
    reference       text,
    shipped         boolean NOT NULL DEFAULT false,
    edited          boolean NOT NULL DEFAULT false,
    UNIQUE (level, ordinal)
);
COMMENT ON TABLE em_check IS 'the checks, one row each; what they measure is in em_measure_info, how they are judged in em_criterion';
COMMENT ON COLUMN em_check.check_code IS 'level, full stop, letter: 0.a';
COMMENT ON COLUMN em_check.ordinal IS 'place within the level; also the number of the report section within the level';
COMMENT ON COLUMN em_check.name IS 'name in the item table of a report';
COMMENT ON COLUMN em_check.title IS 'title of the report section';
COMMENT ON COLUMN em_check.explanation IS 'what the check looks at and why, for the report';
COMMENT ON COLUMN em_check.applies IS 'what an entry needs for the check, as in: applies to entries with ...; the measuring code stores the state not_applicable otherwise';
COMMENT ON COLUMN em_check.sentence_ok IS 'sentence of the summary when the check passes; NULL: silent';
COMMENT ON COLUMN em_check.sentence_warned IS 'sentence of the summary when the check warns, {section} is the number of its section; NULL: silent';
COMMENT ON COLUMN em_check.reference IS 'DOI of the method';
COMMENT ON COLUMN em_check.shipped IS 'the row came with the extension';
COMMENT ON COLUMN em_check.edited IS 'the row came with the extension and was changed afterwards; such rows are dumped';

CREATE TABLE em_measure_info (
    check_code  text NOT NULL REFERENCES em_check,
    name        text NOT NULL,
    ordinal     int NOT NULL,
    label       text NOT NULL,
    unit        text NOT NULL DEFAULT '',
    digits      int NOT NULL DEFAULT 2 CHECK (digits BETWEEN 0 AND 12),
    description text,
    words       text[],
    shipped     boolean NOT NULL DEFAULT false,
    edited      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (check_code, name)
);
COMMENT ON TABLE em_measure_info IS 'what each measure is called in a report, its unit and how many decimals are shown';
COMMENT ON COLUMN em_measure_info.name IS 'as in em_measure.name; names that end in _vrs follow the definition of the Validation Report Service where it differs';
COMMENT ON COLUMN em_measure_info.ordinal IS 'order within the check';
COMMENT ON COLUMN em_measure_info.label IS 'noun phrase used in generated sentences';
COMMENT ON COLUMN em_measure_info.digits IS 'decimals shown in a report';
COMMENT ON COLUMN em_measure_info.words IS 'for a measure that stands for words: those for the values 0, 1, 2 ..., shown in their place';

-- Entries --------------------------------------------------------------------

CREATE TABLE em_entry (
    entry_id          text PRIMARY KEY CHECK (entry_id <> '' AND entry_id = btrim(entry_id, E' \t\r\n')),
    title             text,
    authors           text[],
    deposited         date,
    method            text,
    resolution        float8 CHECK (resolution > 0 AND resolution < 'Infinity'),
    resolution_method text,
    contour           float8 CHECK (contour > '-Infinity' AND contour < 'Infinity'),
    contour_source    text,
    contours          jsonb,
    pdb_ids           text[],
    header            xml,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE em_entry IS 'one row for each entry to be validated; see em_ingest';
COMMENT ON COLUMN em_entry.entry_id IS 'EMDB accession code or any other name that is not blank';
COMMENT ON COLUMN em_entry.method IS 'method of structure determination, as the header names it';
COMMENT ON COLUMN em_entry.resolution IS 'resolution reported by the depositor, Å; NULL: not reported';
COMMENT ON COLUMN em_entry.resolution_method IS 'how the reported resolution was determined, as the header names it';
COMMENT ON COLUMN em_entry.contour IS 'contour level used for the masks, in the grey values of the map';
COMMENT ON COLUMN em_entry.contour_source IS 'where the contour comes from: argument (given to em_ingest) or the source the header names';
COMMENT ON COLUMN em_entry.contours IS 'all contours of the header: [{"level": 1.5, "source": "AUTHOR", "primary": true}]';
COMMENT ON COLUMN em_entry.pdb_ids IS 'PDB codes of models of this map, in lower case';
COMMENT ON COLUMN em_entry.header IS 'EMDB header XML, version 1.9 or 3';

CREATE TABLE em_entry_map (
    entry_id  text NOT NULL REFERENCES em_entry ON UPDATE CASCADE ON DELETE CASCADE,
    role      text NOT NULL CHECK (role ~ '^[a-z][a-z0-9_]*$'),
    map       emmap NOT NULL,
    lo        oid GENERATED ALWAYS AS (em_oid(map)) STORED UNIQUE,
    file_name text,
    added     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, role)
);
COMMENT ON TABLE em_entry_map IS 'maps of an entry; removing a row, replacing its map or truncating the table removes the large object as well';
COMMENT ON COLUMN em_entry_map.role IS 'map, half1, half2, mask, mask_2, ... or any other lower-case name';
COMMENT ON COLUMN em_entry_map.lo IS 'large object of the map; the column lets vacuumlo see that it is in use, and each large object belongs to one row only';
COMMENT ON COLUMN em_entry_map.file_name IS 'name of the file the map came from';

CREATE TABLE em_entry_file (
    entry_id  text NOT NULL REFERENCES em_entry ON UPDATE CASCADE ON DELETE CASCADE,
    role      text NOT NULL CHECK (role ~ '^[a-z][a-z0-9_]*$'),
    file_name text,
    sha256    text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content   bytea,
    added     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, role)
);
COMMENT ON TABLE em_entry_file IS 'files of an entry that are not maps kept here: the atomic model, and what is known of maps kept elsewhere';
COMMENT ON COLUMN em_entry_file.role IS 'model, or the role a map would have in em_entry_map';
COMMENT ON COLUMN em_entry_file.sha256 IS 'SHA-256 of the uncompressed file, lower-case hexadecimal';
COMMENT ON COLUMN em_entry_file.content IS 'the file itself; NULL: only its name is known';

-- Runs and what they measured --------------------------------------------------

CREATE TABLE em_run (
    run_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id        text NOT NULL REFERENCES em_entry ON UPDATE CASCADE ON DELETE CASCADE,
    started         timestamptz NOT NULL DEFAULT now(),
    finished        timestamptz,
    emvalid_version text,
    parameters      jsonb NOT NULL DEFAULT '{}',
    origin          text NOT NULL DEFAULT 'emvalid' CHECK (origin IN ('emvalid', 'report')),
    UNIQUE (entry_id, run_id)
);
COMMENT ON TABLE em_run IS 'one row for each validation of an entry, or for each printed report that was loaded';
COMMENT ON COLUMN em_run.finished IS 'NULL: still running, or ended by an error';
COMMENT ON COLUMN em_run.parameters IS 'what the run used: contour, resolution, map fingerprints, settings';
COMMENT ON COLUMN em_run.origin IS 'emvalid: measured here; report: copied from a printed report';

CREATE TABLE em_result (
    run_id      bigint NOT NULL,
    entry_id    text NOT NULL,
    check_code  text NOT NULL REFERENCES em_check,
    state       text NOT NULL CHECK (state IN ('measured', 'not_applicable', 'failed')),
    reason      text,
    reason_code text,
    elapsed     interval,
    method      text,
    recorded    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, check_code),
    UNIQUE (entry_id, check_code, run_id),
    FOREIGN KEY (entry_id, run_id) REFERENCES em_run (entry_id, run_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CHECK (state = 'measured' OR reason <> '' AND reason IS NOT NULL)
);
COMMENT ON TABLE em_result IS 'how each check of a run ended; verdicts are not stored, see em_outcome';
COMMENT ON COLUMN em_result.state IS 'measured; not_applicable: the check makes no sense for this entry; failed: it could not be measured';
COMMENT ON COLUMN em_result.reason IS 'why it was not measured, without full stop';
COMMENT ON COLUMN em_result.reason_code IS 'stable short form of the reason: empty_mask';
COMMENT ON COLUMN em_result.elapsed IS 'wall-clock time of the check';
COMMENT ON COLUMN em_result.method IS 'method and version that measured: mass/1';

CREATE TABLE em_measure (
    run_id     bigint NOT NULL,
    entry_id   text NOT NULL,
    check_code text NOT NULL,
    name       text NOT NULL,
    value      float8 NOT NULL,
    unit       text NOT NULL DEFAULT '',
    printed    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, check_code, name),
    FOREIGN KEY (entry_id, check_code, run_id) REFERENCES em_result (entry_id, check_code, run_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT em_measure_finite CHECK (printed OR value > '-Infinity' AND value < 'Infinity')
);
CREATE INDEX em_measure_entry ON em_measure (entry_id);
COMMENT ON TABLE em_measure IS 'the numbers of each measured check, one row each; a value that does not exist has no row';
COMMENT ON COLUMN em_measure.value IS 'always finite, unless printed';
COMMENT ON COLUMN em_measure.unit IS 'Å, Å², Å³, %, voxels, 1/Å, ... or empty for pure numbers';
COMMENT ON COLUMN em_measure.printed IS 'copied from a printed report, not measured here';
COMMENT ON CONSTRAINT em_measure_finite ON em_measure IS
    'NaN and infinity can only come from printed reports: no run of emvalid can store them, so no NaN of ours can ever pass a criterion';

CREATE TABLE em_series (
    run_id     bigint NOT NULL,
    entry_id   text NOT NULL,
    check_code text NOT NULL,
    name       text NOT NULL,
    x_name     text NOT NULL DEFAULT 'x',
    x          float8[] NOT NULL,
    y          float8[] NOT NULL,
    x_unit     text NOT NULL DEFAULT '',
    y_unit     text NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, check_code, name),
    FOREIGN KEY (entry_id, check_code, run_id) REFERENCES em_result (entry_id, check_code, run_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
    CHECK (cardinality(x) = cardinality(y))
);
CREATE INDEX em_series_entry ON em_series (entry_id);
COMMENT ON TABLE em_series IS 'curves, histograms and columns of tables: y against x, equally long';
COMMENT ON COLUMN em_series.x_name IS 'what x is: frequency, threshold, rank, ...';

CREATE TABLE em_local_map (
    run_id     bigint NOT NULL,
    entry_id   text NOT NULL,
    check_code text NOT NULL,
    unit       text NOT NULL DEFAULT '',
    cells      bytea NOT NULL,
    PRIMARY KEY (run_id, check_code),
    FOREIGN KEY (entry_id, check_code, run_id) REFERENCES em_result (entry_id, check_code, run_id)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX em_local_map_entry ON em_local_map (entry_id);
COMMENT ON TABLE em_local_map IS 'small copies of local measures (local resolution, B-factor, occupancy), which colour the surfaces of the report';
COMMENT ON COLUMN em_local_map.cells IS
    'means over at most 64³ blocks of the mask: "EMC1", their numbers along x, y, z (int32), side of a block and corner of the first (Å, 3 float8 each), '
    'least and greatest value (float8), all little-endian, then a byte a block, x fastest: 0 none, 1 the least, 255 the greatest';
