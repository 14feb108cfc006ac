//! The exit codes, a contract with scripts.

/// Why the process ended; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for is done.
    Ok = 0,
    /// A defect of underpass, or of the machine it runs on (disk full, file not writable).
    Internal = 1,
    /// `plan --detailed-exitcode`: there are changes to make.
    ChangesPending = 2,
    /// The site file, the playbook or the command line is wrong; nothing was changed.
    Input = 3,
    /// Credentials are missing or expired, or a permission is missing.
    Access = 4,
    /// A preflight check, the plan's linter, a changed world or the holder of the site's lock
    /// refused; nothing was changed, or nothing more once the lock was taken away.
    Refused = 5,
    /// AWS failed; the run can be resumed.
    Aws = 6,
    /// Deployed, but the tunnels are not (all) up, or Direct Connect is not; `cutover`: the files are
    /// written and traffic has not moved, or the drill has failed.
    NotVerified = 7,
    /// Stopped by the user, or not confirmed; a run that had begun can be resumed.
    Cancelled = 8,
    /// A wait gave up; the run can be resumed.
    TimedOut = 9,
    /// What exists differs from what was planned; what a router has from what it should have.
    Drift = 10,
    /// `teardown`, `reap`: done, but something stays, and a person is told what and why.
    Left = 11,
}

impl Exit {
    /// All of them with their meaning, for the documentation and `--help`.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Ok, "done"),
        (Self::Internal, "internal error"),
        (
            Self::ChangesPending,
            "changes pending (plan --detailed-exitcode)",
        ),
        (Self::Input, "site file, playbook or command line is wrong"),
        (Self::Access, "credentials or permission"),
        (
            Self::Refused,
            "refused before the first write, or before the next one when the lock is lost",
        ),
        (Self::Aws, "AWS failed; resumable"),
        (Self::NotVerified, "deployed, but not (all) tunnels are up"),
        (Self::Cancelled, "cancelled or not confirmed; resumable"),
        (Self::TimedOut, "timed out; resumable"),
        (
            Self::Drift,
            "what exists differs from the plan (also render --diff)",
        ),
        (
            Self::Left,
            "done, but for what others need or a person must look at (teardown, reap)",
        ),
    ];

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_each_code_once_and_in_order() {
        for (number, (exit, meaning)) in Exit::ALL.iter().enumerate() {
            assert_eq!(usize::from(exit.code()), number);
            assert!(!meaning.is_empty());
        }
    }
}
