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
