#!/usr/bin/env bats
# Peers that are slow or silent: they hold no thread that others need, and are
# cut off.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031

load server

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  event 000001 >body
  PEERS=()
  receiver 16
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
}

# receiver THREADS
receiver() {
  "$BIN/callbook.fcgi" -c callbook.conf -s "$DIR/r.sock" -t "$1" \
    >>receiver.log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
}

teardown() {
  # They end by themselves once they are cut off.
  kill "${PEERS[@]}" "$RECEIVER" 2>/dev/null || :
  wait "${PEERS[@]}" "$RECEIVER" || :
  lighttpd_stop
  cat receiver.log
}

# peers KIND COUNT - connect that many, see peer.pl.
peers() {
  perl "$BATS_TEST_DIRNAME/peer.pl" r.sock "$@" >"$1.ends" 3>&- &
  PEERS+=("$!")
  wait_for test -e "$1.ready"
}

# genuine NUMBER... - are deliveries with these numbers answered each in less
# time than a slow peer has before it is cut off (ROOM_GRACE_MS)?
genuine() {
  local i
  for i; do
    event "$i" >body
    expect 200 '{"result":"stored",*' formantai body -m 9 || return
  done
}

# ended KIND - wait until all of them were cut off, and print how.
ended() {
  wait_for gone "${PEERS[@]}" || wait_for gone "${PEERS[@]}" || return
  sort "$1.ends" | uniq -c | sed 's/^ *//'
}

@test "connections that send no request hold up nobody, and are closed" {
  peers silent 16
  peers byte 16
  peers params 16
  genuine 000001 000002 000003
  [ "$(ended silent)" = '16 closed' ]
  [ "$(ended byte)" = '16 closed' ]
  [ "$(ended params)" = '16 closed' ]
  wait_for grep -q 'closed [0-9]* connections that sent no request' receiver.log
  genuine 000004
}

@test "slow bodies hold up nobody, and are answered 408 and counted" {
  peers body 40
  genuine 000001 000002 000003
  [ "$(ended body)" = '40 408' ]
  grep -q '\[source open\] refused: 408, ' receiver.log
  # The counts are written with the next event.
  genuine 000004
  wait_for counted 40
}

counted() {
  [ "$(sql "$DIR" "SELECT sum(count) FROM refused
    WHERE reason = 'slow'")" = "$1" ]
}

@test "large bodies that become slow leave threads to others, large ones too" {
  peers large 40
  genuine 000001 000002 000003
  # A reader is cut off for them.
  for i in 4 5 6; do
    event "00000$i" 250000 >body
    expect 200 '{"result":"stored",*' formantai body -m 9
  done
  ended large
  [ "$(grep -c '^408' large.ends)" = 40 ]
}

@test "slow bodies to a source that there is not hold up nobody" {
  peers nowhere 40
  genuine 000001 000002 000003
  [ "$(ended nowhere)" = '40 404' ]
}

@test "a body in very many small pieces is taken at once" {
  peers pieces 1
  [ "$(ended pieces)" = '1 200 early' ]
}

@test "parameters that are cut anywhere are as good as others" {
  peers split 1
  [ "$(ended split)" = '1 200 early' ]
}

@test "what no web server sends ends its connection, and nothing else" {
  for kind in lengths pairs asks; do
    peers "$kind" 4
    [ "$(ended "$kind")" = '4 closed early' ]
  done
  kill -0 "$RECEIVER"
  genuine 000001
}

@test "a request that comes while all threads are busy is answered later" {
  kill "$RECEIVER"
  wait "$RECEIVER"
  receiver 1
  peers behind 1
  peers large 1
  touch behind.go
  [ "$(ended behind)" = '1 200' ]
  [ "$(cat large.ends)" = 408 ]
}

@test "an answer before the end of a request is not lost when stopping" {
  peers refused 1
  kill "$RECEIVER"
  touch refused.go
  [ "$(ended refused)" = '1 404 early' ]
}

@test "connections that send no request take no descriptor from others" {
  kill "$RECEIVER"
  wait "$RECEIVER"
  limit=$(ulimit -Sn)
  ulimit -Sn 64
  receiver 16
  ulimit -Sn "$limit"
  peers silent 100
  genuine 000001 000002
  [ "$(ended silent | tail -n 1 | cut -d' ' -f2)" = closed ]
  [ "$(grep -c 'accept:' receiver.log)" = 0 ]
}

@test "slow readers of exports leave threads to the pages, and finish" {
  kill "$RECEIVER"
  wait "$RECEIVER"
  rm -f r.sock
  "$BIN/callbook" -c callbook.conf demo --calls 1500 --days 20
  printf '[report]\naccess = public\n' >>callbook.conf
  "$BIN/report.cgi" -c callbook.conf -s "$DIR/r.sock" >>receiver.log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
  peers export 12
  for page in '' calls attention; do
    expect 200 '*</html>*' send "$page" -X GET -m 60
  done
  touch export.go
  ended export
  [ "$(cut -d ' ' -f 1 export.ends | sort | uniq -c | xargs)" = '4 200 8 503' ]
}
