use jiff::Timestamp;

use super::*;
use crate::spec::{DhGroup, Routing};
use crate::tunnel::sample;

fn rendered(set: &TunnelSet) -> Vec<(BundleFile, String)> {
    let context = RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: "0.1.0".to_owned(),
    };
    let files = Generic.render(set, &context).unwrap();
    files
        .into_iter()
        .map(|file| {
            let text = String::from_utf8(file.content().to_vec()).unwrap();
            (file, text)
        })
        .collect()
}

fn static_set() -> TunnelSet {
    let mut set = sample::tunnel_set();
    set.site.routing = Routing::Static;
    set.routes = RouteExchange::Static;
    set.site.gateway.local_ip = Some([192, 168, 77, 2].into());
    let options = &mut set.tunnels[1].options;
    options.ike_version = IkeVersion::V1;
    for phase in [&mut options.phase1, &mut options.phase2] {
        phase.encryption = Encryption::Aes256;
        phase.integrity = Integrity::Sha384;
        phase.dh_group = DhGroup(14);
    }
    set
}

#[test]
fn the_pages_hold_every_value() {
    for (name, set) in [("bgp", sample::tunnel_set()), ("static", static_set())] {
        for (file, text) in rendered(&set) {
            insta::assert_snapshot!(format!("{name}__{}", file.path.replace('.', "_")), text);
        }
    }
}

#[test]
fn the_page_for_a_colleague_holds_no_key() {
    for (file, text) in rendered(&sample::tunnel_set()) {
        let both = sample::KEYS.iter().all(|key| text.contains(key));
        let any = sample::KEYS.iter().any(|key| text.contains(key));
        let redacted = file.path == "tunnels-redacted.md";
        assert_eq!(
            (both, any, file.mode == 0o600),
            (!redacted, !redacted, !redacted)
        );
    }
}
