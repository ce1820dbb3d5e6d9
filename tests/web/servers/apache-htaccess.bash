# shellcheck shell=bash
# Apache of a hosting account: cgi-bin/ with its .htaccess was copied into the
# document root, where the host allows some overrides.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load apache

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

# The login takes one override more.  A token arrives with it, too.
case_login() {
  own_site
  ALLOWED='FileInfo AuthConfig' EDIT=$(login) started
  report_login
  case_bearer
}
