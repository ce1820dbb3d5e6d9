# The kept corpora: an archive for each target in tests/data/fuzz.

# unpack TARGET DIR
unpack() {
  [ ! -e "tests/data/fuzz/$1.tar.gz" ] ||
    tar -xzf "tests/data/fuzz/$1.tar.gz" -C "$2"
}

# pack DIR TARGET - the same bytes for the same inputs.
pack() {
  tar -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --mode=644 -C "$1" . | gzip -9n >"tests/data/fuzz/$2.tar.gz"
}

# seeds TARGET DIR - samples of the tests, as this target reads them.
seeds() {
  local n=0 file
  case $1 in
  provider) tests/fuzz/seeds.sh "$2" ;;
  json)
    for file in tests/data/providers/*/*.json; do
      n=$((n + 1))
      [ $((n % 7)) != 0 ] || cp "$file" "$2/$n"
    done
    ;;
  form)
    for file in tests/data/providers/*/*.form; do
      n=$((n + 1))
      cp "$file" "$2/$n"
    done
    ;;
  esac
  # Those that are written by hand, with escapes of printf(1).
  while IFS= read -r line; do
    n=$((n + 1))
    # shellcheck disable=SC2059
    [ -z "$line" ] || printf "$line" >"$2/$n"
  done < <(sed -n "s/^$1: //p" tests/fuzz/seeds.txt)
}
