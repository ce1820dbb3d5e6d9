#!/usr/bin/env bats
# A short run of each fuzz target: the same inputs every time.  `make fuzz`
# goes on from there.

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=${BIN-$ROOT/build/asan}
FUZZ=${FUZZ-$(dirname "$BIN")/fuzz}

@test "definitions and messages: 20,000 inputs, none stalls" {
  "$ROOT/tests/fuzz/seeds.sh" "$BATS_TEST_TMPDIR/seeds"
  cd "$BATS_TEST_TMPDIR"
  "$FUZZ/tests/fuzz/fuzz_provider" -runs=20000 -seed=1 -timeout=5 \
    -max_len=16384 -rss_limit_mb=1024 -print_funcs=0 -print_final_stats=1 seeds
}
