#!/usr/bin/env bash
# tests/lint.sh CFLAGS... - every check that needs no running program, but the
# engines that prepare our SQL.  BUILD is where the programs are.
# Goes on after a finding, so that one run shows all; fails if there was any.
# The functions are called through check().
# shellcheck disable=SC2317
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
flags=("$@" '-DTEST_DATA=""')
failed=0

mapfile -t units < <(find lib src tests -name '*.c' | sort)
mapfile -t code < <(find lib src tests -name '*.[ch]' | sort)
mapfile -t scripts < <({
  grep -lrE '^#!.*\b(sh|bash|bats)$' .ci lib src tests
  find tests -name '*.bash'
} | sort)
mapfile -t pages < <(find src/man -name '*.[1-9]' | sort)

# check NAME COMMAND... - run it and show what it said if it failed.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    printf 'ok      %s\n' "$name"
  else
    printf '%s\nFAILED  %s\n' "$said" "$name"
    failed=1
  fi
}

# each COMMAND... - with every C source as its last word, one at a time.
each() {
  printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "$(nproc)" "$@"
}

# nothing_but REGEX - fail after printing every other line of the input.
nothing_but() {
  awk -v regex="$1" '$0 !~ regex { print; n++ } END { exit n > 0 }'
}

# clang-tidy wants the source before the compiler's flags; it counts what it
# does not show.
tidy() {
  # shellcheck disable=SC2016
  each sh -c 'for src; do :; done; clang-tidy --quiet "$src" -- "$@" 2>&1' \
    sh "${flags[@]}" | nothing_but 'warnings? generated[.]$'
}

# Only the definitions know platforms: one more must need no C.  Their names
# are those of the files, without a version.
no_platform() {
  local names
  names=$(find lib/provider/definitions -name '*.json' -printf '%f\n' |
    sed -E 's/(-v[0-9]+)?\.json$//; s/-/[- ]/g' | sort -u | paste -sd '|')
  ! grep -riE "formant|eleven|$names" lib src --include='*.[ch]'
}

# A room of lib includes what stands in its line, so there is no circle; and
# whoever is outside of a room includes its public headers alone; so do tests,
# of the rooms that know the database.
# What counts the instructions of a batch makes one itself.
rooms() {
  local rule room
  for rule in 'base:' 'call:base' 'http:base' 'html:base' \
    'provider:base|call' 'db:base|call' 'row:base|call|db' \
    'store:base|call|db|row' 'query:base|call|db|row' \
    'spool:base|call|row|provider|store' \
    'check:base|provider|query|spool'; do
    grep -rnE '#include "[a-z]+/' "lib/${rule%%:*}" --include='*.[ch]' |
      grep -vE "#include \"(${rule/:/|})/" || :
  done | nothing_but '^$' || return
  for rule in 'check:check' 'db:db|transfer' 'query:cross|gist|habit|keep|query|record' \
    'row:row|stamps|terms|words' 'spool:spool|take' 'store:store'; do
    room=${rule%%:*}
    grep -rnE "#include \"$room/" lib src tests --include='*.[ch]' |
      grep -vE "^lib/$room/|^tests/bench/one_event\.c:|#include \"$room/(${rule#*:})\.h\"" || :
  done | nothing_but '^$' || return
  ! grep -rnE '#include "[a-z]+/([a-z]+_)?internal\.h' lib src \
    --include='*.[ch]' |
    grep -vE '^lib/([a-z]+)/[^:]*:[0-9]*:#include "\1/'
}

# Only the folders of lib/db know engines, each its own, and alone include their
# inside.
no_engine() {
  ! { grep -rnE 'sqlite3\.h|db/sqlite/sqlite\.h|\<sqlite3_|PRAGMA ' lib src \
    --include='*.[ch]' | grep -v '^lib/db/sqlite/'
    grep -rnE 'libpq-fe\.h|db/postgres/|\<PQ[a-z]' lib src \
      --include='*.[ch]' | grep -v '^lib/db/postgres/'; } | grep .
}

# mandoc's status tells of warnings, not of remarks on style.  Our pages refer
# to each other, and are not installed here.
man_pages() {
  { mandoc -Tlint "${pages[@]}" 2>&1 || :; } |
    nothing_but 'outdated mandoc.db|not found: Xr (callbook|report.cgi)'
}

# Optimised, because some warnings come only of the flow of data.
check gcc each gcc "${flags[@]}" -O2 -Werror -o /dev/null -c
check clang each clang "${flags[@]}" -O2 -Werror -o /dev/null -c
check clang-tidy tidy
check cppcheck cppcheck --quiet --std=c11 -Ilib -Isrc -j "$(nproc)" \
  --enable=warning,performance,portability --inline-suppr \
  --suppress=missingIncludeSystem --error-exitcode=1 lib src tests
check clang-format clang-format --dry-run -Werror "${code[@]}"
# With what a script reads in, as told there by source=.
check shellcheck shellcheck -x "${scripts[@]}"
check mandoc man_pages
check 'no platform in C' no_platform
check 'no engine outside lib/db' no_engine
check rooms rooms
check 'SQL of two engines' tests/sql.sh "${BUILD:-build}" "${flags[@]}"
exit "$failed"
