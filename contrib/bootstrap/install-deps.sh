#!/bin/bash
# Install the Debian packages that are missing; with none missing, apt is not called at all.
#
#   install-deps.sh [demo|all]        install: for the demo, or also what the tests need
#   install-deps.sh --list build|all  print the names
#
# Works as root or through sudo.  Installing the server would create and start a cluster "main" on
# the usual port; here it must not, and servers that already run must not be restarted.  Two
# temporary files see to that: a setting for pg_createcluster and Debian's policy-rc.d.
set -euo pipefail

build=(gcc libc6-dev make postgresql-server-dev-15 libfftw3-dev libgsl-dev zlib1g-dev libxxhash-dev
       libcairo2-dev)
demo=(postgresql-15)
tests=(perl postgresql-15-pgtap libtap-parser-sourcehandler-pgtap-perl libipc-run-perl python3-numpy python3-scipy
       python3-jsonschema tidy)

# Which of the packages are not installed?
missing_of() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
            echo "$package"
    done
}

# The temporary files; global, because the trap runs when install_as_root has returned.
policy=/usr/sbin/policy-rc.d
conf_dir=/etc/postgresql-common/createcluster.d
conf=$conf_dir/zz-emvalid-bootstrap.conf
made=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    local file
    for file in "${made[@]}"; do rm -f "$file"; done
    rmdir --ignore-fail-on-non-empty "$conf_dir" 2>/dev/null || true
}

# The part that needs root.
install_as_root() {
    trap cleanup EXIT
    trap 'exit 130' INT TERM HUP

    if [ ! -e "$policy" ]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    mkdir -p "$conf_dir"
    made+=("$conf")
    echo "create_main_cluster = false" >"$conf"

    export DEBIAN_FRONTEND=noninteractive
    # Package lists of other sources may be out of reach; what matters is whether the install works.
    apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null ||
        echo "apt-get update had problems; going on with the lists that are there" >&2
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
}

wanted=("${build[@]}" "${demo[@]}")
case ${1:-all} in
    --as-root)
        shift
        install_as_root "$@"
        exit
        ;;
    --list)
        [ "${2:-all}" = build ] && echo "${build[@]}" || echo "${build[@]}" "${demo[@]}" "${tests[@]}"
        exit
        ;;
    demo) ;;
    all) wanted+=("${tests[@]}") ;;
    *)
        echo "usage: $0 [demo|all|--list build|--list all]" >&2
        exit 2
        ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: install what corresponds to these packages yourself: ${wanted[*]}" >&2
    exit 0
fi
mapfile -t missing < <(missing_of "${wanted[@]}")
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

echo "installing: ${missing[*]}"
runner=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Neither root nor sudo; run this as root once: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    runner=(sudo)
fi
if ! "${runner[@]}" bash "$0" --as-root "${missing[@]}"; then
    echo "Packages could not be installed.  PostgreSQL 15 is part of Debian 12; on other releases add" >&2
    echo "the PostgreSQL project's repository first (https://wiki.postgresql.org/wiki/Apt)." >&2
    exit 1
fi
