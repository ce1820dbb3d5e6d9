#!/bin/sh
# all.sh BUILD [PREFIX] - every fault that tests/fault can place, not a sample:
# what `make faults` runs.  PREFIX limits it to the shapes of that name.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."

# Every n-th allocation.
"$build/tests/fault/memory" "$build" "$build/tests/fault/starve.so" 0 "${2-}"
