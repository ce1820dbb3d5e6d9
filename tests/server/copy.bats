#!/usr/bin/env bats
# callbook copy: from a file to a server, and back.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib
load ../web/postgres

EVENT=$DATA/formantai/call.completed.json

setup() {
  site
  PG=
}

teardown() {
  [ -z "$PG" ] || pg_end
}

# post N - event N, into the configured store.
post() {
  jq -c ".event_id = \"e-$1\" | .data.call.conversation_id = \"c-$1\"" \
    "$EVENT" | cgi open | grep -q '"result":"stored"'
}

# use STORE - as the store.
use() {
  sed -i "s#^store = .*#store = ${1//&/\\&}#" callbook.conf
}

# tell FILE STORE - write what is in the store, as seen through commands.
tell() {
  use "$2"
  callbook export --raw >"$1.raw"
  callbook export >"$1.events"
  callbook show --json c-1 >"$1.call"
  use callbook.db
}

# same_as_file STORE
same_as_file() {
  tell file callbook.db
  tell other "$1"
  [ "$(wc -l <file.raw)" -gt 40 ]
  cmp file.raw other.raw
  cmp file.events other.events
  cmp file.call other.call
}

# rows FILE TABLE - but how far its own index of words goes.
rows() {
  sqlite3 -quote "$1" "SELECT * FROM $2" | grep -v "^'search" | sort
}

@test "a file is copied to a server and from there to a file, and all is there" {
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
  server=$(pg_uri 5432)
  callbook demo --calls 40 --days 5 >/dev/null
  run -0 callbook copy --to "$server"
  has 'stop the receivers'
  post 1 # while receivers go on: a new call, and one more of a day
  run -0 callbook copy --to "$server"
  run -0 callbook copy --to "$server" --last
  has 'the same'
  same_as_file "$server"

  use "$server"
  run -0 callbook copy --to back.db
  run -0 callbook copy --to back.db --last
  for table in event call call_alias path source day arrival error; do
    [ "$(rows callbook.db "$table")" = "$(rows back.db "$table")" ]
  done
  [ "$(rows callbook.db sqlite_sequence)" = "$(rows back.db sqlite_sequence)" ]

  # Numbers go on behind those that were copied, words are found.
  last=$(sqlite3 callbook.db 'SELECT max(seq) FROM event')
  post 2
  [ "$(pg_sql 5432 'SELECT max(seq) FROM event')" = $((last + 1)) ]
  run -0 callbook rebuild
  has 'changed  0'
}

@test "a file is copied to a file, in parts, and what was changed is replaced" {
  callbook demo --calls 600 --days 5 >/dev/null
  for pause in 0.02 0.05 0.1; do
    "$BIN/callbook" copy --to new.db >/dev/null 2>&1 &
    sleep "$pause" # there is no better moment than any
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
  done
  run -0 callbook copy --to new.db
  post 1
  callbook forget --call c-1 --yes
  sqlite3 callbook.db "UPDATE event SET body = x'7b7d', size = NULL WHERE seq = 3"
  run -0 callbook copy --to new.db --last
  for table in event call call_alias day day_gone erasure forgotten meta; do
    [ "$(rows callbook.db "$table")" = "$(rows new.db "$table")" ]
  done
  run -0 callbook check
}

@test "what is in a store is not written over" {
  post 1
  run -2 callbook copy
  run -2 callbook copy --to 'postgresql://callbook:secret@127.0.0.1/callbook'
  run -1 callbook copy --to "$PWD/callbook.db"
  has 'is the store itself'
  run -0 callbook copy --to new.db
  run -0 callbook copy --to new.db --last
  run -1 callbook copy --to new.db
  has 'is not empty'
  run -0 callbook copy --to begun.db
  use begun.db
  post 2
  use callbook.db
  run -1 callbook copy --to begun.db
  has 'was written to by others'
  sqlite3 other.db 'CREATE TABLE x (y)'
  run -1 callbook copy --to other.db
  has 'another program'
  sqlite3 newer.db 'PRAGMA user_version = 999; PRAGMA application_id = 0'
  run -1 callbook copy --to newer.db
}
