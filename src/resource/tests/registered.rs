//! The registry is complete, documented and without a cycle.

use std::collections::BTreeSet;

use crate::playbook::KindCatalog;
use crate::resource::registry;

#[test]
fn every_file_is_a_registered_kind() {
    const OTHERS: [&str; 14] = [
        "errand",
        "inputs",
        "keys",
        "kind",
        "listed",
        "macsec",
        "mod",
        "owner",
        "rank",
        "registry",
        "remembered",
        "remembered_routes",
        "remembered_tables",
        "sharing",
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/resource");
    let files = std::fs::read_dir(folder).unwrap();
    // Two that differ in a word share a file.
    let names_in = |stem: String| match stem.as_str() {
        "transit_pair" => ["association", "propagation"]
            .map(|of| format!("transit_gateway_{of}"))
            .to_vec(),
        "virtual_interface" => ["private", "transit"]
            .map(|of| format!("{of}_{stem}"))
            .to_vec(),
        "vpn_connection" => vec![format!("transit_{stem}"), stem],
        _ => vec![stem],
    };
    let stems: BTreeSet<String> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|stem| !OTHERS.contains(&stem.as_str()))
        .flat_map(names_in)
        .collect();
    let names: BTreeSet<String> = registry().names().into_iter().map(Into::into).collect();
    assert_eq!(stems, names, "one file and one registry line per kind");
}

#[test]
fn every_input_and_output_is_documented() {
    let docs = include_str!("../../../docs/kinds.md");
    for kind in registry().kinds() {
        let heading = format!("\n## {}\n", kind.name());
        let (_, section) = docs
            .split_once(&heading)
            .unwrap_or_else(|| panic!("no section for {}", kind.name()));
        let section = section.split("\n## ").next().unwrap();
        for input in kind.inputs() {
            let need = if input.required { "yes" } else { "no" };
            let row = format!("| `{}` | {need} | {} |", input.name, input.what);
            assert!(section.contains(&row), "{}: {row}", kind.name());
        }
        let outputs: Vec<String> = kind.outputs().iter().map(|it| format!("`{it}`")).collect();
        let line = format!("Outputs: {}.", outputs.join(", "));
        assert!(section.contains(&line), "{}: {line}", kind.name());
    }
}

#[test]
fn deletion_has_an_order() {
    let kinds = registry().kinds();
    let mut gone: Vec<&str> = Vec::new();
    while gone.len() < kinds.len() {
        let next = kinds.iter().find(|kind| {
            let after = kind.deleted_after();
            let known = after.iter().all(|it| registry().find(it).is_some());
            assert!(known, "{} waits for a kind that is not there", kind.name());
            !gone.contains(&kind.name()) && after.iter().all(|it| gone.contains(it))
        });
        gone.push(next.expect("a cycle in deleted_after").name());
    }

    // The order of the AWS VPN guide: what hangs on a connection, the connection, its ends.
    let place = |kind: &str| gone.iter().position(|it| *it == kind).unwrap();
    for (first, then) in [
        ("route_propagation", "vpn_connection"),
        ("vpn_connection_route", "vpn_connection"),
        ("vpn_connection", "customer_gateway"),
        ("vpn_connection", "vpn_gateway_attachment"),
        ("vpn_gateway_attachment", "vpn_gateway"),
    ] {
        assert!(
            place(first) < place(then),
            "{first} before {then}: {gone:?}"
        );
        let direct = registry().find(then).unwrap().deleted_after();
        assert!(direct.contains(&first), "{then} has to wait for {first}");
    }
}
