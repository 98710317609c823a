-- The type emmap: a reference to a large object that holds an MRC/CCP4 map.
-- Nothing in this part opens the large object except the functions under "Making and saving".

CREATE TYPE emmap;

CREATE FUNCTION emmap_in(cstring) RETURNS emmap
    AS 'MODULE_PATHNAME', 'emmap_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION emmap_out(emmap) RETURNS cstring
    AS 'MODULE_PATHNAME', 'emmap_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION emmap_recv(internal) RETURNS emmap
    AS 'MODULE_PATHNAME', 'emmap_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION emmap_send(emmap) RETURNS bytea
    AS 'MODULE_PATHNAME', 'emmap_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;

CREATE TYPE emmap (
    INPUT = emmap_in,
    OUTPUT = emmap_out,
    RECEIVE = emmap_recv,
    SEND = emmap_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = main
);

COMMENT ON TYPE emmap IS
    'Reference to a large object that holds an MRC/CCP4 map, with its decoded header and a fingerprint of its content';
COMMENT ON FUNCTION emmap_in(cstring) IS 'Text input of emmap; never opens the large object';
COMMENT ON FUNCTION emmap_out(emmap) IS 'Lossless text output of emmap';
COMMENT ON FUNCTION emmap_recv(internal) IS 'Binary input of emmap; never opens the large object';
COMMENT ON FUNCTION emmap_send(emmap) IS 'Binary output of emmap';

-- Comparison: identity of the reference (large object, then content)

CREATE FUNCTION emmap_eq(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_ne(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_lt(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_le(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_gt(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_ge(emmap, emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_cmp(emmap, emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emmap_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION emmap_hash(emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emmap_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

COMMENT ON FUNCTION emmap_eq(emmap, emmap) IS 'Same large object and same content?';
COMMENT ON FUNCTION emmap_ne(emmap, emmap) IS 'Different large object or different content?';
COMMENT ON FUNCTION emmap_lt(emmap, emmap) IS 'Order of references, for indexes';
COMMENT ON FUNCTION emmap_le(emmap, emmap) IS 'Order of references, for indexes';
COMMENT ON FUNCTION emmap_gt(emmap, emmap) IS 'Order of references, for indexes';
COMMENT ON FUNCTION emmap_ge(emmap, emmap) IS 'Order of references, for indexes';
COMMENT ON FUNCTION emmap_cmp(emmap, emmap) IS 'B-tree support of emmap';
COMMENT ON FUNCTION emmap_hash(emmap) IS 'Hash support of emmap';

CREATE OPERATOR = (
    FUNCTION = emmap_eq, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = =, NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR <> (
    FUNCTION = emmap_ne, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = <>, NEGATOR = =,
    RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR < (
    FUNCTION = emmap_lt, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = >, NEGATOR = >=,
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR <= (
    FUNCTION = emmap_le, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = >=, NEGATOR = >,
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR > (
    FUNCTION = emmap_gt, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = <, NEGATOR = <=,
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
CREATE OPERATOR >= (
    FUNCTION = emmap_ge, LEFTARG = emmap, RIGHTARG = emmap, COMMUTATOR = <=, NEGATOR = <,
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR CLASS emmap_ops DEFAULT FOR TYPE emmap USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 emmap_cmp(emmap, emmap);
CREATE OPERATOR CLASS emmap_hash_ops DEFAULT FOR TYPE emmap USING hash AS
    OPERATOR 1 =, FUNCTION 1 emmap_hash(emmap);

-- Accessors

CREATE FUNCTION em_nx(m emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emvalid_nx' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION em_ny(m emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emvalid_ny' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION em_nz(m emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emvalid_nz' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION em_voxel_size(m emmap) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'emvalid_voxel_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION em_mode(m emmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'emvalid_mode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION em_oid(m emmap) RETURNS oid
    AS 'MODULE_PATHNAME', 'emvalid_oid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION em_sha256(m emmap) RETURNS text
    AS 'MODULE_PATHNAME', 'emvalid_sha256' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION em_file_bytes(m emmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'emvalid_file_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION em_same_content(a emmap, b emmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'emmap_same_content' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
CREATE FUNCTION em_header(m emmap) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'emvalid_header' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
CREATE FUNCTION em_header_lint(m emmap, recompute boolean DEFAULT false,
                               OUT severity text, OUT code text, OUT message text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_header_lint' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10000 ROWS 5;

COMMENT ON FUNCTION em_nx(emmap) IS 'Voxels along x';
COMMENT ON FUNCTION em_ny(emmap) IS 'Voxels along y';
COMMENT ON FUNCTION em_nz(emmap) IS 'Voxels along z';
COMMENT ON FUNCTION em_voxel_size(emmap) IS 'Voxel size along x, y, z (Å); 0 where the header has none';
COMMENT ON FUNCTION em_mode(emmap) IS 'MRC mode of the file: 0 int8, 1 int16, 2 float32, 6 uint16, 12 float16';
COMMENT ON FUNCTION em_oid(emmap) IS 'Large object that holds the file';
COMMENT ON FUNCTION em_sha256(emmap) IS 'SHA-256 of the uncompressed file';
COMMENT ON FUNCTION em_file_bytes(emmap) IS 'Length of the uncompressed file (bytes)';
COMMENT ON FUNCTION em_same_content(emmap, emmap) IS 'Are the uncompressed files identical?';
COMMENT ON FUNCTION em_header(emmap) IS
    'Decoded header; size, voxel_size, start, origin, sampling, cell and angles in x, y, z order (voxels, Å, degrees)';
COMMENT ON FUNCTION em_header_lint(emmap, boolean) IS
    'Defects of the header; with recompute the voxels are read and the header''s statistics are compared with them';

-- Making and saving

CREATE FUNCTION em_map(lo oid) RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_map' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
CREATE FUNCTION em_map_load(path text, expand boolean DEFAULT true) RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_map_load' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
CREATE FUNCTION em_map_from_bytea(data bytea) RETURNS emmap
    AS 'MODULE_PATHNAME', 'emvalid_map_from_bytea' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
CREATE FUNCTION em_map_to_bytea(m emmap) RETURNS bytea
    AS 'MODULE_PATHNAME', 'emvalid_map_to_bytea' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
CREATE FUNCTION em_map_save(m emmap, path text) RETURNS void
    AS 'MODULE_PATHNAME', 'emvalid_map_save' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION em_map(oid) IS
    'Adopt a large object that holds a plain or gzip MRC/CCP4 file, after reading and checking all of it';
COMMENT ON FUNCTION em_map_load(text, boolean) IS
    'Import a .map, .mrc or .ccp4 file of the server, optionally gzip (expanded unless expand is false); '
    'needs pg_read_server_files and a directory in emvalid.import_path';
COMMENT ON FUNCTION em_map_from_bytea(bytea) IS
    'Store the bytes of a plain or gzip MRC/CCP4 file, as they are, in a new large object';
COMMENT ON FUNCTION em_map_to_bytea(emmap) IS 'Bytes of the uncompressed file (below 1 GiB)';
COMMENT ON FUNCTION em_map_save(emmap, text) IS
    'Write the uncompressed file on the server; needs pg_write_server_files and a directory in emvalid.import_path';

CREATE CAST (emmap AS oid) WITH FUNCTION em_oid(emmap) AS ASSIGNMENT;
COMMENT ON CAST (emmap AS oid) IS 'Large object that holds the file';

CREATE FUNCTION em_version() RETURNS text
    AS 'MODULE_PATHNAME', 'emvalid_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION em_version() IS 'Version of the shared library';
