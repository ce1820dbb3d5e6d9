#!/usr/bin/env bats
# Results: what two platforms tell under one name.

load ../lib

bats_require_minimum_version 1.5.0

setup() {
  site
  printf '\n[source clinic]\nprovider = retell\nauth = none\n' >>callbook.conf
}

# told SOURCE FILE FILTER - a sample body, changed by jq.
told() {
  jq "$3" "$DATA/$2" | cgi "$1" | grep -q '"result":"stored"'
}

# The cards of $page with this name, a line each.
cards() {
  tr -d '\n' <<<"$page" | grep -oP '<section class="card fact">(?:(?!</section>).)*' |
    grep -F "<bdi>$1</bdi>"
}

@test "numbers of two platforms under one name are told apart" {
  told open formantai/call.completed.json \
    '.data.results = {price: 120, polite: true, rating: 5}'
  told clinic retell/call_analyzed.json \
    '.call.call_analysis.custom_analysis_data =
      {price: 1.25, polite: false, rating: "good"}'
  run -0 report 'results?preset=all'
  has 'Status: 200'
  # Each is the same in every call of its platform.
  has_not '>60.63<'
  [[ $output =~ price.{1,80}\>formantai\<.{1,80}120\< ]]
  [[ $output =~ price.{1,80}\>retell\<.{1,80}1.25\< ]]
  page=$output
  # What has no unit is counted together.
  run -0 cards polite
  has '>yes<'
  has '>no<'
  has_not formantai
  run -0 cards rating
  has_not formantai
  # Of one platform there is nothing to tell apart.
  run -0 report 'results?preset=all&source=open'
  has_not '>formantai</span>'
}

@test "every value leads to the calls that have it, and to no others" {
  callbook demo --calls 300 --days 20 >/dev/null
  run -0 report 'results?preset=all'
  local links link path value calls rows=0
  links=$(grep -oP 'href="\./calls\?\K[^"]*fact=results[^"]*' <<<"$output" |
    sed 's/&amp;/\&/g' | grep -vF .. | sort -u)
  for link in $links; do
    IFS=: read -r path value <<<"$(sed 's/.*fact=//; s/%2F/\//g; s/%3A/:/; s/%20/ /g' <<<"$link")"
    # As the export of events tells it: of each call what was told last.
    calls=$(callbook export | jq -s --arg path "$path" --arg value "$value" '
      map(select(.data.facts[$path] != null)) | group_by(.source, .subject) |
      map(sort_by(.time) | last.data.facts[$path] | if . == true then "yes" elif . == false
        then "no" else tostring end) | map(select(. == $value)) | length')
    run -0 report "export.csv?$link"
    [ "$(grep -cE '^[0-9]+,' <<<"$output")" = "$calls" ]
    rows=$((rows + 1))
  done
  [ "$rows" -ge 5 ]
}

# told_call N JSON - a call of 10:00 UTC, N days ago, with these results.
told_call() {
  local at
  at=$(date -u -d "$1 days ago" +%FT10:00:00Z)
  jq --arg at "$at" --argjson results "$2" '.event_id = ($results | tostring) + $at |
    .timestamp = $at | .data.call.conversation_id = .event_id |
    .data.call.started_at = $at | .data.call.ended_at = null |
    .data.call.agent_id = $results.agent |
    .data.results = $results' "$DATA/formantai/call.completed.json" |
    cgi open | grep -q '"result":"stored"'
}

# cells_lead_to_their_calls N PAGE - each number of the table by another leads to
# as many calls as it says, and N do.
cells_lead_to_their_calls() {
  local href calls cells=0
  while IFS=$'\t' read -r href calls; do
    [ "$(report "export.csv?$href" | grep -cE '^[0-9]+,')" = "$calls" ]
    cells=$((cells + 1))
  done < <(sed -n '/id="by"/,$p' <<<"$2" |
    grep -oP '<td class="num"><a href="\./calls\?\K[^"]*">[^<]*' | sed 's/">/\t/; s/&amp;/\&/g')
  [ "$cells" = "$1" ]
}

@test "a fact by another: each cell leads to its calls" {
  told_call 1 '{"mood": "happy", "sold": true, "grade": 1, "agent": "a"}'
  told_call 2 '{"mood": "happy", "sold": true, "grade": 2, "agent": "b"}'
  told_call 3 '{"mood": "happy", "sold": false, "grade": 2, "agent": "a"}'
  told_call 4 '{"mood": "sad", "sold": false, "agent": "a"}'
  told_call 5 '{"mood": "sad", "agent": "b"}'
  run -0 report 'fact?path=results/mood&by=results/sold'
  has 'Status: 200'
  has '<h1>Fact: mood</h1>'
  has ': in 5 of 5 calls of this filter'
  has '>not told</span></th><td class="num">1</td>'
  cells_lead_to_their_calls 3 "$output"
  for by in results/grade agent source hour; do
    run -0 report "fact?path=results/mood&by=$by"
    case $by in
    results/grade) cells_lead_to_their_calls 2 "$output" ;;
    agent) cells_lead_to_their_calls 4 "$output" ;;
    *) cells_lead_to_their_calls 2 "$output" ;;
    esac
  done
  # Numbers have a median, and all filters hold.
  run -0 report 'fact?path=results/grade&by=agent&agent=a&fact=results/mood:happy'
  has ': in 2 of 2 calls of this filter'
  has '<dt>median</dt><dd class="num">1.5</dd>'
  cells_lead_to_their_calls 2 "$output"
  # Its name leads here from Results and from a call.
  run -0 report results
  has 'href="./fact?path=results%2Fmood"'
  run -0 report call/1
  has 'href="../fact?path=results%2Fmood"'
  run -0 report 'fact?path=results/none'
  has 'No call of this filter has the fact'
}

@test "of a fact that is hidden, or a number that is masked, its page tells nothing" {
  printf '\n[report]\nphones = masked\nfacts_hidden = parameters/*, results/salary\n' >>callbook.conf
  told_call 1 '{"mood": "happy", "salary": "4242 a month", "callback": "+4930987654321", "agent": "a"}'
  told_call 2 '{"mood": "sad", "salary": "4343 a month", "callback": "+4930987651234", "agent": "a"}'
  run -0 report 'fact?path=results/salary'
  has 'Status: 400'
  has_not 4242
  run -0 report 'fact?path=results/mood&by=results/salary'
  has 'Status: 400'
  has_not 4242
  run -0 report 'fact?path=results/mood'
  has 'value="results/callback"'
  has_not salary
  has_not parameters
  for query in 'path=results/callback' 'path=results/callback&by=results/mood' \
    'path=results/mood&by=results/callback'; do
    run -0 report "fact?$query"
    has 'Status: 200'
    has '4321<'
    has_not 93098765
    has_not 'fact=results%2Fcallback'
  done
}
