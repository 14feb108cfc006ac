# ---- FRR: one marked block in its one file ----

strip_frr() { sed "/^! underpass $site begin\$/,/^! underpass $site end\$/d"; }

wanted_frr() {
  # "awk 1" ends a last line that has no end.
  strip_frr <"$frr_conf" | awk 1
  cat "$here/etc/underpass/$site/frr.conf"
{%- if v.dx.is_some() %}
  cat "$here/etc/underpass/$site/frr-dx-key.conf"
{%- endif %}
}

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
  wanted_frr | rewrite "$frr_conf" && frr=reload
  if grep -q '^bgpd=no' "$frr_daemons"; then
    sed 's/^bgpd=no/bgpd=yes/' "$frr_daemons" | rewrite "$frr_daemons" || :
    frr=restart
  fi
{%- if let Some(dx) = v.dx %}
{%- if dx.bfd %}
  if ! grep -q '^bfdd=yes' "$frr_daemons"; then
    { sed '/^bfdd=/d' "$frr_daemons"; echo bfdd=yes; } | rewrite "$frr_daemons" || :
    frr=restart
  fi
{%- endif %}
{%- endif %}
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
{%- if let Some(dx) = v.dx %}
{%- if dx.bfd %}
  if ! grep -q '^bfdd=yes' "$state/daemons" && ! grep -q '^bfd' "$frr_conf"; then
    was=$(grep '^bfdd=' "$state/daemons" || :)
    { sed '/^bfdd=/d' "$frr_daemons"; [ -z "$was" ] || printf '%s\n' "$was"; } | rewrite "$frr_daemons" || :
    if [ "$(sort "$state/daemons")" = "$(sort "$frr_daemons")" ]; then
      rewrite "$frr_daemons" <"$state/daemons" || :
    fi
    frr=restart
  fi
{%- endif %}
{%- endif %}
  return 0
}
