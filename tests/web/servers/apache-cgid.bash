# shellcheck shell=bash
# Apache with mod_cgid, by apache/callbook-cgi.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load apache

MODULES=(alias env cgid)

snippet() {
  snippet_of_programs callbook-cgi.conf "$@"
}
