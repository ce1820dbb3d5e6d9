#!/usr/bin/env bats
# What the tests of the store prove on a file holds on a PostgreSQL server.

load ../web/postgres

setup_file() {
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
  export PG CALLBOOK_TEST_SERVER="host=$PG user=callbook dbname=callbook"
  export CMOCKA_MESSAGE_OUTPUT=STDOUT TEST_BRIEF=1
}

teardown_file() {
  pg_end
}

@test "P3 a file and a server tell the same of the same events" {
  "$BIN/tests/unit/test_engines"
}

@test "events, batches and locks" {
  "$BIN/tests/unit/test_store"
  "$BIN/tests/unit/test_store_batch"
}

@test "calls, bodies and what was rejected" {
  "$BIN/tests/unit/test_store_call"
  "$BIN/tests/unit/test_store_body"
  "$BIN/tests/unit/test_store_rejected"
}

@test "days and their sums" {
  "$BIN/tests/unit/test_store_days"
  "$BIN/tests/unit/test_rebuild"
  "$BIN/tests/unit/test_report_sums"
}

@test "the words of calls" {
  "$BIN/tests/unit/test_search"
  "$BIN/tests/unit/test_report_words"
}

@test "what is let go of, and what is exported" {
  "$BIN/tests/unit/test_keep"
  "$BIN/tests/unit/test_export"
}
