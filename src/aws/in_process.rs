//! The SDK's HTTP client without a network: requests go to a function in this process.
//!
//! Everything above stays real: serialisation, signatures, retries, time-outs, XML.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::decoded::Early;
use crate::sandbox::{Reply, Request, Sandbox};

/// Who asks, to the sandbox's eyes.
pub(super) const ACCESS_KEY: &str = "SANDBOX";

/// An answer, and what happens to it on its way.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// The HTTP status.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
    /// Real time until it comes.
    pub(super) delay: Duration,
    /// Whether the connection breaks instead.
    pub(super) lost: bool,
}

impl From<Reply> for Exchange {
    fn from(reply: Reply) -> Self {
        Self {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            delay: reply.delay,
            lost: reply.lost,
        }
    }
}

type Handler = dyn Fn(&HttpRequest) -> Exchange + Send + Sync;

/// The client; its connector is itself.
#[derive(Clone)]
struct InProcess {
    handler: Arc<Handler>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

/// An HTTP client that asks `handler`.
pub(super) fn http_client(
    handler: impl Fn(&HttpRequest) -> Exchange + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(InProcess {
        handler: Arc::new(handler),
    })
}

/// An HTTP client that asks the sandbox, unless it was asked before.
pub(super) fn sandbox(sandbox: Sandbox, early: Early) -> SharedHttpClient {
    http_client(move |request| {
        let body = request.body().bytes().unwrap_or_default();
        if let Some(exchange) = early.take(body) {
            return exchange;
        }
        let headers = request.headers().iter();
        let request = Request::from_http(request.method(), path_and_query(request), headers, body);
        sandbox.handle(&request).into()
    })
}

/// What a server sees of the request's address.
fn path_and_query(request: &HttpRequest) -> &str {
    let address = request.uri();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let exchange = (self.handler)(&request);
        HttpConnectorFuture::new(answer(exchange))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a delay on the wire is real time, whatever the clock's scale"
)]
async fn answer(exchange: Exchange) -> Result<HttpResponse, ConnectorError> {
    if !exchange.delay.is_zero() {
        tokio::time::sleep(exchange.delay).await;
    }
    if exchange.lost {
        let reset = "the connection broke after the request was sent";
        let error = io::Error::new(io::ErrorKind::ConnectionReset, reset);
        return Err(ConnectorError::io(error.into()));
    }
    let status = exchange
        .status
        .try_into()
        .map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(exchange.body));
    for (name, value) in exchange.headers {
        response
            .headers_mut()
            .try_insert(name, value)
            .map_err(|error| ConnectorError::other(Box::new(error), None))?;
    }
    Ok(response)
}
