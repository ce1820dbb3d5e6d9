#!/usr/bin/env bats
# The store is away, and deliveries are kept as files until it is back.

load ../web/server
load ../web/postgres

bats_require_minimum_version 1.5.0

setup() {
  DIR=$BATS_TEST_TMPDIR
  cd "$DIR" || return
  installation "$DIR"
  sed -i 's,^store.*,store = disk/callbook.db\nspool = spool,' callbook.conf
  export PORT URL LIGHTTPD CALLBOOK_CONFIG=$DIR/callbook.conf
}

teardown() {
  [ -z "${POST-}" ] || ! kill "$POST" || wait "$POST" || :
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${PG-}" ] || pg_end
}

# waiting COUNT - does the spool hold so many, or more?
waiting() {
  [ "$(find spool -path '*/new/*' -type f 2>/dev/null | wc -l)" -ge "$1" ]
}

empty() {
  [ -z "$(find spool/new -type f -not -name '.*')" ]
}

# more_stored COUNT - have so many been told to be stored?
more_stored() {
  [ "$(grep -c '"stored"' answers)" -ge "$1" ]
}

# The lock is held until so many deliveries were kept, and for LOCKED= seconds
# more, under the load of eight senders on two processes, who go on until others
# were stored.
@test "a store that is locked under load refuses nobody, and has all of it afterwards" {
  mkdir disk
  sed -i 's/^spool.*/&\nspool_max = 4G/' callbook.conf
  receiver_host "$DIR" "$PLAIN" 2 -t 8
  lighttpd_start "$DIR"
  event 000001 >body
  expect 200 '{"result":"stored",*' formantai body
  exec {lock}<>disk/callbook.db-lock
  flock "$lock"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 8 -f 100 -n 999999 \
    -s "$SECRET" "$URL/sales" >answers 3>&- {lock}>&- &
  POST=$!
  wait_for waiting 200
  [ -z "${LOCKED-}" ] || sleep "$LOCKED"
  echo "$(find spool/new -type f | wc -l) in the spool"
  flock -u "$lock"
  wait_for more_stored 200
  kill "$POST"
  wait "$POST" || :
  POST=
  # A second for each so many, where it was long.
  for ((i = 0; i < 1 + ${LOCKED:-0}; i++)); do
    ! wait_for empty || break
  done
  empty
  [ -z "$(awk 'NF > 1 && $2 != 200' answers)" ]
  grep -q spooled answers
  nothing_lost "$DIR/disk" answers
  # Nothing came twice: no file was taken in twice.
  [ "$(sql "$DIR/disk" 'SELECT count(*) FROM repeat')" = 0 ]
}

# The same process: its socket stays open, and who connects meanwhile waits.
@test "a receiver that was started without its store begins again with it" {
  receiver_host "$DIR" "$PLAIN" 1 -t 4
  lighttpd_start "$DIR"
  event 000001 >body
  expect 200 '{"result":"spooled"}*' formantai body
  expect 200 '{"status":"spooling",*' send healthz -X GET
  mkdir disk
  wait_for expect 200 '{"status":"ok",*' send healthz -X GET
  wait_for empty
  expect 200 '{"result":"duplicate","event":1}*' formantai body
}

@test "P1 a delivery that is kept is on disk, and its name, before the answer" {
  event 000001 >body
  signed_cgi body strace -f -y -s 400 -o trace \
    -e trace=writev,fsync,renameat,write env | grep spooled
  # w: written, s: the file is on disk, r: it has its place, d: that is on disk,
  # a: the answer.
  [ "$(awk '/writev\([0-9]+<[^>]*\/spool\/new\/[.]/ { printf "w" }
    /fsync\([0-9]+<[^>]*\/spool\/new\/[.][^>]+>\) += 0/ { printf "s" }
    /renameat\([^>]*\/spool\/new>/ { printf "r" }
    /fsync\([0-9]+<[^>]*\/spool\/new>\) += 0/ { printf "d" }
    /write\(1<.*spooled/ { printf "a" }' trace)" = wsrda ]
}

# killed_at_each FROM RUN - `RUN PREFIX...` runs a program with that before it.
# It is killed at each of its system calls from the one on whose line in a
# trace is like FROM: at those that change a file or tell a server, as killing
# before another is what killing before the next of them is; with KILLS=1000, of `make crash`, at
# others too.  `before` and `after` are called around each.  Sets KILLED.
killed_at_each() {
  local -A count=()
  local name line on=
  KILLED=0
  before
  "$2" strace -f -o trace env >out 2>err
  after
  while read -r line; do
    [[ $line =~ ^[0-9]+\ +([a-z0-9_]+)\( ]] || continue
    name=${BASH_REMATCH[1]}
    count[$name]=$((${count[$name]-0} + 1))
    [[ $line != *$1* ]] || on=1
    [ "$on" ] || continue
    case $line in
    *mkdir* | *write* | *rename* | *unlink* | *sync* | *truncate* | \
      *O_CREAT* | *exit_group*) ;;
    *sendto*) # there are many
      [ "${KILLS-0}" -ge 1000 ] || ((count[$name] % 4 == 0)) || continue
      ;;
    *open* | *close* | *flock*) [ "${KILLS-0}" -ge 1000 ] || continue ;;
    *) continue ;;
    esac
    before
    "$2" strace -f -qq -o killed -e trace="$name" \
      -e "inject=$name:signal=KILL:when=${count[$name]}" env >out 2>err || :
    grep -q SIGKILL killed || continue
    KILLED=$((KILLED + 1))
    after
  done <trace
}

flush() {
  "$@" "$PLAIN/callbook" spool flush
}

@test "P1 kill -9 at each call of keeping a delivery leaves it whole or not at all" {
  before() { rm -rf spool; }
  after() {
    if grep -q spooled out; then
      [ "$(find spool/new -name '0*' | wc -l)" = 1 ]
    fi
    "$PLAIN/callbook" spool list >listed
  }
  put() { signed_cgi body "$@"; }
  event 000001 >body
  killed_at_each '/spool", O_RDONLY|O_CLOEXEC|O_DIRECTORY' put
  echo "killed $KILLED times"
  [ "$KILLED" -ge 10 ]
}

@test "P2 kill -9 at each call of taking in neither loses nor doubles" {
  for n in 1 2 3; do
    event 00000$n >body
    signed_cgi body env | grep spooled
  done
  cp -rp spool kept
  mkdir disk
  event 000004 >body
  mv spool away
  signed_cgi body env | grep stored
  cp -rp disk was
  before() {
    rm -rf spool disk
    cp -rp kept spool
    cp -rp was disk
  }
  after() {
    "$PLAIN/callbook" spool flush >list
    empty
    is=$(sql disk 'SELECT (SELECT group_concat(id) FROM (SELECT id FROM event
      ORDER BY id)), (SELECT sum(calls) FROM day)')
    [ "$is" = 'evt-000001,evt-000002,evt-000003,evt-000004|4' ] || {
      echo "stored: $is"
      tail -n 3 killed list
      return 1
    }
  }
  killed_at_each '"lock", O_RDWR' flush
  echo "killed $KILLED times"
  [ "$KILLED" -ge 10 ]
}

@test "P2 kill -9 at each call of taking in to a server neither loses nor doubles" {
  for n in 1 2 3; do
    event 00000$n >body
    signed_cgi body env | grep spooled
  done
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
  uri=$(pg_uri 5432)
  sed -i "s#^store = .*#store = ${uri//&/\\&}#" callbook.conf
  cp -rp spool kept
  mv spool away
  event 000004 >body
  signed_cgi body env | grep stored
  pg_sql 5432 'ALTER DATABASE callbook RENAME TO was' postgres
  # Who was killed may have a session for a moment.
  before() {
    rm -rf spool
    cp -rp kept spool
    pg_sql 5432 'DROP DATABASE IF EXISTS callbook WITH (FORCE)' postgres
    pg_sql 5432 'CREATE DATABASE callbook OWNER callbook TEMPLATE was' postgres
  }
  after() {
    "$PLAIN/callbook" spool flush >list
    empty
    is=$(pg_sql 5432 "SELECT (SELECT string_agg(id, ',' ORDER BY id)
      FROM event), (SELECT sum(calls) FROM day)")
    [ "$is" = 'evt-000001,evt-000002,evt-000003,evt-000004|4' ] || {
      echo "stored: $is"
      tail -n 3 killed list
      return 1
    }
  }
  killed_at_each '"lock", O_RDWR' flush
  echo "killed $KILLED times"
  [ "$KILLED" -ge 8 ]
}

@test "callbook tend stores what waits" {
  event 000001 >body
  signed_cgi body env | grep spooled
  mkdir disk
  event 000002 >body
  mv spool away
  signed_cgi body env | grep stored
  rm -r spool
  mv away spool
  run -0 "$PLAIN/callbook" tend
  [[ $output == *$'spool        1'* ]]
  empty
  [ "$(stored disk)" = 2 ]
}

@test "what another left behind is set aside, named and told" {
  mkdir disk
  event 000001 >body
  signed_cgi body env | grep stored
  mv disk away
  event 000002 >second
  signed_cgi second env | grep spooled
  mv away disk
  printf x >>"$(find spool/new -name '0*')"
  run -1 "$PLAIN/callbook" spool flush
  [[ $output == *'/spool/new/'*'.bad: set aside: it has not the size'* ]]
  run -1 "$PLAIN/callbook" spool list
  [[ $output == *'1 set aside as '* ]]
  run -1 "$PLAIN/callbook" check
  [[ $output == *'FAIL  spool: 1 files '* ]]
  env -i CALLBOOK_CONFIG="$CALLBOOK_CONFIG" GATEWAY_INTERFACE=CGI/1.1 \
    REQUEST_METHOD=GET REMOTE_USER=owner SCRIPT_NAME=/r PATH_INFO=/metrics \
    "$PLAIN/report.cgi" | grep '^callbook_spool_bad_files 1$'
}
