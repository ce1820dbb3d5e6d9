# shellcheck shell=bash
# reload.bash - an installation that is changed while 32 senders post to it,
# for bats files:
#
#   load server
#   load reload
#
# All runs from copies of the programs in DIR/bin, without sanitizers.  Of the
# answers none may be but 2xx, or 503 with Retry-After for a moment,
# and nothing that was acknowledged may be lost.

SENDERS=32

# reload_site - sets DIR.
reload_site() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  mkdir bin own
  cp "$PLAIN"/{callbook.fcgi,report.cgi,callbook} bin/
  sed -i 's|^max_body.*|&\nproviders_dir = own|' callbook.conf
  POSTS=()
  export DIR PORT URL LIGHTTPD
}

# posting FIRST SECRET [SOURCE] - send events, from that number on, until they
# are told to stop.  The answers are in answers.FIRST.  Sets POST (pid).
posting() {
  : >"answers.$1"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -rw -c "$SENDERS" -f "$1" \
    -n 300000 -s "$2" "$URL/${3-sales}" >>"answers.$1" 3>&- &
  POST=$!
  POSTS+=("$POST")
  more "$1" 200
}

# more FIRST COUNT - wait until so many more have been acknowledged.
more() {
  wait_for acknowledged "$1" \
    $(($(grep -c '^[0-9]* 200 ' "answers.$1" || :) + $2))
}

acknowledged() {
  [ "$(grep -c '^[0-9]* 200 ' "answers.$1" || :)" -ge "$2" ]
}

# stopped PID... - tell senders to stop.
stopped() {
  local pid
  for pid; do
    [ -n "$pid" ] || continue
    kill "$pid" 2>/dev/null || :
    wait "$pid" || :
  done
}

# unharmed [CHECK] - stop all, and see that nothing came of what was done
# meanwhile; CHECK is what looks into the store in place of nothing_lost.
unharmed() {
  stopped "${POSTS[@]}"
  POSTS=()
  sort -n answers.[0-9]* >answers
  # The last line of a sender that was stopped may be cut.
  awk 'NF >= 4 && $2 !~ /^2/ && !($2 == 503 && $4 > 0)' answers >bad
  awk '$2 == 503' answers | wc -l | sed 's/$/ answers of 503/'
  head -n 5 bad
  [ ! -s bad ] || return
  "${1-nothing_lost}" "$DIR" answers
}

# in_force - does each process of the receiver work by its files as they are?
in_force() {
  for _ in 1 2 3 4; do
    [[ $(curl -s -m 60 "$URL/healthz") == *'"configuration":"current"'* ]] ||
      return 1
  done
}

# told_again PATTERN COUNT - is it in the log so often?
told_again() {
  [ "$(cat "$DIR"/*.log "$DIR"/server.out 2>/dev/null | grep -c -- "$1")" -ge "$2" ]
}

# receivers - the processes of this installation that somebody started; what
# serves may be a child of one (lib/http/keeper.h).
receivers() {
  local pids
  pids=$(find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' \
    -lname "$DIR/bin/callbook.fcgi*" -printf '%h\n' 2>/dev/null |
    cut -d / -f 3)
  # shellcheck disable=SC2086
  keepers $pids
}
