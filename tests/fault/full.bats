#!/usr/bin/env bats
# The disk is full, and then it is not.

load ../web/server

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  mkdir "$DIR/disk"
  sed -i 's,^store.*,store = disk/callbook.db,' "$DIR/callbook.conf"
  export PORT URL LIGHTTPD
}

teardown() {
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${RECEIVER-}" ] || ! kill "$RECEIVER" || wait "$RECEIVER" || :
}

# small_disk - start a receiver that has one MiB for its store, half of it
# taken: on a file system of its own in a mount name space, as root or as a
# user who may make one; where neither is allowed, by a limit on the size of
# files.  Sets DISK, where the test finds that store, and how to give_space.
small_disk() {
  local own=(unshare --mount)
  "${own[@]}" mount -t tmpfs none "$DIR/disk" 2>/dev/null ||
    own=(unshare --map-root-user --mount)
  # shellcheck disable=SC2016
  if "${own[@]}" mount -t tmpfs none "$DIR/disk" 2>/dev/null; then
    DISK=root$DIR/disk
    give_space() { rm "$DISK/ballast"; }
    own+=(sh -c 'mount -t tmpfs -o size=1m none "$0" &&
      head -c 512K /dev/zero >"$0/ballast" && exec "$@"' "$DIR/disk")
  else
    DISK=cwd/disk
    give_space() { prlimit --pid "$RECEIVER" --fsize=unlimited:; }
    own=(sh -c 'ulimit -S -f 1024; exec "$@"' sh)
  fi
  cd "$DIR" || return
  "${own[@]}" "$PLAIN/callbook.fcgi" -c "$DIR/callbook.conf" \
    -s "$DIR/r.sock" >"$DIR/log" 2>&1 3>&- &
  RECEIVER=$!
  DISK=/proc/$RECEIVER/$DISK
  wait_for test -S "$DIR/r.sock"
}

# look STATEMENT - at a copy of the store, as sqlite3 follows DISK elsewhere.
look() {
  rm -rf "$DIR/copy"
  mkdir "$DIR/copy"
  cp "$DISK"/callbook.db{,-wal} "$DIR/copy/"
  sqlite3 "$DIR/copy/callbook.db" "$1"
}

@test "a full disk: 503 with Retry-After, and nothing half-written" {
  small_disk
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"

  answer=200
  for ((n = 100000; n < 101000; n++)); do
    event "$n" 1200 >"$DIR/body"
    answer=$(formantai "$DIR/body" -D "$DIR/head" | tail -n 1)
    [ "$answer" = 200 ] || break
    echo "evt-$n" >>"$DIR/told"
  done
  [ "$answer" = 503 ]
  grep -qi '^retry-after: [1-9]' "$DIR/head"
  look 'SELECT id FROM event ORDER BY seq' | diff "$DIR/told" -
  [ "$(look 'PRAGMA integrity_check')" = ok ]

  # It is the disk's fault, not that of the next event.
  expect 503 '{*"status":503*' formantai "$DIR/body"
  wait_for expect 503 '{"status":"failing",*' send healthz -X GET

  give_space
  expect 200 '{"result":"stored",*' formantai "$DIR/body"
  echo "evt-$n" >>"$DIR/told"
  look 'SELECT id FROM event ORDER BY seq' | diff "$DIR/told" -
  [ "$(look 'PRAGMA integrity_check')" = ok ]
}

@test "a full disk refuses nobody while the spool lies on another" {
  sed -i "s,^store.*,&\nspool = $DIR/spool," "$DIR/callbook.conf"
  small_disk
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"

  for ((n = 100000; n < 101000; n++)); do
    event "$n" 1200 >"$DIR/body"
    expect 200 '{"result":"*' formantai "$DIR/body"
    echo "evt-$n" >>"$DIR/told"
    [[ $output != *spooled* ]] || break
  done
  [[ $output == *spooled* ]]
  wait_for expect 200 '{"status":"spooling",*' send healthz -X GET
  event "$((++n))" 1200 >"$DIR/body"
  expect 200 '{"result":"spooled"}*' formantai "$DIR/body"
  echo "evt-$n" >>"$DIR/told"

  give_space
  spool_empty() { [ -z "$(find "$DIR/spool/new" -type f)" ]; }
  wait_for spool_empty
  look 'SELECT id FROM event ORDER BY id' | diff "$DIR/told" -
  [ "$(look 'SELECT count(*) FROM repeat')" = 0 ]
  [ "$(look 'PRAGMA integrity_check')" = ok ]
}
