#!/usr/bin/env bats
# What somebody without a secret can have written: no more than the constants
# say that callbook.fcgi(8) names.

bats_require_minimum_version 1.5.0

load server

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  "$BIN/callbook.fcgi" -c callbook.conf -s "$DIR/r.sock" -t 4 \
    >>receiver.log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
}

teardown() {
  kill "$RECEIVER" 2>/dev/null || :
  wait "$RECEIVER" || :
}

# constant NAME - its value in the source.
constant() {
  sed -n "s/^#define $1 \([0-9]*\).*/\1/p" "$BATS_TEST_DIRNAME"/../../lib/*/*.h \
    "$BATS_TEST_DIRNAME"/../../src/receiver/*.h
}

# asks COUNT STATUS KIND - that many requests, all answered so.
asks() {
  [ "$(perl "$BATS_TEST_DIRNAME/stranger.pl" r.sock "$3" "$1")" = "$1 $2" ]
}

# one_more - a request; does a line tell how many before it have none?
one_more() {
  asks 1 401 wrong || return "$NEVER"
  asked=$((asked + 1))
  grep -q '\] rejected: .* ([0-9]* more, of any source, were not logged)$' \
    receiver.log
}

@test "what a stranger sends fills neither disk nor log" {
  local burst each rows asked
  burst=$(constant STORE_REJECTED_BURST)
  each=$(constant STORE_REJECTED_PER_SECOND)
  SECONDS=0
  asks 700 401 wrong
  asks 700 401 missing
  asks 300 401 rsa
  asks 300 404 nowhere
  asks 300 405 method
  asks 300 415 type
  asks 300 200 health
  asked=2600
  wait_for one_more
  # What is counted is written when it stops.
  kill "$RECEIVER"
  wait "$RECEIVER"
  # A second more at both ends.
  local seconds=$((SECONDS + 2))

  rows=$(sql "$DIR" "SELECT count(*) FROM rejected WHERE reason = 'wrong'
    AND source = (SELECT id FROM source WHERE name = 'sales')")
  echo "$rows rows in $seconds s"
  [ "$rows" -gt 0 ]
  [ "$rows" -le $((burst + each * seconds)) ]
  rows=$(sql "$DIR" "SELECT count(*) FROM rejected WHERE reason = 'missing'")
  [ "$rows" = "$(constant STORE_MISSING_MAX)" ]

  # One for each reason, however many there were.
  [ "$(sql "$DIR" "SELECT sum(count), count(*) FROM refused")" = \
    "$asked|6" ]

  # One line for each source and for what has none, and those a second.  What
  # was not logged is counted in one of them.
  run -1 grep -v -e ': \[source [a-z]*\] re' -e ': refused: ' receiver.log
  wc -l receiver.log
  [ "$(wc -l <receiver.log)" -le $((
    $(constant RECEIVE_REJECTED_LINES) * seconds + 2)) ]
}
