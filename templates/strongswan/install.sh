#!/bin/sh
# Installs the tunnels of site {{ v.site }} on this router.
set -eu

site='{{ v.site }}'
wan='{{ v.wan }}'
wan_interface='{% match v.wan_interface %}{% when Some with (name) %}{{ name }}{% when None %}{% endmatch %}'
endpoints='{{ v.links[0].aws_outside }} {{ v.links[1].aws_outside }}'
links='{{ v.links[0].name }} {{ v.links[1].name }}'
table='{{ v.table }}'
strict={% if v.strict %}yes{% else %}no{% endif %}
asn='{% match v.bgp %}{% when Some with (bgp) %}{{ bgp.customer_asn }}{% when None %}{% endmatch %}'

# Mode and path of every file, relative to this folder and to /.
all_files='
{%- for file in files %}
{{ file.mode() }} {{ file.path }}
{%- endfor %}
'
units="underpass-$site.service underpass-$site-firewall.service underpass-$site-watch.service"

usage() {
  cat <<USAGE
usage: install.sh [--root DIR] [COMMAND]

  (none)           installs, or brings an older installation up to date; safe to repeat
  --check          says whether this machine is ready and what would change; changes nothing
  --try [MINUTES]  installs and takes everything back after MINUTES (10) unless confirmed;
                   30s means seconds
  --confirm        keeps what --try installed
  --rollback       takes it back at once
  --remove         removes what was installed and puts back what it replaced
  --root DIR       works below DIR and leaves services alone
USAGE
}

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# ---- arguments ----

root='' command=install window=10
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
while [ $# -gt 0 ]; do
  case $1 in
    --root)
      [ $# -ge 2 ] || die "--root needs a folder"
      root=$(CDPATH='' cd -- "$2" && pwd)
      shift
      ;;
    --check | --confirm | --rollback | --remove) command=${1#--} ;;
    --expire) # what the timer of --try runs
      command=expire window=$2
      shift
      ;;
    --try)
      command=try
      case ${2-} in [0-9]*)
        window=$2
        shift
        ;;
      esac
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 64
      ;;
  esac
  shift
done

state=$root/var/lib/underpass/$site
frr_conf=$root/etc/frr/frr.conf
frr_daemons=$root/etc/frr/daemons
live=no
[ -n "$root" ] || live=yes

if [ -n "$root" ]; then
  if [ -d "$root/run/systemd/netif" ]; then networkd=yes; else networkd=no; fi
elif systemctl --quiet is-active systemd-networkd 2>/dev/null; then
  networkd=yes
else
  networkd=no
fi

# The files that belong on this machine: "mode path" lines.
wanted() {
  printf '%s\n' "$all_files" | while read -r mode path; do
    case $path in
      '') ;;
      etc/systemd/network/* | etc/systemd/networkd.conf.d/*)
        [ "$networkd" = no ] || printf '%s %s\n' "$mode" "$path"
        ;;
      *) printf '%s %s\n' "$mode" "$path" ;;
    esac
  done
}

# ---- is this machine ready? ----

problems=0
problem() {
  printf 'not ready: %s\n' "$*" >&2
  problems=$((problems + 1))
}

packages() {
  if command -v apt-get >/dev/null; then
    echo "apt-get install strongswan-swanctl charon-systemd libstrongswan-standard-plugins nftables iproute2 iputils-ping${asn:+ frr frr-pythontools}"
  elif command -v dnf >/dev/null; then
    echo "dnf install strongswan nftables iproute iputils${asn:+ frr frr-pythontools}"
  elif command -v zypper >/dev/null; then
    echo "zypper install strongswan nftables iproute2 iputils${asn:+ frr}"
  else
    echo "install strongSwan with swanctl, nftables, iproute2, ping${asn:+, FRR} from your distribution"
  fi
}

check_tools() {
  missing=''
  for tool in swanctl charon-systemd ip nft ping${asn:+ vtysh}; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || missing="$missing $tool"
  done
  [ -z "$missing" ] || problem "missing:$missing. Install with: $(packages)"
  if [ -n "$asn" ] && [ ! -f "$frr_daemons" ]; then
    problem "$frr_daemons is missing: FRR is not installed. Install with: $(packages)"
  fi
}

check_kernel() {
  name=upcheck$$
  if ip link add "$name" type xfrm dev lo if_id 4294967294 2>/dev/null; then
    ip link delete "$name"
  else
    problem "this kernel has no XFRM interfaces (Linux 4.19 and later, module xfrm_interface)"
  fi
}

check_addresses() {
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

check_others() {
  for unit in strongswan-starter ipsec; do
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

check_ready() {
  for path in $(wanted | cut -d ' ' -f 2); do
    [ -f "$here/$path" ] || problem "$path is missing beside install.sh: copy the whole folder"
  done
  check_tools
  check_frr
  if [ "$live" = yes ]; then
    [ "$(id -u)" -eq 0 ] || problem "not root"
    [ -d /run/systemd/system ] || problem "systemd does not run this machine"
    check_kernel
    check_addresses
    check_others
  fi
  [ "$problems" -eq 0 ] || die "$problems problem(s), nothing was changed"
}

# ---- files ----

# Folders that did not exist are remembered, so that --remove can take them away.
make_folders() { # path of a folder
  if [ ! -d "$1" ]; then
    make_folders "$(dirname -- "$1")"
    mkdir -m 0755 -- "$1"
    new_folders="$1
$new_folders"
  fi
}

remember_folders() {
  printf '%s' "$new_folders" >>"$state/folders"
  new_folders=''
}

open_state() {
  new_folders=''
  make_folders "$state"
  chmod 0700 "$state"
  touch "$state/installed" "$state/folders"
  [ ! -f "$state.trial/folders" ] || cat "$state.trial/folders" >>"$state/folders"
  remember_folders
  cp -- "$here/install.sh" "$state/install.sh.new"
  mv -- "$state/install.sh.new" "$state/install.sh"
}

# Keeps the first version of a file that was there before us.
keep_original() { # path
  if [ -e "$root/$1" ] && ! grep -qxF "$1" "$state/installed"; then
    mkdir -p -- "$state/original/$(dirname -- "$1")"
    cp -pP -- "$root/$1" "$state/original/$1"
    say "kept the old $root/$1 in $state/original"
  fi
}

same() { # mode path
  [ -f "$root/$2" ] && [ ! -L "$root/$2" ] && cmp -s -- "$here/$2" "$root/$2" &&
    [ "$(stat -c %04a -- "$root/$2")" = "$1" ]
}

place() { # mode path
  if same "$1" "$2"; then
    return 0
  fi
  keep_original "$2"
  make_folders "$(dirname -- "$root/$2")"
  remember_folders
  (
    umask 077
    cp -- "$here/$2" "$root/$2.underpass"
  )
  chmod "$1" "$root/$2.underpass"
  mv -- "$root/$2.underpass" "$root/$2"
  grep -qxF "$2" "$state/installed" || printf '%s\n' "$2" >>"$state/installed"
  say "wrote $root/$2"
  changed="$changed $2"
}

drop() { # path of an installed file
  if [ -e "$state/original/$1" ]; then
    cp -pP -- "$state/original/$1" "$root/$1.underpass"
    mv -- "$root/$1.underpass" "$root/$1"
    say "put back $root/$1"
  else
    rm -f -- "$root/$1"
    say "removed $root/$1"
  fi
}

# ---- FRR: one marked block in its one file ----

strip_frr() { sed "/^! underpass $site begin\$/,/^! underpass $site end\$/d"; }

# Replaces a file's content and keeps its owner and mode.
rewrite() { # path, content on stdin
  cp -p -- "$1" "$1.underpass"
  cat >"$1.underpass"
  if cmp -s -- "$1" "$1.underpass"; then
    rm -f -- "$1.underpass"
    return 1
  fi
  mv -- "$1.underpass" "$1"
  say "changed $1"
}

install_frr() {
  if [ -z "$asn" ]; then
    # The site has moved to static routing.
    remove_frr
    rm -f -- "$state/frr.conf" "$state/daemons"
    return 0
  fi
  if [ ! -e "$state/frr.conf" ]; then
    cp -p -- "$frr_conf" "$state/frr.conf"
    cp -p -- "$frr_daemons" "$state/daemons"
  fi
  # "awk 1" ends a last line that has no end.
  { strip_frr <"$frr_conf" | awk 1 && cat "$here/etc/underpass/$site/frr.conf"; } | rewrite "$frr_conf" &&
    frr=reload
  if grep -q '^bgpd=no' "$frr_daemons"; then
    sed 's/^bgpd=no/bgpd=yes/' "$frr_daemons" | rewrite "$frr_daemons" || :
    frr=restart
  fi
  return 0
}

remove_frr() {
  if [ ! -e "$state/frr.conf" ] || [ ! -e "$frr_conf" ]; then return 0; fi
  strip_frr <"$frr_conf" >"$state/frr.stripped"
  if [ "$(awk 1 "$state/frr.conf")" = "$(cat "$state/frr.stripped")" ]; then
    rewrite "$frr_conf" <"$state/frr.conf" || :
  else
    rewrite "$frr_conf" <"$state/frr.stripped" || :
  fi
  rm -f -- "$state/frr.stripped"
  frr=reload
  if grep -q '^bgpd=no' "$state/daemons" && ! grep -q '^router bgp' "$frr_conf"; then
    sed 's/^bgpd=yes/bgpd=no/' "$frr_daemons" | rewrite "$frr_daemons" || :
    frr=restart
  fi
  return 0
}

# ---- services ----

changed='' frr=''

has_changed() { # part of a path
  case $changed in *"$1"*) return 0 ;; esac
  return 1
}

apply() {
  if [ "$live" = no ]; then
    say "services left alone (--root)"
    return 0
  fi
  systemctl daemon-reload
  sysctl -q -e -p "/etc/sysctl.d/60-underpass-$site.conf"
  if [ "$networkd" = yes ]; then
    if has_changed networkd.conf.d; then systemctl restart systemd-networkd; else networkctl reload; fi
  fi
  for unit in $units; do
    systemctl --quiet enable "$unit"
  done
  systemctl reload-or-restart "underpass-$site.service" "underpass-$site-firewall.service"
  say "interfaces and firewall are up"
  systemctl --quiet enable strongswan
  if ! systemctl --quiet is-active strongswan; then
    systemctl start strongswan
    say "started strongSwan"
  elif has_changed etc/strongswan.d/; then
    warn "restarting strongSwan: its other connections, if any, go down for a moment"
    systemctl restart strongswan
  else
    swanctl --load-all --noprompt >/dev/null
    say "strongSwan loaded the tunnels"
  fi
  apply_frr
  systemctl restart "underpass-$site-watch.service"
}

apply_frr() {
  if [ -z "$frr" ] || [ "$live" = no ]; then return 0; fi
  systemctl --quiet enable frr
  if [ "$frr" = reload ] && systemctl --quiet is-active frr && [ -x /usr/lib/frr/frr-reload.py ]; then
    systemctl reload frr
  else
    warn "restarting FRR: its other sessions, if any, go down for a moment"
    systemctl restart frr
  fi
  say "FRR has the new configuration"
}

stop_services() {
  [ "$live" = yes ] || return 0
  for unit in $units; do
    systemctl --quiet disable --now "$unit" 2>/dev/null || :
  done
  for number in 1 2; do
    swanctl --terminate --ike "$site-$number" --timeout 5 >/dev/null 2>&1 || :
  done
  for name in $links; do
    ip link delete "$name" 2>/dev/null || :
  done
}

reload_rest() {
  [ "$live" = yes ] || return 0
  systemctl daemon-reload
  [ "$networkd" = no ] || networkctl reload
  swanctl --load-all --noprompt >/dev/null 2>&1 || :
  apply_frr
}

# ---- commands ----

install_site() {
  check_ready
  open_state
  wanted >"$state/wanted"
  # What an older version installed and this one does not have.
  cut -d ' ' -f 2 "$state/wanted" >"$state/paths"
  grep -vxFf "$state/paths" "$state/installed" >"$state/stale" || :
  while read -r path; do
    drop "$path"
  done <"$state/stale"
  grep -xFf "$state/paths" "$state/installed" >"$state/kept" || :
  mv -- "$state/kept" "$state/installed"
  while read -r mode path; do
    place "$mode" "$path"
  done <"$state/wanted"
  install_frr
  rm -f -- "$state/wanted" "$state/paths" "$state/stale"
  if [ -z "$changed$frr" ]; then say "every file is as it should be"; fi
  apply
}

check_site() {
  check_ready
  wanted | while read -r mode path; do
    if same "$mode" "$path"; then
      continue
    elif [ -e "$root/$path" ]; then
      say "would change $root/$path"
    else
      say "would write $root/$path"
    fi
  done
  say "ready"
}

remove_folders() { # list, on stdin
  sort -ru | while read -r folder; do
    rmdir -- "$folder" 2>/dev/null || :
  done
}

remove_site() {
  [ -d "$state" ] || die "site $site is not installed on this machine"
  stop_services
  while read -r path; do
    drop "$path"
  done <"$state/installed"
  remove_frr
  reload_rest
  folders=$(cat "$state/folders")
  rm -rf -- "$state"
  printf '%s\n' "$folders" | remove_folders
  say "site $site is removed; the packages stay"
}

# ---- trial ----

no_trial() {
  [ ! -d "$state.trial" ] || die "a trial is running: --confirm or --rollback it first"
}

snapshot() {
  trial=$state.trial
  new_folders=''
  make_folders "$(dirname -- "$trial")"
  mkdir -m 0700 -- "$trial"
  printf '%s' "$new_folders" >"$trial/folders"
  [ ! -d "$state" ] || cp -a -- "$state" "$trial/state"
  for path in $(wanted | cut -d ' ' -f 2) etc/frr/frr.conf etc/frr/daemons \
    $(cat "$state/installed" 2>/dev/null || :); do
    printf '%s\n' "$path" >>"$trial/paths"
    if [ -e "$root/$path" ]; then
      mkdir -p -- "$trial/files/$(dirname -- "$path")"
      cp -pP -- "$root/$path" "$trial/files/$path"
    fi
  done
  cp -- "$here/install.sh" "$trial/install.sh"
  date +%s%N >"$trial/token"
}

rollback_trial() {
  trial=$state.trial
  [ -d "$trial" ] || die "there is no trial to take back"
  [ -d "$trial/state" ] || stop_services
  while read -r path; do
    if [ -e "$trial/files/$path" ]; then
      if ! cmp -s -- "$trial/files/$path" "$root/$path"; then
        cp -pP -- "$trial/files/$path" "$root/$path.underpass"
        mv -- "$root/$path.underpass" "$root/$path"
        say "put back $root/$path"
      fi
    else
      case $path in etc/frr/*) ;; *) rm -f -- "$root/$path" ;; esac
    fi
  done <"$trial/paths"
  frr=restart
  [ -n "$asn" ] || frr=''
  folders=$(cat "$state/folders" "$trial/folders" 2>/dev/null || :)
  rm -rf -- "$state"
  if [ -d "$trial/state" ]; then
    mv -- "$trial/state" "$state"
    # Only what the trial added.
    folders=$(printf '%s\n' "$folders" | grep -vxFf "$state/folders" || :)
    changed=etc/strongswan.d/
    [ "$live" = no ] || apply
  else
    reload_rest
  fi
  rm -rf -- "$trial"
  printf '%s\n' "$folders" | remove_folders
  say "site $site is as it was before the trial"
}

try_site() {
  case $window in
    *[!0-9]*s | s | *[!0-9s]*) die "not a time: $window" ;;
    *s) seconds=${window%s} ;;
    *) seconds=$((window * 60)) ;;
  esac
  check_ready
  snapshot
  token=$(cat "$state.trial/token")
  # The way back is armed before anything changes, and outlives this login.
  back="$state.trial/install.sh"
  if [ "$live" = yes ]; then
    systemd-run --quiet --collect --unit="underpass-$site-rollback" --on-active="${seconds}s" \
      /bin/sh "$back" --expire "$token"
  else
    setsid sh -c "sleep $seconds; exec sh \"\$0\" --root \"\$1\" --expire \"\$2\"" \
      "$back" "$root" "$token" </dev/null >"$state.trial/log" 2>&1 9>&- &
  fi
  say "trial: everything is taken back in $seconds s unless you run: $here/install.sh --confirm"
  install_site
}

confirm_trial() {
  [ -d "$state.trial" ] || die "there is no trial to confirm"
  rm -rf -- "$state.trial"
  [ "$live" = no ] || systemctl --quiet stop "underpass-$site-rollback.timer" 2>/dev/null || :
  say "confirmed: site $site stays installed"
}

expire_trial() {
  # Another trial may run by now, or none.
  [ "$(cat "$state.trial/token" 2>/dev/null || :)" = "$window" ] || exit 0
  rollback_trial
}

# ---- go ----

# One at a time: a rollback that comes due waits for the installation that it undoes.
if [ "$command" != check ] && command -v flock >/dev/null; then
  if [ "$live" = yes ]; then exec 9>"/run/underpass-$site.lock"; else exec 9<"$root"; fi
  flock 9
fi
case $command in
  install)
    no_trial
    install_site
    ;;
  check) check_site ;;
  remove)
    no_trial
    remove_site
    ;;
  try)
    no_trial
    try_site
    ;;
  confirm) confirm_trial ;;
  rollback) rollback_trial ;;
  expire) expire_trial ;;
esac
