#!/usr/bin/env bash
# run.sh long|keep|coverage BUILD [TARGET...] - the fuzz targets, by the kept
# corpora of tests/data/fuzz; TARGET is json for fuzz_json.
#
# long: each for SECONDS_EACH, two at once, from its corpus and the samples of
# the tests on.  What is found stays in BUILD/work.  keep: the smallest inputs
# that reach all that BUILD/work reaches become the kept corpus.  coverage: what
# the kept corpora reach, by file.
set -eu
cd "$(dirname "$0")/../.."
how=$1
build=$(realpath "$2")
shift 2
kept=tests/data/fuzz
work=$build/work
input_max=16384 # bytes
corpora_max=2000000 # bytes of all that are packed

# shellcheck source=tests/fuzz/lib.bash
. tests/fuzz/lib.bash

targets=("$@")
if [ "$#" = 0 ]; then
  for file in tests/fuzz/fuzz_*.c; do
    name=${file##*/fuzz_}
    targets+=("${name%.c}")
  done
fi

# options TARGET - dictionary and limits, one a line.
options() {
  printf '%s\n' -timeout=30 -rss_limit_mb=1024 -malloc_limit_mb=4096 \
    -max_len="$input_max" -print_funcs=0
  [ ! -e "tests/fuzz/$1.dict" ] || echo "-dict=tests/fuzz/$1.dict"
}

one_long() {
  local dir=$work/$1 args
  mkdir -p "$dir/corpus" "$dir/seeds" "$dir/found"
  unpack "$1" "$dir/corpus"
  seeds "$1" "$dir/seeds"
  mapfile -t args < <(options "$1")
  "$build/tests/fuzz/fuzz_$1" "${args[@]}" -max_total_time="$SECONDS_EACH" \
    -artifact_prefix="$dir/found/" -print_final_stats=1 \
    "$dir/corpus" "$dir/seeds" >"$dir/log" 2>&1 ||
    echo "fuzz_$1: see $dir/log"
  times >"$dir/times"
  echo "$1: $(tail -1 "$dir/times") $(grep -o 'cov: .*' "$dir/log" | tail -1)"
}

one_keep() {
  local dir=$work/$1 least=$work/$1/least args
  rm -rf "$least"
  mkdir -p "$dir/corpus" "$dir/seeds" "$least"
  unpack "$1" "$dir/corpus"
  seeds "$1" "$dir/seeds"
  mapfile -t args < <(options "$1")
  "$build/tests/fuzz/fuzz_$1" "${args[@]}" -merge=1 "$least" "$dir/corpus" \
    "$dir/seeds" >"$dir/merge.log" 2>&1
  pack "$least" "$1"
  wc -c "$kept/$1.tar.gz"
}

case $how in
long)
  # Two at a time, as one waits for the other's processor.
  for name in "${targets[@]}"; do
    while [ "$(jobs -r | wc -l)" -ge 2 ]; do wait -n || :; done
    one_long "$name" &
  done
  wait
  ! find "$work"/*/found -type f | grep . || exit 1
  ;;
keep)
  mkdir -p "$kept"
  for name in "${targets[@]}"; do one_keep "$name"; done
  if [ "$(cat "$kept"/*.tar.gz | wc -c)" -gt "$corpora_max" ]; then
    echo "$kept: more than $corpora_max bytes"
    exit 1
  fi
  ;;
coverage)
  rm -rf "$work"
  mkdir -p "$work"
  objects=()
  for name in "${targets[@]}"; do
    mkdir "$work/$name"
    unpack "$name" "$work/$name"
    LLVM_PROFILE_FILE=$work/$name.raw "$build/tests/fuzz/fuzz_$name" \
      -runs=0 -max_len="$input_max" "$work/$name" >"$work/$name.log" 2>&1
    objects+=(-object "$build/tests/fuzz/fuzz_$name")
  done
  llvm-profdata merge -o "$work/all" "$work"/*.raw
  # The folders whose files read what comes from outside.
  llvm-cov report -instr-profile="$work/all" "${objects[@]:1}" \
    lib/base lib/call lib/http lib/provider lib/query/record.c lib/row \
    lib/store/pack.c src/report/params.c src/report/link.c |
    tee "$build/coverage.txt" |
    awk '$8 + 0 > 0 { printf "%-36s %6d lines %8s\n", $1, $8, $10 }' | sort
  ;;
*)
  sed -n '2,3s/^# //p' "$0"
  exit 2
  ;;
esac
