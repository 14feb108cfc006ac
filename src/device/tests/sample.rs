//! Every combination that a device is rendered for.

use jiff::Timestamp;

use crate::device::{Device, RenderContext, registry};
use crate::spec::{DhGroup, Encryption, Integrity, Routing, Security};
use crate::tunnel::{self, RouteExchange, TunnelSet, sample};

/// A connection with a name for snapshots.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) set: TunnelSet,
}

pub(super) fn context() -> RenderContext {
    RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: "0.1.0".to_owned(),
    }
}

/// BGP and static × public address and NAT × strong and compatible, as far as the device can.
pub(super) fn cases(device: &dyn Device) -> Vec<Case> {
    let mut cases = Vec::new();
    for bgp in [true, false] {
        for nat in [false, true] {
            for strong in [true, false] {
                let abilities = device.abilities();
                if (bgp && !abilities.bgp) || (!bgp && !abilities.static_routing) {
                    continue;
                }
                let routing = if bgp { "bgp" } else { "static" };
                let place = if nat { "nat" } else { "public" };
                let policy = if strong { "strong" } else { "compatible" };
                cases.push(Case {
                    name: format!("{}__{routing}_{place}_{policy}", device.name()),
                    set: set(device, bgp, nat, strong),
                });
            }
        }
    }
    cases
}

/// One connection, its options negotiated with the device.
pub(super) fn set(device: &dyn Device, bgp: bool, nat: bool, strong: bool) -> TunnelSet {
    let mut set = sample::tunnel_set();
    device.name().clone_into(&mut set.site.gateway.device);
    for option in device.options() {
        // With the NAT also what has a default.
        if option.required || nat {
            let options = &mut set.site.gateway.options;
            options.insert(option.name.to_owned(), option.example.to_owned());
        }
    }
    if nat {
        set.site.gateway.local_ip = Some([192, 168, 77, 2].into());
        set.site.gateway.uplink_mtu = 1_492;
    }
    if !bgp {
        set.site.routing = Routing::Static;
        set.routes = RouteExchange::Static;
    }
    if !strong {
        set.site.security = Security::Compatible;
        for wishes in &mut set.site.tunnels {
            wishes.phase1_encryption = vec![Encryption::Aes256];
            wishes.phase2_encryption = vec![Encryption::Aes256];
            wishes.phase1_integrity = vec![Integrity::Sha256];
            wishes.phase2_integrity = vec![Integrity::Sha256];
            wishes.phase1_dh_groups = vec![DhGroup(14)];
            wishes.phase2_dh_groups = vec![DhGroup(14)];
        }
    }
    let inside = sample::planned().map(|options| options.inside_cidr);
    let options = tunnel::negotiate(&set.site, &device.abilities(), inside);
    for (tunnel, options) in set.tunnels.iter_mut().zip(options.unwrap()) {
        tunnel.options = options;
    }
    set
}

/// The files as text.
pub(super) fn rendered(device: &dyn Device, set: &TunnelSet) -> Vec<(String, String)> {
    let files = device.render(set, &context());
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", device.name()));
    files
        .iter()
        .map(|file| {
            let text = String::from_utf8(file.content().to_vec()).unwrap();
            (file.path.clone(), text)
        })
        .collect()
}

/// Every device but those whose tests stand beside them since before.
pub(super) fn vendors() -> impl Iterator<Item = &'static dyn Device> {
    let own = ["strongswan", "generic"];
    registry()
        .iter()
        .copied()
        .filter(move |device| !own.contains(&device.name()))
}
