#!/bin/bash
# All tests, from a bare machine: install packages, build, start a private server, test, count.
#
#   check.sh [STAGE]     STAGE: unit fuzz regress pgtap isolation tap truth; without it, all of them
#
# A stage runs even when an earlier one failed, unless it needs what failed.  Everything a stage
# prints is kept in build/check/; the screen shows one line per stage and what went wrong.
# shellcheck source=contrib/bootstrap/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all_stages=(unit fuzz regress pgtap isolation tap truth)
stages=("${all_stages[@]}")
if [ -n "${1:-}" ]; then
    [[ " ${all_stages[*]} " == *" $1 "* ]] || die "no stage $1; stages: ${all_stages[*]}"
    stages=("$1")
fi
# No single stage may hang the whole run.
limit=${EMVALID_STAGE_SECONDS:-1200}

cd "$root"
logs=$root/build/check
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0
trap close_cluster EXIT
trap 'exit 130' INT TERM HUP

# report NAME STATUS-TEXT SECONDS: the one line of a stage
report() {
    printf '%-9s %-44s %4d s\n' "$1" "$2" "$3"
}

# show LOG: its end, without the lines of successful compilation
show() {
    grep -vE '^(  (CC|AR|LD) |gcc )' "$1" | tail -n 60 | sed 's/^/    /'
}

# Preparation: a step that fails is one failed test and blocks what needs it.
step() {
    local name=$1 began=$SECONDS
    shift
    if "$@" >"$logs/$name.log" 2>&1; then
        report "$name" ok $((SECONDS - began))
    else
        report "$name" FAILED $((SECONDS - began))
        show "$logs/$name.log"
        failed=$((failed + 1))
        return 1
    fi
}

# Tests: a stage leaves "passed failed skipped" in build/check/NAME.counts.
stage() {
    local name=$1 began=$SECONDS p=0 f=0 s=0 status=0
    "stage_$name" >"$logs/$name.log" 2>&1 || status=$?
    if [ -s "$logs/$name.counts" ]; then
        read -r p f s <"$logs/$name.counts"
    fi
    # A stage that broke off without a failed test has failed all the same.
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    report "$name" "$p passed, $f failed, $s skipped" $((SECONDS - began))
    [ "$f" -eq 0 ] || show "$logs/$name.log"
}

blocked() {
    failed=$((failed + 1))
    report "$1" "not run: $2" 0
}

count() {
    echo "$2 $3 $4" >"$logs/$1.counts"
}

run_tap() {
    local name=$1
    shift
    mkdir -p "$logs/$name"
    timeout "$limit" perl "$here/tap.pl" --counts="$logs/$name.counts" --spool="build/check/$name" "$@"
}

# ------------------------------------------------------------------ stages

stage_unit() {
    local tests
    flock build/.lock make --no-print-directory -s unit-build || return 1
    tests=(test/unit/test_*.c)
    [ -e "${tests[0]}" ] || return 0
    tests=("${tests[@]#test/}")
    tests=("${tests[@]%.c}")
    run_tap unit --program --jobs="$(nproc)" "${tests[@]/#/build/}"
}

# Every file of the corpora is one test: the harness must survive it.
stage_fuzz() {
    local harness name corpus files good=0 bad=0 none=0
    flock build/.lock make --no-print-directory -s fuzz-replay-build || return 1
    for harness in test/fuzz/fuzz_*.c; do
        [ -e "$harness" ] || continue
        name=$(basename "$harness" .c)
        corpus=test/fuzz/corpus/${name#fuzz_}
        files=$(find "$corpus" -type f 2>/dev/null | wc -l)
        if [ "$files" -eq 0 ]; then
            none=$((none + 1))
        elif timeout "$limit" "build/replay/$name" "$corpus"; then
            good=$((good + files))
        else
            echo "FAILED $name"
            bad=$((bad + 1))
        fi
    done
    count fuzz $good $bad $none
    [ $bad -eq 0 ]
}

stage_regress() {
    local file name names=() good bad=0 status=0
    for file in sql/*.sql; do
        name=$(basename "$file" .sql)
        case $name in
            'emvalid--'* | '*') ;;
            *)
                # pg_regress would give up altogether
                if [ -e "expected/$name.out" ]; then
                    names+=("$name")
                else
                    echo "FAILED $name: there is no expected/$name.out"
                    bad=$((bad + 1))
                fi
                ;;
        esac
    done
    count regress 0 $bad 0
    [ ${#names[@]} -gt 0 ] || return $((bad > 0))
    mkdir -p build/regress
    timeout "$limit" "$pgxs_dir/src/test/regress/pg_regress" --bindir="$bindir" --inputdir="$root" \
        --outputdir="$root/build/regress" --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" \
        --dbname=contrib_regression "${names[@]}" >"$logs/regress.out" 2>&1 || status=$?
    grep -E '(FAILED|failed)' "$logs/regress.out" || true
    [ $status -eq 0 ] || head -n 50 build/regress/regression.diffs 2>/dev/null || cat "$logs/regress.out"
    good=$(grep -cE '^(test| {5}).* \.\.\. ok ' "$logs/regress.out" || true)
    bad=$((bad + $(grep -cE '^(test| {5}).* \.\.\. FAILED ' "$logs/regress.out" || true)))
    count regress "$good" "$bad" 0
    return $((status > 0 || bad > 0))
}

stage_pgtap() {
    local tests
    tests=(test/pgtap/*.sql)
    [ -e "${tests[0]}" ] || return 0
    psql -XqAt -v ON_ERROR_STOP=1 -c 'CREATE DATABASE pgtap_template' || return 1
    psql -XqAt -v ON_ERROR_STOP=1 -d pgtap_template -c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION emvalid' || return 1
    run_tap pgtap --pgtap-template=pgtap_template --set=shared="$EMVALID_SHARED" \
        --set=demo="$EMVALID_DEMO" --set=scratch="$EMVALID_SCRATCH" "${tests[@]}"
}

# Steps of several sessions in a given order, one specification for each topic.
stage_isolation() {
    local spec names=() good bad status=0
    for spec in test/isolation/specs/*.spec; do
        names+=("$(basename "$spec" .spec)")
    done
    psql -XqAt -v ON_ERROR_STOP=1 -c 'CREATE DATABASE isolation' || return 1
    psql -Xq -v ON_ERROR_STOP=1 -d isolation -c 'CREATE EXTENSION emvalid' -f test/isolation/setup.sql || return 1
    mkdir -p build/isolation
    timeout "$limit" "$pgxs_dir/src/test/isolation/pg_isolation_regress" --bindir="$bindir" --use-existing \
        --inputdir="$root/test/isolation" --outputdir="$root/build/isolation" --host="$PGHOST" --port="$PGPORT" \
        --user="$PGUSER" --dbname=isolation "${names[@]}" >"$logs/isolation.out" 2>&1 || status=$?
    [ $status -eq 0 ] || head -n 50 build/isolation/regression.diffs 2>/dev/null || cat "$logs/isolation.out"
    good=$(grep -cE '^(test| {5}).* \.\.\. ok ' "$logs/isolation.out" || true)
    bad=$(grep -cE '^(test| {5}).* \.\.\. FAILED ' "$logs/isolation.out" || true)
    count isolation "$good" "$bad" 0
    return $((status > 0 || bad > 0))
}

# These start servers of their own, so they run as the cluster's user, from a copy it can read.
stage_tap() {
    local status=0 work=$cluster/tap
    [ -e "$(echo test/t/*.pl | cut -d' ' -f1)" ] || return 0
    as_cluster_user mkdir -p "$work/repo" "$work/spool" "$work/tmp"
    lend "$work/repo" test sql expected contrib README.md emvalid.control
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_cluster_user env -u PGHOST -u PGUSER -u PGDATABASE PATH="$bindir:$PATH" PGPORT=65432 \
        TMPDIR="$work/tmp" TESTDIR="$work" PG_REGRESS="$pgxs_dir/src/test/regress/pg_regress" top_builddir="$work" \
        EMVALID_SHARED="$EMVALID_SHARED" EMVALID_DEMO="$EMVALID_DEMO" LIMIT="$limit" \
        bash -c 'cd "$1/repo" && exec timeout "$LIMIT" perl contrib/bootstrap/tap.pl --counts="$1/counts" \
            --spool="$1/spool" --shown=build/check/tap --logs="$1/tmp_check/log" --lib="$2" test/t/*.pl' \
        - "$work" "$pgxs_dir/src/test/perl" || status=$?
    cp "$work/counts" "$logs/tap.counts" || true
    cp -r "$work/spool" "$logs/tap" || true
    [ $status -eq 0 ] || cp -r "$work/tmp_check/log" "$logs/tap-server-logs" || true
    return $status
}

# Comparison with independent computations.
stage_truth() {
    [ -x test/truth/run ] || return 0
    run_tap truth --program test/truth/run
}

# ------------------------------------------------------------------ the run

needs_server=
for name in "${stages[@]}"; do
    case $name in
        unit | fuzz) ;;
        *) needs_server=yes ;;
    esac
done

blocker=
step deps "$here/install-deps.sh" all || blocker="packages are missing"
if [ -n "$needs_server" ] && [ -z "$blocker" ]; then
    find_postgres
    step build build_extension || blocker="the build failed"
    [ -n "$blocker" ] || step cluster open_cluster || blocker="no server"
fi
find_shared

for name in "${stages[@]}"; do
    case $name/$blocker in
        */) stage "$name" ;;
        unit/packages* | fuzz/packages*) blocked "$name" "$blocker" ;;
        unit/* | fuzz/*) stage "$name" ;;
        *) blocked "$name" "$blocker" ;;
    esac
done

say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
