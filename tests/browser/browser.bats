#!/usr/bin/env bats
# The report as people see it: Chromium, through a real lighttpd that asks for
# a password, over made-up calls, 10,000 in 30 days, and a few hostile ones.
#
# Each test is a function of report.mjs of the same name; what it looked at is
# in BUILD/screens afterwards.

load ../web/server

# A fault is shown where it was found; the rest of a page is looked at, too.
browser() {
  node "$BATS_TEST_DIRNAME/report.mjs" "$@"
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
  # The same program a second time, where the server forgot the password.
  cat >"$dir/more" <<END
fastcgi.server += (
  "/report.cgi" => (("bin-path" => "$BIN/report.cgi -c $dir/callbook.conf",
    "socket" => "$dir/report.sock", "max-procs" => 1,
    "check-local" => "disable")),
  "/unguarded.cgi" => (("bin-path" => "$BIN/report.cgi -c $dir/callbook.conf",
    "socket" => "$dir/unguarded.sock", "max-procs" => 1,
    "check-local" => "disable")))
auth.backend = "plain"
auth.backend.plain.userfile = "$dir/users"
auth.require = ("/report.cgi" => ("method" => "basic",
  "realm" => "Callbook", "require" => "valid-user"))
END
}

setup_file() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD SCREENS
  export LOGIN='anna:correct horse'
  SCREENS=$(dirname "$BIN")/screens
  rm -rf "$SCREENS"
  mkdir -p "$SCREENS"
  report_installation "$DIR"
  # 10,000 calls in the last 30 days, the others in the period before.
  "$PLAIN/callbook" demo -c "$DIR/callbook.conf" --calls 18200 --days 60
  # A source that takes all, and has no made-up calls.
  printf '\n[source stranger]\nprovider = formantai\nauth = none\n' \
    >>"$DIR/callbook.conf"
  receiver_host "$DIR" "$BIN" 1
  lighttpd_start "$DIR"
  browser picture
  browser prepare
}

teardown_file() {
  lighttpd_stop
}

@test "no page without a password, and none where the server asks for none" {
  browser login
}

# No message on the console, no violation of the policy, no request that
# fails, nothing that axe finds, nothing that sticks out at the side.
@test "every page on a wide screen, light: without fault" {
  browser every_page 1280-light
}

@test "every page on a wide screen, dark: without fault" {
  browser every_page 1280-dark
}

@test "every page on a telephone, light: without fault" {
  browser every_page 390-light
}

@test "every page on a telephone, dark: without fault" {
  browser every_page 390-dark
}

@test "P8 every page is valid HTML without a script, and smaller than 100 kB" {
  browser every_document
}

@test "P8 what strangers send is shown as text" {
  browser hostile
}

@test "a number of a telephone is nowhere told in full" {
  browser masked
}

@test "the keyboard alone reaches everything, and shows where it is" {
  browser keyboard
}

@test "a filter is in the address, in the form, and in every link" {
  browser filters
}

@test "a period has a link, and its days are right" {
  browser presets
}

@test "a list goes on to its end and back to its beginning" {
  browser paging
}

@test "screen, CSV and NDJSON tell of the same calls" {
  browser exports
}

@test "every link leads somewhere" {
  browser links
}

@test "on paper: black on white, without what only a screen needs" {
  browser paper
}
