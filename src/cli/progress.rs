//! What a run looks like while it runs: bars on a terminal, lines elsewhere, JSON for machines.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::output::{Format, Line, Output};
use crate::engine::{Event, StepSummary};
use crate::playbook::StepId;
use crate::resource::{Change, Goal, Usual};

/// Shows every event until the run has ended.
pub(super) async fn show(output: Output, mut events: UnboundedReceiver<Event>) {
    let mut display = Display::new(output);
    while let Some(event) = events.recv().await {
        display.event(&event);
    }
    display.end();
}

struct Display {
    output: Output,
    bars: Option<MultiProgress>,
    steps: BTreeMap<StepId, Row>,
    said: BTreeMap<StepId, (String, Duration)>,
}

struct Row {
    summary: StepSummary,
    bar: Option<ProgressBar>,
}

impl Display {
    fn new(output: Output) -> Self {
        let bars = output.lively.then(MultiProgress::new);
        Self {
            output,
            bars,
            steps: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    fn event(&mut self, event: &Event) {
        if self.output.format == Format::Jsonl {
            if let Ok(line) = serde_json::to_string(event) {
                self.output.text(&line);
            }
            return;
        }
        match event {
            Event::RunStarted {
                run,
                steps,
                resumed,
                ..
            } => self.started(&run.to_string(), steps, *resumed),
            Event::Calling {
                step,
                action,
                about,
                ..
            } => self.calling(step, action, about),
            Event::Called {
                step, action, id, ..
            } => self.called(step, action, id.as_deref()),
            Event::Retrying {
                step,
                fault,
                action,
                after,
                ..
            } => {
                let text = format!("{step}: {fault}; {action} in {}", plain(*after));
                self.line(Line::Warn, &text);
            }
            Event::Waiting {
                step,
                goal,
                object,
                state,
                elapsed,
                usual,
                ..
            } => {
                self.waiting(step, *goal, object, state, *elapsed, *usual);
            }
            Event::Ready {
                step,
                change,
                id,
                took,
                ..
            } => self.ready(step, *change, id.as_deref(), *took),
            Event::Failed {
                step,
                problem,
                left_behind,
                ..
            } => {
                self.close(step);
                self.line(Line::Fail, &format!("{step}: {problem}"));
                self.line(Line::Plain, &format!("left behind: {left_behind}"));
            }
            Event::Skipped { step, because, .. } => {
                self.close(step);
                self.line(Line::Plain, &format!("{step} not begun: {because}"));
            }
            Event::Notice { message, .. } => self.line(Line::Warn, message),
            Event::RunEnded { .. } => {}
        }
    }

    fn line(&self, line: Line, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| self.output.say(line, text)),
            None => self.output.say(line, text),
        }
    }

    fn started(&mut self, run: &str, steps: &[StepSummary], resumed: bool) {
        let verb = if resumed { "resuming run" } else { "run" };
        self.line(Line::Do, &format!("{verb} {run}: {} steps", steps.len()));
        for summary in steps {
            let bar = self
                .bars
                .as_ref()
                .filter(|_| summary.change != Change::Keep)
                .map(|bars| {
                    let bar = bars.add(ProgressBar::new(summary.usual.to.as_secs().max(1)));
                    bar.set_style(style("{prefix:24.dim}   {msg:.dim}"));
                    bar.set_prefix(short(summary.step.as_str()));
                    bar.set_message("not yet");
                    bar
                });
            self.steps.insert(
                summary.step.clone(),
                Row {
                    summary: summary.clone(),
                    bar,
                },
            );
        }
    }

    fn calling(&mut self, step: &StepId, action: &str, about: &str) {
        match self.bar(step) {
            Some(bar) => {
                bar.set_style(style("{prefix:24} ► {msg}"));
                bar.set_message(format!("{action} {about}"));
            }
            None => self.line(Line::Do, &format!("{step}: {action} {about}")),
        }
    }

    fn called(&mut self, step: &StepId, action: &str, id: Option<&str>) {
        if self.bar(step).is_none()
            && let Some(id) = id
        {
            self.line(Line::Made, &format!("{step}: {action} → {id}"));
        }
    }

    fn waiting(
        &mut self,
        step: &StepId,
        goal: Goal,
        object: &str,
        state: &str,
        elapsed: Duration,
        usual: Usual,
    ) {
        let until = if goal == Goal::Gone {
            ", until it is gone"
        } else {
            ""
        };
        let text = format!(
            "{object} {state} {} (usual {}–{}){until}",
            plain(elapsed),
            plain(usual.from),
            plain(usual.to)
        );
        if let Some(bar) = self.bar(step) {
            bar.set_style(style("{prefix:24} ◎ {bar:20.cyan/dim} {msg}"));
            bar.set_position(elapsed.as_secs().min(usual.to.as_secs().max(1)));
            bar.set_message(text);
            return;
        }
        // Lines elsewhere: when the state changes, and then once a minute.
        let due = self.said.get(step).is_none_or(|(last, at)| {
            last != state || elapsed.saturating_sub(*at) >= Duration::from_secs(60)
        });
        if due {
            self.said.insert(step.clone(), (state.to_owned(), elapsed));
            self.line(Line::Wait, &format!("{step}: {text}"));
        }
    }

    fn ready(&mut self, step: &StepId, change: Change, id: Option<&str>, took: Duration) {
        let title = self
            .steps
            .get(step)
            .map_or("", |row| row.summary.title.as_str());
        let word = match change {
            Change::Create => "made",
            Change::Adopt => "adopted",
            Change::Update => "changed",
            Change::Replace => "replaced",
            Change::Delete => "gone",
            Change::Keep => "as it should be",
        };
        let took = if took.as_secs() > 0 {
            format!(" after {}", plain(took))
        } else {
            String::new()
        };
        let text = format!("{step}: {title} {} {word}{took}", id.unwrap_or_default());
        self.close(step);
        self.line(Line::Ready, &text);
    }

    fn bar(&self, step: &StepId) -> Option<&ProgressBar> {
        self.steps.get(step).and_then(|row| row.bar.as_ref())
    }

    fn close(&mut self, step: &StepId) {
        if let Some(bar) = self.steps.get_mut(step).and_then(|row| row.bar.take()) {
            bar.finish_and_clear();
        }
    }

    fn end(&mut self) {
        for row in self.steps.values_mut() {
            if let Some(bar) = row.bar.take() {
                bar.finish_and_clear();
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

/// A step's name in at most 24 characters.
fn short(step: &str) -> String {
    if step.chars().count() <= 24 {
        step.to_owned()
    } else {
        step.chars().take(23).chain(['…']).collect()
    }
}

/// A duration the way people say it: `45s`, `3m10s`, `1h05m`.
pub(super) fn plain(duration: Duration) -> String {
    let secs = duration.as_secs();
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said: Vec<_> = [0, 45, 60, 190, 3900]
            .map(|secs| plain(Duration::from_secs(secs)))
            .into();
        assert_eq!(said, ["0s", "45s", "1m", "3m10s", "1h05m"]);
    }
}
