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
