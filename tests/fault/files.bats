#!/usr/bin/env bats
# What is left of the files of a store: after an orderly stop, after a crash.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031

load ../web/server

bats_require_minimum_version 1.5.0

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  event 000001 >body
  event 000002 >second
}

teardown() {
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${RECEIVER-}" ] || ! kill "$RECEIVER" || wait "$RECEIVER" || :
}

# receiver_start [COMMAND...] - one that listens at r.sock, by that command.
receiver_start() {
  "$@" "$PLAIN/callbook.fcgi" -c callbook.conf -s "$DIR/r.sock" \
    >>log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
}

receiver_stop() {
  kill "$RECEIVER"
  wait "$RECEIVER" || :
  RECEIVER=
}

# aged - it runs for two seconds: more than one request.
aged() {
  [ "$(ps -o etimes= -p "$RECEIVER")" -ge 2 ]
}

# events FILE - how many are in it, whatever is beside it.
events() {
  cp "$1" copy.db
  sqlite3 copy.db 'SELECT count(*) FROM event'
  rm -f copy.db*
}

@test "the receiver that stops last leaves all events in one file" {
  receiver_start
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  expect 200 '{"result":"stored",*' formantai body
  wait_for aged
  # Another one still has the store open: nothing is moved under it.
  first=$RECEIVER
  mv r.sock first.sock
  receiver_start
  wait_for aged
  kill "$first"
  wait "$first" || :
  test -s callbook.db-wal
  expect 200 '{"result":"stored",*' formantai second
  receiver_stop
  [ ! -s callbook.db-wal ]
  [ "$(events callbook.db)" = 2 ]
}

@test "a backup that is moved over the store is not mixed with what was newer" {
  signed_cgi body env
  sqlite3 callbook.db "VACUUM INTO 'backup.db'"
  signed_cgi second env | grep '"event":2'
  test -s callbook.db-wal
  mv backup.db callbook.db
  signed_cgi second env | grep '"event":2'
  [ "$(sqlite3 callbook.db 'PRAGMA integrity_check')" = ok ]
  export CALLBOOK_CONFIG=$DIR/callbook.conf
  "$PLAIN/callbook" check >out
  grep 'warn  store: .*callbook.db-wal.foreign-1 has events of a store' out
}

# cut_off - a store without WAL, whose last transaction was cut off by a kill.
cut_off() {
  mkdir callbook.db-probe-shm
  signed_cgi body env
  ! signed_cgi second strace -qq -f -o trace -P "$DIR/callbook.db" \
    -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=2
  test -s callbook.db-journal
}

@test "a store that was cut off is read before the next event" {
  cut_off
  export CALLBOOK_CONFIG=$DIR/callbook.conf
  cp -r . ../kept
  [ "$("$PLAIN/callbook" export | wc -l)" = 1 ]
  [ ! -s callbook.db-journal ]
  cp ../kept/callbook.db{,-journal} .
  "$PLAIN/callbook" check >out
  run ! grep FAIL out
  cp ../kept/callbook.db{,-journal} .
  "$PLAIN/callbook" report --html pages
  grep -q call- pages/*.html
  rm -r ../kept
}

@test "where nobody can undo it, a store waits for its next event and is no fault" {
  cut_off
  [ "$(id -u)" != 0 ] || {
    other=(setpriv --reuid 65534 --clear-groups)
    chown 65534 . callbook.* secret public.pem
    chmod 755 .. ../..
    # The project may lie where nobody else may go.
    mkdir bin
    cp "$PLAIN"/callbook{,.fcgi} bin
    PLAIN=$DIR/bin
  }
  chmod a-w callbook.db-journal
  export CALLBOOK_CONFIG=$DIR/callbook.conf
  "${other[@]}" "$PLAIN/callbook" check >out
  grep 'warn  store: .*a transaction was cut off' out
  chmod u+w callbook.db-journal
  signed_cgi second "${other[@]}" | grep stored
}

@test "a limit on the size of files is a 503, and no end" {
  receiver_start sh -c 'ulimit -S -f 1024; exec "$@"' sh
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  n=100000 answer=200
  while [ "$answer" = 200 ] && [ "$((++n))" -lt 101000 ]; do
    event "$n" 1200 >body
    answer=$(formantai body | tail -n 1)
  done
  [ "$answer" = 503 ]
  prlimit --pid "$(serving "$RECEIVER")" --fsize=unlimited:
  expect 200 '{"result":"stored",*' formantai body
  receiver_stop
  [ "$(sqlite3 callbook.db 'SELECT count(*) FROM event')" = "$((n - 100000))" ]
}
