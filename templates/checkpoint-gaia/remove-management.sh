#!/bin/sh
# Takes away the management half of site {{ v.site }}. Then install the policy, and paste remove-gateway.clish.
set -eu
umask 077
session=$(mktemp)
trap 'mgmt_cli discard -s "$session" >/dev/null 2>&1; rm -f "$session"' EXIT
mgmt_cli login -r true session-name "underpass {{ v.site }}" > "$session"
run() { said=$(mgmt_cli "$@" -s "$session") || { printf '%s\n' "$said" >&2; exit 1; }; }

{% for rule in ["out", "in"] %}run delete nat-rule package {{ v.package }} name {{ v.name() }}-{{ rule }}
{% endfor %}
{%- for rule in ["own", "out", "in"] %}run delete access-rule layer "{{ v.layer }}" name {{ v.name() }}-{{ rule }}
{% endfor -%}
run delete vpn-community-star name {{ v.name() }}
{%- for l in v.legs %}
run delete interoperable-device name {{ v.tunnel(l) }}
{%- endfor %}
run delete group name {{ v.name() }}-behind
{%- for group in ["empty", "lan", "vpc", "aws"] %}
run delete group name {{ v.name() }}-{{ group }}
{%- endfor %}
{%- for net in v.lan %}
run delete network name {{ v.name() }}-lan-{{ loop.index }}
{%- endfor %}
{%- for net in v.vpc %}
run delete network name {{ v.name() }}-vpc-{{ loop.index }}
{%- endfor %}
{%- for l in v.legs %}
run delete host name {{ v.tunnel(l) }}-inside
{%- endfor %}

run publish
mgmt_cli logout -s "$session" >/dev/null
trap 'rm -f "$session"' EXIT
echo "published; install the policy, then paste remove-gateway.clish on the gateway"
