#!/usr/bin/env bats
# Apache of a hosting account: cgi-bin/ with its .htaccess was copied into the
# document root, where the host allows some overrides.

# Every test is a process of its own; variables are for what is loaded.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load server
load cases
load apache

bats_require_minimum_version 1.5.0

MOUNT=/cgi-bin/callbook.fcgi
REPORT_MOUNT=/cgi-bin/report.cgi
MODULES=(alias cgid env fcgid setenvif)
ALLOWED=FileInfo

# The host's part.  ALLOWED are the overrides, HOST further lines.  The
# configuration is found above the folder; what it names is elsewhere.
snippet() {
  local www=$DIR/www
  cp -r "$DIR/cgi-bin" "$www"
  sed "${EDIT:-n}" "$DIR/cgi-bin/.htaccess" >"$www/cgi-bin/.htaccess"
  sed -E "s|^(store\|.*_file) = |\\1 = ../data/|" "$DIR/data/callbook.conf" \
    >"$www/callbook.conf"
  cat <<END
<Directory "$www/cgi-bin">
    Options +ExecCGI
    AllowOverride $ALLOWED
    ${HOST-}
</Directory>
END
}

# The lines for the login, in force.
login() {
  cat <<END
s|^#\(</*Files.*>\)|\1|
s|^#\(    .*\)|\1|
s|^\(    AuthUserFile\) .*|\1 $DIR/logins|
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

@test "a body of 3 MiB, as CGI is preferred to mod_fcgid" {
  case_large
}

@test "a chunked body of 3 MiB" {
  case_large_chunked
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

@test "a signature that comes twice is none" {
  case_header_twice
}

@test "callbook check finds nothing wrong" {
  case_check
}

@test "what does not belong into the folder is not shown" {
  local name
  for name in callbook.conf callbook.db callbook.db-wal sales.secret key.pem; do
    echo private >"$DIR/www/cgi-bin/$name"
    [ "$(status "${URL%/*}/$name")" = 404 ]
  done
  # A source of such a name is no file.
  expect 404 '{*"status":404*' send callbook.conf --data-binary @body
}

@test "FileInfo and AuthConfig: the report is for those who log in" {
  own_site
  ALLOWED='FileInfo AuthConfig' EDIT=$(login) started
  case_login
  case_bearer
}

# A rewrite in .htaccess to the report, the login where it begins, as a host
# that gives out passwords in its own configuration does; ERROR: what Apache
# shows to who has none.
behind_rewrite() {
  own_site
  MODULES+=(rewrite)
  # shellcheck disable=SC2016 # for sed, not for the shell
  EDIT='$a RewriteEngine On\nRewriteRule ^front$ report.cgi [L]\n'
  EDIT+='RewriteRule ^outer$ front [L]'
  HOST="</Directory>
    <LocationMatch ^/cgi-bin/(front|outer)\$>
    AuthType Basic
    AuthName Callbook
    AuthUserFile $DIR/logins
    Require valid-user
    ${1-}
    </LocationMatch>
    <Directory $DIR/www/cgi-bin>"
  started
}

@test "a login before a rewrite is a login" {
  behind_rewrite
  for path in front outer; do
    [ "$(status "${URL%/*}/$path")" = 401 ]
    [ "$(status -u "${LOGIN%:*}:wrong" "${URL%/*}/$path")" = 401 ]
    [ "$(status -u "$LOGIN" "${URL%/*}/$path")" = 200 ]
  done
  # Nobody gets around it, whatever headers say.
  [ "$(status -H "Redirect-Remote-User: ${LOGIN%:*}" \
    -H "Redirect_Remote_User: ${LOGIN%:*}" "$REPORT_URL/")" = 403 ]
}

@test "who was refused has not logged in, though Apache tells a name" {
  behind_rewrite 'ErrorDocument 401 /cgi-bin/report.cgi'
  [ "$(status -u "$LOGIN" "${URL%/*}/front")" = 200 ]
  run -0 curl -s -m 30 -u "${LOGIN%:*}:wrong" "${URL%/*}/front"
  [[ $output == *'Only for those who log in'* ]]
}

@test "a query is signed as it was sent" {
  case_sent_query
}

@test "a query gives the programs no orders" {
  case_query
}

@test "FileInfo alone: the lines for the login are an error, as they say" {
  own_site
  EDIT=$(login) started
  expect 500 '*' formantai body
  grep -q 'AuthType not allowed' "$DIR/server.log"
}

@test "no overrides: the host runs the programs, tokens do not arrive" {
  own_site
  ALLOWED=None HOST='SetHandler cgi-script' started
  case_stored
  expect 401 '{*"status":401*' send voice -H "Authorization: Bearer $SECRET" \
    --data-binary @body
}

@test "a folder of ScriptAlias" {
  own_site
  HOST="</Directory>
    ScriptAlias /cgi-bin/ $DIR/www/cgi-bin/
    <Directory $DIR/www/cgi-bin>"
  started
  case_stored
  case_bearer
}

@test "a configuration elsewhere is named by SetEnv" {
  own_site
  EDIT="s|^#\\(SetEnv CALLBOOK_CONFIG\\) .*|\\1 $DIR/data/callbook.conf|" started
  rm "$DIR/www/callbook.conf"
  case_stored
}

@test "only mod_fcgid: as FastCGI, and no body over 131072 bytes" {
  own_site
  MODULES=(alias env fcgid setenvif)
  started
  case_stored
  case_bearer
  event 900001 131073 >long
  expect 500 '*' formantai long
  [ "$(stored "$DIR/data")" = 2 ]
  run ! "$BIN/callbook" check -c "$DIR/data/callbook.conf" --url "$URL"
  [[ $output == *FAIL*FcgidMaxRequestLen* ]]
}

@test "without the modules that it would use, no error" {
  own_site
  MODULES=(cgid)
  started
  case_stored
}

@test "a host without ExecCGI: 403, and the log says why" {
  own_site
  HOST='Options -ExecCGI' started
  expect 403 '*' formantai body
  grep -q 'Options ExecCGI is off' "$DIR/server.log"
}
