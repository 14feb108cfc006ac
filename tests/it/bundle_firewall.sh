#!/bin/bash
# Sends packets through a router that has the bundle's firewall and counts what it lets through:
#   unshare -mn bash bundle_firewall.sh FIREWALL LINK
# LINK is the first tunnel interface's name; a veth pair plays the tunnel.
set -eu
firewall=$1 link=$2

mount -t tmpfs none /run
mkdir -p /run/netns
sysctl -qw net.ipv4.ip_forward=1
ip link set lo up
for ns in cam inet vpc; do
  ip netns add "$ns"
  ip -n "$ns" link set lo up
done
wire() { # interface here, address here, namespace, address there
  ip link add "$1" type veth peer name far netns "$3"
  ip address add "$2" dev "$1"
  ip link set "$1" up
  ip -n "$3" address add "$4" dev far
  ip -n "$3" link set far up
}
wire lan0 10.20.0.1/24 cam 10.20.0.10/24
wire wan0 192.0.2.10/24 inet 192.0.2.1/24
wire "$link" 169.254.15.194/30 vpc 169.254.15.193/30
ip -n cam route add default via 10.20.0.1
ip -n vpc route add default via 169.254.15.194
ip -n vpc address add 10.0.1.10/32 dev lo
ip route add default via 192.0.2.1
ip -n inet route add default via 192.0.2.10
for address in 10.0.1.10 198.18.0.1 203.0.113.166 203.0.113.99; do
  ip -n inet address add "$address/32" dev lo
done

# The machine's own rules, which must survive, and counters behind all other chains.
nft -f - <<'RULES'
table inet host {
  chain input {
    type filter hook input priority 300; policy accept;
    udp dport { 500, 4500 } counter name ike_in
    tcp dport 22 counter name ssh_in
  }
  chain forward {
    type filter hook forward priority 300; policy accept;
    oifname "wan0" ip daddr 10.0.0.0/16 counter name leaked
    tcp flags & (syn | rst) == syn tcp option maxseg size 1406 counter name clamped
    tcp flags & (syn | rst) == syn tcp option maxseg size 900 counter name small
  }
  counter ike_in {}
  counter ssh_in {}
  counter leaked {}
  counter clamped {}
  counter small {}
}
RULES
nft -f "$firewall"
nft -f "$firewall"

udp() { # namespace, source, destination, port
  ip netns exec "$1" python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.sendto(b'x', (sys.argv[2], int(sys.argv[3])))" "$2" "$3" "$4"
}
syn() { # namespace, destination, port, segment size
  ip netns exec "$1" python3 -c "
import socket, sys
s = socket.socket()
s.settimeout(0.5)
if int(sys.argv[3]):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, int(sys.argv[3]))
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
except OSError:
    pass" "$2" "$3" "$4"
}
counter() { nft list counter inet host "$1" | sed -n "s/.*packets \([0-9]*\).*/$1 \1/p"; }
ping_vpc() { ip netns exec cam ping -n -c 1 -W 1 10.0.1.10 2>&1 | grep -E 'filtered|bytes from|prohibited|100%' | head -n 1; }

# IKE from AWS's endpoint and from a stranger; the way in for people stays open.
udp inet 203.0.113.166 192.0.2.10 500
udp inet 203.0.113.99 192.0.2.10 500
udp inet 203.0.113.99 192.0.2.10 4500
syn inet 192.0.2.10 22 0
sleep 0.2
counter ike_in
counter ssh_in

# No tunnel has a route: what is meant for the VPC would leave by the default route, in clear.
echo "clear: $(ping_vpc)"
counter leaked
ip netns exec cam ping -n -c 1 -W 1 198.18.0.1 >/dev/null && echo 'internet: reached'
# A tunnel has one.
ip route add 10.0.0.0/16 dev "$link" via 169.254.15.193
echo "tunnel: $(ping_vpc)"
syn cam 10.0.1.10 80 0
syn vpc 10.20.0.10 80 0
syn cam 10.0.1.10 80 900
sleep 0.2
counter clamped
counter small
nft list tables
