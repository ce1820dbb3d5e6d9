#!/usr/bin/env bats
# The receiver is killed at moments nobody chose.

load ../web/server

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  export PORT URL LIGHTTPD
}

teardown() {
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  lighttpd_stop
}

# further COUNT - have there been COUNT answers of 200 since?  Status 2: the
# sender is gone.
further() {
  kill -0 "$POST" || return 2
  [ "$(grep -c ' 200 ' "$DIR/answers")" -ge "$1" ]
}

# kill_one - one receiver of those that run.
kill_one() {
  local pids
  mapfile -t pids < <(children "$LIGHTTPD")
  [ "${#pids[@]}" -gt 0 ] && kill -9 "${pids[RANDOM % ${#pids[@]}]}"
}

@test "P1 kill -9 again and again loses nothing that was acknowledged" {
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  echo '"disable-time" => 0' >>"$DIR/host"
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c 8 -n 999999 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers" 3>&- &
  POST=$!
  for ((i = 0; i < ${KILLS:-50}; i++)); do
    wait_for further "$(($(grep -c ' 200 ' "$DIR/answers") + RANDOM % 300))"
    wait_for kill_one
  done
  wait_for further "$(($(grep -c ' 200 ' "$DIR/answers") + 100))"
  kill "$POST"
  wait "$POST" || :
  POST=
  lighttpd_stop

  echo "$(grep -c ' 200 ' "$DIR/answers") acknowledged," \
    "$(grep -vc ' 200 ' "$DIR/answers") not"
  # Some answers are cut off by a kill, or the kills hit nothing.
  grep -qv ' 200 ' "$DIR/answers"
  awk '$2 == 200 { printf "evt-%06d\n", $1 }' "$DIR/answers" |
    sort -u >"$DIR/told"
  sql "$DIR" 'SELECT id FROM event' | sort >"$DIR/kept"
  [ -z "$(comm -23 "$DIR/told" "$DIR/kept")" ]
  [ -z "$(uniq -d "$DIR/kept")" ]
  [ "$(sql "$DIR" 'PRAGMA integrity_check')" = ok ]
  # What was folded is what was stored.
  [ "$(sql "$DIR" 'SELECT count(*), sum(events) FROM call')" = \
    "$(stored "$DIR")|$(stored "$DIR")" ]
  [ "$(sql "$DIR" 'SELECT sum(calls) FROM day')" = "$(stored "$DIR")" ]
}
