//! The sandbox over HTTP/1.1, on loopback addresses.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::ApiError;
use super::sandbox::Sandbox;
use super::wire::{Reply, Request};
use crate::clock::Clock;

/// How far a client's clock may be off: EC2 refuses a signature that is older or newer than this.
const MOST_SKEW: Duration = Duration::from_secs(300);

/// The largest body that is read; EC2's own requests stay far below.
const MOST_BYTES: usize = 1024 * 1024;

/// Serves until `stop` resolves, then lets the requests under way finish.
///
/// Refuses to listen on anything but a loopback address: the sandbox checks no signatures.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let message = format!("the sandbox serves loopback addresses only, not {address}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(sandbox.clone(), stream, stopped.clone()));
                }
                // Of one client (reset before accept) or of this process (out of descriptors):
                // neither may end the others' connections, and a busy loop must not follow.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn connection(sandbox: Sandbox, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| answer(sandbox.clone(), request));
    let mut connection =
        pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // A client that goes away is the client's business: the results are of no interest.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}

/// The error that makes hyper drop a connection instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("the reply was lost on purpose")]
struct Lost;

async fn answer(
    sandbox: Sandbox,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Lost> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
        let reply = Reply::new(
            413,
            "text/plain;charset=UTF-8",
            b"body too large\n".to_vec(),
        );
        return Ok(response(reply));
    };
    let body = body.to_bytes();
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value)));
    let request = Request::from_http(parts.method.as_str(), path, headers, &body);
    let signed_at = parts.headers.get("x-amz-date");
    let reply = match signed_at.and_then(|at| skew(at.to_str().ok()?)) {
        Some(skew) if skew > MOST_SKEW => sandbox.refuse(&request, &ApiError::expired()),
        _ => sandbox.handle(&request),
    };
    // The delay is real time already.
    Clock::system().sleep(reply.delay).await;
    if reply.lost {
        Err(Lost)
    } else {
        Ok(response(reply))
    }
}

/// How far the time of a signature, as `20261122T080000Z`, is from ours; none when it is no time.
fn skew(signed_at: &str) -> Option<Duration> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed_at).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Clock::system().now().duration_since(at).unsigned_abs())
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (
            http::HeaderName::try_from(name),
            http::HeaderValue::try_from(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
