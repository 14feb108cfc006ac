//! The buckets that EC2 publishes, counted here once more: "Request token bucket sizes and refill
//! rates" in the EC2 API throttling guide.

use std::collections::BTreeMap;

use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Read,
    Write,
    Tags,
}

impl Group {
    fn of(action: &str) -> Option<Self> {
        Some(match action {
            "GetCallerIdentity" => return None,
            "CreateTags" | "DeleteTags" => Self::Tags,
            "SearchTransitGatewayRoutes" => Self::Read,
            read if read.starts_with("Describe") || read.starts_with("Get") => Self::Read,
            _ => Self::Write,
        })
    }

    /// Calls at once, calls per second.
    fn limits(self) -> (f64, f64) {
        match self {
            Self::Read => (100.0, 20.0),
            Self::Write => (50.0, 5.0),
            Self::Tags => (100.0, 10.0),
        }
    }
}

/// What is left in each.
#[derive(Debug, Default)]
pub(crate) struct Buckets(BTreeMap<Group, (f64, Option<Timestamp>)>);

impl Buckets {
    /// Takes a token for a call; false when EC2 would have none.
    pub(crate) fn take(&mut self, action: &str, now: Timestamp) -> bool {
        let Some(group) = Group::of(action) else {
            return true;
        };
        let (size, refill) = group.limits();
        let (tokens, at) = self.0.entry(group).or_insert((size, None));
        let passed = at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        *tokens = passed.mul_add(refill, *tokens).min(size);
        *at = Some(now);
        let has = *tokens >= 1.0;
        if has {
            *tokens -= 1.0;
        }
        has
    }
}
