//! The failures that have a name of their own.

/// A way to fail that is switched on by its name.
///
/// What happens by chance depends on the seed, the call's action and how often that was called, so
/// that a seed means the same whatever else is switched on; and it is bounded in a row for the same
/// request, so that patience ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Random throttles.
    Throttle,
    /// Somebody else draws on the account's token buckets.
    BusyAccount,
    /// Connections that break before the request arrives.
    Resets,
    /// Connections that break after the effect.
    LostReplies,
    /// 500 and 503 without effect.
    Errors,
    /// 500 and 503 after the effect.
    LateErrors,
    /// Slow replies.
    Latency,
    /// Replies that come after the client has hung up.
    Spikes,
    /// Eventual consistency at its slowest.
    SlowConsistency,
    /// Looks that go back in time.
    StaleReads,
    /// Lists in any order.
    Shuffle,
    /// States that no document names.
    UnknownStates,
    /// Deletes that have to be asked for more than once.
    BusyDeletes,
    /// Tunnel options without AWS's defaults.
    SparseOptions,
    /// Credentials that have expired.
    ExpiredCredentials,
    /// `DryRun` that some actions do not know.
    PartialDryRun,
    /// `DryRun` that nobody looks at.
    IgnoredDryRun,
}

use Trouble::{
    BusyAccount, BusyDeletes, Errors, ExpiredCredentials, IgnoredDryRun, LateErrors, Latency,
    LostReplies, PartialDryRun, Resets, Shuffle, SlowConsistency, SparseOptions, Spikes,
    StaleReads, Throttle, UnknownStates,
};

/// Every trouble with its name and what it does.
pub(super) const ALL: [(Trouble, &str, &str); 17] = [
    (
        Throttle,
        "throttle",
        "RequestLimitExceeded by chance, at most three times in a row",
    ),
    (
        BusyAccount,
        "busy-account",
        "others in the account use nine tenths of its token buckets",
    ),
    (
        Resets,
        "resets",
        "the connection breaks before the request arrives, at most twice in a row",
    ),
    (
        LostReplies,
        "lost-replies",
        "a change happens, but the connection breaks before the reply, at most twice in a row",
    ),
    (
        Errors,
        "errors",
        "InternalError (500) and Unavailable (503) without effect, at most twice in a row",
    ),
    (
        LateErrors,
        "late-errors",
        "a change happens and is answered with 500 or 503, at most twice in a row",
    ),
    (
        Latency,
        "latency",
        "replies take 0.1 to 2 seconds of the sandbox's time",
    ),
    (
        Spikes,
        "spikes",
        "a reply takes 40 real seconds, longer than a client waits; a change happens all the same",
    ),
    (
        SlowConsistency,
        "slow-consistency",
        "new objects stay unknown for up to 5 minutes, to each action for another time, their tags \
         longer; changes show up to a minute later; lists are up to half a minute old",
    ),
    (
        StaleReads,
        "stale-reads",
        "one look in four goes back by up to a minute: what was seen vanishes for a look",
    ),
    (
        Shuffle,
        "shuffle",
        "every list in a new order on every call",
    ),
    (
        UnknownStates,
        "unknown-states",
        "objects show a state that no document names, for 30 seconds at a time",
    ),
    (
        BusyDeletes,
        "busy-deletes",
        "IncorrectState for a delete or detach, at most four times in a row",
    ),
    (
        SparseOptions,
        "sparse-options",
        "tunnel options that were never given are not shown",
    ),
    (
        ExpiredCredentials,
        "expired-credentials",
        "every call fails as with credentials that have expired",
    ),
    (
        PartialDryRun,
        "partial-dry-run",
        "half of the actions refuse DryRun with UnsupportedOperation",
    ),
    (
        IgnoredDryRun,
        "ignored-dry-run",
        "DryRun is ignored: the call is carried out, as most look-alikes of EC2 do",
    ),
];

/// What needs a value: how it is written, and what it does.
pub(super) const WITH_VALUE: [(&str, &str); 6] = [
    (
        "expiring-credentials:SECONDS[-SECONDS]",
        "credentials expire so long after the sandbox was opened, and are good again later",
    ),
    (
        "stuck-detach[:SECONDS]",
        "a gateway stays `detaching` for so long; without a number until the faults change",
    ),
    ("denied:ACTION", "UnauthorizedOperation for an action"),
    (
        "quota:NAME=NUMBER",
        "another limit than AWS's default, such as vpn-gateways=1",
    ),
    ("seed:NUMBER", "what chance and all drawn times depend on"),
    ("none", "nothing fails; as without any"),
];

impl Trouble {
    /// Its name in a list of faults.
    pub fn name(self) -> &'static str {
        ALL.iter()
            .find(|(trouble, ..)| *trouble == self)
            .map_or("", |(_, name, _)| name)
    }

    /// Every one, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(trouble, ..)| *trouble)
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(_, known, _)| *known == name)
            .map(|(trouble, ..)| *trouble)
    }
}
