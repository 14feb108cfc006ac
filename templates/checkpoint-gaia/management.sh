#!/bin/sh
# Site {{ v.site }}: {{ v.connection_name() }} in {{ v.region }}
# Holds the pre-shared keys. For the management server, in expert mode. All of it or nothing is published, and
# nothing reaches the gateway before you install the policy.
set -eu
umask 077
session=$(mktemp)
keys=$(mktemp)
trap 'mgmt_cli discard -s "$session" >/dev/null 2>&1; rm -f "$session" "$keys"' EXIT
mgmt_cli login -r true session-name "underpass {{ v.site }}" > "$session"
run() { said=$(mgmt_cli "$@" -s "$session") || { printf '%s\n' "$said" >&2; exit 1; }; }

# The VPN domains are empty: routes lead into the tunnels, not domains.
run add group name {{ v.name() }}-empty comments "underpass {{ v.site }}"
run add group name {{ v.name() }}-lan comments "underpass {{ v.site }}"
run add group name {{ v.name() }}-vpc comments "underpass {{ v.site }}"
run add group name {{ v.name() }}-aws comments "underpass {{ v.site }}"
{%- for net in v.lan %}
run add network name {{ v.name() }}-lan-{{ loop.index }} subnet {{ net.network() }} mask-length {{ net.prefix_len() }} groups.1 {{ v.name() }}-lan comments "underpass {{ v.site }}"
{%- endfor %}
{%- for net in v.vpc %}
run add network name {{ v.name() }}-vpc-{{ loop.index }} subnet {{ net.network() }} mask-length {{ net.prefix_len() }} groups.1 {{ v.name() }}-vpc comments "underpass {{ v.site }}"
{%- endfor %}
{%- for l in v.legs %}
run add host name {{ v.tunnel(l) }}-inside ip-address {{ l.aws_inside }} groups.1 {{ v.name() }}-aws comments "underpass {{ v.site }} tunnel {{ l.number }}"
{%- endfor %}
# What lies behind both tunnel interfaces, for their topology.
run add group name {{ v.name() }}-behind members.1 {{ v.name() }}-vpc members.2 {{ v.name() }}-aws comments "underpass {{ v.site }}"

# The names are those of the peers of the tunnel interfaces.
{%- for l in v.legs %}
run add interoperable-device name {{ v.tunnel(l) }} ip-address {{ l.aws_outside }} \
    vpn-settings.vpn-domain-type manual vpn-settings.vpn-domain {{ v.name() }}-empty \
    comments "underpass {{ v.site }} tunnel {{ l.number }}"
{%- endfor %}
run add vpn-community-star name {{ v.name() }} \
    center-gateways.1 {{ v.gateway }} \
{%- for l in v.legs %}
    satellite-gateways.{{ l.number }} {{ v.tunnel(l) }} \
{%- endfor %}
    override-vpn-domains.1.gateway {{ v.gateway }} override-vpn-domains.1.vpn-domain {{ v.name() }}-empty \
    tunnel-granularity universal \
    use-shared-secret true \
{%- for l in v.legs %}
    granular-encryptions.{{ l.number }}.internal-gateway {{ v.gateway }} \
    granular-encryptions.{{ l.number }}.external-gateway {{ v.tunnel(l) }} \
    granular-encryptions.{{ l.number }}.encryption-method "{{ v.method(l) }}" \
    granular-encryptions.{{ l.number }}.encryption-suite custom \
    granular-encryptions.{{ l.number }}.ike-phase-1.encryption-algorithm {{ v.cipher(l.options.phase1.encryption) }} \
    granular-encryptions.{{ l.number }}.ike-phase-1.data-integrity {{ v.ike_hash(l) }} \
    granular-encryptions.{{ l.number }}.ike-phase-1.diffie-hellman-group group-{{ l.options.phase1.dh_group }} \
    granular-encryptions.{{ l.number }}.ike-phase-1.ike-p1-rekey-time {{ v.ike_minutes(l) }} \
    granular-encryptions.{{ l.number }}.ike-phase-1.ike-p1-rekey-time-unit minutes \
    granular-encryptions.{{ l.number }}.ike-phase-2.encryption-algorithm {{ v.cipher(l.options.phase2.encryption) }} \
    granular-encryptions.{{ l.number }}.ike-phase-2.data-integrity {{ v.esp_hash(l) }} \
    granular-encryptions.{{ l.number }}.ike-phase-2.ike-p2-use-pfs true \
    granular-encryptions.{{ l.number }}.ike-phase-2.ike-p2-pfs-dh-grp group-{{ l.options.phase2.dh_group }} \
    granular-encryptions.{{ l.number }}.ike-phase-2.ike-p2-rekey-time {{ l.esp_rekey() }} \
    granular-encryptions.{{ l.number }}.ike-phase-2.ike-p2-rekey-time-unit seconds \
{%- endfor %}
    comments "underpass {{ v.site }}"
# The keys by a file, because everybody can see a program's arguments.
{%- for l in v.legs %}
secret_{{ l.number }}="{{ v.key(l) }}"
{%- endfor %}
cat > "$keys" <<KEYS
name
{%- for l in v.legs %},shared-secrets.{{ l.number }}.external-gateway,shared-secrets.{{ l.number }}.shared-secret{% endfor %}
{{ v.name() }}
{%- for l in v.legs %},{{ v.tunnel(l) }},$secret_{{ l.number }}{% endfor %}
KEYS
run set vpn-community-star --batch "$keys"
rm -f "$keys"

# With another word than Any in the VPN column a rule would not match what a tunnel interface carries.
run add access-rule layer "{{ v.layer }}" position top name {{ v.name() }}-in action Accept track.type Log \
    source.1 {{ v.name() }}-vpc destination.1 {{ v.name() }}-lan service.1 Any \
    install-on.1 {{ v.gateway }} comments "underpass {{ v.site }}"
run add access-rule layer "{{ v.layer }}" position top name {{ v.name() }}-out action Accept track.type Log \
    source.1 {{ v.name() }}-lan destination.1 {{ v.name() }}-vpc service.1 Any \
    install-on.1 {{ v.gateway }} comments "underpass {{ v.site }}"
run add access-rule layer "{{ v.layer }}" position top name {{ v.name() }}-own action Accept track.type Log \
    source.1 {{ v.name() }}-aws source.2 {{ v.gateway }} destination.1 {{ v.gateway }} destination.2 {{ v.name() }}-aws \
    service.1 echo-request{% if v.bgp.is_some() %} service.2 BGP{% endif %} \
    install-on.1 {{ v.gateway }} comments "underpass {{ v.site }}"
# No NAT between the LAN and the VPC.
run add nat-rule package {{ v.package }} position top name {{ v.name() }}-in \
    original-source {{ v.name() }}-vpc original-destination {{ v.name() }}-lan \
    install-on.1 {{ v.gateway }} comments "underpass {{ v.site }}"
run add nat-rule package {{ v.package }} position top name {{ v.name() }}-out \
    original-source {{ v.name() }}-lan original-destination {{ v.name() }}-vpc \
    install-on.1 {{ v.gateway }} comments "underpass {{ v.site }}"

run publish
mgmt_cli logout -s "$session" >/dev/null
trap 'rm -f "$session"' EXIT
echo "published; README.md says what comes before installing the policy"
