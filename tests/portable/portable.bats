#!/usr/bin/env bats
# The static programs in a root directory where nothing else is: no library, no
# shell, no /etc, no /dev, no time zones.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup_file() {
  # make portable as a user of umask 0002 would.
  umask 0002
  env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$ROOT" \
    BUILD="${PLAIN-$ROOT/build/plain}/hosting" portable
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  MADE=${PLAIN-$ROOT/build/plain}/hosting/portable
  D=$BATS_TEST_TMPDIR/root
  mkdir -p "$D/tmp" "$D/home"
  cp -Rp "$MADE/." "$D/home"
  cat >"$D/home/callbook.conf" <<END
[callbook]
store = callbook.db

[source sales]
provider = formantai
secret_file = sales.secret
END
  echo correct-horse >"$D/home/sales.secret"
  chmod 600 "$D/home/sales.secret"
  BODY=$DATA/formantai/call.completed.json
}

# alone COMMAND... - with the root directory D and the variables that are set.
alone() {
  if [ "$(id -u)" = 0 ]; then exec chroot "$D" "$@"
  else exec unshare --map-root-user --root="$D" -- "$@"; fi
}

# request PATH METHOD [NAME=VALUE...] <BODY - by plain CGI.
request() (
  export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=$2 PATH_INFO=/$1
  export CONTENT_TYPE=application/json "${@:3}"
  alone /home/cgi-bin/callbook.fcgi
)

# page PATH [NAME=VALUE...] - of the report by plain CGI, for who logged in.
page() (
  export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REMOTE_USER=owner
  export SCRIPT_NAME=/cgi-bin/report.cgi PATH_INFO="/$1" "${@:2}"
  alone /home/cgi-bin/report.cgi </dev/null
)

# shellcheck disable=SC2094
delivery() {
  request sales POST "CONTENT_LENGTH=$(wc -c <"$BODY")" \
    "HTTP_X_FORMANTAI_SIGNATURE=sha256=$(
      openssl dgst -sha256 -hmac correct-horse -r "$BODY" | cut -d ' ' -f 1
    )" <"$BODY"
}

@test "what is uploaded: static programs of mode 0755 with one owner" {
  cd "$MADE"
  [ -z "$(find . -type d ! -perm 0755)" ]
  [ -z "$(find . ! -user "$(id -un)")" ]
  [ -z "$(find . -perm /6000)" ]
  for file in bin/callbook cgi-bin/*; do
    [ "$(stat -c %a "$file")" = 755 ]
    run -1 ldd "$file"
    has 'not a dynamic executable'
  done
  [ "$(stat -c %a cgi-bin/.htaccess)" = 644 ]
  cmp "$ROOT/cgi-bin/.htaccess" cgi-bin/.htaccess
  # The command would take orders from whoever asks for it.
  [ ! -e cgi-bin/callbook ]
}

@test "make leaves programs in cgi-bin that suEXEC runs" {
  umask 0002
  mkdir made && cd made
  cp -R "$ROOT"/{lib,src,Makefile} .
  env -u MAKEFLAGS -u MAKEOVERRIDES make -s -j2 CFLAGS=-O0 all
  [ "$(stat -c %a cgi-bin)" = 755 ]
  for program in callbook.fcgi report.cgi; do
    [ "$(stat -c '%a %U' "cgi-bin/$program")" = "755 $(id -un)" ]
  done
}

@test "a signed webhook by plain CGI is stored, once, without any library" {
  run -0 delivery
  has '"result":"stored","event":1'
  run -0 delivery
  has '"result":"duplicate","event":1'
  run -0 request healthz GET
  has '"status":"ok"'
  [ "$(sqlite3 "$D/home/callbook.db" 'SELECT count(*) FROM event')" = 1 ]
}

@test "the report has its style in it, and finds words in calls" {
  run -0 page ''
  has 'Status: 200'
  has 'No calls yet'
  run -0 delivery
  run -0 page '' QUERY_STRING=preset=all
  has 'Status: 200'
  has '<svg'
  style=$(grep -o 'style-[0-9a-f]*\.css' <<<"$output")
  run -0 page "$style"
  has 'Content-Type: text/css'
  has '@media print'
  run -0 page calls QUERY_STRING='preset=all&text=wholesale'
  has 'Status: 200'
  has_not '/call/1'
  # A word: numbers are masked, and a search must not find out their digits.
  run -0 page calls QUERY_STRING='preset=all&text=Rahul'
  has '"./call/1'
}

@test "report.cgi/check, for who has no shell on the host" {
  run -0 delivery
  run -0 page check DOCUMENT_ROOT=/home/cgi-bin
  has 'Status: 200'
  has "by CGI, as user number $(id -u)"
  has 'by an index of words'
  has '<dt>document root</dt><dd>/home/cgi-bin</dd>'
  has_not 'fault</strong>'
  # Uploaded with all that belongs above the folder.
  run -0 page check DOCUMENT_ROOT=/home
  has 'fault</strong>: /home/callbook.conf lies below the document root /home'
  has 'fault</strong>: /home/sales.secret lies below'
  run -0 page calls DOCUMENT_ROOT=/home
  has 'Status: 503'
}

@test "callbook finds the configuration above its folder, and all is in order" {
  run -0 delivery
  run -0 alone /home/bin/callbook check
  has 'ok    configuration: /home/callbook.conf, 1 source'
  has 'ok    store: 1 events, 1 calls'
  has 'ok    time zone: UTC'
  has_not FAIL
  run -0 alone /home/bin/callbook export
  has '"type":"callbook.call.ended"'
}

@test "time zones come with the programs; without any it goes on in UTC and says so" {
  sed -i 's/^store.*/&\ntimezone = Asia\/Kolkata/' "$D/home/callbook.conf"
  run -0 delivery
  has '"stored"'
  run -0 page ''
  has 'Times in Asia/Kolkata'
  rm -r "$D/home/zoneinfo"
  run -0 delivery
  has 'Status: 200'
  run -0 alone /home/bin/callbook check
  has 'this system has no database of time zones, so days are those of UTC and not of Asia/Kolkata'
  run -0 page ''
  has 'Times and days are those of UTC and not of Asia/Kolkata'
}

@test "a store on a server needs another build, and all programs say so" {
  run -0 delivery
  cp "$D/home/callbook.conf" "$D/home/file.conf"
  sed -i 's#^store.*#store = postgresql://callbook@localhost/callbook#' \
    "$D/home/callbook.conf"
  run delivery
  has 'Status: 503'
  has 'built without libpq, so it can keep no store on a PostgreSQL server'
  run page ''
  has 'Status: 503'
  has 'built without libpq'
  run -1 alone /home/bin/callbook check
  has 'FAIL  store: this program was built without libpq'
  run -1 alone /home/bin/callbook copy -c /home/file.conf \
    --to postgresql://callbook@localhost/callbook
  has 'built without libpq'
}

@test "callbook send prints the line of curl in place of sending" {
  cp "$BODY" "$D/home/body.json"
  run -0 --separate-stderr alone /home/bin/callbook send --source sales \
    --url http://localhost/callbook /home/body.json
  has "curl -sS -H 'X-FormantAI-Signature: "
  has " -H 'Content-Type: application/json' "
  has "--data-binary '@/home/body.json' 'http://localhost/callbook/sales'"
  [[ $stderr == *'built without curl'* ]]
}

@test "callbook check --url tells what to type" {
  run -0 alone /home/bin/callbook check --url http://localhost/callbook/
  has 'warn  web: '
  has "'http://localhost/callbook/healthz'"
  has '{"bytes":4194304,"authorization":true}'
}

# is_there PID ADDRESS - does it listen there?
is_there() {
  kill -0 "$1" || return "$NEVER"
  case $2 in
  /*) [ -S "$D$2" ] ;;
  *) : 2>/dev/null >"/dev/tcp/${2%:*}/${2#*:}" ;;
  esac
}

# listens PROGRAM ADDRESS - until it is told to stop, and says nothing.
listens() {
  local address=$2 pid
  (alone "/home/cgi-bin/$1" -s "$address") 2>"$D/tmp/log" 3>&- &
  pid=$!
  wait_for is_there "$pid" "$address" || :
  kill "$pid"
  wait "$pid"
  cat "$D/tmp/log"
  [ ! -s "$D/tmp/log" ]
}

@test "as FastCGI it listens: on a socket, and on a numeric address" {
  # A receiver that is stopped while it makes the store leaves none to report.
  run -0 delivery
  for program in callbook.fcgi report.cgi; do
    listens "$program" /tmp/r.sock
    listens "$program" 127.0.0.1:$((RANDOM % 20000 + 12000))
  done
}
