//! Plays one script from its first act to its end, and says which rule broke.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::join;
use tokio::runtime::Builder;

use super::check::Broken;
use super::script::{Act, Ending, Script};
use super::stage::Stage;

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The rule that broke, if one did.
    pub(crate) broken: Option<Broken>,
    /// What happened; empty when nobody asked.
    pub(crate) timeline: String,
    /// How many calls AWS saw.
    pub(crate) calls: u64,
    /// How many processes were started.
    pub(crate) processes: u32,
}

/// Plays a script; `told` keeps the timeline.
pub(crate) fn play(script: &Script, told: bool) -> Outcome {
    // The SDK draws the jitter of its retries from the thread's generator.
    fastrand::seed(script.seed);
    let played = catch_unwind(AssertUnwindSafe(|| {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(case(script, told)),
            Err(error) => spoilt("runtime", error.to_string()),
        }
    }));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        spoilt("panic", text.unwrap_or_default())
    })
}

fn spoilt(rule: &'static str, what: String) -> Outcome {
    Outcome {
        broken: Some(Broken { rule, what }),
        timeline: String::new(),
        calls: 0,
        processes: 0,
    }
}

async fn case(script: &Script, told: bool) -> Outcome {
    let mut stage = match Stage::new(script, told).await {
        Ok(stage) => stage,
        Err(broken) => return spoilt(broken.rule, broken.what),
    };
    let held = match acts(script, &mut stage).await {
        Ok(()) => ending(script, &mut stage).await,
        broken => broken,
    };
    let outcome = Outcome {
        broken: held.err(),
        timeline: stage.timeline.text(),
        calls: stage.watch.calls(),
        processes: stage.processes,
    };
    if let Some(broken) = &outcome.broken {
        stage.timeline.say("BROKEN", format_args!("{broken}"));
    }
    Outcome {
        timeline: stage.timeline.text(),
        ..outcome
    }
}

async fn acts(script: &Script, stage: &mut Stage) -> Result<(), Broken> {
    for act in &script.acts {
        stage
            .timeline
            .say("act", format_args!("{}", script.act(act)));
        match act {
            Act::Run(command, troubles) => {
                let run = stage.run("operator", *command, troubles);
                let exit = run.await;
                stage.ended("operator", *command, exit)?;
            }
            Act::Both(one, other, troubles) => {
                let (first, second) = join(
                    stage.run("operator", *one, troubles),
                    stage.run("colleague", *other, &[]),
                )
                .await;
                stage.both_ended((*one, first), (*other, second))?;
            }
            Act::Edit(site, change) => stage.edit(*site, *change),
            Act::Wait(seconds) => stage.wait(*seconds).await,
            Act::SetClock(seconds) => stage.set_clock(*seconds),
            Act::LoseLaptop => stage.lose_laptop().await?,
        }
        stage.check()?;
    }
    Ok(())
}

async fn ending(script: &Script, stage: &mut Stage) -> Result<(), Broken> {
    stage.calm().await;
    let sites = 0..script.sites.len();
    if script.ending == Ending::UpAndAway {
        for site in sites.clone() {
            stage.finish(site).await?;
        }
        for site in sites.clone() {
            stage.expect_as_planned(site).await?;
        }
    }
    // Twice: what another site needs goes only after that one.
    for _ in 0..2 {
        for site in sites.clone().rev() {
            stage.remove(site).await?;
        }
        if stage.is_empty() {
            break;
        }
    }
    stage.expect_nothing()
}
