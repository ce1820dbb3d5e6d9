#!/usr/bin/env bats
# What is configured is read again while events come in.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load server
load reload

bats_require_minimum_version 1.5.0

setup() {
  reload_site
}

teardown() {
  stopped "${POSTS[@]-}"
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
}

# started [PROCESSES]
started() {
  receiver_host "$DIR" "$DIR/bin" "${1-2}"
  lighttpd_start "$DIR"
  wait_for in_force
}

@test "a secret is rotated under load: nothing is refused" {
  started
  posting 1 "$SECRET"
  old=$POST
  printf '%s\n' "$SECRET" next-secret >secret
  wait_for told_again 'callbook.conf: read again' 2
  posting 400001 next-secret
  stopped "$old"
  echo next-secret >secret
  wait_for told_again 'callbook.conf: read again' 4
  more 400001 200
  unharmed
  # The old one is out of force.
  event 900001 >body
  expect 401 '*' formantai body
  SECRET=next-secret expect 200 '{"result":"stored",*' formantai body
}

@test "a source is added under load, and takes events" {
  started
  posting 1 "$SECRET"
  printf '[source new]\nprovider = formantai\nsecret_file = secret\n' \
    >>callbook.conf
  wait_for told_again 'callbook.conf: read again' 2
  posting 400001 "$SECRET" new
  more 1 200
  unharmed
}

@test "a definition is changed under load" {
  jq '.types["call.completed"].outcome = "voicemail"' \
    "$BATS_TEST_DIRNAME/../../lib/provider/definitions/formantai.json" \
    >formantai.json
  started
  posting 1 "$SECRET"
  # As an editor writes: another file by the same name.
  mv formantai.json own/
  wait_for told_again 'callbook.conf: read again' 2
  more 1 300
  # Damaged, and told so; events go on as before.
  echo '{' >own/formantai.json
  wait_for told_again 'own/formantai.json:' 2
  more 1 300
  unharmed
  [ "$(sql "$DIR" 'SELECT count(DISTINCT outcome) FROM call')" = 2 ]
}

@test "another time zone and another store under load: the program begins again, and refuses nobody" {
  started
  before=$(receivers | sort)
  posting 1 "$SECRET"
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  wait_for told_again 'callbook.conf: .*: started again' 2
  more 1 300
  [ "$(receivers | sort)" = "$before" ]
  unharmed
  [ "$(sql "$DIR" 'SELECT group_concat(DISTINCT hour) FROM call')" = 10,15 ]
  posting 400001 "$SECRET"
  sed -i 's|^store.*|store = other.db|' callbook.conf
  wait_for told_again 'callbook.conf: .*: started again' 4
  more 400001 300
  stopped "$POST"
  awk 'NF >= 4 && $2 != 200' answers.400001 >bad
  [ ! -s bad ]
  [ "$(sqlite3 other.db 'SELECT count(*) > 0 FROM event')" = 1 ]
}

@test "a configuration that has a fault is not taken, and all say where it is" {
  started 1
  event 000001 >body
  expect 200 '{"result":"stored",*' formantai body
  echo 'answer = 201' >>callbook.conf
  line=$(wc -l <callbook.conf)
  wait_for told_again "callbook.conf:$line: " 1
  sleep_ticks
  expect 200 '{"result":"duplicate",*' formantai body
  # Once, not at every look.
  [ "$(cat server.out server.log programs.log | grep -c "callbook.conf:$line: ")" = 1 ]
  expect 200 "{\"status\":\"ok\",*\"configuration\":\"faulty\",\"faults\":\"callbook.conf:$line\"}" \
    send healthz -X GET
  [[ $output != *"$DIR"* ]]
  run -1 bin/callbook check -c callbook.conf
  [[ $output == *"FAIL  configuration: $DIR/callbook.conf:$line: "* ]]
  run -1 bin/callbook check -c callbook.conf --url "$URL"
  [[ $output == *"FAIL  web: its configuration was changed and has a fault (callbook.conf:$line)"* ]]
  sed -i '$d' callbook.conf
  wait_for told_again 'callbook.conf: in order again' 1
  run -0 bin/callbook check -c callbook.conf --url "$URL"
  [[ $output == *'ok    web: its configuration is in force'* ]]
}

# sleep_ticks - for as long as the receiver looks at its files three times.
sleep_ticks() {
  local until=$((SECONDS + 4))
  while [ "$SECONDS" -lt "$until" ]; do
    curl -s -o /dev/null "$URL/healthz"
  done
}

@test "check --url waits for a change that was just made" {
  started 1
  echo other-secret >secret
  run -0 bin/callbook check -c callbook.conf --url "$URL"
  [[ $output == *'ok    web: its configuration is in force'* ]]
  event 000001 >body
  SECRET=other-secret expect 200 '{"result":"stored",*' formantai body
}

@test "the report takes what changed, and tells who has logged in of faults" {
  mkdir cgi-bin
  cat >"$DIR/more" <<END
auth.backend = "plain"
auth.backend.plain.userfile = "$DIR/users"
auth.require = ("/calls" => ("method" => "basic", "realm" => "x",
  "require" => "valid-user"))
fastcgi.server += ("/calls" => (("bin-path" =>
  "$DIR/bin/report.cgi -c $DIR/callbook.conf", "socket" => "$DIR/report.sock",
  "max-procs" => 1, "check-local" => "disable")))
END
  echo reader:sesame >users
  started 1
  event 000001 >body
  expect 200 '{"result":"stored",*' formantai body
  pages="http://127.0.0.1:$PORT/calls"
  run -0 curl -s -u reader:sesame "$pages/calls?preset=all"
  [[ $output == *'••••0001'* ]]
  printf '[report]\nphones = full\n' >>callbook.conf
  wait_for shows 15550100001
  printf 'access = nobody\n' >>callbook.conf
  wait_for shows 'The configuration was changed and has a fault'
  shows "$DIR/callbook.conf:$(wc -l <callbook.conf): "
  shows 15550100001
  sed -i '$d' callbook.conf
  # Its clock is that of the zone, which wants another process.
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  wait_for shows 'Times in <bdi>Asia/Kolkata</bdi>'
}

shows() {
  curl -s -u reader:sesame "$pages/calls?preset=all" | grep -qF -- "$1"
}
