//! Parts of a `config.xml` against a vendor's model that is written down as facts, and PHP's merge.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use ipnet::Ipv4Net;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::bundle_sample::{ok, tool};

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    attributes: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// Reads a document; none when it is not well-formed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(Self::of(&start)),
                Event::Empty(start) => open.last_mut()?.children.push(Self::of(&start)),
                Event::End(_) => {
                    let node = open.pop()?;
                    open.last_mut()?.children.push(node);
                }
                Event::Text(text) => {
                    open.last_mut()?.text.push_str(text.xml10_content().trim());
                }
                Event::GeneralRef(_) | Event::CData(_) => return None,
                Event::Eof => break,
                _ => {}
            }
        }
        let mut root = open.pop().filter(|_| open.is_empty())?;
        root.children.pop().filter(|_| root.children.is_empty())
    }

    fn of(start: &BytesStart<'_>) -> Self {
        Self {
            name: start.name().0.to_owned(),
            attributes: start
                .attributes()
                .flatten()
                .map(|attribute| {
                    let name = attribute.key.0.to_owned();
                    (name, attribute.value.into_owned())
                })
                .collect(),
            ..Self::default()
        }
    }

    fn is_entry(&self) -> bool {
        self.attributes.contains_key("uuid") || self.attributes.contains_key("key")
    }

    /// The child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the child of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// Everything at the end of a path.
    pub(crate) fn all<'a>(&'a self, path: &str) -> Vec<&'a Self> {
        path.split('/').fold(vec![self], |nodes, name| {
            let inner = nodes.into_iter().flat_map(|node| &node.children);
            inner.filter(|child| child.name == name).collect()
        })
    }
}

/// What a value may be, by path, and the fields that an entry must have.
pub(crate) struct Model {
    values: BTreeMap<&'static str, Vec<&'static str>>,
    required: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Model {
    pub(crate) fn of(facts: &'static str) -> Self {
        let mut model = Self {
            values: BTreeMap::new(),
            required: BTreeMap::new(),
        };
        for line in facts.lines().filter(|line| !line.starts_with('#')) {
            let (path, kinds) = line.split_once(" = ").unwrap();
            let bare = path.trim_end_matches('!');
            model.values.insert(bare, kinds.split('|').collect());
            if path.ends_with('!') {
                let (entry, field) = bare.rsplit_once('/').unwrap();
                model.required.entry(entry).or_default().push(field);
            }
        }
        model
    }

    /// Every problem of a part; `own` says whether a value is of a kind of the vendor's own.
    pub(crate) fn judge(&self, root: &Node, own: &dyn Fn(&str, &str) -> bool) -> Vec<String> {
        let (mut ids, mut problems) = (BTreeMap::new(), Vec::new());
        collect(root, &mut ids, &mut problems);
        for child in &root.children {
            self.walk(child, "", &ids, own, &mut problems);
        }
        problems
    }

    fn walk(
        &self,
        node: &Node,
        above: &str,
        ids: &BTreeMap<&str, &str>,
        own: &dyn Fn(&str, &str) -> bool,
        problems: &mut Vec<String>,
    ) {
        let mark = if node.is_entry() { "[]" } else { "" };
        let path = if above.is_empty() {
            format!("{}{mark}", node.name)
        } else {
            format!("{above}/{}{mark}", node.name)
        };
        if let Some(kinds) = self.values.get(path.as_str()) {
            let empty = node.text.is_empty();
            let fits = |kind: &&str| match kind.strip_prefix('@') {
                Some(name) => ids.get(node.text.as_str()).is_some_and(|is| is == &name),
                None => own(kind, &node.text) || is(kind, &node.text),
            };
            let last = path.rsplit('/').next().unwrap_or_default();
            let must = self
                .required
                .get(above)
                .is_some_and(|all| all.contains(&last));
            if !(node.children.is_empty() && (empty && !must || kinds.iter().any(fits))) {
                problems.push(format!(
                    "{path} is `{}`, not {}",
                    node.text,
                    kinds.join("|")
                ));
            }
            return;
        }
        let within = format!("{path}/");
        if !self.values.keys().any(|known| known.starts_with(&within)) || !node.text.is_empty() {
            problems.push(format!("there is no {path}"));
            return;
        }
        for field in self.required.get(path.as_str()).into_iter().flatten() {
            if node.child(field).is_none() {
                problems.push(format!("{path} has no {field}"));
            }
        }
        for child in &node.children {
            self.walk(child, &path, ids, own, problems);
        }
    }
}

fn collect<'a>(node: &'a Node, ids: &mut BTreeMap<&'a str, &'a str>, problems: &mut Vec<String>) {
    if let Some(id) = node.attributes.get("uuid")
        && ids.insert(id, &node.name).is_some()
    {
        problems.push(format!("twice: {id}"));
    }
    for child in &node.children {
        collect(child, ids, problems);
    }
}

fn is(kind: &str, value: &str) -> bool {
    if let Some((least, most)) = kind.split_once('-')
        && let (Ok(least), Ok(most)) = (least.parse::<u64>(), most.parse::<u64>())
    {
        return value.parse().is_ok_and(|n| (least..=most).contains(&n));
    }
    let net = |text: &str| text.parse::<Ipv4Net>().is_ok_and(|net| net.trunc() == net);
    match kind {
        "bool" => ["0", "1"].contains(&value),
        "text" => !value.is_empty(),
        "ip" => value.parse::<Ipv4Addr>().is_ok(),
        "net" => net(value),
        "nets" => value.split(',').all(net),
        "range" => match value.split_once(" le ") {
            Some((text, most)) => net(text) && is("1-32", most),
            None => net(value),
        },
        "id" => value.parse::<Ipv4Addr>().is_ok(),
        "listname" => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            (1..=64).contains(&value.len()) && value.bytes().all(plain)
        }
        "interface" => {
            let known = ["wan", "lan", "enc0"].contains(&value);
            known
                || value
                    .strip_prefix("opt")
                    .is_some_and(|n| n.parse::<u8>().is_ok())
        }
        "ports" => value.split(',').all(|port| is("1-65535", port)),
        word => word == value,
    }
}

/// Merges a bundle's part into `before`, twice, and takes it out again; gives back what was merged.
pub(crate) fn merged(bundle: &Path, part: &str, before: &str) -> String {
    tool("php");
    let work = tempfile::tempdir().unwrap();
    let config = work.path().join("config.xml");
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(&config, before).unwrap();
    let php = |more: &[&str]| {
        let program = bundle.join("merge.php");
        let part = bundle.join(part);
        let paths = [&program, &part, &config].map(|path| path.to_str().unwrap());
        let mut args = vec![paths[0], paths[1], "--config", paths[2]];
        args.extend(more);
        ok("php", &args)
    };
    assert!(php(&["--check"]).contains("none made"));
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
    php(&[]);
    let merged = fs::read_to_string(&config).unwrap();
    assert_eq!(php(&[]), "nothing to change\n", "the second merge");
    php(&["--remove"]);
    assert_eq!(
        php(&["--remove"]),
        "nothing to change\n",
        "the second removal"
    );
    let after = fs::read_to_string(&config).unwrap();
    let leaves = |text: &str| {
        let mut all = BTreeMap::new();
        leaves(&Node::read(text).unwrap(), "", &mut all);
        all
    };
    for (path, text) in leaves(before) {
        assert_eq!(leaves(&after).get(&path), Some(&text), "{path}");
    }
    for (path, text) in leaves(&after) {
        assert!(!text.contains("underpass"), "{path} is left: {text}");
    }
    merged
}

fn leaves(node: &Node, above: &str, all: &mut BTreeMap<String, String>) {
    let path = format!("{above}/{}", node.name);
    if node.children.is_empty() {
        let text = all.entry(path.clone()).or_default();
        text.push_str(&node.text);
        text.push(';');
    }
    for child in &node.children {
        leaves(child, &path, all);
    }
}
