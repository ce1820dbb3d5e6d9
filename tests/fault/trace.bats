#!/usr/bin/env bats
# What the system is asked to do, in which order, as strace sees it.

load ../web/server

bats_require_minimum_version 1.5.0

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  event 000001 >body
  event 000002 >second
  traced=(strace -f -y -s 256 -o "$DIR/trace"
    -e "trace=fsync,fdatasync,pwrite64,write,writev")
}

teardown() {
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
}

# cgi FILE COMMAND... - the program as a web server would run it.
cgi() {
  local file=$1
  shift
  # shellcheck disable=SC2094
  "$@" env -i PATH="$PATH" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
    PATH_INFO=/sales CONTENT_TYPE=application/json \
    CONTENT_LENGTH="$(wc -c <"$file")" \
    HTTP_X_FORMANTAI_SIGNATURE="sha256=$(hmac "$file")" \
    "$PLAIN/callbook.fcgi" -c callbook.conf <"$file"
}

# order - prints what happened as letters: w, a write to the WAL; s, the WAL is
# on disk; a, the answer.
order() {
  awk '/pwrite64\([0-9]+<[^>]*-wal>/ { printf "w" }
    /f(data)?sync\([0-9]+<[^>]*-wal>\) += 0/ { printf "s" }
    /write(v)?\(.*stored/ { printf "a" }' "$DIR/trace" | tr -s ws
}

@test "P1 CGI: the WAL is on disk before the answer is written" {
  cgi body env >/dev/null
  cgi second "${traced[@]}" | grep stored
  [[ $(order) == *wsa ]]
}

@test "P1 FastCGI: the WAL is on disk before the answer is written" {
  socket_host "$DIR" "$DIR/r.sock"
  "${traced[@]}" "$PLAIN/callbook.fcgi" -c callbook.conf -s "$DIR/r.sock" 3>&- &
  tracer=$!
  wait_for test -S r.sock
  lighttpd_start "$DIR"
  formantai body
  expect 200 '{"result":"stored",*' formantai second
  kill "$(children "$tracer")"
  wait "$tracer" || :
  [[ $(order) == *wsa ]]
  [[ $(order) != *wa* ]]
}

@test "durability = normal does not wait for the disk" {
  sed -i 's/^store.*/&\ndurability = normal/' callbook.conf
  cgi body env >/dev/null
  cgi second "${traced[@]}" | grep stored
  [[ $(order) == *wa ]]
}
