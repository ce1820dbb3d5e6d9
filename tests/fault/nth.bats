#!/usr/bin/env bats
# Memory runs out: some n of each delivery, page and command, where
# `make faults` tries all.

bats_require_minimum_version 1.5.0

# starve MOST PREFIX - few n of each of those.
starve() {
  run "$PLAIN/tests/fault/memory" "$PLAIN" "$PLAIN/tests/fault/starve.so" \
    "$1" "$2"
  printf '%s\n' "$output"
  [ "$status" = 0 ]
}

@test "memory: a delivery is stored whole or not, and can be sent again" {
  starve 16 delivery/
}

@test "memory: a page is whole or an error" {
  starve 16 page/
}

@test "memory: a command succeeds with all that it has to tell, or fails" {
  starve 10 command/
}
