#!/usr/bin/env bats
# What must hold behind every web server: the cases of cases.bash, behind the
# server that WEB_SERVER names, one of servers/.  tests/run runs this once for
# each of them; for an account on somebody else's server without what only its
# administrator can do.

load server
load cases
load "servers/${WEB_SERVER:?names one of tests/web/servers}"

bats_require_minimum_version 1.5.0

@test "an event is stored, and only once" {
  case_stored
}

@test "the receiver has its addresses and no others" {
  case_addresses
}

@test "a chunked body" {
  case_chunked
}

@test "a compressed body" {
  case_gzip
}

@test "a body of 3 MiB" {
  case_large
}

@test "a chunked body of 3 MiB" {
  case_large_chunked
}

@test "a body of 131073 bytes" {
  case_long
}

@test "a body that is cut short is not stored" {
  case_cut
}

@test "a chunked body that is cut short is not stored" {
  case_cut_chunked
}

@test "Authorization arrives: a bearer token" {
  case_bearer
}

@test "a signature that comes twice: never does the second count" {
  case_header_twice
}

@test "the report is for those who log in" {
  case_login
}

@test "a query is signed as it was sent" {
  case_sent_query
}

@test "a query gives the programs no orders" {
  case_query
}

@test "callbook check finds nothing wrong" {
  case_check
}

# bats test_tags=administrator
@test "the client's address, told by a proxy" {
  case_client_address
}

# bats test_tags=administrator
@test "two customers side by side, one under another prefix" {
  case_customers
}

# bats test_tags=administrator
@test "graceful restarts under load lose nothing acknowledged" {
  case_graceful
}

@test "P1 kill -9 of the program under load loses nothing acknowledged" {
  case_killed
}
