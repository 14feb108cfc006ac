//! Whole playbooks: the built-in ones, every way to get one wrong, and random ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The kinds as the built-in playbooks use them; stands in for the registry, which comes later.
struct Kinds;

type KindRow = (
    &'static str,
    &'static [(&'static str, bool)],
    &'static [&'static str],
);

const INTERFACE: &[(&str, bool)] = &[
    ("connection", true),
    ("gateway", true),
    ("name", true),
    ("vlan", true),
    ("asn", true),
    ("mtu", true),
    ("addresses", false),
    ("associates", false),
];

const KINDS: &[KindRow] = &[
    (
        "customer_gateway",
        &[
            ("ip_address", true),
            ("bgp_asn", true),
            ("device_name", true),
            ("remembers_propagation", false),
            ("remembers_routes", false),
            ("id", false),
        ],
        &["id", "ip_address", "bgp_asn"],
    ),
    (
        "vpn_gateway",
        &[("amazon_side_asn", true), ("vpc", true), ("id", false)],
        &["id", "amazon_side_asn", "attached_here"],
    ),
    (
        "vpn_gateway_attachment",
        &[("vpn_gateway", true), ("vpc", true)],
        &["id"],
    ),
    (
        "vpn_connection",
        &[
            ("customer_gateway", true),
            ("vpn_gateway", true),
            ("routing", true),
            ("tunnels", true),
            ("enables_propagation", false),
            ("id", false),
        ],
        &["id", "outside_addresses"],
    ),
    (
        "vpn_connection_route",
        &[("connection", true), ("destination", true)],
        &["id"],
    ),
    (
        "route_propagation",
        &[("route_table", true), ("vpn_gateway", true)],
        &["id"],
    ),
    (
        "transit_gateway",
        &[("amazon_side_asn", true), ("id", false), ("cidrs", false)],
        &[
            "id",
            "amazon_side_asn",
            "association_table",
            "propagation_table",
        ],
    ),
    (
        "transit_gateway_vpc_attachment",
        &[("transit_gateway", true), ("vpc", true), ("subnets", true)],
        &["id"],
    ),
    (
        "transit_vpn_connection",
        &[
            ("customer_gateway", true),
            ("transit_gateway", true),
            ("vpc", true),
            ("routing", true),
            ("tunnels", true),
            ("writes_routes", false),
            ("associates_with", false),
            ("propagates_to", false),
            ("accelerated", false),
            ("large_bandwidth", false),
            ("transport", false),
            ("id", false),
        ],
        &["id", "outside_addresses", "attachment"],
    ),
    (
        "transit_gateway_association",
        &[("attachment", true), ("route_table", true)],
        &["id"],
    ),
    (
        "transit_gateway_propagation",
        &[("attachment", true), ("route_table", true)],
        &["id"],
    ),
    (
        "transit_gateway_route",
        &[
            ("route_table", true),
            ("destination", true),
            ("attachment", true),
        ],
        &["id"],
    ),
    (
        "dx_connection",
        &[
            ("id", false),
            ("order", false),
            ("name", true),
            ("macsec", false),
        ],
        &["id", "location"],
    ),
    (
        "dx_gateway",
        &[("id", false), ("name", true), ("amazon_side_asn", true)],
        &["id", "amazon_side_asn"],
    ),
    (
        "dx_gateway_association",
        &[
            ("gateway", true),
            ("with", true),
            ("allowed_prefixes", true),
            ("carries_vpn", false),
        ],
        &["id", "attachment"],
    ),
    (
        "private_virtual_interface",
        INTERFACE,
        &["id", "amazon_address", "router_address", "mtu"],
    ),
    (
        "transit_virtual_interface",
        INTERFACE,
        &["id", "amazon_address", "router_address", "mtu"],
    ),
    (
        "vpc_route",
        &[("route", true), ("transit_gateway", true)],
        &["id"],
    ),
];

impl KindCatalog for Kinds {
    fn inputs(&self, kind: &str) -> Option<Vec<(&'static str, bool)>> {
        let row = KINDS.iter().find(|row| row.0 == kind)?;
        Some(row.1.to_vec())
    }

    fn outputs(&self, kind: &str) -> Option<Vec<&'static str>> {
        let row = KINDS.iter().find(|row| row.0 == kind)?;
        Some(row.2.to_vec())
    }

    fn names(&self) -> Vec<&'static str> {
        KINDS.iter().map(|row| row.0).collect()
    }
}

fn site() -> Value {
    let text = "
site: plant-7
region: eu-central-1
environment: test
expires_after: 8h
gateway: { device: strongswan, outside_ip: 198.51.100.7, asn: 65010 }
lan: [10.20.0.0/24, 10.21.0.0/16]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  attach_to: virtual-private-gateway
  direct_connect: { connection: dxcon-fg31dyv6, vlan: 101 }
routing: bgp
";
    let loaded = crate::spec::load(text, Path::new("site.yaml")).unwrap();
    serde_json::to_value(loaded.site).unwrap()
}

fn offline() -> Context {
    Context {
        site: site(),
        tunnels: json!([{ "inside_cidr": "169.254.10.0/30" }, { "inside_cidr": "169.254.10.4/30" }]),
        vpc: None,
    }
}

fn online() -> Context {
    Context {
        vpc: Some(json!({
            "id": "vpc-0a1b2c3d4e5f67890",
            "cidrs": ["172.31.0.0/16"],
            "route_tables": ["rtb-00000001", "rtb-00000002"],
            "enables_propagation": [],
            "remembers_propagation": {},
            "named_transit_gateway": "tgw-00000001",
            "named_transit_table": null,
            "transit_subnets": ["subnet-00000001"],
            "transit_propagation": ["tgw-rtb-00000002"],
            "transit_static_table": "tgw-rtb-00000001",
            "writes_routes": { "rtb-00000001": ["10.20.0.0/24"] },
            "routes": ["rtb-00000001:10.20.0.0/24", "rtb-00000001:10.21.0.0/16"],
            "dx_connection": "dxcon-fg31dyv6",
            "dx_order": null,
            "dx_allowed_prefixes": ["172.31.0.0/16"],
            "dx_associates": "vgw-00000001",
        })),
        ..offline()
    }
}

fn named(name: &str) -> &'static Playbook {
    builtin()
        .iter()
        .find(|playbook| playbook.name() == name)
        .unwrap()
}

fn rendered(errors: &PlaybookErrors) -> String {
    let mut report = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut report, errors)
        .unwrap();
    report
}

/// Everything that is wrong with a playbook, rendered, or none.
fn complaints(text: &str, origin: &str, context: &Context) -> Option<PlaybookErrors> {
    match parse(text, origin) {
        Ok(playbook) => compile(&playbook, context, &Kinds).err(),
        Err(errors) => Some(errors),
    }
}

#[test]
fn the_built_in_playbooks_compile_offline_and_with_the_vpc_known() {
    for playbook in builtin() {
        for (how, context) in [("offline", offline()), ("online", online())] {
            let graph = compile(playbook, &context, &Kinds).unwrap();
            let json = serde_json::to_string_pretty(&graph).unwrap();
            insta::assert_snapshot!(format!("{}-{how}", playbook.name()), json);
        }
    }
}

#[test]
fn a_connection_does_not_wait_for_the_attachment_and_propagation_does() {
    let graph = compile(named("vgw-bgp"), &online(), &Kinds).unwrap();
    let needs: BTreeMap<&str, Vec<&str>> = graph
        .nodes
        .iter()
        .map(|node| {
            let needs = node.needs.iter().map(StepId::as_str).collect();
            (node.id.as_str(), needs)
        })
        .collect();
    assert_eq!(needs["connection"], ["customer-gateway", "vpn-gateway"]);
    for table in ["propagation[rtb-00000001]", "propagation[rtb-00000002]"] {
        assert_eq!(needs[table], ["attachment", "connection", "vpn-gateway"]);
    }
}

#[test]
fn every_bad_playbook_is_refused_with_all_its_problems_in_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/bad-playbooks");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 12);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let errors = complaints(&text, &format!("{name}.yaml"), &online())
            .unwrap_or_else(|| panic!("{name} was accepted"));
        insta::assert_snapshot!(name, rendered(&errors));
    }
}

#[test]
fn a_playbook_that_is_too_big_is_refused_before_it_is_read() {
    let text = format!(
        "playbook: big\nsummary: {}\nsteps: []\n",
        "x".repeat(70_000)
    );
    let errors = parse(&text, "big.yaml").unwrap_err();
    assert!(errors.problems()[0].message.contains("bytes"), "{errors:?}");

    let step = |n: usize| {
        format!(
            "  - {{ id: s{n}, kind: route_propagation, with: {{ route_table: r, vpn_gateway: v }} }}\n"
        )
    };
    let many: Vec<String> = (0..101).map(step).collect();
    let text = format!("playbook: many\nsummary: s\nsteps:\n{}", many.concat());
    let errors = parse(&text, "many.yaml").unwrap_err();
    assert!(
        errors.problems()[0].message.contains("101 steps"),
        "{errors:?}"
    );
}

#[test]
fn too_many_instances_are_refused() {
    let mut context = online();
    let tables: Vec<String> = (0..2_000).map(|n| format!("rtb-{n:08x}")).collect();
    context.vpc = Some(json!({ "id": "v", "cidrs": [], "route_tables": tables,
        "enables_propagation": [], "remembers_propagation": {} }));
    let errors = compile(named("vgw-bgp"), &context, &Kinds).unwrap_err();
    assert!(
        errors.problems()[0].message.contains("more than 1000"),
        "{errors:?}"
    );
}

#[test]
fn a_step_is_left_out_with_everything_inside_it_when_its_condition_is_false() {
    let text = r"
playbook: optional
summary: s
steps:
  - id: gateway
    kind: vpn_gateway
    when: ${site.routing} == 'static' || ${site.aws.connection} != null
    with: { vpc: v, amazon_side_asn: 1 }
  - id: attachment
    kind: vpn_gateway_attachment
    when: ${site.routing} == 'static'
    with: { vpn_gateway: '${gateway.id}', vpc: '${site.no.such}' }
  - id: propagation
    kind: route_propagation
    after: [attachment]
    when: ${vpc.route_tables} != null && !(${site.routing} == 'static')
    for_each: [a, 7]
    with: { route_table: 'table $${x} ${each} of ${site.name}', vpn_gateway: v }
";
    let playbook = parse(text, "optional.yaml").unwrap();
    let graph = compile(&playbook, &offline(), &Kinds).unwrap();
    let nodes: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.inputs["route_table"].clone()))
        .collect();
    let known = |text: &str| Input::Known(json!(text));
    assert_eq!(
        nodes,
        [
            ("propagation[a]", known("table ${x} a of plant-7")),
            ("propagation[7]", known("table ${x} 7 of plant-7")),
        ]
    );
    assert!(graph.nodes.iter().all(|node| node.needs.is_empty()));
}

#[test]
fn pictures_of_the_playbooks_and_of_a_compiled_graph() {
    for playbook in builtin() {
        let picture = Picture::of_playbook(playbook);
        insta::assert_snapshot!(format!("{}-tree", playbook.name()), picture.tree());
        insta::assert_snapshot!(format!("{}-dot", playbook.name()), picture.dot());
        let json = serde_json::to_string_pretty(playbook).unwrap();
        insta::assert_snapshot!(format!("{}-json", playbook.name()), json);
    }
    let graph = compile(named("vgw-static"), &online(), &Kinds).unwrap();
    let picture = Picture::of_graph(&graph);
    insta::assert_snapshot!("graph-tree", picture.tree());
    insta::assert_snapshot!("graph-mermaid", picture.mermaid());
    insta::assert_snapshot!("graph-dot", picture.dot());
}

#[test]
fn a_name_cannot_break_out_of_a_picture() {
    let text =
        "playbook: p\nsummary: s\nsteps:\n  - id: a\n    kind: \"x\\\"]; evil <b>#\\\\\\n&\"\n";
    let picture = Picture::of_playbook(&parse(text, "p.yaml").unwrap());
    assert!(
        picture
            .mermaid()
            .contains("x#quot;]; evil #lt;b#gt;#35;\\ #amp;\"]")
    );
    assert!(picture.dot().contains("x\\\"]; evil <b>#\\\\ &\"]"));
}

#[test]
fn a_playbook_in_rounds_still_has_a_picture() {
    let text = include_str!("../../tests/scenarios/bad-playbooks/cycle.yaml");
    let picture = Picture::of_playbook(&parse(text, "cycle.yaml").unwrap());
    for id in ["a", "b", "c", "d", "lonely"] {
        assert!(
            picture.tree().contains(&format!("─ {id}  ")),
            "{}",
            picture.tree()
        );
    }
}

/// The pictures in the guide are generated: `UPDATE_DOCS=1 cargo test` writes them anew.
#[test]
fn the_guide_shows_every_playbook_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/playbooks.md");
    let mut guide = std::fs::read_to_string(&path).unwrap();
    for playbook in builtin() {
        let begin = format!("<!-- picture: {} -->\n", playbook.name());
        let from = guide.find(&begin).expect("a place for the picture") + begin.len();
        let to = from + guide[from..].find("<!-- end -->").unwrap();
        let picture = format!(
            "```mermaid\n{}```\n",
            Picture::of_playbook(playbook).mermaid()
        );
        guide.replace_range(from..to, &picture);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        crate::files::write_public(&path, guide.as_bytes()).unwrap();
    }
    assert_eq!(guide, std::fs::read_to_string(&path).unwrap());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        if let Ok(playbook) = parse(&text, "random.yaml") {
            prop_assert!(!playbook.steps().is_empty());
        }
    }

    #[test]
    fn no_mutilated_playbook_panics(
        from in 0usize..2_000,
        length in 0usize..60,
        put in "[-a-z${}\\[\\]:'\"&|!=*. \n]{0,12}",
    ) {
        let text = named("vgw-static").source();
        let from = text.floor_char_boundary(from.min(text.len()));
        let to = text.ceil_char_boundary((from + length).min(text.len()));
        let text = format!("{}{put}{}", &text[..from], &text[to..]);
        if let Some(errors) = complaints(&text, "mutilated.yaml", &online()) {
            prop_assert!(!errors.problems().is_empty());
            prop_assert!(!rendered(&errors).is_empty());
        }
    }

    /// Steps may be written in any order: `needs` of each is a random set of steps behind it in
    /// a hidden order, said by reference or by `after`.
    #[test]
    fn random_playbooks_put_every_step_behind_what_it_needs(
        edges in prop::collection::vec((0usize..12, 0usize..12, any::<bool>()), 0..40),
        shuffle in Just((0usize..12).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut refers: BTreeMap<usize, usize> = BTreeMap::new();
        let mut after: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (a, b, by_reference) in edges {
            let (step, needed) = (a.max(b), a.min(b));
            if step == needed {
                continue;
            }
            if by_reference && !refers.contains_key(&step) {
                refers.insert(step, needed);
            } else {
                after.entry(step).or_default().insert(needed);
            }
        }
        let steps: Vec<String> = shuffle.iter().map(|n| {
            let gateway = refers.get(n).map_or("v".to_owned(), |m| format!("${{s{m}.id}}"));
            let after: Vec<_> =
                after.get(n).into_iter().flatten().map(|m| format!("s{m}")).collect();
            format!(
                "  - id: s{n}\n    kind: vpn_gateway_attachment\n    after: [{}]\n    \
                 with: {{ vpn_gateway: '{gateway}', vpc: v }}\n",
                after.join(", ")
            )
        }).collect();
        let playbook =
            parse(&format!("playbook: random\nsummary: s\nsteps:\n{}", steps.concat()), "r.yaml").unwrap();
        let graph = compile(&playbook, &offline(), &Kinds).unwrap();
        prop_assert_eq!(graph.nodes.len(), shuffle.len());
        let mut done = BTreeSet::new();
        for node in &graph.nodes {
            prop_assert!(node.needs.is_subset(&done), "{} came too early", node.id);
            done.insert(node.id.clone());
        }
        for (step, needed) in refers.iter().map(|(a, b)| (*a, *b))
            .chain(after.iter().flat_map(|(a, all)| all.iter().map(|b| (*a, *b))))
        {
            let node = graph.nodes.iter().find(|node| node.id.as_str() == format!("s{step}"));
            let needed = StepId::new(format!("s{needed}"));
            prop_assert!(node.unwrap().needs.contains(&needed));
        }
        prop_assert_eq!(&graph, &compile(&playbook, &offline(), &Kinds).unwrap());
    }
}
