#!/usr/bin/env bats
# A login with a section of its own sees its sources alone, under its title.

load server

bats_require_minimum_version 1.5.0

setup_file() {
  export DIR=$BATS_FILE_TMPDIR PORT URL LIGHTTPD REPORT
  mkdir -p "$DIR"
  (umask 077 && echo "$SECRET" >"$DIR/secret")
  cat >"$DIR/callbook.conf" <<END
[callbook]
store = callbook.db

[report]
phones = full
title = Bureau & Sons
accent = #ffe000
logo = logo.svg
recordings = play

[source apple]
provider = formantai
auth = none

[source zebra]
provider = formantai
auth = none

[source zebra-signed]
provider = formantai
secret_file = secret

[login apple]
sources = apple
title = Apple's calls

[login masked]
sources = apple, zebra
phones = masked
END
  echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$DIR/logo.svg"
  printf '%s:%s\n' owner owner apple apple masked masked >"$DIR/users"
  receiver_host "$DIR" "$BIN" 1
  cat >"$DIR/more" <<END
fastcgi.server += ("/report" => ((
  "bin-path" => "$BIN/report.cgi -c $DIR/callbook.conf",
  "socket" => "$DIR/report.sock", "max-procs" => 1, "check-local" => "disable")))
auth.backend = "plain"
auth.backend.plain.userfile = "$DIR/users"
auth.require = ("/report" => ("method" => "basic", "realm" => "Callbook",
  "require" => "valid-user"))
END
  lighttpd_start "$DIR"
  REPORT=http://127.0.0.1:$PORT/report
}

teardown_file() {
  lighttpd_stop
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# get LOGIN PATH - the page, as that login.
get() {
  curl -s -m 60 -u "$1:$1" "$REPORT/$2"
}

@test "P7 no address shows a login anything of another's source" {
  node "$BATS_TEST_DIRNAME/logins.mjs" "$URL" "$REPORT" "${LOGINS_ASKED:-600}"
}

@test "a login has its own title, and whole or masked numbers" {
  get owner calls | grep -qF '<title>Calls · Bureau &amp; Sons</title>'
  get owner calls | grep -q '+49'
  get apple calls | grep -qF "Apple&#39;s calls</a>"
  get masked calls | grep -q zebra
  run ! grep -q '+49' <(get masked calls)
}

@test "recordings are played on the page of a call alone" {
  curl -s -D head -o body -u owner:owner "$REPORT/call/1"
  grep -q '<audio controls preload="none" src="https://example.com/' body
  grep -qi '^content-security-policy:.*media-src https:' head
  run ! grep -qi media-src <(curl -s -D - -o /dev/null -u owner:owner \
    "$REPORT/calls")
}

@test "a login with a section learns nothing of the host" {
  [ "$(curl -s -o /dev/null -w '%{http_code}' -u apple:apple \
    "$REPORT/check")" = 403 ]
  run ! grep -q 'installation in order' <(get apple '')
  get owner '' | grep -q 'installation in order'
}

@test "the page of data tells what is kept, how old it is, and what was done" {
  [ "$(curl -s -o /dev/null -w '%{http_code}' -u apple:apple \
    "$REPORT/data")" = 403 ]
  run ! grep -q 'href="./data"' <(get apple '')
  get owner '' | grep -q 'href="./data"'
  get owner data >before
  grep -q 'Last backup</dt><dd>not known' before
  grep -q 'Last tend</dt><dd>never' before
  [ "$(grep -c '>forever<' before)" = 4 ] # three sources, and any other
  run ! grep -q '<td>none</td>' before
  sed -i '1a keep_calls = 900d' "$DIR/callbook.conf"
  sed -i '/^\[source apple\]/a keep_bodies = 90d' "$DIR/callbook.conf"
  sed -i '/^\[source apple\]/a keep_rejected = 1d' "$DIR/callbook.conf"
  "$BIN/callbook" tend -c "$DIR/callbook.conf"
  "$BIN/callbook" backup -c "$DIR/callbook.conf" copy.db
  "$BIN/callbook" forget -c "$DIR/callbook.conf" --call "$(sqlite3 \
    "$DIR/callbook.db" 'SELECT id FROM call LIMIT 1')" --yes
  # The configuration is read again in a while.
  until get owner data >after && grep -q '>90 days<' after; do :; done
  grep -qE 'apple</bdi>.*>90 days<.*>900 days<.*>forever<.*>1 day<' after
  grep -qE 'Last backup</dt><dd><time' after
  grep -qE 'Last tend</dt><dd><time' after
  grep -q 'Forgotten</dt><dd>1 time, 1 call;' after
  # The oldest call, by the store.
  start=$(sqlite3 "$DIR/callbook.db" 'SELECT min(started) / 1000 FROM call')
  grep 'scope="row">Calls' after | grep -q "$(date -u -d "@$start" +%FT%T)"
}

@test "logo and colour of the owner are in the page, readable on both grounds" {
  get owner '' | grep -q 'class="logo" alt="" src="data:image/svg+xml;base64,'
  get owner '' | grep -q 'accent-ffe000.css'
  # Yellow on white could not be read: it is made darker there alone.
  run -0 get owner accent-ffe000.css
  [[ $output =~ ^:root\{--link:#([0-9a-f]{6})\}.*--link:#ffe000 ]]
  [ "${BASH_REMATCH[1]}" != ffe000 ]
}
