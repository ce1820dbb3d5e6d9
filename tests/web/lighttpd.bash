# shellcheck shell=bash
# lighttpd.bash - a lighttpd of the test's own with the snippet SNIPPET, after
# server and cases.

serve() {
  server_start "$DIR" snippet_config lighttpd -D -f "$DIR/server.conf"
}

graceful() {
  kill -USR1 "$SERVER"
}

snippet_config() {
  cat <<END
server.modules = ("mod_access")
server.document-root = "$1/www"
server.bind = "127.0.0.1"
server.port = $PORT
server.errorlog = "$1/server.log"
server.upload-dirs = ("$1/run")
server.pid-file = "$1/run/server.pid"
END
  [ -z "$WEB_USER" ] || printf '%s = "%s"\n' \
    server.username "$WEB_USER" server.groupname "$WEB_USER"
  customers
}

snippet() {
  sed "s|/usr/lib/cgi-bin/callbook/|$DIR/cgi-bin/|
    s|/etc/callbook/callbook.conf|$DIR/$3/callbook.conf|
    s|/etc/callbook/logins|$DIR/logins|
    s|/run/lighttpd/callbook|$DIR/run/$3|
    s|/var/log/lighttpd/callbook.log|$DIR/run/callbook.log|
    s|/callbook(/|$1(/|; s|\"/callbook\"|\"$1\"|
    s|/calls(/|$2(/|; s|\"/calls\"|\"$2\"|" "$(snippet_file "$SNIPPET")"
}

# What the snippets have for the client's address.
open_up() {
  cat <<END
s|#(.HTTP..remote-ip.. != )"[^"]*|\1"$PLATFORM|
s|^#(server.modules .*extforward.*)|\1|
s|^#(extforward.forwarder = .*)192.0.2.1|\1$PROXY|
s|^#(extforward.headers)|\1|
END
}

# Also of a server that has put itself into the background, with nowhere else
# to write.
case_log() {
  own_site
  started
  unserve
  echo 'no section' >"$DIR/data/callbook.conf"
  lighttpd -f "$DIR/server.conf"
  wait_for test -s "$DIR/run/server.pid"
  SERVER=$(cat "$DIR/run/server.pid")
  expect 503 '*' formantai body
  kill "$SERVER"
  wait_for gone "$SERVER"
  SERVER=
  grep -q "callbook.fcgi.*/data/callbook.conf:1: " "$DIR/run/callbook.log"
}
