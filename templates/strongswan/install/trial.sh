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
  idle=$(tr '\n' ' ' <"$state/idle" 2>/dev/null || :)
  rm -rf -- "$state"
  if [ -d "$trial/state" ]; then
    mv -- "$trial/state" "$state"
    # Only what the trial added.
    folders=$(printf '%s\n' "$folders" | grep -vxFf "$state/folders" || :)
    changed={{ v.daemon.settings }}
    [ "$live" = no ] || apply
  else
    release "$idle"
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
