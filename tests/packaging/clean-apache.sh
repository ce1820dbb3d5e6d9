#!/usr/bin/env bash
# tests/packaging/clean-apache.sh DEB - from a bare Apache to the first stored
# event and to its call in the report, in a Debian 12 of its own that systemd boots: the lines of lines.sh,
# which README.md has as well, then what must be true after them, and after the
# package was removed and purged.
#
# Needs root, debootstrap, systemd-nspawn and the network.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
deb=$(realpath "$1")
mirror=${MIRROR-http://deb.debian.org/debian}
root=$(mktemp -d "${TMPDIR:-/tmp}/callbook-clean.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT

in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive "$@"
}

chmod 0755 "$root"
debootstrap --variant=minbase bookworm "$root" "$mirror" >/dev/null
in_root apt-get -q install -y --no-install-recommends \
  apache2 systemd-sysv curl >/dev/null
# What the package needs is fetched now: the system that boots has no network
# but its own, so that its Apache takes port 80 of nobody.
cp "$deb" "$root/root/"
in_root sh -c 'apt-get -q install -y --download-only \
  --no-install-recommends /root/callbook_*.deb' >/dev/null
echo 'APT::Install-Recommends "false";' >"$root/etc/apt/apt.conf.d/99lines"

{
  echo 'set -eux; cd /root; export DEBIAN_FRONTEND=noninteractive LC_ALL=C'
  cat "$here/lines.sh" "$here/afterwards.sh"
} >"$root/root/lines.sh"
cat >"$root/etc/systemd/system/lines.service" <<'END'
[Unit]
After=apache2.service
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
ExecStart=/bin/bash /root/lines.sh
StandardOutput=file:/root/said
StandardError=inherit

[Install]
WantedBy=multi-user.target
END
in_root systemctl enable lines.service 2>/dev/null

rc=0
timeout 300 systemd-nspawn --quiet --directory="$root" --boot \
  --private-network --register=no --keep-unit </dev/null >"$root/console" 2>&1 ||
  rc=$?
cat "$root/root/said"
if [ "$rc" != 0 ] || ! grep -qx 'all is as it should be' "$root/root/said"; then
  tail -n 20 "$root/console"
  echo "FAILED, status $rc"
  exit 1
fi
