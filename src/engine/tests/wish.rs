//! What the site of a test wants.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tunnel::TunnelOptions;

/// What a test's site wants.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) routing: &'static str,
    pub(super) vpc: &'static str,
    pub(super) route_tables: Vec<&'static str>,
    pub(super) lan: Vec<&'static str>,
    pub(super) phase1_lifetime: u32,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transit: Option<Transit>,
    pub(super) direct: Option<Direct>,
}

/// What it wants of transit gateways.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    /// The gateway; none for one of its own.
    pub(super) gateway: Option<&'static str>,
    pub(super) subnets: Vec<&'static str>,
    /// The table that the connection looks routes up in, and that learns the site's.
    pub(super) table: Option<&'static str>,
}

/// What it wants of Direct Connect.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    /// The connection; none to order a port.
    pub(super) connection: Option<String>,
    pub(super) mtu: u16,
    pub(super) prefixes: Vec<&'static str>,
}

/// The VLAN of its virtual interface.
pub(super) const VLAN: u16 = 101;

/// A table of the hub that [`Wish::on_hub`] names.
pub(super) const OWN_TABLE: &str = "tgw-rtb-0c1b2c3d4e5f6000a";

/// The router's address.
pub(super) const SITE_IP: &str = "198.51.100.7";

impl Wish {
    /// The plant's VPC, which has no gateway, by BGP.
    pub(super) fn bgp() -> Self {
        Self {
            routing: "bgp",
            vpc: "vpc-0a1b2c3d4e5f67890",
            route_tables: vec!["rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002"],
            lan: vec!["10.20.0.0/24"],
            phase1_lifetime: 28800,
            tags: BTreeMap::new(),
            transit: None,
            direct: None,
        }
    }

    /// The same with static routes.
    pub(super) fn fixed() -> Self {
        Self {
            routing: "static",
            lan: vec!["10.20.0.0/24", "10.21.0.0/24"],
            ..Self::bgp()
        }
    }

    /// The clinic's VPC, which has somebody else's gateway.
    pub(super) fn adopting() -> Self {
        Self {
            vpc: "vpc-0b1b2c3d4e5f67890",
            route_tables: vec!["rtb-0b1b2c3d4e5f60001", "rtb-0b1b2c3d4e5f60002"],
            ..Self::bgp()
        }
    }

    /// The plant's VPC on a transit gateway of the site's own, with static routes.
    pub(super) fn transit() -> Self {
        Self {
            transit: Some(Transit {
                gateway: None,
                subnets: vec!["subnet-0a1b2c3d4e5f60011", "subnet-0a1b2c3d4e5f60012"],
                table: None,
            }),
            ..Self::fixed()
        }
    }

    /// The shop's VPC on the transit gateway that it is attached to, with a table of the gateway
    /// that takes nobody in by itself.
    pub(super) fn on_hub() -> Self {
        Self {
            vpc: "vpc-0c1b2c3d4e5f67890",
            route_tables: vec!["rtb-0c1b2c3d4e5f60001"],
            transit: Some(Transit {
                gateway: Some("tgw-0c1b2c3d4e5f60009"),
                subnets: vec!["subnet-0c1b2c3d4e5f60011"],
                table: Some(OWN_TABLE),
            }),
            ..Self::bgp()
        }
    }

    /// The plant's VPC by BGP, with a port of its own that leads to its gateway.
    pub(super) fn direct_private() -> Self {
        Self {
            direct: Some(Direct {
                connection: None,
                mtu: 1500,
                prefixes: vec!["10.0.0.0/16"],
            }),
            ..Self::bgp()
        }
    }

    /// The same, with a port that leads to a transit gateway of the site's own.
    pub(super) fn direct_transit() -> Self {
        Self {
            transit: Self::transit().transit,
            ..Self::direct_private()
        }
    }

    pub(super) fn tunnels(&self) -> [TunnelOptions; 2] {
        let phase = |lifetime: u32| {
            json!({
                "encryption": "AES256-GCM-16", "integrity": "SHA2-384", "dh_group": 20,
                "lifetime": lifetime,
            })
        };
        ["169.254.10.0/30", "169.254.11.0/30"].map(|cidr| {
            serde_json::from_value(json!({
                "inside_cidr": cidr, "ike_version": "ikev2",
                "phase1": phase(self.phase1_lifetime), "phase2": phase(3600),
                "rekey_margin": 270, "rekey_fuzz": 100, "replay_window": 1024,
                "dpd_timeout": 40, "dpd_action": "restart", "startup_action": "add",
                "log_group_arn": null, "bgp_log_group_arn": null, "lifecycle_control": false,
            }))
            .unwrap()
        })
    }

    pub(super) fn site(&self) -> Value {
        json!({
            "name": "plant-7",
            "lan": self.lan,
            "gateway": {"outside_ip": SITE_IP, "asn": 65010},
            "aws": {
                "vpc": self.vpc, "amazon_side_asn": 64512, "customer_gateway": null,
                "connection": null, "attach_to": {"virtual-private-gateway": null},
                "transit": {
                    "route_table": self.transit.as_ref().and_then(|it| it.table),
                    "accelerated": false, "large_bandwidth": false,
                },
                "direct_connect": self.direct.as_ref().map(|it| json!({
                    "vlan": VLAN, "gateway": null, "gateway_asn": 64520, "mtu": it.mtu,
                    "addresses": null, "macsec": null,
                })),
            },
        })
    }
}
