//! A writer for the XML that EC2 and STS answer with.

use jiff::Timestamp;
use quick_xml::escape::escape;

/// A document or a part of one, written front to back.
#[derive(Debug, Default)]
pub(super) struct Xml {
    text: String,
}

impl Xml {
    /// An empty part.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A document with its declaration.
    pub(super) fn document() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
        }
    }

    /// `<name>value</name>`, escaped.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "most callers have just made the value"
    )]
    pub(super) fn text(&mut self, name: &str, value: impl ToString) -> &mut Self {
        let value = value.to_string();
        self.open(name);
        self.text.push_str(&escape(value.as_str()));
        self.close(name)
    }

    /// Like [`text`](Self::text), or nothing at all.
    pub(super) fn optional(&mut self, name: &str, value: Option<impl ToString>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// A time in EC2's form, milliseconds and `Z`.
    pub(super) fn time(&mut self, name: &str, at: Timestamp) -> &mut Self {
        self.text(name, at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }

    /// An element around what `content` writes.
    pub(super) fn within(&mut self, name: &str, content: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        content(self);
        self.close(name)
    }

    /// The outermost element, with its namespace.
    pub(super) fn root(
        &mut self,
        name: &str,
        namespace: &str,
        content: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(" xmlns=\"");
        self.text.push_str(namespace);
        self.text.push_str("\">");
        content(self);
        self.close(name)
    }

    /// A list in EC2's form: one `item` each.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.within("item", |xml| write(xml, item));
            }
        })
    }

    /// Appends a part.
    pub(super) fn part(&mut self, part: &Self) -> &mut Self {
        self.text.push_str(&part.text);
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
        self
    }
}
