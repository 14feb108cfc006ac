//! `underpass policy`.

use std::path::PathBuf;

use serde_json::Value;

use super::again;
use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::load;
use super::output::Output;
use super::survey::{linted, read_plan};
use crate::plan::{self, PolicyFor, Scope};
use crate::spec::{AttachTo, Region};

/// Print the exact IAM policy for a site, with tag conditions (and --journal, if given)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    /// For which command
    #[arg(long = "for", value_enum, default_value_t, value_name = "COMMAND")]
    purpose: Purpose,
    /// For exactly this saved plan: what it adopts is named by its ARN
    #[arg(long, value_name = "FILE", conflicts_with = "purpose")]
    plan: Option<PathBuf>,
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
    /// Moving its traffic between its tunnels and Direct Connect, and the drill.
    Cutover,
}

pub(super) fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    if let Some(path) = &args.plan {
        let again = format!(
            "underpass plan {} --out {}",
            again::path(&args.site),
            again::path(path)
        );
        let plan = read_plan(path).map_err(|failure| failure.next(again.clone()))?;
        if plan.site != site.name || plan.region != site.region {
            let text = format!(
                "{} is a plan for site {} in {}",
                harmless::path(path),
                plan.site,
                plan.region
            );
            return Err(Failure::new(Exit::Input, text).next(again));
        }
        // The file may have been edited, and what is printed here is granted to somebody.
        let plan = linted(plan, None).map_err(|failure| failure.next(again.clone()))?;
        return Ok(print(
            plan::policy(&PolicyFor::Plan(&plan)),
            global,
            &site.region,
            output,
        ));
    }
    let scope = match args.purpose {
        Purpose::Plan => Scope::Plan,
        Purpose::Onboard => Scope::Onboard,
        Purpose::Teardown => Scope::Teardown,
        Purpose::Cutover => Scope::Cutover,
    };
    let account = site.aws.account.as_ref();
    let policy = plan::policy(&PolicyFor::Site {
        site: &site.name,
        region: &site.region,
        account,
        scope,
        transit: matches!(site.aws.attach_to, AttachTo::TransitGateway(_)),
        direct_connect: site.aws.direct_connect.is_some(),
    });
    Ok(print(policy, global, &site.region, output))
}

/// The policy is the result in every format: IAM takes it as it is.
fn print(mut policy: Value, global: &Global, region: &Region, output: Output) -> Exit {
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
    if let (Some(place), Some(statements)) = (&global.journal, statements) {
        statements.extend(plan::journal_policy(place, region));
    }
    output.text(&format!("{policy:#}"));
    Exit::Ok
}
