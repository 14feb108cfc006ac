#!/bin/sh
# Lets systemd read the bundle's units: unshare -mn sh bundle_units.sh BUNDLE
set -eu
bundle=$1

mount -t tmpfs none /run
mkdir -p /run/systemd/network /run/systemd/networkd.conf.d
cp "$bundle"/etc/systemd/network/* /run/systemd/network
cp "$bundle"/etc/systemd/networkd.conf.d/* /run/systemd/networkd.conf.d
chmod -R a+rX /run/systemd
echo '== networkd'
SYSTEMD_LOG_TARGET=console timeout 3 /usr/lib/systemd/systemd-networkd 2>&1 | grep /run/systemd || :
mount --bind "$bundle/usr/local/lib" /usr/local/lib
echo '== verify'
systemd-analyze verify "$bundle"/etc/systemd/system/*.service 2>&1
