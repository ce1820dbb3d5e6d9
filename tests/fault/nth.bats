#!/usr/bin/env bats
# Memory runs out, or the disk fails: some n of each delivery, page and command,
# where `make faults` tries all.

bats_require_minimum_version 1.5.0

setup() {
  # Thousands of stores are made, none of which has to last.
  [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
}

# nth HOW MOST PREFIX - few n of each of those.
nth() {
  run "$PLAIN/tests/fault/nth" "$PLAIN" "$PLAIN/tests/fault/fail.so" "$@"
  printf '%s\n' "$output"
  [ "$status" = 0 ]
}

# disk PREFIX - each way in which a disk fails.
disk() {
  local how
  for how in EIO ENOSPC EDQUOT short EINTR; do
    nth "$how" 3 "$1"
  done
}

@test "memory: a delivery is stored whole or not, and can be sent again" {
  nth memory 16 delivery/
}

@test "memory: a page is whole or an error" {
  nth memory 16 page/
}

@test "memory: a command succeeds with all that it has to tell, or fails" {
  nth memory 10 command/
}

@test "disk: a delivery is stored whole or not, and can be sent again" {
  disk delivery/
}

@test "disk: a page is whole or an error" {
  disk page/
}

@test "disk: a command succeeds with all that it has to tell, or fails" {
  disk command/
}
