apt-get install -y ./callbook_*.deb
a2enmod proxy_fcgi
a2enconf callbook
systemctl restart apache2

echo 'the secret from the dashboard' |
  install -m 0640 -g callbook /dev/stdin /etc/callbook/sales.secret
cat >>/etc/callbook/callbook.conf <<END
[source sales]
provider    = formantai
secret_file = sales.secret
END

runuser -u callbook -- callbook check --url http://localhost/callbook
callbook send --source sales --url http://localhost/callbook \
  /usr/share/doc/callbook/examples/call.completed.json

echo 'a password for the report' | htpasswd -niB owner |
  install -m 0640 -g www-data /dev/stdin /etc/callbook/logins
