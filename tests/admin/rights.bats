#!/usr/bin/env bats
# Commands that root runs where somebody else owns the store, and what check
# says of files that others can change.
#
# Bats sets output; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup() {
  site
  signed sales "$DATA/formantai/call.completed.json" >/dev/null
  cat >victim <<<unharmed
}

# As root the store becomes somebody else's; to others it is their own.
not_ours() {
  [ "$(id -u)" = 0 ] || return 0
  chmod 755 . .. ../..
  chown -R nobody:nogroup .
  chown root: victim
}

# owner FILE
owner() {
  [ "$(id -u)" != 0 ] || [ "$(stat -c %U "$1")" = nobody ]
}

@test "a command follows no link that stands in the place of a store's file" {
  not_ours
  for suffix in -lock -wal -shm; do
    rm -f "callbook.db$suffix"
    ln -s "$PWD/victim" "callbook.db$suffix"
    run -1 callbook rebuild
    has "callbook.db$suffix: is a symbolic link"
    rm "callbook.db$suffix"
    [ "$(cat victim)" = unharmed ]
  done
  mv callbook.db other.db
  ln -s other.db callbook.db
  for command in rebuild export 'report --html pages'; do
    # shellcheck disable=SC2086
    run -1 callbook $command
    has 'callbook.db: is a symbolic link'
  done
}

@test "what root's command makes is the store's owner's" {
  not_ours
  rm -f callbook.db-lock callbook.db-shm
  run -0 callbook rebuild
  owner callbook.db-lock
  rm -f callbook.db-lock callbook.db-shm
  run -0 callbook report --html pages
  owner pages/index.html
  run -0 callbook check
  has_not 'checked as root'
}

@test "pages are not written where another user can change them" {
  mkdir open
  chmod 777 open
  run -1 callbook report --html open
  has 'open: another user can change what is in it'
  [ -z "$(ls open)" ]
  [ "$(id -u)" = 0 ] || skip 'the rest wants root'
  mkdir theirs
  chown nobody: theirs
  run -1 callbook report --html theirs
  has 'theirs: another user can change'
  not_ours
  mkdir roots
  run -1 callbook report --html roots
  has 'written as user'
  [ -z "$(ls roots)" ]
}

# limited KIB COMMAND... - no file becomes larger.
limited() (
  ulimit -f "$1"
  callbook "${@:2}"
)

@test "of pages that could not all be written there is none" {
  mkdir empty
  for body in "$DATA"/formantai/*.json; do
    signed sales "$body" >/dev/null
  done
  for dir in empty none; do
    # Enough for all but the overview, which is the last.
    run -1 limited 40 report --preset all --html "$dir"
    has 'index.html: File too large'
  done
  [ -z "$(ls empty)" ]
  [ ! -e none ]
  run -0 callbook report --preset all --html empty
  [ -e empty/call-7.html ]
}

@test "a wrong filter is told, and makes no report" {
  for to in --html --xlsx; do
    run -1 callbook report "$to" none --preset nonsense
    has 'preset'
    run -1 callbook report "$to" none --from 2026-99-99
    has 'from'
    [ ! -e none ]
  done
}

@test "check says what every user of the machine can change" {
  echo '{}' >providers/x.json
  run callbook check
  has_not 'every user of this machine'
  for path in callbook.conf providers providers/x.json .; do
    chmod o+w "$path"
    run -1 callbook check
    has "every user of this machine can change $PWD/$path" ||
      has "every user of this machine can change $PWD: "
    chmod o-w "$path"
  done
  chmod o+w public.pem
  run -1 callbook check
  has "every user of this machine can"
}

@test "check says whose files are another user's" {
  [ "$(id -u)" = 0 ] || skip 'wants root'
  chown nobody callbook.conf
  run callbook check
  has "warn  configuration: $PWD/callbook.conf belongs to user"
  chown root callbook.conf
  chown nobody callbook.db-lock
  run -1 callbook check
  has "FAIL  store: $PWD/callbook.db-lock belongs to another user"
}

@test "check finds the link by which a web server would serve the store" {
  mkdir -p www/a/b data www/c
  mv callbook.db* data
  sed -i 's|^store.*|store = data/callbook.db|' callbook.conf
  run -0 callbook check --document-root www
  ln -s "$PWD/data" www/a/b/c
  run -1 callbook check --document-root www
  has "the link $PWD/www/a/b/c leads to $PWD/data/callbook.db: anybody could"
  rm www/a/b/c
  ln -s "$PWD/.." www/up
  run -1 callbook check --document-root www
  has "the link $PWD/www/up leads to $PWD/callbook.conf"
  has "the link $PWD/www/up leads to $PWD/secret"
}
