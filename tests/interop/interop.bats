#!/usr/bin/env bats
# The platforms' own libraries and Callbook, each way: what they sign is
# accepted here, what `callbook send` signs is accepted there, and a byte
# changed is refused by both.
load ../lib

FORM=application/x-www-form-urlencoded
SECRET=test-secret-123
STANDARD=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw

# source_of NAME LINE... - add a source to the configuration.
source_of() {
  local name=$1
  shift
  printf '\n[source %s]\n' "$name" >>callbook.conf
  printf '%s\n' "$@" >>callbook.conf
}

setup_file() {
  bats_require_minimum_version 1.5.0
}

setup() {
  site
  printf %s "$SECRET" >secret
  printf %s "$STANDARD" >standard
  chmod 600 standard
  openssl genpkey -algorithm ED25519 -out ed25519.pem
  openssl pkey -in ed25519.pem -pubout -out ed25519.public.pem
  callbook provider show formantai >formantai.json
  jq '.provider = "tokens" | .auth = {"jwt": {"type": "jwt",
    "claim": "payload_hash"}}' formantai.json >providers/tokens.json
  sed -i 's|^store.*|&\nurl = https://example.com/cb|' callbook.conf
  source_of standard-webhooks 'provider = standard-webhooks' \
    'secret_file = standard'
  source_of ed25519 'provider = standard-webhooks' 'auth = ed25519' \
    'key_file = ed25519.public.pem'
  for name in retell elevenlabs twilio; do
    source_of "$name" "provider = $name" 'secret_file = secret'
  done
  source_of moved 'provider = twilio' 'secret_file = secret' \
    'url = https://hooks.example.com:443/twilio'
  source_of json 'provider = twilio' 'secret_file = secret'
  source_of jwt 'provider = tokens' 'secret_file = secret'
  cp "$ROOT"/tests/data/auth/definitions/*.json providers/
  for name in plivo livekit vonage; do
    source_of "$name" "provider = test-$name" 'secret_file = secret'
  done
  source_of telnyx 'provider = test-telnyx' 'key_file = ed25519.public.pem'
  openssl genrsa -out rsa.pem 2048 2>/dev/null
  openssl pkey -in rsa.pem -pubout -out rsa.public.pem
  source_of vonage-application 'provider = test-rs256' \
    'key_file = rsa.public.pem'
  source_of claim-time 'provider = test-claim-time' 'secret_file = secret'
  for name in es256 eddsa; do
    source_of "$name-body" "provider = test-$name-body" \
      "key_file = $name.public.pem"
  done
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out es256.pem
  openssl pkey -in es256.pem -pubout -out es256.public.pem
  cp ed25519.pem eddsa.pem
  cp ed25519.public.pem eddsa.public.pem
  printf '{"event":"call.ended","call":{"callId":"c1"}}' >ended.json
  json=$DATA/formantai/call.completed.json
  standard=$DATA/standard-webhooks/call.ended.json
}

platform() {
  node "$ROOT/tests/interop/platform.mjs" "$@"
}

# theirs NAME SOURCE SECRET FILE [URL [TYPE [METHOD]]] - their library signs
# FILE and source SOURCE takes it; a byte changed, or another secret, and it
# does not.
theirs() {
  local type=${6-application/json} vars
  mapfile -t vars < <(platform sign "$1" "$3" "$4" "${5-}" "$type")
  [ "${#vars[@]}" -gt 0 ]
  vars+=("CONTENT_TYPE=$type")
  run cgi "$2" "${vars[@]}" <"$4"
  has "Status: 200"
  LC_ALL=C sed '0,/e/s//E/' "$4" >changed
  run ! cmp -s "$4" changed
  run cgi "$2" "${vars[@]}" <changed
  has "Status: 401"
  run cgi "$2" "${vars[@]}" HTTP_X_OTHER=1 <"$4"
  has "Status: 200"
  [[ $3 == *.pem ]] && return
  mapfile -t vars < <(platform sign "$1" "${3/r/s}" "$4" "${5-}" "$type")
  run cgi "$2" "${vars[@]}" "CONTENT_TYPE=$type" <"$4"
  has "Status: 401"
}

# ours NAME SOURCE SECRET FILE TYPE [OPTION...] - `callbook send` signs FILE,
# and their library takes it, and takes no other body or secret.
ours() {
  local name=$1 source=$2 secret=$3 file=$4 type=$5 line
  shift 5
  # What `callbook send` would have curl do.
  # shellcheck disable=SC2317 # by the eval below
  curl() {
    : >headers
    while [ $# -gt 0 ]; do
      case $1 in
      -H) printf '%s\n' "$2" >>headers ;;
      https://*) printf %s "$1" >url ;;
      esac
      shift
    done
  }
  line=$(callbook send --print-curl --source "$source" \
    --key "${KEY-ed25519.pem}" "$@" "$file")
  eval "$line"
  [ "$type" = json ] && type=application/json
  platform verify "$name" "$secret" "$file" "$(<url)" "$type" <headers
  if [ "$type" != "" ]; then
    LC_ALL=C sed '0,/e/s//E/' "$file" >changed
    run ! platform verify "$name" "$secret" changed "$(<url)" "$type" <headers
  else
    run ! platform verify "$name" "$secret" "$file" "$(<url)x" "" <headers
  fi
  [[ $secret == *.pem ]] ||
    run ! platform verify "$name" "${secret/r/s}" "$file" "$(<url)" "$type" \
      <headers
}

@test "Standard Webhooks, v1" {
  theirs standard-webhooks standard-webhooks "$STANDARD" "$standard"
  ours standard-webhooks standard-webhooks "$STANDARD" "$standard" json
}

@test "Standard Webhooks, v1a" {
  theirs ed25519 ed25519 ed25519.pem "$standard"
  ours ed25519 ed25519 ed25519.public.pem "$standard" json
}

@test "Standard Webhooks, v1a with a key as whpk_" {
  printf 'whpk_%s\n' "$(openssl pkey -pubin -in ed25519.public.pem \
    -outform DER | tail -c 32 | base64)" >ed25519.public.pem
  theirs ed25519 ed25519 ed25519.pem "$standard"
}

@test "Retell" {
  theirs retell retell "$SECRET" "$DATA/retell/call_ended.json"
  ours retell retell "$SECRET" "$DATA/retell/call_ended.json" json
}

@test "ElevenLabs" {
  ours elevenlabs elevenlabs "$SECRET" \
    "$DATA/elevenlabs/post_call_transcription.json" json
}

@test "Twilio: a form" {
  theirs twilio twilio "$SECRET" "$DATA/twilio/completed.form" \
    https://example.com/cb/twilio "$FORM"
  theirs twilio twilio "$SECRET" "$DATA/twilio/completed.form" \
    https://example.com:443/cb/twilio "$FORM"
  theirs twilio moved "$SECRET" "$DATA/twilio/completed.form" \
    'https://hooks.example.com/twilio?a=%20&b' "$FORM"
  ours twilio moved "$SECRET" "$DATA/twilio/completed.form" "$FORM"
}

@test "Twilio: names that come twice, and letters of many bytes" {
  sed 's/$/\&x=b\&x=a\&x=b\&y=\&City=S%C3%A3o+Paulo/' \
    "$DATA/twilio/completed.form" >many.form
  theirs twilio twilio "$SECRET" many.form https://example.com/cb/twilio \
    "$FORM"
  ours twilio twilio "$SECRET" many.form "$FORM"
}

@test "Twilio: another address, or none, is refused" {
  form=$DATA/twilio/completed.form
  mapfile -t vars < <(platform sign twilio "$SECRET" "$form" \
    https://example.com/cb/other "$FORM")
  run cgi twilio "${vars[@]}" "CONTENT_TYPE=$FORM" <"$form"
  has "Status: 401"
  mapfile -t vars < <(platform sign twilio "$SECRET" "$form" \
    https://example.com/cb/twilio "$FORM")
  run cgi twilio "${vars[@]}" QUERY_STRING=a=1 "CONTENT_TYPE=$FORM" <"$form"
  has "Status: 401"
  sed -i '/^url = /d' callbook.conf
  run -1 callbook check
  has "url = https://HOST/PATH into [callbook]"
}

@test "Twilio: JSON by its hash" {
  printf '{"CallSid":"CA1","CallStatus":"completed"}' >body.json
  theirs twilio json "$SECRET" body.json https://example.com/cb/json
  theirs twilio json "$SECRET" body.json 'https://example.com/cb/json?q=1'
  ours twilio json "$SECRET" body.json json
}

@test "Twilio: GET" {
  query=$(cat "$DATA/twilio/completed.form")
  : >empty
  signature=$(platform sign twilio "$SECRET" empty \
    "https://example.com/cb/twilio?$query" "" | sed -n 's/^HTTP_/HTTP_/p')
  run cgi twilio REQUEST_METHOD=GET CONTENT_TYPE= "$signature" \
    "QUERY_STRING=$query" <empty
  has "Status: 200"
  run cgi twilio REQUEST_METHOD=GET CONTENT_TYPE= "$signature" \
    "QUERY_STRING=$query&x=1" <empty
  has "Status: 401"
  # Nor does it prove a form that is posted.
  run cgi twilio "CONTENT_TYPE=$FORM" "$signature" QUERY_STRING= \
    <"$DATA/twilio/completed.form"
  has "Status: 401"
  ours twilio twilio "$SECRET" "$DATA/twilio/completed.form" "" --get
  run -1 callbook send --print-curl --get --source jwt empty
  has "sends no GET"
  run -1 callbook send --print-curl --get --source twilio "$json"
  has "cannot stand in a URL"
}

@test "a JWT that carries the hash of the body" {
  theirs jwt jwt "$SECRET" "$json"
  ours jwt jwt "$SECRET" "$json" json
}

@test "Plivo: a form, with a query and without" {
  printf %s 'CallUUID=u1&CallStatus=completed&City=S%C3%A3o+Paulo&a=2&a=1' \
    >hangup.form
  theirs plivo plivo "$SECRET" hangup.form https://example.com/cb/plivo "$FORM"
  theirs plivo plivo "$SECRET" hangup.form \
    'https://example.com/cb/plivo?b=2&a=%2F+x&b=1&c=' "$FORM"
  ours plivo plivo "$SECRET" hangup.form "$FORM"
}

@test "Plivo: GET" {
  query='CallUUID=u1&CallStatus=completed&City=S%C3%A3o+Paulo&a=2&a=1'
  printf %s "$query" >hangup.form
  : >empty
  mapfile -t vars < <(platform sign plivo "$SECRET" empty \
    "https://example.com/cb/plivo?$query" "")
  run cgi plivo REQUEST_METHOD=GET CONTENT_TYPE= "${vars[@]}" <empty
  has "Status: 200"
  run cgi plivo REQUEST_METHOD=GET CONTENT_TYPE= "${vars[@]}" \
    "REQUEST_URI=/plivo?${query/u1/u2}" <empty
  has "Status: 401"
  # Nor does it prove a form that is posted.
  run cgi plivo "CONTENT_TYPE=$FORM" "${vars[@]}" QUERY_STRING= <hangup.form
  has "Status: 401"
  ours plivo plivo "$SECRET" hangup.form "" --get
}

@test "Telnyx" {
  theirs telnyx telnyx ed25519.pem ended.json
  ours telnyx telnyx ed25519.public.pem ended.json json
}

@test "LiveKit" {
  theirs livekit livekit "$SECRET" ended.json
  ours livekit livekit "$SECRET" ended.json json
}

@test "Vonage: HS256" {
  theirs vonage vonage "$SECRET" ended.json
  ours vonage vonage "$SECRET" ended.json json
}

@test "Vonage: RS256" {
  theirs vonage-application vonage-application rsa.pem ended.json
  KEY=rsa.pem ours vonage-application vonage-application rsa.public.pem \
    ended.json json
}

@test "a token that is the body is made of the claims in the file" {
  for name in es256 eddsa; do
    line=$(callbook send --print-curl --source "$name-body" \
      --key "$name.pem" ended.json)
    [[ $line == *"-H 'Content-Type: application/jwt'"* ]]
    token=$(sed -n "s/.*--data-binary '\([^']*\)'.*/\1/p" <<<"$line")
    [[ $token == eyJ*.*.* ]]
    printf %s "$token" >token
    run cgi "$name-body" CONTENT_TYPE=application/jwt <token
    has "Status: 200"
    # No signature of 64 bytes ends so.
    printf %s "${token%?}B" >token
    run cgi "$name-body" CONTENT_TYPE=application/jwt <token
    has "Status: 401"
    run -1 callbook send --print-curl --source "$name-body" \
      --key "$name.pem" token
    has "is it an object of claims?"
  done
}

# token_of CLAIMS - a token with them, signed by HS256 with the secret.
token_of() {
  local text
  url64() { base64 -w 0 | tr '+/' '-_' | tr -d =; }
  text=$(printf '{"alg":"HS256"}' | url64).$(printf %s "$1" | url64)
  printf %s.%s "$text" \
    "$(printf %s "$text" | openssl dgst -sha256 -hmac "$SECRET" -binary | url64)"
}

@test "a token whose only time is a claim of the platform's own" {
  call='"call_id": 18, "entry_point_call_id": 17, "state": "hangup"'
  now=$(date +%s%3N)
  token_of "{$call, \"event_timestamp\": $now}" >token
  run cgi claim-time CONTENT_TYPE=application/jwt <token
  has "Status: 200"
  run -0 callbook show 18
  has "ended"
  # One without it, one that is old, one whose time is a text.
  for claims in "$call" "$call, \"event_timestamp\": $((now - 400000))" \
    "$call, \"event_timestamp\": \"$now\"" "$call, \"iat\": ${now%???}"; do
    token_of "{$claims}" >token
    run cgi claim-time CONTENT_TYPE=application/jwt <token
    has "Status: 401"
  done
  # The claims of an old token are sent with the time of now.
  echo "{$call, \"event_timestamp\": 1700000000000}" >claims
  line=$(callbook send --print-curl --source claim-time claims)
  sed -n "s/.*--data-binary '\([^']*\)'.*/\1/p" <<<"$line" | tr -d '\n' >token
  run cgi claim-time CONTENT_TYPE=application/jwt <token
  has "Status: 200"
}

# Of Vapi the user chooses all: openssl signs, as he would check.
@test "a signature as the source's auth_ keys have it" {
  source_of own 'provider = vapi' 'auth = hmac' 'secret_file = secret' \
    'auth_header = X-Own' 'auth_prefix = v9,' 'auth_hash = sha512' \
    'auth_encoding = base64' 'auth_signed = {header:X-Id}.{time}:{body}' \
    'auth_time_header = X-When' 'auth_time_format = epoch-ms' \
    'auth_tolerance = 60'
  vapi=$DATA/vapi/end-of-call-report.json
  when=$(date +%s%3N)
  mac=$({ printf 'm1.%s:' "$when" && cat "$vapi"; } |
    openssl dgst -sha512 -hmac "$SECRET" -binary | base64 -w 0)
  run cgi own "HTTP_X_OWN=v9,$mac" "HTTP_X_WHEN=$when" HTTP_X_ID=m1 <"$vapi"
  has "Status: 200"
  run cgi own "HTTP_X_OWN=v9,$mac" "HTTP_X_WHEN=$when" HTTP_X_ID=m2 <"$vapi"
  has "Status: 401"
  run cgi own "HTTP_X_OWN=v9,$mac" "HTTP_X_WHEN=$((when - 61000))" \
    HTTP_X_ID=m1 <"$vapi"
  has "Status: 401"
  sed -i 's/^auth_hash.*/auth_hash = md4/' callbook.conf
  run -1 callbook check
  has "auth_ keys: /hash: must be one of md5, sha1, sha256, sha512"
}
