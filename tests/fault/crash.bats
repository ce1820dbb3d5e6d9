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

# more COUNT - wait until so many more were acknowledged.
more() {
  wait_for further "$(($(grep -c ' 200 ' "$DIR/answers") + $1))" \
    "$DIR/answers" "$POST"
}

# kill_one - one receiver of those that run.
kill_one() {
  local pids
  # shellcheck disable=SC2046
  mapfile -t pids < <(serving $(children "$LIGHTTPD"))
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
    more "$((RANDOM % 300))"
    wait_for kill_one
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
