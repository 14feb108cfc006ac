#!/bin/sh
# Lets starter and charon read the bundle's ipsec.conf and shake hands with another charon in AWS's
# place, in fresh namespaces:
#   unshare -mn sh judge_starter.sh BUNDLE WORK WAN
# WORK/aws.conf is the endpoint's swanctl.conf. ESP runs in user space (kernel-libipsec), since not
# every test machine's kernel has it, and VTI neither.
set -eu
bundle=$1 work=$2 wan=$3

mount -t tmpfs none /run
mkdir -p /run/netns "$work/site" "$work/aws"
gateway=${wan%.*}.1
ip link set lo up
ip netns add aws
ip link add w0 type veth peer name w0 netns aws
ip address add "$wan/24" dev w0
ip link set w0 up
ip route add default via "$gateway"
ip -n aws link set lo up
ip -n aws address add "$gateway/24" dev w0
ip -n aws link set w0 up
for endpoint in 203.0.113.166 198.51.100.126; do
  ip -n aws address add "$endpoint/32" dev lo
done

echo '== firewall'
for firewall in "$bundle"/usr/local/lib/underpass/*/firewall.sh; do
  sh "$firewall" up
  sh "$firewall" up
  iptables-save | grep -e ' up-' || :
  sh "$firewall" down
  iptables-save | grep -e ' up-' || :
  sh "$firewall" up
done

cat >"$work/site/strongswan.conf" <<CONF
charon {
  load = random nonce openssl kdf pem kernel-libipsec kernel-netlink socket-default stroke updown
  plugins {
    stroke {
      secrets_file = $work/site/ipsec.secrets
    }
  }
  filelog {
    log {
      path = $work/site/log
      flush_line = yes
    }
  }
}
CONF
cat "$bundle"/etc/strongswan.d/*.conf >>"$work/site/strongswan.conf"
cat "$bundle"/etc/ipsec.d/*.conf >"$work/site/ipsec.conf"
cat "$bundle"/etc/ipsec.d/*.secrets >"$work/site/ipsec.secrets"
cat >"$work/aws/strongswan.conf" <<CONF
charon {
  load = random nonce openssl kdf pem kernel-libipsec kernel-netlink socket-default vici updown
  plugins {
    vici {
      socket = unix://$work/aws/vici
    }
  }
}
swanctl {
  load = pem openssl random nonce
}
CONF
STRONGSWAN_CONF=$work/aws/strongswan.conf ip netns exec aws charon-systemd >"$work/aws/out" 2>&1 &
aws=$!
for _ in $(seq 200); do
  [ ! -S "$work/aws/vici" ] || break
  sleep 0.05
done
# kernel-libipsec would route 0.0.0.0/0 through itself, IKE included.
ip -n aws rule delete pref 220
STRONGSWAN_CONF=$work/aws/strongswan.conf swanctl --load-all --noprompt --file "$work/aws.conf" \
  --uri "unix://$work/aws/vici" >/dev/null 2>&1

STRONGSWAN_CONF=$work/site/strongswan.conf /usr/lib/ipsec/starter --daemon charon --nofork \
  --conf "$work/site/ipsec.conf" >"$work/site/out" 2>&1 &
starter=$!
status() { STRONGSWAN_CONF=$work/site/strongswan.conf /usr/lib/ipsec/stroke statusall-nb 2>&1 || :; }
for _ in $(seq 60); do
  ip rule delete pref 220 2>/dev/null || :
  [ "$(status | grep -c 'INSTALLED')" -lt 2 ] || break
  sleep 0.05
done
echo '== starter'
grep -vE '^(Starting|charon \(|starter|ipsec starter|!! (Your strongswan.conf|This is recommended|https:)|$)' "$work/site/out" || :
echo '== status'
status
echo '== log'
grep -E 'skipped|invalid|unknown|failed|loaded IKE secret|added configuration|received proposals|configured proposals|selected proposal' "$work/site/log" || :
# A polite end would wait for answers that nobody gives.
kill -KILL "$starter" "$(cat /run/charon.pid)" "$aws" 2>/dev/null || :
wait 2>/dev/null || :
