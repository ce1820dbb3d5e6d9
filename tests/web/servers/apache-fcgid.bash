# shellcheck shell=bash
# Apache with mod_fcgid, by apache/callbook-fcgid.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load apache

MODULES=(alias fcgid)

snippet() {
  snippet_of_programs callbook-fcgid.conf "$@"
}
