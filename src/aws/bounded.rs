//! Answers that end, and end where they should.
//!
//! A proxy or a look-alike may send for ever, or send what swells. And the SDK's parser takes a
//! document that breaks off for one that ends there: a list cut short would be a shorter list, and
//! what is missing from it would be made a second time. So an answer is read whole, within a limit,
//! and an XML one must be well-formed before the SDK sees it.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Levels of elements in an answer; EC2's deepest has 9.
const DEEPEST: usize = 64;

/// Why an answer is not read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the answer says that it has {told} bytes, more than {limit}")]
    Large { told: u64, limit: usize },
    #[error("the answer is encoded (`{0}`), which nobody asked for")]
    Encoded(String),
    #[error("the answer has more than {0} bytes")]
    Endless(usize),
    #[error("the answer breaks off after {0} bytes")]
    Cut(usize),
    #[error("the answer is not well-formed XML at byte {0}")]
    Malformed(u64),
    #[error("the answer has a document type or an entity of its own, which AWS's never have")]
    Entity,
    #[error("the answer nests deeper than {DEEPEST} elements")]
    Deep,
}

/// A client whose answers have at most `limit` bytes and come as they are.
pub(super) fn bounded(inner: SharedHttpClient, limit: usize) -> SharedHttpClient {
    SharedHttpClient::new(BoundedClient { inner, limit })
}

#[derive(Debug)]
struct BoundedClient {
    inner: SharedHttpClient,
    limit: usize,
}

#[derive(Debug)]
struct Bounded {
    inner: SharedHttpConnector,
    limit: usize,
}

impl HttpClient for BoundedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded {
            inner: self.inner.http_connector(settings, components),
            limit: self.limit,
        })
    }
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, limit) = (self.inner.call(request), self.limit);
        HttpConnectorFuture::new(async move { whole(answer.await?, limit).await })
    }
}

/// The answer once all of it is there and is what it seems.
async fn whole(answer: HttpResponse, limit: usize) -> Result<HttpResponse, ConnectorError> {
    let header = |name: &str| answer.headers().get(name).map(str::trim);
    let refused = |why: Unreadable| ConnectorError::other(Box::new(why), None);
    // None was offered, so that what comes is a mistake or a bomb.
    if let Some(encoding) = header("content-encoding")
        && !matches!(encoding, "" | "identity")
    {
        return Err(refused(Unreadable::Encoded(encoding.to_owned())));
    }
    let told = header("content-length").and_then(|length| length.parse::<u64>().ok());
    if let Some(told) = told
        && usize::try_from(told).is_ok_and(|told| told > limit)
    {
        return Err(refused(Unreadable::Large { told, limit }));
    }
    let succeeded = answer.status().is_success();
    let mut answer = answer;
    let body = Limited::new(answer.take_body(), limit).collect().await;
    let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => refused(Unreadable::Endless(limit)),
        // It may come whole the next time.
        Err(error) => ConnectorError::io(error),
    })?;
    let body = body.to_bytes();
    // An error's meaning is its status; its text is a help.
    if succeeded && body.trim_ascii_start().starts_with(b"<") {
        well_formed(&body).map_err(|why| match why {
            Unreadable::Cut(_) => ConnectorError::io(Box::new(why)),
            _ => refused(why),
        })?;
    }
    *answer.body_mut() = SdkBody::from(body);
    Ok(answer)
}

fn well_formed(body: &[u8]) -> Result<(), Unreadable> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = u64::try_from(error.valid_up_to()).unwrap_or_default();
        Unreadable::Malformed(at)
    })?;
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event();
        match event {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::DocType(_)) => return Err(Unreadable::Entity),
            Ok(Event::GeneralRef(entity)) => {
                let known = resolve_predefined_entity(&entity).is_some();
                if !known && !matches!(entity.resolve_char_ref(), Ok(Some(_))) {
                    return Err(Unreadable::Entity);
                }
            }
            Ok(Event::Eof) if depth == 0 => return Ok(()),
            Ok(Event::Eof) | Err(quick_xml::Error::Syntax(_)) => {
                return Err(Unreadable::Cut(body.len()));
            }
            Ok(_) => {}
            Err(_) => return Err(Unreadable::Malformed(reader.error_position())),
        }
        if depth > DEEPEST {
            return Err(Unreadable::Deep);
        }
    }
}
