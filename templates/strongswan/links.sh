#!/bin/sh
# Site {{ v.site }}: the tunnels' XFRM interfaces, where systemd-networkd has not made them.
#   links.sh up      makes what is missing, changes what differs; safe to repeat
#   links.sh down    takes them away, unless systemd-networkd made them
set -eu

units=/etc/systemd/network

up() { # name if_id address mtu
  if [ ! -e "/sys/class/net/$1" ]; then
    # "dev lo": the interface belongs to no WAN port, so a change of uplink does not take it away.
    ip link add "$1" type xfrm dev lo if_id "$2"
  fi
  ip -o -4 address show dev "$1" | while read -r _ _ _ address _; do
    [ "$address" = "$3" ] || ip address delete "$address" dev "$1"
  done
  ip address replace "$3" dev "$1"
  ip link set "$1" mtu "$4" up
  # See /etc/sysctl.d/60-underpass-{{ v.site }}.conf.
  echo 2 > "/proc/sys/net/ipv4/conf/$1/rp_filter"
}

down() { # name
  if [ -e "/sys/class/net/$1" ] && [ ! -e "$units/50-underpass-{{ v.site }}-${1##*-}.netdev" ]; then
    ip link delete "$1"
  fi
}

case ${1-} in
  up)
{%- for link in v.links %}
    up {{ link.name }} {{ link.if_id }} {{ link.customer_inside }}/30 {{ link.mtu }}
{%- endfor %}
    ;;
  down)
{%- for link in v.links %}
    down {{ link.name }}
{%- endfor %}
    ;;
  *)
    echo "usage: ${0##*/} up|down" >&2
    exit 64
    ;;
esac
