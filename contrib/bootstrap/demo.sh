#!/bin/bash
# Show the whole job on a synthetic entry: install packages, build, start a private
# server, load and validate the entry, print the verdict, write the report to build/demo/.
# shellcheck source=contrib/bootstrap/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$root"
mkdir -p build/demo
log=build/demo/setup.log
trap close_cluster EXIT
trap 'exit 130' INT TERM HUP

# Preparation is only worth reading when it fails.
quietly() {
    printf '%-40s' "$1 ..."
    shift
    local began=$SECONDS
    if "$@" >"$log" 2>&1; then
        say "done ($((SECONDS - began)) s)"
    else
        say "FAILED"
        grep -vE '^(  (CC|AR|LD) |gcc )' "$log" | tail -n 30 >&2
        exit 1
    fi
}

quietly "Packages" "$here/install-deps.sh" demo
find_postgres
quietly "Building emvalid" build_extension
quietly "Demo entry and private server" open_cluster
say

psql -X --quiet -v ON_ERROR_STOP=1 -v demo="$EMVALID_DEMO" -v report="$root/build/demo/report" \
    -f contrib/demo/demo.sql

say
say "The report:  build/demo/report.html (pictures), report.txt and report.json"
say "The entry:   build/demo/entry/ (maps, half maps, header, model, truth)"
say "The SQL:     contrib/demo/demo.sql"
