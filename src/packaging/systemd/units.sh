#!/bin/sh
# units.sh UNIT - write a systemd unit: callbook.socket, callbook.service,
# callbook-report.socket, callbook-report.service, or one of them with an @
# after its name, which is for each of several customers: a configuration
# /etc/callbook/INSTANCE/callbook.conf and a user callbook-INSTANCE.
#
# CGIDIR is where the programs are, WEBUSER who connects to the sockets.
set -eu
here=$(dirname "$0")
unit=${1%.*}

case $unit in
callbook | callbook@)
  program=callbook.fcgi socket=callbook.sock what='receiver of webhooks'
  ;;
callbook-report | callbook-report@)
  program=report.cgi socket=report.sock what='report on calls'
  ;;
*)
  echo "units.sh: no unit $1" >&2
  exit 2
  ;;
esac
case $unit in
*@) own=-%i folder=/%i for=' of %i' unit=${unit}%i ;;
*) own='' folder='' for='' ;;
esac

sed -e "s|@program@|$CGIDIR/$program|" \
  -e "s|@page@|$program|" \
  -e "s|@webuser@|$WEBUSER|" \
  -e "s|@what@|$what|" \
  -e "s|@for@|$for|" \
  -e "s|@unit@|$unit|" \
  -e "s|@socket@|/run/callbook$folder/$socket|" \
  -e "s|@config@|/etc/callbook$folder/callbook.conf|" \
  -e "s|@user@|callbook$own|" \
  -e "s|@state@|callbook$own|" \
  "$here/${1##*.}.in"
