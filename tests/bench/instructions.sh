#!/usr/bin/env bash
# instructions.sh PLAIN [DIRECTORY] - count what the processor does for an
# event: authenticate, map, fold, insert (one_event.c), under callgrind.
#
# Prints the system, on which the counts depend, and for each case
# `NAME TOTAL LIBRARY COUNT...`: instructions for one event, and where.
#
# Two runs that differ by some hundred events cancel what is done only once.
# Both are multiples of what the index of words is fed by (search.h), so that a
# first event bears its share of that.
# The same instructions are executed on every processor: the C library and
# OpenSSL choose their variants for the plainest one, and all symbols are
# bound at the start.  The kernel's work is not counted.
set -euo pipefail
plain=$(realpath "$1")
template=$(realpath "$(dirname "$0")/event.json")
few=128
many=512

work=$(mktemp -d "${2-${TMPDIR:-/tmp}}/callbook-instructions.XXXXXX")
trap 'rm -rf "$work"' EXIT

hwcaps=-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-BMI1,-BMI2
hwcaps=$hwcaps,-ERMS,-FSRM,-LZCNT,-MOVBE,-RTM,-SSE4_1,-SSE4_2,-SSSE3,-XSAVEC
export GLIBC_TUNABLES=glibc.cpu.hwcaps=$hwcaps
export OPENSSL_ia32cap=0:0 LD_BIND_NOW=1 LC_ALL=C

# by_library EVENTS PER_CALL - instructions of a whole run, `LIBRARY COUNT`.
by_library() {
  mkdir "$work/run"
  valgrind --tool=callgrind --callgrind-out-file="$work/out" --quiet \
    --toggle-collect=receive "$plain/tests/bench/one_event" "$work/run" "$template" "$1" "$2" >&2
  rm -r "$work/run"
  # A line after calls= is what the callee did, which its own lines tell.
  awk '
    /^ob=/ {
      if (match($0, /\([0-9]+\)/)) {
        id = substr($0, RSTART, RLENGTH)
        rest = substr($0, RSTART + RLENGTH + 1)
        if (rest != "") { sub(/.*\//, "", rest); name[id] = rest }
      }
      next
    }
    /^cob=/ && match($0, /\([0-9]+\) ./) {
      split(substr($0, RSTART), part, " ")
      sub(/.*\//, "", part[2])
      name[part[1]] = part[2]
      next
    }
    /^calls=/ { skip = 1; next }
    /^[0-9+*-]/ { if (skip) skip = 0; else count[id] += $2 }
    END { for (id in count) print name[id], count[id] }
  ' "$work/out" | sed 's/\.so[.0-9]* / /' | sort
}

# count NAME PER_CALL
count() {
  by_library "$few" "$2" >"$work/few"
  by_library "$many" "$2" >"$work/many"
  join "$work/few" "$work/many" |
    awk -v name="$1" -v events="$((many - few))" '
      { n = ($3 - $2) / events; all += n
        if (n >= 50) where = where sprintf(" %s %d", $1, n) }
      END { printf "%s %d%s\n", name, all, where }'
}

"$plain/tests/bench/one_event"
count first-event-of-a-call 1
count eight-events-of-a-call 8
