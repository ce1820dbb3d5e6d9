#!/bin/sh
# units.sh UNIT - write a systemd unit: callbook.socket, callbook.service,
# callbook-report.socket, callbook-report.service, callbook-tend.service,
# callbook-tend.timer, or one of them with an @ after its name, which is for each of several customers: a configuration
# /etc/callbook/INSTANCE/callbook.conf and a user callbook-INSTANCE.
#
# CGIDIR and BINDIR are where the programs are, WEBUSER who connects to the
# sockets.
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
callbook-tend | callbook-tend@)
  program=callbook socket='' what='what is kept no longer goes'
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

# What tends is run by its timer, to its end, and has no socket.
tend() {
  sed -e '/^Requires=/d' -e '/^StandardInput=/d' -e '/^# The listening/d' \
    -e '/^Restart=/d' -e 's/@page@(8)/@page@(1)/' -e "s|^ExecStart=.*|Type=oneshot\\
ExecStart=$BINDIR/callbook -c @config@ tend|"
}

case $unit in
callbook-tend*) filter=tend ;;
*) filter='cat' ;;
esac

$filter <"$here/${1##*.}.in" | sed -e "s|@program@|$CGIDIR/$program|" \
  -e "s|@page@|$program|" \
  -e "s|@webuser@|$WEBUSER|" \
  -e "s|@what@|$what|" \
  -e "s|@for@|$for|" \
  -e "s|@unit@|$unit|" \
  -e "s|@socket@|/run/callbook$folder/$socket|" \
  -e "s|@config@|/etc/callbook$folder/callbook.conf|" \
  -e "s|@user@|callbook$own|" \
  -e "s|@state@|callbook$own|"
