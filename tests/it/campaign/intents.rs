//! Which calls a process has announced in its journal: none may be made that was not, and none
//! twice.

use std::collections::BTreeMap;

/// The calls that are announced and not yet answered, by step: the action, and whether it has been
/// made.
#[derive(Debug, Default)]
pub(crate) struct Intents(BTreeMap<String, (String, bool)>);

impl Intents {
    /// Takes note of a record that is on disk.
    pub(crate) fn record(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let after = |start: &str| {
            let (_, rest) = text.split_once(start)?;
            rest.split_once('"').map(|(word, _)| word.to_owned())
        };
        if let Some(step) = after("\"record\":{\"intent\":{\"step\":\"") {
            let action = after("\"action\":\"").unwrap_or_default();
            self.0.insert(step, (action, false));
        } else if let Some(step) = after("\"record\":{\"result\":{\"step\":\"") {
            self.0.remove(&step);
        }
    }

    /// Whether a call was announced, and not made since.
    pub(crate) fn make(&mut self, action: &str) -> bool {
        let mut open = self.0.values_mut();
        let open = open.find(|(announced, made)| announced == action && !*made);
        open.map(|it| it.1 = true).is_some()
    }

    /// A call was answered "too often": it had no effect and may be made again.
    pub(crate) fn throttled(&mut self, action: &str) {
        let mut made = self.0.values_mut();
        if let Some(it) = made.find(|(announced, made)| announced == action && *made) {
            it.1 = false;
        }
    }
}
