#!/bin/sh
# Runs unit test programs one after another; ends with "N passed, N failed" and fails when one did.
set -u
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for t in "$@"; do
    if "$t" >"$log" 2>&1; then bad=0; else bad=1; fi
    p=$(grep -c '^\[       OK \]' "$log")
    f=$(grep -c '^\[  FAILED  \] [^ ]*$' "$log")
    if [ "$bad" = 1 ]; then
        [ "$f" -gt 0 ] || f=1
        echo "== $t" && cat "$log"
    elif [ "$p" = 0 ]; then
        echo "== $t ran no test" && f=1
    fi
    passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
