#!/usr/bin/env bats
# The HTTP contract of the receiver, row by row, through a real lighttpd; what
# depends on the web server is in cases.bash.

load server

bats_require_minimum_version 1.5.0

setup_file() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD
  installation "$DIR"
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
}

teardown_file() {
  lighttpd_stop
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  data=$BATS_TEST_DIRNAME/../data/providers
  n=$(printf '%06d' "$BATS_TEST_NUMBER")
  event "$n" >body
}

# The part of a problem that a sender's log needs.
problem() {
  printf '{*"title":*"status":%s*"detail":*}' "$1"
}

@test "an event is stored and told its number" {
  expect 200 '{"result":"stored","event":[1-9]*}' formantai body -D head
  grep -qi '^content-type: application/json' head
  body_of "$DIR" "id = 'evt-$n'" | cmp - body
}

@test "P2 a second delivery is told the number of the first" {
  expect 200 '{"result":"stored","event":*}' formantai body
  first=${output%%\}*}
  expect 200 '{"result":"duplicate","event":*}' formantai body
  again=${output%%\}*}
  [ "${first##*:}" = "${again##*:}" ]
}

@test "one key with another content is kept as a variant" {
  expect 200 '{"result":"stored",*' formantai body
  sed 's/"score":4/"score":5/' body >other
  expect 200 '{"result":"variant",*' formantai other
  [ "$(sql "$DIR" "SELECT count(*) FROM event WHERE id = 'evt-$n'")" = 2 ]
}

@test "a signature of RSA with SHA-256, made by openssl, is accepted" {
  expect 200 '{"result":"stored",*' \
    recho "$data/recho/OUTBOUND_CALL_ERROR.json" "$DIR"
}

@test "a byte order mark before JSON is ignored, and signed with the rest" {
  file=$data/../cases/retell-bom.json
  expect 200 '{"result":"stored",*' retell "$file"
  body_of "$DIR" "type = 'call_ended'" | cmp - "$file"
  tail -c +4 "$file" >without
  expect 401 "$(problem 401)" send calls \
    -H "X-Retell-Signature: $(retell_signature without)" \
    --data-binary "@$file"
}

@test "a source may answer 204" {
  file=$data/atoms/post-conversation.json
  expect 204 '' send quiet -H "X-Signature: $(hmac "$file")" \
    --data-binary "@$file"
}

@test "auth = none accepts what is not signed" {
  expect 200 '{"result":"stored",*' send open --data-binary @body
}

@test "P4 what authenticates and cannot be mapped is quarantined" {
  echo '{"neither":"id nor type","n":"'"$n"'"}' >body
  expect 200 '{"result":"quarantined","quarantine":*,"reason":"*"}' \
    formantai body
  [ "$(sql "$DIR" "SELECT count(*) FROM quarantine
    WHERE body = CAST(readfile('body') AS BLOB)")" = 1 ]
}

@test "P5 a type that nobody knows is an event like any other" {
  sed -i 's/call\.completed/call.teleported/' body
  expect 200 '{"result":"stored",*' formantai body
}

@test "malformed bodies that authenticate: 400, and quarantined" {
  event "$n" | head -c 200 >cut.json
  printf '{"event_id":"\xff\xfe%s"}' "$n" >latin
  printf '{"event_id":"a\0b%s"}' "$n" >nul
  echo "{} {} $n" >two
  echo "hello $n" >text
  for file in cut.json latin nul two text; do
    expect 400 "$(problem 400)" formantai "$file" -D head
    grep -qi '^content-type: application/problem+json' head
    [ "$(sql "$DIR" "SELECT count(*) FROM quarantine
      WHERE body = CAST(readfile('$file') AS BLOB)")" = 1 ]
  done
}

@test "malformed bodies of strangers: 401, and nothing more is said" {
  before=$(sql "$DIR" 'SELECT count(*) FROM quarantine')
  expect 401 "$(problem 401)" send sales --data-binary '{"cut'
  [ "$(sql "$DIR" 'SELECT count(*) FROM quarantine')" = "$before" ]
}

@test "an empty body: 400" {
  : >empty
  expect 400 "$(problem 400)" formantai empty
}

@test "no answer tells more of a signature than that it is bad" {
  wrong="X-FormantAI-Signature: sha256=$(hmac body other-secret)"
  expect 401 "$(problem 401)" send sales --data-binary @body
  missing=$output
  expect 401 "$(problem 401)" send sales -H "$wrong" --data-binary @body
  [ "$output" = "$missing" ]
  expect 401 "$(problem 401)" send sales -H 'X-FormantAI-Signature: sha256=' \
    --data-binary @body
  [ "$output" = "$missing" ]
  [ "$(sql "$DIR" "SELECT count(*) FROM event WHERE id = 'evt-$n'")" = 0 ]
}

@test "a signature joined from two headers is bad" {
  good="sha256=$(hmac body)"
  expect 401 "$(problem 401)" send sales -H "X-FormantAI-Signature: $good" \
    -H "X-FormantAI-Signature: $good" --data-binary @body
}

@test "a signature that is right and ten minutes old: 401" {
  expect 401 "$(problem 401)" recho "$data/recho/INBOUND_CALL_ERROR.json" \
    "$DIR" "$(($(date +%s) - 600))"
}

@test "an unknown source: 404" {
  expect 404 "$(problem 404)" send nobody --data-binary @body
  expect 404 "$(problem 404)" send sales/more --data-binary @body
  expect 404 "$(problem 404)" send '' --data-binary @body
}

@test "other methods: 405 with Allow" {
  for method in GET PUT DELETE; do
    expect 405 "$(problem 405)" send sales -X "$method" -D head
    grep -qix $'allow: POST\r' head
  done
}

@test "P9 exactly max_body is stored, one byte more: 413" {
  event "$n" 262144 >exact
  event "$n" 262145 >over
  expect 413 "$(problem 413)" formantai over
  expect 413 "$(problem 413)" formantai over -H 'Transfer-Encoding: chunked'
  expect 200 '{"result":"stored",*' formantai exact
}

@test "other content types and encodings: 415" {
  TYPE=text/plain expect 415 "$(problem 415)" formantai body
  expect 415 "$(problem 415)" formantai body -H 'Content-Encoding: br'
}

@test "a content type with a charset is understood" {
  TYPE='application/json; charset=utf-8' \
    expect 200 '{"result":"stored",*' formantai body
}

@test "gzip: the signature is over the bytes as received" {
  gzip -k body
  expect 200 '{"result":"stored",*' formantai body.gz \
    -H 'Content-Encoding: gzip'
  expect 401 "$(problem 401)" send sales -H 'Content-Encoding: gzip' \
    -H "X-FormantAI-Signature: sha256=$(hmac body)" --data-binary @body.gz
}

@test "a body that a filter of the web server inflated already is stored" {
  expect 200 '{"result":"stored",*' formantai body -H 'Content-Encoding: gzip'
}

@test "P9 gzip that inflates to more than max_body: 413" {
  head -c 10000000 /dev/zero | tr '\0' ' ' | gzip >bomb
  expect 413 "$(problem 413)" formantai bomb -H 'Content-Encoding: gzip'
}

@test "gzip that is cut short: 400" {
  gzip -c body | head -c 60 >cut.gz
  expect 400 "$(problem 400)" formantai cut.gz -H 'Content-Encoding: gzip'
}

@test "a body longer than its length is not what was signed" {
  raw_head "Content-Length: $(($(wc -c <body) - 10))" >top
  raw top body >answer
  grep -q ' 401 ' answer
}

@test "a length that is no number is refused" {
  raw_head 'Content-Length: 12abc' >top
  raw top body >answer
  grep -q ' 400 ' answer
}

@test "P9 nesting beyond the limit is refused, not followed" {
  {
    printf '{"event_id":"%s","event_type":"x","data":' "$n"
    printf '[%.0s' {1..5000}
    printf ']%.0s' {1..5000}
    printf '}'
  } >deep
  formantai deep >answer
  grep -qE '^(200|400)$' answer
  run ! grep -q stored answer
}

@test "P6 ten thousand members are stored" {
  sed -i 's/,"results.*//' body
  {
    printf ',"results":{"a":0'
    for i in {1..10000}; do printf ',"k%d":%d' "$i" "$i"; done
    printf '}}}'
  } >>body
  expect 200 '{"result":"stored",*' formantai body
}

@test "numbers beyond 64 bits are stored" {
  sed -i 's/"score":4/"score":123456789012345678901234567890,"e":1e999/' body
  expect 200 '{"result":"stored",*' formantai body
}

@test "healthz tells the state of the store" {
  expect 200 '{*}' send healthz -X GET
  jq -e '.journal == "wal"' <<<"${lines[0]}"
}

# In the header that it belongs to, in that of another scheme, in any other,
# in the address: the sender may be right, and the source's scheme wrong.
@test "P7 no secret is in the store or in the log" {
  # shellcheck disable=SC2153 # it is the environment's
  formantai body -H "Authorization: Bearer $SECRET" >/dev/null
  for header in "Authorization: Bearer $SECRET" "X-Vapi-Secret: $SECRET" \
    "X-Api-Key: $SECRET" "X-Caller: Bearer $SECRET" "Cookie: id=$SECRET" \
    "X-Original-URL: /callbook/calls?token=$SECRET"; do
    send calls -H "$header" --data-binary @body >/dev/null
  done
  send "calls?a=1&token=$SECRET&%61pi_key=$SECRET" --data-binary @body >/dev/null
  [ "$(sql "$DIR" "SELECT count(*) >= 7 FROM rejected")" = 1 ]
  [ "$(sql "$DIR" "SELECT count(*) FROM rejected
    WHERE instr(headers, 'hmac-sha256:')")" -ge 7 ]
  run ! grep -aqF "$SECRET" "$DIR"/callbook.db* "$DIR"/{server,programs}.log \
    "$DIR/server.out"
  # Nor a hash that anybody could make of a guess.
  for secret in "$SECRET" "Bearer $SECRET"; do
    hash=$(printf %s "$secret" | sha256sum)
    run ! grep -aqF "${hash%% *}" "$DIR"/callbook.db*
  done
  [ "$(stat -c '%a %s' "$DIR/callbook.db-key")" = '600 32' ]
}

@test "a token that was rejected is verified again when the secret is corrected" {
  expect 401 "$(problem 401)" send voice -H 'Authorization: bearer  later' \
    --data-binary "@$data/vapi/end-of-call-report.json"
  row=$(sql "$DIR" "SELECT max(id) FROM rejected")
  (umask 077 && echo later >"$DIR/later")
  sed '/source voice/,/secret_file/s/= secret/= later/' "$DIR/callbook.conf" \
    >"$DIR/later.conf"
  mv "$DIR/callbook.db-key" key
  run -1 "$BIN/callbook" quarantine requeue -c "$DIR/later.conf" --rejected "$row"
  [[ $output == *"cannot be verified without"*callbook.db-key* ]]
  mv key "$DIR/callbook.db-key"
  run -0 "$BIN/callbook" quarantine requeue -c "$DIR/later.conf" --rejected "$row"
  [[ $output == *"stored as event"* ]]
}

# refused SOURCE REASON - how many are counted, those in memory too.
refused() {
  curl -sf "$URL/healthz" >/dev/null || return
  sql "$DIR" "SELECT coalesce(sum(count), 0) FROM refused
    WHERE source = '$1' AND reason = '$2'"
}

# grew SOURCE REASON BEFORE - healthz keeps its verdict for a second.
grew() {
  [ "$(refused "$1" "$2")" -gt "$3" ]
}

@test "what is refused is counted by source and reason, and logged once" {
  event "$n" 262145 >over
  before=$(refused quiet too_large)
  expect 413 "$(problem 413)" send quiet --data-binary @over
  wait_for grew quiet too_large "$before"
  before=$(refused quiet method)
  expect 405 "$(problem 405)" send quiet -X PUT --data-binary @body
  wait_for grew quiet method "$before"
  before=$(refused quiet type)
  TYPE=text/plain expect 415 "$(problem 415)" send quiet --data-binary @body
  wait_for grew quiet type "$before"
  before=$(refused '' not_found)
  expect 404 "$(problem 404)" send stranger-1 --data-binary @body
  expect 404 "$(problem 404)" send stranger-2 --data-binary @body
  wait_for grew '' not_found "$((before + 1))"
  [ "$(sql "$DIR" "SELECT count(*) FROM refused
    WHERE source LIKE 'stranger%'")" = 0 ]
  [ "$(sql "$DIR" "SELECT max(last) / 1000 > unixepoch() - 60 FROM refused
    WHERE source = 'quiet'")" = 1 ]
  log=$DIR/programs.log
  [ "$(grep -c '\[source quiet\] refused: 413' "$log")" = 1 ]
  run ! grep '\[source quiet\] refused: 4[01]5' "$log"
  # The report tells them too.
  cat >report.conf <<END
[callbook]
store = $DIR/callbook.db
[report]
access = public
[source quiet]
provider = atoms
auth = none
END
  page() {
    env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET PATH_INFO="$1" \
      SCRIPT_NAME=/r ASAN_OPTIONS="${ASAN_OPTIONS-}" \
      "$BIN/report.cgi" -c report.conf
  }
  page /metrics >metrics
  grep -q '^callbook_refused_total{source="quiet",reason="too_large"} 1$' metrics
  grep -q '^callbook_refused_total{source="",reason="not_found"} ' metrics
  page /deliveries >deliveries
  grep -q '413: larger than max_body' deliveries
  grep -q 'no source of that name' deliveries
  page /attention >attention
  grep -q 'id="refused"' attention
  run ! grep -q 'no source of that name' attention
}

@test "a burst with a wrong secret comes back when the secret is corrected" {
  for i in {1..150}; do
    event "8$(printf '%05d' "$i")" >"burst.$i"
    printf 'next\nurl = "%s/sales"\nsilent\noutput = "/dev/null"\n' "$URL"
    printf 'data-binary = "@burst.%s"\nwrite-out = "%%{http_code}\\n"\n' "$i"
    printf 'header = "Content-Type: application/json"\n'
    printf 'header = "X-FormantAI-Signature: sha256=%s"\n' \
      "$(hmac "burst.$i" new-secret)"
  done | sed 1d >requests
  curl -s -K requests | sort | uniq -c >answers
  cat answers
  [ "$(cat answers)" = '    150 401' ]
  sed 's/^secret_file.*/secret_file = new/; s/^key_file.*/auth = none/
    /^auth = rsa/d' "$DIR/callbook.conf" >"$DIR/corrected.conf"
  (umask 077 && echo new-secret >"$DIR/new")
  "$BIN/callbook" quarantine requeue -c "$DIR/corrected.conf" --rejected --all \
    >requeued || :
  tail -n 3 requeued
  [ "$(sql "$DIR" "SELECT count(*) FROM event WHERE id LIKE 'evt-8%'")" = 150 ]
}
