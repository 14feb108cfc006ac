#!/bin/bash
# Site {{ v.site }}: a tunnel whose inside does not answer is taken down, and its routes with it, then tried again.
# The task-scheduler runs this every minute from {{ v.watch() }}.

watch() {
    local interface=$1 inside=$2 connection=$3
    ping -q -n -c 5 -i 0.5 -W 2 -I "$interface" "$inside" >/dev/null 2>&1 && return
    logger -t underpass "{{ v.site }}: $inside is silent on $interface, starting $connection again"
    timeout 10 ipsec down "$connection" >/dev/null 2>&1
    timeout 20 ipsec up "$connection" >/dev/null 2>&1
}
{% for l in v.legs %}
watch {{ v.interface(l) }} {{ l.aws_inside }} {{ v.connection_of(l) }} &
{%- endfor %}
wait
