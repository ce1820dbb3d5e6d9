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

@test "an index of words that is off, being built, or impossible" {
  callbook demo --calls 600 --days 3 >made
  run -0 callbook check
  has 'ok    search: by an index of words'
  sqlite3 callbook.db "UPDATE meta SET value = 'off' WHERE name = 'search'"
  run -0 callbook check
  has "warn  search: slow, since the index of words is off: run 'callbook rebuild'"
  sqlite3 callbook.db "UPDATE meta SET value = '1' WHERE name = 'search'"
  run -0 callbook check
  has 'warn  search: slow until the index of words is built'
  run -0 report check
  has 'warning</span> slow until the index of words is built'
  run -0 callbook rebuild
  run -0 callbook check
  has 'ok    search: by an index of words'
}

# other_sqlite LINES - make BIN programs without sanitizers that find another SQLite:
# the real one, but for the functions in LINES of C.
other_sqlite() {
  printf '%s\n' '#define _GNU_SOURCE' '#include <dlfcn.h>' \
    '#include <string.h>' "$1" >other.c
  cc -shared -fPIC -o other.so other.c
  BIN=${PLAIN-${BIN%/*}/plain}
}

@test "an SQLite that is too old, or has no index of words" {
  signed sales "$DATA/formantai/call.completed.json" >answer
  other_sqlite 'int sqlite3_libversion_number(void) { return 3034001; }
    const char *sqlite3_libversion(void) { return "3.34.1"; }'
  LD_PRELOAD=$PWD/other.so run -1 callbook check
  has 'FAIL  store: SQLite 3.34.1 is too old, since stores need 3.37: '
  run -0 signed sales "$DATA/formantai/call.completed.json"
  has '"duplicate"'
  run -0 cgi sales LD_PRELOAD="$PWD/other.so" <<<'{}'
  has 'Status: 503'
  run -0 report check LD_PRELOAD="$PWD/other.so"
  has 'fault</strong>: SQLite 3.34.1 is too old'
  other_sqlite 'int sqlite3_prepare_v2(void *db, const char *sql, int n,
      void **s, const char **tail) {
    int (*real)(void *, const char *, int, void **, const char **) =
      dlsym(RTLD_NEXT, "sqlite3_prepare_v2");
    return real(db, strstr(sql, "fts5(") ? "no such thing" : sql, n, s, tail);
  }'
  LD_PRELOAD=$PWD/other.so run -0 callbook check
  has 'warn  search: slow, since this SQLite has no FTS5'
}

# --- the page that tells the same ---------------------------------------------

# text_of_page - what is written in the page of the last `run`.
text_of_page() {
  sed 's/<[^>]*>//g; s/&#39;/'\''/g; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g
    s/&amp;/\&/g' <<<"$output"
}

@test "report.cgi/check says what callbook check says" {
  some=$DATA/formantai/call.completed.json
  signed sales "$some" >answer
  formantai_secret "$some" wrong >answer
  echo '{"event_type":"call.completed"}' | cgi open >answer
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  sed -i 's/^provider = atoms$/provider = atmos/' callbook.conf
  run -1 callbook check
  # Time and free room may change meanwhile.
  grep -vE '^ok    (clock|disk): ' <<<"$output" >said
  run -0 report check
  has 'Status: 200'
  has 'Cache-Control: private, no-store'
  text_of_page >page
  while IFS= read -r line; do
    case $line in
    FAIL*) line="fault: ${line#*: }" ;;
    warn*) line="warning ${line#*: }" ;;
    *) line=${line#*: } ;;
    esac
    grep -qF -- "$line" page || {
      echo "not in the page: $line"
      cat page
      false
    }
  done <said
  faults=$(grep -c '^FAIL' said)
  warnings=$(grep -c '^warn' said)
  has "<p class=\"lead\">$faults fault and $warnings warnings.</p>"
}

@test "the page knows what only a request tells" {
  signed sales "$DATA/formantai/call.completed.json" >answer
  mkdir served
  run -0 report check DOCUMENT_ROOT="$PWD/served" AUTH_TYPE=Basic
  text_of_page >page
  grep -qF "document root$PWD/served" page
  grep -qF ", by CGI, as user $(id -un)" page
  grep -qF 'SCRIPT_NAME is "/report.cgi" and PATH_INFO is "/check"' page
  grep -qF 'loginowner, by Basic' page
  grep -qF 'Authorizationthe header does not arrive at this program' page
  has_not 'fault</strong>'
  run -0 report check DOCUMENT_ROOT="$PWD" HTTP_AUTHORIZATION='Basic c2VjcmV0'
  has "fault</strong>: $PWD/callbook.conf lies below the document root $PWD"
  has "fault</strong>: $PWD/secret lies below the document root"
  has "store</dt><dd><strong class=\"worse\">fault</strong>: $PWD lies below"
  has 'the header arrives at this program'
  has_not c2VjcmV0
  has_not "$(cat secret)"
  # What a sender or a visitor wrote does not become a part of the page.
  run -0 report check SCRIPT_NAME='/<script>' DOCUMENT_ROOT='"><script>' \
    AUTH_TYPE='<b>'
  has_not '<script'
  has_not '<b>'
}

@test "P7 the page wants a login, whoever may see the calls" {
  run -0 report check REMOTE_USER=
  has 'Status: 403'
  sed -i 's/^\[source sales\]/[report]\naccess = public\n\n&/' callbook.conf
  run -0 report '' REMOTE_USER=
  has 'Status: 200'
  has_not 'href="./check"'
  run -0 report check REMOTE_USER=
  has 'Status: 403'
  has 'only for those who log in'
  has_not "$PWD"
  run -0 report check
  has 'Status: 200'
  has 'access = public'
  run -0 report ''
  has 'href="./check"'
}

@test "numbers of telephones in types of events are masked in the page" {
  callbook provider show formantai |
    jq '.types["call.level +15550100123"] = {keep: "count"}' >definition
  mv definition providers/formantai.json
  jq '.event_type = "call.level +15550100123"' \
    "$DATA/formantai/call.completed.json" | cgi open >answer
  run -0 callbook check
  has 'call.level +15550100123 events of open'
  run -0 report check
  has 'events of open'
  has_not 5550100123
}

@test "the page is there where the others are not, but for its configuration" {
  run -0 report check
  has 'is not there yet: the receiver makes it when it starts'
  signed sales "$DATA/formantai/call.completed.json" >answer
  mkdir served
  sed -i 's|^store.*|store = served/callbook.db|' callbook.conf
  signed sales "$DATA/formantai/call.completed.json" >answer
  run -0 report calls DOCUMENT_ROOT="$PWD/served"
  has 'Status: 503'
  run -0 report check DOCUMENT_ROOT="$PWD/served"
  has 'Status: 200'
  has "fault</strong>: $PWD/served lies below the document root"
  echo nonsense >>callbook.conf
  run -0 --separate-stderr report check
  has 'Status: 503'
  has_not "$PWD"
  [[ $stderr == *"$PWD/callbook.conf:"* ]]
}

@test "every page says that days are counted in another time zone" {
  signed sales "$DATA/formantai/call.completed.json" >answer
  run -0 report ''
  has_not 'Days are still counted'
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  for page in '' calls call/1 results attention deliveries; do
    run -0 report "$page"
    has 'Days are still counted in UTC, and the configuration says Asia/Kolkata: run <code>callbook rebuild</code>.'
    has 'Times in Asia/Kolkata'
  done
  run -0 callbook rebuild
  run -0 report ''
  has_not 'Days are still counted'
}

@test "without a database of time zones events are received, and it is told what is missing" {
  sed -i 's|^store.*|&\ntimezone = Asia/Kolkata|' callbook.conf
  export TZDIR=/nonexistent
  # shellcheck disable=SC2094
  run -0 cgi sales TZDIR="$TZDIR" "HTTP_X_FORMANTAI_SIGNATURE=sha256=$(
    openssl dgst -sha256 -hmac correct-horse -r \
      "$DATA/formantai/call.completed.json" | cut -d ' ' -f 1)" \
    <"$DATA/formantai/call.completed.json"
  has '"stored"'
  run -0 callbook check
  has 'warn  time zone: this system has no database of time zones, so days are those of UTC and not of Asia/Kolkata'
  run -0 report calls TZDIR="$TZDIR"
  has 'Times and days are those of UTC and not of Asia/Kolkata'
  # One beside the programs is found, as `make portable` puts it there.
  mkdir -p host/bin host/zoneinfo/Asia
  cp "$BIN/callbook" host/bin/
  cp /usr/share/zoneinfo/Asia/Kolkata host/zoneinfo/Asia/
  cp /usr/share/zoneinfo/UTC host/zoneinfo/
  run -0 host/bin/callbook check
  has 'days were counted in UTC, configured is Asia/Kolkata'
  unset TZDIR
  run -0 report calls
  has 'Days are still counted in UTC, and the configuration says Asia/Kolkata'
  run -0 callbook rebuild
  run -0 callbook check
  has 'ok    time zone: Asia/Kolkata'
}

@test "check says why the journal is slower than WAL" {
  mkdir callbook.db-shm
  signed sales "$DATA/formantai/call.completed.json" >answer
  run -0 callbook check
  has 'warn  journal: truncate, slower than wal: when the receiver opened the store, a WAL did not work there; its log says why'
  # The kind of file system is a number of statfs(2): that of NFS.
  cat >nfs.c <<END
#define _GNU_SOURCE
#include <sys/vfs.h>
int
statfs(const char *path, struct statfs *fs)
{
	(void)path;
	fs->f_type = 0x6969;
	return 0;
}
END
  cc -shared -fPIC -o nfs.so nfs.c
  run -0 env LD_PRELOAD="$PWD/nfs.so" "$PLAIN/callbook" check
  has 'warn  journal: truncate, slower than wal: the file lies on NFS, where a WAL is not safe'
}

# --- through the web server -----------------------------------------------------

# apache_answers - is it the one that was started?
apache_answers() {
  kill -0 "$APACHE" 2>/dev/null || return "$NEVER"
  # Only ours has that place.
  [ "$(cat "$W/pid" 2>/dev/null)" = "$APACHE" ] && curl -so /dev/null "$URL"
}

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
    if wait_for apache_answers; then return; fi
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
  has 'ok    body: one of max_body, 4.2 MB, arrives'
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
  has 'FAIL  body: 100000 bytes arrive, 4.2 MB do not: '
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
  # The receiver has read that by itself.
  has "ok    web: $URL/fcgid/token is received"
  # A command that reads another configuration is told so.
  sed 's/source token/source other/' "$CALLBOOK_CONFIG" >other.conf
  mv other.conf "${CALLBOOK_CONFIG%/*}/"
  CALLBOOK_CONFIG=${CALLBOOK_CONFIG%/*}/other.conf
  check fcgid
  has "FAIL  web: $URL/fcgid/other: the receiver knows no such source"
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
  has 'FAIL  body: the web server refuses 4.2 MB'
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
  sed 's/^store.*/&\nmax_body = 8M/' "$CALLBOOK_CONFIG" >"$W/data/other.conf"
  CALLBOOK_CONFIG=$W/data/other.conf check cgi
  [ "$status" = 1 ]
  # Apache may cut the connection before the answer is read.
  has 'FAIL  body: '
  has '8.4 MB'
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
  run curl -s -m 60 -H 'Content-Type: application/json' --data-binary "$body" \
    "$URL/cgi/evil?-c+$W/data/evil.conf"
  has '"status":404'
  [ ! -e "$W/data/evil.db" ]
  run curl -s -m 60 "$URL/cgi/healthz?-s+$W/evil.sock"
  has '"status":"ok"'
  [ ! -e "$W/evil.sock" ]
  run curl -s -m 60 "$URL/cgi/healthz?--help"
  has '"status":"ok"'
  # The command in a place where it does not belong.
  curl -s -m 60 -H 'Content-Type: application/json' --data-binary "$body" \
    "$URL/cgi/open" >answer
  run curl -s -m 60 "$URL/command?export"
  has_not specversion
  has_not formantai
}
