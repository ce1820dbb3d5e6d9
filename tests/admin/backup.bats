#!/usr/bin/env bats
# callbook backup and restore.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

EVENT=$DATA/formantai/call.completed.json

setup() {
  site
  mkdir out
}

teardown() {
  [ -z "${receiver-}" ] || kill "$receiver" 2>/dev/null || :
}

# in_use - does a process of the receiver have the store open?
in_use() {
  [ -n "$(find /proc/[0-9]*/fd -lname "$PWD/callbook.db-wal" 2>/dev/null)" ]
}

# ask SQL [FILE] - of the store, or of a copy.
ask() {
  sqlite3 "${2-callbook.db}" "$1"
}

# post N - event N, whose answer goes to `answered` when it is there.
post() {
  jq -c ".event_id = \"e-$1\" | .data.call.conversation_id = \"c-$1\"" \
    "$EVENT" >"event-$1.json"
  cgi open <"event-$1.json" | grep -q '"result":"stored"' &&
    echo "e-$1" >>answered
}

@test "a copy under load has all that was answered up to then, and is restored" {
  post 0
  for i in $(seq 1 12); do post "$i"; done &
  load=$!
  until [ "$(wc -l <answered)" -ge 3 ]; do :; done
  cp answered before
  run -0 callbook backup out/copy.db
  has 'sound'
  run -0 callbook backup --compress out/copy.gz
  wait "$load"
  [ "$(wc -l <answered)" = 13 ]
  [ "$(ls out)" = $'copy.db\ncopy.gz' ] # no part of one
  [ "$(stat -c %a out/copy.db)" = 600 ]
  ask 'SELECT id FROM event' out/copy.db | sort >in-copy
  sort before | comm -23 - in-copy | cmp - /dev/null

  # Of the store nothing is left but the copy.
  rm callbook.db*
  run -0 callbook restore out/copy.gz
  [ "$(ask 'PRAGMA integrity_check')" = ok ]
  ask 'SELECT id FROM event' | sort >restored
  sort before | comm -23 - restored | cmp - /dev/null
  post 100
  run -0 callbook rebuild
  has 'changed  0'
  run -0 callbook check --deep
  has 'ok    integrity: sound'
}

@test "a store that a receiver has open is not replaced" {
  post 0
  run -0 callbook backup out/copy.db
  post 1
  "$BIN/callbook.fcgi" -s "$PWD/socket" &
  receiver=$!
  # It has its socket before it has the store.
  until in_use; do kill -0 "$receiver"; done
  run -1 callbook restore out/copy.db
  has 'a receiver or another program has it open'
  kill "$receiver"
  wait "$receiver" || :
  receiver=
  [ "$(ask 'SELECT count(*) FROM event')" = 2 ]
  run -0 callbook restore out/copy.db
  has 'events   1'
  [ "$(ask 'SELECT count(*) FROM event' callbook.db-before)" = 2 ]
  # What comes is stored in the one that was put there.
  post 2
  [ "$(ask 'SELECT count(*) FROM event')" = 2 ]
}

@test "a file that is damaged, cut short or no store replaces nothing" {
  post 0
  callbook backup out/copy.db
  callbook backup --compress out/copy.gz
  head -c "$(($(wc -c <out/copy.gz) / 2))" out/copy.gz >out/cut.gz
  head -c 20000 out/copy.db >out/cut.db
  { head -c 30000 out/copy.db; head -c 40000 /dev/zero
    tail -c +70001 out/copy.db; } >out/damaged.db
  sqlite3 out/other.db 'CREATE TABLE x (y)'
  : >out/empty
  sum=$(sha256sum <callbook.db)
  for file in cut.gz cut.db damaged.db other.db empty none; do
    run -1 callbook restore "out/$file"
  done
  [ "$(sha256sum <callbook.db)" = "$sum" ]
  [ ! -e callbook.db-before ]
  [ ! -e callbook.db-restore-part ]
  run -2 callbook restore
  run -2 callbook backup
  run -1 callbook backup out/none/copy.db
}

@test "by a pipe, and nothing of it stays beside the store" {
  post 0
  callbook backup - >out/copy.db
  callbook backup --compress - | callbook restore -
  [ "$(ask 'SELECT count(*) FROM event')" = 1 ]
  run -1 compgen -G '*part*'
}

@test "a backup and a restore that are killed are done by the next run" {
  callbook demo --calls 100 --days 10 >/dev/null
  callbook backup out/copy.db
  events=$(ask 'SELECT count(*) FROM event')
  for pause in 0.03 0.08; do
    "$BIN/callbook" backup --compress out/again.gz 2>/dev/null &
    sleep "$pause" # there is no better moment than any
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
    "$BIN/callbook" restore out/copy.db >/dev/null 2>&1 &
    sleep "$pause"
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
    [ "$(ask 'PRAGMA integrity_check')" = ok ]
    [ "$(ask 'SELECT count(*) FROM event')" = "$events" ]
  done
  run -0 callbook backup --compress out/again.gz
  run -0 callbook restore out/again.gz
  [ "$(ask 'SELECT count(*) FROM event')" = "$events" ]
  run -1 compgen -G '*part*'
}

@test "a copy from before an erasure says that it still has what was erased" {
  post 0
  callbook backup out/copy.db
  callbook forget --number "$(jq -r .data.call.to_phone "$EVENT")" --yes
  run -0 callbook restore out/copy.db
  has '1 erasures were made after this copy'
}

@test "a copy takes no name of the store's own files, and none that is no file" {
  post 0
  ln -s callbook.db link
  mkfifo pipe
  mkdir directory
  for file in callbook.db "$PWD/callbook.db" out/../callbook.db-key \
    ./callbook.db-wal callbook.db-lock; do
    run -1 callbook backup "$file"
    has "$file: is the store's own"
  done
  run -1 callbook backup link
  has 'link: is a symbolic link'
  for file in pipe directory /dev/null; do
    for command in backup 'backup --compress' 'report --xlsx'; do
      # shellcheck disable=SC2086
      run -1 callbook $command "$file"
      has "$file: is there, and is no file"
    done
  done
  run -1 callbook report --xlsx callbook.db
  has "callbook.db: is the store's own"
  [ -p pipe ] && [ -L link ] && [ -c /dev/null ]
  [ "$(ask 'SELECT count(*) FROM event')" = 1 ]
  # What only begins with its name is nobody's but the person's.
  run -0 callbook backup callbook.db-kept
}

@test "a second restore is refused while one is at it" {
  post 0
  callbook backup out/copy.db
  mkfifo slow
  "$BIN/callbook" restore - <slow >first 2>&1 3>&- &
  exec 7>slow
  head -c 5000 out/copy.db >&7
  # Looked at, not tried: a lock of the test's own would refuse the first.
  is_held() {
    local part
    part=$(stat -c %i callbook.db-restore-part 2>/dev/null) &&
      grep -q "FLOCK .*:$part " /proc/locks
  }
  wait_for is_held
  run -1 callbook restore out/copy.db
  has "another 'restore' writes it"
  tail -c +5001 out/copy.db >&7
  exec 7>&-
  wait $!
  grep -q '^events   1' first
  [ "$(ask 'PRAGMA integrity_check')" = ok ]
}

@test "what no receiver would take, and the store itself, is no copy" {
  post 0
  callbook backup out/copy.db
  cp out/copy.db trigger.db
  sqlite3 trigger.db 'CREATE TRIGGER t AFTER INSERT ON event BEGIN
    DELETE FROM event; END'
  run -1 callbook restore trigger.db
  has "has a trigger 't' that Callbook did not make"
  # A view is not asked: this one would never end.
  cp out/copy.db view.db
  sqlite3 view.db 'ALTER TABLE event RENAME TO other; CREATE VIEW event AS
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT i FROM n'
  run -1 callbook restore view.db
  has "has a view 'event' that Callbook did not make"
  ln -s callbook.db link
  for file in callbook.db link - callbook.db-restore-part; do
    echo left >callbook.db-restore-part
    run -1 callbook restore "$file" <callbook.db
    has "$file: is the store's own"
    [ "$(cat callbook.db-restore-part)" = left ]
  done
  rm callbook.db-restore-part
  [ ! -e callbook.db-before ]
  run -1 compgen -G '*part*'
  post 1
  sqlite3 callbook.db 'PRAGMA wal_checkpoint(TRUNCATE)' >wal
  cp callbook.db file.db
  run -0 callbook restore file.db
  has 'the copy is the file of a store'
  has 'events   2'
  run -1 compgen -G '*part*'
}

@test "a store whose tables somebody changed is copied and restored, and told of" {
  post 0
  sqlite3 callbook.db 'ALTER TABLE call ADD COLUMN mine TEXT'
  run -0 callbook backup out/copy.db
  has "not all as Callbook makes them: 'callbook check' tells"
  run -0 callbook restore out/copy.db
  has "not all as Callbook makes them: 'callbook check' tells"
  run callbook check
  has "the table 'call' is not as Callbook makes it"
  post 1
  [ "$(cat answered)" = $'e-0\ne-1' ]
}

@test "a store without events that is set aside is told of, too" {
  post 0
  callbook backup out/copy.db
  mv callbook.db out/
  rm callbook.db-*
  report '' >page
  cgi open </dev/null >refused
  [ -s callbook.db ]
  run -0 callbook restore out/copy.db
  has "before   0 events, now in $PWD/callbook.db-before"
}

@test "what restores set aside stays, each under a name of its own" {
  post 0
  callbook backup out/copy.db
  for n in 1 2 3; do
    post "$n"
    run -0 callbook restore out/copy.db
  done
  has 'callbook.db-before-3: remove it'
  [ "$(ls callbook.db-before*)" = "callbook.db-before
callbook.db-before-2
callbook.db-before-3" ]
  [ "$(ask 'SELECT max(id) FROM event' callbook.db-before)" = e-1 ]
}

@test "what a store had that is damaged is not taken for nothing" {
  post 0
  callbook backup out/copy.db
  sqlite3 callbook.db 'PRAGMA wal_checkpoint(TRUNCATE)' >wal
  printf 'no header of SQLite' | dd of=callbook.db conv=notrunc status=none
  run -0 callbook restore out/copy.db
  has "could not be counted: it is in $PWD/callbook.db-before;"
  [ "$(ask 'SELECT count(*) FROM event')" = 1 ]
  grep -q 'no header' callbook.db-before
}

@test "a store that another program holds is not taken for a damaged one" {
  post 0
  callbook backup out/copy.db
  post 1
  sqlite3 callbook.db 'PRAGMA journal_mode = DELETE' >mode
  coproc holder { sqlite3 callbook.db; }
  pid=$holder_PID
  echo 'BEGIN EXCLUSIVE; SELECT 7;' >&"${holder[1]}"
  read -r -t 60 <&"${holder[0]}"
  run -1 callbook restore out/copy.db
  has 'another program has it'
  [ ! -e callbook.db-before ]
  echo .quit >&"${holder[1]}"
  wait "$pid"
  run -0 callbook restore out/copy.db
  has '2 events, now in'
}

@test "a store that somebody reads is not set aside without what is in its WAL" {
  post 0
  callbook backup out/copy.db
  post 1
  coproc reader { sqlite3 callbook.db; }
  echo 'BEGIN; SELECT count(*) FROM event;' >&"${reader[1]}"
  read -r -t 60 count <&"${reader[0]}"
  [ "$count" = 2 ]
  post 2
  run -1 callbook restore out/copy.db
  has 'another program has it'
  [ ! -e callbook.db-before ]
  echo '.quit' >&"${reader[1]}"
  wait "$reader_PID" || :
  run -0 callbook restore out/copy.db
  [ "$(ask 'SELECT count(*) FROM event' callbook.db-before)" = 3 ]
}

@test "a WAL of a store that was moved away is set aside, not merged" {
  post 0
  callbook backup out/copy.db
  post 1
  [ -s callbook.db-wal ]
  sum=$(sha256sum <callbook.db-wal)
  mv callbook.db out/moved.db
  run -0 callbook restore out/copy.db
  [ "$(sha256sum <callbook.db-wal.foreign-1)" = "$sum" ]
  [ "$(ask 'SELECT count(*) FROM event')" = 1 ]
}

@test "of two backups to one file the second is refused" {
  post 0
  exec 7>out/copy.db-part
  flock -n 7
  run -1 callbook backup out/copy.db
  has "out/copy.db-part: another 'backup' writes it"
  [ -e out/copy.db-part ]
  # Of gzip the same, where somebody calls his copy so.
  exec 8>out/x-gz-part
  flock -n 8
  run -1 callbook backup --compress out/x
  has "out/x-gz-part: another 'backup' writes it"
  [ "$(ls out)" = $'copy.db-part\nx-gz-part' ]
  exec 8>&- 7>&-
  rm out/x-gz-part
  for compress in '' --compress; do
    run -0 callbook backup $compress out/copy.db
    [ ! -e out/copy.db-part ]
  done
  [ "$(ls out)" = copy.db ]
}
