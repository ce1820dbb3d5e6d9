# shellcheck shell=bash
# Apache with mod_cgid, by apache/callbook-cgi.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load apache

MODULES=(alias env cgid)

snippet() {
  cat <<END
Define CALLBOOK_PROGRAMS $DIR/cgi-bin
Define CALLBOOK_CONFIG $DIR/$3/callbook.conf
Define CALLBOOK_LOGINS $DIR/logins
Define CALLBOOK_URL $1
Define CALLBOOK_REPORT_URL $2
Include $(snippet_file callbook-cgi.conf)
END
}
