#!/usr/bin/env bats
# A short run of each fuzz target from its kept corpus on, the same inputs
# every time.  `make fuzz` goes on from there.

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=${BIN-$ROOT/build/asan}
FUZZ=${FUZZ-$(dirname "$BIN")/fuzz}

# run_fuzz TARGET RUNS - the kept inputs, and so many made of them.
run_fuzz() {
  cd "$ROOT" || return
  # shellcheck source=tests/fuzz/lib.bash
  . tests/fuzz/lib.bash
  mkdir "$BATS_TEST_TMPDIR/corpus" "$BATS_TEST_TMPDIR/seeds"
  unpack "$1" "$BATS_TEST_TMPDIR/corpus"
  [ -n "$(ls -A "$BATS_TEST_TMPDIR/corpus")" ]
  seeds "$1" "$BATS_TEST_TMPDIR/seeds"
  cd "$BATS_TEST_TMPDIR" || return
  "$FUZZ/tests/fuzz/fuzz_$1" -runs="$2" -seed=1 -timeout=30 -max_len=16384 \
    -rss_limit_mb=1024 -malloc_limit_mb=4096 -print_funcs=0 corpus seeds
}

@test "definitions and messages are read without a fault" {
  run_fuzz provider 2000
}

@test "a configuration is refused with lines, or is what was written" {
  run_fuzz config 3000
}

@test "whatever a FastCGI socket is sent, the server goes on" {
  run_fuzz fastcgi 3000
}

@test "a form is read as a simple reader reads it" {
  run_fuzz form 4000
}

@test "a multipart body, written again, is the same" {
  run_fuzz multipart 10000
}

@test "what is inflated is what was deflated, and no more than allowed" {
  run_fuzz gzip 5000
}

@test "JSON is what SQLite takes for JSON, with the same values" {
  run_fuzz json 4000
}

@test "characters, encodings, numbers and times are read as others do" {
  run_fuzz text 10000
}

@test "what is kept of a message has no credential, and is kept the same again" {
  run_fuzz message 2000
}

@test "a token that is taken has the signature, the hash and a time" {
  run_fuzz jwt 3000
}

@test "a signature that is taken is the one that libcrypto makes" {
  run_fuzz signature 3000
}

@test "a conversation, written as lines, is the same" {
  run_fuzz transcript 3000
}

@test "what the store wrote comes back, and what it did not is refused" {
  run_fuzz stored 10000
}

@test "the link to a page leads to the same filter and cursor" {
  run_fuzz page 10000
}
