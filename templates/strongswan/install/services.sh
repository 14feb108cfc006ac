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
  systemctl --quiet enable {{ v.daemon.unit }}
  if ! systemctl --quiet is-active {{ v.daemon.unit }}; then
    systemctl start {{ v.daemon.unit }}
    say "started {{ v.daemon.name }}"
  elif has_changed {{ v.daemon.settings }}; then
    {{ v.daemon.changed }}
  else
    {{ v.daemon.unchanged }}
    say "{{ v.daemon.name }} loaded the tunnels"
  fi
  apply_frr
  if has_changed watch; then
    systemctl restart "underpass-$site-watch.service"
  else
    systemctl start "underpass-$site-watch.service"
  fi
}

apply_frr() {
  if [ -z "$frr" ] || [ "$live" = no ]; then return 0; fi
  systemctl --quiet enable frr
{%- if v.dx.is_some() %}
  # First by hand: what reloads FRR writes its changes to a log, and this key is none of its business.
  if [ "$frr" = reload ] && systemctl --quiet is-active frr && [ -f "/etc/underpass/$site/frr-dx-key.conf" ]; then
    vtysh -f "/etc/underpass/$site/frr-dx-key.conf" >/dev/null 2>&1 || :
  fi
{%- endif %}
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
{%- if v.dx.is_some() %}
  # The key goes before FRR's own reload would name it.
  vtysh -f "/etc/underpass/$site/frr-dx-remove.conf" >/dev/null 2>&1 || :
  ip link delete "$dx_link" 2>/dev/null || :
{%- endif %}
  for unit in $units; do
    systemctl --quiet disable --now "$unit" 2>/dev/null || :
  done
  for number in 1 2; do
    {{ v.daemon.stop }} >/dev/null 2>&1 || :
  done
  for name in $links; do
    ip link delete "$name" 2>/dev/null || :
  done
}

# Gives the daemons back what they had before us.
release() { # daemons that did not run then
  [ "$live" = yes ] || return 0
  systemctl daemon-reload
  [ "$networkd" = no ] || networkctl reload
  for unit in $1; do
    systemctl --quiet disable --now "$unit"
  done
  case " $1 " in
    *{{ v.daemon.unit }}*) ;;
    *)
      {{ v.daemon.released }}
      ;;
  esac
  case " $1 " in *frr*) ;; *) apply_frr ;; esac
}
