# shellcheck shell=bash
# site.bash - the report behind a real lighttpd that asks for a password, over
# made-up calls, 10,000 in 30 days, and a few hostile ones; for bats files that
# look at it with a browser.

load ../web/server

# browser CHECK [VARIANT] - asks report.mjs for one of its checks.  A fault is
# shown where it was found; the rest of a page is looked at, too.
browser() {
  curl -sS --fail-with-body --unix-socket "$DIR/browser" "http://check/$1?${2-}"
}

# Does it listen?  Never, if it is gone.
browser_ready() {
  kill -0 "$CHECKS" 2>/dev/null || return "$NEVER"
  [ -S "$DIR/browser" ]
}

# source_of NAME PROVIDER - in the configuration, signed as the platform does.
source_of() {
  printf '\n[source %s]\nprovider = %s\n' "$1" "$2"
  case $2 in
  recho) printf 'auth = rsa\nkey_file = public.pem\n' ;;
  *) printf 'secret_file = secret\n' ;;
  esac
}

# As installation does, with a report and a source for each kind of platform.
report_installation() {
  local dir=$1
  installation "$dir"
  {
    printf '[callbook]\nstore = callbook.db\ntimezone = Asia/Kolkata\n'
    printf 'url = https://calls.example.com/callbook\n'
    printf '[report]\naccess = login\nphones = masked\n'
    source_of collections formantai
    source_of callbacks recho
    source_of renewals atoms
    source_of clinic retell
    source_of website vapi
    source_of switchboard twilio
  } >"$dir/callbook.conf"
  (umask 077 && echo 'anna:correct horse' >"$dir/users")
  # The same with whole numbers, which need the most room.
  sed 's/^phones = .*/phones = full/' "$dir/callbook.conf" >"$dir/full.conf"
  # The same program again, where the server forgot the password.
  # A connection is kept for longer than node keeps it, who would otherwise
  # find one closed at times.
  cat >"$dir/more" <<END
server.max-keep-alive-idle = 60
fastcgi.server += (
  "/report.cgi" => (("bin-path" => "$PLAIN/report.cgi -c $dir/callbook.conf",
    "socket" => "$dir/report.sock", "max-procs" => 1,
    "check-local" => "disable")),
  "/full.cgi" => (("bin-path" => "$PLAIN/report.cgi -c $dir/full.conf",
    "socket" => "$dir/full.sock", "max-procs" => 1,
    "check-local" => "disable")),
  "/unguarded.cgi" => (("bin-path" => "$PLAIN/report.cgi -c $dir/callbook.conf",
    "socket" => "$dir/unguarded.sock", "max-procs" => 1,
    "check-local" => "disable")))
auth.backend = "plain"
auth.backend.plain.userfile = "$dir/users"
auth.require = ("/report.cgi" => ("method" => "basic",
  "realm" => "Callbook", "require" => "valid-user"),
  "/full.cgi" => ("method" => "basic",
  "realm" => "Callbook", "require" => "valid-user"))
END
}

# site_start BROWSER SCREENS - and report.mjs, which finds in the environment
# what it needs.  SCREENS is the directory of its pictures, beside that of the
# programs.
site_start() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD SCREENS CHECKS BROWSER=$1
  export LOGIN='anna:correct horse'
  SCREENS=$(dirname "$BIN")/$2
  rm -rf "$SCREENS"
  mkdir -p "$SCREENS"
  report_installation "$DIR"
  # 10,000 calls in the last 30 days, the others in the period before.
  "$PLAIN/callbook" demo -c "$DIR/callbook.conf" --calls 18200 --days 60
  # A source that takes all, and has no made-up calls.
  printf '\n[source stranger]\nprovider = formantai\nauth = none\n' \
    >>"$DIR/callbook.conf"
  receiver_host "$DIR" "$PLAIN" 1
  lighttpd_start "$DIR"
  node "$BATS_TEST_DIRNAME/report.mjs" "$DIR/browser" >"$DIR/checks.log" 2>&1 \
    3>&- &
  CHECKS=$!
  wait_for browser_ready || { cat "$DIR/checks.log" && return 1; }
}

site_stop() {
  browser stop || kill "$CHECKS"
  wait "$CHECKS" || :
  lighttpd_stop
}
