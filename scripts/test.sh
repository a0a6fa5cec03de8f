#!/bin/sh
# Everything CI runs. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
jobs=$(nproc 2>/dev/null || echo 2)
log=build/test-logs
mkdir -p "$log"
passed=0 failed=0
# Every test works under this folder; others pass through it, as PostgreSQL under a name of its own.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/canvass-XXXXXX") || exit 1
export TMPDIR
chmod 711 "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 1' HUP INT TERM

note() { printf '%s\n' "$*"; }
one() { # name, command...: one check that passes or fails as a whole
    name=$1
    shift
    start=$(date +%s)
    if "$@" >"$log/$name.log" 2>&1; then
        passed=$((passed + 1))
        note "ok      $name ($(($(date +%s) - start)) s)"
    else
        failed=$((failed + 1))
        note "FAILED  $name"
        tail -n 60 "$log/$name.log" | sed 's/^/    /'
    fi
}
many() { # name, command...: its last line counts "N passed, N failed"
    name=$1
    shift
    start=$(date +%s)
    "$@" >"$log/$name.log" 2>&1
    status=$?
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$log/$name.log" | tail -n 1)
    p=${counts% *} f=${counts#* }
    [ -n "$counts" ] || { p=0 f=1; }
    [ "$status" = 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$f" = 0 ]; then
        note "ok      $name: $p ($(($(date +%s) - start)) s)"
    else
        note "FAILED  $name: $f of $((p + f))"
        tail -n 120 "$log/$name.log" | sed 's/^/    /'
    fi
}

one layers sh scripts/layers.sh
one build-gcc make -j"$jobs" WERROR=1 all bench-programs build/release/fault.so
one build-clang make -j"$jobs" WERROR=1 CC=clang BUILD=build/clang all
one build-asan make -j"$jobs" WERROR=1 MODE=asan all
many unit make -j"$jobs" WERROR=1 MODE=asan unit
for t in tests/e2e/test_*.py tests/chaos/test_*.py; do
    [ -e "$t" ] || continue
    many "$(basename "$t" .py)" python3 "$t"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
