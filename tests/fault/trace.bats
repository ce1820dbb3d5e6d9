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

# order - prints what happened as letters: w, a write to the WAL; s, the WAL is
# on disk; d, a write to the store; a, the answer.  A call is told in two lines
# where another thread's comes in between.
order() {
  awk '/pwrite64\([0-9]+<[^>]*-wal>/ { printf "w" }
    /f(data)?sync\([0-9]+<[^>]*-wal>\) += 0/ { printf "s" }
    /f(data)?sync\([0-9]+<[^>]*-wal> <unfinished/ { wal[$1] = 1 }
    /f(data)?sync resumed>\) += 0/ && wal[$1] { printf "s" }
    /f(data)?sync resumed>/ { wal[$1] = 0 }
    /pwrite64\([0-9]+<[^>]*callbook.db>/ { printf "d" }
    /write(v)?\(.*stored/ { printf "a" }' "$DIR/trace" | tr -s wsd
}

@test "P1 CGI: the WAL is on disk before the answer is written" {
  signed_cgi body env >/dev/null
  signed_cgi second "${traced[@]}" | grep stored
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
  # On a slow machine the WAL is brought to the store in between, or behind.
  [[ $(order) =~ ^([^a]*ws[^a]*a){2}[^a]*$ ]]
}

# fail_fsync WHEN - `failing COMMAND...`: the disk fails those of the WAL.
fail_fsync() {
  failing=(strace -f -qq -o "$DIR/trace" -P "$DIR/callbook.db-wal"
    -e trace=fdatasync -e "inject=fdatasync:error=EIO:when=$1")
}

@test "P1 no answer is a success whose fsync failed" {
  signed_cgi body env >/dev/null
  fail_fsync 1
  run -0 signed_cgi second "${failing[@]}" env
  [[ $output == *'Status: 503'* ]]
  [[ $output == *'callbook.db-wal: fsync: disk I/O error'* ]]
  grep -q EIO trace
  # Whoever comes next brings all that was committed to disk first.
  run -0 signed_cgi second env
  [[ $output == *'all is on disk again'* ]]
  [[ $output == *'"duplicate"'* ]]
}

@test "P1 an fsync that fails while the store is made counts as well" {
  # The first is that of the WAL's header, the second that of the tables.
  fail_fsync 2
  run -0 signed_cgi body "${failing[@]}" env
  [[ $output == *'Status: 503'* ]]
  grep -q EIO trace
  # SQLite finds the tables in the WAL, and takes them for what is on disk.
  run -0 signed_cgi body env
  [[ $output == *'all is on disk again'*'"stored"'* ]]
}

@test "P1 after a failed fsync the WAL is on disk before any of it is in the store" {
  signed_cgi body env >/dev/null
  fail_fsync 1
  run -0 signed_cgi second "${failing[@]}" env
  [[ $output == *'Status: 503'* ]]
  # If the power fails in between, the half that the store has would be alone.
  signed_cgi second "${traced[@]}" env | grep duplicate
  [[ $(order) == wsd* ]]
}

@test "P1 a process that was killed after a failed fsync deceives nobody" {
  signed_cgi body env >/dev/null
  # Nor does a second fsync mend it: both of the first process fail, and so
  # does the first of the next, which is that of mending.
  fail_fsync 1+
  for _ in 1 2; do
    run -0 signed_cgi second "${failing[@]}" env
    [[ $output == *'Status: 503'* ]]
    [[ $output != *'all is on disk again'* ]]
  done
  run -0 signed_cgi second env
  [[ $output == *'all is on disk again'*'"duplicate"'* ]]
  run -0 signed_cgi second env
  [[ $output != *'all is on disk again'* ]]
}

@test "P1 a reader whose fsync failed tells those who write" {
  signed_cgi body env >/dev/null
  fail_fsync 1
  # The system told the reader alone: who starts later is told of no failure.
  run -1 env CALLBOOK_CONFIG=callbook.conf "${failing[@]}" \
    "$PLAIN/callbook" export
  run -0 signed_cgi second env
  [[ $output == *'all is on disk again'*'"stored"'* ]]
}

# noisy NUMBER BYTES - an event that takes so many on disk.
noisy() {
  head -c "$2" /dev/urandom | base64 -w 0 >noise
  event "$1" | jq -c --rawfile n noise '.data.call.note = $n'
}

@test "P1 an fsync that fails in a checkpoint counts as well" {
  local i=100000 page=$((24 + 4096))
  signed_cgi body env >/dev/null
  # Until a checkpoint is nearly due, at 1000 pages.
  while [ "$(stat -c %s callbook.db-wal)" -lt $((955 * page)) ]; do
    noisy "$((i++))" 40000 >body
    signed_cgi body env >/dev/null
  done
  noisy "$i" 150000 >body
  fail_fsync 1
  run -0 signed_cgi body "${failing[@]}" env
  [[ $output == *'checkpoint: disk I/O error'* ]]
  [[ $output == *'Status: 503'* ]]
  [[ $output != *'-wal: fsync'* ]]
  run -0 signed_cgi body env
  [[ $output == *'all is on disk again'*'"duplicate"'* ]]
}

@test "P1 after a failed fsync nothing is a success until the disk is well" {
  socket_host "$DIR" "$DIR/r.sock"
  signed_cgi body env >/dev/null
  # The first is that of an event, the second that of mending.  strace counts
  # for each thread.
  fail_fsync 1..2
  "${failing[@]}" "$PLAIN/callbook.fcgi" -c callbook.conf -t 1 \
    -s "$DIR/r.sock" 3>&- 2>log &
  tracer=$!
  wait_for test -S r.sock
  lighttpd_start "$DIR"
  expect 503 '*could not be stored now*' formantai second
  expect 503 '*could not be stored now*' formantai second
  expect 200 '{"result":"duplicate",*' formantai second
  kill "$(children "$tracer")"
  wait "$tracer" || :
  grep 'all is on disk again' log
  [ "$(sqlite3 callbook.db 'SELECT count(*) FROM event')" = 2 ]
}

@test "durability = normal does not wait for the disk" {
  sed -i 's/^store.*/&\ndurability = normal/' callbook.conf
  signed_cgi body env >/dev/null
  signed_cgi second "${traced[@]}" | grep stored
  [[ $(order) == *wa ]]
}

# replaced FILE TEXT - prints what happened to a file that was written under
# another name, as letters: w, written; s, that is on disk; r, it takes its
# place; d, that is on disk; a, TEXT is told.
replaced() {
  awk -v file="$1" -v text="$2" '
    $0 ~ "write(64|v)?\\([0-9]+<[^>]*/" file "[^>]*part>" { printf "w" }
    $0 ~ "f(data)?sync\\([0-9]+<[^>]*/" file "[^>]*part>\\) += 0" {
      printf "s" }
    $0 ~ "rename.*part\", .*" file "\"\\) = 0" { printf "r"; taken = 1 }
    taken && $0 ~ "fsync\\([0-9]+<" ENVIRON["DIR"] "/?>\\) += 0" {
      printf "d"; taken = 0 }
    $0 ~ "write\\([12]<.*" text { printf "a" }' trace | tr -s ws
}

@test "P1 a copy, and a store restored, are on disk before they take their place" {
  export DIR CALLBOOK_CONFIG=callbook.conf
  traced+=(-e 'trace=fcntl,fsync,fdatasync,pwrite64,write,writev,/^rename')
  signed_cgi body env >/dev/null
  "${traced[@]}" "$PLAIN/callbook" backup kept.db
  [ "$(replaced kept.db sound)" = wsrda ]
  "${traced[@]}" "$PLAIN/callbook" backup --compress kept.gz
  [ "$(replaced kept.gz sound)" = wswsrda ]
  signed_cgi second env >/dev/null
  "${traced[@]}" "$PLAIN/callbook" restore kept.db
  [ "$(replaced callbook.db before)" = wsrda ]
  # On NFS a lock of SQLite's would meet the one that holds the file.
  run -1 grep 'fcntl([0-9]*<[^>]*restore-part>, F_\(OFD_\)\?SETLK' trace
}
