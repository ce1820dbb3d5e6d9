#!/usr/bin/env bats
# What is kept for a time: callbook tend, and the receiver by itself.
# tests/unit/test_keep.c has the cases.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup() {
  site
}

# keep LINE... - in the configuration, for all sources.
keep() {
  local line
  for line; do
    sed -i "s/^\[callbook\]/&\n$line/" callbook.conf
  done
}

# ask SQL - of the store.
ask() {
  sqlite3 callbook.db "$1"
}

# older DAYS - everything was received so long ago.
older() {
  ask "UPDATE event SET received = received - $1 * 86400000;
    UPDATE call SET last_received = last_received - $1 * 86400000"
}

@test "what is too old goes, the overview stands, and rebuild changes nothing (P3)" {
  callbook demo --calls 120 --days 60 >/dev/null
  calls=$(ask 'SELECT sum(calls) FROM day')
  answered=$(ask 'SELECT sum(answered) FROM day')
  keep 'keep_bodies = 20d' 'keep_transcripts = 30d' 'keep_facts = 35d' \
    'keep_calls = 40d'
  run -0 callbook check
  has 'warn  retention: there is more than is to be kept'
  # Wherever a run is killed, the next goes on.
  for pause in 0.02 0.06; do
    "$BIN/callbook" tend &
    sleep "$pause"
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
  done
  run -0 callbook tend
  [ "$(ask "SELECT count(*) FROM event WHERE size = -1")" -gt 60 ]
  [ "$(ask 'SELECT count(*) FROM call')" -lt "$calls" ]
  [ "$(ask 'SELECT sum(calls) FROM day')" = "$calls" ]
  [ "$(ask 'SELECT sum(answered) FROM day')" = "$answered" ]
  rows >before
  run -0 callbook rebuild
  has 'changed  0'
  rows | cmp before -
  run -0 callbook check --deep
  has 'ok    retention: what is kept no longer was gone at 20'
  has 'ok    tend: last run 20'
  has 'ok    size: '
  has 'ok    integrity: sound'
  # There is nothing more.
  run -0 callbook tend
  has 'bodies       0'
  # Every event is exported still; of some only that it was.
  run -0 --separate-stderr callbook export
  [ "${#lines[@]}" = "$(ask 'SELECT count(*) FROM event WHERE variant = 0')" ]
  has '"gone":true}}'
  [ "$stderr" = '' ]
}

@test "a receiver lets go by itself, and a late repetition is a duplicate" {
  run -0 signed sales "$DATA/formantai/call.completed.json"
  older 100
  keep 'keep_bodies = 90d'
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has '{"result":"duplicate","event":1}'
  [ "$(ask 'SELECT size FROM event')" = -1 ]
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has '{"result":"duplicate","event":1}'
  call=$(ask 'SELECT id FROM call')
  run -0 callbook show "$call"
  has '(its body is not kept any more)'
  run -0 report "event/1"
  has 'Status: 403'
  printf '\n[report]\nphones = full\n' >>callbook.conf
  run -0 report "event/1"
  has 'This body is not kept any more.'
  run -0 report "call/$(ask 'SELECT number FROM call')"
  has 'Its body is not kept any more.'
}
