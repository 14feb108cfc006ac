//! A bounded tree of XML elements, read without document types and entities of its own.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use crate::limits::CONFIGURATION;

/// Levels; a real document has 5.
const MAX_DEPTH: usize = 16;

/// Why a text is not such a tree.
///
/// Repeats nothing of the text: a damaged document may have its key where a name should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ElementError {
    #[error("{0} bytes are more than {CONFIGURATION}")]
    Size(usize),
    #[error("more than {MAX_DEPTH} levels")]
    Depth,
    #[error("a document type declaration")]
    DocType,
    #[error("byte {0}: an entity that XML does not define")]
    Entity(u64),
    #[error("it ends before its elements do")]
    Truncated,
    #[error("more than one root element")]
    SecondRoot,
    #[error("no element")]
    Empty,
    #[error("byte {0}: not well-formed")]
    Syntax(u64),
}

/// One element: a view into its tree.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    node: &'a Node,
}

/// A tree that owns its nodes; texts are wiped when it goes, for one of them is a key.
pub(super) struct Tree {
    root: Node,
}

struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    text: Zeroizing<String>,
    children: Vec<Node>,
}

impl Tree {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, ElementError> {
        if text.len() > CONFIGURATION {
            return Err(ElementError::Size(text.len()));
        }
        let mut reader = Reader::from_str(text);
        let mut builder = Builder::default();
        loop {
            let at = reader.buffer_position();
            let syntax = || ElementError::Syntax(at);
            match reader.read_event().map_err(|_| syntax())? {
                Event::Start(start) => builder.open(node(&start).ok_or_else(syntax)?)?,
                Event::Empty(start) => {
                    builder.open(node(&start).ok_or_else(syntax)?)?;
                    builder.close()?;
                }
                Event::End(_) => builder.close()?,
                Event::Text(text) => builder.text(&text.xml10_content()),
                Event::CData(text) => builder.text(&text.xml10_content()),
                Event::GeneralRef(entity) => {
                    match entity.resolve_char_ref().map_err(|_| syntax())? {
                        Some(char) => builder.text(char.encode_utf8(&mut [0; 4])),
                        None => builder.text(
                            resolve_predefined_entity(&entity).ok_or(ElementError::Entity(at))?,
                        ),
                    }
                }
                Event::DocType(_) => return Err(ElementError::DocType),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => return builder.finish().map(|root| Self { root }),
            }
        }
    }

    /// The root element.
    pub(super) fn root(&self) -> Element<'_> {
        Element { node: &self.root }
    }
}

impl<'a> Element<'a> {
    /// Its name.
    pub(super) fn name(self) -> &'a str {
        &self.node.name
    }

    /// An attribute's value without white space around it; none when absent or empty.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        let (_, value) = self.node.attributes.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The first child of that name.
    pub(super) fn child(self, name: &'a str) -> Option<Self> {
        self.children(name).next()
    }

    /// The children of that name, in order.
    pub(super) fn children(self, name: &'a str) -> impl Iterator<Item = Self> {
        let children = self.node.children.iter();
        children
            .filter(move |node| node.name == name)
            .map(|node| Self { node })
    }

    /// Its text without white space around it; none when there is nothing else.
    pub(super) fn text(self) -> Option<&'a str> {
        Some(self.node.text.trim()).filter(|text| !text.is_empty())
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Node>,
    root: Option<Node>,
}

impl Builder {
    fn open(&mut self, node: Node) -> Result<(), ElementError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(ElementError::Depth);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(ElementError::SecondRoot);
        }
        self.open.push(node);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ElementError> {
        let node = self.open.pop().ok_or(ElementError::Truncated)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(node) = self.open.last_mut() {
            node.text.push_str(text);
        }
    }

    fn finish(self) -> Result<Node, ElementError> {
        if self.open.is_empty() {
            self.root.ok_or(ElementError::Empty)
        } else {
            Err(ElementError::Truncated)
        }
    }
}

/// An element without its content; none when an attribute is damaged.
fn node(start: &BytesStart<'_>) -> Option<Node> {
    let attributes = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.ok()?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .ok()?;
            Some((attribute.key.0.to_owned(), value.into_owned()))
        })
        .collect::<Option<_>>()?;
    Some(Node {
        name: start.name().0.to_owned(),
        attributes,
        // Room for a key, so that pushing one does not leave a copy behind.
        text: Zeroizing::new(String::with_capacity(96)),
        children: Vec::new(),
    })
}
