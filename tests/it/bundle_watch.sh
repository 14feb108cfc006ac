#!/bin/sh
# Runs watch.sh over two veth pairs that play the tunnels, breaks one and heals it:
#   unshare -mn sh bundle_watch.sh WATCH LINK1 LINK2
set -eu
watch=$1 link1=$2 link2=$3

mount -t tmpfs none /run
mount -t sysfs none /sys
mkdir -p /run/netns
ip link set lo up
tunnel() { # interface, namespace, address here, address there
  ip netns add "$2"
  ip link add "$1" type veth peer name far netns "$2"
  ip address add "$3/30" dev "$1"
  ip link set "$1" up
  ip -n "$2" link set lo up
  ip -n "$2" address add "$4/30" dev far
  ip -n "$2" link set far up
}
tunnel "$link1" one 169.254.15.194 169.254.15.193
tunnel "$link2" two 169.254.13.238 169.254.13.237

routes() { # step
  all=$(ip route show 10.0.0.0/16 | sed 's/ scope link//; s/^10.0.0.0\/16 //; s/ *$//' | sort -t ' ' -k 4n | paste -sd , | sed 's/,/, /g')
  echo "$1: 10.0.0.0/16 $all"
}
until_first() { # interface: the preferred route leaves by it
  for _ in $(seq 150); do
    case $(ip route get 10.0.0.1 2>/dev/null) in *"dev $1 "*) return 0 ;; esac
    sleep 0.1
  done
  echo "no route by $1 after 15 s"
}

sh "$watch" run &
pid=$!
trap 'kill $pid' EXIT
until_first "$link1"
sleep 1
routes start
# Nothing answers, yet the interface stays up: what an XFRM interface without an SA looks like.
ip -n one address delete 169.254.15.193/30 dev far
until_first "$link2"
sleep 0.3
routes silent
ip -n one address add 169.254.15.193/30 dev far
until_first "$link1"
sleep 0.3
routes back
# What strongSwan calls. A kernel without XFRM has no states, as after the last one went.
PLUTO_VERB=down-client sh "$watch" updown 1
routes closed
PLUTO_VERB=up-client sh "$watch" updown 1
routes opened
