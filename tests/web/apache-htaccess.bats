#!/usr/bin/env bats
# Apache of a hosting account, where hosts differ; what must hold on each of them
# is in servers.bats.

# Every test is a process of its own; variables are for what is loaded.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load server
load cases
load servers/apache-htaccess

bats_require_minimum_version 1.5.0

@test "what does not belong into the folder is not shown" {
  local name
  for name in callbook.conf callbook.db callbook.db-wal sales.secret key.pem; do
    echo private >"$DIR/www/cgi-bin/$name"
    [ "$(status "${URL%/*}/$name")" = 404 ]
  done
  # A source of such a name is no file.
  expect 404 '{*"status":404*' send callbook.conf --data-binary @body
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
  run -0 curl -s -m 60 -u "${LOGIN%:*}:wrong" "${URL%/*}/front"
  [[ $output == *'Only for those who log in'* ]]
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
