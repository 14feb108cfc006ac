//! From the typed words to an exit code.

use std::process::ExitCode;

use clap::Parser;

use super::again::typed;
use super::args::{Cli, Command};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{self, Output};
use super::{
    cutover, devices, docs, explain, init, onboard, plan, playbooks, policy, reap, render, resume,
    runs, sandbox, schema, status, teardown, verify,
};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            Output::usage(&error);
            return ExitCode::from(
                if error.use_stderr() {
                    Exit::Input
                } else {
                    Exit::Ok
                }
                .code(),
            );
        }
    };
    let output = Output::new(cli.global.format, cli.global.quiet);
    match dispatch(&cli, output).and_then(output::delivered) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(mut failure) => {
            // Where nothing better is known: what AWS or the network denied, it may grant later.
            let again = matches!(failure.exit, Exit::Aws | Exit::TimedOut | Exit::Access);
            if failure.next.is_none() && again {
                failure.next = Some(typed());
            }
            output.failure(&failure);
            ExitCode::from(failure.exit.code())
        }
    }
}

fn dispatch(cli: &Cli, output: Output) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(args) => init::run(args, output),
        Command::Policy(args) => policy::run(args, global, output),
        Command::Playbooks(args) => playbooks::run(args, output),
        Command::Devices(args) => devices::run(args, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Schema(args) => schema::run(args, output),
        Command::Completions(args) => Ok(docs::completions(args, output)),
        Command::Man(args) => docs::man(args, output),
        Command::Plan(args) => wait(async |_| plan::run(args, global, output).await),
        Command::Onboard(args) => wait(async |stop| onboard::run(args, global, output, stop).await),
        Command::Render(args) => wait(async |_| render::run(args, global, output).await),
        Command::Verify(args) => wait(async |_| verify::run(args, global, output).await),
        Command::Status(args) => wait(async |stop| status::run(args, global, output, stop).await),
        Command::Cutover(args) => wait(async |stop| cutover::run(args, global, output, stop).await),
        Command::Teardown(args) => {
            wait(async |stop| teardown::run(args, global, output, stop).await)
        }
        Command::Reap(args) => wait(async |stop| reap::run(args, global, output, stop).await),
        Command::Runs(args) => wait(async |_| runs::run(args, global, output).await),
        Command::Resume(args) => wait(async |stop| resume::run(args, global, output, stop).await),
        Command::Sandbox(args) => wait(async |stop| sandbox::run(args, global, output, stop).await),
    }
}

/// Only what talks to AWS, or may, pays for a runtime, and listens to signals.
fn wait(work: impl AsyncFnOnce(&Interrupt) -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        let interrupt = Interrupt::listen();
        interrupt.or_ended(work(&interrupt)).await
    });
    // A name that is being looked up must not keep a process that was told to end.
    runtime.shutdown_background();
    result
}
