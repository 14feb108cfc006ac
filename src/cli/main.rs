//! From the typed words to an exit code.

use std::process::ExitCode;

use clap::Parser;

use super::again::typed;
use super::args::{Cli, Command};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::{
    devices, docs, explain, init, onboard, plan, playbooks, policy, reap, render, resume, runs,
    sandbox, schema, status, teardown, verify,
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
    match dispatch(&cli, output) {
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
        Command::Policy(args) => policy::run(args, output),
        Command::Playbooks(args) => playbooks::run(args, output),
        Command::Devices(args) => devices::run(args, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Schema(args) => schema::run(args, output),
        Command::Runs(args) => runs::run(args, global, output),
        Command::Completions(args) => Ok(docs::completions(args, output)),
        Command::Man(args) => docs::man(args, output),
        Command::Plan(args) => wait(plan::run(args, global, output)),
        Command::Onboard(args) => wait(onboard::run(args, global, output)),
        Command::Render(args) => wait(render::run(args, global, output)),
        Command::Verify(args) => wait(verify::run(args, global, output)),
        Command::Status(args) => wait(status::run(args, global, output)),
        Command::Teardown(args) => wait(teardown::run(args, global, output)),
        Command::Reap(args) => wait(reap::run(args, global, output)),
        Command::Resume(args) => wait(resume::run(args, global, output)),
        Command::Sandbox(args) => wait(sandbox::run(args, global, output)),
    }
}

/// Only what talks to AWS pays for a runtime.
fn wait(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot start: {error}")))?
        .block_on(work)
}
