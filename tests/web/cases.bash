# shellcheck shell=bash
# cases.bash - what must hold behind every web server, for bats files:
#
#   load server
#   load cases
#   load servers/NAME
#
# A file of servers/ is about one server and one of the snippets in apache/,
# which the server reads as it stands, but for the paths in it.  It defines
#
#   serve      start the server (server_start) with the configuration of DIR
#   graceful   have it read its configuration again, and lose no request
#   snippet    see customers
#   open_up    sed commands that bring to life what the snippet has in comments
#              for the address of the client: PLATFORM may send, and PROXY is
#              believed
#
# a MOUNT and REPORT_MOUNT where they are not /callbook and /calls, and a case
# anew that is another behind this server.  Where the server does not start the
# programs, programs.bash does.  servers.bats has a @test for each case; those
# that need no server of their own share one.

# What bats and the files set, and what they use.
# shellcheck disable=SC2034,SC2154
APACHE=$(cd "$BATS_TEST_DIRNAME/../../apache" && pwd)
LOGIN=reader:open-sesame
PLATFORM=198.51.100.7
PROXY=127.0.0.1

# Apache and nginx, when they are started as root, become this user.
WEB_USER=
[ "$(id -u)" != 0 ] || WEB_USER=www-data

# user_of NAME - who owns the files of a customer and runs what reads them; a
# file redefines this where the programs are not the web server's.
user_of() {
  echo "$WEB_USER"
}

# site DIR PROGRAMS - an installation: cgi-bin/, as it is uploaded, logins, and
# in data/ configuration, secrets and store.  Sets DIR.
site() {
  DIR=$1
  mkdir -p "$DIR/cgi-bin" "$DIR/run"
  cp "$2/callbook.fcgi" "$2/report.cgi" "$APACHE/../cgi-bin/.htaccess" \
    "$DIR/cgi-bin/"
  echo "${LOGIN%:*}:$(openssl passwd -apr1 "${LOGIN#*:}")" >"$DIR/logins"
  customer data
  : >"$DIR/server.log"
  [ -z "$WEB_USER" ] || chown "$WEB_USER:" "$DIR/run" "$DIR/server.log"
  reachable "$DIR"
}

# customer NAME - his configuration, secrets and store, in DIR/NAME.
customer() {
  installation "$DIR/$1"
  sed -i 's/^max_body.*/max_body = 4M/' "$DIR/$1/callbook.conf"
  chmod 0700 "$DIR/$1"
  [ -z "$WEB_USER" ] || chown -R "$(user_of "$1"):" "$DIR/$1"
}

# customers - a snippet for each: its function is called with the address of
# the receiver, that of the report, and the name of the customer.
customers() {
  snippet /callbook /calls data
  [ ! -d "$DIR/acme" ] || snippet /acme/hooks /acme/calls acme
}

# snippet_file NAME - where the snippet is that the server shall read: in
# apache/, or a copy that was changed by the sed commands in EDIT.
snippet_file() {
  if [ -z "${EDIT-}" ]; then
    echo "$APACHE/$1"
  else
    sed -E "$EDIT" "$APACHE/$1" >"$DIR/$1"
    echo "$DIR/$1"
  fi
}

# reachable DIR - let the web server's user pass into the directory of a test.
reachable() {
  local dir=$1
  [ -n "$WEB_USER" ] || return 0
  while [ "$dir" != "$(dirname "$BATS_RUN_TMPDIR")" ]; do
    chmod o+x "$dir"
    dir=$(dirname "$dir")
  done
}

# programs [NAME] - those of this installation that run.
programs() {
  find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' \
    -lname "$DIR/*cgi-bin/${1-*}" -printf '%h\n' 2>/dev/null | cut -d / -f 3
}

no_programs() {
  [ -z "$(programs)" ]
}

# started - serve, and say where.
started() {
  if declare -F programs_start >/dev/null; then programs_start; fi
  serve
  URL=http://127.0.0.1:$PORT${MOUNT-/callbook}
  REPORT_URL=http://127.0.0.1:$PORT${REPORT_MOUNT-/calls}
}

# unserve - stop what runs, and see that no sanitizer said anything.
unserve() {
  [ -z "${SERVER-}" ] || ! kill "$SERVER" || wait "$SERVER" || :
  SERVER=
  if declare -F programs_stop >/dev/null; then programs_stop; fi
  if ! wait_for no_programs; then
    echo "still running: $(programs)"
    programs | xargs -r kill -9
    return 1
  fi
  ! grep -rE 'Sanitizer|runtime error:' "$DIR" --include='server.*' \
    --include='*.log'
}

setup_file() {
  export DIR PORT URL REPORT_URL SERVER
  site "$BATS_FILE_TMPDIR" "$BIN"
  started
}

teardown_file() {
  unserve
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  n=$(printf '%06d' "$BATS_TEST_NUMBER")
  event "$n" >body
}

teardown() {
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  [ "$DIR" = "$BATS_FILE_TMPDIR" ] || unserve
}

# own_site [PROGRAMS] - an installation for this test alone.
own_site() {
  SERVER=
  site "$BATS_TEST_TMPDIR/site" "${1-$BIN}"
}

# kept [NAME] - how often the test's event is in the customer's store.
kept() {
  sql "$DIR/${1-data}" "SELECT count(*) FROM event WHERE id = 'evt-$n'"
}

# status CURL-OPTION... - of an answer.
status() {
  curl -s -m 60 -o /dev/null -w '%{http_code}' "$@"
}

# --- cases ------------------------------------------------------------------

case_stored() {
  expect 200 '{"result":"stored",*' formantai body
  expect 200 '{"result":"duplicate",*' formantai body
  [ "$(kept)" = 1 ]
}

case_addresses() {
  expect 200 '{*"status":"ok"*' send healthz -X GET
  # Ours is the 404 that is told as a problem.
  expect 404 '{*"status":404*' send nobody --data-binary @body
  expect 404 '{*"status":404*' send sales/more --data-binary @body
  expect 404 '{*"status":404*' send '' --data-binary @body
  # What begins like an address is another.
  URL+=X
  expect 404 '*' formantai body
  [[ $output != *'"status":404'* ]]
  run -0 curl -s -m 60 -u "$LOGIN" "${REPORT_URL}X/calls"
  [[ $output != *Callbook* ]]
}

case_chunked() {
  expect 200 '{"result":"stored",*' formantai body \
    -H 'Transfer-Encoding: chunked'
  [ "$(kept)" = 1 ]
}

case_gzip() {
  gzip -k body
  expect 200 '{"result":"stored",*' formantai body.gz \
    -H 'Content-Encoding: gzip'
  [ "$(kept)" = 1 ]
}

case_large() {
  event "$n" 3145728 >large
  expect 200 '{"result":"stored",*' formantai large
  [ "$(kept)" = 1 ]
  event "$n" 4194305 >over
  expect 413 '{*"status":413*' formantai over
}

case_large_chunked() {
  event "$n" 3145728 >large
  expect 200 '{"result":"stored",*' formantai large \
    -H 'Transfer-Encoding: chunked'
  [ "$(kept)" = 1 ]
}

# More than what mod_fcgid takes by itself.
case_long() {
  event "$n" 131073 >long
  expect 200 '{"result":"stored",*' formantai long
  [ "$(kept)" = 1 ]
}

case_cut() {
  raw_head "Content-Length: $(($(wc -c <body) + 10))" >top
  raw top body >answer
  run ! grep -q ' 200 ' answer
  [ "$(kept)" = 0 ]
}

case_cut_chunked() {
  raw_head 'Transfer-Encoding: chunked' >top
  { printf '%x\r\n' "$(wc -c <body)" && cat body; } >chunk
  raw top chunk >answer
  run ! grep -q ' 200 ' answer
  [ "$(kept)" = 0 ]
}

case_bearer() {
  local report=$BATS_TEST_DIRNAME/../data/providers/vapi/end-of-call-report.json
  expect 200 '{"result":"*' send voice -H "Authorization: Bearer $SECRET" \
    --data-binary "@$report"
  expect 401 '{*"status":401*' send voice -H 'Authorization: Bearer wrong' \
    --data-binary "@$report"
  expect 401 '{*"status":401*' send voice -u "$LOGIN" --data-binary "@$report"
  expect 401 '{*"status":401*' send voice --data-binary "@$report"
}

case_header_twice() {
  local good
  good="X-FormantAI-Signature: sha256=$(hmac body)"
  expect 401 '{*"status":401*' send sales -H "$good" -H "$good" \
    --data-binary @body
  [ "$(kept)" = 0 ]
}

# The report is for those who log in, and the receiver is for all.  Whatever
# the report is mounted under, its links lead back to it.
case_login() {
  report_login
}

report_login() {
  local links link
  expect 200 '{"result":"*' formantai body
  [ "$(status "$REPORT_URL/")" = 401 ]
  [ "$(status "$REPORT_URL/export.csv")" = 401 ]
  [ "$(status -u "${LOGIN%:*}:wrong" "$REPORT_URL/")" = 401 ]
  [ "$(status "$URL/healthz")" = 200 ]
  mapfile -t links < <(curl -s -m 60 -u "$LOGIN" "$REPORT_URL/?preset=all" |
    grep -oE 'href="[^"#]+' | grep -v 'data:\|from=' | cut -d '"' -f 2 |
    sed 's/&amp;/\&/g' | sort -u)
  [ "${#links[@]}" -gt 10 ]
  for link in "${links[@]}"; do
    echo "$link"
    [[ $link == ./* ]]
    [ "$(status -u "$LOGIN" "$REPORT_URL/$link")" = 200 ]
  done
  [ "$(status -u "$LOGIN" "$REPORT_URL/nothing")" = 404 ]
  curl -s -m 60 -u "$LOGIN" "$REPORT_URL/export.csv?preset=all" |
    grep -q "call-$n"
}

# What is signed is the query as it was sent, whatever the server makes of it.
case_sent_query() {
  local query='p=%2f&q=[1]&r=a%7Cb&s=%7E' signature
  local TYPE=application/x-www-form-urlencoded
  signature=$(printf 'https://hooks.example.com/address?%s%s' "$query" \
    CallSidCA1CallStatuscompleted |
    openssl dgst -sha1 -hmac "$SECRET" -binary | base64)
  expect 200 '{"result":*' send "address?$query" -g \
    -H "X-Twilio-Signature: $signature" --data-binary 'CallSid=CA1&CallStatus=completed'
  expect 401 '{*"status":401*' send "address?${query/2f/2F}" -g \
    -H "X-Twilio-Signature: $signature" --data-binary 'CallSid=CA1&CallStatus=completed'
}

# What a query says is no order to the program (RFC 3875 section 4.4).
case_query() {
  printf '[callbook]\nstore = evil.db\n[source evil]\nprovider = formantai\n' \
    >"$DIR/run/evil.conf"
  echo 'auth = none' >>"$DIR/run/evil.conf"
  chmod 0644 "$DIR/run/evil.conf"
  expect 404 '{*"status":404*' \
    send "evil?-c+$DIR/run/evil.conf" --data-binary @body
  [ ! -e "$DIR/run/evil.db" ]
  # 403 where nobody asked for a login.
  [[ $(status -u "$LOGIN" "$REPORT_URL/?-c+$DIR/run/evil.conf") == [24]0[03] ]]
  curl -s -m 60 -u "$LOGIN" "$REPORT_URL/?-c+$DIR/run/evil.conf" |
    grep -qE 'are ignored: <bdi>-c |Only for those'
}

# The command finds the same by itself.
case_check() {
  run -0 "$BIN/callbook" check -c "$DIR/data/callbook.conf" --url "$URL"
  echo "$output"
  [[ $output != *FAIL* ]]
}

# With the lines for the client's address in force: the platform's address is
# let in, which the proxy tells, and nobody else can.
case_client_address() {
  own_site
  EDIT=$(open_up) started
  expect 200 '{"result":"stored",*' formantai body \
    -H "X-Forwarded-For: $PLATFORM"
  expect 403 '*' formantai body
  expect 403 '*' formantai body -H 'X-Forwarded-For: 198.51.100.8'
  expect 403 '*' formantai body -H "X-Forwarded-For: $PLATFORM" \
    --interface 127.0.0.2
}

# Two customers on one server: neither has the other's secret or store.
case_customers() {
  own_site
  customer acme
  echo another-secret >"$DIR/acme/secret"
  started
  expect 200 '{"result":"stored",*' formantai body
  URL=http://127.0.0.1:$PORT/acme/hooks
  expect 401 '{*"status":401*' formantai body
  [ "$(kept data)" = 1 ]
  [ "$(kept acme)" = 0 ]
  SECRET=another-secret expect 200 '{"result":"stored","event":1}' \
    formantai body
  [ "$(kept acme)" = 1 ]
  expect 404 '{*"status":404*' send nobody --data-binary @body
  REPORT_URL=http://127.0.0.1:$PORT/acme/calls
  [ "$(status "$REPORT_URL/")" = 401 ]
  [ "$(curl -s -u "$LOGIN" "$REPORT_URL/export.csv?preset=all" | wc -l)" = 2 ]
  if [ -n "$WEB_USER" ]; then
    [ "$(stat -c %U "$DIR/data/callbook.db")" = "$(user_of data)" ]
    [ "$(stat -c %U "$DIR/acme/callbook.db")" = "$(user_of acme)" ]
  fi
}

# under_load TIMES COMMAND... - send events, each until it is acknowledged,
# do COMMAND again and again, and see that nothing is lost.
under_load() {
  local times=$1
  shift
  own_site "$PLAIN"
  started
  : >answers # There before the sender has begun.
  event @@@@@@ 1200 | "$PLAIN/tests/post" -r -c 4 -n 999999 -s "$SECRET" \
    "$URL/sales" >answers 3>&- &
  POST=$!
  for ((i = 0; i < times; i++)); do
    more 40
    "$@"
  done
  more 40
  kill "$POST"
  wait "$POST" || :
  POST=
  unserve
  nothing_lost "$DIR/data" answers
}

more() {
  wait_for further "$(($(grep -c ' 200 ' answers) + $1))" answers "$POST"
}

# kill_receiver - one of those that run.
kill_receiver() {
  local pids
  # shellcheck disable=SC2046
  mapfile -t pids < <(servers $(programs callbook.fcgi))
  [ "${#pids[@]}" -gt 0 ] && kill -9 "${pids[RANDOM % ${#pids[@]}]}"
}

# refused - how many answers are none of 200.
refused() {
  awk '$2 != 200 { n++ } END { print n + 0 }' answers
}

# kill_busy - kill, until a sender notices.
kill_busy() {
  local before
  before=$(refused)
  for _ in {1..50}; do
    wait_for kill_receiver
    more 5
    [ "$(refused)" = "$before" ] || return 0
  done
  return 1
}

case_graceful() {
  under_load 4 graceful
}

case_killed() {
  under_load 4 kill_busy
}
