#!/usr/bin/env bats
# The report through a real lighttpd, as FastCGI and as plain CGI: who may
# read what, headers, refusals, exports, and that it is in nobody's way.

load server

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

bats_require_minimum_version 1.5.0

CSP="default-src 'none'; style-src 'self'; img-src 'self' data:; form-action"
CSP+=" 'self'; frame-ancestors 'none'; base-uri 'none'"

# Three addresses of one store: /report, where lighttpd asks for a login;
# /public, where the configuration wants none and shows whole numbers; and
# /cgi-bin/report.cgi, which is never told a login.
setup_file() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD HOST
  installation "$DIR"
  mkdir "$DIR/cgi-bin"
  cp "$BIN/report.cgi" "$DIR/cgi-bin"
  sed 's/^\[source sales\]/[report]\naccess = public\nphones = full\n\n&/' \
    "$DIR/callbook.conf" >"$DIR/public.conf"
  sed 's/callbook.db/none.db/' "$DIR/public.conf" >"$DIR/none.conf"
  sed 's/callbook.db/other.db/' "$DIR/public.conf" >"$DIR/other.conf"
  echo 'owner:owner' >"$DIR/users"
  receiver_host "$DIR" "$BIN" 1
  {
    report_host report callbook
    report_host public public
    report_host none none
    report_host other other
    cat <<END
fastcgi.server += ("/stream" => ((
  "bin-path" => "$PLAIN/tests/stream", "socket" => "$DIR/stream.sock",
  "bin-environment" => ("STREAM_LOG" => "$DIR/stream.log"),
  "max-procs" => 1, "check-local" => "disable")))
cgi.assign += ("/cgi-bin/report.cgi" => "")
server.stream-response-body = 2
auth.backend = "plain"
auth.backend.plain.userfile = "$DIR/users"
auth.require = ("/report" => ("method" => "basic", "realm" => "Callbook",
  "require" => "valid-user"))
END
  } >"$DIR/more"
  "$BIN/callbook" -c "$DIR/callbook.conf" demo --calls 700 --days 60
  lighttpd_start "$DIR"
  HOST=http://127.0.0.1:$PORT
}

teardown_file() {
  lighttpd_stop
}

# report_host NAME CONFIGURATION - lighttpd's lines for a report at /NAME.
report_host() {
  cat <<END
fastcgi.server += ("/$1" => ((
  "bin-path" => "$BIN/report.cgi -c $DIR/$2.conf",
  "socket" => "$DIR/$1.sock", "max-procs" => 1, "check-local" => "disable")))
END
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# get PATH [CURL-OPTION...] - prints the status; files head and body.
get() {
  local path=$1
  shift
  curl -s -m 60 -D head -o body -w '%{http_code}' "$@" "$HOST/$path"
}

# header NAME - its value in the last answer.
header() {
  tr -d '\r' <./head | sed -n "s/^$1: //Ip"
}

# answers STATUS PATH [CURL-OPTION...] - and says so in the page.
answers() {
  local wanted=$1 got
  shift
  got=$(get "$@")
  [ "$got" = "$wanted" ] && return
  printf '%s: wanted %s, got %s\n' "$1" "$wanted" "$got"
  return 1
}

@test "P8 every page is there, with its headers, as FastCGI and CGI" {
  sed -i 's/^\[source sales\]/[report]\naccess = public\n\n&/' \
    "$DIR/callbook.conf"
  for path in '' / /calls /call/7 /callers /compare /costs /results "/fact?path=results/resolved" /attention /deliveries; do
    answers 200 "public$path"
    cp body fastcgi
    [ "$(header Content-Security-Policy)" = "$CSP" ]
    [ "$(header X-Content-Type-Options)" = nosniff ]
    [ "$(header Referrer-Policy)" = no-referrer ]
    [ "$(header X-Robots-Tag)" = noindex ]
    [ "$(header Cache-Control)" = 'private, no-store' ]
    [ "$(header Content-Type)" = 'text/html; charset=utf-8' ]
    grep -q '</html>' body
    run ! grep -qiE '<script|javascript:| on[a-z]+=| style=' body
    answers 200 "cgi-bin/report.cgi$path"
    [ "$(header Content-Security-Policy)" = "$CSP" ]
    [ "$(header Cache-Control)" = 'private, no-store' ]
  done
  sed -i '/^\[report\]/,/^$/d' "$DIR/callbook.conf"
}

@test "P7 without a login the page explains and shows nothing" {
  answers 401 report/
  answers 200 report/ -u owner:owner
  answers 403 cgi-bin/report.cgi/
  grep -q 'report.cgi(8)' body
  [ "$(header Content-Security-Policy)" = "$CSP" ]
  for path in calls export.csv export.xlsx export.ndjson metrics event/1 nothing; do
    answers 403 "cgi-bin/report.cgi/$path"
    run ! grep -q call- body
  done
  # Nobody becomes somebody by a header.
  answers 403 cgi-bin/report.cgi/ -H 'Remote-User: owner' -u owner:owner
}

@test "what is not understood is refused, and said why" {
  answers 404 public/nothing
  answers 404 public/calls/1
  answers 404 public/fact
  answers 404 public/call/99999999
  answers 404 public/call/1x
  answers 404 'public/..%2f..%2fcallbook.conf'
  answers 400 'public/calls?source=sales&source=open'
  answers 400 'public/export.csv?sourse=sales'
  grep -q 'a file of calls has no place to say so: sourse' body
  answers 400 'public/calls?text=%22%3E%3Cscript%3E%ff'
  answers 400 'public/?from=2026-02-30'
  grep -q 'a date from 1970' body
  run ! grep -q '<script' body
  for method in POST PUT DELETE; do
    answers 405 public/calls -X "$method" -d ''
    [ "$(header Allow)" = 'GET, HEAD' ]
  done
}

@test "what others add to a link is ignored, and the page says so" {
  for path in '' calls callers compare costs results attention deliveries call/7; do
    answers 200 "public/$path?utm_source=%22%3E%3Cscript%3E&fbclid=x&preset=7d"
    grep -q 'ignored: <bdi>utm_source, fbclid</bdi>' body
    run ! grep -qE '(href|value)="[^"]*(utm|fbclid)' body
    answers 200 "public/$path?%22%3E%3Cscript%3E=1"
    grep -q 'ignored: <bdi>&quot;&gt;&lt;script&gt;</bdi>' body
    answers 200 "public/$path?preset=7d"
    run ! grep -q 'ignored' body
  done
  answers 200 public/metrics?utm_source=1
}

@test "days the wrong way round are turned, and the page says so" {
  answers 200 'public/calls?from=2026-03-05&to=2026-03-01'
  grep -q 'taken the other way round' body
  grep -q 'name="from" value="2026-03-01"' body
  grep -q 'name="to" value="2026-03-05"' body
  answers 200 'public/calls?from=2026-03-01&to=2026-03-05'
  run ! grep -q 'taken the other way round' body
  answers 200 'public/export.csv?from=2026-03-05&to=2026-03-01'
  [[ $(header Content-Disposition) == *2026-03-01_2026-03-05.csv* ]]
}

# Where a page of a period leads to the same days for ever.
fixed() {
  sed -n 's/.*href="\.\/\([^"]*\)">Link to these days.*/public\/\1/p' body |
    sed 's/&amp;/\&/g'
}

@test "a page of a named period has a link to its days" {
  local path preset link
  for path in '' calls results deliveries; do
    for preset in today 30d last-month all; do
      answers 200 "public/$path?preset=$preset&source=sales"
      grep -o '<p class="period">.* in <bdi>UTC' body >wanted
      link=$(fixed)
      [[ $link == "public/$path?from="*"&to="*'&source=sales' ]]
      answers 200 "$link"
      grep -o '<p class="period">.* in <bdi>UTC' body | cmp - wanted
      [ -z "$(fixed)" ]
    done
  done
}

@test "the reason of a call says more than that it was completed" {
  answers 200 'public/calls?preset=all&outcome=completed'
  grep -q 'data-label="Reason"' body
  run ! grep -qiE 'data-label="Reason"><bdi>(completed|200|ended)</bdi>' body
  grep -o 'href="./call/[0-9]*' body | cut -d / -f 3 >calls
  while read -r call; do
    answers 200 "public/call/$call"
    run ! grep -qiE 'as told</dt><dd><bdi>(completed|200)</bdi>' body
  done <calls
}

@test "HEAD has the headers of GET and no body" {
  for path in public/ public/calls public/export.csv public/nothing; do
    get "$path" >/dev/null
    cp head wanted
    get "$path" -I >/dev/null
    for name in Content-Type Content-Security-Policy Cache-Control; do
      [ "$(header "$name")" = \
        "$(tr -d '\r' <wanted | sed -n "s/^$name: //Ip")" ]
    done
  done
}

@test "the style sheet is cached for ever under the hash of its content" {
  answers 200 public/calls
  style=$(sed -n 's/.*rel="stylesheet" href="\.\/\([^"]*\)".*/\1/p' body)
  [[ $style == style-*.css ]]
  answers 200 "public/$style"
  [ "$(header Cache-Control)" = 'public, max-age=31536000, immutable' ]
  [ "$(header Content-Type)" = 'text/css; charset=utf-8' ]
  cmp body "$ROOT/src/report/style.css"
  [ "$(sha256sum <body | cut -c 1-16)" = "${style:6:16}" ]
  answers 404 public/style-0000000000000000.css
  # Those who are not let in see a page too.
  answers 200 "cgi-bin/report.cgi/$style"
}

@test "before the first event there is a page that says what to do" {
  answers 200 none/
  grep -q '/sales</code>' body
  answers 200 none/attention
  answers 404 none/call/1
  answers 404 none/export.csv
  answers 200 none/metrics
  grep -q '^callbook_store 0$' body
  grep -q '^callbook_calls{outcome="completed"} 0$' body
  [ "$(tail -n 1 body)" = '# EOF' ]
  [ ! -e "$DIR/none.db" ]
}

@test "a slash at the end is no other page" {
  for page in calls call/7 results; do
    answers 200 "public/$page"
    sed -n 's/.*<h1>/<h1>/p' body >wanted
    answers 200 "public/$page/"
    sed -n 's/.*<h1>/<h1>/p' body | cmp - wanted
  done
  answers 404 public/calls//7/
  answers 404 public/nothing/
}

# listed QUERY - the numbers of the calls on all pages of the list.
listed() {
  local next="public/calls?$1"
  while [ -n "$next" ]; do
    answers 200 "$next" || return
    grep -o '<th scope="row"><a href="./call/[0-9]*' body | tr -dc '0-9\n'
    next=$(sed -n 's/.*rel="next" href=".\/\([^"]*\)".*/public\/\1/p' body |
      sed 's/&amp;/\&/g')
  done
}

@test "screen, CSV and NDJSON of one filter agree to the last call" {
  for query in '' preset=all preset=7d outcome=completed source=sales \
    'preset=all&source=sales&outcome=busy' 'preset=all&text=friday' \
    'preset=all&flag=late' 'from=2026-01-01&to=2026-01-01'; do
    answers 200 "public/export.csv?$query"
    [ "$(header Content-Type)" = 'text/csv; charset=utf-8; header=present' ]
    [[ $(header Content-Disposition) == 'attachment; filename="callbook-'* ]]
    sqlite3 :memory: '.import --csv body c' 'SELECT call FROM c' >csv
    sqlite3 :memory: '.import --csv body c' 'SELECT id FROM c' >ids
    answers 200 "public/export.ndjson?$query"
    jq -r '.record.call' body | cmp - ids
    listed "$query" | cmp - csv
    [ "$(sort -u csv | wc -l)" = "$(wc -l <csv)" ]
    echo "$query: $(wc -l <csv) calls"
  done
}

@test "masked numbers are masked in what is exported, the rest is refused" {
  answers 200 'public/export.csv?preset=all'
  grep -qP ',"\t\+[0-9]{10,}' body
  answers 200 'report/export.csv?preset=all' -u owner:owner
  run ! grep -qE '\+[0-9]{7}' body
  answers 200 'report/export.ndjson?preset=all' -u owner:owner
  run ! grep -qE '"\+[0-9]{7}' body
  # The first event of either kind: which platform it is of is not known here.
  for kind in json bin; do
    [ "$kind" = json ] && is='' || is=NOT
    event=$(sqlite3 -readonly "$DIR/callbook.db" "SELECT min(seq) FROM event
      WHERE content_type $is LIKE '%json%'")
    answers 200 "public/event/$event"
    [ "$(header Content-Disposition)" = \
      "attachment; filename=\"event-$event.$kind\"" ]
    body_of "$DIR" "seq = $event" | cmp - body
  done
  answers 403 report/event/3 -u owner:owner
  grep -q 'phones = masked' body
}

# calls PATH - how many calls its metrics tell.
calls() {
  answers 200 "$1/metrics" &&
    awk '/^callbook_calls\{/ { n += $2 } END { print n }' body
}

@test "a masked number is not told by searching for parts of it" {
  number=$(sql "$DIR" "SELECT to_number FROM call
    WHERE to_number LIKE '+%' LIMIT 1")
  found() {
    answers 200 "$1/export.csv?preset=all&text=$2" -u owner:owner
    wc -l <body
  }
  [ "$(found public "${number: -7}")" -gt 1 ]
  last=$(found report "${number: -4}")
  [ "$last" -gt 1 ]
  # Of more digits the last four are looked for, of fewer nothing.
  [ "$(found report "${number: -7}")" = "$last" ]
  [ "$(found report "%2B${number#+}")" = "$last" ]
  [ "$(found public "%2B${number#+}")" -le "$last" ]
  [ "$(found report "${number: -3}")" = 1 ]
  [ "$(found report "x${number: -5}")" = 1 ]
}

@test "a number is found as it is dialled in its own country" {
  number=$(sql "$DIR" "SELECT to_number FROM call
    WHERE length(to_number) = 13 AND to_number LIKE '+%' LIMIT 1")
  for text in "0${number:3}" "0${number:3:4}+${number:7}" "${number: -10}" \
    "${number: -8}" "${number: -6}"; do
    answers 200 "public/export.csv?preset=all&text=$text"
    grep -qF "$number" body || { echo "$text of $number: $(wc -l <body)"; return 1; }
  done
  # Where numbers are masked, their last four digits are looked for.
  answers 200 "report/export.csv?preset=all&text=${number: -4}" -u owner:owner
  cp body four
  answers 200 "report/export.csv?preset=all&text=${number: -8}" -u owner:owner
  cmp body four
  answers 200 "report/calls?preset=all&text=0${number:3}" -u owner:owner
  grep -q 'href="./call/' body
}

# Last of those that search with digits where numbers are masked: it uses up
# what the process may.
@test "a masked number is not found by trying all" {
  tried=0
  while [ $((tried++)) -lt 100 ]; do
    curl -s -o body -w '%{http_code}' -u owner:owner \
      "$HOST/report/calls?preset=all&text=$((1000 + tried))" >status
    [ "$(<status)" = 200 ] || break
  done
  [ "$(<status)" = 429 ]
  grep -q 'Too many searches for digits' body
  # Nor does a fact tell one, by its value or by values around it.
  answers 400 'report/calls?fact=variables/phone:+4915112345678' -u owner:owner
  answers 400 'report/calls?fact=variables/phone:4915100000000..' -u owner:owner
  answers 400 'report/calls?fact=variables/phone:..4915199999999.5' -u owner:owner
  answers 200 'report/calls?fact=results/score:5..9999' -u owner:owner
  # Words are looked for as before, and digits where nothing is masked.
  answers 200 'report/calls?preset=all&text=hello' -u owner:owner
  answers 200 'public/calls?preset=all&text=4321'
}

@test "metrics are those of the store, and name nobody" {
  answers 200 public/metrics
  [[ $(header Content-Type) == application/openmetrics-text* ]]
  [ "$(tail -n 1 body)" = '# EOF' ]
  [ "$(calls public)" = 700 ]
  grep -q '^callbook_store 1$' body
  # Money is that of the calls, each currency by itself.
  local cost
  cost=$(sqlite3 "$DIR/callbook.db" "SELECT 'callbook_cost{currency=\"' ||
    cost_currency || '\"} ' || printf('%.6f', sum(cost) / 1e6) FROM call
    WHERE cost IS NOT NULL GROUP BY cost_currency")
  [ -n "$cost" ]
  [ "$(grep '^callbook_cost{' body)" = "$cost" ]
  [ "$(sed -n 's/^callbook_goal_calls{goal="yes"} //p' body)" = \
    "$(sqlite3 "$DIR/callbook.db" 'SELECT count(*) FROM call WHERE goal = 1')" ]
  run ! grep -E '\+?[0-9]{7,}"' body
}

@test "a fault in the configuration: 503 until it is mended" {
  cp "$DIR/public.conf" good
  answers 200 public/
  sed 's/^store/stare/' good >"$DIR/wrong.conf"
  env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET \
    ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    "$BIN/report.cgi" -c "$DIR/wrong.conf" >answer 2>log
  grep -q '^Status: 503' answer
  grep -q '^Retry-After:' answer
  grep -q 'wrong.conf:2:' log
  run ! grep -q stare answer
}

@test "a store in the document root is refused" {
  env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET DOCUMENT_ROOT="$DIR" \
    ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    "$BIN/report.cgi" -c "$DIR/public.conf" >answer 2>log
  grep -q '^Status: 503' answer
  grep -q 'lies under the document root' log
}

@test "an exact count is shown as one, also where others are cut" {
  sqlite3 "$DIR/callbook.db" "VACUUM INTO '$DIR/other.db'"
  sqlite3 "$DIR/other.db" "DELETE FROM quarantine; DELETE FROM rejected;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
      WHERE i < 1234)
    INSERT INTO quarantine (source, received, reason, content_type, repeats,
      hash, body) SELECT 1, 1, 'r', '', 0, i, x'78' FROM n;
    INSERT INTO rejected (source, received, reason, content_type, body)
      SELECT source, received, 'wrong', '', body FROM quarantine"
  answers 200 other/
  [ "$(grep -o '<b>1.234</b> deliver' body | wc -l)" = 2 ]
  answers 200 other/attention
  run -1 grep '1.234 or more' body
  rm "$DIR/other.db"
}

@test "a store that is replaced is the one that is shown" {
  sqlite3 "$DIR/callbook.db" "VACUUM INTO '$DIR/other.db'"
  [ "$(calls other)" = 700 ]
  sqlite3 "$DIR/callbook.db" "VACUUM INTO '$DIR/new.db'"
  sqlite3 "$DIR/new.db" "DELETE FROM day WHERE outcome = 'completed'"
  mv "$DIR/new.db" "$DIR/other.db"
  [ "$(calls other)" -lt 700 ]
  rm "$DIR/other.db"
  answers 200 other/
  grep -q 'No calls yet' body
}

@test "an answer that breaks off does not look like a whole one" {
  run -0 curl -s -m 60 -o body "$HOST/stream?pieces=3000"
  [ "$(wc -c <body)" = 3000000 ]
  run -18 curl -s -m 60 -o body "$HOST/stream?fail=3000"
}

@test "a reader that goes away ends the work" {
  rm -f "$DIR/stream.log"
  run -28 curl -s -m 1 -o body "$HOST/stream?slow=1"
  wait_for test -s "$DIR/stream.log"
}

# How large the WAL has become, in bytes.
wal() {
  stat -c %s "$1/callbook.db-wal" 2>/dev/null || echo 0
}

# Exports of everything and overviews, without end.
readers() {
  local path
  while :; do
    for path in export.ndjson?preset=all ?preset=all export.csv?preset=all; do
      curl -s -m 60 -o /dev/null -w '%{http_code}\n' "$1/load/$path" || return
    done
  done
}

@test "readers at work hold up neither the receiver nor its checkpoints" {
  dir=$BATS_TEST_TMPDIR/load
  installation "$dir"
  cp "$DIR/public.conf" "$dir/callbook.conf"
  "$PLAIN/callbook" -c "$dir/callbook.conf" demo --calls 20000 --days 90
  receiver_host "$dir" "$PLAIN" 1 -t 16
  DIR=$dir BIN=$PLAIN report_host load callbook >"$dir/more"
  echo 'server.stream-response-body = 2' >>"$dir/more"
  (
    lighttpd_start "$dir"
    host=http://127.0.0.1:$PORT
    for _ in 1 2 3 4; do readers "$host" >>"$dir/read" 3>&- & done
    event @@@@@@ 1200 | "$PLAIN/tests/post" -c 16 -n 20000 -s "$SECRET" \
      "$URL/sales" >"$dir/answers"
    wal "$dir" >"$dir/wal"
    jobs -p | grep -v "^$LIGHTTPD\$" | xargs kill
    lighttpd_stop
  )
  echo "WAL: $(cat "$dir/wal") bytes; reads: $(sort "$dir/read" | uniq -c)"
  [ "$(awk '{ print $2 }' "$dir/answers" | sort | uniq -c)" = \
    '  20000 200' ]
  [ "$(sort -u "$dir/read")" = 200 ]
  # It is begun anew while they read: left to grow, it would have 220 MB.
  [ "$(cat "$dir/wal")" -lt 100000000 ]
  [ "$(sql "$dir" 'SELECT count(*) FROM event WHERE id LIKE "evt-%"')" -ge \
    20000 ]
}

@test "two are compared, and whether they differ by more than chance" {
  for by in agent campaign source direction period; do
    answers 200 "public/compare?by=$by&preset=30d"
  done
  answers 200 'public/compare?by=direction&a=inbound&b=outbound&preset=all'
  grep -q '<th scope="row">Answer rate</th>' body
  grep -qE 'more than chance</td>|too few calls to tell' body
  # What is compared stays, whatever else is asked.
  grep -q 'compare?preset=7d&amp;by=direction&amp;a=inbound&amp;b=outbound' body
  grep -q 'name="b" value="outbound"' body
  answers 200 'public/compare?by=agent&a=nobody&b=no-one&preset=all'
  run ! grep -qE 'chance</td>|too few calls|no verdict' body
  answers 200 'public/compare?by=agent&a=x&b=x'
  grep -q 'A and B are the same' body
  # A period beside any other.
  answers 200 'public/compare?by=period&preset=all&from2=2001-02-01&to2=2001-02-28'
  tr -d '\n' <body | grep -q '<b>A</b>: <time datetime="2001-02-01">.*<time datetime="2001-02-28">.*28 days'
  grep -q 'compare?preset=7d&amp;by=period&amp;from2=2001-02-01&amp;to2=2001-02-28' body
  answers 200 'public/compare?by=period&from=2001-03-01&to=2001-03-07&from2=2001-02-01'
  grep -q 'name="to2" value="2001-02-07"' body
  # What both have in them is no chance.
  answers 200 'public/compare?by=period&preset=all&from2=2001-02-01&to2=2040-01-01'
  grep -q 'both periods have the same days in them: no verdict' body
  answers 400 'public/compare?by=period&from2=2001-02-30'
  answers 400 'public/compare?by=moon'
  answers 400 'public/export.csv?by=agent'
}
