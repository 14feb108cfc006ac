//! Questions; each has a flag that answers it.

use std::io::{self, BufRead};
use std::thread;

use tokio::sync::oneshot;

use super::again::Again;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};

/// Asks for a yes, unless `yes` says so already.
pub(super) async fn confirm(
    output: Output,
    yes: bool,
    question: &str,
    again: &Again,
) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !output.may_ask {
        return Err(Failure::new(
            Exit::Cancelled,
            "nothing was changed: nobody is there to say yes",
        )
        .hint("without a terminal, and with CI set, underpass never asks")
        .next(again.with("--yes")));
    }
    output.ask(Line::Do, &format!("{question} [y/N]"));
    if matches!(answer().await.as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(declined(again))
    }
}

/// Asks for a name to be typed, unless `typed` holds it already.
pub(super) async fn confirm_name(
    output: Output,
    typed: Option<&str>,
    name: &str,
    question: &str,
    again: &Again,
) -> Result<(), Failure> {
    let given = match typed {
        Some(typed) => typed.to_owned(),
        None if output.may_ask => {
            output.ask(
                Line::Warn,
                &format!("{question} Type its name, {name}, to go on:"),
            );
            answer().await
        }
        None => {
            return Err(Failure::new(
                Exit::Cancelled,
                "nothing was changed: a production site asks for its name",
            )
            .next(format!("{} --yes --site {name}", again.other("teardown"))));
        }
    };
    if given == name {
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Cancelled,
            format!(
                "nothing was changed: `{}` is not `{name}`",
                given.escape_debug()
            ),
        )
        .next(format!("{} --yes --site {name}", again.other("teardown"))))
    }
}

/// Asks for words to be typed that say what is agreed to; a yes alone is not enough.
pub(super) async fn confirm_words(
    output: Output,
    words: &str,
    question: &str,
    again: &Again,
) -> Result<(), Failure> {
    output.ask(Line::Warn, &format!("{question} Type `{words}` to go on:"));
    if answer().await == words.to_lowercase() {
        Ok(())
    } else {
        Err(declined(again))
    }
}

/// Asks for a word to be typed, unless `yes` says so already.
pub(super) async fn confirm_word(
    output: Output,
    yes: bool,
    word: &str,
    question: &str,
    again: &Again,
) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !output.may_ask {
        // Says how to say yes without a terminal.
        return confirm(output, yes, question, again).await;
    }
    confirm_words(output, word, question, again).await
}

/// A line from the terminal; an empty one when the terminal has gone, which is no yes. Read in a
/// thread of its own, which nobody waits for: whoever is asked may answer with Ctrl-C.
async fn answer() -> String {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        drop(sender.send(read.map(|_| line).unwrap_or_default()));
    });
    let line = receiver.await.unwrap_or_default();
    line.trim().to_lowercase()
}

fn declined(again: &Again) -> Failure {
    let text = "nothing was changed: not confirmed";
    Failure::new(Exit::Cancelled, text).next(again.command.clone())
}
