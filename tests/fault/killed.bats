#!/usr/bin/env bats
# callbook tend, forget, backup and restore, killed as they are about to change
# a file, at some of those moments.  tests/fault/kill.c counts.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
export BIN=$PLAIN
load ../lib

EVENT=$DATA/formantai/call.completed.json

# A store with an index of words, a copy of it, and what there was.
setup() {
  site
  callbook demo --calls 60 --days 60 >/dev/null
  callbook rebuild >/dev/null
  callbook backup "$PWD/before.db" 2>/dev/null
  mkdir first
  cp callbook.db* first
}

fresh() {
  rm -f callbook.db*
  cp first/* .
}

# ask SQL - of the store, and of what was there before as b.
ask() {
  sqlite3 callbook.db "ATTACH 'before.db' AS b; $1"
}

# moments LAST COMMAND... - runs it, and prints at which of its changes to kill
# it: at so many of the last, where names change hands, and MOMENTS= of all.
moments() {
  local n moments=${MOMENTS:-4}
  rm -f count
  KILL_COUNT=$PWD/count LD_PRELOAD=$PLAIN/tests/fault/kill.so \
    "$PLAIN/callbook" "${@:2}" >said 2>&1 || return
  n=$(<count)
  [ "$n" -gt "$1" ] || return
  {
    seq "$((n - $1 + 1))" "$n"
    for ((i = 0; i < moments; i++)); do echo "$((1 + i * n / moments))"; done
  } | sort -nu
}

# killed_at N COMMAND... - by a change that it makes: an earlier one, where there
# were fewer this time.  `before` makes the store as it was.
killed_at() {
  local n=$1 status
  while :; do
    before
    status=0
    KILL_AT=$n LD_PRELOAD=$PLAIN/tests/fault/kill.so \
      "$PLAIN/callbook" "${@:2}" >said 2>&1 || status=$?
    case $status in
    137) return 0 ;;
    0) n=$((n * 3 / 4)) ;;
    *) n=0 ;;
    esac
    [ "$n" -gt 0 ] || {
      echo "ended with $status: $(<said)"
      return 1
    }
  done
}

before() {
  fresh
}

# words - of the index, each with the number of calls that have it.  What is
# wrong with it is told by itself: fts5vocab says that there is none.
words() {
  ask 'SELECT 1 FROM search LIMIT 0; CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, search, row);
    SELECT term, doc FROM temp.v'
}

# whole - of each call there is all of a kind or nothing, in its row, in its
# bodies and in the words; and a rebuild finds nothing else.
whole() {
  [ "$(ask 'PRAGMA integrity_check')" = ok ]
  run -0 ask "
    WITH part AS (SELECT n.number,
      (n.transcript, n.summary, n.recording) IS NOT
        (o.transcript, o.summary, o.recording) AS talk,
      n.facts IS NOT o.facts AS facts,
      coalesce(n.transcript, n.summary, n.recording) IS NOT NULL AS has_talk,
      length(n.facts) > 0 AS has_facts
      FROM call n JOIN b.call o USING (number))
    SELECT 'half a talk', number FROM part WHERE talk AND has_talk
    UNION ALL SELECT 'half its facts', number FROM part WHERE facts AND has_facts
    UNION ALL SELECT 'body of what is gone', seq FROM event
      JOIN part ON number = call WHERE (talk OR facts) AND size IS NOT -1
    UNION ALL SELECT 'body of no call', e.seq FROM event e
      JOIN b.event o USING (seq) WHERE e.call IS NULL AND o.call IS NOT NULL
        AND (e.size IS NOT -1 OR length(e.body) > 0 OR e.id IS NOT NULL)
    UNION ALL SELECT 'event of a call that is not there', seq FROM event
      WHERE call NOT IN (SELECT number FROM call)
    UNION ALL SELECT 'error of one', call FROM error
      WHERE call NOT IN (SELECT number FROM call)
    UNION ALL SELECT 'id of one', call FROM call_alias
      WHERE call NOT IN (SELECT number FROM call)
    UNION ALL SELECT 'days', 0 WHERE (SELECT sum(calls) FROM day) IS NOT
      (SELECT sum(calls) FROM b.day)"
  [ "$output" = '' ]
  rows >is
  words >words-are
  [ -s words-are ]
  run -0 callbook rebuild
  has 'changed  0'
  rows | cmp is -
  words | cmp words-are -
}

# gone SQL - is the count that it asks for smaller than before?
gone() {
  # shellcheck disable=SC2059 # it has the place for the store's name
  [ "$(ask "$(printf "$1" main)")" -lt "$(ask "$(printf "$1" b)")" ]
}

@test "retention that is killed anywhere leaves calls whole, and the next run ends it" {
  sed -i 's/^\[callbook\]/&\nkeep_bodies = 20d\nkeep_transcripts = 30d\
keep_facts = 35d\nkeep_calls = 40d/' callbook.conf
  list=$(moments 2 tend)
  gone "SELECT count(*) FROM %s.event WHERE size IS NOT -1"
  gone "SELECT count(*) FROM %s.call WHERE transcript IS NOT NULL"
  gone "SELECT count(*) FROM %s.call WHERE length(facts) > 0"
  gone "SELECT count(*) FROM %s.call"
  whole
  cp is wanted
  cp words-are wanted-words
  for n in $list; do
    killed_at "$n" tend
    whole
    run -0 callbook tend
    rows | cmp wanted -
    words | cmp wanted-words -
  done
}

@test "an erasure that is killed anywhere leaves calls whole, and the next run ends it" {
  number=$(ask "SELECT to_number FROM call WHERE to_number IS NOT NULL
    GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
  list=$(moments 2 forget --number "$number" --yes)
  words >wanted-words
  for n in $list; do
    killed_at "$n" forget --number "$number" --yes
    whole
    run -0 callbook forget --number "$number" --yes
    run -1 grep -al "${number//[^0-9]/}" callbook.db*
    [ "$(ask "SELECT count(*) FROM meta WHERE name = 'forget'")" = 0 ]
    words | cmp wanted-words -
    whole
  done
}

# restored FILE - how many events the store has that FILE is put in the place
# of, in another installation; "refused", which leaves it as it was.
restored() {
  rm -rf other
  mkdir other
  cp callbook.conf secret public.pem other
  mkdir other/providers
  if "$PLAIN/callbook" -c other/callbook.conf restore "$1" >said 2>&1; then
    sqlite3 other/callbook.db 'SELECT count(*) FROM event'
  else
    [ ! -e other/callbook.db ] && echo refused
  fi
}

@test "a backup that is killed anywhere leaves the one before it, and no half one is taken" {
  before() { cp out/old out/copy; }
  had=$(ask 'SELECT count(*) FROM event')
  mkdir out
  for compress in '' --compress; do
    # shellcheck disable=SC2086
    callbook backup $compress out/old 2>/dev/null
    run -0 signed open "$EVENT"
    now=$(ask 'SELECT count(*) FROM event')
    # shellcheck disable=SC2086
    list=$(moments 1 backup $compress out/copy)
    for n in $list; do
      # shellcheck disable=SC2086
      killed_at "$n" backup $compress out/copy
      is=$(restored out/copy)
      [ "$is" = "$had" ] || [ "$is" = "$now" ]
      for part in out/copy*-part; do
        [ -e "$part" ] || continue
        is=$(restored "$part")
        [ "$is" = refused ] || [ "$is" = "$now" ]
      done
      # shellcheck disable=SC2086
      run -0 callbook backup $compress out/copy
      [ "$(restored out/copy)" = "$now" ]
      [ "$(ls out)" = $'copy\nold' ]
    done
    fresh
  done
}

@test "a restore that is killed anywhere leaves one store or the other, and receivers go on" {
  had=$(ask 'SELECT count(*) FROM event')
  run -0 signed open "$EVENT" # in the WAL alone
  cp callbook.db* first
  list=$(moments 8 restore before.db)
  for n in $list; do
    killed_at "$n" restore before.db
    [ "$(ask 'PRAGMA integrity_check')" = ok ]
    is=$(ask 'SELECT count(*) FROM event')
    [ "$is" = "$((had + 1))" ] || {
      [ "$is" = "$had" ]
      [ "$(sqlite3 callbook.db-before 'SELECT count(*) FROM event')" = \
        "$((had + 1))" ]
    }
    jq -c ".event_id = \"e-$n\"" "$EVENT" >event.json
    run -0 cgi open <event.json
    has '"result":"stored"'
    [ "$(ask 'SELECT count(*) FROM event')" = "$((is + 1))" ]
    run -0 callbook check --deep
    has 'ok    integrity: sound'
    run -0 callbook restore before.db
    [ "$(ask 'SELECT count(*) FROM event')" = "$had" ]
    [ ! -e callbook.db-restore-part ]
  done
}
