//! An S3 of one bucket inside the tests' process, in virtual time, that can fail as wires do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::bucket_address::BucketAddress;
use super::client::Target;
use super::in_process::{self, Exchange};
use super::objects::Objects;
use super::transport::{self, Patience};
use crate::clock::Clock;

#[derive(Clone, Debug)]
struct Stored {
    body: Vec<u8>,
    etag: String,
    writer: String,
    at: i64,
}

/// The bucket; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct FakeS3 {
    clock: Clock,
    region: &'static str,
    objects: Arc<Mutex<BTreeMap<String, Stored>>>,
}

/// What is wrong with one client's wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    /// Nothing gets through.
    pub(crate) cut: bool,
    /// So many answers are lost after their effect.
    pub(crate) lose: u32,
    /// How many requests were made.
    pub(crate) requests: u32,
}

impl FakeS3 {
    /// An empty bucket in a Region.
    pub(crate) fn new(region: &'static str) -> Self {
        Self {
            clock: Clock::starting_at("2026-11-22T08:00:00Z".parse().unwrap(), 1.0),
            region,
            objects: Arc::default(),
        }
    }

    /// A client with a wire of its own, which takes the bucket to be in `us-east-1`.
    pub(crate) fn client(&self) -> (Objects, Arc<Mutex<Wire>>) {
        let wire: Arc<Mutex<Wire>> = Arc::default();
        let (s3, own) = (self.clone(), Arc::clone(&wire));
        let http = in_process::http_client(move |request| s3.exchange(request, &own));
        let target = Target {
            region: "us-east-1".parse().unwrap(),
            profile: None,
            endpoint_url: None,
            sandbox: None,
        };
        let config = transport::in_process(&target, http, Patience::default());
        let address: BucketAddress = "s3://acme-vpn/underpass".parse().unwrap();
        (Objects::over(&address, &config, true), wire)
    }

    fn exchange(&self, request: &HttpRequest, wire: &Mutex<Wire>) -> Exchange {
        let mut wire = wire.lock().unwrap();
        wire.requests += 1;
        let mut answer = match wire.cut {
            true => reply(503, &[], ""),
            false => self.answer(request),
        };
        answer.lost = wire.cut;
        if wire.lose > 0 && request.method() == "PUT" {
            wire.lose -= 1;
            answer.lost = true;
        }
        answer
    }

    fn answer(&self, request: &HttpRequest) -> Exchange {
        let header = |name: &str| request.headers().get(name).map(str::to_owned);
        let signed = header("authorization").unwrap();
        if !signed.contains(&format!("/{}/s3/", self.region)) {
            return reply(
                301,
                &[("x-amz-bucket-region", self.region)],
                "<Error><Code>PermanentRedirect</Code></Error>",
            );
        }
        let now = self.clock.now().as_second();
        let path = request.uri().split('?').next().unwrap();
        let key = path.split_once("/acme-vpn/").unwrap().1.to_owned();
        let mut objects = self.objects.lock().unwrap();
        let there = objects.get(&key).cloned();
        if request.method() == "GET" {
            let date = |seconds| DateTime::from_secs(seconds).fmt(Format::HttpDate).unwrap();
            return match there {
                None => reply(404, &[], "<Error><Code>NoSuchKey</Code></Error>"),
                Some(it) => reply(
                    200,
                    &[
                        ("etag", &it.etag),
                        ("last-modified", &date(it.at)),
                        ("date", &date(now)),
                        ("content-length", &it.body.len().to_string()),
                        ("x-amz-meta-writer", &it.writer),
                    ],
                    std::str::from_utf8(&it.body).unwrap(),
                ),
            };
        }
        let absent = header("if-none-match").is_some() && there.is_some();
        let wanted = header("if-match");
        let changed = wanted.is_some() && wanted != there.map(|it| it.etag);
        if absent || changed {
            return reply(412, &[], "<Error><Code>PreconditionFailed</Code></Error>");
        }
        let etag = format!("\"{}-{}\"", objects.len(), self.clock.now().as_nanosecond());
        let stored = Stored {
            body: request.body().bytes().unwrap().to_vec(),
            etag: etag.clone(),
            writer: header("x-amz-meta-writer").unwrap(),
            at: now,
        };
        objects.insert(key, stored);
        reply(200, &[("etag", &etag)], "")
    }
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let headers = headers.iter();
    Exchange {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        // Two writes at the very same moment would have the same etag.
        delay: Duration::from_millis(5),
        lost: false,
    }
}
