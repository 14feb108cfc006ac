#!/bin/sh
# Lets Libreswan read the bundle's tunnels, route both of them and shake hands with strongSwan in
# AWS's place, in fresh namespaces:
#   unshare -mn sh judge_libreswan.sh PROGRAMS BUNDLE WORK WAN
# PROGRAMS is Libreswan unpacked (it conflicts with strongSwan in Debian), WORK/aws.conf the
# endpoint's swanctl.conf. Where the kernel lacks XFRM interfaces or ESP (containers, mostly) the
# lines that ask for an interface are left out, and the handshake ends when the kernel is asked for
# ESP; all before that is the real thing, above all whether the second tunnel may stand beside the
# first.
set -eu
programs=$1 bundle=$2 work=$3 wan=$4

mount -t tmpfs none /run
mkdir -p /run/netns "$work/nss" "$work/run" "$work/d/policies" "$work/aws"
# pluto looks for its helpers at their own place and nowhere else.
mount --bind "$programs/usr/libexec" /usr/libexec
bin=/usr/libexec/ipsec
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

printf 'config setup\n\n' >"$work/ipsec.conf"
cat "$bundle"/etc/ipsec.d/*.conf >>"$work/ipsec.conf"
cat "$bundle"/etc/ipsec.d/*.secrets >"$work/ipsec.secrets"
echo '== check'
"$bin/addconn" --config "$work/ipsec.conf" --checkconfig 2>&1 || echo "refused: $?"
ip link add probe type xfrm dev lo if_id 4294967294 2>/dev/null ||
  sed -i '/^\tipsec-interface=/d' "$work/ipsec.conf"

: >"$work/log"
certutil -N -d "sql:$work/nss" --empty-password
"$bin/pluto" --nofork --use-xfrm --config "$work/ipsec.conf" --secretsfile "$work/ipsec.secrets" \
  --ipsecdir "$work/d" --nssdir "$work/nss" --rundir "$work/run" --logfile "$work/log" \
  --no-dnssec >"$work/out" 2>&1 &
pluto=$!
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
STRONGSWAN_CONF=$work/aws/strongswan.conf ip netns exec aws charon-systemd >"$work/aws/log" 2>&1 &
aws=$!
for _ in $(seq 200); do
  if [ -S "$work/run/pluto.ctl" ] && [ -S "$work/aws/vici" ]; then break; fi
  sleep 0.05
done
# kernel-libipsec would route 0.0.0.0/0 through itself, IKE included.
ip -n aws rule delete pref 220
sw() {
  STRONGSWAN_CONF=$work/aws/strongswan.conf swanctl "$@" --uri "unix://$work/aws/vici" 2>&1 |
    grep -v '^opening directory' || :
}
sw --load-all --noprompt --file "$work/aws.conf" >/dev/null

whack() { "$bin/whack" --ctlsocket "$work/run/pluto.ctl" "$@" 2>&1 || :; }
names=$(sed -n 's/^conn //p' "$work/ipsec.conf")
whack --listen >/dev/null
echo '== add'
for name in $names; do
  "$bin/addconn" --config "$work/ipsec.conf" --ctlsocket "$work/run/pluto.ctl" "$name" 2>&1 || :
done
echo '== route'
for name in $names; do
  whack --route --name "$name"
done
echo '== status'
whack --status | sed -n 's/^000 \("plant.*\)/\1/p'
for name in $names; do
  whack --asynchronous --initiate --name "$name" >/dev/null
done
for _ in $(seq 30); do
  [ "$(grep -c 'initiator established IKE SA' "$work/log")" -lt 2 ] || break
  sleep 0.1
done
echo '== handshakes'
sed -n 's/.*\(sent IKE_AUTH request .*\)/\1/p; s/.*\(initiator established IKE SA; .*\)/\1/p' "$work/log" | sort -u
kill "$pluto" "$aws" 2>/dev/null || :
wait
echo '== log'
grep '"plant' "$work/log" || :
