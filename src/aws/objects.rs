//! Small objects in an S3 bucket, written under conditions: one winner, whoever else writes.
//!
//! S3 answers a `PutObject` with `If-None-Match: *` or `If-Match` 412 when the object is another
//! than the caller believes, and 409 when another conditional write is under way (S3 user guide,
//! "Conditional writes").

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_sdk_s3::config::Builder as S3Config;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::bucket_address::BucketAddress;
use super::client::Target;
use super::date_header::DateHeader;
use super::fault::{Fault, FaultKind};
use super::transport::{self, Patience};
use crate::clock::Clock;

/// No object of ours comes near this: a plan has some hundred kilobytes at most.
const LARGEST: u64 = 16 * 1024 * 1024;

/// How often a conditional write that met another one (409) is repeated.
const CONFLICTS: u32 = 20;

/// How long after that.
const PAUSE: Duration = Duration::from_millis(200);

/// How often a request is made when S3 is busy or does not answer: with the time-out of one try,
/// less than the proof of a lock is good for.
const ATTEMPTS: u32 = 3;

/// How many objects are read at the same time.
const AT_ONCE: usize = 16;

/// The metadata that tells who wrote an object, so that a lost reply can be told from a lost race.
const WRITER: &str = "writer";

/// Where to find a bucket, and as whom.
#[derive(Clone, Debug)]
pub struct BucketTarget {
    /// The place.
    pub address: BucketAddress,
    /// A profile of the AWS configuration files, and then no other source of credentials.
    pub profile: Option<String>,
    /// Another endpoint than AWS's; the bucket's name is then part of the path.
    pub endpoint_url: Option<String>,
}

/// What S3 calls a version of an object's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(String);

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its content.
    pub body: Vec<u8>,
    /// Which content that is.
    pub etag: Etag,
    /// How long ago it was written, by S3's own clock alone and in whole seconds; none when the
    /// answer does not say.
    pub age: Option<Duration>,
    writer: Option<String>,
}

/// What became of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is written.
    Done(Etag),
    /// It is not: what is there is not what the condition says.
    Lost,
}

/// What a prefix holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The keys, without the prefix.
    pub keys: Vec<String>,
    /// The folders directly below, without the prefix and the slash.
    pub folders: Vec<String>,
}

/// The objects of one place; clones share connections.
#[derive(Clone, Debug)]
pub struct Objects {
    address: BucketAddress,
    /// For buckets in another Region than the environment says, which S3 tells when it is asked.
    client: Arc<Mutex<aws_sdk_s3::Client>>,
}

/// The condition of a write.
#[derive(Clone, Copy, Debug)]
enum When<'a> {
    Absent,
    Match(&'a Etag),
}

impl Objects {
    /// The objects of a place.
    ///
    /// The Region is the environment's or the profile's; where the bucket is in another one, S3
    /// says so and is asked again there. Sends nothing: a missing bucket shows at the first call.
    pub async fn connect(target: &BucketTarget) -> Result<Self, Fault> {
        let patience = Patience {
            connect: Duration::from_secs(5),
            // Well below what the proof of a lock is good for.
            attempt: Duration::from_secs(8),
        };
        let profile = target.profile.as_deref();
        let remote = Target {
            region: transport::usual_region(profile).await?,
            profile: target.profile.clone(),
            endpoint_url: target.endpoint_url.clone(),
            sandbox: None,
        };
        remote.check_endpoint()?;
        let config = transport::remote(&remote, patience).await;
        let by_path = target.endpoint_url.is_some();
        Ok(Self::over(&target.address, &config, by_path))
    }

    /// The objects of a place over a configuration that stands.
    pub(super) fn over(
        address: &BucketAddress,
        config: &aws_config::SdkConfig,
        by_path: bool,
    ) -> Self {
        let config = S3Config::from(config)
            .force_path_style(by_path)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        Self {
            address: address.clone(),
            client: Arc::new(Mutex::new(aws_sdk_s3::Client::from_conf(config.build()))),
        }
    }

    /// The place.
    pub fn address(&self) -> &BucketAddress {
        &self.address
    }

    /// An object's address, as a person would paste it.
    pub fn place(&self, name: &str) -> String {
        format!("s3://{}/{}", self.address.bucket(), self.address.key(name))
    }

    /// Reads an object; none when there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Object>, Fault> {
        const ACTION: &str = "GetObject";
        let key = self.address.key(name);
        let date = DateHeader::default();
        let answer = self
            .ask(|client| {
                let request = client
                    .get_object()
                    .bucket(self.address.bucket())
                    .key(key.clone())
                    .customize()
                    .interceptor(date.clone());
                async move { request.send().await }
            })
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(Fault::from_sdk(ACTION, &error)),
        };
        let length = answer
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if length.is_none_or(|length| length > LARGEST) {
            let message = format!("{} is larger than anything of ours", self.place(name));
            return Err(Fault::of_kind(ACTION, FaultKind::Invalid, &message));
        }
        let written = answer.last_modified().map(|time| time.secs());
        let age = date.seconds().zip(written).map(|(now, then)| now - then);
        let etag = Etag(answer.e_tag().unwrap_or_default().to_owned());
        let writer = answer.metadata().and_then(|all| all.get(WRITER)).cloned();
        let body = answer
            .body
            .collect()
            .await
            .map_err(|error| Fault::of_kind(ACTION, FaultKind::Lost, &error.to_string()))?;
        Ok(Some(Object {
            body: body.to_vec(),
            etag,
            age: age.map(|age| Duration::from_secs(u64::try_from(age).unwrap_or(0))),
            writer,
        }))
    }

    /// Writes an object unless there is one.
    ///
    /// `writer` has to be this writer's alone: when an answer is lost, it tells from others'
    /// objects what this call has written.
    pub async fn put_if_absent(&self, name: &str, body: &[u8], writer: &str) -> Result<Put, Fault> {
        self.put(name, body, writer, When::Absent).await
    }

    /// Replaces an object, if its content is still the one that was read.
    pub async fn put_if_match(
        &self,
        name: &str,
        body: &[u8],
        writer: &str,
        etag: &Etag,
    ) -> Result<Put, Fault> {
        self.put(name, body, writer, When::Match(etag)).await
    }

    async fn put(
        &self,
        name: &str,
        body: &[u8],
        writer: &str,
        when: When<'_>,
    ) -> Result<Put, Fault> {
        let mut further = CONFLICTS;
        loop {
            let error = match self.put_once(name, body, writer, when).await {
                Ok(etag) => return Ok(Put::Done(etag)),
                Err(error) => error,
            };
            let status = error.raw_response().map(|raw| raw.status().as_u16());
            let fault = Fault::from_sdk("PutObject", &error);
            match status {
                // Another conditional write was under way, and nobody knows yet who wins.
                Some(409) if further > 0 => {
                    further -= 1;
                    Clock::system().sleep(PAUSE).await;
                }
                // 404: what should be replaced is gone.
                Some(412 | 404) if fault.code.as_deref() != Some("NoSuchBucket") => {
                    let there = self.get(name).await?;
                    return Ok(there.map_or(Put::Lost, |it| it.written_by(body, writer)));
                }
                _ if matches!(fault.kind, FaultKind::Lost | FaultKind::Server) => {
                    // It may have been written all the same.
                    return match self.get(name).await {
                        Ok(Some(there)) => match there.written_by(body, writer) {
                            Put::Lost => Err(fault),
                            done @ Put::Done(_) => Ok(done),
                        },
                        _ => Err(fault),
                    };
                }
                _ => return Err(fault),
            }
        }
    }

    async fn put_once(
        &self,
        name: &str,
        body: &[u8],
        writer: &str,
        when: When<'_>,
    ) -> Result<Etag, SdkError<PutObjectError, HttpResponse>> {
        let key = self.address.key(name);
        let answer = self
            .ask(|client| {
                let request = client
                    .put_object()
                    .bucket(self.address.bucket())
                    .key(key.clone())
                    .metadata(WRITER, writer)
                    .body(ByteStream::from(body.to_vec()));
                let request = match when {
                    When::Absent => request.if_none_match("*"),
                    When::Match(etag) => request.if_match(etag.0.clone()),
                };
                async move { request.send().await }
            })
            .await?;
        Ok(Etag(answer.e_tag().unwrap_or_default().to_owned()))
    }

    /// Everything below a folder, or only what is directly in it.
    pub async fn list(&self, folder: &str, deep: bool) -> Result<Listing, Fault> {
        let prefix = self.address.key(folder);
        let mut listing = Listing::default();
        let mut next: Option<String> = None;
        loop {
            let answer = self
                .ask(|client| {
                    let request = client
                        .list_objects_v2()
                        .bucket(self.address.bucket())
                        .prefix(prefix.clone())
                        .set_delimiter((!deep).then(|| "/".to_owned()))
                        .set_continuation_token(next.clone());
                    async move { request.send().await }
                })
                .await
                .map_err(|error| Fault::from_sdk("ListObjectsV2", &error))?;
            let keys = answer.contents().iter().filter_map(|object| object.key());
            let keys = keys.filter_map(|key| key.strip_prefix(&prefix));
            listing.keys.extend(keys.map(str::to_owned));
            let folders = answer.common_prefixes().iter().filter_map(|it| it.prefix());
            let folders = folders.filter_map(|it| it.strip_prefix(&prefix)?.strip_suffix('/'));
            listing.folders.extend(folders.map(str::to_owned));
            next = answer.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(listing);
            }
        }
    }

    /// Reads several objects, in this order; those that are not there are left out.
    pub async fn get_all(&self, names: Vec<String>) -> Result<Vec<Object>, Fault> {
        let read = |name: String| {
            let objects = self.clone();
            async move { objects.get(&name).await }
        };
        let reads = stream::iter(names).map(read).buffered(AT_ONCE);
        let objects: Vec<Option<Object>> = reads.try_collect().await?;
        Ok(objects.into_iter().flatten().collect())
    }

    /// Asks S3, and once more where it says that the bucket is.
    async fn ask<T, E, F>(
        &self,
        request: impl Fn(aws_sdk_s3::Client) -> F,
    ) -> Result<T, SdkError<E, HttpResponse>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let client = self.client();
        let answer = request(client.clone()).await;
        let Some(region) = answer
            .as_ref()
            .err()
            .and_then(|error| elsewhere(&client, error))
        else {
            return answer;
        };
        let config = client.config().to_builder().region(Region::new(region));
        *self.lock() = aws_sdk_s3::Client::from_conf(config.build());
        request(self.client()).await
    }

    fn client(&self) -> aws_sdk_s3::Client {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, aws_sdk_s3::Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object {
    /// Whether this is what `writer` wanted to write.
    fn written_by(self, body: &[u8], writer: &str) -> Put {
        if self.body == body && self.writer.as_deref() == Some(writer) {
            Put::Done(self.etag)
        } else {
            Put::Lost
        }
    }
}

/// The Region that S3 names when the bucket is in another one: 301 `PermanentRedirect`, 307, or 400
/// `AuthorizationHeaderMalformed`.
fn elsewhere<E>(client: &aws_sdk_s3::Client, error: &SdkError<E, HttpResponse>) -> Option<String> {
    let raw = error.raw_response()?;
    let region = raw.headers().get("x-amz-bucket-region")?;
    let asked = client.config().region().map(Region::as_ref);
    let moved = matches!(raw.status().as_u16(), 301 | 307 | 400) && asked != Some(region);
    moved.then(|| region.to_owned())
}
