#!/usr/bin/env bats
# What an event costs, in instructions: the same on every machine, however
# busy, so that a slow-down is seen in review.
#
# instructions.txt has the counts that were accepted; who makes the receiver
# slower for a reason, or faster, runs `make instructions-accept`.
load ../lib

TOLERANCE=5 # percent, with the compiler and libraries of instructions.txt
ELSEWHERE=40 # percent, with others

@test "an event takes no more instructions than were accepted" {
  local accepted=$ROOT/tests/bench/instructions.txt tolerance=$TOLERANCE
  local counted=$BATS_TEST_TMPDIR/counted
  "$ROOT/tests/bench/instructions.sh" "$PLAIN" "$BATS_TEST_TMPDIR" \
    first-event-of-a-call eight-events-of-16-calls >"$counted"
  [ "$(head -n 1 "$accepted")" = "$(head -n 1 "$counted")" ] ||
    tolerance=$ELSEWHERE
  cat "$counted"
  join <(tail -n +2 "$accepted" | sort) <(tail -n +2 "$counted" | sort) \
    -o 1.1,1.2,2.2 | awk -v tolerance="$tolerance" '
      { share = ($3 / $2 - 1) * 100; n++
        printf "%s: accepted %d, now %d: %+.1f %%\n", $1, $2, $3, share
        if (share > tolerance || share < -tolerance) bad = 1 }
      END { exit bad || n != 2 }'
}
