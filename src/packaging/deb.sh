#!/bin/sh
# deb.sh VERSION DIR - build the Debian package in DIR from the tree we are in;
# SAMPLE is what it has of tests/.
set -eu
version=$1
dir=$2
maintainer="${DEBFULLNAME:-Callbook} <${DEBEMAIL:-callbook@localhost}>"
source=$dir/callbook-$version

rm -rf "$dir"
mkdir -p "$source/cgi-bin"
cp -R apache lib src Makefile README.md LICENSE "$source"
cp --parents "$SAMPLE" "$source"
cp cgi-bin/.htaccess "$source/cgi-bin"
mv "$source/src/packaging/debian" "$source/debian"
sed -i "s/@maintainer@/$maintainer/" "$source/debian/control"
cat >"$source/debian/changelog" <<END
callbook ($version) unstable; urgency=medium

  * Version $version; the history is that of the project.

 -- $maintainer  $(
  LC_ALL=C date -R -u -d "@${SOURCE_DATE_EPOCH:-$(stat -c %Y Makefile)}"
)
END
# The flags and the folder of this make are not the package's.
cd "$source"
env -u BUILD -u CFLAGS -u LDFLAGS -u CPPFLAGS -u MAKEFLAGS -u MAKEOVERRIDES \
  -u MFLAGS dpkg-buildpackage --build=binary --no-sign
