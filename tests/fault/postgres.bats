#!/usr/bin/env bats
# A store on a PostgreSQL server: what the server does to it, and what is told.

load ../web/server
load ../web/postgres
load ../web/programs

setup_file() {
  PG_FIRST=$(mktemp -d "${TMPDIR:-/tmp}/callbook-pg.XXXXXX")
  chmod 0755 "$PG_FIRST"
  export PG_FIRST
}

teardown_file() {
  rm -rf "$PG_FIRST"
}

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  export PORT URL LIGHTTPD
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
  use "$(pg_uri 5432)"
}

teardown() {
  [ -n "${BATS_TEST_COMPLETED-}" ] ||
    tail -n 8 "$DIR"/programs.log "$DIR"/server.log "$PG"/log.* || :
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  [ -z "${OLD-}" ] || ! kill "$OLD" || wait "$OLD" || :
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  pg_end
}

# use URI - as the store.
use() {
  sed -i "s#^store = .*#store = ${1//&/\\&}#" "$DIR/callbook.conf"
}

# post_all COUNT [SENDERS] [OPTION...] - in the background, those of post(1);
# answers go to DIR/answers.
post_all() {
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c "${2-32}" -n "$1" \
    "${@:3}" -s "$SECRET" "$URL/sales" >"$DIR/answers" 3>&- &
  POST=$!
}

# acknowledged COUNT - wait for so many answers, as long as there are senders: a
# busy machine is slow.
acknowledged() {
  until [ "$(grep -c ' 200 ' "$DIR/answers")" -ge "$1" ]; do
    kill -0 "$POST"
    sleep 0.02
  done
}

# all_there PORT COUNT [ALL] - each event was acknowledged, and is stored once,
# with what was there before, ALL together.
all_there() {
  local all=${3-$2}
  wait "$POST"
  POST=
  [ "$(grep ' 200 ' "$DIR/answers" | cut -d ' ' -f 1 | sort -u | wc -l)" = "$2" ]
  [ "$(pg_sql "$1" 'SELECT count(*) FROM event')" = "$all" ]
  [ "$(pg_sql "$1" 'SELECT count(DISTINCT key) FROM event')" = "$all" ]
  [ "$(pg_sql "$1" 'SELECT max(seq) FROM event')" = "$all" ]
  [ "$(pg_sql "$1" 'SELECT sum(events) FROM call')" = "$all" ]
  [ "$(pg_sql "$1" "SELECT sum(count) FROM arrival WHERE result = 0")" = "$all" ]
}

# follows PORT STANDBY - it confirms what that primary commits from now on.
follows() {
  rm -rf "$PG/data.$2"
  pg_standby "$1" "$2"
  pg_sql "$1" "ALTER SYSTEM SET synchronous_standby_names = '*'"
  pg_sql "$1" 'SELECT pg_reload_conf()' >"$DIR/reloaded"
}

# PRIMARIES= so many are killed, in turn: where one was, the next standby is; and
# five seconds after a promotion nobody is refused any more.
@test "a primary killed under load loses and doubles nothing, on its standby" {
  local primary=5432 standby=5433 at last i
  use "$(pg_uri 5432 5433)"
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  echo '"disable-time" => 0' >>"$DIR/host"
  lighttpd_start "$DIR"
  for ((i = 0; i < ${PRIMARIES-1}; i++)); do
    follows "$primary" "$standby"
    post_all 1500 32 -w -f $((i * 1500 + 1))
    acknowledged 400
    pg_kill "$primary"
    pg_run pg_ctl -D "$PG/data.$standby" -w promote >/dev/null
    at=$(date +%s%3N)
    all_there "$standby" 1500 $((i * 1500 + 1500))
    # Until the last that was refused: both receivers have found it.
    last=$(awk '$2 != 200 { last = $3 } END { print last }' "$DIR/answers")
    echo "$(grep -c ' 503 ' "$DIR/answers") times 503, the last" \
      "$((last - at)) ms after the promotion"
    grep -q ' 503 ' "$DIR/answers"
    [ -z "${PRIMARIES-}" ] || [ $((last - at)) -le 5000 ]
    read -r primary standby <<<"$standby $primary"
  done
}

# What waits for the standby.
waits() {
  [ "$(pg_sql 5432 "SELECT count(*) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep'")" = 1 ]
}

@test "what no standby has confirmed is not acknowledged, and told" {
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  pg_start 5432 "-c synchronous_standby_names=*"
  pg_standby 5432 5433
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event 1 100 >"$DIR/body"
  formantai "$DIR/body" | grep -q '200$'
  check | grep -q 'ok *server: a synchronous standby confirms each event'
  pg_run pg_ctl -D "$PG/data.5433" -w stop -m fast >/dev/null
  check | grep -q 'warn *server: no standby is connected, and one has to'
  event 2 100 >"$DIR/body"
  formantai "$DIR/body" >"$DIR/answer" 3>&- &
  wait_for waits
  pg_sql 5432 "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep'"
  wait $!
  grep -q '503$' "$DIR/answer"
  # Nor is it exported: the next primary might give its number to another.
  "$PLAIN/callbook" export -c "$DIR/callbook.conf" >"$DIR/exported" 3>&- &
  wait_for waits
  pg_sql 5432 "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep'"
  status=0
  wait $! || status=$?
  [ "$status" != 0 ]
  [ ! -s "$DIR/exported" ]
  pg_start 5433
  formantai "$DIR/body" >"$DIR/answer"
  grep -q duplicate "$DIR/answer"
  grep -q '200$' "$DIR/answer"
}

@test "a server that is stopped and started again goes on" {
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  echo '"disable-time" => 0' >>"$DIR/host"
  lighttpd_start "$DIR"
  post_all 1000
  acknowledged 300
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m immediate >/dev/null
  pg_start 5432
  all_there 5432 1000
}

@test "a server that went and came while nobody sent refuses nobody" {
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  for n in 1 2 3; do
    event "$n" >"$DIR/body"
    expect 200 '{"result":"stored",*' formantai "$DIR/body"
    case $n in
    1)
      pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
      pg_start 5432
      ;;
    2) # as idle_session_timeout does
      pg_sql 5432 "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE usename = 'callbook'"
      ;;
    esac
  done
}

# spooled COUNT - do so many deliveries wait, or more?
spooled() {
  [ "$(find "$DIR"/spool* -path '*/new/0*' -type f | wc -l)" -ge "$1" ]
}

# fewer COUNT - do fewer wait?
fewer() {
  ! spooled "$1"
}

# all_taken_in - wait until none does: a busy machine is slow, but not idle for
# ten seconds.
all_taken_in() {
  local left
  while :; do
    left=$(find "$DIR"/spool* -path '*/new/0*' | wc -l)
    [ "$left" -gt 0 ] || return 0
    wait_for fewer "$left" || return
  done
}

# stored_again COUNT - have so many more been stored, and told so?
stored_again() {
  [ "$(tail -n +"$STOPPED_AT" "$DIR/answers" | grep -c '"stored"')" -ge "$1" ]
}

# away - the server is stopped under the load of 32 senders until so many
# deliveries wait, and for STOPPED= seconds more; the senders go on until it
# stores again.  Nobody is refused, and it has all of it afterwards.
away() {
  post_all 999999
  acknowledged 200
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  wait_for spooled 400
  sleep "${STOPPED-0}"
  echo "$(find "$DIR"/spool* -path '*/new/0*' | wc -l) in the spool"
  pg_start 5432
  STOPPED_AT=$(wc -l <"$DIR/answers")
  wait_for stored_again 100
  kill "$POST"
  wait "$POST" || :
  POST=
  all_taken_in
  awk 'NF > 1 && $2 == 200 { printf "evt-%06d\n", $1 }' "$DIR/answers" |
    sort -u >"$DIR/told"
  echo "$(wc -l <"$DIR/told") acknowledged"
  [ -z "$(awk 'NF > 1 && $2 != 200' "$DIR/answers")" ]
  grep -q spooled "$DIR/answers"
  pg_sql 5432 'SELECT id FROM event' | sort >"$DIR/kept"
  [ -z "$(comm -23 "$DIR/told" "$DIR/kept")" ]
  [ -z "$(uniq -d "$DIR/kept")" ]
  # What a server committed and could not say any more is in the spool as well,
  # a batch of each receiver; no file was taken in twice.  All is folded once.
  [ "$(pg_sql 5432 'SELECT coalesce(sum(count), 0) FROM repeat')" -le 128 ]
  [ "$(pg_sql 5432 'SELECT (SELECT count(*) FROM event)
    - (SELECT sum(events) FROM call), (SELECT count(*) FROM event)
    - (SELECT sum(calls) FROM day)')" = '0|0' ]
}

@test "a server that is away under load refuses nobody, with one spool of two receivers" {
  sed -i 's/^store.*/&\nspool = spool\nspool_max = 4G/' "$DIR/callbook.conf"
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  lighttpd_start "$DIR"
  away
}

@test "a server that is away under load refuses nobody, with a spool for each receiver" {
  for n in 1 2; do
    sed "s/^store.*/&\nspool = spool-$n\nspool_max = 4G/" \
      "$DIR/callbook.conf" >"$DIR/callbook-$n.conf"
    cat <<END
"bin-path" => "$PLAIN/callbook.fcgi -c $DIR/callbook-$n.conf -t 8",
"socket" => "$DIR/callbook-$n.sock", "max-procs" => 1
END
    [ "$n" = 2 ] || echo ', "check-local" => "disable"), ('
  done >"$DIR/host"
  lighttpd_start "$DIR"
  away
}

# The server counts what a connection did some time after it.
counted() {
  [ "$(pg_sql 5432 "SELECT n_tup_upd FROM pg_stat_user_tables
    WHERE relname = 'call'")" = "$1" ]
}

@test "an event that moves its call nowhere writes none of its indexes" {
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event 1 >"$DIR/body"
  formantai "$DIR/body" | grep -q '200$'
  for i in 2 3 4; do
    event 1 | sed "s/evt-1/evt-$i/" >"$DIR/body"
    formantai "$DIR/body" | grep -q '200$'
  done
  [ "$(pg_sql 5432 'SELECT events FROM call')" = 4 ]
  wait_for counted 3
  [ "$(pg_sql 5432 "SELECT n_tup_hot_upd FROM pg_stat_user_tables
    WHERE relname = 'call'")" = 3 ]
}

@test "a schema of before is brought up, and nothing of it read anew" {
  local schema
  schema="SELECT indexdef FROM pg_indexes WHERE tablename = 'call'
    UNION ALL SELECT reloptions::text FROM pg_class WHERE relname = 'call'
    UNION ALL SELECT last::text FROM numbers WHERE name = '' ORDER BY 1"
  "$PLAIN/callbook" demo -c "$DIR/callbook.conf" --calls 20
  pg_sql 5432 "$schema" >"$DIR/is"
  pg_sql 5432 "UPDATE numbers SET last = 8 WHERE name = '';
    ALTER TABLE call RESET (fillfactor); DROP INDEX call_open;
    CREATE INDEX call_open ON call (last_received, started, source)
      WHERE outcome IS NULL"
  run "$PLAIN/callbook" export -c "$DIR/callbook.conf"
  [ "$status" != 0 ]
  [[ $output == *'older than this program'* ]]
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event 1 >"$DIR/body"
  formantai "$DIR/body" | grep -q '200$'
  pg_sql 5432 "$schema" | diff "$DIR/is" -
  [ "$(pg_sql 5432 "SELECT count(*) FROM meta WHERE name = 'rebuild'")" = 0 ]
}

@test "connections that are cut in the middle lose and double nothing" {
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  lighttpd_start "$DIR"
  post_all 1500
  for i in 200 500 800 1100; do
    acknowledged "$i"
    pg_sql 5432 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'callbook'" >/dev/null
  done
  all_there 5432 1500
}

@test "numbers become visible in their order, whichever host wrote them" {
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  lighttpd_start "$DIR"
  post_all 3000
  acknowledged 1
  # One connection asks, as often as it can.
  while kill -0 "$POST" 2>/dev/null; do
    echo 'SELECT max(seq) - count(*) FROM event;'
  done | psql -X -q -A -t -h "$PG" -p 5432 -U postgres -d callbook \
    >"$DIR/holes"
  all_there 5432 3000
  [ -s "$DIR/holes" ]
  [ "$(sort -u "$DIR/holes")" = 0 ]
}

# So many connections of the receiver are open.
connected() {
  # shellcheck disable=SC2046
  [ "$(find /proc/$(serving $(children "$LIGHTTPD"))/fd -lname 'socket:*' |
    wc -l)" -ge "$1" ]
}

@test "what comes at once is stored by a handful of statements" {
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  pg_start 5432 "-c log_statement=all"
  receiver_host "$DIR" "$PLAIN" 1 -t 4
  lighttpd_start "$DIR"
  post_all 1 1
  all_there 5432 1
  # All comes while the server is busy with the first of it.
  session=$(pg_sql 5432 "SELECT pid FROM pg_stat_activity
    WHERE usename = 'callbook'")
  kill -STOP "$session"
  post_all 40 40 -f 2
  wait_for connected 40
  kill -CONT "$session"
  all_there 5432 40 41
  for of in 'INSERT INTO event' 'INSERT INTO call' 'SELECT .* FROM event'; do
    n=$(grep -c "execute .*: $of" "$PG/log.5432" || :)
    echo "$n times $of"
    [ "$n" -gt 0 ]
    [ "$n" -lt 10 ]
  done
  # Rows of days are asked for with the events, not once calls are written,
  # but for the first, which makes the day.
  read -r batches late < <(awk '/execute .*: BEGIN/ { written = 0 }
    /execute .*: INSERT INTO event/ { written = 1; batches++ }
    /execute .*: SELECT .* FROM day / { late += written }
    END { print batches + 0, late + 0 }' "$PG/log.5432")
  echo "$batches batches, $late late"
  [ "$late" -le 1 ]
}

@test "what is wrong with a server is told in words" {
  event 1 100 >"$DIR/body"
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  formantai "$DIR/body" | grep -q '200$'
  lighttpd_stop
  LIGHTTPD=
  check | grep -q 'ok *server: PostgreSQL 15'
  check | grep -q '1 events, 1 calls'
  # The tests' own servers do not wait for the disk.
  check | grep -q '^warn *server: fsync is off'
  check | grep -q '^ok *server: full_page_writes is on'
  check | grep -q 'ok *server: an event is .* once it is on disk (synchronous_commit = on)'
  check | grep -q 'no standby confirms'
  check | grep -q 'ok *server: the role callbook may read, write, and make tables'
  check | grep -q 'ok *server: its clock is .* this machine'
  CLOCK_AT=1800000000 LD_PRELOAD=$PLAIN/tests/fault/clock.so check |
    grep -q 'warn *server: its clock is [0-9]* ms'
  sed -i 's/^store.*/&\ndurability = normal/' "$DIR/callbook.conf"
  check | grep -q 'warn *server: durability is normal (synchronous_commit = off)'
  sed -i '/^durability/d' "$DIR/callbook.conf"

  # A table that is not writable, or not the role's own to be changed.
  pg_sql 5432 'REVOKE UPDATE ON call FROM callbook'
  check | grep -q 'warn *server: the role callbook may write to [0-9]* of'
  pg_sql 5432 'GRANT UPDATE ON call TO callbook'
  pg_sql 5432 'ALTER TABLE call OWNER TO postgres;
    GRANT ALL ON call TO callbook'
  check | grep -q 'may write, but not make tables'
  pg_sql 5432 'ALTER TABLE call OWNER TO callbook'

  # What somebody did to the tables.
  pg_sql 5432 'ALTER TABLE call ALTER events TYPE int'
  check | grep -q '^FAIL *schema: call.events: is of type integer, and has to'
  pg_sql 5432 'ALTER TABLE call ALTER events TYPE bigint'
  index=$(pg_sql 5432 "SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'event' AND indexdef LIKE 'CREATE UNIQUE%key%'
      AND indexname NOT LIKE '%pkey' LIMIT 1")
  pg_sql 5432 "DROP INDEX \"${index%%|*}\""
  check | grep -q "^FAIL *schema: index ${index%%|*}: is not there"
  pg_sql 5432 "CREATE ${index#*|CREATE UNIQUE }"
  check | grep -q "^FAIL *schema: index ${index%%|*}: has to be unique"
  pg_sql 5432 "DROP INDEX \"${index%%|*}\"; ${index#*|}"
  run check
  [[ $output != *schema:* ]]

  pg_sql 5432 "UPDATE numbers SET last = 99 WHERE name = ''"
  check | grep -q 'newer Callbook'
  pg_sql 5432 "UPDATE numbers SET last = 1 WHERE name = ''"
  check | grep -q 'older than'

  pg_sql 5432 "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1
    LC_COLLATE 'C' LC_CTYPE 'C'"
  use "$(pg_uri 5432 | sed 's#@/callbook#@/latin#')"
  check | grep -q 'LATIN1.*UTF8'
  pg_sql 5432 'CREATE DATABASE others'
  pg_sql 5432 'CREATE TABLE event (a int)' others
  use "$(pg_uri 5432 | sed 's#@/callbook#@/others#')"
  check | grep -q 'another program'
  use "$(pg_uri 5432 | sed 's#callbook@#nobody@#')"
  check | grep -q 'nobody'
  use "$(pg_uri 5439)"
  check | grep -q 'No such file'
  use 'postgresql://callbook@/callbook?nonsense=1'
  check | grep -q 'no URI of PostgreSQL'
  use 'postgresql://callbook:secret@/callbook'
  chmod 644 "$DIR/callbook.conf"
  check | grep -q 'holds a password'
  check | grep -qv 'secret@'
}

# sessions COUNT EVENT - do so many wait for that?
sessions() {
  [ "$(pg_sql 5432 "SELECT count(*) FROM pg_stat_activity
    WHERE wait_event = '$2'")" = "$1" ]
}

@test "the first requests of many programs make the tables once" {
  cd "$DIR"
  # The lock of who makes tables (LOCK_CLASS) is held until all want it.
  psql -X -q -h "$PG" -U postgres -d callbook -c "SELECT
    pg_advisory_lock(x'43424b31'::int, oid::int) FROM pg_namespace
    WHERE nspname = 'public'" -c 'SELECT pg_sleep(600)' >held 2>&1 3>&- &
  holder=$!
  wait_for sessions 1 PgSleep
  for i in 1 2 3 4; do
    event "$i" >"body.$i"
    signed_cgi "body.$i" env >"answer.$i" 2>"said.$i" 3>&- &
  done
  wait_for sessions 4 advisory
  pg_sql 5432 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'PgSleep'"
  wait "$holder" || :
  wait
  [ "$(cat answer.* | grep -c '"result":"stored"')" = 4 ]
  [ "$(cat said.* | grep -c ': schema ')" = 1 ]
  [ "$(pg_sql 5432 'SELECT count(*), max(seq), count(DISTINCT key)
    FROM event')" = '4|4|4' ]
}

@test "a role that may only read is enough for the report" {
  "$PLAIN/callbook" demo -c "$DIR/callbook.conf" --calls 20
  pg_sql 5432 'CREATE ROLE viewer LOGIN'
  pg_sql 5432 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer'
  sed "s#callbook@#viewer@#" "$DIR/callbook.conf" >"$DIR/viewer.conf"
  "$PLAIN/callbook" report -c "$DIR/viewer.conf" --preset all \
    --html "$DIR/pages"
  "$PLAIN/callbook" report -c "$DIR/callbook.conf" --preset all \
    --html "$DIR/pages-2"
  ls "$DIR/pages"
  grep -q '>20<' "$DIR/pages/index.html"
  "$PLAIN/callbook" check -c "$DIR/viewer.conf" 2>&1 |
    grep -q 'the role viewer may read alone'
}

@test "what may be of many rows is read in parts, and whole" {
  callbook() { "$PLAIN/callbook" "$1" -c "$DIR/callbook.conf" "${@:2}"; }
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  pg_start 5432 "-c log_statement=all"
  callbook demo --calls 300
  pg_sql 5432 "INSERT INTO quarantine (id, source, reason, body, received,
      content_type, repeats, hash)
    SELECT i, (SELECT min(id) FROM source), 'no event',
      convert_to('{\"to\":\"+49301234' || 1000 + i || '\"}', 'UTF8'), i,
      '', 0, i
    FROM generate_series(1001, 1600) i"
  [ "$(callbook quarantine list | grep -c 'no event')" = 600 ]
  callbook forget --number +493012342590 --dry-run |
    grep -q '^quarantine *1$'
  callbook report --preset all --text a --html "$DIR/pages"
  [ -s "$DIR/pages/callers.html" ]
  for from in 'FROM quarantine q .* ORDER BY' 'FROM quarantine q .* s.id = q.source$' \
    'SELECT from_number, .* UNION ALL' 'FROM search WHERE'; do
    grep -q "DECLARE .*$from" "$PG/log.5432"
  done
}

# refused LOG WORD - is an event refused, to be sent again, the log saying why,
# and healthz in a word?
refused() {
  event "$((++NUMBER))" >"$DIR/body"
  expect 503 '{*"status":503*' formantai "$DIR/body" -D "$DIR/head"
  grep -qi '^retry-after: [1-9]' "$DIR/head"
  wait_for expect 503 "*$2*" send healthz -X GET
  grep -q "$1" "$DIR/programs.log"
}

# taken - what was refused last is taken, once the server takes it.
taken() {
  wait_for expect 200 '{"result":"stored",*' formantai "$DIR/body"
}

check() {
  "$PLAIN/callbook" check -c "$DIR/callbook.conf" 2>&1
}

# cut_connections - of the receiver, which has to connect again.
cut_connections() {
  pg_sql 5432 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'callbook'"
}

@test "a server that refuses is told in log, healthz and check, and then goes on" {
  NUMBER=100000
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event "$NUMBER" >"$DIR/body"
  taken

  pg_sql 5432 'ALTER DATABASE callbook CONNECTION LIMIT 0'
  cut_connections
  refused 'too many connections' '"store":"no connections"'
  check | grep -q '^FAIL *store: .*too many connections'
  pg_sql 5432 'ALTER DATABASE callbook CONNECTION LIMIT -1'
  taken

  pg_sql 5432 'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM callbook'
  refused 'permission denied for table' '"store":"no rights"'
  check | grep -q '^FAIL *store: .*permission denied'
  pg_sql 5432 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO callbook'
  refused 'permission denied for table' '"store":"no rights"'
  check | grep -q 'the role callbook may read alone'
  pg_sql 5432 'GRANT ALL ON ALL TABLES IN SCHEMA public TO callbook'
  taken

  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  refused 'No such file' '"store":"not reached"'
  pg_start 5432
  taken

  was=$(pg_sql 5432 "SELECT last FROM numbers WHERE name = ''")
  pg_sql 5432 "UPDATE numbers SET last = 99 WHERE name = ''"
  refused 'newer Callbook' '"status":503'
  check | grep -q '^FAIL *store: .*newer Callbook (schema 99'
  pg_sql 5432 "UPDATE numbers SET last = $was WHERE name = ''"
  taken

  [ "$(pg_sql 5432 'SELECT count(*) FROM event')" = $((NUMBER - 100000)) ]
}

@test "where there is none but a standby nothing is stored, and it is told" {
  pg_standby 5432 5433
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event 1 >"$DIR/body"
  taken
  lighttpd_stop
  LIGHTTPD=
  caught_up() { [ "$(pg_sql 5433 'SELECT count(*) FROM event')" = 1 ]; }
  wait_for caught_up
  use "$(pg_uri 5433 | sed 's/&target_session_attrs.*//')"
  lighttpd_start "$DIR"
  NUMBER=1
  refused 'session is read-only' 'The store cannot be opened now'
  check | grep -q 'warn *server: this server is a standby: events are not stored'
  pg_run pg_ctl -D "$PG/data.5433" -w promote >/dev/null
  taken
}

@test "a server that is too old, and what is no URI, are told" {
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  perl "$BATS_TEST_DIRNAME/../web/old_server.pl" "$PG" 14.9 3>&- &
  OLD=$!
  wait_for test -S "$PG/.s.PGSQL.5432"
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  NUMBER=0
  refused 'PostgreSQL 14 is too old, since stores need 15' \
    'The store cannot be opened now'
  check | grep -q '^FAIL *store: .*PostgreSQL 14 is too old'
  use 'postgresql://callbook@[::1/callbook'
  lighttpd_stop
  lighttpd_start "$DIR"
  refused 'is no URI of PostgreSQL' 'The store cannot be opened now'
}

# A disk of its own, for which one has to be root.
full_is_told() {
  curl -s "$URL/healthz" | grep -q '"store":"full"'
}

@test "a server whose disk is full is told, and nothing is lost" {
  [ "$(id -u)" = 0 ] && unshare --mount true || skip 'wants root, to mount'
  mkdir "$PG/disk"
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount -t tmpfs -o size=32m,mode=0777 none "$1" &&
    cd / && shift && exec "$@"' sh "$PG/disk" runuser -u postgres -- \
    "$PG_BIN/pg_ctl" -D "$PG/data.5432" -w -l "$PG/log.5432" -o \
    "-F -c listen_addresses='' -c unix_socket_directories='$PG'" start \
    >/dev/null 3>&-
  SPACE=$(head -1 "$PG/data.5432/postmaster.pid")
  nsenter -t "$SPACE" -m install -d -o postgres "$PG/disk/space"
  pg_sql 5432 "CREATE TABLESPACE small LOCATION '$PG/disk/space'" postgres
  pg_sql 5432 'ALTER DATABASE callbook SET TABLESPACE small' postgres
  receiver_host "$DIR" "$PLAIN" 1 -t 8
  lighttpd_start "$DIR"
  nsenter -t "$SPACE" -m head -c 18M /dev/zero >"/proc/$SPACE/root$PG/disk/ballast"
  post_all 4000
  wait_for grep -q ' 503 ' "$DIR/answers"
  # The row that healthz writes may still have room; what was refused tells.
  wait_for full_is_told
  wait_for grep -q 'No space left on device' "$DIR/programs.log"
  rm "/proc/$SPACE/root$PG/disk/ballast"
  all_there 5432 4000
}

@test "P7 a password in the store's name is in no message" {
  use "$(pg_uri 5432 | sed 's/callbook@/callbook:hidden-word@/')"
  sed -i 's/^store.*/&\nspool = spool/' "$DIR/callbook.conf"
  chmod 600 "$DIR/callbook.conf"
  pg_run pg_ctl -D "$PG/data.5432" -w stop -m fast >/dev/null
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  event 1 >"$DIR/body"
  expect 200 '{"result":"spooled"}*' formantai "$DIR/body"
  check >"$DIR/told" || :
  pg_start 5432
  wait_for fewer 1
  {
    check
    "$PLAIN/callbook" backup -c "$DIR/callbook.conf" "$DIR/copy.db" || :
    "$PLAIN/callbook" rebuild -c "$DIR/callbook.conf"
    "$PLAIN/callbook" demo -c "$DIR/callbook.conf" --calls 1 || :
    sed 's/^store.*/&\ntimezone = Asia\/Kolkata/' "$DIR/callbook.conf" \
      >"$DIR/other.conf"
    chmod 600 "$DIR/other.conf"
    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REMOTE_USER=owner \
      CALLBOOK_CONFIG="$DIR/other.conf" "$PLAIN/report.cgi"
  } >>"$DIR/told" 2>&1
  grep -q 'can be opened now' "$DIR/programs.log"
  grep -q 'its days are those of' "$DIR/told"
  grep -q 'only an empty store' "$DIR/told"
  [ "$(cat "$DIR/told" "$DIR/programs.log" | grep -c hidden-word)" = 0 ]
}

# in_tables DIGITS - how many files of the database have them?
in_tables() {
  pg_user grep -arl -- "$1" "$PG/data.5432/base" "$PG/data.5432/global" | wc -l
}

@test "P10 after what callbook(1) says is to be run, no table file has the number" {
  receiver_host "$DIR" "$PLAIN" 1 -t 2
  lighttpd_start "$DIR"
  for i in $(seq 40); do
    event "$i" | sed 's/15550100002/15559876543/
      s/"interested":true/"who":"tel +15559876543"/' >"$DIR/body"
    expect 200 '{"result":"stored"*' formantai "$DIR/body"
  done
  event 41 >"$DIR/body"
  expect 200 '{"result":"stored"*' formantai "$DIR/body"
  # The server's own statistics have values of columns, too.
  pg_sql 5432 'ANALYZE; CHECKPOINT'
  [ "$(in_tables 15559876543)" -gt 1 ]
  "$PLAIN/callbook" forget -c "$DIR/callbook.conf" --number 15559876543 --yes
  for sql in ANALYZE 'VACUUM FULL' CHECKPOINT; do
    pg_sql 5432 "$sql"
  done
  [ "$(in_tables 15559876543)" = 0 ]
  [ "$(pg_sql 5432 'SELECT count(*) FROM call')" = 1 ]
  [ "$(in_tables 15550100002)" -gt 0 ]
}
