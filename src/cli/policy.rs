//! `underpass policy`.

use std::path::PathBuf;

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::load;
use super::output::Output;
use super::survey::{HowToPlan, offline};
use crate::plan::{self, PolicyFor};

/// Print the exact IAM policy for a site, with tag conditions
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// For which command
    #[arg(long = "for", value_enum, default_value_t, value_name = "COMMAND")]
    purpose: Purpose,
}

/// Which command the policy is for.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Purpose {
    /// Only looking.
    Plan,
    /// Bringing the site up, and changing it.
    #[default]
    Onboard,
    /// Removing it.
    Teardown,
}

pub(super) fn run(args: &Args, _global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let plan = offline(&site, &args.site, &args.how)?;
    let purpose = match args.purpose {
        Purpose::Plan => PolicyFor::Plan,
        Purpose::Onboard => PolicyFor::Onboard,
        Purpose::Teardown => PolicyFor::Teardown,
    };
    let policy = plan::policy(&site, &plan, purpose);
    output.result(&policy, || serde_json::to_string_pretty(&policy).unwrap_or_default())?;
    Ok(Exit::Ok)
}
