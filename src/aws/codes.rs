//! EC2's and STS's error codes, and what each means.
//!
//! EC2 models no errors: the code is a string, and the message is never looked at. Direct Connect
//! has one code for everything that a caller did wrong, and only its message tells what.

use super::fault::FaultKind;
use super::fault::FaultKind::{
    AlreadyExists, Credentials, Denied, Invalid, NotFound, NotYet, Quota, Server, Throttled,
    WouldSucceed,
};

/// How a row recognises a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(&'static str),
    Begins(&'static str),
    Ends(&'static str),
}

impl Pattern {
    fn fits(self, code: &str) -> bool {
        match self {
            Self::Exactly(word) => code == word,
            Self::Begins(word) => code.starts_with(word),
            Self::Ends(word) => code.ends_with(word),
        }
    }
}

/// One code or family of codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pattern: Pattern,
    /// What it means.
    pub(super) kind: FaultKind,
    /// What a person can do.
    pub(super) hint: Option<&'static str>,
    /// Where the code is documented or was seen.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever doubts a row"))]
    source: Source,
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// "Error codes for the Amazon EC2 API".
    Ec2ErrorCodes,
    /// "Common error types" of the AWS Query APIs and STS.
    CommonErrors,
    /// The errors of the Direct Connect API reference.
    DirectConnect,
    /// The retry and delete logic of the AWS provider for Terraform.
    TerraformProvider,
    /// The retry classifiers of the AWS SDK for Rust.
    Sdk,
    /// "Error responses" of the S3 API reference.
    S3ErrorCodes,
}

use Pattern::{Begins, Ends, Exactly};
use Source::{CommonErrors, DirectConnect, Ec2ErrorCodes, S3ErrorCodes, Sdk, TerraformProvider};

/// The row that fits `code`; exact rows stand before families.
pub(super) fn find(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.pattern.fits(code))
}

/// The code of whatever a caller of Direct Connect did wrong.
pub(super) const CLIENT_EXCEPTION: &str = "DirectConnectClientException";

/// What a Direct Connect message means, by words that AWS is known to use.
///
/// Nothing else tells "there is none" from "that is wrong". A message that has none of the words is
/// `Invalid`, which gives up and shows it.
pub(super) fn direct_connect(message: &str) -> FaultKind {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&[
        "does not exist",
        "not found",
        "could not find",
        "no association exists",
    ]) {
        NotFound
    } else if says(&["already"]) {
        AlreadyExists
    } else if says(&["limit", "quota", "maximum number"]) {
        Quota
    } else if says(&[
        "still",
        "has virtual interfaces",
        "has associations",
        "in use",
        "must be in",
    ]) {
        NotYet
    } else {
        Invalid
    }
}

const fn row(pattern: Pattern, kind: FaultKind, source: Source) -> Row {
    Row {
        pattern,
        kind,
        hint: None,
        source,
    }
}

const fn hinted(pattern: Pattern, kind: FaultKind, source: Source, hint: &'static str) -> Row {
    Row {
        pattern,
        kind,
        hint: Some(hint),
        source,
    }
}

const RELOGIN: &str = "the credentials have expired: `aws sso login`, or fetch new ones, then run \
                       the same command again; nothing that was made is lost";
const CLOCK: &str = "the request's time is too far from AWS's: set this machine's clock";
const REGION: &str = "AWS does not accept these credentials in this Region: check them with \
                      `aws sts get-caller-identity`, and whether the Region is enabled for the \
                      account";
const BUCKET: &str = "the bucket does not exist: make it (private, versioning is welcome), or name \
                      another one with --journal";
const BUCKET_REGION: &str = "the bucket is in another Region: name it with AWS_REGION";
const QUOTA: &str = "a quota of this Region is reached: delete what is not needed or ask Service \
                     Quotas for more";

/// Every code that we tell apart. The first row that fits wins.
const TABLE: &[Row] = &[
    row(Exactly("DryRunOperation"), WouldSucceed, Ec2ErrorCodes),
    // Throttles. `…LimitExceeded` would make quotas of them, so they stand first.
    row(Exactly("RequestLimitExceeded"), Throttled, Ec2ErrorCodes),
    row(Exactly("BandwidthLimitExceeded"), Throttled, Sdk),
    row(Begins("Throttl"), Throttled, CommonErrors),
    row(Begins("RequestThrottled"), Throttled, Sdk),
    row(Exactly("EC2ThrottledException"), Throttled, Sdk),
    row(Exactly("TooManyRequestsException"), Throttled, Sdk),
    row(Exactly("SlowDown"), Throttled, Sdk),
    row(Exactly("PriorRequestNotComplete"), Throttled, Sdk),
    // Direct Connect's; a server's fault comes with the status 400, too.
    row(Exactly(CLIENT_EXCEPTION), Invalid, DirectConnect),
    row(
        Exactly("DirectConnectServerException"),
        Server,
        DirectConnect,
    ),
    row(Exactly("DuplicateTagKeysException"), Invalid, DirectConnect),
    row(Exactly("TooManyTagsException"), Invalid, DirectConnect),
    // S3's.
    hinted(Exactly("NoSuchBucket"), Invalid, S3ErrorCodes, BUCKET),
    hinted(
        Exactly("PermanentRedirect"),
        Invalid,
        S3ErrorCodes,
        BUCKET_REGION,
    ),
    hinted(
        Exactly("AuthorizationHeaderMalformed"),
        Invalid,
        S3ErrorCodes,
        BUCKET_REGION,
    ),
    row(Exactly("ConditionalRequestConflict"), NotYet, S3ErrorCodes),
    // In progress or in use.
    row(Exactly("IncorrectState"), NotYet, Ec2ErrorCodes),
    row(Exactly("ResourceNotReady"), NotYet, TerraformProvider),
    row(
        Exactly("ConcurrentMutationLimitExceeded"),
        NotYet,
        TerraformProvider,
    ),
    row(Begins("ConcurrentModification"), NotYet, TerraformProvider),
    row(Exactly("DependencyViolation"), NotYet, Ec2ErrorCodes),
    row(Exactly("Gateway.NotAttached"), NotYet, Ec2ErrorCodes),
    row(Ends(".InvalidState"), NotYet, Ec2ErrorCodes),
    row(Ends(".InUse"), NotYet, Ec2ErrorCodes),
    // With the table that is meant, which a look tells, or with one that it is just leaving.
    row(Exactly("Resource.AlreadyAssociated"), NotYet, Ec2ErrorCodes),
    // Gone, or not there yet.
    row(Ends(".NotFound"), NotFound, Ec2ErrorCodes),
    row(Exactly("InvalidVpnConnectionID"), NotFound, Ec2ErrorCodes),
    // There already.
    hinted(
        Exactly("InvalidVpcState"),
        AlreadyExists,
        Ec2ErrorCodes,
        "the VPC has a virtual private gateway already: a VPC has only one, so use that one",
    ),
    row(Exactly("RouteAlreadyExists"), AlreadyExists, Ec2ErrorCodes),
    row(Ends("AlreadyExists"), AlreadyExists, Ec2ErrorCodes),
    row(Ends(".Duplicate"), AlreadyExists, Ec2ErrorCodes),
    // Quotas.
    hinted(
        Exactly("VpnConnectionLimitExceeded"),
        Quota,
        Ec2ErrorCodes,
        "Service Quotas L-3E6EC3A3 (VPN connections per Region, 50) or L-B91E5754 (per virtual \
         private gateway, 10): delete one or ask for more",
    ),
    hinted(
        Exactly("VpnGatewayLimitExceeded"),
        Quota,
        Ec2ErrorCodes,
        "Service Quotas L-7029FAB6 (virtual private gateways per Region, 5): delete one or ask \
         for more",
    ),
    hinted(
        Exactly("CustomerGatewayLimitExceeded"),
        Quota,
        Ec2ErrorCodes,
        "Service Quotas L-4FB7FF5D (customer gateways per Region, 50): delete one or ask for more",
    ),
    hinted(
        Exactly("VpnGatewayAttachmentLimitExceeded"),
        Quota,
        Ec2ErrorCodes,
        "the gateway is attached to another VPC: it can be attached to one at a time",
    ),
    hinted(Ends("LimitExceeded"), Quota, Ec2ErrorCodes, QUOTA),
    // Who is asking.
    hinted(Exactly("ExpiredToken"), Credentials, CommonErrors, RELOGIN),
    hinted(
        Exactly("ExpiredTokenException"),
        Credentials,
        CommonErrors,
        RELOGIN,
    ),
    hinted(Exactly("RequestExpired"), Credentials, CommonErrors, CLOCK),
    hinted(
        Exactly("RequestInTheFuture"),
        Credentials,
        CommonErrors,
        CLOCK,
    ),
    hinted(Exactly("AuthFailure"), Credentials, Ec2ErrorCodes, REGION),
    hinted(
        Exactly("InvalidClientTokenId"),
        Credentials,
        CommonErrors,
        REGION,
    ),
    hinted(
        Exactly("UnrecognizedClientException"),
        Credentials,
        CommonErrors,
        REGION,
    ),
    row(
        Exactly("MissingAuthenticationToken"),
        Credentials,
        CommonErrors,
    ),
    row(Exactly("IncompleteSignature"), Credentials, CommonErrors),
    row(Exactly("SignatureDoesNotMatch"), Credentials, CommonErrors),
    hinted(Exactly("OptInRequired"), Credentials, Ec2ErrorCodes, REGION),
    hinted(
        Exactly("PendingVerification"),
        Credentials,
        Ec2ErrorCodes,
        "AWS is still verifying the account for this Region",
    ),
    hinted(
        Exactly("Blocked"),
        Credentials,
        Ec2ErrorCodes,
        "AWS has blocked the account: ask AWS Support",
    ),
    row(Exactly("InvalidAccessKeyId"), Credentials, S3ErrorCodes),
    row(Exactly("UnauthorizedOperation"), Denied, Ec2ErrorCodes),
    row(Exactly("OperationNotPermitted"), Denied, Ec2ErrorCodes),
    row(Begins("AccessDenied"), Denied, CommonErrors),
    // AWS's side.
    row(Exactly("InternalError"), Server, Ec2ErrorCodes),
    row(Exactly("InternalFailure"), Server, CommonErrors),
    row(Exactly("ServiceUnavailable"), Server, CommonErrors),
    row(Exactly("Unavailable"), Server, Ec2ErrorCodes),
    // The request.
    row(Begins("Invalid"), Invalid, Ec2ErrorCodes),
    row(Begins("Missing"), Invalid, Ec2ErrorCodes),
    row(Begins("Unknown"), Invalid, Ec2ErrorCodes),
    row(Begins("Unsupported"), Invalid, Ec2ErrorCodes),
    row(Exactly("MalformedQueryString"), Invalid, CommonErrors),
    row(Exactly("ValidationError"), Invalid, CommonErrors),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_hides_behind_an_earlier_one() {
        for (at, row) in TABLE.iter().enumerate() {
            let (Exactly(word) | Begins(word) | Ends(word)) = row.pattern;
            let first = TABLE.iter().position(|earlier| earlier.pattern.fits(word));
            assert_eq!(first, Some(at), "{word} never gets its turn");
            assert!(
                !(row.kind == Quota && row.hint.is_none()),
                "{word}: a quota without its code helps nobody ({:?})",
                row.source
            );
        }
    }

    #[test]
    fn codes_mean_what_the_vpn_calls_mean_by_them() {
        for (code, kind) in [
            ("InvalidVpnConnectionID.NotFound", NotFound),
            ("InvalidVpnGatewayAttachment.NotFound", NotFound),
            ("InvalidVpcID.NotFound", NotFound),
            ("InvalidVpnGatewayID.Malformed", Invalid),
            ("InvalidParameterCombination", Invalid),
            ("ThrottlingException", Throttled),
            ("VpcEndpointLimitExceeded", Quota),
            ("TagLimitExceeded", Quota),
            ("ConcurrentModificationException", NotYet),
            ("InvalidPermission.Duplicate", AlreadyExists),
            ("Resource.AlreadyAssociated", NotYet),
        ] {
            assert_eq!(find(code).map(|row| row.kind), Some(kind), "{code}");
        }
        assert!(find("SomethingNew").is_none());
    }
}
