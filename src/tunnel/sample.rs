//! A site, its tunnels and a device for the unit tests of this stage and the next.

use std::collections::BTreeMap;

use super::{
    Abilities, Bgp, BgpKey, DirectConnectLink, Endpoint, Phase, PreSharedKey, RouteExchange,
    Tunnel, TunnelOptions, TunnelSet, Way,
};
use crate::spec::{
    Asn, AttachTo, AwsSide, DhGroup, DpdAction, Encryption, Environment, Gateway, IkeVersion,
    Integrity, RouteTables, Routing, Security, Site, StartupAction, TransitSide, TunnelWishes,
};

/// Two keys that look like nothing else; the second begins with `.` and holds `_`, as AWS's may.
pub(crate) const KEYS: [&str; 2] = [
    "FAKEkeyOfTunnel1.0123456789abcdefghijklmnopqrstu",
    "._FAKEkeyOfTunnel2_0123456789abcdefghijklmnopqrs",
];

/// A plant behind a strongSwan gateway.
pub(crate) fn site() -> Site {
    Site {
        name: "plant-7".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        environment: Environment::Test,
        expires_after: None,
        gateway: Gateway {
            device: "strongswan".to_owned(),
            outside_ip: [192, 0, 2, 10].into(),
            local_ip: None,
            asn: Asn::try_from(65010).unwrap(),
            uplink_mtu: 1500,
            options: BTreeMap::new(),
        },
        lan: vec![
            "10.20.0.0/24".parse().unwrap(),
            "10.20.8.0/22".parse().unwrap(),
        ],
        appliances: Vec::new(),
        aws: AwsSide {
            direct_connect: None,
            account: None,
            vpc: "vpc-0a1b2c3d4e5f67890".parse().unwrap(),
            attach_to: AttachTo::VirtualPrivateGateway(None),
            transit: TransitSide::default(),
            amazon_side_asn: Asn::AMAZON_DEFAULT,
            route_tables: RouteTables::All,
            customer_gateway: None,
            connection: None,
        },
        routing: Routing::Bgp,
        security: Security::Strong,
        tunnels: [TunnelWishes::default(), TunnelWishes::default()],
        tags: BTreeMap::new(),
    }
}

/// Everything that AWS has.
pub(crate) fn able() -> Abilities {
    Abilities {
        ike_versions: IkeVersion::ALL.to_vec(),
        phase1_encryption: Encryption::ALL.to_vec(),
        phase1_integrity: Integrity::ALL.to_vec(),
        phase1_dh_groups: super::AWS_PHASE1_GROUPS.to_vec(),
        phase2_encryption: Encryption::ALL.to_vec(),
        phase2_integrity: Integrity::ALL.to_vec(),
        phase2_dh_groups: super::AWS_PHASE2_GROUPS.to_vec(),
        bgp: true,
        static_routing: true,
        route_based: true,
    }
}

/// Tunnel 1's options.
pub(crate) fn options() -> TunnelOptions {
    let phase = |lifetime| Phase {
        encryption: Encryption::Aes256Gcm16,
        integrity: Integrity::Sha512,
        dh_group: DhGroup(21),
        lifetime,
    };
    TunnelOptions {
        inside_cidr: "169.254.15.192/30".parse().unwrap(),
        ike_version: IkeVersion::V2,
        phase1: phase(28_800),
        phase2: phase(3_600),
        rekey_margin: 270,
        rekey_fuzz: 100,
        replay_window: 1_024,
        dpd_timeout: 30,
        dpd_action: DpdAction::Restart,
        startup_action: StartupAction::Add,
        log_group_arn: None,
        bgp_log_group_arn: None,
        lifecycle_control: false,
    }
}

/// Both tunnels' options; the inside CIDRs are those of the fixture documents.
pub(crate) fn planned() -> [TunnelOptions; 2] {
    let mut second = options();
    second.inside_cidr = "169.254.13.236/30".parse().unwrap();
    [options(), second]
}

/// What [`super::join`] makes of [`site`] and the fixture documents.
pub(crate) fn tunnel_set() -> TunnelSet {
    let site = site();
    let outside = [[203, 0, 113, 166].into(), [198, 51, 100, 126].into()];
    let [one, two] = planned();
    let tunnel = |number: u8, options: TunnelOptions| {
        let index = usize::from(number - 1);
        Tunnel {
            number,
            aws: Endpoint {
                outside: outside[index],
                inside: options.inside_cidr.aws(),
            },
            customer: Endpoint {
                outside: site.gateway.outside_ip,
                inside: options.inside_cidr.customer(),
            },
            options,
            key: PreSharedKey::new(KEYS[index].into()).unwrap(),
        }
    };
    TunnelSet {
        connection: Some("vpn-0a1b2c3d4e5f60001".parse().unwrap()),
        tunnels: [tunnel(1, one), tunnel(2, two)],
        routes: RouteExchange::Bgp(Bgp {
            customer_asn: site.gateway.asn,
            aws_asn: Asn::AMAZON_DEFAULT,
            hold_time: 30,
        }),
        vpc_cidrs: vec![
            "10.0.0.0/16".parse().unwrap(),
            "100.64.0.0/28".parse().unwrap(),
        ],
        direct_connect: None,
        site,
    }
}

/// A key of a Direct Connect that looks like nothing else.
pub(crate) const BGP_KEY: &str = "FAKEbgpKey0123456789abcd";

/// A virtual interface beside [`tunnel_set`]'s tunnels.
pub(crate) fn link() -> DirectConnectLink {
    DirectConnectLink {
        vlan: 301,
        mtu: 1500,
        amazon: "169.254.96.1/29".parse().unwrap(),
        router: "169.254.96.6/29".parse().unwrap(),
        amazon_asn: Asn::try_from(64_513).unwrap(),
        router_asn: Asn::try_from(65_010).unwrap(),
        key: BgpKey::new(BGP_KEY.into()).unwrap(),
        bfd: true,
        tunnel_end: None,
        allowed_prefixes: vec![
            "10.0.0.0/16".parse().unwrap(),
            "100.64.0.0/28".parse().unwrap(),
        ],
        prefers: Way::DirectConnect,
    }
}
