//! Which calls a process has announced in its journal: none may be made that was not, and none
//! twice.

use std::collections::BTreeMap;

/// By action, how many calls were announced, and how many were made.
#[derive(Debug, Default)]
pub(crate) struct Intents(BTreeMap<String, (u64, u64)>);

impl Intents {
    /// Takes note of a record that is on disk.
    pub(crate) fn record(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let Some((_, rest)) = text.split_once("\"record\":{\"intent\":{") else {
            return;
        };
        let action = rest.split_once("\"action\":\"");
        if let Some((action, _)) = action.and_then(|(_, rest)| rest.split_once('"')) {
            self.0.entry(action.to_owned()).or_default().0 += 1;
        }
    }

    /// Whether a call that is made was announced.
    pub(crate) fn make(&mut self, action: &str) -> bool {
        let (announced, made) = self.0.entry(action.to_owned()).or_default();
        *made += 1;
        made <= announced
    }

    /// A call was answered "too often": it had no effect and may be made again.
    pub(crate) fn throttled(&mut self, action: &str) {
        if let Some((_, made)) = self.0.get_mut(action) {
            *made = made.saturating_sub(1);
        }
    }
}
