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
  if [ "$live" = yes ] && [ ! -e "$state/idle" ]; then
    # Daemons that did not run before us, so that --remove can leave them as they were.
    for unit in {{ v.daemon.unit }}${asn:+ frr}; do
      systemctl --quiet is-active "$unit" || printf '%s\n' "$unit"
    done >"$state/idle"
  fi
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
