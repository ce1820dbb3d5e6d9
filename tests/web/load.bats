#!/usr/bin/env bats
# Many senders at once, against programs as they are shipped.

load server

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  export PORT URL LIGHTTPD
}

teardown() {
  lighttpd_stop
}

# 32 senders, the same 1,000 events each: every answer is 200, every event is
# there once, every other delivery is counted.
same_events() {
  event @@@@@@ 1200 | "$PLAIN/tests/post" -e -c 32 -n 1000 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers"
  [ "$(wc -l <"$DIR/answers")" = 32000 ]
  [ "$(awk '{ print $2 }' "$DIR/answers" | sort -u)" = 200 ]
  [ "$(grep -c '"stored"' "$DIR/answers")" = 1000 ]
  [ "$(grep -c '"duplicate"' "$DIR/answers")" = 31000 ]
  [ "$(stored "$DIR")" = 1000 ]
  [ "$(sql "$DIR" 'SELECT sum(count) FROM repeat')" = 31000 ]
  [ "$(sql "$DIR" 'SELECT count(*), sum(events) FROM call')" = '1000|1000' ]
  [ "$(sql "$DIR" 'SELECT sum(calls) FROM day')" = 1000 ]
}

@test "P2 32 senders of the same 1,000 events to one process of 16 threads" {
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  same_events
}

@test "P2 32 senders of the same 1,000 events to four processes" {
  receiver_host "$DIR" "$PLAIN" 4 -t 1
  lighttpd_start "$DIR"
  same_events
}

@test "P9 memory stays under 32 MiB over 100,000 events" {
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 32 -n 100000 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers"
  [ "$(awk '{ print $2 }' "$DIR/answers" | sort -u)" = 200 ]
  kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$(children "$LIGHTTPD")/status")
  echo "resident: $kib KiB"
  [ "$kib" -lt 32768 ]
}
