#!/usr/bin/env bats
# nginx, by apache/nginx.conf.

load server
load cases
load programs

bats_require_minimum_version 1.5.0

serve() {
  server_start "$DIR" nginx_config nginx -c "$DIR/server.conf" \
    -e "$DIR/server.log"
}

graceful() {
  kill -HUP "$SERVER"
}

nginx_config() {
  [ -z "$WEB_USER" ] || echo "user $WEB_USER $WEB_USER;"
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
  customers
  echo '}}'
}

snippet() {
  sed "s|/run/callbook/callbook|$DIR/run/$3|
    s|/run/callbook/report|$DIR/run/$3-report|
    s|/etc/callbook/logins|$DIR/logins|
    s|/callbook/ {|$1/ {|; s|(/callbook)|($1)|
    s|/calls/ {|$2/ {|; s|(/calls)|($2)|" "$(snippet_file nginx.conf)"
}

# What the snippet has for the client's address.
open_up() {
  cat <<END
s|^( *)#(allow) .*|\1\2 $PLATFORM;|
s|^( *)#(deny all)|\1\2|
s|^#(set_real_ip_from) .*|\1 $PROXY;|
s|^#(real_ip_header)|\1|
END
}

@test "an event is stored, and only once" {
  case_stored
}

@test "the receiver has its addresses and no others" {
  case_addresses
}

@test "a chunked body" {
  case_chunked
}

@test "a compressed body" {
  case_gzip
}

@test "a body of 3 MiB" {
  case_large
}

@test "a chunked body of 3 MiB" {
  case_large_chunked
}

@test "a body of 131073 bytes" {
  case_long
}

@test "a body that is cut short is not stored" {
  case_cut
}

@test "a chunked body that is cut short is not stored" {
  case_cut_chunked
}

@test "Authorization arrives: a bearer token" {
  case_bearer
}

@test "a signature that comes twice: never does the second count" {
  expect 401 '{*"status":401*' send sales -H 'X-FormantAI-Signature: none' \
    -H "X-FormantAI-Signature: sha256=$(hmac body)" --data-binary @body
  [ "$(kept)" = 0 ]
}

@test "the report is for those who log in" {
  case_login
}

@test "a query is signed as it was sent" {
  case_sent_query
}

@test "a query gives the programs no orders" {
  case_query
}

@test "callbook check finds nothing wrong" {
  case_check
}

@test "the client's address, told by a proxy" {
  case_client_address
}

@test "two customers side by side, one under another prefix" {
  case_customers
}

@test "graceful restarts under load lose nothing acknowledged" {
  case_graceful
}

@test "P1 kill -9 of the program under load loses nothing acknowledged" {
  case_killed
}
