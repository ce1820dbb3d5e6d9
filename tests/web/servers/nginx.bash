# shellcheck shell=bash
# nginx, by apache/nginx.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load programs

serve() {
  server_start "$DIR" nginx_config nginx -c "$DIR/server.conf" \
    -e "$DIR/server.log"
}

graceful() {
  kill -HUP "$SERVER"
}

nginx_config() {
  [ -z "$WEB_USER" ] || echo "user $WEB_USER $WEB_USER;"
  nginx_site "$1"
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

# nginx passes on the first of them: a right one after it must not count.
case_header_twice() {
  expect 401 '{*"status":401*' send sales -H 'X-FormantAI-Signature: none' \
    -H "X-FormantAI-Signature: sha256=$(hmac body)" --data-binary @body
  [ "$(kept)" = 0 ]
}
