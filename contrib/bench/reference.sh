# shellcheck shell=bash
# The local and half-map methods on the reference entry, beside what the reference programs take.
# Sourced by contrib/bench/run, whose functions and folders it uses.
#
# The CPU seconds of the other programs are those printed with the reference entry: measured
# elsewhere, on a machine of the same class (2 cores), one thread, on the same maps.  They are not
# measured here.

reference_line() { printf '| %-34s | %8.3f | %8.3f | %6.0f | %-28s | %9s | %7s |\n' "$@"; }

# reference_row NAME SQL PROGRAM CPU
reference_row() {
    local wall cpu memory
    read -r wall cpu memory <<<"$(measure "SET emvalid.threads = 1; $2")"
    reference_line "$1" "$wall" "$cpu" "$memory" "$3" "$4" "$(awk -v a="$4" -v b="$cpu" 'BEGIN {printf "%.1f", a / b}')"
}

reference_rows() {
    local shared=$1 maps=$work/import/reference
    local half full
    half="FROM em_entry_map a, em_entry_map b, em_entry_map m WHERE a.entry_id = 'REF' AND b.entry_id = 'REF'
        AND m.entry_id = 'REF' AND a.role = 'half1' AND b.role = 'half2' AND m.role"
    full="FROM em_entry_map m WHERE m.entry_id = 'REF' AND m.role = 'map'"
    as_cluster_user mkdir -p "$maps"
    lend "$maps" "$shared"/reference/maps/{full,half1,half2,mask,maskbin}.mrc
    # the mask of the map at 1.3 has as many voxels as maskbin, within 3 %
    sql -o /dev/null -c "SELECT em_ingest('REF', em_map_load('$maps/full.mrc'), em_map_load('$maps/half1.mrc'),
        em_map_load('$maps/half2.mrc'), contour => 1.3, resolution => 4)" \
        -c "INSERT INTO em_entry_map (entry_id, role, map) VALUES ('REF', 'mask', em_map_load('$maps/maskbin.mrc')),
        ('REF', 'soft', em_map_load('$maps/mask.mrc'))" -c CHECKPOINT
    echo
    echo "Reference entry, 128³, one thread, median of $runs; figures of the other programs from its README"
    echo
    echo '| work                               |  wall s  |   CPU s  |    MiB | other program                |  CPU s    |  ratio  |'
    echo '| ---------------------------------- | -------: | -------: | -----: | ---------------------------- | --------: | ------: |'
    reference_row "em_fsc_masked" "SELECT count(*) FROM em_entry_map a, em_entry_map b, em_entry_map m,
        em_fsc_masked(a.map, b.map, m.map) f WHERE a.entry_id = 'REF' AND b.entry_id = 'REF' AND m.entry_id = 'REF'
        AND a.role = 'half1' AND b.role = 'half2' AND m.role = 'soft';" "RELION postprocess" 0.57
    reference_row "em_fsc_permutation" "SELECT em_fsc_permutation(a.map, b.map) $half = 'mask';" "SPOC" 7.9
    reference_row "em_fso" "SELECT count(*) FROM (SELECT em_fso(a.map, b.map, m.map) $half = 'soft') f;" "Xmipp FSO" 1.0
    reference_row "em_fsc3d_summary" "SELECT em_fsc3d_summary(a.map, b.map, m.map) $half = 'soft';" "3DFSC" 99
    reference_row "em_blocres" "SELECT em_blocres(a.map, b.map, resolution => 4, mask => m.map) $half = 'mask';" \
        "Bsoft blocres (every voxel)" 517
    reference_row "em_resmap" "SELECT em_resmap(a.map, b.map, mask => m.map) $half = 'mask';" "ResMap, port to Python 3" 11.8
    reference_row "em_monores" "SELECT em_monores(a.map, b.map, resolution => 4, mask => m.map) $half = 'mask';" \
        "Xmipp MonoRes" 7.4
    reference_row "em_monores, fast" \
        "SELECT em_monores(a.map, b.map, resolution => 4, mask => m.map, fast => true) $half = 'mask';" "Xmipp MonoRes" 7.4
    reference_row "em_monodir" "SELECT em_monodir(m.map, 1.3, 4) $full;" "Xmipp MonoDir --fast" 160
    reference_row "em_local_bfactor + _occupancy" \
        "SELECT em_local_bfactor(m.map, 1.3, 4), em_local_occupancy(m.map, 1.3, 4) $full;" "LocSpiral (Octave)" 13.7
    sql -c "DELETE FROM em_entry" -c "VACUUM pg_largeobject"
    as_cluster_user rm -rf "$maps"
}
