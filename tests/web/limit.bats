#!/usr/bin/env bats
# Filters that no index answers: a page reads 50,000 calls one by one, and
# says so.

load ../lib

bats_require_minimum_version 1.5.0

FILTER='fact=results/rare:4..6'

# call NAME DAYS SECONDS RESULTS - one that started so many days ago.
call() {
  local at
  at=$(date -u -d "$2 days ago" +%FT%T.000Z)
  cgi open <<END | grep -q '"result":"stored"'
{"event_id":"evt-$1","event_type":"call.completed","timestamp":"$at",
 "data":{"call":{"conversation_id":"$1","agent_id":7,"status":"completed",
 "from_phone":"+15550100001","to_phone":"+15550100002","started_at":"$at",
 "ended_at":"$at","duration_seconds":$3},"results":$4}}
END
}

# Four calls that are looked for: two before and two after a great many, which
# are copies of one; and as many days in each half.
setup() {
  local columns
  site
  call new-1 1 61 '{"rare":5}'
  call new-2 2 62 '{"rare":6}'
  call one 3 60 '{"rare":9}'
  call old-1 7 63 '{"rare":4}'
  call old-2 12 64 '{"rare":5}'
  columns=$(sqlite3 callbook.db "SELECT group_concat('\"' || name || '\"')
    FROM pragma_table_info('call') WHERE name NOT IN ('number', 'id',
    'started')")
  sqlite3 callbook.db "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1
    FROM n WHERE i < 50100)
    INSERT INTO call (id, started, $columns) SELECT 'copy-' || i, started - i,
    $columns FROM n, call WHERE id = 'one'"
}

# lengths - of the calls of a page, newest first: 1 and 2, then 3 and 4.
lengths() {
  # shellcheck disable=SC2154
  grep -oP '>1.min 0\K[0-9]' <<<"$output" | paste -sd ' '
}

# to REL - the address of the next or previous page.
to() {
  grep -oP " rel=\"$1\" href=\"\./\K[^\"]*" <<<"$output" |
    sed 's/&amp;/\&/g'
}

@test "a list goes on where the page before stopped to look" {
  local next
  run -0 report "calls?preset=all&$FILTER"
  has 'For this page 50,000 calls were looked at, one by one'
  [ "$(lengths)" = '1 2' ]
  next=$(to next)
  run -0 report "$next"
  has_not 'were looked at'
  [ "$(lengths)" = '3 4' ]
  [ -z "$(to next)" ]
  # And back: from the oldest of them, over all that lie between.
  run -0 report "$(to prev)"
  has 'For this page 50,000 calls were looked at, one by one'
  [ -z "$(lengths)" ]
  run -0 report "$(to prev)"
  has_not 'were looked at'
  [ "$(lengths)" = '1 2' ]
}

@test "a file of calls has all of them, however many are looked at" {
  local type
  for type in csv ndjson; do
    run -0 report "export.$type?preset=all&$FILTER"
    [ "$(grep -oE '"?(new|old)-[12]"?[,}]' <<<"$output" | tr -d '",}' |
      sort | paste -sd ' ')" = 'new-1 new-2 old-1 old-2' ]
  done
}

@test "numbers of a part say of which" {
  local page
  for page in '' results costs; do
    run -0 report "$page?preset=all&$FILTER"
    has 'Only the latest 50,000 calls were looked at, one by one'
  done
  run -0 report "fact?path=results/rare&preset=all&$FILTER"
  has 'Only the latest 50,000 calls were looked at, one by one'
  # What both indexes and roll-ups answer is whole.
  run -0 report '?preset=all'
  has_not 'were looked at'
}

@test "nothing is compared with a part" {
  local from to before
  from=$(date -u -d '2 days ago' +%F)
  to=$(date -u +%F)
  before=$(date -u -d '10 days ago' +%F)
  for ask in "by=period&from=$from&to=$to&from2=$before&to2=$from" \
    "by=period&from=$(date -u -d '4 days ago' +%F)&to=$to" \
    "by=direction&preset=all&a=unknown&b=inbound"; do
    run -0 report "compare?$ask&$FILTER"
    has 'in at most 50,000 calls, and there are more'
    has_not '<table class="sums two"'
    has_not 'no period before'
  done
  # One call in each.
  from=$(date -u -d '1 day ago' +%F)
  run -0 report "compare?by=period&from=$from&to=$from&$FILTER"
  has_not 'and there are more'
  has '<table class="sums two"'
}
