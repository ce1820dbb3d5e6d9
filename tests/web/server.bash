# shellcheck shell=bash
# server.bash - a private installation behind a real web server, for bats files.
#
# Everything lies in a directory of the test.  A server is started on a free
# port of 127.0.0.1 and touches nothing of the system's.

# shellcheck source=tests/wait.bash
. "$(dirname "${BASH_SOURCE[0]}")/../wait.bash"

SECRET=test-secret-123

# installation DIR - configuration, secrets and keys for all sources.
installation() {
  mkdir -p "$1"
  (
    umask 077
    echo "$SECRET" >"$1/secret"
    openssl genrsa -out "$1/private.pem" 2048
  ) 2>/dev/null
  openssl rsa -in "$1/private.pem" -pubout -out "$1/public.pem" 2>/dev/null
  cat >"$1/callbook.conf" <<END
[callbook]
store = callbook.db
max_body = 256K

[source sales]
provider = formantai
secret_file = secret

[source support]
provider = recho
auth = rsa
key_file = public.pem

[source quiet]
provider = atoms
secret_file = secret
answer = 204

[source voice]
provider = vapi
auth = bearer
secret_file = secret

[source calls]
provider = retell
secret_file = secret

[source open]
provider = formantai
auth = none

[source address]
provider = twilio
secret_file = secret
url = https://hooks.example.com/address
END
}

# server_start DIR CONFIG COMMAND... - run a web server in the foreground, its
# document root DIR/www.  The function CONFIG DIR writes its configuration, for
# port PORT, to DIR/server.conf; it logs to DIR/server.log.  Sets PORT and
# SERVER (pid).
server_start() {
  local dir=$1 config=$2
  shift 2
  mkdir -p "$dir/www"
  echo "$dir" >"$dir/www/whose"
  for _ in {1..20}; do
    PORT=$((RANDOM % 20000 + 12000))
    "$config" "$dir" >"$dir/server.conf"
    "$@" >>"$dir/server.out" 2>&1 3>&- &
    SERVER=$!
    if wait_for ours "$dir"; then return; fi
    kill "$SERVER" 2>/dev/null || :
    wait "$SERVER" || :
    SERVER=
    grep -qis 'Address already in use' "$dir"/server.{log,out} || break
    : >"$dir/server.log"
    : >"$dir/server.out"
  done
  cat "$dir"/server.{out,log}
  return 1
}

# Is it our own server that answers?
ours() {
  kill -0 "$SERVER" 2>/dev/null || return "$NEVER"
  [ "$(curl -s -m 60 "http://127.0.0.1:$PORT/whose")" = "$1" ]
}

# lighttpd_start DIR - a lighttpd whose /callbook is the FastCGI
# host described by the lines in DIR/host.  What else a test wants is in
# DIR/more.  Sets PORT, URL and LIGHTTPD (pid).
lighttpd_start() {
  server_start "$1" lighttpd_config lighttpd -D -f "$1/server.conf" || return
  LIGHTTPD=$SERVER
  URL=http://127.0.0.1:$PORT/callbook
}

lighttpd_config() {
  cat <<END
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_fastcgi",
  "mod_cgi")
server.document-root = "$1/www"
server.bind = "127.0.0.1"
server.port = $PORT
server.errorlog = "$1/server.log"
server.breakagelog = "$1/programs.log"
server.upload-dirs = ("$1")
server.max-keep-alive-requests = 1000000
fastcgi.server = ("/callbook" => (($(cat "$1/host"),
  "check-local" => "disable")))
alias.url = ("/cgi-bin/" => "$1/cgi-bin/")
cgi.assign = ("/cgi-bin/callbook.fcgi" => "")
$(cat "$1/more" 2>/dev/null)
END
}

# children PID - the processes it started.
children() {
  grep -lsE "^PPid:[[:space:]]+$1\$" /proc/[0-9]*/status | cut -d/ -f3
}

# keepers PID... - those of them that are no child of another of them.
keepers() {
  related "$@" | awk '$3 == "child" { next } { print $1 }'
}

# servers PID... - those of them that have no child among them.
servers() {
  related "$@" | awk '$2 == "parent" { next } { print $1 }'
}

# related PID... - each with what it is to another: parent or -, child or -.
related() {
  local files=("${@/%//status}")
  [ $# -gt 0 ] || return 0
  cat "${files[@]/#//proc/}" 2>/dev/null | awk '
    /^Pid:/ { pid = $2 }
    /^PPid:/ { of[pid] = $2; parent[$2] = 1 }
    END {
      for (pid in of)
        print pid, pid in parent ? "parent" : "-", of[pid] in of ? "child" : "-"
    }' || :
}

# serving PID... - the processes that serve for them: their children, or they
# themselves.  It is these that are killed where a test kills without warning,
# as a system that is out of memory does: lighttpd takes a socket whose server
# is still about to end after its keeper for one that somebody else serves.
serving() {
  local pid child
  for pid; do
    child=$(children "$pid")
    echo "${child:-$pid}"
  done
}

gone() {
  local pid
  for pid; do ! kill -0 "$pid" 2>/dev/null || return 1; done
}

# lighttpd_stop - and wait until the receivers it started have ended too.
lighttpd_stop() {
  local receivers
  receivers=$(children "$LIGHTTPD")
  kill "$LIGHTTPD"
  wait "$LIGHTTPD" || :
  # shellcheck disable=SC2086
  wait_for gone $receivers
}

# receiver_host DIR PROGRAMS PROCESSES [OPTION...] - lighttpd starts them.
receiver_host() {
  local dir=$1 programs=$2 processes=$3
  shift 3
  cat >"$dir/host" <<END
"bin-path" => "$programs/callbook.fcgi -c $dir/callbook.conf${*:+ $*}",
"socket" => "$dir/callbook.sock",
"max-procs" => $processes
END
}

# socket_host DIR ADDRESS - the receiver was started by somebody else.
socket_host() {
  case $2 in
  /*) echo "\"socket\" => \"$2\"" ;;
  *) echo "\"host\" => \"${2%:*}\", \"port\" => ${2#*:}" ;;
  esac >"$1/host"
}

# hmac FILE [SECRET] - hexadecimal HMAC-SHA256 by openssl, not by our code.
hmac() {
  openssl dgst -sha256 -hmac "${2-$SECRET}" -r "$1" | cut -d ' ' -f 1
}

# Every sender below prints the body of the answer and, last, its status.
# send SOURCE CURL-OPTION... - TYPE is its Content-Type.
send() {
  local source=$1
  shift
  curl -s -m 60 -H "Content-Type: ${TYPE-application/json}" -H 'Expect:' \
    -w '%{http_code}' "$@" "$URL/$source"
}

# formantai FILE [CURL-OPTION...] - signed as that platform does.
formantai() {
  local file=$1
  shift
  send sales -H "X-FormantAI-Signature: sha256=$(hmac "$file")" \
    --data-binary "@$file" "$@"
}

# recho FILE DIR [TIMESTAMP] - likewise, with the private key in DIR.
recho() {
  local at=${3-$(date +%s)} signature
  signature=$({ printf '%s.' "$at" && cat "$1"; } |
    openssl dgst -sha256 -sign "$2/private.pem" | base64 -w 0)
  send support -H "X-Recho-Timestamp: $at" \
    -H "X-Recho-Signature: $signature" --data-binary "@$1"
}

# retell_signature FILE - the value of the header, of this moment.
retell_signature() {
  local at
  at=$(date +%s)000
  printf 'v=%s,d=%s' "$at" "$({ cat "$1" && printf %s "$at"; } |
    openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)"
}

# retell FILE [CURL-OPTION...] - signed as that platform does.
retell() {
  local file=$1
  shift
  send calls -H "X-Retell-Signature: $(retell_signature "$file")" \
    --data-binary "@$file" "$@"
}

# expect STATUS GLOB COMMAND... - a sender's answer: status and body.
expect() {
  local code=$1 glob=$2
  shift 2
  run "$@"
  # shellcheck disable=SC2053,SC2154
  [[ $output == $glob?($'\n')$code ]] && return
  printf 'wanted %s %s, got:\n%s\n' "$code" "$glob" "$output"
  return 1
}

# event NUMBER [SIZE] - a completed call whose ids hold NUMBER (six digits or
# @@@@@@), padded with white space to SIZE bytes.
event() {
  local text
  text='{"event_id":"evt-'$1'","event_type":"call.completed",'
  text+='"timestamp":"2026-05-12T10:24:00.000Z","data":{"call":{'
  text+='"conversation_id":"call-'$1'","agent_id":7,"status":"completed",'
  text+='"from_phone":"+15550100001","to_phone":"+15550100002",'
  text+='"started_at":"2026-05-12T10:24:00.000Z",'
  text+='"ended_at":"2026-05-12T10:26:00.000Z","duration_seconds":120},'
  text+='"results":{"interested":true,"score":4}}}'
  printf '%-*s' "${2-0}" "$text"
}

# sql DIR STATEMENT - what the store holds.
sql() {
  sqlite3 -readonly -cmd '.timeout 60000' "$1/callbook.db" "$2"
}

# body_of DIR CONDITION - the body of an event, as it came.
body_of() {
  sqlite3 -readonly -cmd '.timeout 60000' "$1/callbook.db" \
    "SELECT hex(body), size FROM event WHERE $2" |
    perl -MCompress::Zlib -ne 'chomp;
      my ($body, $size) = split /[|]/;
      $body = pack "H*", $body;
      print $size ? uncompress($body) : $body'
}

# stored DIR - how many events the store has.
stored() {
  sql "$1" 'SELECT count(*) FROM event'
}

# raw FILE-OF-HEADERS BODY - over a bare socket, and say no more; prints the
# answer.
raw() {
  { sed 's/$/\r/' "$1" && printf '\r\n' && cat "$2"; } | perl -MIO::Socket -e '
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift)
      or die;
    alarm 30;
    local $/;
    print $s <STDIN>;
    $s->flush;
    shutdown $s, 1;
    print <$s>' "$PORT"
}

# raw_head HEADER... - of a request to source sales, signed for the file body.
raw_head() {
  printf '%s\n' "POST /${URL#http://*/}/sales HTTP/1.1" 'Host: localhost' \
    'Content-Type: application/json' 'Connection: close' "$@" \
    "X-FormantAI-Signature: sha256=$(hmac body)"
}

# further COUNT ANSWERS PID - does the file hold COUNT answers of 200?  Never,
# if the sender is gone.
further() {
  [ "$(grep -c ' 200 ' "$2")" -ge "$1" ] && return 0
  kill -0 "$3" || return "$NEVER"
  return 1
}

# nothing_lost DIR ANSWERS - is each event that post was told to be stored in
# the store of DIR, once, and the store sound?
nothing_lost() {
  echo "$(grep -c ' 200 ' "$2") acknowledged, $(grep -vc ' 200 ' "$2") not"
  awk '$2 == 200 { printf "evt-%06d\n", $1 }' "$2" | sort -u >"$2.told"
  [ -s "$2.told" ] || return
  sql "$1" 'SELECT id FROM event' | sort >"$2.kept"
  [ -z "$(comm -23 "$2.told" "$2.kept")" ] || return
  [ -z "$(uniq -d "$2.kept")" ] || return
  [ "$(sql "$1" 'PRAGMA integrity_check')" = ok ] || return
  # What was folded is what was stored, at one moment: a server may still
  # bring what senders left that are gone.
  [ "$(sql "$1" 'SELECT n = (SELECT count(*) FROM call) AND
    n = (SELECT sum(events) FROM call) AND n = (SELECT sum(calls) FROM day)
    FROM (SELECT count(*) AS n FROM event)')" = 1 ]
}

# nginx_site DIR - the beginning of its configuration, up to what its one site
# has, with two braces to be closed.  Nothing of /var or /run is touched.
nginx_site() {
  cat <<END
daemon off;
pid $1/run/server.pid;
error_log $1/server.log;
events {}
http {
  access_log off;
  client_body_temp_path $1/run/body;
  fastcgi_temp_path $1/run/fastcgi;
  proxy_temp_path $1/run/proxy;
  scgi_temp_path $1/run/scgi;
  uwsgi_temp_path $1/run/uwsgi;
  server {
    listen 127.0.0.1:$PORT;
    root $1/www;
END
}

# signed_cgi FILE COMMAND... - the program as a web server would run it.
signed_cgi() {
  local file=$1
  shift
  # shellcheck disable=SC2094
  "$@" env -i PATH="$PATH" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
    PATH_INFO=/sales CONTENT_TYPE=application/json \
    CONTENT_LENGTH="$(wc -c <"$file")" \
    HTTP_X_FORMANTAI_SIGNATURE="sha256=$(hmac "$file")" \
    "$PLAIN/callbook.fcgi" -c callbook.conf <"$file"
}
