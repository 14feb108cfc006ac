//! Looks at a look-alike in this process, decoded once for each text that it answers with.
//!
//! Programs that play thousands of runs look ten million times, and mostly at what has not changed:
//! writing, signing and parsing that takes three quarters of their time. Here the look-alike is
//! asked first. A plain answer whose text was decoded before is that view again; any other answer,
//! a late, broken or refused one too, is what the SDK gets for its request, as if it had asked
//! itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::in_process::{self, Exchange};
use super::view::{Collection, View};
use crate::sandbox::{Request, Sandbox};
use crate::spec::Region;

/// How many views are kept before all are forgotten: about 20 MB.
const KEPT: usize = 2000;

/// Views by the text that they were decoded from; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    views: Arc<Mutex<BTreeMap<Text, View>>>,
}

/// A collection and the digest of an answer: its text holds keys.
type Text = (Collection, [u8; 32]);

/// Asks one look-alike.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    sandbox: Sandbox,
    region: Region,
    decoded: Decoded,
    early: Early,
}

/// Answers to requests that the SDK has yet to make.
#[derive(Clone, Debug, Default)]
pub(super) struct Early {
    answers: Arc<Mutex<VecDeque<(&'static str, Exchange)>>>,
}

/// What came of asking.
pub(super) enum Asked {
    /// A view that was decoded before, and the answer's `Date`.
    Known(Box<View>, Option<String>),
    /// The SDK has to decode it, under this name if it is a whole one.
    New(Option<Text>),
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Early {
    /// The answer to a request with this form, if it was asked for before the SDK did.
    pub(super) fn take(&self, form: &[u8]) -> Option<Exchange> {
        let mut answers = open(&self.answers);
        if answers.is_empty() {
            return None;
        }
        let action = form_urlencoded::parse(form).find(|(name, _)| name == "Action")?;
        let at = answers.iter().position(|(of, _)| *of == action.1)?;
        answers.remove(at).map(|(_, exchange)| exchange)
    }
}

impl Asker {
    pub(super) fn new(sandbox: Sandbox, region: Region, decoded: Decoded, early: Early) -> Self {
        Self {
            sandbox,
            region,
            decoded,
            early,
        }
    }

    /// Asks for `collection` with the form that [`describe::look`](super::describe::look) sends.
    pub(super) fn ask(&self, collection: Collection) -> Asked {
        let action = collection.action();
        let page = collection.page();
        let page = page.map_or_else(String::new, |size| format!("&MaxResults={size}"));
        let reply = self.sandbox.handle(&Request {
            region: self.region.to_string(),
            service: "ec2".to_owned(),
            access_key: in_process::ACCESS_KEY.to_owned(),
            body: format!("Action={action}&Version=2016-11-15{page}"),
            method: "POST".to_owned(),
            path: "/".to_owned(),
        });
        let exchange = Exchange::from(reply);
        let text = whole(&exchange).map(|text| (collection, text));
        if let Some(text) = &text
            && let Some(view) = open(&self.decoded.views).get(text)
        {
            let mut headers = exchange.headers.into_iter();
            let date = headers.find(|(name, _)| name.eq_ignore_ascii_case("date"));
            return Asked::Known(Box::new(view.clone()), date.map(|(_, value)| value));
        }
        open(&self.early.answers).push_back((action, exchange));
        Asked::New(text)
    }

    /// Keeps what a text was decoded to.
    pub(super) fn keep(&self, text: Text, view: View) {
        let mut views = open(&self.decoded.views);
        if views.len() >= KEPT {
            views.clear();
        }
        views.insert(text, view);
    }
}

/// The digest of an answer that comes at once, whole and on one page; without its request id.
fn whole(exchange: &Exchange) -> Option<[u8; 32]> {
    if exchange.status != 200 || exchange.lost || !exchange.delay.is_zero() {
        return None;
    }
    let text = std::str::from_utf8(&exchange.body).ok()?;
    let (before, rest) = text.split_once("<requestId>")?;
    let (_, after) = rest.split_once("</requestId>")?;
    if after.contains("<nextToken>") {
        return None;
    }
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(after);
    Some(digest.finalize().into())
}
