# What must be true after lines.sh.  Read by bash with -eux.

# The event is in the store, which is the receiver's alone.
runuser -u callbook -- callbook export | grep '"callbook.call.ended"'
[ "$(stat -c '%a %U' /var/lib/callbook)" = '750 callbook' ]
[ "$(stat -c '%a %U' /var/lib/callbook/callbook.db)" = '600 callbook' ]
[ "$(stat -c '%a %U' /run/callbook/callbook.sock)" = '660 www-data' ]
runuser -u callbook -- callbook check --url http://localhost/callbook

# report PATH [CURL-OPTION...] - what Apache answers of the report.
report() {
  curl -sS -u 'owner:a password for the report' "${@:2}" \
    "http://localhost/calls$1"
}

# The report shows its call, to who logs in.
call=$(grep -o '"conversation_id": *"[^"]*"' \
  /usr/share/doc/callbook/examples/call.completed.json | cut -d '"' -f 4)
[ "$(stat -c '%a %U' /run/callbook/report.sock)" = '660 www-data' ]
[ "$(curl -s -o /dev/null -w '%{http_code}' http://localhost/calls/)" = 401 ]
[ "$(report / -u owner:wrong -o /dev/null -w '%{http_code}')" = 401 ]
report '/?preset=all' | grep '<title>Overview'
report '/calls?preset=all' | grep -c 'href="/calls/call/1[?"]'
report /call/1 | grep -c "$call"
report "$(report / | grep -o '/style-[0-9a-f]*\.css')" | grep -c '@media print'
# Nothing is wrong in what the page sees, and it is who it should be.
report /check >page
grep 'by FastCGI, as user callbook<' page
grep '<p class="lead">No fault and ' page
grep 'SCRIPT_NAME is &quot;/calls&quot; and PATH_INFO is &quot;/check&quot;' page
# Also alone, when the receiver and its WAL are gone: a reader has to make the
# shared memory, in a file system that is read-only but for the store's place.
systemctl stop callbook.service callbook-report.service
rm -f /var/lib/callbook/callbook.db-shm
report /call/1 | grep -c "$call"
[ -e /var/lib/callbook/callbook.db-shm ]

# A restart keeps the socket and takes the second delivery for the same event.
systemctl restart callbook
callbook send --source sales --url http://localhost/callbook \
  /usr/share/doc/callbook/examples/call.completed.json | grep '"duplicate"'

# Another customer, with a user, a configuration and a store of its own.
useradd --system callbook-acme
# Apache gets at the file of logins, and nobody lists what else is there.
install -d -m 0751 -g callbook-acme /etc/callbook/acme
sed 's|/var/lib/callbook/|/var/lib/callbook-acme/|; s|../sales|sales|' \
  /etc/callbook/callbook.conf >/etc/callbook/acme/callbook.conf
echo 'another secret' |
  install -m 0640 -g callbook-acme /dev/stdin /etc/callbook/acme/sales.secret
systemctl enable --now callbook@acme.socket
cat >/etc/apache2/conf-available/acme.conf <<END
Define CALLBOOK_SOCKET /run/callbook/acme/callbook.sock
Define CALLBOOK_REPORT_SOCKET /run/callbook/acme/report.sock
Define CALLBOOK_LOGINS /etc/callbook/acme/logins
Define CALLBOOK_URL /acme/callbook
Define CALLBOOK_REPORT_URL /acme/calls
Include conf-available/callbook.conf
END
a2enconf acme
systemctl restart apache2
callbook -c /etc/callbook/acme/callbook.conf send --source sales \
  --url http://localhost/acme/callbook \
  /usr/share/doc/callbook/examples/call.completed.json | grep '"stored"'
[ "$(stat -c %U /var/lib/callbook-acme/callbook.db)" = callbook-acme ]
# And a report of its own, which the other's password does not open.
systemctl enable --now callbook-report@acme.socket
echo 'of acme' | htpasswd -niB acme |
  install -m 0640 -g www-data /dev/stdin /etc/callbook/acme/logins
curl -sS -u 'acme:of acme' http://localhost/acme/calls/check >page
grep 'by FastCGI, as user callbook-acme<' page
grep '/etc/callbook/acme/callbook.conf, 1 source' page
[ "$(curl -s -u 'owner:a password for the report' -o /dev/null \
  -w '%{http_code}' http://localhost/acme/calls/)" = 401 ]
systemctl disable --now callbook@acme.socket callbook-report@acme.socket
a2disconf acme

# Removed: Apache goes on.  Purged: the events are still there.
apt-get -q remove -y callbook
systemctl restart apache2
[ ! -e /etc/apache2/conf-enabled/callbook.conf ]
[ ! -e /run/callbook/callbook.sock ]
[ ! -e /run/callbook/report.sock ]
dpkg --purge callbook
[ -s /var/lib/callbook/callbook.db ]
[ ! -e /etc/callbook/callbook.conf ]
[ ! -e /etc/apache2/conf-available/callbook.conf ]
apt-get -q install -y ./callbook_*.deb
rm /var/lib/callbook/*
dpkg --purge callbook
[ ! -e /var/lib/callbook ]
echo 'all is as it should be'
