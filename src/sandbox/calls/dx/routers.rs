//! What is told about the router at the other end: the document in a virtual interface, and the sample
//! configurations.

use serde_json::json;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents::amazon_asn;
use crate::sandbox::calls::dx::params::{given, interface_id, refused};
use crate::sandbox::calls::dx::router_samples::{self, Dialect};
use crate::sandbox::direct_connect::{AddressFamily, VirtualInterface, find};

/// A type of router. No call lists them; these are those that Terraform's provider documents.
struct RouterType {
    vendor: &'static str,
    platform: &'static str,
    software: &'static str,
    identifier: &'static str,
    template: &'static str,
    mac_sec_template: &'static str,
    dialect: Dialect,
}

const TYPES: [RouterType; 9] = [
    RouterType {
        vendor: "Cisco Systems, Inc.",
        platform: "2900 Series Routers",
        software: "IOS 12.4+",
        identifier: "CiscoSystemsInc-2900SeriesRouters-IOS124",
        template: "customer-router-cisco-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::Ios,
    },
    RouterType {
        vendor: "Cisco Systems, Inc.",
        platform: "3700 Series Routers",
        software: "IOS 12.4+",
        identifier: "CiscoSystemsInc-3700SeriesRouters-IOS124",
        template: "customer-router-cisco-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::Ios,
    },
    RouterType {
        vendor: "Cisco Systems, Inc.",
        platform: "7200 Series Routers",
        software: "IOS 12.4+",
        identifier: "CiscoSystemsInc-7200SeriesRouters-IOS124",
        template: "customer-router-cisco-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::Ios,
    },
    RouterType {
        vendor: "Cisco Systems, Inc.",
        platform: "Nexus 7000 Series Switches",
        software: "NX-OS 5.1+",
        identifier: "CiscoSystemsInc-Nexus7000SeriesSwitches-NXOS51",
        template: "customer-switch-cisco-nexus-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::NxOs,
    },
    RouterType {
        vendor: "Cisco Systems, Inc.",
        platform: "Nexus 9K+ Series Switches",
        software: "NX-OS 9.3+",
        identifier: "CiscoSystemsInc-Nexus9KSeriesSwitches-NXOS93",
        template: "customer-switch-cisco-nexus-generic.xslt",
        mac_sec_template: "customer-switch-cisco-nexus-generic-macsec.xslt",
        dialect: Dialect::NxOs,
    },
    RouterType {
        vendor: "Juniper Networks, Inc.",
        platform: "M/MX Series Routers",
        software: "JunOS 9.5+",
        identifier: "JuniperNetworksInc-MMXSeriesRouters-JunOS95",
        template: "customer-router-juniper-generic.xslt",
        mac_sec_template: "customer-router-juniper-generic-macsec.xslt",
        dialect: Dialect::JunOs,
    },
    RouterType {
        vendor: "Juniper Networks, Inc.",
        platform: "SRX Series Routers",
        software: "JunOS 9.5+",
        identifier: "JuniperNetworksInc-SRXSeriesRouters-JunOS95",
        template: "customer-router-juniper-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::JunOs,
    },
    RouterType {
        vendor: "Juniper Networks, Inc.",
        platform: "T Series Routers",
        software: "JunOS 9.5+",
        identifier: "JuniperNetworksInc-TSeriesRouters-JunOS95",
        template: "customer-router-juniper-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::JunOs,
    },
    RouterType {
        vendor: "Palo Alto Networks",
        platform: "PA-3000+ and 5000+ series",
        software: "PAN-OS 8.0.3+",
        identifier: "PaloAltoNetworks-PA3000and5000series-PANOS803",
        template: "customer-router-palo-alto-generic.xslt",
        mac_sec_template: "",
        dialect: Dialect::PanOs,
    },
];

/// The `customerRouterConfig` of a virtual interface. The order of its elements is that of AWS's
/// examples.
pub(super) fn document(it: &VirtualInterface, amazon_asn: Option<u32>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<logical_connection id=\"{}\">\n",
        it.id
    );
    let mut line = |name: &str, value: &str| {
        let value = quick_xml::escape::escape(value);
        out.push_str(&format!("  <{name}>{value}</{name}>\n"));
    };
    line("vlan", &it.vlan.to_string());
    for peer in &it.peers {
        let before = match peer.family {
            AddressFamily::Ipv4 => "",
            AddressFamily::Ipv6 => "ipv6_",
        };
        line(
            &format!("{before}customer_address"),
            &peer.customer.to_string(),
        );
        line(&format!("{before}amazon_address"), &peer.amazon.to_string());
        line(&format!("{before}bgp_asn"), &peer.asn.to_string());
        line(&format!("{before}bgp_auth_key"), peer.auth_key.expose());
    }
    if let Some(asn) = amazon_asn {
        line("amazon_bgp_asn", &asn.to_string());
    }
    line("connection_type", it.kind.as_str());
    out.push_str("</logical_connection>\n");
    out
}

/// The sample for a type of router, filled in. Its texts are in the manner of AWS's, not copies.
pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let id = interface_id(&context.params)?;
    let it: &VirtualInterface = find(context.direct, &context.region.name, id, context.now)?;
    let wanted = given(&context.params, "routerTypeIdentifier");
    let wanted = wanted.unwrap_or(TYPES[0].identifier);
    let kind = TYPES.iter().find(|kind| kind.identifier == wanted);
    let kind = kind.ok_or_else(|| refused(format!("Router type {wanted} is not supported.")))?;
    let connection = context.direct.connections.get(&it.connection);
    let mac_sec = connection.is_some_and(|it| it.mac_sec) && !kind.mac_sec_template.is_empty();
    let text = router_samples::text(kind.dialect, it, amazon_asn(context, it), mac_sec);
    Ok(Done::shown(json!({
        "customerRouterConfig": text,
        "router": {
            "vendor": kind.vendor,
            "platform": kind.platform,
            "software": kind.software,
            "xsltTemplateName": kind.template,
            "xsltTemplateNameForMacSec": kind.mac_sec_template,
            "routerTypeIdentifier": kind.identifier,
        },
        "virtualInterfaceId": it.id.as_str(),
        "virtualInterfaceName": it.name,
    })))
}
