//! The ways in which EC2 fails, injected on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use super::error::{ApiError, SandboxError};
use super::quota::Quota;
use crate::clock::IdSource;

/// Which failures are injected. The default is none; what AWS does on a good day stays on
/// (tunnel order, token buckets, quotas, a moment of NotFound after a create).
///
/// Parsed from a list such as
/// `throttle,lost-replies,denied:CreateVpnConnection,quota:vpn-gateways=1`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Random `RequestLimitExceeded`, at most three in a row for an action.
    pub throttle: bool,
    /// Changes that take effect, but whose reply is lost; at most two in a row for an action.
    pub lost_replies: bool,
    /// New objects stay unseen for up to 5 minutes, and lists are out of date.
    pub slow_consistency: bool,
    /// Random `InternalError` and `Unavailable` before the effect, at most two in a row.
    pub errors: bool,
    /// Replies that take 0.1 to 2 seconds of the world's time.
    pub latency: bool,
    /// Every list in a new order on every call.
    pub shuffle: bool,
    /// Tunnel options that were never given are not shown. Captures of real connections differ in
    /// whether AWS shows its defaults; a client must cope with both.
    pub sparse_options: bool,
    /// Every call fails as with credentials that have expired.
    pub expired_credentials: bool,
    /// Actions that the caller has no permission for.
    pub denied: BTreeSet<String>,
    /// What the random faults and all drawn durations depend on.
    pub seed: u64,
    quotas: BTreeMap<Quota, usize>,
    script: Vec<Scripted>,
}

/// A failure injected into exactly one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// The call takes effect and its reply is lost.
    LostReply,
    /// `RequestLimitExceeded`, without effect.
    Throttled,
    /// `InternalError`, HTTP 500, without effect.
    InternalError,
    /// `Unavailable`, HTTP 503, without effect.
    Unavailable,
    /// `UnauthorizedOperation`, without effect.
    Denied,
    /// `RequestExpired`, without effect.
    Expired,
}

#[derive(Clone, Debug, PartialEq)]
struct Scripted {
    action: String,
    nth: u32,
    injected: Injected,
}

impl Faults {
    /// The names that [`from_str`](Self::from_str) knows.
    pub const KNOWN: &str = "throttle, lost-replies, slow-consistency, errors, latency, shuffle, \
        sparse-options, expired-credentials, denied:ACTION, quota:NAME=NUMBER, seed:NUMBER";

    /// Loses the reply of the first call of an action from now on.
    #[must_use]
    pub fn lose_reply_of(self, action: &str) -> Self {
        self.script(action, 1, Injected::LostReply)
    }

    /// Injects a failure into the `nth` call of an action, counted from 1 and from now on.
    #[must_use]
    pub fn script(mut self, action: &str, nth: u32, injected: Injected) -> Self {
        self.script.push(Scripted {
            action: action.to_owned(),
            nth,
            injected,
        });
        self
    }

    /// Denies an action.
    #[must_use]
    pub fn deny(mut self, action: &str) -> Self {
        self.denied.insert(action.to_owned());
        self
    }

    /// Changes the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub(super) fn quotas(&self) -> &BTreeMap<Quota, usize> {
        &self.quotas
    }

    fn set(&mut self, item: &str) -> Option<()> {
        match item {
            "throttle" => self.throttle = true,
            "lost-replies" => self.lost_replies = true,
            "slow-consistency" => self.slow_consistency = true,
            "errors" => self.errors = true,
            "latency" => self.latency = true,
            "shuffle" => self.shuffle = true,
            "sparse-options" => self.sparse_options = true,
            "expired-credentials" => self.expired_credentials = true,
            item => {
                let (name, value) = item.split_once(':')?;
                match name {
                    "denied" if !value.is_empty() => {
                        self.denied.insert(value.to_owned());
                    }
                    "quota" => {
                        let (quota, limit) = value.split_once('=')?;
                        self.quotas
                            .insert(Quota::by_name(quota)?, limit.parse().ok()?);
                    }
                    "seed" => self.seed = value.parse().ok()?,
                    _ => return None,
                }
            }
        }
        Some(())
    }
}

impl FromStr for Faults {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut faults = Self::default();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            faults.set(item).ok_or_else(|| {
                let quota = item.starts_with("quota:");
                SandboxError::Unknown {
                    what: if quota { "quota" } else { "fault" },
                    given: item.to_owned(),
                    known: if quota { Quota::NAMES } else { Self::KNOWN },
                }
            })?;
        }
        Ok(faults)
    }
}

/// The faults with what they remember from call to call.
#[derive(Debug)]
pub(super) struct FaultState {
    pub(super) faults: Faults,
    random: IdSource,
    counts: BTreeMap<String, u32>,
    in_a_row: BTreeMap<(&'static str, String), u32>,
}

/// What is to happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// Fails without effect.
    pub(super) fails: Option<Injected>,
    /// Takes effect, but the reply is lost.
    pub(super) loses_reply: bool,
    /// How much of the world's time passes before the reply.
    pub(super) latency: Duration,
    /// How far back lists see.
    pub(super) lag: Duration,
}

impl FaultState {
    pub(super) fn new(faults: Faults) -> Self {
        let random = IdSource::seeded(faults.seed);
        Self {
            faults,
            random,
            counts: BTreeMap::new(),
            in_a_row: BTreeMap::new(),
        }
    }

    /// Decides about a call. Draws the same numbers whatever is switched on, so that a seed means
    /// the same calls in every profile.
    pub(super) fn decide(&mut self, action: &str, mutating: bool) -> Fate {
        let count = self.counts.entry(action.to_owned()).or_default();
        *count += 1;
        let nth = *count;
        let scripted = self
            .faults
            .script
            .iter()
            .find(|scripted| scripted.action == action && scripted.nth == nth)
            .map(|scripted| scripted.injected);
        let [throttle, error, silence, latency, lag] = [(); 5].map(|()| self.random.fraction());
        let mut fails = scripted.filter(|injected| *injected != Injected::LostReply);
        if fails.is_none() && self.faults.expired_credentials {
            fails = Some(Injected::Expired);
        }
        if fails.is_none() && self.faults.denied.contains(action) {
            fails = Some(Injected::Denied);
        }
        if fails.is_none()
            && self.happens("throttle", action, self.faults.throttle, throttle < 0.3, 3)
        {
            fails = Some(Injected::Throttled);
        }
        if fails.is_none() && self.happens("errors", action, self.faults.errors, error < 0.2, 2) {
            fails = Some(if error < 0.1 {
                Injected::InternalError
            } else {
                Injected::Unavailable
            });
        }
        let lost = mutating
            && fails.is_none()
            && self.happens("lost", action, self.faults.lost_replies, silence < 0.4, 2);
        Fate {
            fails,
            loses_reply: lost || scripted == Some(Injected::LostReply),
            latency: when(self.faults.latency, latency.mul_add(1.9, 0.1)),
            lag: when(self.faults.slow_consistency, lag * 30.0),
        }
    }

    /// Bounds a random fault to `most` in a row.
    fn happens(
        &mut self,
        fault: &'static str,
        action: &str,
        enabled: bool,
        drawn: bool,
        most: u32,
    ) -> bool {
        if !enabled {
            return false;
        }
        let row = self.in_a_row.entry((fault, action.to_owned())).or_default();
        let happens = drawn && *row < most;
        *row = if happens { *row + 1 } else { 0 };
        happens
    }
}

fn when(enabled: bool, seconds: f64) -> Duration {
    if enabled {
        Duration::from_secs_f64(seconds)
    } else {
        Duration::ZERO
    }
}

/// The error of a failure that was injected.
pub(super) fn error(injected: Injected, caller: &Caller<'_>) -> Option<ApiError> {
    Some(match injected {
        Injected::LostReply => return None,
        Injected::Throttled => ApiError::throttled(),
        Injected::InternalError => {
            ApiError::with_status(500, "InternalError", "An internal error has occurred")
        }
        Injected::Unavailable => ApiError::with_status(
            503,
            "Unavailable",
            "The service is unavailable. Please try again shortly.",
        ),
        Injected::Denied => denied(caller),
        Injected::Expired if caller.service == "sts" => ApiError::with_status(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        Injected::Expired => ApiError::new("RequestExpired", "Request has expired."),
    })
}

/// Who called what: the words of a refusal.
pub(super) struct Caller<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) action: &'a str,
    /// The type of resource in the refusal's ARN.
    pub(super) resource_type: &'a str,
}

fn denied(caller: &Caller<'_>) -> ApiError {
    let Caller {
        service,
        region,
        account,
        action,
        resource_type,
    } = caller;
    if *service == "sts" {
        return ApiError::with_status(
            403,
            "AccessDenied",
            format!(
                "User: arn:aws:iam::{account}:user/sandbox is not authorized to perform: \
                 sts:{action} because no identity-based policy allows the sts:{action} action"
            ),
        );
    }
    ApiError::with_status(
        403,
        "UnauthorizedOperation",
        format!(
            "You are not authorized to perform this operation. User: \
             arn:aws:iam::{account}:user/sandbox is not authorized to perform: ec2:{action} on \
             resource: arn:aws:ec2:{region}:{account}:{resource_type}/* because no identity-based \
             policy allows the ec2:{action} action. Encoded authorization failure message: SANDBOX"
        ),
    )
}
