# shellcheck shell=bash
# programs.bash - programs that no web server starts, after server and cases.
#
# Each is run by spawn-fcgi as its customer's user, on a socket for the web
# server alone, and again whenever it ends.

user_of() {
  [ -z "$WEB_USER" ] || case $1 in
  acme) echo games ;;
  *) echo nobody ;;
  esac
}

# programs_start - those of all customers of DIR.
programs_start() {
  local name
  KEEPERS=
  for name in data acme; do
    [ ! -d "$DIR/$name" ] || {
      keep "$name" callbook.fcgi "$DIR/run/$name.sock"
      keep "$name" report.cgi "$DIR/run/$name-report.sock"
    }
  done
  export KEEPERS
}

# keep NAME PROGRAM SOCKET - keep a customer's program running.
keep() {
  local rights=(-M 0600)
  if [ -n "$WEB_USER" ]; then
    rights+=(-U "$WEB_USER" -u "$(user_of "$1")" -g nogroup)
  fi
  (
    # Sanitizers write to its log.  Other states are those of spawn-fcgi.
    while [ ! -e "$DIR/stopped" ]; do
      rc=0
      env -u ASAN_OPTIONS -u UBSAN_OPTIONS spawn-fcgi -n -s "$3" \
        "${rights[@]}" -- "$DIR/cgi-bin/$2" \
        -c "$DIR/$1/callbook.conf" || rc=$?
      case $rc in 0 | 137 | 143) ;; *) exit "$rc" ;; esac
    done
  ) >>"$DIR/$1.log" 2>&1 3>&- &
  KEEPERS+=" $!"
  wait_for test -S "$3"
}

# programs_stop - and who keeps them running.
programs_stop() {
  touch "$DIR/stopped"
  wait_for programs_gone
}

programs_gone() {
  programs | xargs -r kill 2>/dev/null
  # shellcheck disable=SC2086
  gone ${KEEPERS-}
}
