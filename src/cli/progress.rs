//! What a run looks like while it runs: bars on a terminal, lines elsewhere, JSON for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::output::{Format, Line, Output, columns};
use crate::clock::Clock;
use crate::engine::{Event, StepSummary};
use crate::plan::{Plan, PlannedStep};
use crate::playbook::StepId;
use crate::resource::{Change, Goal, Usual};

/// How a run is shown.
pub(super) struct Show {
    /// Where.
    pub(super) output: Output,
    /// The bars, on a terminal.
    pub(super) bars: Option<MultiProgress>,
    /// Dates the lines of a log.
    pub(super) clock: Clock,
    /// What each step waits for before it begins.
    pub(super) needs: BTreeMap<StepId, Vec<StepId>>,
}

impl Show {
    /// Shows every event until the run has ended.
    pub(super) async fn until_end(self, mut events: UnboundedReceiver<Event>) {
        let width = columns();
        let mut display = Display {
            show: self,
            steps: BTreeMap::new(),
            said: BTreeMap::new(),
            ready: BTreeSet::new(),
            width,
            name: 0,
        };
        while let Some(event) = events.recv().await {
            display.event(&event);
        }
        display.end();
    }
}

/// What each step of a plan needs.
pub(super) fn needs(plan: &Plan) -> BTreeMap<StepId, Vec<StepId>> {
    let needs = |step: &PlannedStep| step.node.needs.iter().cloned().collect();
    plan.steps
        .iter()
        .map(|step| (step.node.id.clone(), needs(step)))
        .collect()
}

/// Prints a line above the bars, if there are any.
pub(super) fn say(output: Output, bars: Option<&MultiProgress>, line: Line, text: &str) {
    match bars {
        Some(bars) => bars.suspend(|| output.say(line, text)),
        None => output.say(line, text),
    }
}

struct Display {
    show: Show,
    steps: BTreeMap<StepId, Row>,
    said: BTreeMap<StepId, (String, Duration)>,
    ready: BTreeSet<StepId>,
    /// Columns of the terminal.
    width: usize,
    /// Columns for a step's name.
    name: usize,
}

struct Row {
    bar: Option<ProgressBar>,
    begun: bool,
}

impl Display {
    fn event(&mut self, event: &Event) {
        if self.show.output.format == Format::Jsonl {
            if let Ok(line) = serde_json::to_string(event) {
                self.show.output.text(&line);
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
            Event::Failed { step, problem, .. } => {
                self.close(step);
                // The whole of it, with what it left behind, is the end of the report.
                self.line(Line::Fail, &first_words(&format!("{step}: {problem}"), 90));
            }
            Event::Parked { step, problem, .. } => {
                self.close(step);
                self.line(Line::Wait, &format!("{step}: {problem}"));
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
        let Show {
            output,
            bars,
            clock,
            ..
        } = &self.show;
        if bars.is_some() {
            return say(*output, bars.as_ref(), line, text);
        }
        // A log is read later: when something happened matters.
        let now = format!("{:.0}", clock.now());
        let time = now.split_once('T').map_or("", |(_, time)| time);
        output.say(line, &format!("{time} {text}"));
    }

    fn started(&mut self, run: &str, steps: &[StepSummary], resumed: bool) {
        let verb = if resumed { "resuming run" } else { "run" };
        self.line(Line::Do, &format!("{verb} {run}: {} steps", steps.len()));
        let longest = steps
            .iter()
            .map(|step| step.step.as_str().chars().count())
            .max();
        self.name = longest
            .unwrap_or(0)
            .min(if self.width < 100 { 20 } else { 28 });
        for summary in steps {
            let bar = self
                .show
                .bars
                .as_ref()
                .filter(|_| summary.change != Change::Keep)
                .map(|bars| {
                    let bar = bars.add(ProgressBar::new(summary.usual.to.as_secs().max(1)));
                    bar.set_style(style(&format!(
                        "  {{prefix:{}.dim}} {{wide_msg:.dim}}",
                        self.name
                    )));
                    bar.set_prefix(short(summary.step.as_str(), self.name));
                    bar
                });
            self.steps
                .insert(summary.step.clone(), Row { bar, begun: false });
        }
        self.tell_needs();
    }

    /// Says of each step that has not begun what it waits for.
    fn tell_needs(&self) {
        for (step, row) in self.steps.iter().filter(|(_, row)| !row.begun) {
            let Some(bar) = &row.bar else { continue };
            let needs = self.show.needs.get(step).into_iter().flatten();
            let open: Vec<&str> = needs
                .filter(|need| self.steps.contains_key(*need) && !self.ready.contains(*need))
                .map(StepId::as_str)
                .collect();
            bar.set_message(match open.as_slice() {
                [] => "about to begin".to_owned(),
                open => format!("after {}", open.join(", ")),
            });
        }
    }

    fn calling(&mut self, step: &StepId, action: &str, about: &str) {
        self.begin(step);
        match self.bar(step) {
            Some(bar) => {
                bar.set_style(style(&format!("► {{prefix:{}}} {{wide_msg}}", self.name)));
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
        self.begin(step);
        let object = own(object);
        let text = format!(
            "{object} {state} {} (usual {}–{}){until}",
            plain(elapsed),
            plain(usual.from),
            plain(usual.to)
        );
        if let Some(bar) = self.bar(step) {
            // A wait's words come first; the bar gets what they leave.
            let room = self
                .width
                .saturating_sub(self.name + 4 + text.chars().count());
            let moving = match room {
                0..6 => String::new(),
                room => format!("{{bar:{}.cyan/dim}} ", room.min(21) - 1),
            };
            bar.set_style(style(&format!(
                "◎ {{prefix:{}}} {moving}{{wide_msg}}",
                self.name
            )));
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
        // An id that joins two others tells what the step's name tells.
        let id = id
            .filter(|id| !id.contains(':'))
            .map(|id| format!("{id} "))
            .unwrap_or_default();
        self.close(step);
        self.line(Line::Ready, &format!("{step}: {id}{word}{took}"));
        self.ready.insert(step.clone());
        self.tell_needs();
    }

    fn begin(&mut self, step: &StepId) {
        if let Some(row) = self.steps.get_mut(step) {
            row.begun = true;
        }
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

/// A step's name in at most `width` characters; what tells one of many apart is its end.
fn short(step: &str, width: usize) -> String {
    let length = step.chars().count();
    if length <= width {
        return step.to_owned();
    }
    let head = step
        .find('[')
        .map_or(width / 2, |at| at + 1)
        .min(width.saturating_sub(2));
    let tail = width.saturating_sub(head + 1);
    let begin: String = step.chars().take(head).collect();
    let end: String = step.chars().skip(length - tail).collect();
    format!("{begin}…{end}")
}

/// The first of the objects that an id joins, such as the gateway of an attachment.
fn own(object: &str) -> &str {
    match object.split_once(':') {
        Some((first, _)) if first.contains('-') => first,
        _ => object,
    }
}

/// The text up to a word's end near `width` characters.
fn first_words(text: &str, width: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(width) else {
        return text.to_owned();
    };
    let head = text.get(..cut).unwrap_or(text);
    let head = head.rsplit_once(' ').map_or(head, |(words, _)| words);
    format!("{} …", head.trim_end_matches([',', '.', ':']))
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
    fn names_keep_their_end_and_ids_their_first() {
        let name = "propagation[rtb-0a1b2c3d4e5f60001]";
        assert_eq!(short(name, 20), "propagation[…f60001]");
        assert_eq!(short("connection", 20), "connection");
        assert_eq!(own("vgw-0a:vpc-0b"), "vgw-0a");
        assert_eq!(first_words("one two: three", 9), "one two …");
        assert_eq!(first_words("one two", 9), "one two");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let said: Vec<_> = [0, 45, 60, 190, 3900]
            .map(|secs| plain(Duration::from_secs(secs)))
            .into();
        assert_eq!(said, ["0s", "45s", "1m", "3m10s", "1h05m"]);
    }
}
