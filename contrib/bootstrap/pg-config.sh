#!/bin/bash
# Print the path of PostgreSQL 15's pg_config, or nothing when there is none.
#
# Debian's /usr/bin/pg_config answers for the newest version whose headers are installed, which need
# not be 15, so the first of PATH counts only when it says 15.
set -euo pipefail

for candidate in "$(command -v pg_config || true)" /usr/lib/postgresql/15/bin/pg_config /usr/pgsql-15/bin/pg_config; do
    [ -x "$candidate" ] || continue
    case $("$candidate" --version 2>/dev/null || true) in
        "PostgreSQL 15"*) ;;
        *) continue ;;
    esac
    # The client library's pg_config knows the version but has no build files.
    if [ -e "$("$candidate" --pgxs)" ]; then
        echo "$candidate"
        exit 0
    fi
done
