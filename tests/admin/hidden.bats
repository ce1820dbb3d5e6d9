#!/usr/bin/env bats
# Facts that the report does not show: facts_hidden.
#
# Bats sets output; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

# A call whose parameters and results are known by their words alone.
setup() {
  site
  sed -e 's/"customer_name": "Rahul"/"customer_name": "Ottilie"/' \
    -e 's/"loan_id": "LN-12345"/"loan_id": "LN-secret"/' \
    -e 's/"sentiment": "positive"/"sentiment": "sullen"/' \
    "$DATA/formantai/call.completed.json" >call.json
  grep -q LN-secret call.json && grep -q sullen call.json
  signed open call.json >answers
}

# hides LIST [LOGIN-LIST] - the configuration, with whole numbers.
hides() {
  printf '\n[report]\nphones = full\nfacts_hidden = %s\n' "$1" >>callbook.conf
  [ -z "${2-}" ] || printf '\n[login clerk]\nsources = open\nfacts_hidden = %s\n' \
    "$2" >>callbook.conf
}

@test "hidden facts are in no page and no export, and it is said how many" {
  hides 'parameters/*, retry, results/sentiment'
  for page in call/1 'results?preset=all' 'calls?preset=all' \
    'export.ndjson?preset=all' 'export.csv?preset=all' 'callers?preset=all'; do
    run -0 report "$page"
    has 'Status: 200'
    has_not LN-secret
    has_not sullen
    has_not loan_id
    has_not 'follow_up'
  done
  run -0 report call/1
  has payment_confirmed
  has '8 facts are hidden here'
  run -0 report 'results?preset=all'
  has payment_confirmed
  has '8 facts are hidden here'
  run -0 report 'export.ndjson?preset=all'
  has '"facts":{"results/intent":"payment_confirmed"},"facts_hidden":8,'
}

@test "a hidden fact is not told by filtering, and bodies are not shown" {
  hides parameters/loan_id
  for value in LN-secret LN-other 1..2; do
    run -0 report "calls?preset=all&fact=parameters/loan_id:$value"
    has 'Status: 400'
    has 'hidden here'
    has_not 'has to be'
  done
  run -0 report 'calls?preset=all&fact=results/sentiment:sullen'
  has 'Status: 200'
  run -0 report event/1
  has 'Status: 403'
  has facts_hidden
  run -0 report call/1
  has 'What they said is not shown: facts are hidden here'
  has_not LN-secret
  echo '{"event": "odd", "who": "Ottilie"}' | cgi open
  run -0 report delivery/1
  has 'Not shown: facts are hidden here'
  has_not Ottilie
}

@test "a login hides more, or nothing, in place of what the report hides" {
  hides parameters none
  run -0 report call/1
  has '2 facts are hidden here'
  has_not LN-secret
  run -0 report call/1 REMOTE_USER=clerk
  has LN-secret
  run -0 report event/1 REMOTE_USER=clerk
  has 'Status: 200'
  sed -i 's/= none$/= results, retry/; s/= parameters$/= none/' callbook.conf
  run -0 report call/1
  has sullen
  run -0 report call/1 REMOTE_USER=clerk
  has LN-secret
  has_not sullen
}

@test "where all facts are hidden, that is what the pages say" {
  hides 'results, parameters, retry'
  run -0 report call/1
  has '9 facts are hidden here'
  run -0 report 'results?preset=all'
  has '9 facts are hidden here'
  has_not 'No call of this filter'
}

@test "pages written as files hide as well" {
  hides parameters
  run -0 callbook report --preset all --html pages
  run -1 grep -rl LN-secret pages
  grep -rl 'hidden here' pages
}

# masked [OPTION...] - the masked export, after the whole one in `whole`.
masked() {
  callbook export >whole
  callbook export --masked "$@" >lines
  node "$ROOT/tests/admin/cloudevents.mjs" <lines
}

@test "export --masked: no number is whole, and what hides no number is the same" {
  signed sales "$DATA/formantai/call.completed.json" >answers
  signed support "$DATA/recho/OUTBOUND_CALL_COMPLETED.with-errors.json" >answers
  signed quick "$DATA/atoms/post-conversation.json" >answers
  signed old "$DATA/atoms-v1/call.end.json" >answers
  run -0 masked
  [ "$output" = 5 ]
  jq -r '.data | .from, .to, .transferred_to | strings' whole |
    tr -cd '0-9\n' | grep -E '.{7}' | grep -oE '.{7}$' | sort -u >numbers
  [ "$(wc -l <numbers)" -ge 4 ]
  run -1 grep -F -f numbers lines
  # Ids and times tell no number, so they stay.
  for member in id source type time subject sequence data.started data.agent \
    data.trace data.outcome; do
    [ "$(jq -c ".$member" lines)" = "$(jq -c ".$member" whole)" ]
  done
  [ "$(jq -r '.data.from | strings' lines | grep -c '^••••[0-9]\{4\}$')" -ge 3 ]
  run -0 jq -c 'select(.data.facts_hidden)' lines
  [ -z "$output" ]
}

@test "export --masked: an id that holds a number is masked in events without it" {
  jq -c '.event_id = "one" | .data.call.from_phone = "+918065177389"
    | .data.call.conversation_id = "leg:918065177389:a"' call.json >first.json
  jq -c '.event_id = "two" | del(.data.call.from_phone, .data.call.to_phone)' \
    first.json >second.json
  signed open first.json >answers
  signed open second.json >answers
  run -0 masked
  [ "$output" = 3 ]
  run -0 grep -c 918065177389 whole
  run -1 grep 8065177389 lines
  # Of the two events of that call it is the same.
  [ "$(jq -r .subject lines | sort | uniq -c | awk '{ print $1 }' | sort |
    xargs)" = '1 2' ]
}

@test "export --masked: hidden facts are left out and counted; --raw shows them" {
  hides 'parameters, retry/collected_data'
  run -0 masked
  run -1 grep -e LN-secret -e Ottilie -e collected_data lines
  [ "$(jq -c '.data | .facts_hidden, (.facts | length)' lines | xargs)" = '4 5' ]
  [ "$(jq -c '.data.transcript | map(.text)' lines)" = \
    "$(jq -c '.data.transcript | map(.text)' whole)" ]
  run -2 callbook export --raw --masked
  has '--raw shows what --masked hides'
}
