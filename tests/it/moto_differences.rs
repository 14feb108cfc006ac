//! Where moto is not like the sandbox, and AWS, with the reason.
//!
//! Each difference has to be there: when one is gone, moto has learned it, the test fails, and the
//! list shrinks.

use std::collections::BTreeSet;

use serde_json::Value;

/// What moto answers otherwise than the sandbox, and AWS.
struct Difference {
    /// Where; `*` stands for either tunnel.
    path: &'static str,
    /// What moto has; none when it has nothing there.
    moto: Option<&'static str>,
    /// What the sandbox has; `…` stands for a whole document.
    sandbox: &'static str,
    reason: &'static str,
}

const fn lacks(path: &'static str, sandbox: &'static str, reason: &'static str) -> Difference {
    Difference {
        path,
        moto: None,
        sandbox,
        reason,
    }
}

const fn constant(path: &'static str, moto: &'static str, sandbox: &'static str) -> Difference {
    Difference {
        path,
        moto: Some(moto),
        sandbox,
        reason: "moto's configuration is one constant text: only ids and type are real",
    }
}

const DIFFERENCES: [Difference; 15] = [
    lacks(
        "customer_gateways/0/DeviceName",
        "underpass-plant-7",
        "moto drops DeviceName",
    ),
    lacks("vpn_connections/0/Category", "VPN", "moto has no category"),
    lacks(
        "vpn_connections/0/GatewayAssociationState",
        "associated",
        "moto does not tell whether the gateway is associated",
    ),
    lacks(
        "vpn_connections/0/Options",
        "…",
        "moto ignores every tunnel option and echoes none",
    ),
    lacks(
        "vpn_connections/0/Routes",
        "…",
        "moto leaves an empty list out",
    ),
    lacks(
        "vpn_connections/0/VgwTelemetry",
        "…",
        "moto has no telemetry and no outside addresses",
    ),
    constant("*/customer_gateway/bgp/asn", "65000", "65010"),
    constant("*/vpn_gateway/bgp/asn", "7224", "64512"),
    constant(
        "*/customer_gateway/tunnel_outside_address/ip_address",
        "12.1.2.3",
        "198.51.100.7",
    ),
    constant("*/ipsec/tcp_mss_adjustment", "1387", "1379"),
    constant(
        "0/customer_gateway/tunnel_inside_address/ip_address",
        "169.254.44.42",
        "169.254.89.34",
    ),
    constant(
        "0/vpn_gateway/tunnel_inside_address/ip_address",
        "169.254.44.41",
        "169.254.89.33",
    ),
    constant(
        "1/customer_gateway/tunnel_inside_address/ip_address",
        "169.254.44.42",
        "169.254.89.38",
    ),
    constant(
        "1/vpn_gateway/tunnel_inside_address/ip_address",
        "169.254.44.41",
        "169.254.89.37",
    ),
    constant(
        "1/vpn_gateway/tunnel_outside_address/ip_address",
        "<outside 1>",
        "<outside 2>",
    ),
];

impl Difference {
    /// Where it is to be found: in the configuration's tunnels, unless the path says otherwise.
    fn lines(&self) -> Vec<String> {
        let configuration = "vpn_connections/0/CustomerGatewayConfiguration/ipsec_tunnel";
        let paths = match self.path.split_once('/') {
            Some(("*", rest)) => vec![
                format!("{configuration}/0/{rest}"),
                format!("{configuration}/1/{rest}"),
            ],
            Some(("0" | "1", _)) => vec![format!("{configuration}/{}", self.path)],
            _ => vec![self.path.to_owned()],
        };
        let moto = self.moto.unwrap_or("nothing");
        paths
            .into_iter()
            .map(|path| format!("{path}: {moto} ≠ {}", self.sandbox))
            .collect()
    }
}

/// Asserts that two sites differ where they are expected to, and nowhere else.
pub(crate) fn exactly(moto: &Value, sandbox: &Value) {
    let mut found = BTreeSet::new();
    differences("", moto, sandbox, &mut found);
    let mut unexpected = found.clone();
    for difference in &DIFFERENCES {
        for line in difference.lines() {
            assert!(
                unexpected.remove(&line),
                "this difference is gone, so take it off the list ({}):\n{line}\n\nfound:\n{}",
                difference.reason,
                found
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join("\n")
            );
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// Every place where two documents differ; a part that only one has is one difference.
pub(crate) fn differences(path: &str, one: &Value, other: &Value, found: &mut BTreeSet<String>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        _ => format!("{path}/{key}"),
    };
    match (one, other) {
        (Value::Object(here), Value::Object(there)) => {
            for key in here.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
                differences(&below(key), &one[key], &other[key], found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let nothing = Value::Null;
            for index in 0..one.len().max(other.len()) {
                let [one, other] = [one, other].map(|list| list.get(index).unwrap_or(&nothing));
                differences(&below(&index.to_string()), one, other, found);
            }
        }
        _ if one != other => {
            let [one, other] = [one, other].map(|value| match value {
                Value::Null => "nothing".to_owned(),
                Value::Array(_) | Value::Object(_) => "…".to_owned(),
                Value::String(text) => text.clone(),
                plain => plain.to_string(),
            });
            found.insert(format!("{path}: {one} ≠ {other}"));
        }
        _ => {}
    }
}
