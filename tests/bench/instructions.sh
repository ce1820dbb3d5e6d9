#!/usr/bin/env bash
# instructions.sh PLAIN [DIRECTORY [CASE...]] - count what the processor does
# for an event: authenticate, map, fold, insert (one_event.c), under callgrind.
#
# Prints the system, on which the counts depend, and for each case
# `NAME TOTAL LIBRARY COUNT...`: instructions for one event, and where.  The
# last case is of rows/rows.c, which is the limit of what can be reached.
#
# Two runs that differ by some hundred events cancel what is done only once.
# At the end of each the index of words is fed with all that it lacks.
# The same instructions are executed on every processor: the C library and
# OpenSSL choose their variants for the plainest one, and all symbols are
# bound at the start.  The kernel's work is not counted.
set -euo pipefail
plain=$(realpath "$1")
template=$(realpath "$(dirname "$0")/event.json")
cases=${*:3}
few=128
many=512

work=$(mktemp -d "${2-${TMPDIR:-/tmp}}/callbook-instructions.XXXXXX")
trap 'rm -rf "$work"' EXIT

hwcaps=-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-BMI1,-BMI2
hwcaps=$hwcaps,-ERMS,-FSRM,-LZCNT,-MOVBE,-RTM,-SSE4_1,-SSE4_2,-SSSE3,-XSAVEC
export GLIBC_TUNABLES=glibc.cpu.hwcaps=$hwcaps
export OPENSSL_ia32cap=0:0 LD_BIND_NOW=1 LC_ALL=C

# by_library PROGRAM EVENTS PER_CALL BATCH - instructions of a whole run,
# `LIBRARY COUNT`.
by_library() {
  mkdir "$work/run"
  valgrind --tool=callgrind --callgrind-out-file="$work/out" --quiet \
    --toggle-collect=receive --toggle-collect=feed \
    "$plain/tests/bench/$1" "$work/run" "$template" "$2" "$3" "$4" >&2
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

# count NAME PROGRAM PER_CALL BATCH
count() {
  [[ -z $cases || " $cases " == *" $1 "* ]] || return 0
  by_library "$2" "$few" "$3" "$4" >"$work/few"
  by_library "$2" "$many" "$3" "$4" >"$work/many"
  join "$work/few" "$work/many" |
    awk -v name="$1" -v events="$((many - few))" '
      { n = ($3 - $2) / events; all += n
        if (n >= 50) where = where sprintf(" %s %d", $1, n) }
      END { printf "%s %d%s\n", name, all, where }'
}

"$plain/tests/bench/one_event"
count first-event-of-a-call one_event 1 1
count eight-events-of-a-call one_event 8 1
count first-events-of-16-calls one_event 1 16
count eight-events-of-16-calls one_event 8 16
count rows-of-16-events-alone rows/one_event 1 16
