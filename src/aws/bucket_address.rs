//! A place in S3, as people type it: `s3://bucket/prefix`.

use std::fmt;
use std::str::FromStr;

/// A bucket and a prefix in it.
///
/// The prefix has only characters that mean nothing in an IAM policy or a shell, and no empty part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketAddress {
    bucket: String,
    prefix: String,
}

/// Why a text is not the address of a place in S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a place in S3 ({problem}): write s3://bucket or s3://bucket/prefix", text.escape_debug())]
pub struct BucketAddressError {
    text: String,
    problem: &'static str,
}

impl BucketAddress {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key prefix of everything in this place: empty, or with a slash at its end.
    pub fn key_prefix(&self) -> String {
        match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    /// The key of something in this place.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.key_prefix())
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        match self.prefix.as_str() {
            "" => Ok(()),
            prefix => write!(f, "/{prefix}"),
        }
    }
}

impl FromStr for BucketAddress {
    type Err = BucketAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| BucketAddressError {
            text: text.to_owned(),
            problem,
        };
        let place = text
            .strip_prefix("s3://")
            .ok_or(wrong("it does not begin with s3://"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if !is_bucket(bucket) {
            return Err(wrong(
                "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens",
            ));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+@".contains(c);
        let bad = |part: &str| part.is_empty() || part.chars().all(|c| c == '.');
        if !prefix.is_empty()
            && prefix
                .split('/')
                .any(|part| bad(part) || !part.chars().all(plain))
        {
            return Err(wrong(
                "a prefix has letters, digits and -_.=+@ between its slashes",
            ));
        }
        // S3 keys have at most 1024 bytes (S3 user guide, "Naming Amazon S3 objects").
        if prefix.len() > 512 {
            return Err(wrong("the prefix is longer than 512 characters"));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

/// General purpose buckets (S3 user guide, "Bucket naming rules").
fn is_bucket(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    (3..=63).contains(&name.len())
        && name.chars().all(inside)
        && ends(name.chars().next())
        && ends(name.chars().next_back())
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_keys_and_nothing_else() {
        let team: BucketAddress = "s3://acme-vpn/underpass/prod/".parse().unwrap();
        assert_eq!(team.to_string(), "s3://acme-vpn/underpass/prod");
        assert_eq!(
            team.key("plant-7/lock.json"),
            "underpass/prod/plant-7/lock.json"
        );
        let bare: BucketAddress = "s3://acme.vpn".parse().unwrap();
        assert_eq!(
            (bare.key("x"), bare.to_string()),
            ("x".into(), "s3://acme.vpn".into())
        );
        for wrong in [
            "acme-vpn/underpass",
            "s3://",
            "s3://Acme",
            "s3://a..b",
            "s3://acme-vpn//underpass",
            "s3://acme-vpn/../other",
            "s3://acme-vpn/*",
            "s3://acme-vpn/a\nb",
            "s3://acme-vpn/${aws:username}",
            "",
        ] {
            let error = wrong.parse::<BucketAddress>().unwrap_err().to_string();
            assert!(error.contains("write s3://bucket"), "{wrong}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
