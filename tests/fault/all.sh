#!/bin/sh
# all.sh BUILD [PREFIX] - every fault that tests/fault can place, not a sample:
# what `make faults` runs.  PREFIX limits it to the shapes of that name.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."

only=${2-}

# The power fails at so many moments of each load.
case $only in
'' | power/*) "$build/tests/fault/power" "${POINTS:-1000}" "$only" ;;
esac

# A store that is away for half a minute under load, of each engine; and so many
# primaries killed under load, one after the other.
case $only in
'')
  PLAIN=$build LOCKED=30 STOPPED=30 PRIMARIES=${PRIMARIES:-20} bats --tap \
    --show-output-of-passing-tests \
    -f 'under load (refuses nobody|loses and doubles nothing)' \
    tests/fault/spool.bats tests/fault/postgres.bats
  ;;
esac

# Retention, erasure, backup and restore, killed at so many moments of each.
case $only in
'') PLAIN=$build MOMENTS=${MOMENTS:-100} bats --tap tests/fault/killed.bats ;;
esac

# Every n-th request to the disk.
case $only in
'') TEST_EVERY=1 "$build/tests/unit/test_io" ;;
esac

# Each column of the store with each value that no program of ours writes.
case $only in
'') TEST_EVERY=1 "$build/tests/unit/test_damaged" ;;
esac

# Every n-th request of a program to the disk, and every n-th allocation.
case $only in
power/*) ;;
*)
  for how in ENOSPC EDQUOT short EINTR EIO memory; do
    "$build/tests/fault/nth" "$build" "$build/tests/fault/fail.so" "$how" 0 \
      "$only"
  done
  ;;
esac
