//! The YAML text as a tree in which every node knows its place.
//!
//! The tree is built by hand from parser events instead of by serde, so that a wrong field does
//! not hide the next one. What a site file has no use for and an attacker has is refused here:
//! aliases, tags, control characters, repeated keys, further documents, long texts.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_saphyr::granit_parser::{
    Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, options,
};

use super::codes::Code;
use super::problem::{Checked, Problem, Reported, Sink, quoted};
use super::syntax::syntax;
use super::text::is_hostile;
use crate::limits;

/// One value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its place in bytes; of a block collection, from the first child to the last.
    pub(super) span: Range<usize>,
    /// Whether [`Node::span`] is a good place for a label: short, and all of the value.
    pub(super) compact: bool,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A single value; `plain` when it was not quoted.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, each key once.
    Map(Vec<(Key, Node)>),
    /// Something that was reported already.
    Refused(Reported),
}

impl Kind {
    /// What it is, for a message.
    pub(super) const fn describe(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Scalar { plain: true, .. } => "a single value",
            Self::Scalar { plain: false, .. } => "quoted text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Refused(_) => "unusable",
        }
    }
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The key.
    pub(super) text: String,
    /// The key as a value, with its place.
    pub(super) node: Node,
}

/// Reads the one document of `text`.
pub(super) fn parse(text: &str, sink: &Sink) -> Checked<Node> {
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: limits::SITE_DEPTH,
        block_nesting_limit: limits::SITE_DEPTH,
    };
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, options),
        text,
        sink,
        open: Vec::new(),
        aliases: Vec::new(),
    };
    let root = builder.document();
    report_aliases(&builder.aliases, sink);
    root
}

/// Aliases come in numbers, so that the first few places stand for all.
fn report_aliases(aliases: &[Range<usize>], sink: &Sink) {
    const SHOWN: usize = 3;
    let problem = match aliases {
        [] => return,
        [_] => Problem::new(Code::Alias, "aliases are not read in a site file"),
        all => Problem::new(
            Code::Alias,
            format!(
                "aliases are not read in a site file, and it has {}",
                all.len()
            ),
        ),
    };
    let problem = aliases.iter().take(SHOWN).fold(problem, |problem, place| {
        problem.at(place, "refers to an anchor")
    });
    let _reported = sink.report(
        problem.help("write the values out; what both tunnels share goes under `tunnel_options`"),
    );
}

struct Builder<'t> {
    events: Parser<'t, StrInput<'t>>,
    text: &'t str,
    sink: &'t Sink,
    /// The brackets and braces that are open.
    open: Vec<Range<usize>>,
    aliases: Vec<Range<usize>>,
}

impl<'t> Builder<'t> {
    fn next(&mut self) -> Checked<(Event<'t>, Span)> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self
                .sink
                .report(syntax(self.text, &error, self.open.last()))),
            None => Ok((
                Event::StreamEnd,
                Span::empty(serde_saphyr::granit_parser::Marker::new(0, 1, 0)),
            )),
        }
    }

    fn document(&mut self) -> Checked<Node> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let problem = Problem::new(
                        Code::SeveralDocuments,
                        "the file holds more than one YAML document",
                    );
                    let place = self.place(&span);
                    return Err(self.sink.report(
                        problem
                            .at(&place, "a second document begins here")
                            .help("keep one file per site and remove the `---`"),
                    ));
                }
                Event::DocumentStart(..) => {}
                event => root = Some(self.node(event, &span)?),
            }
        }
        match root {
            Some(node) if !matches!(node.kind, Kind::Null) => Ok(node),
            _ => Err(self.sink.report(
                Problem::new(Code::EmptyFile, "the site file is empty")
                    .help("`underpass init` writes one to start from"),
            )),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span) -> Checked<Node> {
        let place = self.place(span);
        let tagged = event.tag().is_some();
        let mut node = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, place),
            Event::SequenceStart(StructureStyle::Flow, ..)
            | Event::MappingStart(StructureStyle::Flow, ..) => self.bracketed(&event, place)?,
            Event::SequenceStart(style, ..) => self.list(style, place)?,
            Event::MappingStart(style, ..) => self.map(style, place)?,
            Event::Alias(..) | Event::UnresolvedAlias(..) => {
                self.aliases.push(place.clone());
                refused(place, Reported::by_reader())
            }
            _ => Node {
                span: place,
                compact: false,
                kind: Kind::Null,
            },
        };
        if tagged {
            let place = span
                .tag_span()
                .map_or(node.span.clone(), |tag| self.place(&tag));
            let reported = self.sink.report(
                Problem::new(Code::Tag, "YAML tags are not read in a site file")
                    .at(&place, "a tag")
                    .help("remove it: the type of every field is known"),
            );
            node.kind = Kind::Refused(reported);
        }
        Ok(node)
    }

    fn bracketed(&mut self, event: &Event<'t>, place: Range<usize>) -> Checked<Node> {
        self.open.push(place.clone());
        let node = match event {
            Event::SequenceStart(style, ..) => self.list(*style, place)?,
            _ => self.map(StructureStyle::Flow, place)?,
        };
        self.open.pop();
        Ok(node)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: Range<usize>) -> Node {
        let plain = style == ScalarStyle::Plain;
        if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return Node {
                span: place,
                compact: false,
                kind: Kind::Null,
            };
        }
        if let Some(bad) = text.chars().find(|c| is_hostile(*c)) {
            let what = match bad {
                '\n' | '\r' => "a line break",
                _ => "a control character",
            };
            let reported = self.sink.report(
                Problem::new(
                    Code::ControlCharacter,
                    format!("a text holds {what} (U+{:04X})", u32::from(bad)),
                )
                .at(&place, "in this text")
                .help("values end up in a router's configuration: keep them to one printable line"),
            );
            return refused(place, reported);
        }
        if text.chars().count() > limits::SITE_VALUE {
            let reported = self.sink.report(
                Problem::new(
                    Code::TooLong,
                    format!("a text has more than {} characters", limits::SITE_VALUE),
                )
                .at(&(place.start..place.start), "begins here")
                .help("shorten it"),
            );
            return refused(place, reported);
        }
        Node {
            compact: true,
            span: place,
            kind: Kind::Scalar {
                text: text.to_owned(),
                plain,
            },
        }
    }

    fn list(&mut self, style: StructureStyle, start: Range<usize>) -> Checked<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                let last = items.last().map(|item: &Node| item.span.end);
                let first = items.first().map(|item: &Node| item.span.start);
                let span = self.extent(style, &start, first, last, &span);
                return Ok(self.collection(style, span, Kind::List(items)));
            }
            items.push(self.node(event, &span)?);
        }
    }

    fn map(&mut self, style: StructureStyle, start: Range<usize>) -> Checked<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut places: BTreeMap<String, Range<usize>> = BTreeMap::new();
        let mut broken = None;
        let mut last = None;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                let first = entries.first().map(|(key, _)| key.node.span.start);
                let span = self.extent(style, &start, first, last, &span);
                let kind = broken.map_or(Kind::Map(entries), Kind::Refused);
                return Ok(self.collection(style, span, kind));
            }
            let key = self.node(event, &span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span)?;
            last = Some(value.span.end.max(key.span.end));
            match &key.kind {
                Kind::Refused(reported) => broken = Some(*reported),
                Kind::Scalar { text, .. } => {
                    let key = Key {
                        text: text.clone(),
                        node: key,
                    };
                    match places.get(&key.text) {
                        Some(first) => self.duplicate(first, &key),
                        None => {
                            places.insert(key.text.clone(), key.node.span.clone());
                            entries.push((key, value));
                        }
                    }
                }
                _ => {
                    let problem = Problem::new(Code::KeyNotText, "a key must be a word");
                    let help = "if this is a template's placeholder, fill it in or quote it";
                    broken = Some(
                        self.sink
                            .report(problem.at(&key.span, "stands as a key").help(help)),
                    );
                }
            }
        }
    }

    fn duplicate(&self, first: &Range<usize>, key: &Key) {
        let _reported = self.sink.report(
            Problem::new(
                Code::DuplicateKey,
                format!("{} is given twice", quoted(&key.text)),
            )
            .at(&key.node.span, "again here")
            .at(first, "first here")
            .help("keep one of them"),
        );
    }

    fn collection(&self, style: StructureStyle, span: Range<usize>, kind: Kind) -> Node {
        let one_line = self
            .text
            .get(span.clone())
            .is_some_and(|text| !text.contains('\n'));
        Node {
            compact: style == StructureStyle::Flow && one_line,
            span,
            kind,
        }
    }

    fn extent(
        &self,
        style: StructureStyle,
        start: &Range<usize>,
        first: Option<usize>,
        last: Option<usize>,
        end: &Span,
    ) -> Range<usize> {
        let (from, to) = match style {
            StructureStyle::Flow => (start.start, self.place(end).end),
            StructureStyle::Block => (first.unwrap_or(start.start), last.unwrap_or(start.end)),
        };
        from..to.max(from)
    }

    fn place(&self, span: &Span) -> Range<usize> {
        let end = self.text.len();
        let range = span.byte_range().unwrap_or(end..end);
        let (start, stop) = (range.start.min(end), range.end.min(end));
        // A block's last plain value may reach over the line break.
        let text = self.text.get(start..stop).unwrap_or_default();
        start..start + text.trim_end().len()
    }
}

fn refused(span: Range<usize>, reported: Reported) -> Node {
    Node {
        span,
        compact: true,
        kind: Kind::Refused(reported),
    }
}
