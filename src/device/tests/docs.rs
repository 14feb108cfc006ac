//! What is checked in is what the devices say: the table of the guide, and the schema.

use std::path::{Path, PathBuf};

use crate::device::{Summary, registry, schema};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name)
}

fn updating() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// A cell of a table: bars would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn yes(can: bool) -> &'static str {
    if can { "✔" } else { "–" }
}

fn section() -> String {
    let mut text = String::from(
        "| device | IKE | BGP | static | IPv6 | Direct Connect | GCM | strongest | judged by | versions |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for device in registry() {
        let row = Summary::of(*device);
        let best = row.strongest.unwrap();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {}, {} | **{}**: {} | {} |\n",
            row.name,
            row.ike(),
            yes(row.bgp),
            yes(row.static_routing),
            yes(row.ipv6),
            yes(row.direct_connect),
            row.gcm(),
            best.ike(),
            best.esp(),
            row.judged.level,
            cell(row.judged.by),
            cell(row.versions),
        ));
    }
    text.push_str("\n| option | | default | such as |\n|---|---|---|---|\n");
    for device in registry() {
        for option in device.options() {
            text.push_str(&format!(
                "| `{}`: `{}` | {} | {} | `{}` |\n",
                device.name(),
                option.name,
                cell(option.what),
                cell(option.default.unwrap_or("**required**")),
                option.example,
            ));
        }
    }
    text
}

#[test]
fn the_guide_shows_every_device_as_it_is() {
    const BEGIN: &str = "<!-- devices: written by UPDATE_DOCS=1 cargo test -->\n";
    let path = docs("devices.md");
    let mut guide = std::fs::read_to_string(&path).unwrap();
    let from = guide.find(BEGIN).expect("a place for the table") + BEGIN.len();
    let to = from + guide[from..].find("<!-- end -->").unwrap();
    guide.replace_range(from..to, &section());
    if updating() {
        crate::files::write_public(&path, guide.as_bytes()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap();
    assert_eq!(checked_in, guide, "UPDATE_DOCS=1 writes it");
    // The prose says what each gets.
    for device in registry() {
        let name = format!("`{}`", device.name());
        assert!(
            guide[..from].contains(&name),
            "the guide does not tell of {name}"
        );
    }
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    let path = docs("site.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if updating() {
        crate::files::write_public(&path, now.as_bytes()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap();
    assert!(checked_in == now, "UPDATE_DOCS=1 writes it");
}
