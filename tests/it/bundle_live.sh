#!/bin/sh
# Installs the bundle on "this machine" in namespaces of its own, with stand-ins for systemd and
# strongSwan that write down what they are asked: unshare -mn sh bundle_live.sh BUNDLE WORK
# Files, interfaces (veths: not every kernel has XFRM ones) and nftables are real.
set -eu
bundle=$1 work=$2

mount -t tmpfs none "$work"
mount -t tmpfs none /run
mount -t sysfs none /sys
mkdir -p /run/systemd/system "$work/bin"
for folder in etc var usr/local; do
  mkdir -p "$work/upper/$folder" "$work/tmp/$folder"
  mount -t overlay none -o "lowerdir=/$folder,upperdir=$work/upper/$folder,workdir=$work/tmp/$folder" "/$folder"
done
ip link set lo up
ip link add wan0 type veth peer name isp0
ip link set isp0 up
ip address add 192.0.2.10/24 dev wan0
ip link set wan0 up
ip route add default via 192.0.2.1

stand_in() { # name, body on stdin
  {
    echo '#!/bin/sh'
    # shellcheck disable=SC2016
    printf 'echo "%s $*" >>%s\n' "$1" "$work/log"
    cat
  } >"$work/bin/$1"
  chmod 0755 "$work/bin/$1"
}
stand_in systemctl <<BODY
case "\$*" in
  *is-active*strongswan-starter* | *is-active*ipsec* | *is-active*networkd*) exit 3 ;;
  *is-active*strongswan) [ -e $work/running ] || exit 3 ;;
  'start strongswan' | 'restart strongswan') touch $work/running ;;
  *'disable --now strongswan') rm -f $work/running ;;
  'reload-or-restart underpass-plant-7.service underpass-plant-7-firewall.service')
    /usr/local/lib/underpass/plant-7/links.sh up && nft -f /etc/underpass/plant-7/firewall.nft ;;
  *'disable --now underpass-plant-7.service') /usr/local/lib/underpass/plant-7/links.sh down ;;
  *'disable --now underpass-plant-7-firewall.service') nft delete table inet underpass_plant_7 ;;
esac
BODY
stand_in swanctl </dev/null
stand_in networkctl </dev/null
stand_in sysctl </dev/null
stand_in systemd-run <<BODY
for last; do :; done
echo "\$last" >$work/token
BODY
cat >"$work/bin/ip" <<'BODY'
#!/bin/sh
case "$*" in
  'link add '*' type xfrm '*) exec /usr/sbin/ip link add "$3" type veth peer name "x$3" ;;
esac
exec /usr/sbin/ip "$@"
BODY
chmod 0755 "$work/bin/ip"
PATH=$work/bin:$PATH
export PATH

step() { # name, arguments of install.sh
  echo "== $1"
  shift
  : >"$work/log"
  sh "$bundle/install.sh" "$@" 2>&1 | sed "s|$bundle|BUNDLE|g"
  grep -v is-active "$work/log" | sed "s|[0-9]\{19\}|TOKEN|" || :
}
state() {
  ip -o -4 address show | sed -n 's/^[0-9]*: \(ipsec[^ ]*\) *inet \([^ ]*\).*/\1 \2/p'
  ip -o link show | sed -n 's/^[0-9]*: \(ipsec[^:@]*\)[:@].* mtu \([0-9]*\) .*/\1 mtu \2/p'
  nft list tables
  grep -c underpass /etc/frr/frr.conf || :
  grep ^bgpd= /etc/frr/daemons
}

step check --check
# Another site with a strict firewall, another router's address, a closed input chain.
nft add table inet underpass_plant_8
nft add table inet host
nft add chain inet host input '{ type filter hook input priority 0; policy drop; }'
ip address delete 192.0.2.10/24 dev wan0
ip address add 192.0.2.11/24 dev wan0
ip route add default via 192.0.2.1
step refused --try
nft delete table inet underpass_plant_8
nft delete table inet host
ip address delete 192.0.2.11/24 dev wan0
ip address add 192.0.2.10/24 dev wan0
ip route add default via 192.0.2.1
step install
state
# What drifted is put right, what did not is left alone.
ip address add 169.254.99.2/30 dev ipsec-47f056-1
ip link set ipsec-47f056-1 mtu 1300
step again
state
step remove --remove
state
step try --try 7
state
echo '== expire'
: >"$work/log"
sh /var/lib/underpass/plant-7.trial/install.sh --expire "$(cat "$work/token")" 2>&1 | sed "s|$bundle|BUNDLE|g"
grep -v is-active "$work/log" || :
state
ls /var/lib/underpass 2>/dev/null || echo 'no state'
