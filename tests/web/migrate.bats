#!/usr/bin/env bats
# A store is brought to another schema while events come in.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load server
load reload

bats_require_minimum_version 1.5.0

CALLS=60000 # of the large store

setup() {
  reload_site
}

teardown() {
  stopped "${POSTS[@]-}" "${RECEIVER-}"
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
}

# large VERSION - a store as that version wrote it, with many calls and facts.
large() {
  local columns
  gunzip -c "$BATS_TEST_DIRNAME/../data/store/v$1.db.gz" >callbook.db
  chmod 600 callbook.db
  columns=$(sqlite3 callbook.db "SELECT group_concat(CASE name
    WHEN 'number' THEN '1000 + i' WHEN 'id' THEN '''copy-'' || i'
    WHEN 'started' THEN 'started + i * 1000'
    WHEN 'trace' THEN 'hex(randomblob(16))' ELSE name END)
    FROM pragma_table_info('call')")
  sqlite3 callbook.db "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
      WHERE i < $CALLS)
    INSERT INTO call SELECT $columns FROM n, call
      WHERE number = (SELECT min(number) FROM call);
    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $CALLS)
    INSERT INTO fact SELECT 1000 + i, path, type, value, event FROM n, fact
      WHERE call = (SELECT min(call) FROM fact)"
}

# packing - are facts of some calls packed, and those of others not yet?
packing() {
  [ "$(sql . 'SELECT EXISTS (SELECT 1 FROM fact)
    AND EXISTS (SELECT 1 FROM call WHERE facts NOT NULL)')" = 1 ]
}

# kept DIR ANSWERS - is what was acknowledged in the store, which is sound?
kept() {
  awk '$2 == 200 { printf "evt-%06d\n", $1 }' "$2" | sort -u >"$2.told"
  [ -s "$2.told" ] || return
  sql "$1" 'SELECT id FROM event' | sort >"$2.kept"
  [ -z "$(comm -23 "$2.told" "$2.kept")" ] || return
  [ "$(sql "$1" 'PRAGMA integrity_check')" = ok ]
}

no_index() {
  [[ $(curl -s "$URL/healthz") != *'"indexing"'* ]]
}

indexed() {
  told_again 'all indexes are there' 1
}

# schema DIR - of its store, without what is counted up.
schema() {
  sql "$1" 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2'
}

@test "a large store is migrated under load, by and by, and says how far it is" {
  mkdir new
  sed 's/\.secret/&/' callbook.conf >new/callbook.conf
  cp secret public.pem new/ && mkdir new/own
  bin/callbook demo -c new/callbook.conf --calls 1 --days 1 >/dev/null
  for version in 1 3; do
    rm -f callbook.db*
    large "$version"
    receiver_host "$DIR" "$DIR/bin" 2
    lighttpd_start "$DIR"
    [[ $(curl -s "$URL/healthz") == *'"indexing":"'* ]]
    posting 1 "$SECRET"
    wait_for indexed
    more 1 100
    told_again 'callbook.db: building indexes (call_[a-z_]* [0-9]* %)' 1
    unharmed kept
    wait_for no_index
    [ "$(schema .)" = "$(schema new)" ]
    run -0 bin/callbook check -c callbook.conf --deep
    lighttpd_stop
    LIGHTTPD=
    rm -f answers* server.out ./*.log
  done
}

# killed - those that serve.
killed() {
  # shellcheck disable=SC2046
  serving $(receivers) | xargs -r kill -9
}

@test "what is half migrated is gone on with after kill -9" {
  large 3
  facts=$(sql . 'SELECT count(DISTINCT call) FROM fact')
  receiver_host "$DIR" "$DIR/bin" 1
  lighttpd_start "$DIR"
  wait_for told_again 'building indexes' 1
  for _ in 1 2 3; do
    killed
    wait_for in_force
  done
  wait_for packing
  for _ in 1 2 3; do
    killed
    wait_for in_force
  done
  posting 1 "$SECRET"
  wait_for indexed
  unharmed kept
  [ "$(sql . 'SELECT count(*) FROM fact')" = 0 ]
  [ "$(sql . "SELECT count(*) FROM call
    WHERE number <= 1000 + $CALLS AND length(facts) > 0")" = "$facts" ]
}

@test "a receiver whose store a newer Callbook migrates stores nothing more, and ends" {
  bin/callbook.fcgi -c callbook.conf -s "$DIR/r.sock" >>receiver.log 2>&1 3>&- &
  RECEIVER=$!
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  event 000001 >body
  wait_for expect 200 '{"result":*' formantai body
  sqlite3 callbook.db 'PRAGMA user_version = 99'
  event 000002 >body
  expect 503 '{*"status":503*' formantai body -D headers
  grep -qi '^Retry-After: [0-9]' headers
  wait "$RECEIVER"
  RECEIVER=
  grep -q 'migrated by a newer Callbook' receiver.log
  [ "$(stored .)" = 1 ]
}

@test "a program that knows the newer schema takes over from the older one" {
  receiver_host "$DIR" "$DIR/bin" 2
  lighttpd_start "$DIR"
  posting 1 "$SECRET"
  before=$(receivers | sort)
  version=$(sql . 'PRAGMA user_version')
  # A release: the program is there, and its first process migrates.
  cp "$PLAIN/callbook.fcgi" bin/.new
  mv bin/.new bin/callbook.fcgi
  sqlite3 -cmd '.timeout 60000' callbook.db 'PRAGMA user_version = 99' \
    "PRAGMA user_version = $version"
  wait_for told_again 'was replaced: started again' 2
  more 1 200
  [ "$(receivers | sort)" = "$before" ]
  unharmed
}
