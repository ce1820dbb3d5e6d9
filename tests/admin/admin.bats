#!/usr/bin/env bats
# The callbook command, each sub-command right and wrong.
#
# Bats sets output, lines and stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup() {
  site
}

teardown() {
  [ -z "${BACKGROUND-}" ] || ! kill "$BACKGROUND" 2>/dev/null ||
    wait "$BACKGROUND" || :
}

# some_events - four of them from four sources, one delivered twice.
some_events() {
  signed sales "$DATA/formantai/call.completed.json"
  signed sales "$DATA/formantai/call.completed.json"
  signed support "$DATA/recho/OUTBOUND_CALL_COMPLETED.with-errors.json"
  signed quick "$DATA/atoms/post-conversation.json"
  signed old "$DATA/atoms-v1/call.end.json"
} >answers

# everything - all rows, but for the index of words, which has or has not yet
# the last calls.
everything() {
  sqlite3 callbook.db .dump |
    grep -av -e '^[^(]*search' -e "^INSERT INTO meta VALUES('search"
}

gone() {
  ! kill -0 "$BACKGROUND" 2>/dev/null
}

lines_in() {
  [ "$(wc -l <"$1")" = "$2" ]
}

# misread NAME - a definition of one's own for NAME that finds no event type.
misread() {
  callbook provider show "$1" | jq '.event.type = "/no/such/member"' >misread
  mv misread "providers/$1.json"
}

# --- the command line ---------------------------------------------------------

@test "every command has --help" {
  run -0 callbook --help
  has "usage: callbook"
  for command in check send provider show export quarantine rebuild; do
    has "  $command"
    run -0 callbook "$command" --help
    has "usage: callbook $command"
    run -0 callbook --help
  done
  run -0 callbook --version
  has "callbook 0."
}

# wrong TEXT ARGUMENT... - status 2, nothing on standard output, and one line
# that says TEXT and points to --help.
wrong() {
  local text=$1
  shift
  run -2 --separate-stderr callbook "$@"
  [ -z "$output" ]
  output=$stderr
  has "$text"
  has "--help"
  [ "${#stderr_lines[@]}" = 1 ]
}

@test "a wrong call is told in one line, status 2" {
  wrong "no command given"
  wrong "no command 'chek'" chek
  wrong "--verbose" --verbose
  wrong "-c" -c
  wrong "--fast" check --fast
  wrong "'now'" check now
  wrong "--source" send body.json
  wrong "FILE" send --source sales
  wrong "--url" send --url
  wrong "NAME: VALUE" send --source sales --header nonsense body.json
  wrong "list" provider
  wrong "list" provider lst
  wrong "list" provider show
  wrong "CALL" show
  wrong "CALL" show a b
  wrong "'soon'" export --after soon
  wrong "'-5'" export --after -5
  wrong "'x'" export x
  wrong "list" quarantine
  wrong "'x' is no row" quarantine show x
  wrong "one ROW" quarantine show
  wrong "--all" quarantine requeue
  wrong "--all" quarantine requeue --all 1
  wrong "'x'" rebuild x
}

@test "-c before and after the command wins over CALLBOOK_CONFIG" {
  signed sales "$DATA/formantai/call.completed.json"
  export CALLBOOK_CONFIG=/nonexistent
  run -0 callbook -c callbook.conf export
  run -0 callbook export -c callbook.conf
  run -1 callbook export
  has "/nonexistent"
}

@test "a faulty configuration: every fault, status 1" {
  sed -i 's/^store.*/stoer = x/; s/^auth = none/answer = 201/' callbook.conf
  for command in check "export" "show x" "rebuild" "quarantine list" \
    "send --source sales body"; do
    # shellcheck disable=SC2086
    run -1 callbook $command
    has "callbook.conf:2: "
    has "answer"
  done
}

@test "a store that is not there is not made by looking" {
  for command in export "show x" "quarantine list" rebuild \
    "quarantine requeue --all"; do
    # shellcheck disable=SC2086
    run -1 callbook $command
    has callbook.db
  done
  [ ! -e callbook.db ]
}

@test "a full disk is noticed" {
  some_events
  for command in export "provider list" "provider show recho" check; do
    # shellcheck disable=SC2086
    run -1 bash -c '"$@" >/dev/full' bash "$BIN/callbook" $command
    has "No space left"
  done
}

@test "with a standard stream closed nothing is written into the store's files" {
  some_events
  for command in export 'export --raw' 'backup -' 'backup --compress -' \
    'provider list' check; do
    # shellcheck disable=SC2086
    run -1 bash -c '"$@" >&-' bash "$BIN/callbook" $command
    has 'Bad file descriptor'
  done
  "$BIN/callbook" rebuild <&- >&- 2>&- || [ "$?" = 1 ]
  signed sales "$DATA/formantai/call.busy.json" >&- || :
  [ "$(stat -c %s callbook.db-lock)" -le 4096 ]
  run -1 grep -a 'e36853de\|specversion\|Content-Type' callbook.db-lock
  [ "$(sqlite3 callbook.db 'PRAGMA integrity_check')" = ok ]
}

@test "a reader that goes away is noticed, without a word" {
  some_events
  mkfifo pipe
  exec 7<>pipe
  "$BIN/callbook" export --follow >pipe 2>errors 3>&- 7>&- &
  BACKGROUND=$!
  # The reader takes a line and leaves; nothing more is ever written.
  head -n 1 pipe 7>&- >/dev/null
  exec 7>&-
  wait_for gone
  wait "$BACKGROUND" || :
  BACKGROUND=
  [ ! -s errors ]
}

# --- check --------------------------------------------------------------------

@test "check: before the first event and after" {
  run -0 callbook check
  has "ok    configuration: "
  has "warn  store: $PWD/callbook.db is not there yet"
  has "ok    source sales: formantai"
  has "ok    source support: recho, auth rsa"
  has "warn  source open: "
  some_events
  run -0 callbook check --deep
  has "ok    store: 4 events, 4 calls"
  has "ok    integrity: "
  has "ok    journal: wal"
  has "SQLite: $(sqlite3 --version | cut -d ' ' -f 1)"
  has "disk: "
  has_not FAIL
  # Each line is a finding.
  [ "$(grep -cvE '^(ok  |warn|FAIL)  ' <<<"$output")" = 0 ]
}

@test "check: every source's fault, and goes on" {
  sed -i 's/^provider = atoms$/provider = atmos/; s/^auth = rsa/auth = dsa/' \
    callbook.conf
  : >empty
  chmod 600 empty
  cat >>callbook.conf <<END
[source hollow]
provider = formantai
secret_file = empty
END
  run -1 callbook check
  has "FAIL  source quick: line "
  has "'atmos'"
  has "FAIL  source support: "
  has "auth names no scheme of recho: there are rsa, rsa-pss, bearer, none"
  has "FAIL  source hollow: "
  has "store: directory"
}

@test "check: a faulty definition" {
  echo '{"provider": 1}' >providers/mine.json
  run -1 callbook check
  has "FAIL  providers: "
  has "mine.json"
}

@test "check: a place that a web server serves, and none at all" {
  mkdir -p public_html/data
  sed -i 's|^store.*|store = public_html/data/callbook.db|' callbook.conf
  run -0 callbook check
  has "warn  store: "
  has "/public_html/"
  sed -i 's|^store.*|store = nowhere/callbook.db|' callbook.conf
  run -1 callbook check
  has "FAIL  store: directory $PWD/nowhere"
}

@test "check: another time zone asks for a rebuild" {
  some_events
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  run -0 callbook check
  has "warn  time zone: "
  has "callbook rebuild"
  run -0 callbook rebuild
  run -0 callbook check
  has "ok    time zone: Asia/Kolkata"
}

@test "check: a damaged store, and a file that is none" {
  for i in {1..40}; do
    sed "s/evt_1c58c5d8c55a/evt_$i/; s/e36853de/e36853d$i/" \
      "$DATA/formantai/call.completed.json" | cgi open
  done >answers
  sqlite3 callbook.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  size=$(stat -c %s callbook.db)
  # Not the first page, which the opening looks at.
  dd if=/dev/urandom of=callbook.db bs=4096 seek=8 count=4 conv=notrunc \
    2>/dev/null
  [ "$(stat -c %s callbook.db)" = "$size" ]
  run -1 callbook check --deep
  has "FAIL  integrity: "
  echo 'this is no database, it is a line of text' >callbook.db
  rm -f callbook.db-*
  run -1 callbook check
  has "FAIL  store: "
}

@test "a damaged body is found, and the rest exported" {
  some_events
  sqlite3 callbook.db 'UPDATE event SET size = length(body) + 1 WHERE seq = 1'
  run -1 callbook check --deep
  has "FAIL  integrity: the body of event 1 is damaged"
  ! callbook export --raw >lines || return 1
  [ "$(jq -s 'map(.sequence | tonumber) == [2, 3, 4]' lines)" = true ]
  printf '\n[report]\nphones = full\n' >>callbook.conf
  run -0 report call/1
  has 'Status: 200'
  has 'The store cannot read it.'
  run -0 report event/1
  has 'Status: 500'
  run -1 callbook rebuild
  has "failed   1"
  run -0 exported --after 1
}

@test "damaged facts are found, and made again" {
  some_events
  sqlite3 callbook.db "UPDATE call SET facts = x'07' WHERE number = 1"
  run -1 callbook check --deep
  has "FAIL  integrity: the facts of call 1 are damaged: 'callbook rebuild'"
  run -0 callbook rebuild
  has "changed  1"
  run -0 callbook check --deep
  has "ok    integrity: sound"
}

@test "damaged daily numbers are found, and made again" {
  some_events
  for column in calls talk day; do
    sqlite3 callbook.db "UPDATE day SET $column = 9223372036854775807"
    run -1 callbook check --deep
    has "FAIL  integrity: the daily numbers of calls cannot be read: 'callbook"
    run -0 callbook rebuild
    run -0 callbook check --deep
    has "ok    integrity: sound"
  done
  sqlite3 callbook.db "UPDATE arrival SET count = -1"
  run -1 callbook check --deep
  has "FAIL  integrity: the numbers of what arrived cannot be read"
}

@test "check: what another user made by hand" {
  some_events
  if [ "$(id -u)" = 0 ]; then chown 1 callbook.db-lock
  else chmod 0 callbook.db-lock; fi
  run -1 callbook check
  has "FAIL  store: $PWD/callbook.db-lock"
}

@test "check: what is quarantined and rejected" {
  misread formantai
  signed sales "$DATA/formantai/call.completed.json"
  formantai_secret "$DATA/formantai/call.completed.json" wrong-secret
  run -0 callbook check
  has "warn  quarantine: 1 "
  has "warn  rejected: 1 "
}

# --- send ---------------------------------------------------------------------

# listener STATUS - an HTTP server that keeps a request in files and answers
# once.  Sets URL.
listener() {
  node -e '
    const fs = require("fs");
    const server = require("http").createServer((req, res) => {
      const body = [];
      req.on("data", d => body.push(d)).on("end", () => {
        fs.writeFileSync("request.body", Buffer.concat(body));
        fs.writeFileSync("request.json", JSON.stringify(
          { url: req.url, method: req.method, headers: req.headers }));
        res.writeHead(+process.argv[1], { Connection: "close" });
        res.end("{\"said\":\"\x1b[31mhello\"}");
        server.close();
      });
    }).listen(0, "127.0.0.1", () =>
      fs.writeFileSync("port", server.address().port + "\n"));
  ' "$1" 3>&- &
  BACKGROUND=$!
  wait_for test -s port
  URL=http://127.0.0.1:$(cat port)/hooks
}

asked() {
  jq -r "$1" request.json
}

@test "send: body, signature and headers arrive, the answer is shown" {
  listener 200
  run -0 callbook send --source sales --url "$URL/" --header 'X-Extra: 1' \
    "$DATA/formantai/call.completed.json"
  [ "${lines[0]}" = "200 OK" ]
  has '{"said":"\x1b[31mhello"}'
  cmp request.body "$DATA/formantai/call.completed.json"
  [ "$(asked .url)" = /hooks/sales ]
  [ "$(asked .method)" = POST ]
  [ "$(asked '.headers["content-type"]')" = application/json ]
  [ "$(asked '.headers["x-extra"]')" = 1 ]
  [ "$(asked '.headers["x-formantai-signature"]')" = "sha256=$(
    openssl dgst -sha256 -hmac correct-horse -r request.body |
      cut -d ' ' -f 1
  )" ]
}

@test "send --header: in place of one of that name, the signature too" {
  listener 200
  run -0 callbook send --source sales --url "$URL/" \
    --header 'x-FORMANTAI-signature: sha256=00' \
    --header 'Content-type: text/plain' "$DATA/formantai/call.completed.json"
  [ "$(asked '.headers["x-formantai-signature"]')" = sha256=00 ]
  [ "$(asked '.headers["content-type"]')" = text/plain ]
  # One of another name stays, though it begins alike.
  run -0 callbook send --source sales --url "$URL/" \
    --header 'X-FormantAI: 1' --print-curl \
    "$DATA/formantai/call.completed.json"
  has 'X-FormantAI-Signature: sha256='
  [ "$(grep -o -- "-H " <<<"$output" | wc -l)" = 3 ]
}

@test "send: the url of the configuration, standard input, a form" {
  listener 401
  sed -i "s|^store.*|&\nurl = $URL|" callbook.conf
  run -1 callbook send --source open --form - <<<'a=b'
  [ "${lines[0]}" = "401 Unauthorized" ]
  [ "$(cat request.body)" = a=b ]
  [ "$(asked .url)" = /hooks/open ]
  [ "$(asked '.headers["content-type"]')" = \
    application/x-www-form-urlencoded ]
}

@test "send: multipart, by its first line, and any type by --type" {
  listener 200
  printf -- '--x7 y\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--x7 y--\r\n' \
    event call_ended >parts
  run -0 callbook send --source open --url "$URL" parts
  cmp request.body parts
  [ "$(asked '.headers["content-type"]')" = \
    'multipart/form-data; boundary="x7 y"' ]
  run -0 callbook send --source open --url "$URL" --type text/plain \
    --print-curl parts
  has 'Content-Type: text/plain'
  head -n 1 parts >short
  run -1 callbook send --source open --url "$URL" short
  has 'short: begins as multipart does, and has no last line --x7 y--'
  echo -- >short
  run -1 callbook send --source open --url "$URL" short
  has 'no boundary of 1 to 70 bytes: give --type'
  run -2 callbook send --source open --url "$URL" --type '' parts
}

@test "send: RSA, verified by openssl" {
  listener 204
  run -0 callbook send --source support --url "$URL" --key private.pem \
    "$DATA/recho/OUTBOUND_CALL_BUSY.json"
  { printf '%s.' "$(asked '.headers["x-recho-timestamp"]')" &&
    cat request.body; } >signed
  asked '.headers["x-recho-signature"]' | base64 -d >signature
  openssl dgst -sha256 -verify public.pem -signature signature signed
}

@test "send: a token goes into the path" {
  callbook provider show formantai |
    jq '.provider = "mine" | .auth = {"token": {"type": "token"}}' >mine.json
  mv mine.json providers/
  printf 'unguessable-/%%?-0123456789' >token
  chmod 600 token
  cat >>callbook.conf <<END
[source own]
provider = mine
secret_file = token
END
  run -0 callbook send --print-curl --source own --url http://h/x token
  has "'http://h/x/own/unguessable-%2F%25%3F-0123456789'"
}

@test "send: what cannot work says what is missing" {
  body=$DATA/formantai/call.completed.json
  run -1 callbook send --source sales "$body"
  has "--url"
  run -1 callbook send --source nobody --url http://127.0.0.1:1 "$body"
  has "[source nobody]"
  run -1 callbook send --source support --url http://127.0.0.1:1 "$body"
  has key
  run -1 callbook send --source sales --url http://127.0.0.1:1 nofile
  has "nofile: No such file"
  run -1 callbook send --source sales --url http://127.0.0.1:1 "$body"
  has "127.0.0.1"
  run -1 callbook send --source sales --url file:///etc "$body"
  has "file"
}

@test "send --print-curl: the shell and curl do the same" {
  listener 200
  cp "$DATA/formantai/call.completed.json" "it's a body.json"
  line=$(callbook send --print-curl --source sales --url "$URL" \
    --header "X-Name: it's \$HOME" "it's a body.json")
  run -0 bash -c "$line"
  cmp request.body "it's a body.json"
  [ "$(asked '.headers["x-name"]')" = "it's \$HOME" ]
  [ "$(asked '.headers["x-formantai-signature"]')" = "sha256=$(
    openssl dgst -sha256 -hmac correct-horse -r request.body |
      cut -d ' ' -f 1
  )" ]
  [[ $line != *correct-horse* ]]
}

# --- provider -----------------------------------------------------------------

@test "provider list and show: built in, and one of one's own that wins" {
  run -0 callbook provider list
  has "formantai "
  has "recho "
  has "atoms "
  has "atoms-v1 "
  has "built in"
  callbook provider show recho >recho.json
  jq -e '.provider == "recho"' recho.json
  jq '.title = "My Recho"' recho.json >providers/recho.json
  run -0 callbook provider list
  has "My Recho"
  has "$PWD/providers/recho.json"
  run -1 callbook provider show nobody
  has "provider list"
}

@test "provider show >FILE begins a definition of one's own" {
  # The shell has made the file, empty, before the program starts.
  callbook provider show recho >providers/recho.json
  run -0 callbook provider list
  has "$PWD/providers/recho.json"
}

@test "provider needs no configuration" {
  unset CALLBOOK_CONFIG
  run -0 callbook provider list
  has "formantai "
  run -0 callbook provider check formantai
  has "formantai: ok"
  run -1 callbook -c nofile provider list
  has nofile
}

@test "provider check: file, key and reason of each fault" {
  callbook provider show formantai >mine.json
  run -0 callbook provider check ./mine.json
  has "./mine.json: ok"
  jq '.event.typ = .event.type | .call.started = 7' mine.json >bad.json
  run -1 callbook provider check bad.json
  has "bad.json: /event/typ: "
  has "bad.json: /call/started: "
  echo '{' >bad.json
  run -1 callbook provider check bad.json
  has "bad.json: "
  run -1 callbook provider check ./nofile.json
  has "nofile.json"
  run -1 callbook provider check nobody
  has "nobody"
}

@test "provider check FILE BODY: the event, and the call" {
  run -0 callbook provider check formantai \
    "$DATA/formantai/call.completed.json"
  has "call.completed, ended, completed, 2026-03-18T20:53:41.766Z, call "
  has "+918065177389"
  has "  results/intent = payment_confirmed"
  has "agent: Hello Rahul"
  run -0 callbook provider check --json formantai \
    "$DATA/formantai/call.completed.json"
  jq -e '.events[0] | .providertype == "call.completed" and
    .id == "evt_1c58c5d8c55a" and (.key | test("^[0-9a-f]{32}$")) and
    .state == "ended" and .outcome == "completed" and
    .from == "+918065177389" and .duration_ms == 142000 and
    .time == "2026-03-18T20:53:41.766Z"' <<<"$output"
  callbook provider show formantai >mine.json
  run -0 callbook provider check mine.json - \
    <"$DATA/formantai/call.no_answer.json"
  has 'no_answer'
}

@test "provider check FILE BODY...: the bodies of one call are folded" {
  run -0 callbook provider check --json retell \
    "$DATA"/retell/call_{started,ended,analyzed}.json
  jq -e '(.events | length) == 3 and (.calls | length) == 1 and
    (.calls[0] | .state == "analyzed" and .outcome == "completed" and
      .answered and .duration_ms == 61750 and
      .summary == "The agent confirmed the appointment with Omar." and
      .facts["analysis/user_sentiment"] == "Positive")' <<<"$output"
  # Two calls, and an event that is about none.
  run -0 callbook provider check --json elevenlabs \
    "$DATA"/elevenlabs/{post_call_transcription,call_initiation_failure}.json \
    "$DATA/elevenlabs/voice_removed.json"
  jq -e '(.events | length) == 3 and (.calls | length) == 2' <<<"$output"
  run -0 callbook provider check formantai \
    "$DATA/formantai/call.completed.json" "$DATA/formantai/call.completed.json"
  has "the same event as $DATA/formantai/call.completed.json"
  # The second leg is known by both ids, the third event by its own alone.
  callbook provider show formantai | jq '.event = {type: "/t", key: ["body"]} |
    .call = {id: "/a", alias: ["/b"], from: "/from", to: "/to"} |
    .types = {x: {state: "ended"}}' >legs.json
  echo '{"t": "x", "a": "1", "from": "f"}' >one.json
  echo '{"t": "x", "a": "2", "to": "t"}' >two.json
  echo '{"t": "x", "a": "1", "b": "2"}' >both.json
  echo '{"t": "x", "a": "3"}' >other.json
  run -0 callbook provider check --json legs.json {one,two,other,both}.json
  jq -e '[.calls[] | [.call, .from, .to]] == [["1", "f", "t"],
    ["3", null, null]]' <<<"$output"
}

@test "provider check: a body that cannot be mapped is a fault" {
  printf '{\n "event_type": }' >broken.json
  run -1 callbook provider check formantai broken.json
  has "broken.json: the body is no JSON: "
  has "(line 2, column 16)"
  # The others are told all the same.
  run -1 callbook provider check formantai broken.json \
    "$DATA/formantai/call.busy.json"
  has "call.busy, ended, busy"
  run -1 callbook provider check formantai - <<<'{"a": 1}'
  has "no type of event at /event_type"
  run -1 callbook provider check formantai nofile
  has nofile
  run -2 callbook provider check --header nonsense formantai \
    "$DATA/formantai/call.completed.json"
  has "--header wants 'NAME: VALUE'"
  run -2 callbook provider check
  has "check wants a definition"
}

@test "provider check: a member that is written twice is told with both lines" {
  callbook provider show formantai >mine.json
  sed 's/"call.busy"/"call.failed"/' mine.json >twice.json
  line=$(grep -n '"call.failed"' twice.json | tail -1 | cut -d: -f1)
  first=$(grep -n '"call.failed"' twice.json | head -1 | cut -d: -f1)
  ((first < line))
  run -1 callbook provider check ./twice.json
  has "twice.json: /types/call.failed: line $line, column "
  has "is written a second time, the first is in line $first"
}

@test "provider check: what of bodies and definition has no use for the other" {
  callbook provider show formantai |
    jq 'del(.call.trace, .types["call.busy"]) |
      .call.reason = ["/data/call/why", "/data/call/failure_reason"] |
      .call.direction = {at: "/data/call/status", map: {x: "inbound"}} |
      .call.facts = {}| .call.facts.first = "/data/results"' >mine.json
  run -0 callbook provider check --json ./mine.json \
    "$DATA"/formantai/call.{completed,busy,failed}.json
  jq -e '(.unused | map(.place) | index("/data/call/trace_id") and
      index("/data/call/call_parameters") and index("/data/retry_context")
      and (index("/data/call/status") | not)
      and (index("/data/results/intent") | not)) and
    (.missing | any(. == {place: "/data/call/why", where: "/call/reason/0"}))
    and (.missing | any(.place == "/data/call/failure_reason") | not) and
    .unknown_types == [{type: "call.busy"}] and
    (.unknown_words | any(. == {word: "completed", where: "/call/direction"}))
    ' <<<"$output"
  run -0 callbook provider check ./mine.json \
    "$DATA"/formantai/call.{completed,busy}.json
  has "In the bodies, and used by nothing"
  has "  /call/reason/0: /data/call/why"
  has "Types that the table does not know"
  # A list is told once, by its entries.
  jq '.event.type = "/t" | .call = {id: "/c", transcript: {at: "/said",
    format: "turns", speaker: "/who", text: "/text"}} |
    .types = {x: {state: {at: "/s", map: {up: "connected"}}}}' \
    mine.json >list.json
  run -0 callbook provider check --json list.json - <<'END'
{"t": "x", "c": "1", "s": "down", "none": null,
 "said": [{"who": "a", "text": "b", "mood": 1}, {"text": "c", "mood": 2}]}
END
  jq -e '.unused == [{place: "/said/*/mood", value: "1"}] and
    .unknown_words == [{word: "down", where: "/types/x/state"}] and
    .tables_without_else == [{where: "/types/x/state"}] and
    .unsigned == []' <<<"$output"
  jq '.auth = {open: {type: "hmac", header: "X-S", signed: "{header:X-N}",
    unsigned_body: true}}' list.json >open.json
  run -0 callbook provider check open.json - <<<'{"t": "x", "c": "1"}'
  has "that leave the body, or a part of it, unsigned"
  has "  open"
}

@test "provider check: the kind of a body by its content, or by --type" {
  jq -n '{provider: "p", body: ["multipart", "jwt", "form"],
    auth: {t: {type: "token"}}, event: {type: "/t", key: ["body"]},
    call: {id: "/c"}, types: {x: {state: "ended"}}}' >kinds.json
  printf -- '--AbC\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r
--AbC\r\nContent-Disposition: form-data; name="c"\r\n\r\n17\r
--AbC--\r\n' >parts
  part() { printf '%s' "$1" | base64 -w0 | tr '+/' '-_' | tr -d =; }
  echo "$(part '{"alg":"HS256"}').$(part '{"t":"x","c":"18"}').c2ln" >token
  echo 't=x&c=19' >form
  run -0 callbook provider check --json kinds.json parts token form
  jq -e '[.events[].call] == ["17", "18", "19"]' <<<"$output"
  # The claims alone, as `send` takes them, where tokens are the bodies.
  echo '{"t":"x","c":"20"}' >claims.json
  run -0 callbook provider check --json kinds.json claims.json
  jq -e '[.events[].call] == ["20"]' <<<"$output"
  cp "$DATA/twilio/busy.form" sample
  echo >>sample
  run -0 callbook provider check twilio sample
  has "busy, ended, busy"
  callbook provider show formantai >mine.json
  run -0 callbook provider check mine.json \
    --type 'application/vnd.x+json' "$DATA/formantai/call.busy.json"
  has "call.busy"
  run -1 callbook provider check mine.json "$DATA/formantai/call.failed.json" \
    --type=text/plain "$DATA/formantai/call.busy.json"
  has "call.failed, ended"
  has "busy.json: a content type that is not understood: text/plain"
}

@test "provider check --header, --query: values from beside the body" {
  callbook provider show formantai |
    jq '.event.type = "header:X-Kind" | .call.reason = "query:why"' >mine.json
  run -0 callbook provider check --header 'X-Kind: call.busy' \
    --query 'why=so' mine.json "$DATA/formantai/call.completed.json"
  has 'call.busy, ended, busy'
  grep -q 'reason *so$' <<<"$output"
}

# --- draft --------------------------------------------------------------------

@test "provider draft: a definition that loads, and finds most of the call" {
  callbook provider draft --name bird "$DATA"/formantai/*.json \
    >providers/bird.json 2>said
  grep -q 'guesses; go through "review" in it' said
  jq -e '.provider == "bird" and .event.type == "/event_type" and
    .event.key == ["id"] and .call.id == "/data/call/conversation_id" and
    .types["call.no_answer"].outcome == "no_answer" and
    (.review | length > 10)' providers/bird.json
  run -0 callbook provider check bird
  has "bird: ok"
  has "guesses of a draft are to be reviewed"
  run -0 callbook provider check --json bird \
    "$DATA/formantai/call.completed.json"
  jq -e '.calls[0] | .outcome == "completed" and .duration_ms == 142000 and
    .from == "+918065177389" and (.transcript | length) > 1' <<<"$output"
  run -0 callbook provider draft - <"$DATA/twilio/completed.form"
  has '"/CallSid"'
}

@test "provider draft: what is no sample is told" {
  echo hello >text
  run -1 callbook provider draft text
  has "text: is neither JSON nor a form"
  run -1 callbook provider draft - <<<'[1]'
  has "is a list, not an object"
  printf '{\n"a": }' >broken.json
  run -1 callbook provider draft broken.json
  has "broken.json: is no JSON: line 2, column 6: "
  run -1 callbook provider draft - <<<'{"colour": "red"}'
  has "no member of the samples looks like the id of a call"
  run -2 callbook provider draft
  has "draft wants bodies"
  run -1 callbook provider draft --name 'Big Bird' \
    "$DATA/formantai/call.busy.json"
  has "must be of a-z, 0-9 and - only"
}

# literal N - the Nth literal display of the manual's examples.
literal() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$ROOT/src/man/callbook-provider.5" |
    awk -v n="$1" '/^\.Bd/ {i++; next} /^\.Ed/ {past = i} i == n && past < n'
}

@test "the manual's way from a body to a definition works from start to end" {
  literal 1 >finished.json
  cmp finished.json "$ROOT/tests/data/parrot/finished.json"
  # 2. Draft, as the manual has it; the draft can be used as it is.
  literal 2 >draft.sh
  # shellcheck source=/dev/null
  source ./draft.sh
  run -0 callbook provider check parrot finished.json
  has 'call.finished, ended, completed'
  has '+15550100002'
  has 'guesses of a draft'
  # 3. The lines of its review that the manual shows are there.
  jq -r '.review[]' providers/parrot.json >review
  while read -r line; do grep -qF "$line" review; done < <(
    literal 3 | sed 's/^ *"\{0,1\}//; s/"\{0,1\},\{0,1\}$//')
  # The finished one, and what is said of a fault in it.
  literal 4 >providers/parrot.json
  cmp providers/parrot.json "$ROOT/tests/data/parrot/parrot.json"
  # 4. Check.
  literal 5 >check.sh
  # shellcheck source=/dev/null
  run -0 source ./check.sh
  has "providers/parrot.json: ok"
  has 'call.finished, ended, completed'
  has '2026-05-28T20:26:35.000Z'
  cp providers/parrot.json good.json
  jq '.call.durations = .call.duration' good.json >providers/parrot.json
  run -1 callbook provider check providers/parrot.json
  has "$(literal 6)"
  cp good.json providers/parrot.json
  cat >>callbook.conf <<END
[source desk]
provider = parrot
secret_file = secret
END
  run -0 callbook check
  has "source desk: parrot, auth hmac"
  run -0 signed desk finished.json
  has '"stored"'
  run -0 callbook show p-17
  has "Hi there."
  jq '.kind = "call.level"' finished.json >level.json
  run -0 signed desk level.json
  has '{"result":"counted"}'
  run -0 callbook check
  has "1 call.level events of desk"
}

# examples - each example line of callbook-provider(5), after the name of its
# part and a tab.  A line that begins with two spaces goes on with the one
# before.
examples() {
  awk '
    function flush() { if (line != "") print part "\t" line; line = "" }
    /^\.Ss / { flush(); part = $2 }
    /^\.Sh EXAMPLES/ { flush(); exit }
    /^\.Dl / {
      sub(/^\.Dl /, "")
      gsub(/\\\(dq/, "\"")
      if (sub(/^\\ \\ /, "")) { line = line $0; next }
      flush()
      line = $0
    }
    /^\.(It|Pp|El)/ { flush() }' "$ROOT/src/man/callbook-provider.5" |
    grep -P '\t["{[]'
}

# definitions PART - the definitions, one a line, that an example of that part
# on standard input may stand in.  It is right if one of them loads: a member
# such as unit is of some kinds of a value, padding of one type of a scheme.
definitions() {
  jq -cR --arg part "$1" '
    def base: {provider: "example", auth: {a: {type: "token"}},
      event: {type: "/type", key: ["body"]}, call: {id: "/id"},
      types: {ended: {}}};
    def used: if $part == "Top" then .call.summary = {at: "/s", map: "ends"}
      else .tables = {ends: {ok: "completed"}} end;
    (if startswith("\"") then "{\(.)}" else . end | fromjson) as $it |
    (startswith("\"") | not) as $whole |
    if $part == "Top" then base + $it
    elif $part == "Values" and $whole then
      ("summary", "started", "duration", "cost", "direction", "attempt")
        as $field | base | .call[$field] = $it
    elif $part == "Values" then
      base | .call.transcript = ({at: "/t"} +
        ({format: "lines", agent: "A", caller: "B"},
         {format: "turns", speaker: "/s", text: "/x", time: "/t"}) + $it)
    elif $part == "Authentication" and $whole then
      base + ({methods: ["POST", "GET"]}, {body: ["jwt"]}) | .auth.a = $it
    elif $part == "Authentication" then
      base + ({}, {body: ["form"]}) |
        .auth.a = ({type: ("hmac", "rsa", "ed25519"), header: "X"} +
          (if $it | has("time") then
            {signed: "{time}.{body}", separator: ","} else {} end) + $it)
    elif $part == "Handshakes" then
      base + (if $whole then {handshake: [$it]} else $it end)
    elif $part == "Events" then base | .event += $it
    elif $part == "Calls" then base | .call += $it
    elif $part == "Types" then
      base | .call += {duration: "/s", facts: {plan: "/plan"}} |
        (.types = $it), (.types.ended = $it)
    elif $part == "Copies" then base + $it
    else error("no way is known to load an example of \($part)") end |
    if tostring | contains("\"ends\"") then used else . end'
}

@test "every example of callbook-provider(5) is one that loads" {
  local part line found bad=() tried=0
  while IFS=$'\t' read -r part line; do
    found=
    while IFS= read -r definition; do
      printf '%s' "$definition" >example.json
      # shellcheck disable=SC2310
      if callbook provider check example.json >said 2>&1; then
        found=yes
        break
      fi
    done < <(definitions "$part" <<<"$line")
    [ -n "$found" ] || bad+=("$part: $line ($(cat said))")
    tried=$((tried + 1))
  done < <(examples)
  ((${#bad[@]} == 0)) || printf '%s\n' "${bad[@]}"
  ((${#bad[@]} == 0))
  # So many are written in the lists of members; none is passed over.
  ((tried > 75))
}

# --- show ---------------------------------------------------------------------

@test "show: a call with its events, facts and transcript" {
  some_events
  run -0 callbook show e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  has "Call e36853de-9cbb-441e-ad75-d3c8ac82abfb_1"
  has "sales"
  has "outcome         completed"
  has "+918065177389"
  has "2 min 22 s"
  has "call.completed"
  has "repeated 1 time,"
  has "results/intent = payment_confirmed"
  has "Yes, I can talk."
  has_not "Errors"
}

@test "show: errors, whatever the status says" {
  some_events
  run -0 callbook show 5d2c8a10-77f4-4e0b-9c1d-000000000150
  has "with_errors"
  has "RECORDING_FAILED"
  has "RecordingService.save"
  has "time of the event that told it"
  has_not "Transcript"
}

@test "show: a time that was not told is computed from the others, and says so" {
  jq -c 'del(.data.call.started_at)' "$DATA/formantai/call.completed.json" >late.json
  cgi open <late.json
  id=e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  run -0 callbook show "$id"
  has "flags           derived"
  has "started         2026-03-18T20:53:19.766Z  (computed from the other times)"
  run -0 callbook show --json "$id"
  jq -e '.record.started == "2026-03-18T20:53:19.766Z" and
    .record.derived == ["started"] and .record.flags == ["derived"]' \
    <<<"$output" >jq.out
}

@test "show: the same id in two sources, and none" {
  some_events
  cgi open <"$DATA/formantai/call.completed.json"
  run -0 callbook show e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  has "sales"
  has "open"
  [ "$(grep -c '^Call ' <<<"$output")" = 2 ]
  run -1 callbook show nobody
  has "no call 'nobody'"
}

@test "show --json: an object a line" {
  some_events
  run -0 callbook show --json e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  [ "${#lines[@]}" = 1 ]
  jq -e '.source == "sales" and .record.outcome == "completed" and
    .facts["results/intent"] == "payment_confirmed" and .errors == [] and
    (.events | length) == 1 and .events[0].repeats == 1 and
    .events[0].providertype == "call.completed"' <<<"$output"
  run -0 callbook show --json 5d2c8a10-77f4-4e0b-9c1d-000000000150
  jq -e '.record.flags == ["with_errors", "estimated"] and
    (.errors | map(.code)) == ["RECORDING_FAILED", "SUMMARY_FAILED"]' \
    <<<"$output"
}

# hostile - an event whose texts are orders to a terminal.
hostile() {
  jq -c '.event_id = "evt_h" |
    .event_type = "call.completed" |
    .data.call.conversation_id = "h\u001b]0;owned\u0007\u009b31m\u202e" |
    .data.call.failure_reason = "\u001b[2J\nok    forged" |
    .data.call.from_phone = "\u001b[31m+1" |
    .data.results = {"\u001b[1mk": "\u001b[5mv"} |
    .data.transcript = "BOT: \u001b[2Jx"' \
    "$DATA/formantai/call.completed.json"
}

@test "P8 orders to the terminal are shown, not obeyed" {
  hostile >hostile.json
  cgi open <hostile.json
  id=$(jq -r .data.call.conversation_id hostile.json)
  run -0 callbook show "$id"
  has 'Call h\x1b]0;owned\x07\xc2\x9b31m\xe2\x80\xae'
  has '\x1b[2J\x0aok    forged'
  run -1 callbook show "$id-not"
  # Neither here nor in any other page for people.
  sed 's/"data"/"dta"/' hostile.json | cgi open
  for command in "show $id" "show $id-not" "quarantine list" \
    "quarantine show 1" "provider check formantai hostile.json" \
    "provider check --json formantai hostile.json" "show --json $id" \
    "export" "export --raw"; do
    # shellcheck disable=SC2086
    callbook $command >page 2>&1 || :
    run -1 env LC_ALL=C grep -nP '\x1b|\x07|\xc2\x9b|\xe2\x80\xae' page
  done
  # It is the same text for who reads JSON.
  callbook export | jq -e --arg id "$id" 'select(.data.call == $id)' >/dev/null
  callbook show --json "$id" | jq -e --arg id "$id" '.record.call == $id'
}

# --- export -------------------------------------------------------------------

# exported [OPTION...] - into the file lines, checked by the SDK.
exported() {
  callbook export "$@" >lines
  node "$ROOT/tests/admin/cloudevents.mjs" <lines
}

@test "export: CloudEvents, in the order stored" {
  some_events
  run -0 exported
  [ "$output" = 4 ]
  jq -se 'map(.source) == ["/callbook/sales", "/callbook/support",
      "/callbook/quick", "/callbook/old"] and
    map(.provider) == ["formantai", "recho", "atoms", "atoms-v1"] and
    all(.sequence | test("^[0-9]{20}$")) and
    all(.id | test("^[0-9a-f]{32}$")) and
    all(.data.received | endswith("Z"))' lines
  head -n 1 lines | jq -e '.type == "callbook.call.ended" and
    .time == "2026-03-18T20:53:41.766Z" and
    .subject == "e36853de-9cbb-441e-ad75-d3c8ac82abfb_1" and
    .providertype == "call.completed" and .data.duration_ms == 142000'
}

@test "export: every fixture is a valid CloudEvent, with its body too" {
  for file in "$DATA"/formantai/*.json; do signed sales "$file"; done
  for file in "$DATA"/recho/*.json; do signed support "$file"; done
  for file in "$DATA"/atoms/*.json; do signed quick "$file"; done
  for file in "$DATA"/atoms-v1/*.json; do signed old "$file"; done
  run -0 exported
  [ "$output" = "$(sqlite3 callbook.db 'SELECT count(*) FROM event')" ]
  [ "$output" -ge 30 ]
  run -0 exported --raw
  jq -se 'all(.data | (.raw | fromjson) and
    .raw_content_type == "application/json")' lines
}

@test "export --after: from there on, zeros or not" {
  some_events
  exported --after 0
  second=$(sed -n 2p lines | jq -r .sequence)
  for after in "$second" 2; do
    run -0 exported --after "$after"
    [ "$output" = 2 ]
    head -n 1 lines | jq -e '.source == "/callbook/quick"'
  done
  run -0 exported --after 0
  [ "$output" = 4 ]
  run -0 exported --after 999
  [ "$output" = 0 ]
}

@test "export --follow: new events come; SIGTERM ends it well" {
  signed sales "$DATA/formantai/call.completed.json"
  "$BIN/callbook" export --follow >lines 3>&- &
  BACKGROUND=$!
  wait_for lines_in lines 1
  signed sales "$DATA/formantai/call.busy.json"
  wait_for lines_in lines 2
  sed -n 2p lines | jq -e '.providertype == "call.busy"'
  kill "$BACKGROUND"
  wait "$BACKGROUND"
  BACKGROUND=
}

@test "export --follow: goes on with a store that took the place of the first" {
  signed sales "$DATA/formantai/call.completed.json"
  signed sales "$DATA/formantai/call.busy.json"
  "$BIN/callbook" export --follow >lines 2>errors 3>&- &
  BACKGROUND=$!
  wait_for lines_in lines 2
  rm callbook.db callbook.db-*
  signed sales "$DATA/formantai/call.no_answer.json"
  wait_for lines_in lines 3
  sed -n 3p lines | jq -e '.providertype == "call.no_answer"'
  grep 'was replaced' errors
  signed sales "$DATA/formantai/call.failed.json"
  wait_for lines_in lines 4
  kill "$BACKGROUND"
  wait "$BACKGROUND"
  BACKGROUND=
}

@test "export: states, and an event of no call" {
  signed support "$DATA/recho/OUTBOUND_CALL_CALLING.json"
  jq '.eventType = "OUTBOUND_CALL_DANCED"' \
    "$DATA/recho/OUTBOUND_CALL_CALLING.json" >new.json
  signed support new.json
  jq 'del(.body.data) | .eventType = "PROJECT_CHANGED"' \
    "$DATA/recho/OUTBOUND_CALL_CALLING.json" >none.json
  signed support none.json
  run -0 exported
  [ "$output" = 3 ]
  jq -se 'map(.type) == ["callbook.call.ringing", "callbook.call.unknown",
    "callbook.event"] and (.[2] | has("subject") | not)' lines
}

@test "export: hostile ids stay valid attributes, data tells them exactly" {
  hostile >hostile.json
  cgi open <hostile.json
  run -0 exported
  jq -e '.subject == "h\ufffd]0;owned\ufffd\ufffd31m\u202e" and
    .data.call == "h\u001b]0;owned\u0007\u009b31m\u202e"' lines
}

@test "export --raw: a compressed body in base64" {
  gzip -n <"$DATA/formantai/call.completed.json" >body.gz
  cgi open HTTP_CONTENT_ENCODING=gzip <body.gz
  run -0 exported --raw
  jq -e '.data | has("raw") | not' lines
  jq -r .data.raw_base64 lines | base64 -d | cmp - body.gz
}

@test "export: an event whose definition is gone is a line all the same" {
  callbook provider show formantai | jq '.provider = "mine"' >mine.json
  mv mine.json providers/
  cat >>callbook.conf <<END
[source own]
provider = mine
auth = none
END
  cgi own <"$DATA/formantai/call.completed.json"
  signed sales "$DATA/formantai/call.busy.json"
  rm providers/mine.json
  run -1 --separate-stderr callbook export
  [[ $stderr == *mine* ]]
  [ "${#lines[@]}" = 2 ]
  jq -e '.type == "callbook.event" and (.data | keys) ==
    ["received", "unmapped"] and (has("providertype") | not)' \
    <<<"${lines[0]}"
  node "$ROOT/tests/admin/cloudevents.mjs" <<<"$output"
  run -1 callbook export --raw
}

# --- quarantine ---------------------------------------------------------------

@test "quarantine: list, show, and requeue after the definition is mended" {
  misread formantai
  for name in completed busy; do
    signed sales "$DATA/formantai/call.$name.json"
  done
  run -0 callbook quarantine list
  [ "${#lines[@]}" = 3 ]
  has "sales"
  run -0 callbook quarantine show 1
  has "formantai"
  has '"evt_1c58c5d8c55a"'
  callbook quarantine show --raw 1 | cmp - \
    "$DATA/formantai/call.completed.json"

  run -1 callbook quarantine requeue --all
  has "row 1: stays: "
  has "row 2: stays: "
  rm providers/formantai.json
  run -0 callbook quarantine requeue 2
  has "row 2: stored as event 1"
  run -1 callbook quarantine requeue 2
  has "row 2: stays: "
  run -0 callbook quarantine requeue --all
  has "row 1: stored as event 2"
  run -0 callbook quarantine list
  [ -z "$output" ]
  run -1 callbook quarantine show 1
  has "no row 1"
  run -0 exported
  [ "$output" = 2 ]
  run -0 callbook show e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  has completed
}

@test "quarantine requeue: what its source drops is stored of none of it" {
  misread formantai
  # One came before the configuration said so, the other after.
  signed sales "$DATA/formantai/call.completed.json"
  sed -i 's/^\[source sales\]/&\ndrop = transcript, recording, facts:parameters\/customer_name/' \
    callbook.conf
  jq -c '.event_id = "second" | .data.call.conversation_id = "c-2"' \
    "$DATA/formantai/call.completed.json" >second.json
  run -0 signed sales second.json
  has '"quarantined"'
  rm providers/formantai.json
  run -0 callbook quarantine requeue --all
  has 'row 1: stored as event 1'
  has 'row 2: stored as event 2'
  for call in e36853de-9cbb-441e-ad75-d3c8ac82abfb_1 c-2; do
    run -0 callbook show "$call"
    has completed
    has LN-12345
    has_not 'Yes, I can talk'
  done
  run -0 --separate-stderr callbook export --raw
  has LN-12345
  for word in 'I can talk' /recording customer_name; do has_not "$word"; done
  run -0 callbook rebuild
  has 'changed  0'
  # As a whole again, each is a repetition.
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has '{"result":"duplicate","event":1}'
  run -0 signed sales second.json
  has '{"result":"duplicate","event":2}'
  run -0 callbook quarantine list
  [ -z "$output" ]
}

@test "quarantine requeue: what was stored already goes" {
  signed sales "$DATA/formantai/call.completed.json"
  misread formantai
  signed sales "$DATA/formantai/call.completed.json"
  rm providers/formantai.json
  run -0 callbook quarantine requeue --all
  has "already, event 1"
  run -0 callbook quarantine list
  [ -z "$output" ]
}

@test "quarantine --rejected: requeue after the secret is corrected" {
  body=$DATA/formantai/call.completed.json
  formantai_secret "$body" new-secret
  formantai_secret "$DATA/formantai/call.busy.json" somebody-elses
  run -0 callbook quarantine list --rejected
  [ "${#lines[@]}" = 4 ]
  has "wrong"
  has "2 kept, a sample of 2 that came"
  run -0 callbook quarantine show --rejected 1
  has "x-formantai-signature"
  run -1 callbook quarantine requeue --rejected --all
  has "row 1: stays: "
  echo new-secret >secret
  run -1 callbook quarantine requeue --rejected --all
  has "row 1: stored as event 1"
  has "row 2: stays: "
  run -0 exported
  [ "$output" = 1 ]
  run -0 callbook quarantine list --rejected
  [ "${#lines[@]}" = 3 ]
  has "1 kept, a sample of 2 that came"
}

@test "quarantine --rejected: of a type that is only counted, the number" {
  body=$DATA/formantai/call.busy.json
  callbook provider show formantai >formantai.json
  jq '.types["call.busy"] = {"keep": "count"}' formantai.json \
    >providers/formantai.json
  formantai_secret "$body" new-secret
  echo new-secret >secret
  run -0 callbook quarantine requeue --rejected --all
  has "row 1: counted"
  run -1 callbook quarantine show --rejected 1
  run -0 exported
  [ "$output" = 0 ]
  run -0 callbook check
  has "1 call.busy events of sales"
}

@test "quarantine --rejected: RSA with its time, after the key is corrected" {
  cp public.pem right.pem
  openssl genpkey -algorithm RSA -out other.pem 2>/dev/null
  openssl pkey -in other.pem -pubout -out public.pem
  signed support "$DATA/recho/OUTBOUND_CALL_BUSY.json"
  cp right.pem public.pem
  run -0 callbook quarantine requeue --rejected --all
  has "stored as event 1"
}

# --- rebuild ------------------------------------------------------------------

@test "P3 rebuild changes nothing" {
  some_events
  for file in "$DATA"/recho/*.json; do signed support "$file"; done >answers
  everything >before
  run -0 callbook rebuild
  has "events"
  has "changed  0"
  has "failed   0"
  everything | cmp before -
}

@test "rebuild: a mended definition is applied to what is stored" {
  callbook provider show formantai | jq '.call.agent = "/no/agent"' >mine.json
  mv mine.json providers/formantai.json
  signed sales "$DATA/formantai/call.completed.json"
  run -0 callbook show e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  has_not "497"
  rm providers/formantai.json
  run -0 callbook rebuild
  run -0 callbook show e36853de-9cbb-441e-ad75-d3c8ac82abfb_1
  has "agent           497"
}

@test "rebuild: the zone of a source is that of its times without an offset" {
  callbook provider show formantai |
    jq '.provider = "clock" | .auth = {t: {type: "token"}} |
      .event.type = "/kind" | .event.key = ["body"] | del(.event.time) |
      .call = {id: "/id", started: "/at"} | .types = {over: {state: "ended"}}' \
      >providers/clock.json
  cat >>callbook.conf <<END
[source desk]
provider = clock
auth = none
zone = America/New_York
END
  echo '{"kind": "over", "id": "c-1", "at": "2026-07-01 12:00:00"}' >body
  cgi desk <body >answers
  run -0 callbook export
  has '"started":"2026-07-01T16:00:00.000Z"'
  sed -i 's/^zone = .*/zone = Asia\/Tokyo/' callbook.conf
  run -0 callbook rebuild
  has "changed  1"
  run -0 callbook export
  has '"started":"2026-07-01T03:00:00.000Z"'
  sed -i 's/^zone = .*/zone = Asia\/Atlantis/' callbook.conf
  run -1 callbook rebuild
  has 'this system knows no time zone "Asia/Atlantis"'
}

@test "rebuild: forms of parts and tokens are read as when they came" {
  callbook provider show formantai |
    jq '.provider = "parts" | .auth = {t: {type: "token"}} |
      .body = ["multipart", "jwt"] |
      .event.type = "/kind" | .event.key = ["body"] | del(.event.time) |
      .call = {id: "/id", agent: "/bot"} | .types = {over: {state: "ended"}}' \
      >providers/parts.json
  printf '[source desk]\nprovider = parts\nauth = none\n' >>callbook.conf
  printf -- '--x y\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' \
    kind over id c-1 bot b-1 >body
  printf -- '--x y--\r\n' >>body
  cgi desk 'CONTENT_TYPE=multipart/form-data; boundary="x y"' <body >answers
  printf 'e30.%s.AA' "$(printf '{"kind":"over","id":"c-2","bot":"b-2"}' |
    base64 -w0 | tr -d = | tr /+ _-)" >body
  cgi desk CONTENT_TYPE=application/jwt <body >>answers
  [ "$(grep -c '"stored"' answers)" = 2 ]
  run -0 callbook export
  has '"call":"c-1","agent":"b-1"'
  has '"call":"c-2","agent":"b-2"'
  run -0 callbook rebuild
  has "changed  0"
  has "failed   0"
}

@test "rebuild: what cannot be mapped any more is told and kept" {
  some_events
  misread recho
  run -1 callbook rebuild
  has "failed   1"
  has "support"
  run -0 callbook show 5d2c8a10-77f4-4e0b-9c1d-000000000150
  has "completed"
}

@test "rebuild: a body kept without its bulk changes nothing" {
  cat >>callbook.conf <<END
[source voice]
provider = elevenlabs
auth = none
drop_bulk = yes
END
  for name in audio transcription audio; do
    cgi voice <"$DATA/elevenlabs/post_call_$name.json"
  done >answers
  [ "$(grep -c '"stored"' answers)" = 2 ]
  [ "$(grep -c '"duplicate"' answers)" = 1 ]
  everything >before
  run -1 grep full_audio before
  run -0 callbook rebuild
  has "changed  0"
  has "failed   0"
  everything | cmp before -
  run -0 callbook show conv_01jx9a7f5t6h8p2d0s3c
  has "completed"
}

@test "P3 every fixture of the platforms that anybody may choose from" {
  for name in vapi retell bland elevenlabs standard-webhooks twilio; do
    printf '[source %s]\nprovider = %s\nauth = none\n' "$name" "$name"
  done >>callbook.conf
  for name in vapi retell bland elevenlabs standard-webhooks; do
    for file in "$DATA/$name"/*.json; do cgi "$name" <"$file"; done
  done >answers
  form=application/x-www-form-urlencoded
  for file in "$DATA"/twilio/*.form; do
    cgi twilio CONTENT_TYPE=$form <"$file"
  done >>answers
  cgi twilio REQUEST_METHOD=GET CONTENT_TYPE= CONTENT_LENGTH= \
    QUERY_STRING="$(cat "$DATA/twilio/busy.form")" </dev/null >>answers
  [ "$(grep -c '"duplicate"' answers)" = 1 ]
  [ "$(grep -c 'Status: 501' answers)" = 8 ]
  run -1 grep -E 'Status: (4|503)|quarantined|variant' answers
  run -0 exported
  [ "$output" -ge 60 ]
  everything >before
  run -0 callbook rebuild
  has "changed  0"
  has "failed   0"
  everything | cmp before -
}
