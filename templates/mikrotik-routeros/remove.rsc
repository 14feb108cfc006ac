# Takes away what the configuration for site {{ v.site }} made. Load with /import.
/tool netwatch remove [find where comment~"^underpass {{ v.site }}:"]
{%- if v.bgp.is_some() %}
/routing bgp connection remove [find where comment~"^underpass {{ v.site }}:"]
{%- if v.has_instances() %}
/routing bgp instance remove [find where comment~"^underpass {{ v.site }}:"]
{%- endif %}
/routing filter rule remove [find where comment~"^underpass {{ v.site }}:"]
{%- endif %}
/ip route remove [find where comment~"^underpass {{ v.site }}:"]
/ip ipsec policy remove [find where comment~"^underpass {{ v.site }}:"]
/ip ipsec identity remove [find where comment~"^underpass {{ v.site }}:"]
/ip ipsec peer remove [find where comment~"^underpass {{ v.site }}:"]
/ip ipsec proposal remove [find where comment~"^underpass {{ v.site }}:"]
{%- for l in v.legs %}
/ip ipsec profile remove [find where name="{{ v.name(l) }}"]
{%- endfor %}
/ip firewall mangle remove [find where comment~"^underpass {{ v.site }}:"]
/ip firewall nat remove [find where comment~"^underpass {{ v.site }}:"]
/ip firewall filter remove [find where comment~"^underpass {{ v.site }}:"]
/ip firewall address-list remove [find where comment~"^underpass {{ v.site }}:"]
/ip address remove [find where comment~"^underpass {{ v.site }}:"]
/interface bridge remove [find where comment~"^underpass {{ v.site }}:"]
