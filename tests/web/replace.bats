#!/usr/bin/env bats
# The program is replaced, by rename, while events come in, whoever started it.

# Every test is a process of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load server
load reload

bats_require_minimum_version 1.5.0

setup() {
  reload_site
}

teardown() {
  stopped "${POSTS[@]-}" "${RECEIVER-}"
  [ -z "${LIGHTTPD-}" ] || lighttpd_stop
  [ -z "${APACHE-}" ] || {
    kill "$APACHE"
    wait "$APACHE" || :
    wait_for no_receivers
  }
}

no_receivers() {
  [ -z "$(receivers)" ]
}

# replaced - put the same program, in another file, in the place of ours.
replaced() {
  cp "$PLAIN/callbook.fcgi" bin/.new
  inode=$(stat -c %i bin/.new)
  mv bin/.new bin/callbook.fcgi
}

# renewed COUNT - so many receivers run, and all of them by the new file.
renewed() {
  local pid
  [ "$(receivers | wc -l)" = "$1" ] || return 1
  for pid in $(receivers); do
    [ "$(stat -Lc %i "/proc/$pid/exe")" = "$inode" ] || return 1
  done
}

# twice COUNT - replace it twice under load.
twice() {
  posting 1 "$SECRET"
  for _ in 1 2; do
    replaced
    wait_for renewed "$1"
    more 1 200
  done
  unharmed
}

@test "the program is replaced behind lighttpd, which started it" {
  receiver_host "$DIR" "$DIR/bin" 2
  lighttpd_start "$DIR"
  before=$(receivers | sort)
  twice 2
  [ "$(receivers | sort)" = "$before" ]
}

@test "the program is replaced where spawn-fcgi started it, and nobody would again" {
  RECEIVER=$(spawn-fcgi -s "$DIR/r.sock" -P "$DIR/pid" -- \
    "$DIR/bin/callbook.fcgi" -c "$DIR/callbook.conf" 3>&- >/dev/null \
    2>"$DIR/receiver.log" && cat "$DIR/pid")
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  twice 1
  [ "$(receivers)" = "$RECEIVER" ]
  kill "$RECEIVER"
  wait_for gone "$RECEIVER"
  RECEIVER=
}

@test "the program is replaced that listens by itself, at a path and at a port" {
  for where in "$DIR/r.sock" "127.0.0.1:$((RANDOM % 20000 + 12000))"; do
    bin/callbook.fcgi -c callbook.conf -s "$where" >>receiver.log 2>&1 3>&- &
    RECEIVER=$!
    socket_host "$DIR" "$where"
    lighttpd_start "$DIR"
    wait_for in_force
    [ "${where#/}" = "$where" ] || twice 1
    [ "${where#/}" != "$where" ] || {
      replaced
      wait_for renewed 1
      event 000001 >body
      expect 200 '{"result":*' formantai body
    }
    [ "$(receivers)" = "$RECEIVER" ]
    stopped "$RECEIVER"
    RECEIVER=
    [ ! -e r.sock ]
    lighttpd_stop
    LIGHTTPD=
  done
}

@test "the program is replaced whose socket a unit holds" {
  # As systemd does with StandardInput=socket; it starts it again at need.
  perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Local => "r.sock", Listen => 100) or die;
    while (1) {
      my $pid = fork // die;
      if ($pid == 0) { open STDIN, "<&", $s or die; exec @ARGV or die }
      local $SIG{TERM} = sub { kill TERM => $pid; waitpid $pid, 0; exit };
      waitpid $pid, 0;
    }' "$DIR/bin/callbook.fcgi" -c "$DIR/callbook.conf" >receiver.log 2>&1 3>&- &
  RECEIVER=$!
  wait_for test -S r.sock
  socket_host "$DIR" "$DIR/r.sock"
  lighttpd_start "$DIR"
  twice 1
}

# apache_started - mod_fcgid at /callbook, plain CGI at /cgi.
apache_started() {
  server_start "$DIR" apache_config apache2 -f "$DIR/server.conf" -D FOREGROUND
  APACHE=$SERVER
  export URL=http://127.0.0.1:$PORT/$1
}

apache_config() {
  local m modules=/usr/lib/apache2/modules
  for m in mpm_event authz_core alias cgid env fcgid; do
    echo "LoadModule ${m}_module $modules/mod_$m.so"
  done
  [ "$(id -u)" != 0 ] || {
    echo 'User www-data'
    chown -R www-data: "$1"
    chmod o+x "$1/.." "$1/../.."
  }
  cat <<END
ServerRoot "$1"
DefaultRuntimeDir "$1"
ServerName localhost
Listen 127.0.0.1:$PORT
PidFile "$1/pid"
ErrorLog "$1/server.log"
DocumentRoot "$1/www"
ScriptSock "$1/cgid.sock"
FcgidIPCDir "$1/fcgid"
FcgidProcessTableFile "$1/fcgid_shm"
FcgidInitialEnv CALLBOOK_CONFIG $1/callbook.conf
FcgidMaxProcessesPerClass 3
FcgidMinProcessesPerClass 3
SetEnv CALLBOOK_CONFIG $1/callbook.conf
ScriptAlias /cgi $1/bin/callbook.fcgi
Alias /callbook $1/bin/callbook.fcgi
<Location /callbook>
    SetHandler fcgid-script
    Options +ExecCGI
</Location>
END
}

@test "the program is replaced behind mod_fcgid, which started it" {
  apache_started callbook
  posting 1 "$SECRET"
  for _ in 1 2; do
    replaced
    wait_for all_new
    more 1 200
  done
  unharmed
}

all_new() {
  local pid
  [ -n "$(receivers)" ] || return 1
  renewed "$(receivers | wc -l)"
}

@test "the program is replaced as plain CGI" {
  apache_started cgi
  posting 1 "$SECRET"
  for _ in 1 2; do
    replaced
    more 1 100
  done
  unharmed
}

@test "a program that does not run, or is half there, is not taken" {
  receiver_host "$DIR" "$DIR/bin" 1
  lighttpd_start "$DIR"
  before=$(receivers)
  event 000001 >body
  head -c 100000 "$PLAIN/callbook.fcgi" >bin/.new
  chmod 755 bin/.new
  mv bin/.new bin/callbook.fcgi
  wait_for told_again 'was replaced by a program that does not run' 1
  expect 200 '{"result":"stored",*' formantai body
  # Taken away, it is not there for a while.
  rm bin/callbook.fcgi
  expect 200 '{"result":"duplicate",*' formantai body
  replaced
  wait_for renewed 1
  [ "$(receivers)" = "$before" ]
  expect 200 '{"result":"duplicate",*' formantai body
}

@test "SIGTERM ends a program that is about to begin again" {
  # It takes a second to let go of the store: the signal comes in it.
  strace -f -o trace -P "$DIR/callbook.db-lock" -e trace=close \
    -e inject=close:delay_enter=1000000 bin/callbook.fcgi -c callbook.conf \
    -s "$DIR/r.sock" -t 1 >receiver.log 2>&1 3>&- &
  strace=$!
  wait_for test -S r.sock
  wait_for test -s callbook.db
  RECEIVER=$(receivers)
  replaced
  wait_for told_again 'started again' 1
  wait_for test -s trace
  kill "$RECEIVER"
  wait_for gone "$RECEIVER"
  RECEIVER=
  wait "$strace" || :
}
