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
asn='{% match v.asn() %}{% when Some with (asn) %}{{ asn }}{% when None %}{% endmatch %}'
{%- if let Some(dx) = v.dx %}
dx_port='{{ dx.port }}'
dx_link='{{ dx.name }}'
{%- endif %}

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

{% include "strongswan/install/ready.sh" %}

{% include "strongswan/install/files.sh" %}

{% include "strongswan/install/frr.sh" %}

{% include "strongswan/install/services.sh" %}

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
  if [ -n "$asn" ] && ! wanted_frr | cmp -s - "$frr_conf"; then
    say "would change $frr_conf"
  fi
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
  release "$(tr '\n' ' ' <"$state/idle" 2>/dev/null || :)"
  folders=$(cat "$state/folders")
  rm -rf -- "$state"
  printf '%s\n' "$folders" | remove_folders
  say "site $site is removed; the packages stay"
}

{% include "strongswan/install/trial.sh" %}

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
