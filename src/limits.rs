//! How big what comes from outside may be, and why so much and no more.
//!
//! A limit is there to end in an error what would otherwise end in the kernel's out-of-memory
//! killer. Each is far above what a real input has. What a playbook may hold stands with its
//! reader, in `playbook/limits.rs`.

/// Bytes of a site file: the longest that is useful, with a hundred networks and two thousand
/// appliances, has 160 KiB.
pub const SITE_FILE: usize = 256 * 1024;
/// How deeply collections nest in a site file, which needs four levels. Each costs stack.
pub const SITE_DEPTH: usize = 24;
/// Characters of one value of a site file. A log group's ARN, the longest useful one, has 600.
pub const SITE_VALUE: usize = 1024;
/// Bytes of a playbook.
pub const PLAYBOOK: usize = 64 * 1024;
/// Steps of a plan: what a playbook makes of the largest site that AWS's quotas allow has 250.
pub const STEPS: usize = 1_000;
/// Bytes of a saved plan: [`STEPS`] have 2 MiB.
pub const SAVED_PLAN: usize = 8 * 1024 * 1024;
/// Bytes of a price table; ours has 300.
pub const PRICES: usize = 64 * 1024;
/// Bytes of a customer gateway configuration; a real one has 4000.
pub const CONFIGURATION: usize = 256 * 1024;
/// Bytes of an IKE log to explain: what CloudWatch Logs gives in ten answers of 1 MiB.
pub const LOG: usize = 16 * 1024 * 1024;
/// Bytes of a file with one pre-shared key, which has 64 characters at most.
pub const KEY_FILE: usize = 1024;
/// Bytes of a site's own file of keys; two keys have 200.
pub const KEYS: usize = 1024 * 1024;
/// Bytes of a small note of our own: the command that began a run, a lock's owner.
pub const NOTE: usize = 64 * 1024;
/// Bytes of a journal: its first line is a plan, and a step that is tried for a day writes
/// thousands of further ones.
pub const JOURNAL: usize = 64 * 1024 * 1024;
/// Bytes of one file of a bundle.
pub const BUNDLE_FILE: usize = 4 * 1024 * 1024;
/// Bytes of a configuration that was saved from a router; a large firewall's has 10 MiB.
pub const ROUTER: usize = 32 * 1024 * 1024;
/// Bytes of an answer of AWS. `DescribeVpnConnections` has no pages and some 15 KB a connection:
/// this is room for four thousand of them in a Region, eighty times the default quota.
pub const ANSWER: usize = 64 * 1024 * 1024;
/// Characters of a text of AWS that is shown in a line: a message, a state, a tag's value.
pub const ANSWER_TEXT: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_stand_in_the_docs() {
        let docs = include_str!("../docs/site-file.md");
        let size = |bytes: usize| match bytes {
            0..1024 => format!("{bytes} bytes"),
            1024..1_048_576 => format!("{} KiB", bytes / 1024),
            _ => format!("{} MiB", bytes >> 20),
        };
        for (what, bytes) in [
            ("a site file", SITE_FILE),
            ("a playbook", PLAYBOOK),
            ("a saved plan", SAVED_PLAN),
            ("prices of your own", PRICES),
            ("a saved XML", CONFIGURATION),
            ("an IKE log", LOG),
            ("a file with a pre-shared key", KEY_FILE),
            ("a journal", JOURNAL),
            ("a router's configuration", ROUTER),
            ("an answer of AWS", ANSWER),
        ] {
            let row = format!("| {what} | {} |", size(bytes));
            assert!(docs.contains(&row), "docs/site-file.md lacks `{row}`");
        }
        let prose = [
            format!("no value above {SITE_VALUE} characters"),
            format!("{SITE_DEPTH} levels"),
            format!("{STEPS} steps"),
        ];
        for words in prose {
            let flowing = docs.replace('\n', " ");
            assert!(
                flowing.contains(&words),
                "docs/site-file.md lacks `{words}`"
            );
        }
    }
}
