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
