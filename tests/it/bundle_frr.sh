#!/bin/sh
# Loads the bundle's FRR configuration into real daemons, prints what they made of it, and takes it
# out again: unshare -mn sh bundle_frr.sh BUNDLE WORK
set -eu
bundle=$1 work=$2

mount -t tmpfs none /run
ip link set lo up
# The daemons drop root and refuse folders that their user cannot reach.
run=/run/frr-test
mkdir -m 0755 "$run"
chown frr:frr "$run"
for daemon in zebra bgpd; do
  if [ "$daemon" = bgpd ]; then port='-p 0'; else port=''; fi
  # shellcheck disable=SC2086
  "/usr/lib/frr/$daemon" -d -f /dev/null --vty_socket "$run" -z "$run/zserv.api" \
    -i "$run/$daemon.pid" -P 0 $port 2>>"$work/frr.log"
done
vt() { vtysh --vty_socket "$run" "$@"; }
vt -f "$(echo "$bundle"/etc/underpass/*/frr.conf)"
echo '== loaded'
vt -c 'show running-config'
vt -f "$(echo "$bundle"/etc/underpass/*/frr-remove.conf)"
echo '== removed'
vt -c 'show running-config'
kill "$(cat "$run/bgpd.pid")" "$(cat "$run/zebra.pid")"
