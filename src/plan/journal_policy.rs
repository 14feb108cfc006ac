//! What a journal in S3 needs, as statements of a policy.

use serde_json::{Value, json};

use super::policy::{partition, statement};
use crate::aws::BucketAddress;
use crate::spec::Region;

/// The statements for runs and locks in a place of S3, which is in the same partition as `region`.
///
/// Nothing is ever deleted, so `s3:DeleteObject` is not among them: a lock is given free by writing
/// so. Listing tells a record that is not there from one that may not be read.
pub fn journal_policy(place: &BucketAddress, region: &Region) -> [Value; 2] {
    let bucket = format!("arn:{}:s3:::{}", partition(region), place.bucket());
    let prefix = place.key_prefix();
    let only = json!({ "StringLike": { "s3:prefix": format!("{prefix}*") } });
    [
        statement(
            "Journal",
            &["s3:GetObject".to_owned(), "s3:PutObject".to_owned()],
            &[format!("{bucket}/{prefix}*")],
            None,
        ),
        statement(
            "ListJournal",
            &["s3:ListBucket".to_owned()],
            &[bucket],
            Some(only),
        ),
    ]
}
