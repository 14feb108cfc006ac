# ---- is this machine ready? ----

problems=0
problem() {
  printf 'not ready: %s\n' "$*" >&2
  problems=$((problems + 1))
}

packages() {
  if command -v apt-get >/dev/null; then
    echo "apt-get install {{ v.daemon.apt }} iproute2 iputils-ping${asn:+ frr frr-pythontools}"
  elif command -v dnf >/dev/null; then
    echo "dnf install {{ v.daemon.dnf }} iproute iputils${asn:+ frr frr-pythontools}"
  elif command -v zypper >/dev/null; then
    echo "zypper install {{ v.daemon.zypper }} iproute2 iputils${asn:+ frr}"
  else
    echo "install {{ v.daemon.words }}, iproute2, ping${asn:+, FRR} from your distribution"
  fi
}

check_tools() {
  missing=''
  for tool in {{ v.daemon.tools }} ip ping${asn:+ vtysh}; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || missing="$missing $tool"
  done
  [ -z "$missing" ] || problem "missing:$missing. Install with: $(packages)"
  if [ -n "$asn" ] && [ ! -f "$frr_daemons" ]; then
    problem "$frr_daemons is missing: FRR is not installed. Install with: $(packages)"
  fi
}

{% if !v.daemon.included.is_empty() -%}
# Whether the daemon reads its folder.
check_included() {
{%- for (file, line) in v.daemon.included %}
  grep -qxF "{{ line }}" "$root/{{ file }}" 2>/dev/null ||
    problem "$root/{{ file }} lacks the line: {{ line }}"
{%- endfor %}
}

{% endif -%}
check_kernel() {
  name=upcheck$$
  if ip link add "$name" {{ v.daemon.link }} 2>/dev/null; then
    ip link delete "$name"
  else
    problem "this kernel has no {{ v.daemon.kernel }}"
  fi
}

check_addresses() {
{%- if v.tunnels_over_vlan() %}
  say "the tunnels run over the VLAN of the Direct Connect, from $wan, which this gives to it"
}
{%- else %}
  ip -o -4 address show | grep -qF " $wan/" ||
    problem "no interface of this machine has the address $wan: is this the site's router? Behind a NAT set gateway.local_ip in the site file"
  for endpoint in $endpoints; do
    route=$(ip -o -4 route get "$endpoint" 2>/dev/null) || route=''
    device=$(printf '%s\n' "$route" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
    if [ -z "$device" ]; then
      problem "there is no route to AWS's endpoint $endpoint"
    elif [ -n "$wan_interface" ] && [ "$device" != "$wan_interface" ]; then
      problem "the route to $endpoint leaves by $device, gateway.options.wan_interface says $wan_interface"
    else
      say "WAN interface towards $endpoint: $device"
    fi
  done
}
{%- endif %}

check_others() {
  for unit in {{ v.daemon.rivals }}; do
    if systemctl --quiet is-active "$unit" 2>/dev/null; then
      problem "$unit is running: it is another IKE daemon on the same ports; stop and disable it"
    fi
  done
  others=$(nft list tables 2>/dev/null | sed -n 's/^table inet \(underpass_.*\)$/\1/p' | grep -vx "$table" || :)
  if [ "$strict" = yes ] && [ -n "$others" ]; then
    problem "another site's tunnels are on this machine ($others): set gateway.options.firewall to shared for both"
  fi
  closed=$(nft list chains 2>/dev/null | grep 'hook input' | grep -c 'policy drop' || :)
  [ "${closed:-0}" -eq 0 ] ||
    warn "an input chain of this machine drops by default; README.md has the rules to add there"
}

check_frr() {
  if [ -z "$asn" ] || [ ! -f "$frr_conf" ]; then return 0; fi
  other=$(strip_frr <"$frr_conf" | sed -n 's/^router bgp \([0-9]*\)$/\1/p' | head -n 1)
  if [ -n "$other" ] && [ "$other" != "$asn" ]; then
    problem "FRR already runs BGP as AS $other, the site has AS $asn: use one number for both"
  fi
  if strip_frr <"$frr_conf" | grep -q "underpass-$site-in"; then
    problem "$frr_conf was written by FRR itself and has lost our marks; take the site out first: vtysh -f /etc/underpass/$site/frr-remove.conf && vtysh -c 'write memory'"
  fi
}

{% if v.dx.is_some() -%}
# The port of the cross connect, and that nobody else can read the session's key.
check_direct_connect() {
  if [ "$live" = yes ] && [ ! -e "/sys/class/net/$dx_port" ]; then
    problem "this machine has no port $dx_port (gateway.options.direct_connect_interface)"
  fi
  if [ -f "$frr_conf" ]; then
    case $(stat -c %04a -- "$frr_conf") in
      *0) ;;
      *) problem "everyone can read $frr_conf, where the key of Direct Connect's BGP goes: chmod o= $frr_conf" ;;
    esac
  fi
}

{% endif -%}
check_ready() {
  for path in $(wanted | cut -d ' ' -f 2); do
    [ -f "$here/$path" ] || problem "$path is missing beside install.sh: copy the whole folder"
  done
  check_tools
{%- if !v.daemon.included.is_empty() %}
  check_included
{%- endif %}
  check_frr
{%- if v.dx.is_some() %}
  check_direct_connect
{%- endif %}
  if [ "$live" = yes ]; then
    [ "$(id -u)" -eq 0 ] || problem "not root"
    [ -d /run/systemd/system ] || problem "systemd does not run this machine"
    check_kernel
    check_addresses
    check_others
  fi
  [ "$problems" -eq 0 ] || die "$problems problem(s), nothing was changed"
}
