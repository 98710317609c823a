\echo Use "CREATE EXTENSION emvalid" to load this file. \quit

/*
 * emvalid: validation of cryo-EM maps where they are stored.
 *
 * This script is put together from sql/parts in name order.  Everything it
 * makes lives in the schema chosen at CREATE EXTENSION; views and SQL functions
 * are bound when they are made, PL/pgSQL functions pin their search_path, so
 * that nothing depends on the search_path of the caller.
 *
 * Lengths in Å, frequencies in 1/Å, B-factors in Å² (negative: decaying
 * spectrum), positions in voxels from 0, shares in %.
 */
