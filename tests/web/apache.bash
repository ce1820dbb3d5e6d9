# shellcheck shell=bash
# apache.bash - an Apache of the test's own, after server and cases.  Who loads
# it names the modules that the snippet needs in MODULES.

MODULES=()

serve() {
  server_start "$DIR" apache_config \
    apache2 -f "$DIR/server.conf" -D FOREGROUND
}

graceful() {
  apache2 -f "$DIR/server.conf" -k graceful
}

# apache_config DIR - everything private: nothing of /etc or /run is touched.
apache_config() {
  local module
  cat <<END
ServerRoot "$1"
DefaultRuntimeDir "$1/run"
PidFile "$1/run/server.pid"
ErrorLog "$1/server.log"
LogLevel warn
ServerName localhost
Listen 127.0.0.1:$PORT
DocumentRoot "$1/www"
END
  [ -z "$WEB_USER" ] || printf '%s\n' "User $WEB_USER" "Group $WEB_USER"
  for module in mpm_event authz_core authz_host authz_user authn_core \
    authn_file auth_basic "${MODULES[@]}"; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<END
StartServers 1
ServerLimit 2
ThreadsPerChild 25
MaxRequestWorkers 50
KeepAliveTimeout 1
<IfModule cgid_module>
    ScriptSock "$1/run/cgid.sock"
</IfModule>
<IfModule fcgid_module>
    FcgidIPCDir "$1/run/fcgid"
    FcgidProcessTableFile "$1/run/fcgid_shm"
</IfModule>
<Directory />
    Require all denied
    AllowOverride None
</Directory>
<Directory "$1/www">
    Require all granted
</Directory>
END
  customers
}

# What Apache's snippets have for the client's address.
open_up() {
  cat <<END
s|^( *)#(Require ip) .*|\1\2 $PLATFORM|
s|Require all granted||
s|^#(RemoteIPHeader .*)|LoadModule remoteip_module \
/usr/lib/apache2/modules/mod_remoteip.so\n\1|
s|^#(RemoteIPTrustedProxy) .*|\1 $PROXY|
END
}

# snippet_of_programs FILE URL REPORT-URL DATA - where Apache starts them.
snippet_of_programs() {
  cat <<END
Define CALLBOOK_PROGRAMS $DIR/cgi-bin
Define CALLBOOK_CONFIG $DIR/$4/callbook.conf
Define CALLBOOK_LOGINS $DIR/logins
Define CALLBOOK_URL $2
Define CALLBOOK_REPORT_URL $3
Include $(snippet_file "$1")
END
}
