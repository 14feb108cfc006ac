//! What excuses a command that does not do what it should, and for which troubles there is no
//! excuse.

use super::process::Exit;
use super::script::Trouble;

/// Faults that a command gets over by itself, at the first try: AWS's servers do not agree, or take
/// their time, but refuse nothing.
const MILD: [&str; 4] = ["latency", "shuffle", "sparse-options", "stale-reads"];

/// Whether anything has happened yet that a later command may stumble over.
#[derive(Debug, Default)]
pub(crate) struct Excuse(Option<&'static str>);

impl Excuse {
    /// From now on a command may fail.
    pub(crate) fn give(&mut self, why: &'static str) {
        self.0.get_or_insert(why);
    }

    /// Takes note of how a command ended; false when it has let its person down.
    pub(crate) fn accept(&mut self, exit: &Exit, troubles: &[Trouble]) -> bool {
        if matches!(exit, Exit::Done) {
            return true;
        }
        if self.0.is_none() && troubles.iter().all(is_mild) {
            return false;
        }
        self.give("a command failed before");
        true
    }
}

fn is_mild(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Faults(day) => day.split(',').all(|it| MILD.contains(&it)),
        _ => false,
    }
}
