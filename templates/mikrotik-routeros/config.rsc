# Site {{ v.site }}: {{ v.connection_name() }} in {{ v.region }}
# Holds the pre-shared keys. Load with /import in safe mode; nothing here touches the way you came in by.

# The inside addresses, on a bridge without ports.
/interface bridge
add name={{ v.bridge() }} protocol-mode=none comment="underpass {{ v.site }}: inside addresses"
/ip address
{%- for l in v.legs %}
add address={{ l.customer_inside }}/30 interface={{ v.bridge() }} comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}

/ip firewall address-list
{%- for l in v.legs %}
add list={{ v.names() }}-aws address={{ l.aws_outside }} comment="underpass {{ v.site }}: tunnel {{ l.number }}"
add list={{ v.names() }}-inside address={{ l.aws_inside }} comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
{%- for net in v.lan %}
add list={{ v.names() }}-lan address={{ net }} comment="underpass {{ v.site }}: LAN"
{%- endfor %}
{%- for net in v.vpc %}
add list={{ v.names() }}-vpc address={{ net }} comment="underpass {{ v.site }}: VPC"
{%- endfor %}

# Input: IKE and ESP from AWS's endpoints, and what speaks inside the tunnels. Forward: between LAN and VPC both
# ways, past FastTrack, which would go past the policies too; and nothing for the VPC in clear.
/ip firewall filter
add chain=input action=accept protocol=udp dst-port=500,4500 src-address-list={{ v.names() }}-aws comment="underpass {{ v.site }}: IKE and NAT-T"
add chain=input action=accept protocol=ipsec-esp src-address-list={{ v.names() }}-aws comment="underpass {{ v.site }}: ESP"
add chain=input action=accept src-address-list={{ v.names() }}-inside ipsec-policy=in,ipsec comment="underpass {{ v.site }}: BGP and pings inside"
add chain=forward action=accept src-address-list={{ v.names() }}-lan dst-address-list={{ v.names() }}-vpc ipsec-policy=out,ipsec comment="underpass {{ v.site }}: LAN to VPC"
add chain=forward action=accept src-address-list={{ v.names() }}-vpc dst-address-list={{ v.names() }}-lan ipsec-policy=in,ipsec comment="underpass {{ v.site }}: VPC to LAN"
add chain=forward action=drop dst-address-list={{ v.names() }}-vpc ipsec-policy=out,none comment="underpass {{ v.site }}: never in clear"
# Rules are added at the end; they belong before any that drops.
:if ([:len [/ip firewall filter find where dynamic=no]] > 6) do={ /ip firewall filter move [/ip firewall filter find where comment~"^underpass {{ v.site }}:"] destination=[:pick [/ip firewall filter find where dynamic=no] 0] }

# No source NAT: behind a masquerade rule the policies would not know the packets.
/ip firewall nat
add chain=srcnat action=accept dst-address-list={{ v.names() }}-vpc comment="underpass {{ v.site }}: no NAT to the VPC"
add chain=srcnat action=accept dst-address-list={{ v.names() }}-inside comment="underpass {{ v.site }}: no NAT inside"
:if ([:len [/ip firewall nat find where dynamic=no]] > 2) do={ /ip firewall nat move [/ip firewall nat find where comment~"^underpass {{ v.site }}:"] destination=[:pick [/ip firewall nat find where dynamic=no] 0] }

# AWS answers no path MTU discovery, so TCP is told: {{ v.least_mss() }} bytes fit.
/ip firewall mangle
add chain=forward action=change-mss new-mss={{ v.least_mss() }} passthrough=yes protocol=tcp tcp-flags=syn tcp-mss={{ v.least_mss() + 1 }}-65535 dst-address-list={{ v.names() }}-vpc comment="underpass {{ v.site }}: MSS to the VPC"
add chain=forward action=change-mss new-mss={{ v.least_mss() }} passthrough=yes protocol=tcp tcp-flags=syn tcp-mss={{ v.least_mss() + 1 }}-65535 src-address-list={{ v.names() }}-vpc comment="underpass {{ v.site }}: MSS from the VPC"

# Phase 1 has `enc-algorithm` and plain names, phase 2 `enc-algorithms` and -cbc or -gcm.
/ip ipsec profile
{%- for l in v.legs %}
add name={{ v.name(l) }} enc-algorithm={{ v.ike_cipher(l) }} hash-algorithm={{ v.ike_hash(l) }} dh-group={{ l.options.phase1.dh_group.name() }} lifetime={{ l.ike_rekey() }}s dpd-interval={{ v.dpd_interval() }}s dpd-maximum-failures={{ v.dpd_failures(l) }} nat-traversal=yes
{%- endfor %}
/ip ipsec proposal
{%- for l in v.legs %}
add name={{ v.name(l) }} enc-algorithms={{ v.esp_cipher(l) }} auth-algorithms="{{ v.esp_hash(l) }}" pfs-group={{ l.options.phase2.dh_group.name() }} lifetime={{ l.esp_rekey() }}s comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
/ip ipsec peer
{%- for l in v.legs %}
add name={{ v.name(l) }} address={{ l.aws_outside }}/32 local-address={{ v.wan }} exchange-mode=ike2 profile={{ v.name(l) }} send-initial-contact=yes{% if v.bgp.is_none() && l.number == 2 %} disabled=yes{% endif %} comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
/ip ipsec identity
{%- for l in v.legs %}
add peer={{ v.name(l) }} auth-method=pre-shared-key secret="{{ v.key(l) }}" my-id=address:{{ v.public }} remote-id=address:{{ l.aws_outside }} generate-policy=no comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
# AWS keeps one pair of selectors in a tunnel: `require` lets all policies of a peer use the pair that is there.
# The policies of the VPC name the tunnel in use.
/ip ipsec policy
{%- for l in v.legs %}
add peer={{ v.name(l) }} proposal={{ v.name(l) }} tunnel=yes level=require src-address={{ l.customer_inside }}/32 dst-address={{ l.aws_inside }}/32 comment="underpass {{ v.site }}: inside {{ l.number }}"
{%- endfor %}
{%- let one = v.legs[0] %}
{%- for net in v.vpc %}
add peer={{ v.name(one) }} proposal={{ v.name(one) }} tunnel=yes level=require src-address=0.0.0.0/0 dst-address={{ net }} comment="underpass {{ v.site }}: VPC"
{%- endfor %}

# Routes lead to the bridge, and the policies take the packets before they get there. With both tunnels down the
# policies drop: nothing for the VPC leaves by the default route.
/ip route
{%- for net in v.vpc %}
add dst-address={{ net }} gateway={{ v.bridge() }} distance={{ v.distance() }} comment="underpass {{ v.site }}: VPC"
{%- endfor %}
{%- if v.bgp.is_some() %}
# BGP announces only what is in the table.
{%- for net in v.lan %}
add dst-address={{ net }} blackhole distance=254 comment="underpass {{ v.site }}: LAN, for BGP"
{%- endfor %}
{%- endif %}
{%- match v.bgp %}
{%- when Some with (bgp) %}

# The site's networks out and nothing else; the VPC's in, never a default route or our own. What no rule accepts is
# rejected. Tunnel 2's longer AS path tells AWS to answer through tunnel 1 as long as it is up.
/routing filter rule
{%- for net in v.lan %}
add chain={{ v.names() }}-in rule="if (dst in {{ net }}) { reject }" comment="underpass {{ v.site }}: ours"
{%- endfor %}
{%- for vpc in v.vpc_prefixes() %}
add chain={{ v.names() }}-in rule="if (dst in {{ vpc.net }} && dst-len in {{ vpc.net.prefix_len() }}-{{ vpc.up_to }}) { accept }" comment="underpass {{ v.site }}: the VPC's"
{%- endfor %}
add chain={{ v.names() }}-in rule="reject" comment="underpass {{ v.site }}: the rest"
{%- for l in v.legs %}
{%- for net in v.lan %}
add chain={{ v.name(l) }}-out rule="if (dst == {{ net }}) { {% if l.number == 2 %}set bgp-path-prepend 2; {% endif %}accept }" comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
add chain={{ v.name(l) }}-out rule="reject" comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
{%- if v.has_instances() %}
/routing bgp instance
add name={{ v.names() }} as={{ bgp.customer_asn }} comment="underpass {{ v.site }}: BGP"
{%- endif %}
/routing bgp connection
{%- for l in v.legs %}
add name={{ v.name(l) }} {% if v.has_instances() %}instance={{ v.names() }}{% else %}as={{ bgp.customer_asn }}{% endif %} local.role=ebgp local.address={{ l.customer_inside }} remote.address={{ l.aws_inside }} remote.as={{ bgp.aws_asn }} hold-time={{ v.hold_time() }}s keepalive-time={{ v.keepalive() }}s output.network={{ v.names() }}-lan output.filter-chain={{ v.name(l) }}-out input.filter={{ v.names() }}-in input.limit-process-routes-ipv4={{ v.maximum_prefix() }} comment="underpass {{ v.site }}: tunnel {{ l.number }}"
{%- endfor %}
{%- when None %}
{%- endmatch %}

# A ping through tunnel 1 decides which one the VPC's policies name. Out of the box more than 100 ms would be a
# failure, and the watch would rest for five minutes after a start.
{%- let two = v.legs[1] %}
/tool netwatch
add name={{ v.names() }} type=icmp host={{ one.aws_inside }} src-address={{ one.customer_inside }} interval=10s packet-count=5 packet-interval=500ms thr-loss-percent=85 thr-avg=5s thr-max=5s thr-stdev=5s thr-jitter=5s startup-delay=30s comment="underpass {{ v.site }}: tunnel 1" down-script="{% if v.bgp.is_none() %}/ip ipsec peer enable [find where name=\"{{ v.name(two) }}\"]; {% endif %}/ip ipsec policy set [find where comment=\"underpass {{ v.site }}: VPC\"] peer={{ v.name(two) }} proposal={{ v.name(two) }}" up-script="/ip ipsec policy set [find where comment=\"underpass {{ v.site }}: VPC\"] peer={{ v.name(one) }} proposal={{ v.name(one) }}{% if v.bgp.is_none() %}; /ip ipsec peer disable [find where name=\"{{ v.name(two) }}\"]{% endif %}"
