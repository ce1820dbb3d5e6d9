# shellcheck shell=bash
# lighttpd with mod_cgi, by apache/lighttpd-cgi.conf.
#
# For what is loaded, and what loads this.
# shellcheck disable=SC2034,SC2154

load lighttpd

SNIPPET=lighttpd-cgi.conf
