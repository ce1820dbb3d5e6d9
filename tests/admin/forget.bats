#!/usr/bin/env bats
# callbook forget, as its owner runs it; tests/unit/test_forget.c has the places
# where a number can stand.  And what is never stored.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

EVENT=$DATA/formantai/call.completed.json

setup() {
  site
  number=$(jq -r .data.call.to_phone "$EVENT")
  digits=${number//[^0-9]/}
}

# ask SQL - of the store.
ask() {
  sqlite3 callbook.db "$1"
}

# is_gone - no file of the store has the digits, no body as it came either.
is_gone() {
  run -1 grep -al "$digits" callbook.db*
  run -0 --separate-stderr callbook export --raw
  has_not "$digits"
}

@test "a number is shown, erased everywhere, and dropped when it comes late (P10)" {
  run -0 signed sales "$EVENT"
  echo "{\"odd\": \"$number\"}" >odd.json
  run -0 signed sales odd.json
  has quarantined
  # Looking changes nothing, and so does a no.
  run -0 callbook forget --number "$number" --dry-run
  has 'calls       1'
  has 'quarantine  1'
  run -1 callbook forget --number "$number" <<<'no'
  has 'nothing was erased'
  [ "$(ask 'SELECT count(*) FROM call')" = 1 ]

  run -0 callbook forget --number "00$digits" --yes
  has 'Erased'
  is_gone
  has '"type":"callbook.call.forgotten"'
  has '{"events":["'
  [ "$(ask 'SELECT sum(calls) FROM day')" = 1 ]
  run -0 callbook forget --log
  has 'number'
  has 'calls 1, events 1, quarantine 1, rejected 0'
  has_not "$digits"

  # The same again, and another event of that call.
  run -0 signed sales "$EVENT"
  has '"result":"duplicate"'
  jq -c '.event_id = "other" | .data.call.to_phone = "+1 555 0100"' \
    "$EVENT" >late.json
  run -0 signed sales late.json
  has '"result":"forgotten"'
  [ "$(ask 'SELECT count(*) FROM call')" = 0 ]
  # What is left is sound, and a rebuild finds nothing to change.
  run -0 callbook rebuild
  has 'changed  0'
  run -0 callbook check --deep
  has 'ok    integrity: sound'
  has "ok    forgotten: 1 times"
  mv callbook.db-key key
  run -1 callbook check
  has 'FAIL  forgotten: '
  # Another one is no better.
  head -c "$(stat -c %s key)" /dev/urandom >callbook.db-key
  chmod 600 callbook.db-key
  run -1 callbook check
  has 'FAIL  forgotten: the key beside the store is another'
  mv key callbook.db-key
  run -0 callbook check --deep
  has "ok    forgotten: 1 times"
  run -0 report ''
  has 'Status: 200'
}

@test "what lies beside the store under another name is told" {
  run -0 signed sales "$EVENT"
  copies=(callbook.db-before callbook.db-wal.foreign-2 callbook.db-copy-part
    callbook.db-restore-part callbook.db.gz callbook.db~)
  touch "${copies[@]}" callbook.db2 "callbook.db-it's"
  for how in --dry-run --yes; do
    run -0 callbook forget --number "$number" "$how"
    for copy in "${copies[@]}"; do
      has "/$copy. Remove it"
    done
    has "needs it: rm -- $PWD/callbook.db-before"
    # Two of them would need quotes.
    [ "$(grep -c 'rm -- ' <<<"$output")" = 5 ]
    [ "$(grep -c 'Not looked into' <<<"$output")" = 7 ]
  done
}

@test "what is asked for wrongly is refused" {
  run -0 signed sales "$EVENT"
  for wrong in '' '--number 12' '--number 1234567 --call x' '--fact a' \
    '--call x --future drop' '--number 1234567 --future maybe' 'x' \
    '--log --call x'; do
    # shellcheck disable=SC2086
    run -2 callbook forget $wrong
  done
  [ "$(ask 'SELECT count(*) FROM call')" = 1 ]
}

@test "an erasure that is killed is completed by the next run" {
  callbook demo --calls 100 --days 10 >/dev/null
  number=$(ask "SELECT to_number FROM call WHERE to_number IS NOT NULL
    GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
  digits=${number//[^0-9]/}
  calls=$(ask 'SELECT sum(calls) FROM day')
  for pause in 0.05 0.2; do
    "$BIN/callbook" forget --number "$number" --yes >/dev/null &
    sleep "$pause" # there is no better moment than any
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
    # Of a call there is all or nothing.
    [ "$(ask "SELECT count(*) FROM event e WHERE call IS NOT NULL AND
      NOT EXISTS (SELECT 1 FROM call WHERE number = e.call)")" = 0 ]
  done
  run -0 callbook forget --number "$number" --yes
  is_gone
  [ "$(ask "SELECT count(*) FROM meta WHERE name = 'forget'")" = 0 ]
  [ "$(ask 'SELECT sum(calls) FROM day')" = "$calls" ]
}

@test "what is never stored is told by source, and of each event" {
  sed -i 's/^\[source sales\]/&\ndrop = transcript, recording/' callbook.conf
  run -0 signed sales "$EVENT"
  run -0 signed open "$EVENT"
  run -0 report data
  has 'Never stored'
  has '<td><code>transcript, recording</code></td>'
  has '<td>nothing</td>'
  run -0 report call/1
  has 'Stored without <code>transcript, recording</code>: it cannot be verified'
  run -0 report call/2
  has_not 'Stored without'
}
