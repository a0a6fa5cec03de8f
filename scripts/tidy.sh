#!/bin/sh
# clang-tidy over every source file, two at a time; fails when one has a finding.
set -u
pg=$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
export pg
cd "$(dirname "$0")/.."
find src -name '*.c' -print0 | xargs -0 -n 4 -P "$(nproc)" \
    sh -c 'clang-tidy --quiet "$@" -- -std=c17 -D_GNU_SOURCE -DCANVASS_VERSION=\"lint\" -Isrc -I"$pg" 2>/dev/null' tidy
