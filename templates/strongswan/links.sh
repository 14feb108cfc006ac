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
{%- if let Some(dx) = v.dx %}

# The VLAN of the Direct Connect on the port of its cross connect.
up_dx() {
  if [ ! -e /sys/class/net/{{ dx.name }} ]; then
    ip link add link {{ dx.port }} name {{ dx.name }} type vlan id {{ dx.vlan }}
  fi
  ip link set {{ dx.port }} up
{%- if dx.is_jumbo() %}
  # A VLAN's frames fit into its port's.
  [ "$(cat /sys/class/net/{{ dx.port }}/mtu)" -ge {{ dx.mtu }} ] || ip link set {{ dx.port }} mtu {{ dx.mtu }}
{%- endif %}
  ip -o -4 address show dev {{ dx.name }} | while read -r _ _ _ address _; do
    [ "$address" = {{ dx.router }} ] ||{% if let Some(end) = dx.tunnel_end %} [ "$address" = {{ end }}/32 ] ||{% endif %} ip address delete "$address" dev {{ dx.name }}
  done
  ip address replace {{ dx.router }} dev {{ dx.name }}
{%- if let Some(end) = dx.tunnel_end %}
  # Where the tunnels end: they run over this VLAN.
  ip address replace {{ end }}/32 dev {{ dx.name }}
{%- endif %}
  ip link set {{ dx.name }} mtu {{ dx.mtu }} up
  echo 2 > /proc/sys/net/ipv4/conf/{{ dx.name }}/rp_filter
}

down_dx() {
  [ ! -e /sys/class/net/{{ dx.name }} ] || ip link delete {{ dx.name }}
}
{%- endif %}

case ${1-} in
  up)
{%- for link in v.links %}
    up {{ link.name }} {{ link.if_id }} {{ link.customer_inside }}/30 {{ link.mtu }}
{%- endfor %}
{%- if v.dx.is_some() %}
    up_dx
{%- endif %}
    ;;
  down)
{%- for link in v.links %}
    down {{ link.name }}
{%- endfor %}
{%- if v.dx.is_some() %}
    down_dx
{%- endif %}
    ;;
  *)
    echo "usage: ${0##*/} up|down" >&2
    exit 64
    ;;
esac
