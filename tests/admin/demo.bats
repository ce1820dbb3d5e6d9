#!/usr/bin/env bats
# Made-up calls: callbook demo.

load ../lib
bats_require_minimum_version 1.5.0

setup() {
  site
  for name in vapi retell bland elevenlabs twilio standard-webhooks ultravox \
    telnyx vonage; do
    printf '[source %s]\nprovider = %s\nauth = none\n' "$name" "$name"
  done >>callbook.conf
}

sql() {
  sqlite3 -readonly callbook.db "$1"
}

@test "demo: so many calls, of every source, over so many days" {
  run -0 callbook demo --calls 1200 --days 40
  has "1200 calls, "
  [ "$(sql 'SELECT count(*) FROM call')" = 1200 ]
  [ "$(sql 'SELECT count(DISTINCT source) FROM call')" = 14 ]
  [ "$(sql 'SELECT max(day) - min(day) BETWEEN 38 AND 41 FROM call')" = 1 ]
  # Nothing of it lies ahead, and what the platforms told was understood.
  [ "$(sql "SELECT max(received) <= unixepoch() * 1000 FROM event")" = 1 ]
  [ "$(sql "SELECT count(*) FROM event WHERE call IS NULL
    AND CAST(body AS TEXT) NOT LIKE '{\"test\":true%'")" = 0 ]
  [ "$(sql "SELECT count(*) FROM call
    WHERE outcome = 'unknown' AND source NOT IN
      (SELECT id FROM source WHERE provider = 'atoms-v1')")" = 0 ]
}

@test "demo: conversations, facts, errors, retries, repeats, what is stuck" {
  run -0 callbook demo --calls 3000
  for found in "SELECT count(*) FROM call WHERE transcript LIKE '%नमस्ते%'" \
    "SELECT count(*) FROM call WHERE transcript LIKE '%予約%'" \
    'SELECT (SELECT count(*) FROM fact) + count(facts) FROM call' \
    'SELECT count(*) FROM error' \
    'SELECT count(*) FROM call WHERE attempt = 3' \
    'SELECT count(*) FROM call WHERE outcome IS NULL' \
    'SELECT count(*) FROM repeat' 'SELECT count(*) FROM quarantine' \
    'SELECT count(*) FROM rejected'; do
    echo "$found"
    [ "$(sql "$found")" -gt 0 ]
  done
}

@test "P3 demo: rebuild changes nothing" {
  run -0 callbook demo --calls 500
  sqlite3 callbook.db 'SELECT * FROM day' >before
  run -0 callbook rebuild
  has "changed  0"
  has "failed   0"
  sqlite3 callbook.db 'SELECT * FROM day' | cmp before -
}

@test "demo: a store that has an event stays as it is" {
  cgi open <"$DATA/formantai/call.busy.json"
  run -1 callbook demo
  has "callbook.db: has 1 events already"
  [ "$(sql 'SELECT count(*) FROM event')" = 1 ]
}

@test "demo: a source of an own platform is told to stay empty" {
  mkdir -p providers
  cp "$ROOT/tests/data/parrot/parrot.json" providers/
  printf '[source desk]\nprovider = parrot\nauth = none\n' >>callbook.conf
  run -0 callbook demo --calls 10
  has "source desk gets no calls: there are none made up for provider parrot"
}

@test "demo: called wrong" {
  run -2 callbook demo --calls 0
  has "0 is no number from 1 to 10000000"
  run -2 callbook demo --days 4000
  has "4000 is no number from 1 to 3650"
  run -2 callbook demo more
  has "needs no operand"
  [ ! -e callbook.db ]
}
