#!/usr/bin/env bats
# What a call's record comes to, whatever the order of its deliveries: bodies
# in the shapes of the platforms, signed and sent through a real lighttpd.
#
# Each order goes to a source of its own, so that one store serves for all.

load server

bats_require_minimum_version 1.5.0

setup_file() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD
  export CASES=$BATS_TEST_DIRNAME/../data/cases
  installation "$DIR"
  {
    echo '[callbook]'
    echo 'store = callbook.db'
    echo 'url = https://hooks.example.com'
    for provider in retell twilio bland vapi standard-webhooks vonage \
      atoms-v1; do
      for order in {1..12}; do
        printf '[source %s-%d]\nprovider = %s\nsecret_file = secret\n' \
          "$provider" "$order" "$provider"
        [ "$provider" != standard-webhooks ] || echo 'auth_secret = text'
      done
    done
    # Named headers instead of those of the definition.
    cat <<END
[source renamed]
provider = standard-webhooks
secret_file = secret
auth_secret = text
auth_header = x-hook-signature
auth_time_header = x-hook-time
auth_signed = {header:x-hook-id}.{time}.{body}
[source bearer]
provider = vapi
auth = bearer
secret_file = secret
END
  } >"$DIR/callbook.conf"
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
}

teardown_file() {
  lighttpd_stop
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export CALLBOOK_CONFIG=$DIR/callbook.conf
}

callbook() {
  "$BIN/callbook" "$@"
}

# deliver SOURCE FILE...
deliver() {
  local source=$1 file
  shift
  for file; do
    callbook send --source "$source" --url "$URL" "$CASES/$file" >/dev/null ||
      return
  done
}

# orders PROVIDER FILE... - every order of up to three deliveries, and each
# order once more with all of them repeated, to one source an order.
orders() {
  local provider=$1 n=0 order
  shift
  while read -r -a order; do
    n=$((n + 1))
    deliver "$provider-$n" "${order[@]}"
    n=$((n + 1))
    deliver "$provider-$n" "${order[@]}" "${order[@]}"
  done < <(permutations "$@")
}

permutations() {
  case $# in
  1) echo "$1" ;;
  2) printf '%s\n' "$1 $2" "$2 $1" ;;
  3)
    printf '%s\n' "$1 $2 $3" "$1 $3 $2" "$2 $1 $3" "$2 $3 $1" "$3 $1 $2" \
      "$3 $2 $1"
    ;;
  esac
}

# same CALL FILTER - of the call's record in every source, FILTER (jq) is true,
# and all else is the same but for what the receipt tells: which event was late
# and, where the platform tells no times, when the call was.
same() {
  callbook show --json "$1" >shown
  [ -s shown ]
  jq -es "all(.[]; $2)" shown >/dev/null || {
    echo "not: $2"
    jq -c . shown | head -n 3
    return 1
  }
  jq -c '{record, facts, errors} | del(.record.received)
    | .record.flags = ((.record.flags // []) - ["late"])' shown |
    sort -u >different
  [ "$(wc -l <different)" = 1 ] || {
    cat different
    return 1
  }
}

not_answered='(.record | has("duration_ms") | not)'

@test "a voicemail that the analysis tells beats the hang-up that looked like an end" {
  orders retell retell-voicemail-1-ended.json retell-voicemail-2-analyzed.json
  same r-vm-1 ".record.outcome == \"voicemail\" and $not_answered"
}

@test "the analysis of a voicemail alone says the same" {
  deliver retell-9 retell-voicemail-2-analyzed.json
  callbook show --json r-vm-1 | jq -e "select(.source == \"retell-9\") |
    .record.outcome == \"voicemail\" and $not_answered"
}

@test "answering-machine detection makes a voicemail, and its callback has no status" {
  orders twilio twilio-amd-1-answered.form twilio-amd-2-detected.form \
    twilio-amd-3-completed.form
  same CAamd1 ".record.outcome == \"voicemail\" and $not_answered and
    .facts.answered_by == \"machine_start\""
  [ "$(sql "$DIR" 'SELECT count(*) FROM quarantine')" = 0 ]
}

@test "an event that does not tell the direction does not turn the numbers round" {
  printf '%s' '{"event":"call.start","timestamp":"2026-07-16T09:00:00Z",' \
    '"call_id":"av-1","call_direction":"outbound",' \
    '"caller_phone":"+15551234567","agent_phone":"+15559876543"}' >start.json
  printf '%s' '{"event":"call.ended","call_id":"av-1","data":{' \
    '"caller_phone":"+15551234567","agent_phone":"+15559876543",' \
    '"duration_seconds":95,"disposition":"voicemail"}}' >ended.json
  CASES=$PWD orders atoms-v1 start.json ended.json
  same av-1 ".record.direction == \"outbound\" and
    .record.from == \"+15559876543\" and .record.to == \"+15551234567\" and
    .record.outcome == \"voicemail\" and $not_answered"
  run callbook rebuild
  [ "$status" = 0 ]
  [[ $output == *'changed  0'* ]]
}

@test "a machine that the answer's callback told stays one when the call is completed" {
  printf '%s' 'CallSid=CAsync1&CallStatus=in-progress&SequenceNumber=2' \
    '&AnsweredBy=machine_end_beep&From=%2B15550100001&To=%2B15550100002' \
    >answered.form
  printf '%s' 'CallSid=CAsync1&CallStatus=completed&SequenceNumber=3' \
    '&CallDuration=31&From=%2B15550100001&To=%2B15550100002' >completed.form
  CASES=$PWD orders twilio answered.form completed.form
  same CAsync1 ".record.outcome == \"voicemail\" and $not_answered and
    .facts.answered_by == \"machine_end_beep\""
}

@test "a cost or a length of nothing that came later takes nothing away" {
  local call='"id":"v-zero","type":"outboundPhoneCall"'
  printf '%s' '{"message":{"type":"end-of-call-report",' \
    '"timestamp":1780000100000,"endedReason":"customer-ended-call",' \
    '"startedAt":"2026-05-28T20:26:40Z","endedAt":"2026-05-28T20:28:10Z",' \
    "\"cost\":0.31,\"call\":{$call}}}" >report.json
  printf '%s' '{"message":{"type":"status-update","status":"ended",' \
    '"timestamp":1780000200000,"endedReason":"customer-ended-call",' \
    '"call":{"startedAt":"2026-05-28T20:26:40Z",' \
    "\"endedAt\":\"2026-05-28T20:26:40Z\",\"cost\":0,$call}}}" >late.json
  CASES=$PWD orders vapi report.json late.json
  same v-zero '.record.cost_micros == 310000 and .record.duration_ms == 90000'
}

@test "the time that a phone rang is no talk time" {
  orders bland bland-no-answer-with-ring-time.json
  same bl-na-1 ".record.outcome == \"no_answer\" and $not_answered"
  orders vapi vapi-no-answer-with-times.json
  same v-na-1 ".record.outcome == \"no_answer\" and $not_answered"
}

@test "no answer is no answer, though a state of connected was told" {
  orders vapi vapi-no-answer-1-in-progress.json vapi-no-answer-2-ended.json
  same v-na-2 ".record.outcome == \"no_answer\" and $not_answered"
  [ "$(sql "$DIR" "SELECT DISTINCT answered FROM call
    WHERE id IN ('r-vm-1', 'CAamd1', 'bl-na-1', 'v-na-1', 'v-na-2')")" = 0 ]
}

@test "what a platform's evaluation said stands in the record, whatever its rubric" {
  deliver vapi-1 vapi-evaluation-numeric.json vapi-evaluation-word.json \
    vapi-evaluation-percent.json
  same v-num '.record.goal_word == "8"'
  same v-desc '.record.goal_word == "Excellent"'
  same v-pct '.record.goal_word == "85%"'
}

@test "cents of one platform and dollars of another are the same cost" {
  deliver retell-1 cost-retell-cents.json
  deliver vapi-1 cost-vapi-dollars.json
  same r-cost-1 \
    '.record.cost_micros == 120000 and .record.cost_currency == "USD"'
  same v-cost-1 \
    '.record.cost_micros == 120000 and .record.cost_currency == "USD"'
}

@test "the later analysis stands, by the platform's clock" {
  orders retell retell-reanalysed-1.json retell-reanalysed-2.json
  same r-ret-6 '.record.goal == true and .record.summary == "run 2" and
    .record.disposition == "successful"'
}

# webhook SOURCE ID ID-HEADER TIME-HEADER SIGNATURE-HEADER - one signed by
# openssl, not by our code; prints the answer.
webhook() {
  local file=$CASES/standard-webhooks-svix-headers.json now mac
  now=$(date +%s)
  mac=$({ printf '%s.%s.' "$2" "$now" && cat "$file"; } |
    openssl dgst -sha256 -hmac "$SECRET" -binary | base64 -w0)
  curl -s -H 'Content-Type: application/json' -H "$3: $2" -H "$4: $now" \
    -H "$5: v1,$mac" --data-binary "@$file" "$URL/$1"
}

@test "the ids of svix headers tell two events with one body apart" {
  local source
  source=standard-webhooks-1
  for id in msg_a msg_b; do
    webhook "$source" "$id" svix-id svix-timestamp svix-signature |
      grep stored
    webhook "$source" "$id" svix-id svix-timestamp svix-signature |
      grep duplicate
  done
  webhook "$source" msg_c webhook-id webhook-timestamp webhook-signature |
    grep stored
}

@test "where a source names other headers, the event's identity follows them" {
  for id in msg_a msg_b; do
    webhook renamed "$id" x-hook-id x-hook-time x-hook-signature | grep stored
    webhook renamed "$id" x-hook-id x-hook-time x-hook-signature |
      grep duplicate
  done
  run callbook rebuild
  [ "$status" = 0 ]
  [[ $output == *'changed  0'* ]]
}

@test "calls that share an id are one, whichever came first" {
  cp "$BATS_TEST_DIRNAME"/../data/providers/vonage/{answered,record}.json .
  cp "$BATS_TEST_DIRNAME/../data/providers/vonage/completed.uuid-only.json" .
  CASES=$PWD orders vonage answered.json record.json completed.uuid-only.json
  same CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab \
    '.record.outcome == "completed" and .record.duration_ms == 118000 and
    (.record.recording | length > 0) and .record.cost_currency == "EUR"'
  [ "$(sql "$DIR" "SELECT count(*) FROM call c JOIN source s
    ON s.id = c.source WHERE s.provider = 'vonage'")" = 12 ]
}

@test "a byte order mark before JSON is ignored, and signed like all else" {
  orders retell retell-bom.json
  same r-bom '.record.outcome == "completed" and .record.duration_ms == 27000'
}

# long_call WORDS - call_ended of a call with as many words, three times.
long_call() {
  node -e '
    const n = +process.argv[1], turns = [], per = 10
    for (let i = 0; i < n; i += per) {
      const words = []
      for (let k = 0; k < per; k++) {
        const start = (i + k) * 0.4
        words.push({word: "word ", start, end: start + 0.3})
      }
      turns.push({role: i % 20 ? "agent" : "user",
        content: "word ".repeat(per).trim(), words})
    }
    process.stdout.write(JSON.stringify({event: "call_ended", call: {
      call_type: "phone_call", call_id: "r-long-" + n, agent_id: "agent_1",
      direction: "outbound", call_status: "ended",
      start_timestamp: 1795000000000,
      end_timestamp: 1795000000000 + n * 400, duration_ms: n * 400,
      disconnection_reason: "user_hangup",
      transcript: turns.map(t => t.role + ": " + t.content).join("\n"),
      transcript_object: turns, transcript_with_tool_calls: turns}}))' "$1"
}

@test "an hour and two hours of speech are stored with their transcript" {
  for words in 9000 18000; do
    long_call "$words" >long.json
    callbook send --source retell-1 --url "$URL" long.json
    callbook show --json "r-long-$words" >shown
    jq -e "(.record.transcript | length) == $((words / 10))" shown
  done
}

@test "the scheme of Authorization may be written in any case, with any spaces" {
  local file=$CASES/vapi-evaluation-word.json
  for scheme in 'Bearer ' 'bearer ' 'BEARER  ' 'bEaReR   '; do
    [ "$(curl -s -o answer -w '%{http_code}' \
      -H "Authorization: $scheme$SECRET" -H 'Content-Type: application/json' \
      --data-binary "@$file" "$URL/bearer")" = 200 ]
  done
}
