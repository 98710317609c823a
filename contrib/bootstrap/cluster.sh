#!/bin/bash
# A private throwaway PostgreSQL cluster: a folder under /tmp (or EMVALID_TMPDIR, for large maps), a
# unix socket inside it, no TCP port.
#
#   cluster.sh start         make and start one, print its folder
#   cluster.sh stop FOLDER   stop and remove it
#   cluster.sh run COMMAND   start, run the command with PGHOST and PGUSER set, stop and remove
#
# The server is a copy, below FOLDER/pg, with the emvalid of this checkout installed in it.
# Maps may be imported from FOLDER/import, which the server's user owns, and from EMVALID_SHARED.
# Root lends the cluster to user postgres.  Nothing is kept, so durability is switched off.
# shellcheck source=contrib/bootstrap/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=
start() {
    local user import_path
    find_postgres
    user=$(cluster_user)
    id -u "$user" >/dev/null 2>&1 || die "user $user does not exist; PostgreSQL does not run as root"
    # A socket's path must stay short, and the user must be able to enter the folder: not $TMPDIR.
    work=$(mktemp -d "${EMVALID_TMPDIR:-/tmp}/emvalid.XXXXXX")
    # From here on a failure must not leave anything behind.
    trap '[ -z "$work" ] || stop "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    mkdir -p "$root/build"
    private_installation "$work/pg" >"$work/setup.log" 2>&1 || { cat "$work/setup.log" >&2; return 1; }
    ! is_root || chown -R "$user": "$work"

    as_cluster_user "$bindir/initdb" --pgdata="$work/pgdata" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$work/setup.log" 2>&1 ||
        { cat "$work/setup.log" >&2; return 1; }

    as_cluster_user mkdir "$work/import"
    import_path="\"$work/import\""
    [ -z "${EMVALID_SHARED:-}" ] || import_path+=",\"${EMVALID_SHARED//\'/\'\'}\""
    as_cluster_user tee -a "$work/pgdata/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 8GB
checkpoint_timeout = 30min
shared_buffers = 256MB
max_connections = 50
lc_messages = 'C'
timezone = 'UTC'
emvalid.import_path = '$import_path'
CONF
    as_cluster_user "$bindir/pg_ctl" start --pgdata="$work/pgdata" --log="$work/server.log" \
        --timeout=60 --wait >/dev/null ||
        { as_cluster_user cat "$work/server.log" >&2; return 1; }
    trap - EXIT
    echo "$work"
}

stop() {
    local work=$1
    case $work in
        */emvalid.??????) ;;
        *) die "not a folder of this script: $work" ;;
    esac
    find_postgres
    if [ -e "$work/pgdata/postmaster.pid" ]; then
        as_cluster_user "$bindir/pg_ctl" stop --pgdata="$work/pgdata" --mode=immediate --wait >/dev/null 2>&1 || true
    fi
    rm -rf "$work"
}

run() {
    local status=0
    folder=$(start)
    # Whatever ends this script, Ctrl-C included, ends the server.
    trap 'stop "$folder"' EXIT
    trap 'exit 130' INT TERM HUP
    PGHOST=$folder PGUSER=postgres PGDATABASE=postgres PATH=$folder/pg$bindir:$PATH "$@" || status=$?
    return $status
}

case ${1:-} in
    start) start ;;
    stop) stop "${2:?usage: cluster.sh stop FOLDER}" ;;
    run)
        shift
        find_postgres
        run "$@"
        ;;
    *)
        warn "usage: cluster.sh start | stop FOLDER | run COMMAND ..."
        exit 2
        ;;
esac
