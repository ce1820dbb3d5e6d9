# shellcheck shell=bash
# postgres.bash - private PostgreSQL servers, for bats files and the runner.
#
# They lie in PG, a short path for the sake of sockets, speak through sockets
# alone, and run as a user who is not root.  No machine fails in these tests, so
# they do not wait for the disk (-F).

PG_BIN=/usr/lib/postgresql/15/bin

# pg_begin - make PG.
pg_begin() {
  PG=$(mktemp -d "${TMPDIR:-/tmp}/callbook-pg.XXXXXX")
  chmod 0755 "$PG"
  [ "$(id -u)" != 0 ] || chown postgres "$PG"
}

# pg_end - stop what runs, and remove it all.
pg_end() {
  local data
  for data in "${PG:-/nonexistent}"/data.*; do
    if [ -e "$data/postmaster.pid" ]; then
      pg_run pg_ctl -D "$data" -m immediate stop >/dev/null 2>&1 || :
    fi
  done
  rm -rf "${PG:?}"
}

# pg_user COMMAND... - as the servers' user.
pg_user() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@" 3>&-)
  else
    (cd / && "$@" 3>&-)
  fi
}

# pg_run PROGRAM ARGUMENT... - of the server's, as its user.
pg_run() {
  local program=$1
  shift
  pg_user "$PG_BIN/$program" "$@"
}

# pg_make PORT - an empty server; the first of a file's is copied for others.
pg_make() {
  local first=${PG_FIRST-}
  if [ -n "$first" ] && [ -d "$first/data" ]; then
    pg_user cp -a "$first/data" "$PG/data.$1"
    return
  fi
  pg_run initdb -D "$PG/data.$1" -U postgres -A trust -E UTF8 --no-locale -N \
    >"$PG/initdb.$1"
  [ -z "$first" ] || cp -a "$PG/data.$1" "$first/data"
}

# pg_start PORT [OPTION...] - options are postgres's.  Memory that it shares
# is files of its own directory, where nothing is left of one that is killed.
pg_start() {
  local port=$1
  shift
  pg_run pg_ctl -D "$PG/data.$port" -w -l "$PG/log.$port" -o \
    "-F -c listen_addresses='' -c unix_socket_directories='$PG' -p $port \
    -c dynamic_shared_memory_type=mmap $*" \
    start >/dev/null || {
    cat "$PG/log.$port"
    return 1
  }
}

# pg_standby FROM PORT - a copy of the server FROM that follows it.
pg_standby() {
  pg_run pg_basebackup -h "$PG" -p "$1" -U postgres -D "$PG/data.$2" -R \
    -c fast
  pg_start "$2"
}

# pg_sql PORT SQL [DATABASE] - as the superuser; prints bare values.
pg_sql() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$PG" -p "$1" -U postgres \
    -d "${3-callbook}" -c "$2"
}

# pg_database PORT - the role and database of a store.
pg_database() {
  pg_sql "$1" 'CREATE ROLE callbook LOGIN' postgres
  pg_sql "$1" 'CREATE DATABASE callbook OWNER callbook' postgres
}

# pg_kill PORT - kill -9 the server, all processes of it, and remove the segment
# of System V by which it sees that they are gone.
pg_kill() {
  local pid segment
  pid=$(head -1 "$PG/data.$1/postmaster.pid")
  segment=$(awk 'NR == 7 { print $2 }' "$PG/data.$1/postmaster.pid")
  # shellcheck disable=SC2046
  kill -9 "$pid" $(ps -o pid= --ppid "$pid") 2>/dev/null || :
  pg_user ipcrm -m "$segment"
}

# pg_uri PORT... - of a store on the first of them that can be written.
pg_uri() {
  local hosts='' ports='' port
  for port; do
    hosts=$hosts${hosts:+,}$PG
    ports=$ports${ports:+,}$port
  done
  echo "postgresql://callbook@/callbook?host=$hosts&port=$ports&target_session_attrs=read-write"
}
