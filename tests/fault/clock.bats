#!/usr/bin/env bats
# The clock of the system is set while events come in.

load ../web/server

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  export PORT URL LIGHTTPD CLOCK_FILE=$DIR/clock
}

teardown() {
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${RECEIVER-}" ] || ! kill "$RECEIVER" || wait "$RECEIVER" || :
}

# set_clock SECONDS - from what it is.  In one step, as what reads it may come
# in between.
set_clock() {
  echo "$1" >clock.new
  mv clock.new clock
}

# rejected COUNT - are so many in the ring?
rejected() {
  [ "$(sql "$DIR" 'SELECT count(*) FROM rejected')" = "$1" ]
}

# day OFFSET - the last event was received on the day that it is then.
received_on() {
  [ "$(sql "$DIR" "SELECT date(received / 1000, 'unixepoch') FROM event
    ORDER BY seq DESC LIMIT 1")" = "$(date -u -d "$1 seconds" +%F)" ]
}

@test "a clock that is set back a day and forward a year loses and doubles nothing" {
  local n=0 offset
  set_clock 0
  LD_PRELOAD=$PLAIN/tests/fault/clock.so "$PLAIN/callbook.fcgi" \
    -c callbook.conf -t 4 -s "$DIR/r.sock" >log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 4 -f 100 -n 999999 -s "$SECRET" \
    "$URL/sales" >answers 3>&- &
  POST=$!
  event 000001 >body
  for offset in 0 -86400 $((365 * 86400)) -86400 0; do
    set_clock "$offset"
    wait_for further "$(($(grep -c ' 200 ' answers) + 100))" answers "$POST"
    received_on "$offset"
    expect 401 '{*"status":401*' formantai body \
      -H 'X-FormantAI-Signature: sha256=00'
    wait_for rejected "$((++n))"
    expect 200 '{"status":"ok"*' send healthz -X GET
  done
  kill "$POST"
  wait "$POST" || :
  POST=
  [ -z "$(awk 'NF > 1 && $2 != 200' answers)" ]
  nothing_lost "$DIR" answers
  [ "$(sql "$DIR" 'SELECT count(*) FROM repeat')" = 0 ]
}
