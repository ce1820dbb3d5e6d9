#!/usr/bin/env bats
# How a receiver is started and stopped: by itself on a socket, by spawn-fcgi,
# as plain CGI; and what it does with a configuration that is wrong.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031

load server

bats_require_minimum_version 1.5.0

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  event 000001 >body
}

teardown() {
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${RECEIVER-}" ] || ! kill "$RECEIVER" || wait "$RECEIVER" || :
}

# receiver OPTION... - start one by itself.  Sets RECEIVER (pid).
receiver() {
  "$BIN/callbook.fcgi" -c "$DIR/callbook.conf" "$@" >>"$DIR/receiver.log" \
    2>&1 3>&- &
  RECEIVER=$!
}

# receiver_stop - by SIGTERM, which is a success.
receiver_stop() {
  kill "$RECEIVER"
  wait "$RECEIVER"
  RECEIVER=
}

@test "-s PATH: a socket of mode 0660, removed at the end" {
  umask 000
  receiver -s "$DIR/r.sock"
  wait_for test -S r.sock
  [ "$(stat -c %a r.sock)" = 660 ]
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  expect 200 '{"result":"stored",*' formantai body
  receiver_stop
  [ ! -e r.sock ]
}

@test "-s PATH takes over a socket that nobody listens on, and no other" {
  receiver -s "$DIR/r.sock"
  wait_for test -S r.sock
  run -1 "$BIN/callbook.fcgi" -c callbook.conf -s "$DIR/r.sock"
  kill -9 "$RECEIVER"
  wait "$RECEIVER" || :
  [ -S r.sock ]
  receiver -s "$DIR/r.sock"
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  wait_for expect 200 '{"result":"stored",*' formantai body
  receiver_stop
}

@test "-s ADDRESS:PORT" {
  port=$((RANDOM % 20000 + 12000))
  receiver -s "127.0.0.1:$port"
  socket_host "$DIR" "127.0.0.1:$port"
  lighttpd_start "$DIR"
  wait_for expect 200 '{"result":*' formantai body
  receiver_stop
}

@test "spawn-fcgi" {
  RECEIVER=$(spawn-fcgi -s "$DIR/r.sock" -P "$DIR/pid" -- \
    "$BIN/callbook.fcgi" -c "$DIR/callbook.conf" 3>&- >/dev/null &&
    cat "$DIR/pid")
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  expect 200 '{"result":"stored",*' formantai body
  kill "$RECEIVER"
  wait_for gone "$RECEIVER"
  RECEIVER=
}

@test "plain CGI, with the configuration above the program" {
  mkdir cgi-bin
  cp "$BIN/callbook.fcgi" cgi-bin/
  socket_host "$DIR" "$DIR/none.sock"
  lighttpd_start "$DIR"
  URL=${URL%/callbook}/cgi-bin/callbook.fcgi
  expect 200 '{"result":"stored","event":1}' formantai body
  expect 200 '{"result":"duplicate","event":1}' formantai body
  expect 401 '{*"status":401*' send sales --data-binary @body
  expect 200 '{*"journal":"wal"*' send healthz -X GET
}

# cgi NAME=VALUE... - the program as a web server would run it, body on
# standard input.
cgi() {
  env -i PATH="$PATH" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    UBSAN_OPTIONS="${UBSAN_OPTIONS-}" GATEWAY_INTERFACE=CGI/1.1 \
    REQUEST_METHOD=POST PATH_INFO=/sales CONTENT_TYPE=application/json \
    HTTP_X_FORMANTAI_SIGNATURE="sha256=$(hmac body)" "$@" \
    "$BIN/callbook.fcgi" -c callbook.conf
}

@test "CGI without a length reads to the end" {
  run cgi HTTP_TRANSFER_ENCODING=chunked <body
  [[ ${lines[0]} == 'Status: 200 '* && $output == *stored* ]]
}

@test "CGI with a length that is not the body's: 400" {
  for length in $(($(wc -c <body) + 1)) -5 12abc 99999999999999999999; do
    run cgi CONTENT_LENGTH="$length" <body
    [[ ${lines[0]} == 'Status: 400 '* ]]
  done
  [ "$(stored "$DIR")" = 0 ]
}

@test "CGI with a length over max_body does not read" {
  # Nothing ever comes on this standard input.
  mkfifo never
  exec 6<>never
  run timeout 60 bash -c "$(declare -f cgi hmac); SECRET=$SECRET;
    cgi CONTENT_LENGTH=262145" <&6
  exec 6>&-
  [[ $output == *'Status: 413 '* ]]
}

@test "a person who starts it is told what it is" {
  run -2 env -i PATH="$PATH" "$BIN/callbook.fcgi" </dev/null
  [[ $output == *usage* ]]
}

@test "P7 a wrong configuration answers 503 until it is mended" {
  sed -i 's/^max_body.*/max_body = lots/' callbook.conf
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
  expect 503 '{*"status":503*' formantai body
  [[ $output != *lots* && $output != *"$DIR"* ]]
  expect 503 '*' send healthz -X GET
  grep -q 'callbook.conf:3: ' programs.log
  sed -i 's/^max_body.*/max_body = 256K/' callbook.conf
  wait_for expect 200 '{"result":"stored",*' formantai body
}

@test "P7 a secret that strangers can read answers 503" {
  chmod 0644 secret
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
  expect 503 '{*"status":503*' formantai body
  chmod 0600 secret
  wait_for expect 200 '{"result":"stored",*' formantai body
}

@test "P7 a store under the document root is refused" {
  sed -i 's,^store.*,store = www/callbook.db,' callbook.conf
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
  expect 503 '{*"status":503*' formantai body
  # The store may have been made, but nothing is written into it.
  [ "$(sqlite3 www/callbook.db 'SELECT count(*) FROM event')" = 0 ]
}

@test "where WAL can not be, the journal is TRUNCATE and healthz says so" {
  mkdir callbook.db-shm
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
  expect 200 '{"result":"stored","event":1}' formantai body
  expect 200 '{"result":"duplicate","event":1}' formantai body
  expect 200 '{*"journal":"truncate"*' send healthz -X GET
}

@test "SIGTERM: an idle receiver ends with success" {
  receiver -s "$DIR/r.sock"
  wait_for test -S r.sock
  receiver_stop
}

@test "SIGTERM: a connection that sends nothing does not hold it up" {
  receiver -s "$DIR/r.sock"
  wait_for test -S r.sock
  perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Peer => shift) or die;
    open my $f, ">", "connected"; close $f; sleep 60' "$DIR/r.sock" &
  silent=$!
  wait_for test -e connected
  receiver_stop
  kill "$silent"
}

@test "SIGTERM: half a request over TCP does not hold it up" {
  port=$((RANDOM % 20000 + 12000))
  receiver -s "127.0.0.1:$port"
  wait_for perl -MIO::Socket::INET -e '
    IO::Socket::INET->new(PeerAddr => shift) or exit 1' "127.0.0.1:$port"
  perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(PeerAddr => shift) or die;
    print $s "\1\1"; $s->flush;
    open my $f, ">", "connected"; close $f; sleep 60' "127.0.0.1:$port" &
  silent=$!
  wait_for test -e connected
  receiver_stop
  kill "$silent"
}

# A connection that is kept holds no thread, so nobody would read from it.
@test "a connection that the web server wants to keep is closed after the answer" {
  receiver -s "$DIR/r.sock" -t 2
  wait_for test -S r.sock
  for _ in 1 2 3 4; do
    # shellcheck disable=SC2016 # these are Perl's
    run -0 timeout 60 perl -MIO::Socket::UNIX -e '
      sub record { pack("CCnnxx", 1, $_[0], 1, length $_[1]) . $_[1] }
      sub pair { pack("CC", length $_[0], length $_[1]) . $_[0] . $_[1] }
      my $s = IO::Socket::UNIX->new(Peer => "r.sock") or die $!;
      print $s record(1, pack("nCx5", 1, 1)), # responder, keep the connection
        record(4, pair("REQUEST_METHOD", "GET") . pair("PATH_INFO", "/healthz")),
        record(4, ""), record(5, "");
      $s->flush;
      print while <$s>; # to the end, which comes'
    [[ $output == *'"status":"ok"'* ]]
  done
}

@test "SIGTERM: a busy receiver answers what it accepted" {
  receiver -s "$DIR/r.sock"
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  wait_for expect 200 '*' send healthz -X GET
  event @@@@@@ 1200 |
    "$PLAIN/tests/post" -c 8 -n 20000 -s "$SECRET" "$URL/sales" >answers &
  post=$!
  wait_for grep -q ' 200 ' answers
  receiver_stop
  kill "$post" || :
  wait "$post" || :
  cut -d ' ' -f 2 answers | sort | uniq -c
  nothing_lost "$DIR" answers
}

# connection NAME - to r.sock, which asks for healthz once NAME.go is there, and
# keeps the answer in NAME.answer.
connection() {
  # shellcheck disable=SC2016 # these are Perl's
  perl -MIO::Socket::UNIX -e '
    sub record { pack("CCnnxx", 1, $_[0], 1, length $_[1]) . $_[1] }
    sub pair { pack("CC", length $_[0], length $_[1]) . $_[0] . $_[1] }
    my $name = shift;
    my $s = IO::Socket::UNIX->new(Peer => "r.sock") or die $!;
    open my $f, ">", "$name.connected"; close $f;
    until (-e "$name.go") {
      my $r = ""; vec($r, fileno $s, 1) = 1;
      exit if select $r, undef, undef, 0.02; # closed
    }
    print $s record(1, pack("nCx5", 1, 0)),
      record(4, pair("REQUEST_METHOD", "GET") . pair("PATH_INFO", "/healthz")),
      record(4, ""), record(5, "");
    $s->flush;
    open $f, ">", "$name.sent"; close $f;
    open $f, ">", "$name.answer"; print $f $_ while <$s>' "$1" 3>&- &
}

# sockets - how many the process that serves has.
sockets() {
  find "/proc/$(pgrep -P "$RECEIVER")/fd" -lname 'socket:*' | wc -l
}

# has_sockets COUNT - at least?
has_sockets() {
  [ "$(sockets)" -ge "$1" ]
}

# waits_for COUNT - does it wait for no more sockets than those?
waits_for() {
  [ "$(cat "/proc/$(pgrep -P "$RECEIVER")/fdinfo"/* | grep -c ^tfd:)" -le "$1" ]
}

# Events that wait for the store have all places, so no thread looks.
@test "SIGTERM: a request that came while the store was locked is answered" {
  receiver -s "$DIR/r.sock" -t 2
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  wait_for expect 200 '*' formantai body
  before=$(sockets)
  connection late
  late=$!
  connection silent
  silent=$!
  wait_for has_sockets $((before + 2))
  coproc sqlite3 -cmd '.timeout 60000' callbook.db 3>&-
  locker=$COPROC_PID
  echo "BEGIN IMMEDIATE; SELECT 'locked';" >&"${COPROC[1]}"
  read -r locked <&"${COPROC[0]}"
  [ "$locked" = locked ]
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 100 -n 100 -f 2 -s "$SECRET" \
    "$URL/sales" >answers 3>&- &
  post=$!
  wait_for has_sockets $((before + 40))
  touch late.go
  wait_for test -e late.sent
  kill "$RECEIVER"
  wait "$silent" || : # closed, as nothing has come
  kill "$locker"
  wait "$late"
  wait "$RECEIVER"
  RECEIVER=
  kill "$post" || :
  grep -q '"status":' late.answer
}

@test "SIGTERM: a request that comes a moment later over an open connection is answered" {
  receiver -s "$DIR/r.sock" -t 16
  wait_for test -S r.sock
  wait_for pgrep -P "$RECEIVER"
  wait_for has_sockets 2
  before=$(sockets)
  connection late
  late=$!
  wait_for has_sockets $((before + 1))
  kill "$RECEIVER"
  wait_for waits_for 1 # it is stopping, so for nobody new
  touch late.go
  wait "$late"
  wait "$RECEIVER"
  RECEIVER=
  grep -q '"status":' late.answer
}
