# shellcheck shell=bash
# lighttpd with mod_fastcgi, by apache/lighttpd.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load lighttpd

SNIPPET=lighttpd.conf
