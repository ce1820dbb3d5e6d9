# What must be true after lines.sh.  Read by bash with -eux.

# The event is in the store, which is the receiver's alone.
runuser -u callbook -- callbook export | grep '"callbook.call.ended"'
[ "$(stat -c '%a %U' /var/lib/callbook)" = '750 callbook' ]
[ "$(stat -c '%a %U' /var/lib/callbook/callbook.db)" = '600 callbook' ]
[ "$(stat -c '%a %U' /run/callbook/callbook.sock)" = '660 www-data' ]
runuser -u callbook -- callbook check --url http://localhost/callbook

# A restart keeps the socket and takes the second delivery for the same event.
systemctl restart callbook
callbook send --source sales --url http://localhost/callbook \
  /usr/share/doc/callbook/examples/call.completed.json | grep '"duplicate"'

# Another customer, with a user, a configuration and a store of its own.
useradd --system callbook-acme
install -d -m 0750 -g callbook-acme /etc/callbook/acme
sed 's|/var/lib/callbook/|/var/lib/callbook-acme/|; s|../sales|sales|' \
  /etc/callbook/callbook.conf >/etc/callbook/acme/callbook.conf
echo 'another secret' |
  install -m 0640 -g callbook-acme /dev/stdin /etc/callbook/acme/sales.secret
systemctl enable --now callbook@acme.socket
cat >/etc/apache2/conf-available/acme.conf <<END
Define CALLBOOK_SOCKET /run/callbook/acme/callbook.sock
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
systemctl disable --now callbook@acme.socket
a2disconf acme

# Removed: Apache goes on.  Purged: the events are still there.
apt-get -q remove -y callbook
systemctl restart apache2
[ ! -e /etc/apache2/conf-enabled/callbook.conf ]
[ ! -e /run/callbook/callbook.sock ]
dpkg --purge callbook
[ -s /var/lib/callbook/callbook.db ]
[ ! -e /etc/callbook/callbook.conf ]
[ ! -e /etc/apache2/conf-available/callbook.conf ]
apt-get -q install -y ./callbook_*.deb
rm /var/lib/callbook/*
dpkg --purge callbook
[ ! -e /var/lib/callbook ]
echo 'all is as it should be'
