#!/usr/bin/env bats
# A store is moved to a server and back, while receivers go on.

load ../web/server
load ../web/postgres

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  export PORT URL LIGHTTPD
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
}

teardown() {
  [ -n "${BATS_TEST_COMPLETED-}" ] ||
    tail -n 8 "$DIR"/programs.log "$DIR"/copied "$PG"/log.* || :
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  pg_end
}

callbook() {
  "$PLAIN/callbook" "$1" -c "$DIR/callbook.conf" "${@:2}"
}

# use STORE - as the store.
use() {
  sed -i "s#^store = .*#store = ${1//&/\\&}#" callbook.conf
}

# wrote_meanwhile TARGET - copies until one of them says that receivers wrote.
wrote_meanwhile() {
  callbook copy --to "$1" >copied 2>&1
  grep -q 'receivers wrote meanwhile' copied
}

# move_to TARGET FIRST - under the load of events from FIRST on.  What was
# acknowledged is added to `told`.
move_to() {
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 8 -f "$2" -n 400000 \
    -s "$SECRET" "$URL/sales" >answers 3>&- &
  POST=$!
  wait_for further 500 answers "$POST"
  wait_for wrote_meanwhile "$1"
  kill "$POST"
  wait "$POST" || :
  POST=
  lighttpd_stop
  LIGHTTPD=
  awk 'NF > 2 && $2 == 200 { printf "evt-%06d\n", $1 }' answers >>told
  [ -z "$(awk 'NF > 2 && $2 != 200' answers)" ]
  callbook copy --to "$1" --last >copied
  grep -q '^the same' copied
}

# say STORE - what commands tell of it.
say() {
  use "$1"
  callbook export --raw
  callbook show --json call-000007
}

@test "a store is moved to a server and back under load, and all is there" {
  server=$(pg_uri 5432)
  move_to "$server" 1
  say callbook.db >before
  say "$server" >after
  cmp before after

  # The same key has to lie where a server's is: see callbook-postgresql(7).
  [ ! -e callbook.db-key ] || cp callbook.db-key callbook.conf-key
  move_to back.db 500001
  say "$server" >before
  say back.db >after
  cmp before after

  sort told >acknowledged
  [ "$(wc -l <acknowledged)" -gt 1000 ]
  [ -z "$(uniq -d acknowledged)" ]
  sqlite3 back.db 'SELECT id FROM event' | sort >kept
  [ -z "$(comm -23 acknowledged kept)" ]
  [ -z "$(uniq -d kept)" ]
  [ "$(sqlite3 back.db 'SELECT (SELECT count(*) FROM event) -
    (SELECT sum(events) FROM call), (SELECT count(*) FROM event) -
    (SELECT sum(calls) FROM day)')" = '0|0' ]
  callbook check
}
