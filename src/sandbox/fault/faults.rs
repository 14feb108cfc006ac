//! What somebody switched on.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::trouble::{ALL, Trouble, WITH_VALUE};
use crate::sandbox::error::SandboxError;
use crate::sandbox::quota::Quota;

/// Which failures are injected. The default is none; what AWS does on a good day stays on
/// (tunnel order, token buckets, quotas, a moment of NotFound after a create).
///
/// Parsed from a list such as
/// `throttle,lost-replies,denied:CreateVpnConnection,quota:vpn-gateways=1`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// What is switched on by name.
    pub troubles: BTreeSet<Trouble>,
    /// Actions that the caller has no permission for.
    pub denied: BTreeSet<String>,
    /// How long a gateway stays `detaching`, instead of a minute or two; without an end until
    /// other faults are set.
    pub stuck_detach: Option<Stuck>,
    /// When credentials expire and when they are good again, after these faults were set.
    pub expiring_credentials: Option<(Duration, Option<Duration>)>,
    /// Whether whatever takes AWS seconds or minutes takes it a tenth of that, as on a very good
    /// day: for playing thousands of lives, most of which would be spent looking.
    pub quick: bool,
    /// What the random faults and all drawn durations depend on.
    pub seed: u64,
    pub(super) quotas: BTreeMap<Quota, usize>,
    pub(super) script: Vec<Scripted>,
}

/// How long something is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// For so long.
    For(Duration),
    /// Until other faults are set.
    Forever,
}

/// A failure injected into exactly one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injected {
    /// The connection breaks before the request arrives.
    Reset,
    /// The call takes effect and its reply is lost.
    LostReply,
    /// `RequestLimitExceeded`, without effect.
    Throttled,
    /// `InternalError`, HTTP 500, without effect.
    InternalError,
    /// `Unavailable`, HTTP 503, without effect.
    Unavailable,
    /// The call takes effect and is answered with `InternalError`, HTTP 500.
    LateInternalError,
    /// The call takes effect and is answered with `Unavailable`, HTTP 503.
    LateUnavailable,
    /// The call takes effect and is answered when the client has hung up.
    Spike,
    /// The call takes effect and is answered, but nothing shows it for minutes: what it made is
    /// not found, what it changed looks as before.
    Unseen,
    /// `….NotFound` for an object that exists, without effect.
    NotFound,
    /// `IncorrectState`, without effect.
    IncorrectState,
    /// `UnauthorizedOperation`, without effect.
    Denied,
    /// `RequestExpired`, without effect.
    Expired,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scripted {
    pub(super) action: String,
    pub(super) nth: u32,
    pub(super) injected: Injected,
}

impl Faults {
    /// The names that [`from_str`](Self::from_str) knows.
    pub const KNOWN: &str = "throttle, busy-account, resets, lost-replies, errors, late-errors, \
        latency, spikes, slow-consistency, stale-reads, shuffle, unknown-states, busy-deletes, \
        sparse-options, expired-credentials, partial-dry-run, ignored-dry-run, \
        expiring-credentials:SECONDS[-SECONDS], stuck-detach[:SECONDS], denied:ACTION, \
        quota:NAME=NUMBER, seed:NUMBER, none";

    /// What there is to switch on: how it is written, and what it does.
    pub fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
        let named = ALL.iter().map(|(_, name, what)| (*name, *what));
        named.chain(WITH_VALUE)
    }

    /// Switches one more on.
    #[must_use]
    pub fn with(mut self, trouble: Trouble) -> Self {
        self.troubles.insert(trouble);
        self
    }

    /// Whether it is switched on.
    pub fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }

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

    pub(in crate::sandbox) fn quotas(&self) -> &BTreeMap<Quota, usize> {
        &self.quotas
    }

    fn set(&mut self, item: &str) -> Option<()> {
        if let Some(trouble) = Trouble::by_name(item) {
            self.troubles.insert(trouble);
            return Some(());
        }
        match item.split_once(':').unwrap_or((item, "")) {
            ("none", "") => {}
            ("stuck-detach", "") => self.stuck_detach = Some(Stuck::Forever),
            ("stuck-detach", value) => self.stuck_detach = Some(Stuck::For(seconds(value)?)),
            ("expiring-credentials", value) => {
                let (from, to) = match value.split_once('-') {
                    Some((from, to)) => (seconds(from)?, Some(seconds(to)?)),
                    None => (seconds(value)?, None),
                };
                if to.is_some_and(|to| to <= from) {
                    return None;
                }
                self.expiring_credentials = Some((from, to));
            }
            ("denied", value) if !value.is_empty() => {
                self.denied.insert(value.to_owned());
            }
            ("quota", value) => {
                let (quota, limit) = value.split_once('=')?;
                self.quotas
                    .insert(Quota::by_name(quota)?, limit.parse().ok()?);
            }
            ("seed", value) => self.seed = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_what_the_table_explains() {
        let names: Vec<&str> = Faults::table().map(|(name, _)| name).collect();
        assert_eq!(Faults::KNOWN, names.join(", "));
        for trouble in Trouble::all() {
            let faults: Faults = trouble.name().parse().unwrap();
            assert_eq!(faults, Faults::default().with(trouble));
        }
    }

    #[test]
    fn values_are_read_or_refused() {
        let faults: Faults = "expiring-credentials:60-180,stuck-detach:1200,seed:9"
            .parse()
            .unwrap();
        let secs = Duration::from_secs;
        assert_eq!(
            faults.expiring_credentials,
            Some((secs(60), Some(secs(180))))
        );
        assert_eq!(faults.stuck_detach, Some(Stuck::For(secs(1200))));
        for wrong in [
            "expiring-credentials",
            "expiring-credentials:9-3",
            "stuck-detach:long",
            "denied",
            "none:1",
        ] {
            assert!(wrong.parse::<Faults>().is_err(), "{wrong}");
        }
    }
}
