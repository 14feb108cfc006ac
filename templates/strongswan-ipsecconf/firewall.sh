#!/bin/sh
# Site {{ v.site }}: three chains of its own in iptables; the rest of the ruleset is not touched.
#   firewall.sh up      loads them; safe to repeat
#   firewall.sh down    takes them away
set -eu

vpc='{% for net in v.vpc %}{% if !loop.first %} {% endif %}{{ net }}{% endfor %}'
lan='{% for net in v.lan %}{% if !loop.first %} {% endif %}{{ net }}{% endfor %}'
links='{{ v.links[0].name }} {{ v.links[1].name }}'
endpoints='{{ v.links[0].aws_outside }} {{ v.links[1].aws_outside }}'
tag={{ v.links[0].short() }}

ipt() { iptables -w "$@"; }

# A chain of ours, empty, called first from one of iptables' own.
chain() { # table builtin name
  ipt -t "$1" -N "$3" 2>/dev/null || ipt -t "$1" -F "$3"
  ipt -t "$1" -C "$2" -j "$3" 2>/dev/null || ipt -t "$1" -I "$2" 1 -j "$3"
}

drop_chain() { # table builtin name
  ipt -t "$1" -D "$2" -j "$3" 2>/dev/null || :
  ipt -t "$1" -F "$3" 2>/dev/null || :
  ipt -t "$1" -X "$3" 2>/dev/null || :
}

up() {
  # What is meant for the VPC never leaves in clear, not even while both tunnels are down.
  chain filter FORWARD "up-$tag-f"
  for link in $links; do
    ipt -A "up-$tag-f" -o "$link" -j RETURN
  done
{%- if let Some(dx) = v.dx %}
  ipt -A "up-$tag-f" -o {{ dx.name }} -j RETURN
{%- endif %}
  for from in $lan; do
    for to in $vpc; do
      ipt -A "up-$tag-f" -s "$from" -d "$to" -j REJECT --reject-with icmp-admin-prohibited
    done
  done
  # TCP's segments must fit through the tunnel, in both directions: AWS does no path MTU discovery.
  chain mangle FORWARD "up-$tag-m"
{%- for link in v.links %}
  for way in -o -i; do
    ipt -t mangle -A "up-$tag-m" "$way" {{ link.name }} -p tcp --tcp-flags SYN,RST SYN \
      -m tcpmss --mss {{ link.mss + 1 }}:65535 -j TCPMSS --set-mss {{ link.mss }}
  done
{%- endfor %}
  chain filter INPUT "up-$tag-i"
{%- if let Some(dx) = v.dx %}
  # BGP and BFD of Direct Connect: with AWS's router, over that VLAN, and in no other way.
  for port in "tcp 179" "udp 3784" "udp 3785" "udp 4784"; do
    ipt -A "up-$tag-i" -i {{ dx.name }} ! -s {{ dx.amazon_address() }} -p "${port% *}" --dport "${port#* }" -j DROP
    ipt -A "up-$tag-i" ! -i {{ dx.name }} -d {{ dx.router_address() }} -p "${port% *}" --dport "${port#* }" -j DROP
  done
  ipt -A "up-$tag-i" ! -i {{ dx.name }} -s {{ dx.amazon_address() }} -j DROP
{%- endif %}
{%- if v.strict %}
  # IKE and ESP to this router's WAN address: with AWS's two endpoints, with nobody else.
  for endpoint in $endpoints; do
    ipt -A "up-$tag-i" -s "$endpoint" -j RETURN
  done
  ipt -A "up-$tag-i" -d {{ v.wan }} -p udp -m multiport --dports 500,4500 -j DROP
  ipt -A "up-$tag-i" -d {{ v.wan }} -p esp -j DROP
{%- else %}
  : "$endpoints"
{%- endif %}
}

down() {
  drop_chain filter INPUT "up-$tag-i"
  drop_chain filter FORWARD "up-$tag-f"
  drop_chain mangle FORWARD "up-$tag-m"
}

case ${1-} in
  up) up ;;
  down) down ;;
  *)
    echo "usage: ${0##*/} up|down" >&2
    exit 64
    ;;
esac
