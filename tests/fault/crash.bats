#!/usr/bin/env bats
# The receiver is killed at moments nobody chose.

load ../web/server

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  export PORT URL LIGHTTPD
}

teardown() {
  local pid
  for pid in ${POST-} ${CGI_POST-} ${REBUILDS-}; do
    ! kill "$pid" || wait "$pid" || :
  done
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
}

# more COUNT - wait until so many more were acknowledged.
more() {
  wait_for further "$(($(grep -c ' 200 ' "$DIR/answers") + $1))" \
    "$DIR/answers" "$POST"
}

# kill_one - one receiver of those that run.
kill_one() {
  local pids
  mapfile -t pids < <(children "$LIGHTTPD")
  [ "${#pids[@]}" -gt 0 ] || return
  # shellcheck disable=SC2046
  kill -9 $(serving "${pids[RANDOM % ${#pids[@]}]}")
}

@test "P1 kill -9 again and again loses nothing that was acknowledged" {
  # lighttpd looks once a second for those that are gone.
  receiver_host "$DIR" "$PLAIN" 8 -t 2
  echo '"disable-time" => 0' >>"$DIR/host"
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c 8 -n 999999 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers" 3>&- &
  POST=$!
  for ((i = 0; i < ${KILLS:-40}; i++)); do
    more "$((RANDOM % 100))"
    wait_for kill_one "$LIGHTTPD"
  done
  more 100
  kill "$POST"
  wait "$POST" || :
  POST=
  lighttpd_stop

  # Some answers are cut off by a kill, or the kills hit nothing.
  grep -qv ' 200 ' "$DIR/answers"
  nothing_lost "$DIR" "$DIR/answers"
}

# older - the store as the first version wrote it.
older() {
  rm -f "$DIR"/callbook.db*
  gunzip -c "$BATS_TEST_DIRNAME/../data/store/v1.db.gz" >"$DIR/callbook.db"
  chmod 600 "$DIR/callbook.db"
}

@test "P1 kill -9 while a store is brought up leaves it whole" {
  local had
  cd "$DIR" || return
  event 900000 >body
  older
  had=$(sql . 'SELECT count(*) FROM event')
  for ((i = 0; i < ${KILLS:-40} / 2; i++)); do
    older
    signed_cgi body timeout -s KILL "0.0$((RANDOM % 60 + 10))" >>out 2>&1 || :
    signed_cgi body env | grep -qE '"result":"(stored|duplicate)"'
    [ "$(sql . 'PRAGMA integrity_check')" = ok ]
    [ "$(sql . 'SELECT count(*) FROM event')" = "$((had + 1))" ]
  done
  grep -q Killed out
}

# rebuild_on - again and again; whoever kills one, another follows.
rebuild_on() {
  while :; do
    "$PLAIN/callbook" rebuild >/dev/null 2>&1 || :
  done
}

@test "P1 kill -9 among processes, plain CGI and rebuilds loses nothing" {
  local rebuild
  export CALLBOOK_CONFIG=$DIR/callbook.conf
  receiver_host "$DIR" "$PLAIN" 4 -t 4
  echo '"disable-time" => 0' >>"$DIR/host"
  mkdir "$DIR/cgi-bin"
  cp "$PLAIN/callbook.fcgi" "$DIR/cgi-bin"
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c 8 -n 499999 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers" 3>&- &
  POST=$!
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c 2 -f 500000 -n 499999 \
    -s "$SECRET" "${URL%/callbook}/cgi-bin/callbook.fcgi/sales" \
    >"$DIR/cgi-answers" 3>&- &
  CGI_POST=$!
  rebuild_on 3>&- &
  REBUILDS=$!
  for ((i = 0; i < ${KILLS:-40}; i++)); do
    more "$((RANDOM % 60))"
    wait_for kill_one "$LIGHTTPD" "$REBUILDS"
  done
  more 100
  rebuild=$(children "$REBUILDS")
  kill "$POST" "$CGI_POST" "$REBUILDS"
  wait "$POST" "$CGI_POST" "$REBUILDS" || :
  unset POST CGI_POST REBUILDS
  # shellcheck disable=SC2086
  wait_for gone $rebuild
  lighttpd_stop

  grep -qv ' 200 ' "$DIR/answers"
  grep -q ' 200 ' "$DIR/cgi-answers"
  nothing_lost "$DIR" "$DIR/answers"
  nothing_lost "$DIR" "$DIR/cgi-answers"
}
