#!/bin/sh
# Runs the bundle's strongSwan configuration, behind the bundle's firewall, against an endpoint that
# plays AWS, in fresh namespaces:
#   unshare -mn sh bundle_handshake.sh BUNDLE WORK WAN
# WORK/aws.conf is the endpoint's swanctl.conf. ESP runs in user space (kernel-libipsec), since not
# every test machine's kernel has it; IKE, keys and proposals are the real thing.
set -eu
bundle=$1 work=$2 wan=$3

mount -t tmpfs none /run
mkdir -p /run/netns
ip link set lo up
ip netns add aws
ip link add w0 type veth peer name w0 netns aws
ip address add "$wan/24" dev w0
ip link set w0 up
gateway=${wan%.*}.1
ip route add default via "$gateway"
ip -n aws link set lo up
ip -n aws address add "$gateway/24" dev w0
ip -n aws link set w0 up
for endpoint in 203.0.113.166 198.51.100.126; do
  ip -n aws address add "$endpoint/32" dev lo
done
nft -f "$bundle"/etc/underpass/*/firewall.nft

settings() { # side
  mkdir -p "$work/$1"
  cat >"$work/$1/strongswan.conf" <<CONF
charon {
  load = random nonce openssl kdf pem kernel-libipsec kernel-netlink socket-default vici updown
  plugins {
    vici {
      socket = unix://$work/$1/vici
    }
  }
}
swanctl {
  load = pem openssl random nonce
}
CONF
}

await_socket() { # side
  for _ in $(seq 200); do
    [ ! -S "$work/$1/vici" ] || return 0
    sleep 0.05
  done
  echo "charon did not start: $1"
  cat "$work/$1/log"
  exit 1
}

sw() { # side, arguments
  side=$1
  shift
  STRONGSWAN_CONF=$work/$side/strongswan.conf swanctl "$@" --uri "unix://$work/$side/vici" 2>&1 |
    grep -v '^opening directory' || :
}

settings aws
settings site
cat "$bundle"/etc/strongswan.d/*.conf >>"$work/site/strongswan.conf"
echo "include $bundle/etc/swanctl/conf.d/*.conf" >"$work/site/swanctl.conf"
STRONGSWAN_CONF=$work/aws/strongswan.conf ip netns exec aws charon-systemd >"$work/aws/log" 2>&1 &
aws=$!
STRONGSWAN_CONF=$work/site/strongswan.conf charon-systemd >"$work/site/log" 2>&1 &
site=$!
await_socket aws
await_socket site
# kernel-libipsec would route 0.0.0.0/0 through itself, IKE included.
ip rule delete pref 220
ip -n aws rule delete pref 220

sw aws --load-all --noprompt --file "$work/aws.conf"
sw site --load-all --noprompt --file "$work/site/swanctl.conf"
echo '== connections'
sw site --list-conns
for _ in $(seq 80); do
  [ "$(sw site --list-sas | grep -c INSTALLED)" -lt 2 ] || break
  sleep 0.1
done
echo '== sessions'
sw site --list-sas
kill "$site" "$aws"
wait
