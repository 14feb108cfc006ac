#!/bin/sh
# Lets iked and OpenBGPD read the bundle's files and say back what they understood:
#   unshare -mn sh judge_iked.sh BUNDLE WORK INTERFACE INTERFACE
# iked asks whether its interfaces exist; a pair of virtual cables stands in for sec(4).
set -eu
bundle=$1 work=$2

ip link add "$3" type veth peer name "$4"
umask 077
cp "$bundle/iked.conf" "$work/iked.conf"
echo '== iked'
/usr/sbin/iked -nv -f "$work/iked.conf" 2>&1 || echo "refused: $?"
if [ -e "$bundle/bgpd.conf" ]; then
  { printf 'AS 65010\nrouter-id 192.0.2.10\n'; cat "$bundle/bgpd.conf"; } >"$work/bgpd.conf"
  echo '== bgpd'
  /usr/sbin/bgpd -nv -f "$work/bgpd.conf" 2>&1 || echo "refused: $?"
fi
