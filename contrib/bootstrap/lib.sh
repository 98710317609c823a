# shellcheck shell=bash disable=SC2034
# What the scripts of this folder share; sourced, never run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/contrib/bootstrap

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
    warn "error: $*"
    exit 1
}

# A user's own server must never be reached by accident: forget every libpq setting.
for name in $(compgen -v PG); do
    [ "$name" = PG_CONFIG ] || unset "$name"
done
unset name
export LC_ALL=C.UTF-8

is_root() { [ "$(id -u)" -eq 0 ]; }

# Run as root: directly, or through sudo.
as_root() {
    if is_root; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root: $* (no sudo here; run it as root once)"
    fi
}

# PostgreSQL refuses to run as root, so root lends the private cluster to user postgres.
cluster_user() {
    if is_root; then
        echo "${EMVALID_CLUSTER_USER:-postgres}"
    else
        id -un
    fi
}

# Run as the cluster's user, from a folder that user can enter.
as_cluster_user() {
    if is_root; then
        (cd / && exec runuser -u "$(cluster_user)" -- "$@")
    else
        (cd / && exec "$@")
    fi
}

# Set pg_config, bindir, pgxs_dir; fail with advice when PostgreSQL 15 is not there.
find_postgres() {
    pg_config=${PG_CONFIG:-$("$here/pg-config.sh")}
    [ -n "$pg_config" ] || die "PostgreSQL 15 with its build files was not found; try: make deps"
    bindir=$("$pg_config" --bindir)
    pgxs_dir=$(dirname "$("$pg_config" --pgxs)")/../..
    [ -x "$bindir/initdb" ] || die "no server programs in $bindir; try: make deps"
    export PG_CONFIG=$pg_config
}

# Build; whoever shares the checkout waits for his turn.
build_extension() {
    mkdir -p "$root/build"
    flock "$root/build/.lock" make -C "$root" --no-print-directory -j"$(nproc)" all || return 1
    # The linker leaves names to be found in the server; ours must not be among them.
    if nm --undefined-only "$root/emvalid.so" | grep -w 'em_[a-z0-9_]*'; then
        warn "error: the module lacks these functions of its own"
        return 1
    fi
}

# Lay out a server of our own below a folder: its programs copied, its libraries and scripts linked
# to, and emvalid installed among them.  PostgreSQL looks for its files relative to its program, so
# the system's installation stays as it is, no root is needed, and several checkouts can be tested
# at once.  Sets bindir to the copy.
private_installation() {
    local to=$1 share lib
    share=$("$pg_config" --sharedir)
    lib=$("$pg_config" --pkglibdir)
    mkdir -p "$to$bindir" "$to$share" "$to$lib" &&
        cp "$bindir"/* "$to$bindir" &&
        cp -rs "$share/." "$to$share" &&
        cp -rs "$lib/." "$to$lib" &&
        rm -f "$to$lib"/emvalid.so "$to$share"/extension/emvalid* &&
        flock "$root/build/.lock" make -C "$root" --no-print-directory -s install DESTDIR="$to" || return 1
    bindir=$to$bindir
    if [ "$("$bindir/pg_config" --pkglibdir)" != "$to$lib" ]; then
        warn "error: this build of PostgreSQL does not find its files relative to its programs"
        return 1
    fi
}

# Generate the demo entry in build/demo/entry unless it is newer than its generator.
make_demo_entry() {
    local generator=$root/build/tools/make_demo out=$root/build/demo/entry
    flock "$root/build/.lock" make -C "$root" --no-print-directory tools || return 1
    if [ ! -e "$out/truth.json" ] || [ "$generator" -nt "$out/truth.json" ]; then
        mkdir -p "$out"
        "$generator" "$out"
    fi
}

# The folder with real data and reference numbers, when there is one beside the checkout.
find_shared() {
    if [ -z "${EMVALID_SHARED:-}" ] && [ -d "$root/../shared/data" ]; then
        EMVALID_SHARED=$(cd "$root/../shared" && pwd)
    fi
    export EMVALID_SHARED=${EMVALID_SHARED:-}
}

# Put a copy of files where the server's user can read them.
lend() {
    local to=$1
    shift
    cp -r "$@" "$to" || return 1
    ! is_root || chown -R "$(cluster_user)": "$to"
}

# Start the private cluster and set what its clients need: the libpq settings, and the folders as
# the server can read them.  Shared data is only copied when the server's user cannot enter it.
cluster=
open_cluster() {
    local copy_shared=
    find_shared
    if [ -n "$EMVALID_SHARED" ] && ! as_cluster_user test -r "$EMVALID_SHARED/data"; then
        copy_shared=$EMVALID_SHARED
        EMVALID_SHARED=
    fi
    cluster=$("$here/cluster.sh" start) || return 1
    bindir=$cluster/pg$bindir
    export PGHOST=$cluster PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PATH=$bindir:$PATH

    if [ -n "$copy_shared" ]; then
        EMVALID_SHARED=$cluster/import/shared
        lend "$EMVALID_SHARED" "$copy_shared" || return 1
    fi
    make_demo_entry || return 1
    export EMVALID_DEMO=$cluster/import/demo
    lend "$EMVALID_DEMO" "$root/build/demo/entry" || return 1
    export EMVALID_SCRATCH=$cluster/import/scratch
    as_cluster_user mkdir "$EMVALID_SCRATCH"
}

close_cluster() {
    [ -z "$cluster" ] || "$here/cluster.sh" stop "$cluster"
    cluster=
}
