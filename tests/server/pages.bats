#!/usr/bin/env bats
# The pages of a store on a server are those of the file that it was copied
# from.

bats_require_minimum_version 1.5.0
load ../lib
load ../web/postgres

# Six sources of different platforms, made-up calls of all kinds, what was
# rejected and what was not understood; the clock stands still, as pages tell
# how long a call has been going on.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  {
    printf '[callbook]\nstore = callbook.db\n'
    for source in formantai recho atoms vapi elevenlabs twilio; do
      printf '[source %s]\nprovider = %s\nauth = none\n' "$source" "$source"
    done
  } >callbook.conf
  pg_begin
  export PG
  pg_make 5432
  pg_start 5432
  pg_database 5432
  server=$(pg_uri 5432)
  sed "s#^store.*#store = ${server//&/\\&}#" callbook.conf >server.conf
  "$PLAIN/callbook" -c callbook.conf demo --calls 60 --days 40 >&2
  "$PLAIN/callbook" -c callbook.conf copy --to "$server" --last >&2
  CLOCK_AT=$(date +%s)
  export CLOCK_AT LD_PRELOAD=$PLAIN/tests/fault/clock.so
}

teardown_file() {
  unset LD_PRELOAD
  pg_end
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
}

@test "P3 pages, searches and exports" {
  node "$ROOT/tests/server/same.mjs" "$PLAIN/report.cgi" "$PWD/callbook.conf" \
    "$PWD/server.conf" 150 text=renew text=Mia text=thank+you text=Chlo%C3%A9 \
    text=49 text=0000 text=no-such-word text=%22as+a+phrase%22 \
    fact=results/intent:callback_requested flag=variant flag=late
}

@test "P3 all pages as files" {
  for preset in 7d all; do
    for store in callbook server; do
      "$PLAIN/callbook" report -c "$store.conf" --preset "$preset" \
        --html "$store.$preset"
    done
    diff -r "callbook.$preset" "server.$preset"
  done
  [ "$(find server.all -name 'call-*.html' | wc -l)" = 60 ]
}
