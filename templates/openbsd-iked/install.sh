#!/bin/sh
# Site {{ v.site }}, on OpenBSD 7.5 or later, as root in the bundle's folder:
#   ./install.sh            puts the files in place and starts what they are for
#   ./install.sh --remove   takes them away again
# /etc/iked.conf{% if v.bgp.is_some() %}, /etc/bgpd.conf{% endif %} and /etc/pf.conf get one marked block each, checked before it counts.
set -eu
cd "$(dirname "$0")"

site='{{ v.site }}'
links='{{ v.interface(v.legs[0]) }} {{ v.interface(v.legs[1]) }}'
begin="# underpass $site begin"
end="# underpass $site end"

die() {
  echo "error: $*" >&2
  exit 1
}

# A file without our block.
stripped() { # path
  [ ! -e "$1" ] || sed "/^$begin\$/,/^$end\$/d" "$1"
}

# A file with our block at its end; the text is on stdin, the rest is the command that checks.
block() { # path command...
  path=$1
  shift
  umask 077
  { stripped "$path"; echo "$begin"; cat; echo "$end"; } >"$path.underpass"
  "$@" "$path.underpass" || die "$path would not load any more; nothing of it was changed"
  mv "$path.underpass" "$path"
}

unblock() { # path
  [ -e "$1" ] || return 0
  umask 077
  stripped "$1" >"$1.underpass"
  mv "$1.underpass" "$1"
}

install_site() {
  ifconfig -a | grep -qF 'inet {{ v.wan }} ' || die "no interface has the address {{ v.wan }}"
  for link in $links; do
    if [ -e "/etc/hostname.$link" ]; then
      grep -q "^# Site $site, " "/etc/hostname.$link" ||
        die "/etc/hostname.$link belongs to something else: set gateway.options.tunnel_number"
    fi
  done
  sysctl net.inet.ip.forwarding=1 >/dev/null
  grep -q '^net.inet.ip.forwarding=1' /etc/sysctl.conf 2>/dev/null ||
    echo net.inet.ip.forwarding=1 >>/etc/sysctl.conf
  for link in $links; do
    install -m 0640 "hostname.$link" "/etc/hostname.$link"
    sh /etc/netstart "$link"
  done
  # Nothing for the VPC may leave by the default route: the last resort is nowhere.
  grep -q "^$begin\$" /etc/rc.local 2>/dev/null || {
    echo "$begin"
{%- for net in v.vpc %}
    echo 'route -qn add -inet {{ net }} 127.0.0.1 -blackhole -priority 62'
{%- endfor %}
    echo "$end"
  } >>/etc/rc.local
{%- for net in v.vpc %}
  route -qn add -inet {{ net }} 127.0.0.1 -blackhole -priority 62 || :
{%- endfor %}
  install -m 0600 pf.conf "/etc/pf.underpass-$site.conf"
  pfctl -nf "/etc/pf.underpass-$site.conf"
  block /etc/pf.conf pfctl -nf <<PF
anchor "underpass-$site"
load anchor "underpass-$site" from "/etc/pf.underpass-$site.conf"
PF
  pfctl -f /etc/pf.conf
  install -m 0600 iked.conf "/etc/iked.underpass-$site.conf"
  block /etc/iked.conf iked -nf <<IKED
include "/etc/iked.underpass-$site.conf"
IKED
  rcctl enable iked
  rcctl restart iked
{%- match v.bgp %}
{%- when Some with (bgp) %}
  touch /etc/bgpd.conf
  grep -q '^AS ' /etc/bgpd.conf || printf 'AS {{ bgp.customer_asn }}\nrouter-id {{ v.wan }}\n' >>/etc/bgpd.conf
  grep -q '^AS {{ bgp.customer_asn }}$' /etc/bgpd.conf || die "bgpd runs another AS than {{ bgp.customer_asn }}"
  install -m 0600 bgpd.conf "/etc/bgpd.underpass-$site.conf"
  block /etc/bgpd.conf bgpd -nf <<BGPD
include "/etc/bgpd.underpass-$site.conf"
BGPD
  rcctl enable bgpd
  rcctl restart bgpd
{%- when None %}
  install -m 0600 ifstated.conf "/etc/ifstated.underpass-$site.conf"
  ifstated -nf "/etc/ifstated.underpass-$site.conf"
  # A second instance of its own: ifstated reads one file.
  ln -sf /etc/rc.d/ifstated "/etc/rc.d/{{ v.daemon() }}"
  rcctl enable {{ v.daemon() }}
  rcctl set {{ v.daemon() }} flags -f "/etc/ifstated.underpass-$site.conf"
  rcctl restart {{ v.daemon() }}
{%- endmatch %}
  echo "site $site is installed"
}

remove_site() {
{%- if v.bgp.is_some() %}
  unblock /etc/bgpd.conf
  rm -f "/etc/bgpd.underpass-$site.conf"
  if grep -q '^group\|^neighbor\|^include' /etc/bgpd.conf; then
    rcctl restart bgpd
  else
    rcctl stop bgpd
    rcctl disable bgpd
  fi
{%- else %}
  rcctl stop {{ v.daemon() }} || :
  rcctl disable {{ v.daemon() }} || :
  rm -f "/etc/rc.d/{{ v.daemon() }}" "/etc/ifstated.underpass-$site.conf"
{%- for net in v.vpc %}
  route -qn delete -inet {{ net }} -priority 8 || :
{%- endfor %}
{%- endif %}
  unblock /etc/iked.conf
  rm -f "/etc/iked.underpass-$site.conf"
  if grep -q '^ikev2\|^include' /etc/iked.conf; then
    rcctl restart iked
  else
    rcctl stop iked
    rcctl disable iked
  fi
  unblock /etc/pf.conf
  rm -f "/etc/pf.underpass-$site.conf"
  pfctl -f /etc/pf.conf
  pfctl -a "underpass-$site" -F rules 2>/dev/null || :
  unblock /etc/rc.local
{%- for net in v.vpc %}
  route -qn delete -inet {{ net }} -priority 62 || :
{%- endfor %}
  for link in $links; do
    ifconfig "$link" destroy 2>/dev/null || :
    rm -f "/etc/hostname.$link"
  done
  echo "site $site is removed; forwarding stays on"
}

[ "$(id -u)" -eq 0 ] || die "not root"
case ${1-} in
  '') install_site ;;
  --remove) remove_site ;;
  *) die "usage: install.sh [--remove]" ;;
esac
