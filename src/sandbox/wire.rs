//! Requests and replies as transports see them, and the form parameters inside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::error::ApiError;
use super::ids::{Kind, ResourceId};
use super::protocol;

/// A request, reduced to what the sandbox looks at.
#[derive(Clone)]
pub struct Request {
    /// The region of the credential scope.
    pub region: String,
    /// The service of the credential scope: `ec2`, `sts` or `directconnect`.
    pub service: String,
    /// The access key id; empty when the request names no credentials.
    pub access_key: String,
    /// The form: the body, or the query of a GET. The same document in JSON when it came as CBOR.
    pub body: String,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query. For AWS's JSON protocol, which says it in a header, the operation:
    /// `/OvertureService.DescribeConnections`.
    pub path: String,
}

impl fmt::Debug for Request {
    /// Leaves the body out: it may hold pre-shared keys.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("region", &self.region)
            .field("service", &self.service)
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Reads an HTTP request; the credential scope comes from the `Authorization` header or, for
    /// presigned requests, from the query.
    pub fn from_http<'a>(
        method: &str,
        path_and_query: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let (mut authorization, mut path) = (None, path.to_owned());
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("authorization") {
                authorization = authorization.or(Some(value));
            } else if name.eq_ignore_ascii_case("x-amz-target") && path == "/" {
                path = protocol::target(value);
            }
        }
        let body = protocol::text_of(&path, body);
        let form = match (query, body.as_str()) {
            ("", body) => body.to_owned(),
            (query, "") => query.to_owned(),
            (query, body) => format!("{query}&{body}"),
        };
        let scope = authorization
            .and_then(|value| value.split_once("Credential=").map(|(_, scope)| scope))
            .map(|scope| {
                scope
                    .split([',', ' '])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .or_else(|| {
                form_urlencoded::parse(query.as_bytes())
                    .find(|(name, _)| name == "X-Amz-Credential")
                    .map(|(_, value)| value.into_owned())
            })
            .unwrap_or_default();
        // AKIDEXAMPLE/20261122/eu-central-1/ec2/aws4_request
        let mut parts = scope.split('/').map(str::to_owned);
        let access_key = parts.next().unwrap_or_default();
        let region = parts.nth(1).unwrap_or_default();
        let service = parts.next().unwrap_or_default();
        Self {
            region,
            service,
            access_key,
            body: form,
            method: method.to_owned(),
            path,
        }
    }
}

/// The answer, and what the transport has to do to it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers, without the length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Real time that the transport must sleep before it answers.
    pub delay: Duration,
    /// The transport must drop the connection instead of answering.
    pub lost: bool,
}

/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(30 * 24 * 3600);

impl Reply {
    /// No answer at all.
    pub(super) fn silence() -> Self {
        let mut silence = Self::new(500, "text/plain", Vec::new());
        silence.delay = NEVER;
        silence.lost = true;
        silence
    }

    pub(super) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body,
            delay: Duration::ZERO,
            lost: false,
        }
    }
}

/// The parameters of a request below one prefix.
///
/// `Options.TunnelOptions.1.PreSharedKey` is reached by `within("Options")`, the first of
/// `list("TunnelOptions")`, and `text("PreSharedKey")`.
#[derive(Clone, Debug)]
pub(super) struct Params<'a> {
    all: &'a BTreeMap<String, String>,
    prefix: String,
}

/// Decodes a form; of a repeated parameter the last value counts.
pub(super) fn decode(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect()
}

impl<'a> Params<'a> {
    pub(super) fn new(all: &'a BTreeMap<String, String>) -> Self {
        Self {
            all,
            prefix: String::new(),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.all
            .get(&format!("{}{name}", self.prefix))
            .map(String::as_str)
    }

    /// The value of a parameter that must be there and not empty.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::missing(&format!("{}{name}", self.prefix)))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None | Some("") => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(ApiError::value(name, text, "Must be true or false.")),
        }
    }

    /// A value that parses as `T`.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        match self.text(name) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| ApiError::value(name, text, "")),
        }
    }

    /// The id of a resource that must be named.
    pub(super) fn id(&self, name: &str, kind: Kind) -> Result<ResourceId, ApiError> {
        ResourceId::parse(kind, self.required(name)?)
    }

    pub(super) fn optional_id(
        &self,
        name: &str,
        kind: Kind,
    ) -> Result<Option<ResourceId>, ApiError> {
        match self.text(name) {
            None | Some("") => Ok(None),
            Some(text) => ResourceId::parse(kind, text).map(Some),
        }
    }

    pub(super) fn within(&self, name: &str) -> Self {
        Self {
            all: self.all,
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    /// Whether anything stands below this prefix.
    pub(super) fn is_given(&self) -> bool {
        self.names().next().is_some()
    }

    /// The parameters given below this prefix, each by the first part of its name.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.all
            .range(self.prefix.clone()..)
            .map_while(|(key, _)| key.strip_prefix(&self.prefix))
            .filter_map(|rest| rest.split('.').next().map(str::to_owned))
    }

    /// The members of a list of structures, by their numbers.
    pub(super) fn list(&self, name: &str) -> Vec<Self> {
        self.numbers(name)
            .into_iter()
            .map(|number| self.within(&format!("{name}.{number}")))
            .collect()
    }

    /// The members of a list of plain values.
    pub(super) fn strings(&self, name: &str) -> Vec<&'a str> {
        self.numbers(name)
            .into_iter()
            .filter_map(|number| self.text(&format!("{name}.{number}")))
            .collect()
    }

    fn numbers(&self, name: &str) -> BTreeSet<u32> {
        let start = format!("{}{name}.", self.prefix);
        self.all
            .range(start.clone()..)
            .map_while(|(key, _)| key.strip_prefix(&start))
            .filter_map(|rest| rest.split('.').next()?.parse().ok())
            .collect()
    }
}
