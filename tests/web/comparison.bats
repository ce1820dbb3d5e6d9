#!/usr/bin/env bats
# What the overview compares with: as much time as has passed, by the clock of
# the machine, which is whatever it is.

load ../lib

bats_require_minimum_version 1.5.0

# call SECONDS - one that was completed, so many seconds after the epoch.
call() {
  local at end
  at=$(date -u -d "@$1" +%FT%T.000Z)
  end=$(date -u -d "@$(($1 + 60))" +%FT%T.000Z)
  cgi open <<END | grep -q '"result":"stored"'
{"event_id":"evt-$1","event_type":"call.completed","timestamp":"$end",
 "data":{"call":{"conversation_id":"call-$1","agent_id":7,
 "status":"completed","from_phone":"+15550100001","to_phone":"+15550100002",
 "started_at":"$at","ended_at":"$end","duration_seconds":60}}}
END
}

@test "today until now is compared with yesterday until now" {
  local now midnight at
  site
  now=$(date -u +%s)
  midnight=$((now - now % 86400))
  # Too close to midnight there is nothing yet, and it may pass meanwhile.
  [ $((now - midnight)) -gt 600 ] || midnight=$((midnight - 86400))
  # The same each day, and much more later in the day.
  for at in 30 60 90 120; do
    call $((midnight + at))
    call $((midnight - 86400 + at))
  done
  [ $((now - midnight)) -gt 82800 ] ||
    for at in 10 20 30 40 50 60 70 80; do call $((now - 84600 + at)); done
  run -0 report "?from=$(date -u -d "@$midnight" +%F)"
  has 'Status: 200'
  if [ $((midnight + 86400)) -gt "$now" ]; then
    has ' until '
    has ': as much of the time before as has passed of this period.'
    has '<dt title="by their local start">Calls</dt><dd class="value">4</dd>'
    has '<dd class="change">as before</dd>'
    has_not 'fewer'
  fi
}
