#!/bin/sh
# Loads a Linux router's Direct Connect into real daemons and into the kernel, lets FRR play AWS at
# the other end, and prints what came of it:
#   unshare -mnpf --mount-proc --kill-child sh judge_direct_connect.sh BUNDLE WORK [DRAINED]
# DRAINED is the same site when it prefers its tunnels.
set -eu
bundle=$1 work=$2 drained=${3-}
vlan=dx-47f056 tunnel=ipsec-47f056-1

mount -t tmpfs none /run
# Interfaces of this network, not of the one that it was made from.
mount -t sysfs none /sys
ip link set lo up
ip netns add aws
ip -n aws link set lo up

# A pair stands for the port, another one for a kernel's VLAN, which not every kernel here has.
ip link add enp3s0f1 type veth peer name port netns aws
ip -n aws link set port mtu 9000
mkdir "$work/bin"
cat >"$work/bin/ip" <<'IP'
#!/bin/sh
case "$*" in
  'link add link '*' type vlan '*)
    echo "$*" >>"$WORK/vlan"
    exec /usr/sbin/ip link add "$6" mtu 9000 type veth peer name direct mtu 9000 netns aws
    ;;
esac
exec /usr/sbin/ip "$@"
IP
chmod +x "$work/bin/ip"
lib=$(echo "$bundle"/usr/local/lib/underpass/*)
# The tunnels' interfaces are another test's.
sed '/^    \(up\|down\) /d' "$lib/links.sh" >"$work/links.sh"
links() { WORK=$work PATH=$work/bin:$PATH sh "$work/links.sh" "$1"; }
links up
links up
echo '== link'
cat "$work/vlan"
ip link show "$vlan"
ip link show enp3s0f1
ip -o -4 address show dev "$vlan"
nft -f "$(echo "$bundle"/etc/underpass/*/firewall.nft)"
nft -f "$(echo "$bundle"/etc/underpass/*/firewall.nft)"
echo '== firewall'
nft list ruleset

ip link add "$tunnel" type veth peer name tunnel netns aws
ip address add 169.254.15.194/30 dev "$tunnel"
ip link set "$tunnel" up
for pair in tunnel=169.254.15.193/30 direct=169.254.96.1/29; do
  ip -n aws address add "${pair#*=}" dev "${pair%%=*}"
  ip -n aws link set "${pair%%=*}" up
done

# The daemons drop root and refuse folders that their user cannot reach.
start() { # folder, prefix of the command
  run=/run/$1
  shift
  mkdir -m 0755 "$run"
  chown frr:frr "$run"
  for daemon in zebra bgpd bfdd; do
    if [ "$daemon" = bfdd ]; then more="--bfdctl $run/bfdd.sock"; else more=''; fi
    # shellcheck disable=SC2086
    "$@" "/usr/lib/frr/$daemon" -d -f /dev/null --vty_socket "$run" -z "$run/zserv.api" \
      -i "$run/$daemon.pid" -P 0 $more 2>>"$work/frr.log"
  done
}
start router env
start aws ip netns exec aws
vt() { vtysh --vty_socket /run/router "$@"; }
conf=$(echo "$bundle"/etc/underpass/*)
vt -f "$conf/frr.conf"
vt -f "$conf/frr-dx-key.conf"
# As install.sh does it: what is there already stays.
vt -f "$conf/frr-dx-key.conf"
echo '== loaded'
vt -c 'show running-config'

# What goes out, and what comes in, over Direct Connect: tunnels over it leave it nothing else.
mine=$(sed -n 's/.*-dx-out seq 5 permit //p' "$conf/frr.conf")
if [ -n "$mine" ]; then theirs=10.255.0.0/24; else mine=10.20.0.0/24 theirs=10.0.0.0/16; fi

# AWS: one router for both ways, with the AS and the key of each.
if grep -q ' bfd' "$conf/frr.conf"; then bfd=' neighbor 169.254.96.6 bfd'; else bfd=!; fi
cat >"$work/aws.conf" <<AWS
router bgp 64513
 bgp router-id 169.254.96.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 169.254.96.6 remote-as 65010
 neighbor 169.254.96.6 password $(sed -n 's/.* password //p' "$conf/frr-dx-key.conf")
$bfd
 neighbor 169.254.15.194 remote-as 65010
 neighbor 169.254.15.194 local-as 64512 no-prepend replace-as
 address-family ipv4 unicast
  network 0.0.0.0/0
  network 10.0.0.0/16
  network 10.20.0.0/25
  network 10.255.0.0/24
  network 192.168.0.0/16
 exit-address-family
exit
AWS
vtysh --vty_socket /run/aws -f "$work/aws.conf"

wait_for() { # pattern, command
  pattern=$1 tries=0
  shift
  until "$@" | grep -q "$pattern"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || return 1
    sleep 0.1
  done
}
announced() { vtysh --vty_socket /run/aws -c "show bgp ipv4 unicast $mine"; }
wait_for "169.254.96.6 from" announced || :
lan() { vtysh --vty_socket /run/aws -c 'show bgp ipv4 unicast 10.20.0.0/24'; }
if grep -q maximum-paths "$conf/frr.conf"; then
  wait_for "169.254.15.194 from" lan || :
else
  # As watch.sh writes a static route, and as it would without Direct Connect.
  ip route add 10.0.0.0/16 dev "$tunnel" metric 1677721700
  ip route add 10.98.0.0/16 dev "$tunnel" metric 100
fi
wait_for "$vlan" ip route show "$theirs" || :
echo '== announced'
announced
echo '== lan'
lan
echo '== kernel'
ip -4 route show
vt -c 'show ip route kernel'
# Tunnels over Direct Connect have no second way that could stand in.
case $mine in */32) exit 0 ;; esac
# shellcheck disable=SC2329
gone() { ip route show "$theirs" | grep -c "$vlan" || :; }
# shellcheck disable=SC2329
silent() { announced | grep -c '169.254.96.6 from' || :; }
# Over what runs, and back again: nothing is taken away before. FRR's reload sends what differs; of
# the rest a session that is up refuses one line, which it has already.
load_over() { # folder of the site's files
  grep -v graceful-restart-disable "$1/frr.conf" >"$work/over.conf"
  vt -f "$work/over.conf"
}
if [ -n "$drained" ]; then
  load_over "$(echo "$drained"/etc/underpass/*)"
  wait_for '^0$' silent || :
  wait_for '^0$' gone || :
  echo '== drained'
  announced
  ip -4 route show "$theirs"
  vt -c 'show bgp neighbors 169.254.96.1' | grep 'BGP state'
  load_over "$conf"
  wait_for "169.254.96.6 from" announced || :
  wait_for "$vlan" ip route show "$theirs" || :
  echo '== back'
  announced
  ip -4 route show "$theirs"
fi
# Direct Connect goes silent without a word.
if [ "$bfd" != ! ]; then
  # BFD comes up after BGP, and ends nothing before.
  wait_for ' up ' vt -c 'show bfd peers brief' || vt -c 'show bfd peers'
  ip netns exec aws nft -f - <<'NFT'
table inet silence {
  chain in { type filter hook input priority 0; iifname "direct" drop; }
  chain out { type filter hook output priority 0; oifname "direct" drop; }
}
NFT
  begin=$(date +%s%N)
  wait_for '^0$' gone || :
  echo "== silent"
  echo "after $((($(date +%s%N) - begin) / 1000000)) ms"
  ip route show 10.0.0.0/16
fi
vt -f "$conf/frr-dx-remove.conf"
echo '== forgotten'
vt -c 'show running-config'
vt -f "$conf/frr-remove.conf"
echo '== removed'
vt -c 'show running-config'
links down
echo '== down'
ip -o link show type veth | grep "$vlan" || :
