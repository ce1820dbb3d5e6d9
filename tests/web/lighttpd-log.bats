#!/usr/bin/env bats
# Where the programs' log goes that lighttpd starts; all else is in
# servers.bats.

# Every test is a process of its own; variables are for what is loaded.
# shellcheck disable=SC2030,SC2031,SC2034

load server
load cases
load lighttpd

bats_require_minimum_version 1.5.0

SNIPPET=lighttpd.conf

@test "what the programs have to say is in the log, as FastCGI" {
  case_log
}

@test "what the programs have to say is in the log, as CGI" {
  SNIPPET=lighttpd-cgi.conf
  case_log
}
