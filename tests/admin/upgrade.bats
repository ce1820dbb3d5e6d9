#!/usr/bin/env bats
# Stores that another version of Callbook wrote, or another program.
#
# tests/data/store/vN.db.gz is a store as version N of the schema was when it
# was released, never to be made again: of `callbook demo --calls 25 --days 5`
# with the sources of site(), then a row of the quarantine, one of the ring,
# three events of tests/data/providers, a repeat of the first and a variant.
# tests/data/store/make.sh makes that of the present version.
# From version 3 on `callbook rebuild` comes after the demo, so that the index
# of words has some of the calls.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

STORES=$BATS_TEST_DIRNAME/../data/store
EVENT=$DATA/formantai/call.completed.json # is in all of them
OTHER=$DATA/formantai/call.busy.json # is in none

setup() {
  site
}

# store_of VERSION - as it was released.
store_of() {
  rm -f callbook.db*
  gunzip -c "$STORES/v$1.db.gz" >callbook.db
  chmod 600 callbook.db
}

# ask SQL - of the store.
ask() {
  sqlite3 callbook.db "$1"
}

# versions - those that were released.
versions() {
  local file
  for file in "$STORES"/v*.db.gz; do
    file=${file##*/v}
    echo "${file%.db.gz}"
  done
}

# refused REASON - by every program, and the file stays what it is.
refused() {
  local sum
  sum=$(sha256sum callbook.db)
  run -0 signed sales "$EVENT"
  has 'Status: 503'
  run -0 report calls
  has 'Status: 503'
  has 'The store can not be read'
  run -0 report check
  has 'Status: 200'
  has "fault</strong>: $PWD/callbook.db: $1"
  run -1 callbook check
  has "FAIL  store: $PWD/callbook.db: $1"
  for command in export rebuild 'quarantine requeue --all'; do
    # shellcheck disable=SC2086
    run -1 callbook $command
    has "$1"
  done
  [ "$(sha256sum callbook.db)" = "$sum" ]
  [ ! -s callbook.db-wal ]
}

@test "a store of every version that was released is served on" {
  [ "$(versions | wc -l)" -ge 1 ]
  for version in $(versions); do
    store_of "$version"
    event=$(ask "SELECT seq FROM event
      WHERE id = '$(jq -r .event_id "$EVENT")' AND variant = 0")
    other=$(($(ask 'SELECT max(seq) FROM event') + 1))
    events=$(ask 'SELECT count(*) + 1 FROM event WHERE variant = 0')
    calls=$(ask 'SELECT count(*) + 1 FROM call')
    run -0 signed sales "$EVENT"
    has "{\"result\":\"duplicate\",\"event\":$event}"
    run -0 signed sales "$OTHER"
    has "{\"result\":\"stored\",\"event\":$other}"
    run -0 signed sales "$OTHER"
    has "{\"result\":\"duplicate\",\"event\":$other}"
    run -0 callbook check --deep
    has "ok    store: $events events, $calls calls"
    has 'ok    search: by an index of words'
    has 'ok    integrity: sound'
    kept=$(ask 'SELECT count(*) FROM quarantine')
    [ "$kept" -ge 1 ]
    has "warn  quarantine: $kept kept"
    has 'warn  rejected: 1 kept'
    run -0 callbook export
    [ "${#lines[@]}" = "$events" ]
    # Bodies as they came, whatever the version kept them as.
    run -0 callbook export --raw
    jq -j "select((.sequence | tonumber) == $event).data.raw" \
      <<<"$output" | cmp - "$EVENT"
  done
}

@test "P3 a rebuild of it finds nothing to change" {
  for version in $(versions); do
    store_of "$version"
    # What an older version folded by other rules is folded again first.
    run -0 callbook rebuild
    sqlite3 callbook.db 'SELECT * FROM call; SELECT * FROM day;
      SELECT * FROM fact; SELECT * FROM error' >before
    run -0 callbook rebuild
    has "calls    $(ask 'SELECT count(*) FROM call')"
    has 'changed  0'
    has 'failed   0'
    sqlite3 callbook.db 'SELECT * FROM call; SELECT * FROM day;
      SELECT * FROM fact; SELECT * FROM error' >after
    cmp before after
  done
}

@test "calls of an older version stay as they were until the rebuild that check asks for" {
  signed sales "$EVENT" >answer
  run -0 callbook check
  has_not 'warn  rebuild'
  for version in $(versions); do
    # From version 4 on the rules are the same.
    [ "$version" -lt 4 ] || continue
    store_of "$version"
    ask 'SELECT id, outcome, answered, started, ended, duration FROM call
      ORDER BY 1; SELECT day, outcome, calls, talk, lengths FROM day' >before
    run -0 signed sales "$EVENT"
    has '"duplicate"'
    ask 'SELECT id, outcome, answered, started, ended, duration FROM call
      ORDER BY 1; SELECT day, outcome, calls, talk, lengths FROM day' |
      cmp - before
    run -0 callbook check
    has 'warn  rebuild: '
    has "run 'callbook rebuild'"
    run -0 callbook rebuild
    # What the platform tells and that version did not keep.
    [ "$(ask 'SELECT count(*) FROM call WHERE ended_told > 0')" -gt 0 ]
    [ "$(ask "SELECT count(*) FROM call
      WHERE answered AND outcome IN ('voicemail', 'no_answer', 'busy')")" = 0 ]
    run -0 callbook check
    has_not 'warn  rebuild'
  done
}

@test "the report shows what is in it" {
  signed sales "$EVENT" >answer
  current=$(ask 'PRAGMA user_version')
  for version in $(versions); do
    store_of "$version"
    calls=$(ask 'SELECT count(*) FROM call')
    # Nothing but reading, as a reader may come first.
    if [ "$version" != "$current" ]; then
      signed sales "$EVENT" >answer
    fi
    run -0 report 'calls?preset=all'
    has 'Status: 200'
    [ "$(grep -o '"./call/[0-9]*' <<<"$output" | sort -u | wc -l)" = "$calls" ]
    id=$(jq -r .data.call.conversation_id "$EVENT")
    run -0 report "calls?preset=all&text=$id"
    [ "$(grep -o '"./call/[0-9]*' <<<"$output" | sort -u | wc -l)" = 1 ]
    call=$(sqlite3 callbook.db "SELECT number FROM call WHERE id = '$id'")
    for page in "call/$call" 'results?preset=all' attention \
      'deliveries?preset=all' delivery/1 '?preset=all'; do
      run -0 report "$page"
      has 'Status: 200'
    done
    run -0 report 'export.ndjson?preset=all'
    [ "$(grep -c '^{' <<<"$output")" = "$calls" ]
  done
}

@test "a store of a newer version is refused, and left as it is" {
  store_of 1
  sqlite3 callbook.db 'PRAGMA user_version = 99'
  refused 'was written by a newer Callbook (schema 99, this program knows '
  run -1 callbook check
  has 'install that one again'
  # Whatever its journal is.
  sqlite3 callbook.db 'PRAGMA journal_mode = DELETE' >mode
  refused 'was written by a newer Callbook (schema 99, this program knows '
  # With the program that it belongs to it goes on.
  sqlite3 callbook.db 'PRAGMA user_version = 1'
  run -0 signed sales "$EVENT"
  has '"duplicate"'
}

# indexed - does one more request find all indexes there?
indexed() {
  signed sales "$EVENT" >answer || return "$NEVER"
  [ "$(ask "SELECT count(*) FROM meta WHERE name = 'indexes'")" = 0 ]
}

@test "a store of an older version has the schema of a new one" {
  callbook demo --calls 1 --days 1 >/dev/null
  # Spaces aside: of version 4 some indexes were spelled with two in a row.
  schema="SELECT type, name, replace(sql, '  ', ' ') FROM sqlite_schema
    ORDER BY 1, 2"
  ask "$schema" >new
  for version in $(versions); do
    store_of "$version"
    # A busy machine needs more than one request for the indexes.
    wait_for indexed
    ask "$schema" | cmp - new
    # Nothing of the index of words is lost, or put twice.
    if [ "$version" -lt 3 ]; then
      [ "$(ask "SELECT value FROM meta WHERE name = 'search'")" = \
        "$(ask 'SELECT max(number) FROM call')" ]
    fi
    # Those that cost a table for each row that is checked.
    [ "$(ask "SELECT count(*) FROM sqlite_schema
      WHERE sql LIKE '% IN (%'")" = 0 ]
  done
}

@test "a database of another program is refused, and left as it is" {
  for pragma in 'user_version = 0' 'user_version = 1' 'user_version = -1' \
    'user_version = 99' 'application_id = 7'; do
    rm -f callbook.db*
    sqlite3 callbook.db "CREATE TABLE notes (text); PRAGMA $pragma"
    refused 'is a database of another program'
    [ "$(sqlite3 callbook.db .tables)" = notes ]
  done
  # Also where it has no table yet.
  rm -f callbook.db*
  sqlite3 callbook.db 'PRAGMA application_id = 7'
  refused 'is a database of another program'
}

# A receiver that was stopped while it made the store leaves such a file.
@test "an empty file is no store until the receiver makes it one" {
  : >callbook.db
  run -1 callbook check
  has "FAIL  store: $PWD/callbook.db: there is no store yet: the receiver makes it when it starts"
  run -1 callbook export
  has 'there is no store yet'
  run -0 report ''
  has 'Status: 503'
  run -0 signed sales "$EVENT"
  has '{"result":"stored","event":1}'
  [ "$(sqlite3 callbook.db 'PRAGMA application_id')" = "$((0x43424b31))" ]
  run -0 report ''
  has 'Status: 200'
}
