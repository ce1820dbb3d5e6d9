# shellcheck shell=bash
# Apache with mod_proxy_fcgi, by apache/callbook-proxy.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load apache
load programs

MODULES=(proxy proxy_fcgi)

snippet() {
  cat <<END
Define CALLBOOK_SOCKET $DIR/run/$3.sock
Define CALLBOOK_REPORT_SOCKET $DIR/run/$3-report.sock
Define CALLBOOK_LOGINS $DIR/logins
Define CALLBOOK_URL $1
Define CALLBOOK_REPORT_URL $2
Include $(snippet_file callbook-proxy.conf)
END
}
