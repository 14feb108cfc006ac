#!/bin/sh
# Loads a Linux router's Direct Connect into real daemons and into the kernel, and prints what they
# made of it: unshare -mn sh judge_direct_connect.sh BUNDLE WORK
set -eu
bundle=$1 work=$2

mount -t tmpfs none /run
ip link set lo up
ip link add enp3s0f1 type dummy
lib=$(echo "$bundle"/usr/local/lib/underpass/*)
# The tunnels' interfaces are another test's.
sed '/^    \(up\|down\) /d' "$lib/links.sh" >"$work/links.sh"
sh "$work/links.sh" up
sh "$work/links.sh" up
echo '== link'
ip -d link show type vlan
ip -o -4 address show | grep ' dx-'
nft -f "$(echo "$bundle"/etc/underpass/*/firewall.nft)"
nft -f "$(echo "$bundle"/etc/underpass/*/firewall.nft)"
echo '== firewall'
nft list ruleset

# The daemons drop root and refuse folders that their user cannot reach.
run=/run/frr-test
mkdir -m 0755 "$run"
chown frr:frr "$run"
for daemon in zebra bgpd bfdd; do
  case $daemon in
    bgpd) more='-p 0' ;;
    bfdd) more="--bfdctl $run/bfdd.sock" ;;
    *) more='' ;;
  esac
  # shellcheck disable=SC2086
  "/usr/lib/frr/$daemon" -d -f /dev/null --vty_socket "$run" -z "$run/zserv.api" \
    -i "$run/$daemon.pid" -P 0 $more 2>>"$work/frr.log"
done
vt() { vtysh --vty_socket "$run" "$@"; }
conf=$(echo "$bundle"/etc/underpass/*)
vt -f "$conf/frr.conf"
vt -f "$conf/frr-dx-key.conf"
# As install.sh does it: what is there already stays.
vt -f "$conf/frr.conf"
vt -f "$conf/frr-dx-key.conf"
echo '== loaded'
vt -c 'show running-config'
# What zebra thinks of the metric of a watched static route.
ip route add 10.99.0.0/16 dev enp3s0f1 metric 1677721700
ip route add 10.98.0.0/16 dev enp3s0f1 metric 100
sleep 1
echo '== distance'
vt -c 'show ip route kernel'
vt -f "$conf/frr-dx-remove.conf"
echo '== forgotten'
vt -c 'show running-config'
vt -f "$conf/frr-remove.conf"
echo '== removed'
vt -c 'show running-config'
sh "$work/links.sh" down
echo '== down'
ip -d link show type vlan
for daemon in bfdd bgpd zebra; do kill "$(cat "$run/$daemon.pid")"; done
