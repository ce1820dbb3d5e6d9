#!/usr/bin/env bats
# callbook check on installations that are wrong on purpose: in their place, in
# their clock, and, with --url, behind a real Apache.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

setup() {
  site
}

# The user of the web server, who is not root.
WEB=()
[ "$(id -u)" != 0 ] ||
  WEB=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

# web_place - make W, an installation of that user with the programs.
web_place() {
  W=$(mktemp -d /tmp/callbook-check.XXXXXX)
  cp "$BIN/callbook.fcgi" "$BIN/callbook" "$W"
  mkdir "$W/www" "$W/data" "$W/fcgid"
  sed '/^providers_dir/d; /support/,/^$/d' callbook.conf >"$W/data/callbook.conf"
  cp secret "$W/data"
  [ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$W"
  chmod 755 "$W"
  export CALLBOOK_CONFIG=$W/data/callbook.conf
}

# --- where it lies, and when --------------------------------------------------

@test "nothing may lie below the document root that is told" {
  mkdir -p served/private elsewhere
  ln -s served link
  run -0 callbook check --document-root elsewhere
  has_not FAIL
  run -1 callbook check --document-root .
  has "FAIL  configuration: $PWD/callbook.conf lies below the document root $PWD"
  has "FAIL  source sales: $PWD/secret lies below"
  has "FAIL  store: $PWD lies below"
  sed -i 's|^store.*|store = link/private/callbook.db|' callbook.conf
  run -1 callbook check --document-root "$PWD/served/"
  has "FAIL  store: $PWD/link/private lies below the document root $PWD/served"
  has 'move it out'
  # A prefix of the name is no parent.
  run -0 callbook check --document-root elsewhere
  sed -i 's|^store.*|store = elsewhere/../served/callbook.db|' callbook.conf
  mkdir serv
  run -0 callbook check --document-root serv
  run -2 callbook check --document-root nowhere
  has 'nowhere: No such file or directory'
}

@test "names that web servers usually serve are worth a warning" {
  for name in public_html htdocs www cgi-bin; do
    mkdir -p "$name/site"
    sed "s|^store.*|store = callbook.db|; s|= secret\$|= $PWD/secret|
      s|= providers|= $PWD/providers|; s|= public|= $PWD/public|" \
      callbook.conf >"$name/site/callbook.conf"
    run -0 callbook -c "$name/site/callbook.conf" check
    has "warn  configuration: $PWD/$name/site/callbook.conf lies below /$name/"
    has "warn  store: $PWD/$name/site lies below /$name/"
    has_not 'warn  source sales'
  done
}

@test "a store that every user can read is worth a warning" {
  signed sales "$DATA/formantai/call.completed.json" >answer
  run -0 callbook check
  has_not chmod
  chmod 664 callbook.db
  run -0 callbook check
  has "warn  store: every user of this machine can read or write $PWD/callbook.db: chmod 660 it"
}

@test "a directory that cannot be written" {
  web_place
  chmod 555 "$W/data"
  run -1 "${WEB[@]}" "$W/callbook" check
  has "FAIL  store: directory $W/data: not writable for this user"
}

@test "a clock that is behind what it told before" {
  run -0 callbook check
  has 'ok    clock: 20'
  touch -d '+2 days' callbook.conf
  run -1 callbook check
  has 'FAIL  clock: it says '
  has 'events whose signature has a time are refused'
  touch callbook.conf
  signed sales "$DATA/formantai/call.completed.json" >answer
  touch -d '+2 days' callbook.db
  run -1 callbook check
  has 'FAIL  clock: '
}

@test "a store of a newer version is refused, and not touched" {
  signed sales "$DATA/formantai/call.completed.json" >answer
  version=$(sqlite3 callbook.db 'PRAGMA user_version')
  sqlite3 callbook.db 'PRAGMA user_version = 1000; PRAGMA wal_checkpoint' >got
  sum=$(sha256sum <callbook.db)
  run -1 callbook check
  has 'FAIL  store: '
  has 'was written by a newer Callbook (schema 1000, this program knows '
  has 'install that one again'
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has 'Status: 503'
  run -1 callbook export
  [ "$(sha256sum <callbook.db)" = "$sum" ]
  # With the program that it belongs to it goes on.
  sqlite3 callbook.db "PRAGMA user_version = $version"
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has '"duplicate"'
}

# --- through the web server -----------------------------------------------------

# apache - one on a free port of 127.0.0.1 that runs the receiver in several
# ways, right and wrong.  Sets URL; W is its place.
apache() {
  local modules=/usr/lib/apache2/modules m i
  web_place
  for ((i = 0; i < 20; i++)); do
    port=$((RANDOM % 20000 + 12000))
    {
      for m in mpm_event authz_core authz_user authn_core authn_file auth_basic \
        alias cgid env fcgid; do
        echo "LoadModule ${m}_module $modules/mod_$m.so"
      done
      cat <<END
ServerRoot "$W"
ServerName localhost
Listen 127.0.0.1:$port
PidFile "$W/pid"
ErrorLog "$W/log"
ScriptSock "$W/cgid.sock"
FcgidIPCDir "$W/fcgid"
FcgidProcessTableFile "$W/fcgid_shm"
FcgidInitialEnv CALLBOOK_CONFIG $CALLBOOK_CONFIG
DocumentRoot "$W/www"
SetEnv CALLBOOK_CONFIG $CALLBOOK_CONFIG
ScriptAlias /cgi $W/callbook.fcgi
<Location /cgi>
    CGIPassAuth On
</Location>
ScriptAlias /login $W/callbook.fcgi
<Location /login>
    AuthType Basic
    AuthName x
    AuthUserFile $W/none
    Require valid-user
</Location>
ScriptAlias /short $W/callbook.fcgi
<Location /short>
    LimitRequestBody 200000
</Location>
Alias /fcgid $W/callbook.fcgi
<Location /fcgid>
    SetHandler fcgid-script
    Options +ExecCGI
</Location>
Alias /file $W/callbook.fcgi
Redirect /moved http://127.0.0.1:$port/cgi
ScriptAlias /command $W/callbook
END
    } >"$W/apache.conf"
    "${WEB[@]}" apache2 -f "$W/apache.conf" -D FOREGROUND 3>&- &
    APACHE=$!
    URL=http://127.0.0.1:$port
    for _ in {1..100}; do
      kill -0 "$APACHE" 2>/dev/null || break
      # Only ours has that place.
      [ "$(cat "$W/pid" 2>/dev/null)" = "$APACHE" ] &&
        curl -so /dev/null "$URL" && return
      sleep 0.05
    done
    kill "$APACHE" 2>/dev/null || :
    wait "$APACHE" || :
  done
  cat "$W/log"
  return 1
}

teardown() {
  [ -z "${W-}" ] || chmod -R u+w "$W"
  if [ -n "${APACHE-}" ]; then
    kill "$APACHE"
    wait "$APACHE" || :
  fi
  [ -z "${W-}" ] || rm -rf "$W"
}

# check WHERE - as Apache's user; sets output and status.
check() {
  run "${WEB[@]}" "$W/callbook" check --url "$URL/$1"
}

@test "--url: all is well" {
  apache
  check cgi/
  [ "$status" = 0 ]
  has "ok    web: $URL/cgi/healthz: the receiver answers, and can store"
  has 'ok    Authorization: the header arrives'
  has 'ok    body: one of max_body, 1.0 MB, arrives'
  has "ok    web: $URL/cgi/sales is received"
  has_not FAIL
  # Nothing was stored by it.
  has_not 'rejected'
  [ "$(sqlite3 "$W/data/callbook.db" 'SELECT (SELECT count(*) FROM event) +
    (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM rejected)')" = 0 ]
}

@test "--url: mod_fcgid as it comes" {
  apache
  check fcgid
  [ "$status" = 1 ]
  has 'ok    Authorization: the web server keeps the header to itself; no source needs it'
  has 'FAIL  body: 100000 bytes arrive, 1.0 MB do not: '
  has 'FcgidMaxRequestLen'
  # With a source that authenticates by the header, it is a fault.
  cat >>"$CALLBOOK_CONFIG" <<END

[source token]
provider = recho
auth = bearer
secret_file = secret
END
  check fcgid
  has 'FAIL  Authorization: '
  has 'CGIPassAuth On'
  # The receiver was not started again: it does not know the source.
  has "FAIL  web: $URL/fcgid/token: the receiver knows no such source"
}

@test "--url: an address that is something else" {
  apache
  for case in 'login 401, the web server wants a login' \
    'nowhere 404, nothing is there' 'moved 302, it redirects' \
    'file 40[34], ' 'command 500, the program did not run'; do
    check "${case%% *}"
    [ "$status" = 1 ]
    [[ $output == *"FAIL  web: $URL/${case%% *}/healthz: "${case#* }* ]] || {
      echo "$output"
      false
    }
  done
  check short
  [ "$status" = 1 ]
  has 'FAIL  body: the web server refuses 1.0 MB'
  has LimitRequestBody
  run "${WEB[@]}" "$W/callbook" check --url http://127.0.0.1:1
  [ "$status" = 1 ]
  has 'FAIL  web: http://127.0.0.1:1/healthz: '
}

@test "--url: a receiver that cannot store, and another version" {
  apache
  echo 'nonsense' >>"$CALLBOOK_CONFIG"
  check cgi
  [ "$status" = 1 ]
  has 'FAIL  configuration: '
  has "FAIL  web: $URL/cgi/healthz: {\"title\":\"Service Unavailable\""
  # A smaller max_body than that of the configuration read here.
  sed -i '/nonsense/d' "$CALLBOOK_CONFIG"
  sed 's/^store.*/&\nmax_body = 2M/' "$CALLBOOK_CONFIG" >"$W/data/other.conf"
  CALLBOOK_CONFIG=$W/data/other.conf check cgi
  [ "$status" = 1 ]
  # Apache may cut the connection before the answer is read.
  has 'FAIL  body: '
  has '2.1 MB'
  has 'max_body'
}

@test "P7 no stranger gives the programs options by the query" {
  apache
  cat >"$W/data/evil.conf" <<END
[callbook]
store = $W/data/evil.db
[source evil]
provider = formantai
auth = none
END
  chmod 644 "$W/data/evil.conf"
  body=@$DATA/formantai/call.completed.json
  run curl -s -m 10 -H 'Content-Type: application/json' --data-binary "$body" \
    "$URL/cgi/evil?-c+$W/data/evil.conf"
  has '"status":404'
  [ ! -e "$W/data/evil.db" ]
  run curl -s -m 10 "$URL/cgi/healthz?-s+$W/evil.sock"
  has '"status":"ok"'
  [ ! -e "$W/evil.sock" ]
  run curl -s -m 10 "$URL/cgi/healthz?--help"
  has '"status":"ok"'
  # The command in a place where it does not belong.
  curl -s -m 10 -H 'Content-Type: application/json' --data-binary "$body" \
    "$URL/cgi/open" >answer
  run curl -s -m 10 "$URL/command?export"
  has_not specversion
  has_not formantai
}
