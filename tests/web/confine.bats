#!/usr/bin/env bats
# What a program can still reach once it takes requests, and what it does when
# something comes that it cannot reach.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load server
load reload

bats_require_minimum_version 1.5.0

landlock=444-446 seccomp=317-317 # system calls

setup() {
  reload_site
  # The store's directory is all that may be written, so it has its own.
  mkdir read write none
  mv callbook.conf secret public.pem read/
  sed -i -e 's|^store.*|store = ../write/callbook.db|' \
    -e '/^providers_dir/d' read/callbook.conf
  touch none/file
  chmod 700 write
  event 000001 >body
}

teardown() {
  stopped "${POSTS[@]-}" "${RECEIVER-}"
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
}

# begun [COMMAND...] - a receiver started by that command, and a web server.
begun() {
  "$@" bin/callbook.fcgi -c read/callbook.conf -s "$DIR/r.sock" \
    >>receiver.log 2>&1 3>&- &
  RECEIVER=$!
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
}

# offers NUMBERS - does this kernel have them?
offers() {
  case $1 in
  "$landlock") perl -e 'exit(syscall(444, 0, 0, 1) > 0 ? 0 : 1)' ;;
  *) [ -e /proc/sys/kernel/seccomp ] ;;
  esac
}

# told_in_force - what healthz is to tell of it here.
told_in_force() {
  local told=
  ! offers "$landlock" || told='files by Landlock'
  ! offers "$seccomp" || told=${told:+$told, }'system calls by seccomp'
  echo "${told:-none}"
}

# of PID KEY - a value of its /proc/PID/status.
of() {
  awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"
}

# refused WHAT... - what was tried from inside, and not done.
refused() {
  local what
  cat inside
  for what; do
    grep -qxE "inside: $what: (Permission denied|Operation not permitted)" inside
  done
}

# nothing_else - what nobody may do from inside.
nothing_else() {
  only_its_store
  grep -x 'inside: read configuration: done' inside
}

# only_its_store - the same of who needs no configuration any more.
only_its_store() {
  if ! offers "$landlock" || ! offers "$seccomp"; then
    skip 'wants Landlock and seccomp'
  fi
  refused 'write configuration' 'make beside it' 'remove it' 'read elsewhere' \
    'write elsewhere' 'cut elsewhere' 'open to all' 'read /etc/hostname' \
    socket connect signal fork execute
  [ ! -e read/new ]
  [ "$(stat -c %a read/callbook.conf)" != 666 ]
}

@test "who serves is confined, its keeper is not, and healthz and check tell" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  child=$(serving "$RECEIVER")
  [ "$(of "$child" NoNewPrivs)" = 1 ]
  ! offers "$seccomp" || [ "$(of "$child" Seccomp)" = 2 ]
  [ "$child" != "$RECEIVER" ]
  [ "$(of "$RECEIVER" Seccomp)" = "$(of self Seccomp)" ]
  expect 200 "*\"confinement\":\"$(told_in_force)\"*" send healthz -X GET
  run -0 bin/callbook check -c read/callbook.conf --url "$URL"
  [[ $output == *"ok    web: its confinement: $(told_in_force)"* ]]
}

@test "from inside of the receiver, nothing but its own can be reached" {
  INSIDE=$DIR begun env LD_PRELOAD="$PLAIN/tests/web/inside.so"
  expect 200 '{"result":"stored",*' formantai body
  grep inside: receiver.log >inside
  nothing_else
  grep -x 'inside: write store: done' inside
  grep -x 'inside: make beside the store: done' inside
}

# asked PROGRAM NAME=VALUE... - one request, from inside of which it is tried.
asked() {
  local program=$1
  shift
  env -i PATH="$PATH" INSIDE="$DIR" LD_PRELOAD="$PLAIN/tests/web/inside.so" \
    CALLBOOK_CONFIG="$DIR/read/callbook.conf" GATEWAY_INTERFACE=CGI/1.1 \
    "$@" "bin/$program" <body 2>errors
  grep inside: errors >inside
}

@test "from inside of the receiver as plain CGI, it is the same" {
  run -0 asked callbook.fcgi REQUEST_METHOD=POST PATH_INFO=/open \
    CONTENT_TYPE=application/json CONTENT_LENGTH="$(wc -c <body)"
  [[ $output == *'"result":"stored"'* ]]
  nothing_else
}

@test "from inside of the report, the store can only be read" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  stopped "$RECEIVER"
  RECEIVER=
  run -0 asked report.cgi REQUEST_METHOD=GET REMOTE_USER=owner PATH_INFO=/calls \
    QUERY_STRING=preset=all
  [[ $output == *••••0001* ]]
  nothing_else
  refused 'write store' 'make beside the store'
}

@test "a file of Excel takes no more, and leaves no file" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  stopped "$RECEIVER"
  RECEIVER=
  mkdir temporary
  asked report.cgi REQUEST_METHOD=GET REMOTE_USER=owner PATH_INFO=/export.xlsx \
    QUERY_STRING=preset=all TMPDIR="$DIR/temporary" >answer
  grep -qa '^Status: 200' answer
  [ "$(tail -c 22 answer | head -c 2)" = PK ] # it ends as a ZIP file does
  nothing_else
  refused 'write store' 'make beside the store'
  [ -z "$(ls -A temporary)" ]
}

@test "from inside of a command that reads what was sent, it is the same" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  export CALLBOOK_CONFIG=$DIR/read/callbook.conf
  for command in export 'show call-000001' 'quarantine list --rejected' \
    'provider check formantai body' 'provider draft body'; do
    echo "$command"
    # shellcheck disable=SC2086
    env -u TMPDIR INSIDE="$DIR" LD_PRELOAD="$PLAIN/tests/web/inside.so" \
      bin/callbook $command >out 2>errors
    grep inside: errors >inside
    only_its_store
    refused 'write store' 'make beside the store'
  done
}

@test "a secret in another directory is taken under load, and no fault is" {
  begun
  echo other-secret >none/secret
  chmod 644 none/secret
  posting 1 "$SECRET"
  pid=$(serving "$RECEIVER")
  sed -i '0,/secret_file = secret/s||secret_file = ../none/secret|' \
    read/callbook.conf
  # The reason is that of who may read it.
  wait_for told_again 'every user of this machine can read or write .*none/secret' 1
  more 1 300
  kill -0 "$pid"
  [ "$(grep -c 'none/secret: ' receiver.log)" = 1 ]
  printf '%s\n' "$SECRET" other-secret >none/secret
  chmod 600 none/secret
  wait_for told_again 'callbook.conf: .*: started again' 1
  more 1 300
  SECRET=other-secret expect 200 '{"result":"*' formantai body
  unharmed check_store
}

check_store() {
  [ "$(sqlite3 write/callbook.db 'PRAGMA integrity_check')" = ok ]
  [ "$(sqlite3 write/callbook.db 'SELECT count(*) FROM event')" -ge \
    "$(awk '$2 == 200' answers | wc -l)" ]
}

@test "a stop is answered while another process is being started" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  # A server that takes connections, and never says anything.
  perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(
    Listen => 9, LocalAddr => "127.0.0.1"); print $s->sockport, "\n"; sleep' \
    >port 3>&- &
  POSTS+=("$!")
  wait_for test -s port
  uri="postgresql://127.0.0.1:$(cat port)/none?connect_timeout=50"
  sed -i "s|^store = .*|store = $uri|" read/callbook.conf
  wait_for two_serve
  pids=$(children "$RECEIVER")
  SECONDS=0
  kill "$RECEIVER"
  wait "$RECEIVER"
  [ "$SECONDS" -le 25 ] # not the 50 of connect_timeout
  # shellcheck disable=SC2086
  wait_for gone $pids
  [ ! -e r.sock ]
  RECEIVER=
}

two_serve() {
  [ "$(children "$RECEIVER" | wc -w)" = 2 ]
}

@test "a stop is answered while a replaced program is tried" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  printf '#!/bin/sh\n: >tried\nexec sleep 60\n' >bin/.new
  chmod 755 bin/.new
  mv bin/.new bin/callbook.fcgi
  wait_for test -e tried
  before=$(date +%s%3N)
  kill "$RECEIVER"
  wait "$RECEIVER"
  # It would be tried for five seconds.
  [ $(($(date +%s%3N) - before)) -le 2500 ]
  RECEIVER=
}

@test "a store's directory that was replaced is stored into" {
  begun
  expect 200 '{"result":"stored",*' formantai body
  mv write none/
  mkdir -m 700 write
  wait_for stores
  [ "$(sqlite3 write/callbook.db 'SELECT count(*) FROM event')" = 1 ]
  [ "$(sqlite3 none/write/callbook.db 'SELECT count(*) FROM event')" = 1 ]
}

stores() {
  [[ $(formantai body) == *'"result":"stored"'* ]]
}

@test "a kernel that has neither, or one of both, is enough" {
  begun perl "$BATS_TEST_DIRNAME/older.pl" "$landlock" "$seccomp"
  expect 200 '{"result":"stored",*' formantai body
  expect 200 '*"confinement":"none"*' send healthz -X GET
  [ -z "$(children "$RECEIVER")" ]
  stopped "$RECEIVER"
  lighttpd_stop
  begun perl "$BATS_TEST_DIRNAME/older.pl" "$landlock"
  expect 200 '{"result":"duplicate",*' formantai body
  ! offers "$seccomp" ||
    expect 200 '*"confinement":"system calls by seccomp"*' send healthz -X GET
  stopped "$RECEIVER"
  lighttpd_stop
  begun perl "$BATS_TEST_DIRNAME/older.pl" "$seccomp"
  expect 200 '{"result":"duplicate",*' formantai body
  ! offers "$landlock" ||
    expect 200 '*"confinement":"files by Landlock"*' send healthz -X GET
}

@test "who serves ends with its keeper, and the keeper as who serves did" {
  begun
  child=$(serving "$RECEIVER")
  kill -9 "$RECEIVER"
  wait_for gone "$child"
  wait "$RECEIVER" || :
  begun_again
  kill -SEGV "$(serving "$RECEIVER")"
  rc=0
  wait "$RECEIVER" || rc=$?
  [ "$rc" = 139 ]
  grep 'which served, was ended by signal 11' receiver.log
  begun_again
  kill "$(serving "$RECEIVER")"
  wait "$RECEIVER"
  [ ! -e r.sock ]
  RECEIVER=
}

begun_again() {
  lighttpd_stop
  begun
  expect 200 '{"result":"*' formantai body
}
