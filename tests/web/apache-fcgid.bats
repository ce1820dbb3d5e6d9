#!/usr/bin/env bats
# The limit on bodies that mod_fcgid has, unless apache/callbook-fcgid.conf
# lifts it; all else is in servers.bats.

# Every test is a process of its own; variables are for what is loaded.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load server
load cases
load servers/apache-fcgid

bats_require_minimum_version 1.5.0

@test "without FcgidMaxRequestLen a body of 131073 bytes never arrives" {
  own_site
  EDIT='/^FcgidMaxRequestLen/d' started
  event "$n" 131072 >short
  expect 200 '{"result":"stored",*' formantai short
  event 900001 131073 >long
  expect 500 '*' formantai long
  grep -q 'exceeds MaxRequestLen' "$DIR/server.log"
  [ "$(stored "$DIR/data")" = 1 ]
}
