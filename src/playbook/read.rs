//! From YAML to a [`Playbook`]: the shape, the names and the expressions; every problem at once.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::condition;
use super::expr::{ExprError, Place, Template};
use super::limits;
use super::model::{Argument, Carrying, Fits, ForEach, Items, Playbook, Spot, Step};
use super::problem::{PlaybookErrors, Problems, Source, suggest};
use super::yaml::{self, Entry, Shape, Span, Tree};

const PLAYBOOK_FIELDS: [&str; 4] = ["playbook", "summary", "fits", "steps"];
const FITS_FIELDS: [&str; 5] = [
    "attach_to",
    "routing",
    "tunnels",
    "direct_connect",
    "private_vpn",
];
const STEP_FIELDS: [&str; 6] = ["id", "kind", "with", "when", "for_each", "after"];
/// What a reference can begin with besides a step: no step can be called so.
pub(super) const ROOTS: [&str; 4] = ["site", "vpc", "tunnels", "each"];

/// Reads a playbook; `origin` is its file name, for messages.
///
/// Answers every problem of shape, naming and syntax at once. Whether kinds, references and order
/// are right is a question to [`check`](super::check()).
pub fn parse(text: &str, origin: &str) -> Result<Playbook, PlaybookErrors> {
    let source = Source {
        origin: origin.to_owned(),
        text: Arc::from(text),
    };
    let mut problems = Problems::new(&source);
    let playbook = if text.len() > limits::BYTES {
        problems.add(
            &(0..0),
            "here",
            format!("the playbook has {} bytes", text.len()),
            format!("a playbook has at most {} bytes", limits::BYTES),
        );
        None
    } else {
        match yaml::read(text) {
            Ok(tree) => Reader {
                source: &source,
                problems: &mut problems,
            }
            .playbook(&tree),
            Err(error) => {
                problems.add(&error.at, "here", error.problem, error.help);
                None
            }
        }
    };
    problems.finish(playbook)
}

/// A mapping with its fields taken out one by one.
struct Fields<'a> {
    entries: &'a [Entry],
    at: &'a Span,
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }
}

struct Reader<'a, 'b> {
    source: &'a Source,
    problems: &'b mut Problems<'a>,
}

impl Reader<'_, '_> {
    fn playbook(&mut self, tree: &Tree) -> Option<Playbook> {
        let fields = self.fields(tree, "a playbook", &PLAYBOOK_FIELDS)?;
        let name = self.required(&fields, "playbook", "a playbook", Self::name);
        let summary = self.required(&fields, "summary", "a playbook", Self::text);
        let fits = match fields.get("fits") {
            Some(entry) => self.fits(&entry.value).map(Some),
            None => Some(None),
        };
        let steps = self.required(&fields, "steps", "a playbook", Self::steps);
        Some(Playbook {
            name: name?.value,
            summary: summary?.value,
            fits: fits?,
            steps: steps?,
            source: self.source.clone(),
        })
    }

    fn fits(&mut self, tree: &Tree) -> Option<Fits> {
        let fields = self.fields(tree, "`fits`", &FITS_FIELDS)?;
        let attach_to = self.required(&fields, "attach_to", "`fits`", |reader, tree| {
            reader.word(tree, &["virtual-private-gateway", "transit-gateway"])
        });
        let routing = self.required(&fields, "routing", "`fits`", |reader, tree| {
            reader.word(tree, &["bgp", "static"])
        });
        let mut truth = |name: &str| match fields.get(name) {
            Some(entry) => self.truth(&entry.value),
            None => Some(false),
        };
        let (direct_connect, private_vpn) = (truth("direct_connect"), truth("private_vpn"));
        let tunnels = fields.get("tunnels").map_or(Some(Carrying::One), |entry| {
            self.word(&entry.value, &["one", "together"])
        });
        Some(Fits {
            attach_to: attach_to?,
            routing: routing?,
            tunnels: tunnels?,
            direct_connect: direct_connect?,
            private_vpn: private_vpn?,
        })
    }

    fn steps(&mut self, tree: &Tree) -> Option<Vec<Step>> {
        let items = self.list(tree, "steps")?;
        if items.is_empty() || items.len() > limits::STEPS {
            self.problems.add(
                &tree.at,
                "here",
                format!("the playbook has {} steps", items.len()),
                format!("a playbook has 1 to {} steps", limits::STEPS),
            );
            return None;
        }
        let steps: Vec<_> = items.iter().map(|item| self.step(item)).collect();
        for (index, step) in steps.iter().enumerate() {
            let Some(step) = step else { continue };
            let same = |earlier: &&Step| earlier.id.value == step.id.value;
            if let Some(earlier) = steps[..index].iter().flatten().find(same) {
                self.problems.add(
                    &step.id.at,
                    "the second one",
                    format!("two steps are called `{}`", earlier.id.value),
                    "give each step a name of its own",
                );
            }
        }
        steps.into_iter().collect()
    }

    fn step(&mut self, tree: &Tree) -> Option<Step> {
        let fields = self.fields(tree, "a step", &STEP_FIELDS)?;
        let id = self.required(&fields, "id", "a step", Self::step_id);
        let kind = self.required(&fields, "kind", "a step", Self::text);
        let with = match fields.get("with") {
            Some(entry) => self.with(&entry.value),
            None => Some(Vec::new()),
        };
        let when = match fields.get("when") {
            Some(entry) => self.when(&entry.value).map(Some),
            None => Some(None),
        };
        let for_each = match fields.get("for_each") {
            Some(entry) => self.for_each(&entry.value).map(Some),
            None => Some(None),
        };
        let after = match fields.get("after") {
            Some(entry) => self.after(&entry.value),
            None => Some(Vec::new()),
        };
        Some(Step {
            id: id?,
            kind: kind?,
            with: with?,
            when: when?,
            for_each: for_each?,
            after: after?,
        })
    }

    fn with(&mut self, tree: &Tree) -> Option<Vec<(Spot<String>, Argument)>> {
        let inputs: Vec<_> = self
            .mapping(tree, "`with`")?
            .iter()
            .map(|entry| {
                let name = Spot {
                    value: entry.key.clone(),
                    at: entry.key_at.clone(),
                };
                Some((name, self.argument(&entry.value)?))
            })
            .collect();
        inputs.into_iter().collect()
    }

    fn argument(&mut self, tree: &Tree) -> Option<Argument> {
        match &tree.shape {
            Shape::Null => Some(Argument::Scalar(Value::Null)),
            Shape::Bool(flag) => Some(Argument::Scalar(Value::Bool(*flag))),
            Shape::Number(number) => Some(Argument::Scalar(Value::Number(number.clone()))),
            Shape::Text(_) => self.template(tree).map(Argument::Text),
            Shape::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.argument(item)).collect();
                items.into_iter().collect::<Option<_>>().map(Argument::List)
            }
            Shape::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| Some((entry.key.clone(), self.argument(&entry.value)?)))
                    .collect();
                entries
                    .into_iter()
                    .collect::<Option<_>>()
                    .map(Argument::Map)
            }
        }
    }

    fn template(&mut self, tree: &Tree) -> Option<Spot<Template>> {
        self.expression(tree, Template::parse)
    }

    fn when(&mut self, tree: &Tree) -> Option<Spot<super::expr::Condition>> {
        // A plain `true` or `false` is YAML's, not text, but says the same.
        if let Shape::Bool(flag) = tree.shape {
            let value = super::expr::Operand::Literal(Value::Bool(flag));
            return Some(Spot {
                value: super::expr::Condition::Is(value),
                at: tree.at.clone(),
            });
        }
        self.expression(tree, condition::parse)
    }

    fn for_each(&mut self, tree: &Tree) -> Option<ForEach> {
        let items = if let Shape::List(items) = &tree.shape {
            let items: Vec<_> = items.iter().map(|item| self.argument(item)).collect();
            Items::Written(items.into_iter().collect::<Option<_>>()?)
        } else {
            let template = self.template(tree)?;
            let Some(reference) = template.value.whole() else {
                self.problems.add(
                    &tree.at,
                    "this is not a list",
                    "`for_each` needs a list",
                    "refer to one, such as `${site.lan}`, or write one: `[a, b]`",
                );
                return None;
            };
            Items::Of(reference.clone())
        };
        Some(ForEach {
            items,
            at: tree.at.clone(),
        })
    }

    fn after(&mut self, tree: &Tree) -> Option<Vec<Spot<String>>> {
        let items = self.list(tree, "names of steps")?;
        let steps: Vec<_> = items.iter().map(|item| self.text(item)).collect();
        steps.into_iter().collect()
    }

    fn expression<T>(
        &mut self,
        tree: &Tree,
        parse: fn(&str, &Place) -> Result<T, ExprError>,
    ) -> Option<Spot<T>> {
        let text = self.text(tree)?.value;
        if text.len() > limits::EXPRESSION {
            self.problems.add(
                &tree.at,
                "this text",
                format!("the text has {} bytes", text.len()),
                format!("a text has at most {} bytes", limits::EXPRESSION),
            );
            return None;
        }
        let place = Place::of_scalar(&text, &tree.at, &self.source.text);
        match parse(&text, &place) {
            Ok(value) => Some(Spot {
                value,
                at: tree.at.clone(),
            }),
            Err(error) => {
                self.problems
                    .add(&error.at, "here", error.problem, error.help);
                None
            }
        }
    }

    fn step_id(&mut self, tree: &Tree) -> Option<Spot<String>> {
        let id = self.name(tree)?;
        if ROOTS.contains(&id.value.as_str()) {
            self.problems.add(
                &id.at,
                "this name",
                format!("no step can be called `{}`", id.value),
                format!("{} are what references begin with", ROOTS.join(", ")),
            );
            return None;
        }
        Some(id)
    }

    /// A name in the alphabet that is safe in a tag, a file name and a picture.
    fn name(&mut self, tree: &Tree) -> Option<Spot<String>> {
        let text = self.text(tree)?;
        let name = text.value.as_str();
        let alphabet = name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
        if alphabet && ends && name.len() <= limits::NAME {
            return Some(text);
        }
        self.problems.add(
            &text.at,
            "this name",
            format!("`{}` cannot be a name", name.escape_debug()),
            format!(
                "use 1 to {} of a-z, 0-9 and `-`, beginning with a letter",
                limits::NAME
            ),
        );
        None
    }

    /// One of a closed set of words.
    fn word<T: DeserializeOwned>(&mut self, tree: &Tree, words: &[&str]) -> Option<T> {
        let text = self.text(tree)?;
        let value = T::deserialize(Value::String(text.value.clone())).ok();
        if value.is_none() {
            self.problems.add(
                &text.at,
                "this word",
                format!("`{}` is not known here", text.value.escape_debug()),
                suggest(&text.value, "words", words.iter().copied()),
            );
        }
        value
    }

    fn truth(&mut self, tree: &Tree) -> Option<bool> {
        if let Shape::Bool(truth) = tree.shape {
            return Some(truth);
        }
        self.wrong_shape(tree, "true or false");
        None
    }

    fn text(&mut self, tree: &Tree) -> Option<Spot<String>> {
        if let Shape::Text(text) = &tree.shape {
            return Some(Spot {
                value: text.clone(),
                at: tree.at.clone(),
            });
        }
        self.wrong_shape(tree, "text");
        None
    }

    fn list<'t>(&mut self, tree: &'t Tree, field: &str) -> Option<&'t [Tree]> {
        if let Shape::List(items) = &tree.shape {
            return Some(items);
        }
        self.wrong_shape(tree, &format!("a list of {field}"));
        None
    }

    fn mapping<'t>(&mut self, tree: &'t Tree, what: &str) -> Option<&'t [Entry]> {
        if let Shape::Map(entries) = &tree.shape {
            return Some(entries);
        }
        self.wrong_shape(tree, &format!("{what} with fields"));
        None
    }

    fn wrong_shape(&mut self, tree: &Tree, wanted: &str) {
        let found = tree.describe();
        self.problems.add(
            &tree.at,
            format!("this is {found}"),
            format!("expected {wanted}, found {found}"),
            "see `underpass playbooks vgw-bgp` for a playbook that is right",
        );
    }

    /// The fields of a mapping, none of them unknown.
    fn fields<'t>(&mut self, tree: &'t Tree, what: &str, known: &[&str]) -> Option<Fields<'t>> {
        let entries = self.mapping(tree, what)?;
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                self.problems.add(
                    &entry.key_at,
                    "this field",
                    format!("{what} has no field `{}`", entry.key.escape_debug()),
                    suggest(&entry.key, "its fields", known.iter().copied()),
                );
            }
        }
        Some(Fields {
            entries,
            at: &tree.at,
        })
    }

    fn required<T>(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        what: &str,
        read: impl FnOnce(&mut Self, &Tree) -> Option<T>,
    ) -> Option<T> {
        if let Some(entry) = fields.get(name) {
            return read(self, &entry.value);
        }
        self.problems.add(
            fields.at,
            "here",
            format!("{what} needs the field `{name}`"),
            format!("add `{name}: …`"),
        );
        None
    }
}
