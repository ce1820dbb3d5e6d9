#!/usr/bin/env bats
# What a request shows beside its body: a dashboard that only looks whether the
# address is right, signed headers under other names, credentials in any
# spelling, and the query as it was sent.
# The body is signed and then sent: both read it.
# shellcheck disable=SC2094
load ../lib

DEFINITIONS=$ROOT/tests/data/auth/definitions
STANDARD=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
SVIX=$ROOT/tests/data/auth/standard-webhooks-svix-headers.json

setup_file() {
  bats_require_minimum_version 1.5.0
}

setup() {
  site
  printf %s "$STANDARD" >standard
  chmod 600 standard
  cp "$DEFINITIONS/handshake.json" providers/
  sed -i 's|^store.*|&\nurl = https://example.com/cb|' callbook.conf
  cat >>callbook.conf <<END

[source shake]
provider = test-handshake
secret_file = secret

[source trust]
provider = test-handshake
auth = none

[source hush]
provider = test-handshake
secret_file = secret
answer = 204

[source svix]
provider = standard-webhooks
secret_file = standard

[source named]
provider = standard-webhooks
secret_file = standard
auth_header = x-own-signature
auth_time_header = x-own-time
auth_signed = {header:x-own-id}.{time}.{body}

[source voice]
provider = vapi
auth = bearer
secret_file = secret

[source twilio]
provider = twilio
secret_file = secret
END
}

# get SOURCE QUERY - a GET.
get() {
  cgi "$1" REQUEST_METHOD=GET CONTENT_TYPE= "QUERY_STRING=$2" </dev/null
}

# signature BODY - as source shake has it.
signature() {
  printf %s "$1" | openssl dgst -sha256 -hmac correct-horse -r | cut -d ' ' -f 1
}

# events - how many are stored.
events() {
  callbook export | wc -l
}

# keyed FILE - events of FILE, an export, whose key is made of msg_1 or msg_2.
keyed() {
  local id n=0
  for id in msg_1 msg_2; do
    id=$(printf '\0\0\0\0\0\0\0\5%s' "$id" | sha256sum | head -c 32)
    n=$((n + $(grep -c "\"id\":\"$id\"" "$1")))
  done
  echo "$n"
}

# standard ID BODY - the signature of Standard Webhooks, at second $now.
standard() {
  { printf '%s.%s.' "$1" "$now" && cat "$2"; } |
    openssl dgst -sha256 -mac HMAC -binary -macopt \
      "hexkey:$(printf %s "${STANDARD#whsec_}" | base64 -d | od -An -tx1 |
        tr -d ' \n')" | base64 -w 0
}

@test "a GET that looks gets back what it wants, and nothing is stored" {
  run get shake 'mode=subscribe&challenge=abc%20123'
  has "Status: 200"
  has "Content-Type: text/plain"
  has "X-Content-Type-Options: nosniff"
  [ "${output##*$'\n'}" = "abc 123" ]
  run get shake 'mode=unsubscribe&challenge=abc'
  has "Status: 405"
  run get shake 'mode=subscribe'
  has "Status: 405"
  [ "$(events)" = 0 ]
  run report 'deliveries?preset=all'
  has "handshake"
  run report metrics
  has 'result="handshake"} 1'
}

@test "only printable characters are sent back, and not too many" {
  run get shake 'mode=subscribe&challenge=%3Cb%3E%0D%0AX: 1'
  has "Status: 405"
  run get shake 'mode=subscribe&challenge=%C3%A4'
  has "Status: 405"
  run get shake "mode=subscribe&challenge=$(printf '%1024s' '' | tr ' ' a)"
  has "Status: 200"
  run get shake "mode=subscribe&challenge=$(printf '%1025s' '' | tr ' ' a)"
  has "Status: 405"
}

@test "a POST that looks: a place of the body, a header, a parameter, nothing" {
  run cgi shake <<<'{"type":"url_verification","challenge":"x1"}'
  has "Status: 200"
  [ "${output##*$'\n'}" = x1 ]
  run cgi shake HTTP_X_HOOK_SECRET=s3 <<<'{}'
  has "Status: 200"
  has "X-Hook-Secret: s3"
  run cgi shake CONTENT_TYPE=text/plain QUERY_STRING=validationToken=t%2B1 \
    <<<'whatever'
  has "Status: 200"
  [ "${output##*$'\n'}" = t+1 ]
  run cgi shake </dev/null
  has "Status: 200"
  run cgi hush </dev/null
  has "Status: 204"
  [ "$(events)" = 0 ]
}

@test "a delivery is never taken for a handshake" {
  body='{"type":"url_verification","challenge":"x1","event":"call.ended","call":{"callId":"c1"},"id":"e1"}'
  run cgi shake "HTTP_X_SIG=$(signature "$body")" \
    QUERY_STRING=validationToken=t HTTP_X_HOOK_SECRET=s < <(printf %s "$body")
  has '"result":"stored"'
  run cgi trust QUERY_STRING=validationToken=t < <(printf %s "$body")
  has '"result":"stored"'
  [ "$(events)" = 2 ]
  # One that does not authenticate is refused, and kept to be verified again.
  run cgi shake HTTP_X_SIG=00 <<<'{"event":"call.ended","call":{"callId":"c"}}'
  has "Status: 401"
  # One that does, and tells no call, is what it says: a look.
  body='{"type":"url_verification","challenge":"x2"}'
  run cgi shake "HTTP_X_SIG=$(signature "$body")" < <(printf %s "$body")
  has "Status: 200"
  [ "${output##*$'\n'}" = x2 ]
  run cgi trust < <(printf %s "$body")
  [ "${output##*$'\n'}" = x2 ]
  [ "$(events)" = 2 ]
}

@test "Svix's names of the headers: two ids with one body are two events" {
  now=$(date +%s)
  for id in msg_1 msg_2 msg_1; do
    run cgi svix "HTTP_SVIX_ID=$id" "HTTP_SVIX_TIMESTAMP=$now" \
      "HTTP_SVIX_SIGNATURE=v1,$(standard "$id" "$SVIX")" <"$SVIX"
    has "Status: 200"
  done
  has '"result":"duplicate"'
  # The id is the one that was signed, whatever stands under other names.
  run cgi svix HTTP_SVIX_ID=msg_1 "HTTP_SVIX_TIMESTAMP=$now" \
    "HTTP_SVIX_SIGNATURE=v1,$(standard msg_1 "$SVIX")" \
    HTTP_WEBHOOK_ID=forged "HTTP_WEBHOOK_TIMESTAMP=$now" <"$SVIX"
  has '"result":"duplicate"'
  run cgi svix HTTP_WEBHOOK_ID=msg_2 "HTTP_WEBHOOK_TIMESTAMP=$now" \
    "HTTP_WEBHOOK_SIGNATURE=v1,$(standard msg_2 "$SVIX")" <"$SVIX"
  has '"result":"duplicate"'
  [ "$(events)" = 2 ]
  callbook export >before
  callbook rebuild
  callbook export | cmp - before
  [ "$(keyed before)" = 2 ]
}

@test "names that the source gives: the event's id follows, and is kept" {
  now=$(date +%s)
  for id in msg_1 msg_2; do
    run cgi named "HTTP_X_OWN_ID=$id" "HTTP_X_OWN_TIME=$now" \
      "HTTP_X_OWN_SIGNATURE=v1,$(standard "$id" "$SVIX")" <"$SVIX"
    has '"result":"stored"'
  done
  callbook export >before
  # Without the configuration it is the same.
  sed -i '/^auth_/d' callbook.conf
  callbook rebuild
  callbook export | cmp - before
  [ "$(keyed before)" = 2 ]
}

@test "a rejected one keeps its id when the secret is corrected" {
  now=$(date +%s)
  echo whsec_AAAA >standard
  for id in msg_1 msg_2; do
    run cgi svix "HTTP_SVIX_ID=$id" "HTTP_SVIX_TIMESTAMP=$now" \
      "HTTP_SVIX_SIGNATURE=v1,$(standard "$id" "$SVIX")" <"$SVIX"
    has "Status: 401"
  done
  printf %s "$STANDARD" >standard
  run -0 callbook quarantine requeue --rejected --all
  callbook export >after
  [ "$(keyed after)" = 2 ]
}

@test "a body that is not signed is warned of" {
  run -0 callbook provider check "$DEFINITIONS/synthflow.json"
  has 'auth "hmac" does not sign the whole body'
  run -0 callbook provider check "$DEFINITIONS/ultravox.json"
  has_not 'does not sign'
  cp "$DEFINITIONS/synthflow.json" providers/
  printf '[source part]\nprovider = test-synthflow\nsecret_file = secret\n' \
    >>callbook.conf
  run callbook check
  has 'the platform does not sign the whole body'
}

@test "Authorization in any case, with any number of spaces" {
  body=$DATA/vapi/end-of-call-report.json
  for value in 'bearer correct-horse' 'BEARER   correct-horse' \
    'Bearer correct-horse'; do
    run cgi voice "HTTP_AUTHORIZATION=$value" <"$body"
    has "Status: 200"
  done
  run cgi voice 'HTTP_AUTHORIZATION=bearer  correct-hors' <"$body"
  has "Status: 401"
  # Kept as a hash it is proved again, however it was written.
  echo other >secret
  jq -c '.message.call.id = "another"' "$body" >second
  run cgi voice 'HTTP_AUTHORIZATION=BEARER  correct-horse' <second
  has "Status: 401"
  echo correct-horse >secret
  run ! grep -ra correct-horse callbook.db
  callbook quarantine list --rejected
  run callbook quarantine requeue --rejected --all
  has "stored as event"
}

@test "a rejected token that proves its body is proved again" {
  cp "$DEFINITIONS/vonage.json" providers/
  printf '[source token]\nprovider = test-vonage\nsecret_file = secret\n' \
    >>callbook.conf
  printf '{"event":"call.ended","call":{"callId":"c1"}}' >ended.json
  mapfile -t vars < <(node "$ROOT/tests/interop/platform.mjs" sign vonage \
    right-secret ended.json)
  run cgi token "${vars[@]}" <ended.json
  has "Status: 401"
  echo right-secret >secret
  run -0 callbook quarantine requeue --rejected --all
  has "stored as event"
}

@test "the query is signed, and kept, as it was sent" {
  form=$DATA/twilio/completed.form
  sent='p=%2f&q=[1]&r=a%7Cb&s=%7E'
  rewritten='p=%2F&q=%5B1%5D&r=a%7Cb&s=~'
  sig=$(node "$ROOT/tests/interop/platform.mjs" sign twilio correct-horse \
    "$form" "https://example.com/cb/twilio?$sent" \
    application/x-www-form-urlencoded | sed -n 's/^HTTP_.*SIGNATURE=//p')
  run cgi twilio "HTTP_X_TWILIO_SIGNATURE=$sig" "QUERY_STRING=$rewritten" \
    "REQUEST_URI=/moved/by/a/proxy?$sent" \
    CONTENT_TYPE=application/x-www-form-urlencoded <"$form"
  has "Status: 200"
  run cgi twilio "HTTP_X_TWILIO_SIGNATURE=$sig" "QUERY_STRING=$rewritten" \
    "REQUEST_URI=/twilio?$rewritten" \
    CONTENT_TYPE=application/x-www-form-urlencoded <"$form"
  has "Status: 401"
  run callbook quarantine show --rejected 1
  has ":query: $rewritten"
}
