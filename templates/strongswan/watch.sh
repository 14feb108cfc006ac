#!/bin/sh
# Site {{ v.site }}: keeps the tunnels up{% if v.bgp.is_none() %} and the routes on a tunnel that works{% endif %}.
#   watch.sh run         never ends; the service underpass-{{ v.site }}-watch
{%- if v.bgp.is_none() %}
#   watch.sh updown N    {{ v.daemon.name }} calls it when tunnel N goes up or down
{%- endif %}
set -u

link() { # number
  case $1 in
{%- for link in v.links %}
    {{ link.number }}) echo {{ link.name }} ;;
{%- endfor %}
  esac
}
{% if v.bgp.is_none() %}
peer() { # number
  case $1 in
{%- for link in v.links %}
    {{ link.number }}) echo {{ link.aws_inside }} ;;
{%- endfor %}
  esac
}

networks='{% for net in v.vpc %}{% if !loop.first %} {% endif %}{{ net }}{% endfor %}'

# A tunnel that does not work keeps its routes, 1000 worse: with both down there is still one.
route() { # number good|bad
  case $2 in
    good) want=${1}00 other=1${1}00 ;;
    *) want=1${1}00 other=${1}00 ;;
  esac
{%- if v.direct.is_some() %}
  # The upper byte is the distance that FRR sees: 100, so that BGP's 20 over Direct Connect wins.
  want=$(({{ v.static_metric() }} + want)) other=$(({{ v.static_metric() }} + other))
{%- endif %}
  for network in $networks; do
    ip route replace "$network" dev "$(link "$1")" metric "$want" &&
      ip route delete "$network" dev "$(link "$1")" metric "$other" 2>/dev/null
{%- if v.direct.is_some() %}
    # What is left of the time before Direct Connect has no distance, and would win.
    for metric in "${1}00" "1${1}00"; do
      ip route delete "$network" dev "$(link "$1")" metric "$metric" 2>/dev/null
    done
{%- endif %}
  done
  return 0
}

updown() { # number
  case ${PLUTO_VERB-} in
    up-client*) route "$1" good ;;
    down-client*)
      # While a session is made anew the old tunnel's "down" comes after the new one's "up".
      states=$(ip xfrm state list 2>/dev/null | grep -cw "if_id $(if_id "$1")")
      [ "$states" -gt 2 ] || route "$1" bad
      ;;
  esac
}

if_id() { # number
  case $1 in
{%- for link in v.links %}
    {{ link.number }}) echo {{ link.if_id_hex() }} ;;
{%- endfor %}
  esac
}

# Three pings lost in a row make a tunnel bad, five answered in a row make it good again.
judge() { # number answered misses hits: prints the new misses and hits
  if [ "$2" = yes ]; then
    hits=$(($4 + 1))
    [ "$hits" -ne 5 ] || route "$1" good
    echo 0 "$hits"
  else
    misses=$(($3 + 1))
    [ "$misses" -ne 3 ] || route "$1" bad
    echo "$misses" 0
  fi
}

probe() { # number
  ping -n -q -c 1 -W 1 -I "$(link "$1")" "$(peer "$1")" >/dev/null 2>&1
}
{% endif %}
# Begins again what {{ v.daemon.name }} does not: a peer that refused, such as an endpoint being replaced.
revive() { # number
  site='{{ v.site }}'
  if ! {{ v.daemon.alive }}; then
    {{ v.daemon.start }} >/dev/null 2>&1
  fi
}

run() {
  [ -e "/sys/class/net/$(link 1)" ] || echo "the interface $(link 1) is missing" >&2
{%- if v.bgp.is_some() %}
  while sleep 30; do
    revive 1
    revive 2
  done
{%- else %}
  misses_1=0 hits_1=0 misses_2=0 hits_2=0 second=0
  route 1 good
  route 2 good
  while :; do
    probe 1 & one=$!
    probe 2 & two=$!
    sleep 1
    if wait "$one"; then answered=yes; else answered=no; fi
    # The words are numbers of our own making.
    # shellcheck disable=SC2046
    set -- $(judge 1 "$answered" "$misses_1" "$hits_1")
    misses_1=$1 hits_1=$2
    if wait "$two"; then answered=yes; else answered=no; fi
    # shellcheck disable=SC2046
    set -- $(judge 2 "$answered" "$misses_2" "$hits_2")
    misses_2=$1 hits_2=$2
    second=$(((second + 1) % 30))
    if [ "$second" -eq 0 ]; then
      [ "$misses_1" -eq 0 ] || revive 1 &
      [ "$misses_2" -eq 0 ] || revive 2 &
    fi
  done
{%- endif %}
}

case ${1-} in
  run) run ;;
{%- if v.bgp.is_none() %}
  updown) updown "$2" ;;
{%- endif %}
  *)
    echo "usage: ${0##*/} run{% if v.bgp.is_none() %} | updown N{% endif %}" >&2
    exit 64
    ;;
esac
