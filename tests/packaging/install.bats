#!/usr/bin/env bats
# What make install, make uninstall and make deb leave, and what make asks of
# the package manager.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

# build GOAL [NAME=VALUE...] - with the programs that were built already.
build() {
  env -u MAKEFLAGS -u MAKEOVERRIDES make -s -C "$ROOT" BUILD="$PLAIN" \
    CFLAGS='-O2 -g' "$@"
}

setup_file() {
  export PLAIN=${PLAIN-$ROOT/build/plain}
  case $PLAIN in /*) ;; *) export PLAIN=$ROOT/$PLAIN ;; esac
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  D=$BATS_TEST_TMPDIR/root
}

# files DIR - every file and directory below, as MODE PATH.
files() {
  (cd "$1" && find . -mindepth 1 -printf '%m %y %P\n' | sort -k 3)
}

@test "install: exactly these files, with these modes, whatever the umask" {
  umask 0002
  build install DESTDIR="$D" PREFIX=/usr >/dev/null
  # Which programs, pages and snippets there are is told by the tree.
  {
    echo '644 etc/callbook/callbook.conf'
    echo '755 usr/bin/callbook'
    # shellcheck disable=SC2016 # for make
    for p in $(build -f - cgi <<<'include Makefile
cgi: ; @echo $(CGI)'); do
      echo "755 usr/lib/cgi-bin/callbook/$p"
      unit=callbook
      [ "$p" = callbook.fcgi ] || unit=callbook-${p%.*}
      for kind in .service .socket @.service @.socket; do
        echo "644 usr/lib/systemd/system/$unit$kind"
      done
    done
    for kind in .service .timer @.service @.timer; do
      echo "644 usr/lib/systemd/system/callbook-tend$kind"
    done
    echo '644 usr/lib/sysusers.d/callbook.conf'
    echo '644 usr/lib/tmpfiles.d/callbook.conf'
    echo '644 usr/share/doc/callbook/examples/callbook.conf'
    echo '644 usr/share/doc/callbook/examples/call.completed.json'
    for f in "$ROOT"/apache/*; do
      echo "644 usr/share/doc/callbook/examples/${f##*/}"
    done
    for f in "$ROOT"/src/man/*; do
      echo "644 usr/share/man/man${f##*.}/${f##*/}"
    done
  } | sort -k 2 >wanted
  files "$D" | sed -n 's/ f / /p' | sort -k 2 >got
  diff wanted got
  # Directories that others could write are refused by suEXEC.
  [ -z "$(files "$D/usr" | awk '$2 == "d" && $1 != 755')" ]
}

@test "install leaves a configuration that is there; uninstall as well" {
  mkdir -p "$D/etc/callbook"
  echo '; mine' >"$D/etc/callbook/callbook.conf"
  build install DESTDIR="$D" >/dev/null
  [ "$(cat "$D/etc/callbook/callbook.conf")" = '; mine' ]
  [ -x "$D/usr/local/bin/callbook" ]
  build uninstall DESTDIR="$D"
  [ "$(cat "$D/etc/callbook/callbook.conf")" = '; mine' ]
}

@test "uninstall leaves no file" {
  build install DESTDIR="$D" PREFIX=/usr >/dev/null
  build uninstall DESTDIR="$D" PREFIX=/usr
  [ -z "$(files "$D" | awk '$2 != "d" || /callbook/')" ]
}

@test "the configuration that is installed is in order" {
  build install DESTDIR="$D" >/dev/null
  mkdir store
  sed "s|/var/lib/callbook|$PWD/store|; s|^;\([a-z]\)|\1|; s|^;\(\[\)|\1|" \
    "$D/etc/callbook/callbook.conf" >"$D/etc/callbook/all.conf"
  echo secret >"$D/etc/callbook/sales.secret"
  chmod 600 "$D/etc/callbook/sales.secret"
  run -0 "$D/usr/local/bin/callbook" -c "$D/etc/callbook/all.conf" check
  has 'ok    source sales: formantai'
}

# Units whose programs are those just installed.
@test "the units are understood by systemd, and rated under 2.0" {
  build install DESTDIR="$D" PREFIX="$D/usr" DESTDIR= SYSCONFDIR="$D/etc" \
    >/dev/null
  cd "$D/usr/lib/systemd/system"
  for unit in *@.*; do cp "$unit" "${unit/@/@acme}"; done
  for unit in *[a-z].service; do
    other=${unit%.service}.socket
    [ -e "$other" ] || other=${unit%.service}.timer
    SYSTEMD_UNIT_PATH=$PWD: run -0 systemd-analyze --man=no verify "$unit" \
      "$other"
    [ "$output" = '' ]
    run -0 systemd-analyze security --offline=true --threshold=19 \
      --no-pager "$unit"
    has 'Overall exposure level'
    grep -qx 'MemoryMax=[0-9]*M' "$unit"
  done
}

@test "the units name what a program is started with" {
  build install DESTDIR="$D" >/dev/null
  cd "$D/usr/local/lib/systemd/system"
  grep -x 'ExecStart=/usr/local/lib/cgi-bin/callbook/callbook.fcgi -c /etc/callbook/callbook.conf' callbook.service
  grep -x 'ExecStart=/usr/local/lib/cgi-bin/callbook/callbook.fcgi -c /etc/callbook/%i/callbook.conf' callbook@.service
  grep -x 'ListenStream=/run/callbook/callbook.sock' callbook.socket
  grep -x 'ListenStream=/run/callbook/%i/callbook.sock' callbook@.socket
  grep -x 'User=callbook-%i' callbook@.service
  grep -x 'ExecStart=/usr/local/bin/callbook -c /etc/callbook/callbook.conf tend' callbook-tend.service
  grep -x 'ExecStart=/usr/local/bin/callbook -c /etc/callbook/%i/callbook.conf tend' callbook-tend@.service
  run -1 grep -rE '@[a-z]+@' .
  for file in callbook.service callbook@.service; do
    # Output must not go into the socket.
    grep -x StandardError=journal "$file"
  done
}

@test "the Debian package has no fault that lintian knows" {
  cp -R "$ROOT"/{apache,lib,src,Makefile,README.md,LICENSE} .
  mkdir cgi-bin
  cp "$ROOT/cgi-bin/.htaccess" cgi-bin
  mkdir -p tests/data/providers/formantai
  cp "$DATA/formantai/call.completed.json" tests/data/providers/formantai
  run -0 env -u MAKEFLAGS -u MAKEOVERRIDES make -s BUILD=build deb
  run -0 lintian --allow-root --fail-on error,warning -E --pedantic \
    build/deb/callbook_*.deb
  [ "$(sed '/running with root privileges/d' <<<"$output")" = '' ]
  run -0 dpkg-deb -c build/deb/callbook_*.deb
  has '-rwxr-xr-x root/root'
  has ' ./etc/apache2/conf-available/callbook.conf'
  has ' ./lib/systemd/system/callbook.socket'
  has ' ./usr/share/man/man8/callbook.fcgi.8.gz'
  has_not ' ./var/lib'
}

@test "README.md has the lines that make test-clean performs" {
  sed 's/^ *//' "$ROOT/README.md" >have
  while IFS= read -r line; do
    grep -qxF -- "${line#"${line%%[! ]*}"}" have || {
      echo "not there: $line"
      false
    }
  done < <(grep . "$ROOT/tests/packaging/lines.sh")
}

# no_packages - from here on Debian has no package, and apt-get keeps what it is
# asked for in asked, and fails.
no_packages() {
  mkdir fake
  printf '#!/bin/sh\nexit 1\n' >fake/dpkg-query
  printf '#!/bin/sh\necho "$@" >>%s/asked\nexit 1\n' "$PWD" >fake/apt-get
  printf '#!/bin/sh\nexec "$@"\n' >fake/sudo
  chmod +x fake/*
  PATH=$PWD/fake:$PATH
}

@test "make installs nothing: it names what is missing and make deps" {
  no_packages
  run -2 build PKG_CONFIG=false BUILD="$PWD/build"
  has 'Missing for the build: fcgi sqlite3 libcrypto inih zlib libcurl.'
  has 'run: make deps'
  run -2 build CC=no-compiler PKG_CONFIG=no-pkg-config BUILD="$PWD/build"
  has 'Missing for the build: no-compiler no-pkg-config.'
  [ -z "$(find build -name '*.o')" ]
  # What is there without a package is enough.
  run -0 build programs
  [ ! -e asked ]
}

@test "make deps, make run and make test install what they need" {
  no_packages
  declare -A needs=([deps]=libfcgi-dev [run]=lighttpd [test]=libcmocka-dev)
  for goal in "${!needs[@]}"; do
    rm -f asked
    run -2 build "$goal" BUILD="$PWD/build"
    has "Could not install: "
    grep -E "^-q install -y .* ${needs[$goal]}( |\$)" asked
  done
}
