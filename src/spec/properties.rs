//! What holds for every file: no panic, nothing hostile in an accepted site, and each valid site
//! is accepted.

use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::Value;

use super::text::is_hostile;
use super::*;

const EXAMPLES: [&str; 4] = [
    include_str!("../../examples/plant-7.yaml"),
    include_str!("../../examples/shop-12.yaml"),
    include_str!("../../examples/clinic-3.yaml"),
    include_str!("../../examples/warehouse-generic.yaml"),
];

/// Loads, and holds what must hold for every report and every site.
fn sound(bytes: &[u8]) -> Result<(), TestCaseError> {
    let findings = match load_bytes(bytes, Path::new("site.yaml")) {
        Ok(loaded) => {
            let site = serde_json::to_value(&loaded.site).unwrap();
            prop_assert!(harmless(&site), "{site}");
            loaded.warnings
        }
        Err(errors) => {
            prop_assert!(errors.problems().iter().any(|problem| !problem.warning));
            rendered(&errors)?;
            return Ok(());
        }
    };
    prop_assert!(findings.problems().iter().all(|problem| problem.warning));
    rendered(&findings)
}

fn rendered(report: &dyn miette::Diagnostic) -> Result<(), TestCaseError> {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    prop_assert!(handler.render_report(&mut text, report).is_ok());
    prop_assert!(!text.contains("OutOfBounds"), "{text}");
    prop_assert!(!text.contains(|c| c != '\n' && is_hostile(c)), "{text:?}");
    Ok(())
}

/// Whether no text anywhere in the value can change a line or a terminal.
fn harmless(value: &Value) -> bool {
    let plain = |text: &str| !text.contains(is_hostile);
    match value {
        Value::String(text) => plain(text),
        Value::Array(values) => values.iter().all(harmless),
        Value::Object(fields) => fields
            .iter()
            .all(|(key, value)| plain(key) && harmless(value)),
        _ => true,
    }
}

/// One edit of a file, such as people and attackers make.
#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, &'static str),
    Remove(Index, usize),
    RepeatLine(Index),
    IndentLine(Index),
    ReplaceValue(Index, String),
}

fn edit() -> impl Strategy<Value = Edit> {
    let pieces = select(vec![
        "\n",
        "\r\n",
        "\t",
        " ",
        ":",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "#",
        "&a ",
        "*a",
        "!x ",
        "<<: ",
        "|",
        ">",
        "---\n",
        "...\n",
        "? ",
        "%YAML 1.2\n",
        "\\n",
        "\u{0}",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{feff}",
        "ü",
        "0",
        "-1",
        "1e9",
        "~",
        "null",
        "psk: x",
    ]);
    let hostile = vec(
        select(vec![
            'a', '7', '.', '/', ' ', '\n', '\u{7}', '"', '\\', 'é', '\u{2028}',
        ]),
        0..12,
    );
    prop_oneof![
        (any::<Index>(), pieces).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (any::<Index>(), 1..12_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        any::<Index>().prop_map(Edit::RepeatLine),
        any::<Index>().prop_map(Edit::IndentLine),
        (any::<Index>(), hostile)
            .prop_map(|(at, text)| Edit::ReplaceValue(at, text.into_iter().collect())),
    ]
}

fn edited(text: &str, edit: &Edit) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match edit {
        Edit::Insert(at, piece) => {
            let at = at.index(chars.len() + 1);
            chars.splice(at..at, piece.chars());
            return chars.into_iter().collect();
        }
        Edit::Remove(at, count) => {
            let at = at.index(chars.len() + 1);
            chars.drain(at..(at + count).min(chars.len()));
            return chars.into_iter().collect();
        }
        _ if lines.is_empty() => return text.to_owned(),
        Edit::RepeatLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Edit::IndentLine(at) => {
            let at = at.index(lines.len());
            lines[at].insert_str(0, "  ");
        }
        // JSON's strings are YAML's double-quoted ones: this gets past the parser.
        Edit::ReplaceValue(at, value) => {
            let at = at.index(lines.len());
            let key = lines[at].split_once(": ").map(|(key, _)| key.to_owned());
            let value = serde_json::to_string(value).unwrap();
            lines[at] = format!("{}: {value}", key.unwrap_or_default());
        }
    }
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_are_too_strange(bytes in vec(any::<u8>(), 0..400)) {
        sound(&bytes)?;
    }

    #[test]
    fn no_punctuation_is_too_strange(
        text in vec(select(b"ab1:- \n\t[]{}'\"|>&*!#%?,~.\\@`\r".to_vec()), 0..200),
    ) {
        sound(&text)?;
    }

    #[test]
    fn no_edit_of_a_good_file_gets_anything_hostile_through(
        example in select(EXAMPLES.to_vec()),
        edits in vec(edit(), 1..6),
    ) {
        let text = edits.iter().fold(example.to_owned(), |text, edit| edited(&text, edit));
        sound(text.as_bytes())?;
    }

    #[test]
    fn every_valid_site_loads_as_it_was_meant(meant in valid()) {
        let text = meant.yaml();
        let site = match load(&text, Path::new("site.yaml")) {
            Ok(loaded) => loaded.site,
            Err(errors) => {
                return Err(TestCaseError::fail(format!("{text}\n{:#?}", errors.problems())));
            }
        };
        prop_assert_eq!(site.name.as_str(), &meant.name);
        prop_assert_eq!(site.gateway.asn.get(), meant.asn);
        prop_assert_eq!(site.lan.len(), meant.nets.len());
        prop_assert_eq!(site.appliances.len(), meant.hosts.len());
        prop_assert_eq!(&site.tags, &meant.tags);
        for (tunnel, third) in site.tunnels.iter().zip(meant.thirds) {
            let aws = tunnel.inside_cidr.unwrap().aws();
            prop_assert_eq!(aws.octets(), [169, 254, third, 1]);
            prop_assert_eq!(&tunnel.phase1_encryption, &meant.ciphers);
            prop_assert_eq!(tunnel.phase2_lifetime, meant.phase2);
        }
        sound(text.as_bytes())?;
    }

    #[test]
    fn durations_are_read_as_they_are_written(seconds in 0..40 * 86_400_i64) {
        let duration = jiff::SignedDuration::from_secs(seconds);
        let text = durations::format(duration);
        prop_assert_eq!(durations::parse(&text).unwrap(), duration, "{}", text);
    }
}

/// A valid site in simple values, from which both the file and what is expected are made.
#[derive(Clone, Debug)]
struct Meant {
    name: String,
    outside: u8,
    asn: u32,
    nets: Vec<u8>,
    hosts: Vec<(usize, u8)>,
    thirds: [u8; 2],
    ciphers: Vec<Encryption>,
    phase2: Option<u32>,
    tags: std::collections::BTreeMap<String, String>,
}

fn valid() -> impl Strategy<Value = Meant> {
    let name =
        vec(select(b"abz059".to_vec()), 1..40).prop_map(|bytes| String::from_utf8(bytes).unwrap());
    let nets = btree_set(any::<u8>(), 1..20).prop_map(|nets| nets.into_iter().collect::<Vec<_>>());
    let asn = prop_oneof![
        1..7224_u32,
        64513..=65534_u32,
        4_200_000_000..=4_294_967_294_u32
    ];
    let thirds = btree_set(6..=255_u8, 2).prop_map(|set| {
        let mut set = set.into_iter();
        [set.next().unwrap(), set.next().unwrap()]
    });
    let ciphers = subsequence(vec![Encryption::Aes256, Encryption::Aes256Gcm16], 1..=2);
    let text = vec(
        select("az09 é:#'\"\\-{}[]%&*!|>@,".chars().collect::<Vec<_>>()),
        0..20,
    )
    .prop_map(|chars| chars.into_iter().collect::<String>());
    let tags = btree_map(text.clone().prop_map(|key| format!("k{key}")), text, 0..10);
    let phase2 = option::of(900..=3600_u32);
    let all = (name, any::<u8>(), asn, nets, thirds, ciphers, phase2, tags);
    (all, vec((any::<Index>(), 1..255_u8), 0..10)).prop_map(|(all, hosts)| {
        let (name, outside, asn, nets, thirds, ciphers, phase2, tags) = all;
        let hosts = hosts
            .into_iter()
            .map(|(net, host)| (net.index(nets.len()), host))
            .collect::<std::collections::BTreeSet<_>>();
        let hosts = hosts.into_iter().collect();
        Meant {
            name,
            outside,
            asn,
            nets,
            hosts,
            thirds,
            ciphers,
            phase2,
            tags,
        }
    })
}

impl Meant {
    fn yaml(&self) -> String {
        let nets: Vec<_> = self
            .nets
            .iter()
            .map(|net| format!("10.7.{net}.0/24"))
            .collect();
        let hosts: String = self
            .hosts
            .iter()
            .enumerate()
            .map(|(at, (net, host))| {
                format!(
                    "  - {{ name: host-{at}, address: 10.7.{}.{host} }}\n",
                    self.nets[*net]
                )
            })
            .collect();
        let ciphers: Vec<_> = self.ciphers.iter().map(|cipher| cipher.as_str()).collect();
        let phase2 = self
            .phase2
            .map(|seconds| format!("  phase2_lifetime: {seconds}\n"));
        let text = |text: &str| serde_json::to_string(text).unwrap();
        let tags: String = self
            .tags
            .iter()
            .map(|(key, value)| format!("  {}: {}\n", text(key), text(value)))
            .collect();
        format!(
            "site: {}\nregion: eu-central-1\n\
             gateway: {{ device: strongswan, outside_ip: 52.29.10.{}, asn: {} }}\n\
             lan: [{}]\nappliances:\n{hosts}aws: {{ vpc: vpc-0a1b2c3d }}\n\
             tunnel_options:\n  phase1_encryption: [{}]\n{}\
             tunnels:\n  - inside_cidr: 169.254.{}.0/30\n  - inside_cidr: 169.254.{}.0/30\n\
             tags:\n{tags}",
            text(&self.name),
            self.outside,
            self.asn,
            nets.join(", "),
            ciphers.join(", "),
            phase2.unwrap_or_default(),
            self.thirds[0],
            self.thirds[1],
        )
    }
}
