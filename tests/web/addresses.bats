#!/usr/bin/env bats
# The report under addresses that it is not told of: behind a proxy that
# changes the path, as the index of a directory, behind a rewrite, and in the
# directory of a user.  Every link and the style must be found from there.

load server

bats_require_minimum_version 1.5.0

# Where each server has the report: the program itself, and what leads to it.
setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  mkdir -p "$DIR"/{run,cgi-bin,www/index,www/far/rewrite,home/anna/www}
  printf '[report]\naccess = public\n' >>"$DIR/callbook.conf"
  "$BIN/callbook" -c "$DIR/callbook.conf" demo --calls 60 --days 60
  printf '#!/bin/sh\nexec "%s/report.cgi" -c "%s/callbook.conf"\n' \
    "$BIN" "$DIR" >"$DIR/cgi-bin/report.cgi"
  chmod +x "$DIR/cgi-bin/report.cgi"
  for place in www/index www/far/rewrite home/anna/www; do
    cp "$DIR/cgi-bin/report.cgi" "$DIR/$place"
  done
}

teardown() {
  for pid in ${SERVER-} ${FCGI-}; do
    kill "$pid" 2>/dev/null || :
    wait "$pid" || :
  done
}

crawl() {
  node "$BATS_TEST_DIRNAME/crawl.mjs" "$HOST$1" "$HOST${2-$1}"
}

# Followed from each beginning, nothing is lost, and nothing leads elsewhere.
found_everywhere() {
  HOST=http://127.0.0.1:$PORT
  crawl /cgi-bin/report.cgi
  crawl /cgi-bin/report.cgi/calls/ /cgi-bin/report.cgi
  crawl /acme/
  crawl /acme/call/7/ /acme/
  crawl /index/
  crawl /index/report.cgi /index/
  crawl /far/rewrite/front /far/rewrite/
  crawl /far/rewrite/latest /far/rewrite/
  crawl /~anna/report.cgi
  crawl /%7Eanna/ /
}

apache_addresses() {
  local module
  cat <<END
ServerRoot "$1"
DefaultRuntimeDir "$1/run"
PidFile "$1/run/server.pid"
ErrorLog "$1/server.log"
ServerName localhost
Listen 127.0.0.1:$PORT
DocumentRoot "$1/www"
END
  for module in mpm_event authz_core alias cgid dir env mime proxy proxy_http \
    rewrite userdir; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
ScriptSock "$1/run/cgid.sock"
TypesConfig /dev/null
StartServers 1
PassEnv ASAN_OPTIONS UBSAN_OPTIONS
ScriptAlias /cgi-bin/ "$1/cgi-bin/"
ProxyPass /acme/ http://127.0.0.1:$PORT/cgi-bin/report.cgi/
UserDir "$1/home/*/www"
AddHandler cgi-script .cgi
<Directory "$1">
    Require all granted
    Options +ExecCGI
    AllowOverride FileInfo
    DirectoryIndex report.cgi
</Directory>
END
}

@test "Apache: every link and the style are found under every address" {
  cat >"$DIR/www/far/rewrite/.htaccess" <<'END'
RewriteEngine On
RewriteRule ^front$ report.cgi [L]
RewriteRule ^latest$ report.cgi/calls [L]
END
  server_start "$DIR" apache_addresses apache2 -f "$DIR/server.conf" \
    -D FOREGROUND
  found_everywhere
}

lighttpd_addresses() {
  cat <<END
server.modules = ("mod_indexfile", "mod_alias", "mod_rewrite",
  "mod_userdir", "mod_proxy", "mod_cgi")
server.document-root = "$1/www"
server.bind = "127.0.0.1"
server.port = $PORT
server.errorlog = "$1/server.log"
server.upload-dirs = ("$1/run")
alias.url = ("/cgi-bin/" => "$1/cgi-bin/")
cgi.assign = (".cgi" => "")
index-file.names = ("report.cgi")
userdir.basepath = "$1/home"
userdir.path = "www"
userdir.active = "enable"
url.rewrite-once = ("^/far/rewrite/front\$" => "/far/rewrite/report.cgi",
  "^/far/rewrite/latest\$" => "/far/rewrite/report.cgi/calls")
\$HTTP["url"] =^ "/acme/" {
  proxy.server = ("" => (("host" => "127.0.0.1", "port" => $PORT)))
  proxy.header = ("map-urlpath" => ("/acme/" => "/cgi-bin/report.cgi/"))
}
END
}

@test "lighttpd: every link and the style are found under every address" {
  server_start "$DIR" lighttpd_addresses lighttpd -D -f "$DIR/server.conf"
  found_everywhere
}

# A file report.cgi is what nginx looks for; the program answers on a socket.
nginx_addresses() {
  [ "$(id -u)" != 0 ] || echo 'user root;'
  nginx_site "$1"
  cat <<END
    index report.cgi;
    rewrite ^/far/rewrite/front\$ /far/rewrite/report.cgi last;
    rewrite ^/far/rewrite/latest\$ /far/rewrite/report.cgi/calls last;
    location /acme/ {
      proxy_pass http://127.0.0.1:$PORT/cgi-bin/report.cgi/;
    }
    location ~ ^/~(?<name>[a-z]+)/\$ {
      rewrite ^ /~\$name/report.cgi last;
    }
    location ~ report\\.cgi(/|\$) {
      fastcgi_split_path_info ^(.*?report\\.cgi)(/.*)?\$;
      fastcgi_param SCRIPT_NAME \$fastcgi_script_name;
      fastcgi_param PATH_INFO \$fastcgi_path_info;
      fastcgi_param REQUEST_URI \$request_uri;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param REQUEST_METHOD \$request_method;
      fastcgi_pass unix:$1/run/report.sock;
    }
  }
}
END
}

@test "nginx: every link and the style are found under every address" {
  "$BIN/report.cgi" -c "$DIR/callbook.conf" -s "$DIR/run/report.sock" 3>&- &
  FCGI=$!
  wait_for test -S "$DIR/run/report.sock"
  server_start "$DIR" nginx_addresses nginx -c "$DIR/server.conf" \
    -e "$DIR/server.log"
  found_everywhere
}
