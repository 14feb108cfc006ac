//! What happened, in order, for a person to read.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use underpass::clock::Clock;
use underpass::engine::Event;
use underpass::journal::{Outcome, Record};

/// The lines of one case; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    clock: Clock,
    start: Timestamp,
    lines: Option<Arc<Mutex<String>>>,
}

impl Timeline {
    /// An empty one, in AWS's time; one that is not `told` keeps nothing and costs nothing.
    pub(crate) fn new(clock: &Clock, told: bool) -> Self {
        Self {
            clock: clock.clone(),
            start: clock.now(),
            lines: told.then(Arc::default),
        }
    }

    /// Adds a line with the time since the beginning; `who` is who did it.
    pub(crate) fn say(&self, who: &str, text: std::fmt::Arguments<'_>) {
        let Some(lines) = &self.lines else { return };
        let passed = self.clock.now().duration_since(self.start);
        let millis = passed.as_millis();
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&format!(
            "{hours:3}:{minutes:02}:{:02}.{millis:03} {who:8} {text}\n",
            seconds % 60
        ));
    }

    /// An event of the engine; one that says only that it still waits is left out.
    pub(crate) fn event(&self, event: &Event) {
        let say = |text: std::fmt::Arguments<'_>| self.say("  event", text);
        match event {
            Event::Waiting { .. } | Event::Calling { .. } | Event::Called { .. } => {}
            Event::RunStarted { mode, resumed, .. } => {
                let again = if *resumed { ", resumed" } else { "" };
                say(format_args!("{} begins{again}", mode.as_str()));
            }
            Event::Retrying {
                step,
                fault,
                action,
                after,
                ..
            } => say(format_args!(
                "{step}: {fault}; {action} ({:.1} s)",
                after.as_secs_f64()
            )),
            Event::Ready {
                step, change, id, ..
            } => say(format_args!(
                "{step}: ready, {change:?} {}",
                id.as_deref().unwrap_or("")
            )),
            Event::Failed {
                step,
                problem,
                left_behind,
                ..
            } => say(format_args!(
                "{step}: FAILED, {problem}; left behind: {left_behind}"
            )),
            Event::Parked { step, problem, .. } => say(format_args!("{step}: parked, {problem}")),
            Event::Skipped { step, because, .. } => say(format_args!("{step}: skipped, {because}")),
            Event::Notice { message, .. } => say(format_args!("{message}")),
            Event::RunEnded { result, .. } => say(format_args!("the run is {result:?}")),
        }
    }

    /// A record of a journal.
    pub(crate) fn record(&self, number: u64, line: &[u8], fate: &str) {
        #[derive(serde::Deserialize)]
        struct Written {
            record: Record,
        }
        if self.lines.is_none() {
            return;
        }
        let read = serde_json::from_slice::<Written>(line).map(|it| it.record);
        let say = |text: std::fmt::Arguments<'_>| self.say("  record", text);
        match read {
            Ok(Record::Started { plan, .. }) => {
                let steps: Vec<String> = plan
                    .steps
                    .iter()
                    .map(|it| format!("{:?} {}", it.change, it.node.id))
                    .collect();
                say(format_args!("{number} started: {}{fate}", steps.join(", ")));
            }
            Ok(Record::Resumed { .. }) => say(format_args!("{number} resumed{fate}")),
            Ok(Record::Intent {
                step,
                action,
                about,
                attempt,
            }) => say(format_args!(
                "{number} intent {step}: {action} {about}, attempt {attempt}{fate}"
            )),
            Ok(Record::Result { step, outcome }) => {
                let outcome = match outcome {
                    Outcome::Done { id, .. } => format!("done {}", id.unwrap_or_default()),
                    Outcome::Refused(fault) => format!("refused: {fault}"),
                    Outcome::Unknown(fault) => format!("unknown: {fault}"),
                };
                say(format_args!("{number} result {step}: {outcome}{fate}"));
            }
            Ok(Record::Ready { step, id, .. }) => say(format_args!(
                "{number} ready {step}: {}{fate}",
                id.unwrap_or_default()
            )),
            Ok(Record::Finished { result }) => {
                say(format_args!("{number} finished: {result:?}{fate}"));
            }
            Err(_) => say(format_args!("{number} of {} bytes{fate}", line.len())),
        }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines.as_ref();
        let text = |lines: &Arc<Mutex<String>>| {
            let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.clone()
        };
        lines.map(text).unwrap_or_default()
    }
}
