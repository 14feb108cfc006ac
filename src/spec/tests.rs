//! Whole files: the good ones load, each bad one gives the report that stands in `snapshots/`.

use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::*;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn load_file(path: &Path) -> Result<Loaded, SpecErrors> {
    let name = path.file_name().unwrap();
    load_bytes(&std::fs::read(path).unwrap(), Path::new(name))
}

fn rendered(diagnostic: &dyn miette::Diagnostic) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, diagnostic)
        .unwrap();
    text
}

#[test]
fn every_example_loads_and_only_its_address_is_warned_of() {
    for path in files("examples") {
        let loaded = load_file(&path).unwrap_or_else(|errors| panic!("{}", rendered(&errors)));
        let codes: Vec<_> = loaded.warnings.problems().iter().map(|p| p.code).collect();
        assert_eq!(codes, [Code::DocumentationAddress], "{}", path.display());
        let name = loaded.site.name.to_string();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(name.as_str()));
    }
}

#[test]
fn every_bad_site_has_its_report() {
    for path in files("tests/scenarios/bad-sites") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let report = match load_file(&path) {
            Err(errors) => rendered(&errors),
            Ok(loaded) => {
                assert!(name.contains("warning"), "{name} loads");
                rendered(&loaded.warnings)
            }
        };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, report);
        });
    }
}

/// The code that `Result<Loaded, SpecErrors>` shows, in the file's order.
fn codes(text: &str) -> Vec<Code> {
    let problems = match load(text, Path::new("site.yaml")) {
        Ok(loaded) => loaded.warnings.problems().to_vec(),
        Err(errors) => errors.problems().to_vec(),
    };
    problems.into_iter().map(|problem| problem.code).collect()
}

const GOOD: &str = "\
site: plant-7
region: eu-central-1
gateway: { device: strongswan, outside_ip: 52.29.10.7, asn: 65010 }
lan: [10.20.0.0/24]
aws: { vpc: vpc-0a1b2c3d4e5f67890 }
";

#[test]
fn every_code_has_a_bad_site_or_a_test() {
    let mut seen: Vec<Code> = files("tests/scenarios/bad-sites")
        .iter()
        .flat_map(|path| match load_file(path) {
            Ok(loaded) => loaded.warnings.problems().to_vec(),
            Err(errors) => errors.problems().to_vec(),
        })
        .map(|problem| problem.code)
        .collect();
    let many: String = (0..60).map(|n| format!("key{n}: 1\n")).collect();
    let tags: String = (0..41).map(|n| format!("  key{n}: x\n")).collect();
    seen.extend(codes(&many));
    seen.extend(codes(&format!("{GOOD}tags:\n{tags}")));
    seen.extend(codes(&format!("{GOOD}routing: {}", "x".repeat(1025))));
    seen.extend(codes(&" ".repeat(256 * 1024 + 1)));
    let missing = read(Path::new("/nowhere/site.yaml")).unwrap_err();
    seen.extend(missing.problems().iter().map(|problem| problem.code));
    let unseen: Vec<_> = Code::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn codes_are_unique_and_found_with_and_without_their_prefix() {
    for code in Code::ALL {
        assert_eq!(Code::find(code.word()), Some(*code));
        assert_eq!(Code::find(&code.to_string()), Some(*code));
        assert!(
            code.cause().ends_with('.') && code.mend().ends_with('.'),
            "{code}"
        );
    }
}

#[test]
fn the_smallest_site_gets_the_documented_defaults() {
    let site = load(GOOD, Path::new("site.yaml")).unwrap().site;
    assert_eq!(site.environment, Environment::Test);
    assert_eq!(site.expires_after, None);
    assert_eq!(site.routing, Routing::Bgp);
    assert_eq!(site.security, Security::Strong);
    assert_eq!(site.gateway.uplink_mtu, 1500);
    assert_eq!(site.aws.attach_to, AttachTo::VirtualPrivateGateway(None));
    assert_eq!(site.aws.route_tables, RouteTables::All);
    assert_eq!(site.aws.amazon_side_asn, Asn::AMAZON_DEFAULT);
    assert_eq!(
        site.tunnels,
        [TunnelWishes::default(), TunnelWishes::default()]
    );
    let routed = GOOD.replace(", asn: 65010", "") + "routing: static";
    let site = load(&routed, Path::new("site.yaml")).unwrap().site;
    assert_eq!(site.gateway.asn, Asn::STATIC_DEFAULT);
}

#[test]
fn a_tunnels_own_options_go_before_the_common_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/warehouse-generic.yaml");
    let [first, second] = load_file(&path).unwrap().site.tunnels;
    assert_eq!(first.dpd_action, Some(DpdAction::Restart));
    assert_eq!(second.dpd_action, Some(DpdAction::Clear));
    assert_eq!(first.phase1_dh_groups, [DhGroup(14), DhGroup(19)]);
    assert_eq!(first.phase1_dh_groups, second.phase1_dh_groups);
    assert_ne!(first.inside_cidr, second.inside_cidr);
}

#[test]
fn an_asn_that_only_an_existing_gateway_could_refuse_is_left_to_it() {
    let same = GOOD.replace("65010", "64512");
    assert_eq!(codes(&same), [Code::AsnSameAsAws]);
    let existing = same.replace(
        "67890 }",
        "67890, attach_to: { transit_gateway: tgw-0a1b2c3d4e5f67890 } }",
    );
    assert_eq!(codes(&existing), []);
    assert_eq!(codes(&(same + "routing: static")), []);
}

#[test]
fn a_key_in_the_file_is_in_no_report() {
    let secret = "Hunter2_is_not.a-good-key";
    for text in [
        format!("{GOOD}tunnels:\n  - pre_shared_key: {secret}\n"),
        format!("{GOOD}tunnels:\n  - {{ psk: {secret} }}\n"),
        format!("{GOOD}tunnels:\n  - psk: |\n      {secret}\n"),
        format!("{GOOD}tunnels: [\n  psk: {secret}\n"),
        format!("{GOOD}psk = {secret}\n"),
        format!("{GOOD}tunnel_options:\n\t\"Pre-Shared-Key\" : '{secret}'\n"),
        format!("psk: {secret}\n\u{0}"),
        format!("{GOOD}tags: {{psk:{secret}}}\n"),
        format!("psk: |\n  {secret}\nlan: [\n"),
    ] {
        let errors = load(&text, Path::new("site.yaml")).unwrap_err();
        for shown in [
            rendered(&errors),
            format!("{errors:?}"),
            serde_json::to_string(errors.problems()).unwrap(),
        ] {
            assert!(!shown.contains("Hunter2"), "{shown}");
        }
    }
}

#[test]
fn a_report_moves_no_cursor() {
    let errors = load(
        "site: \"\u{1b}[2J\u{9b}2J\"\nx\u{202e}y: 1\n",
        Path::new("s"),
    )
    .unwrap_err();
    let shown = rendered(&errors);
    let hostile = |c: char| c != '\n' && super::is_hostile(c);
    assert!(!shown.contains(hostile), "{shown:?}");
}

#[test]
fn the_largest_hostile_files_take_no_time() {
    let filled = |head: &str, piece: &dyn Fn(usize) -> String| {
        let mut text = head.to_owned();
        let mut n = 0;
        while text.len() < 255 * 1024 {
            text += &piece(n);
            n += 1;
        }
        text
    };
    for text in [
        filled("", &|_| "[".to_owned()),
        filled("", &|_| "- ".to_owned()),
        filled("", &|_| "? ".to_owned()),
        filled("a: &a 1\nb: [", &|_| "*a,".to_owned()),
        filled("", &|n| format!("{n:x}: 1\n")),
        filled("", &|_| "a: 1\n".to_owned()),
        filled("site: \"", &|_| "\\n".to_owned()),
        filled("tunnels:\n", &|_| "- psk: x\n".to_owned()),
        filled("lan:\n", &|n| {
            format!("- 10.{}.{}.0/24\n", n / 256 % 256, n % 256)
        }),
        filled("lan: [10.0.0.0/8]\nappliances:\n", &|n| {
            format!(
                "- {{name: a{n}, address: 10.0.{}.{}}}\n",
                n / 250,
                n % 250 + 1
            )
        }),
        filled("tunnel_options: {phase1_dh_groups: [", &|_| "2,".to_owned()) + "]}",
        filled("gateway:\n  options:\n", &|n| format!("    o{n}: \n")),
        filled("", &|_| "\t".to_owned()),
    ] {
        let errors = load(&text, Path::new("site.yaml")).unwrap_err();
        assert!(errors.problems().len() <= 51);
    }
}

#[test]
fn problems_are_data() {
    let text = GOOD.replace("[10.20.0.0/24]", "[10.20.0.0/24, 10.20.0.0/25]");
    let errors = load(&text, Path::new("site.yaml")).unwrap_err();
    let json = serde_json::to_value(errors.problems()).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "code": "underpass::spec::lan_overlap",
            "warning": false,
            "message": "10.20.0.0/25 lies inside 10.20.0.0/24",
            "help": "keep the larger one, or correct the prefix lengths",
            "line": 4,
            "column": 21,
            "labels": [
                { "span": { "start": 123, "end": 135 }, "text": "this network" },
                { "span": { "start": 109, "end": 121 }, "text": "is part of this one" },
            ],
        }])
    );
}

#[test]
fn what_the_schema_requires_is_what_is_reported_missing() {
    let text =
        "gateway: { asn: 65010 }\naws: { route_tables: all }\nappliances: [{ profile: x }]\n";
    let errors = load(text, Path::new("site.yaml")).unwrap_err();
    let mut missing: Vec<_> = errors
        .problems()
        .iter()
        .filter(|problem| problem.code == Code::MissingField)
        .filter_map(|problem| problem.message.split('`').nth(1)?.rsplit('.').next())
        .collect();
    let schema = schema();
    let shapes = [
        "/required",
        "/$defs/Gateway/required",
        "/$defs/Aws/required",
        "/$defs/Appliance/required",
    ];
    let mut required: Vec<_> = shapes
        .iter()
        .flat_map(|shape| schema.pointer(shape).unwrap().as_array().unwrap())
        .filter_map(|name| name.as_str())
        .filter(|name| !["gateway", "aws"].contains(name))
        .collect();
    missing.sort_unstable();
    required.sort_unstable();
    assert_eq!(missing, required);
}

#[test]
fn every_field_of_the_schema_is_described_here_and_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/site-file.md");
    let reference = std::fs::read_to_string(path).unwrap();
    let schema = schema();
    let mut shapes = vec![&schema];
    shapes.extend(schema["$defs"].as_object().unwrap().values());
    for shape in shapes {
        let Some(properties) = shape["properties"].as_object() else {
            continue;
        };
        for (name, field) in properties {
            assert!(
                field["description"].is_string(),
                "{name} has no description"
            );
            assert!(
                reference.contains(&format!("| `{name}` |")),
                "{name} is not in the reference"
            );
        }
    }
}
