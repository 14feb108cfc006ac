//! The token buckets that EC2 throttles with, always on.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A group of actions that share a bucket (EC2 API reference, "Request throttling").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// `Describe*` and `Get*`.
    Read,
    /// Every other call, among them all that change VPN resources.
    Write,
    /// `CreateTags` and `DeleteTags`.
    Tags,
    /// What Direct Connect is asked.
    DirectRead,
    /// What is changed by Direct Connect.
    DirectWrite,
    /// STS, which publishes no such numbers: never throttled here.
    Unlimited,
}

impl Group {
    /// The size of the bucket in calls, and its refill in calls per second.
    fn limits(self) -> Option<(f64, f64)> {
        match self {
            // Direct Connect publishes no numbers: those of EC2 stand for them, in buckets of its own.
            Self::Read | Self::DirectRead => Some((100.0, 20.0)),
            Self::Write | Self::DirectWrite => Some((50.0, 5.0)),
            Self::Tags => Some((100.0, 10.0)),
            Self::Unlimited => None,
        }
    }
}

/// The buckets of every access key in every region. They refill in the world's time, and each
/// process has its own.
#[derive(Debug, Default)]
pub(super) struct Buckets(BTreeMap<(String, String, Group), Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Buckets {
    /// Takes a token; false when there is none. `share` is the caller's part of the buckets, 1.0
    /// when nobody else uses the account.
    pub(super) fn take(
        &mut self,
        whose: (&str, &str),
        group: Group,
        share: f64,
        now: Timestamp,
    ) -> bool {
        let Some((size, refill)) = group.limits() else {
            return true;
        };
        let (size, refill) = (size * share, refill * share);
        let (key, region) = whose;
        let bucket = self
            .0
            .entry((key.to_owned(), region.to_owned(), group))
            .or_insert(Bucket {
                tokens: size,
                at: now,
            });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = passed.mul_add(refill, bucket.tokens).min(size);
        bucket.at = bucket.at.max(now);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}
