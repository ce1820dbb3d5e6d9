#!/usr/bin/env bats
# What calls cost: by source, agent, campaign and day, each currency by itself.

load ../lib

bats_require_minimum_version 1.5.0

setup() {
  site
  cat >>callbook.conf <<'END'

[source clinic]
provider = retell
auth = none

[source desk]
provider = standard-webhooks
auth = none

[login mine]
sources = open
END
}

# cost ID CENTS AGENT CAMPAIGN SECONDS SUCCESSFUL - a call of the clinic.
cost() {
  jq --arg id "$1" --argjson cents "$2" --arg agent "$3" --arg campaign "$4" --argjson s "$5" \
    --argjson goal "$6" '.call.call_id = $id | .call.call_cost.combined_cost = $cents |
    .call.agent_id = $agent | .call.batch_call_id = $campaign | .call.duration_ms = 1000 * $s |
    .call.end_timestamp = .call.start_timestamp + 1000 * $s |
    .call.call_analysis.call_successful = $goal' "$DATA/retell/call_analyzed.json" |
    cgi clinic | grep -q '"result":"stored"'
}

# row NAME - the numbers of each row of $page with this name, a line each.
row() {
  tr -d '\n' <<<"$page" | grep -oP '<tr>(?:(?!</tr>).)*' | grep -F ">$1<" |
    sed -E 's/<span class="muted">[^<]*<.span>/-/g; s/.*<\/th>//; s/<[^>]*>+/ /g; s/ +/ /g'
}

@test "what calls cost is told by source, agent and campaign, and of no other login" {
  cost r1 100 anna spring 60 true
  cost r2 300 anna autumn 180 false
  cost r3 50 bert spring 30 true
  run -0 report 'costs?preset=all'
  has 'Status: 200'
  page=$output
  # Calls, in all, a call, an answered one, a minute, a goal.
  [ "$(row 'All calls with a cost')" = ' 3 4.50 1.50 1.50 1.00 2.25 ' ]
  [ "$(row '<bdi>anna</bdi>')" = ' 2 4.00 2.00 2.00 1.00 4.00 ' ]
  [ "$(row '<bdi>autumn</bdi>')" = ' 1 3.00 3.00 3.00 1.00 - ' ]
  [ "$(row '<bdi>spring</bdi>')" = ' 2 1.50 0.75 0.75 1.00 0.75 ' ]
  [ "$(row '<bdi>clinic</bdi>')" = ' 3 4.50 1.50 1.50 1.00 2.25 ' ]
  run -0 report 'costs?preset=all&campaign=spring&agent=anna'
  page=$output
  [ "$(row 'All calls with a cost')" = ' 1 1.00 1.00 1.00 1.00 1.00 ' ]
  # The overview leads here, and has the goals that are not told.
  run -0 report '?preset=all'
  has 'href="./costs?preset=all"'
  [[ $(tr -d '\n' <<<"$output") =~ 'not told</th><td class="num">0</td>' ]]
  run -0 report 'costs?preset=all' REMOTE_USER=mine
  has_not clinic
  has_not spring
  has_not 4.50
}

# spent ID CURRENCY - a call of the desk that cost 7 of it.
spent() {
  jq --arg id "$1" --arg currency "$2" '.data.id = $id | .data.cost = 7 |
    .data.currency = $currency' "$DATA/standard-webhooks/call.ended.json" |
    cgi desk HTTP_WEBHOOK_ID="$1" | grep -q '"result":"stored"'
}

@test "of many currencies those of most calls have tables, and none is left out" {
  local code
  for code in AUD CAD CHF DKK USD; do spent "one-$code" "$code"; done
  spent two-USD USD
  run -0 report 'costs?preset=all'
  page=$output
  has '<h2 id="in-USD">USD</h2>'
  has '<h2 id="in-AUD">AUD</h2>'
  has '<h2 id="in-CAD">CAD</h2>'
  has_not '<h2 id="in-CHF">'
  [ "$(row CHF)" = ' 1 7.00 7.00 7.00 - - ' ]
  [ -n "$(row DKK)" ]
}

@test "who spent most is first, however many calls it had" {
  cost r1 100 busy spring 60 true
  cost r2 100 busy spring 60 true
  cost r3 900 dear autumn 60 true
  run -0 report 'costs?preset=all'
  [[ $output == *'<bdi>dear</bdi>'*'<bdi>busy</bdi>'* ]]
  [[ $output == *'<bdi>autumn</bdi>'*'<bdi>spring</bdi>'* ]]
}
