//! `underpass plan`.

use std::path::PathBuf;

use super::again::{Again, path, same_flags};
use super::args::Global;
use super::connect::connect_for;
use super::exit::Exit;
use super::failure::Failure;
use super::load;
use super::output::{Format, Line, Output};
use super::permissions::{self, Checked};
use super::survey::{HowToPlan, offline, survey};
use crate::files;
use crate::plan::show::Look;
use crate::plan::{self, Plan};

/// Show what onboarding would do, without touching anything
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Remove what of this site exists twice, once everything that is kept is ready
    #[arg(long)]
    remove_duplicates: bool,
    /// Make no AWS call at all: everything is assumed absent
    #[arg(long, conflicts_with_all = ["check_permissions", "out"])]
    offline: bool,
    /// Ask AWS, by DryRun where it has one, whether each call would be allowed
    #[arg(long)]
    check_permissions: bool,
    /// Save the plan for `underpass onboard --plan`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there are changes to make
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let how = args.how.removing(args.remove_duplicates);
    let (plan, checked) = if args.offline {
        (offline(&site, &args.site, &how)?, None)
    } else {
        let connection = connect_for(global, &site).await?;
        let plan = survey(&site, &args.site, &connection, &how).await?;
        let checked = match args.check_permissions {
            true => {
                let asked = permissions::check(&connection.client, &plan, &connection.ids).await;
                // The command that removes what a dry run should not have made.
                let remove = Again::new(&args.site, "", global).other("teardown");
                Some(asked.map_err(|failure| failure.next(remove))?)
            }
            false => None,
        };
        (plan, checked)
    };
    let again = Again::new(&args.site, &how.flags(), global);
    let next = match &args.out {
        _ if plan.is_noop() => again.other("verify"),
        // It is planned anew when it is applied, and that takes the same flags.
        Some(saved) => format!(
            "underpass onboard {} --plan {}{}{}{}",
            path(&args.site),
            path(saved),
            how.flags(),
            if how.remove_duplicates {
                " --remove-duplicates"
            } else {
                ""
            },
            same_flags(global)
        ),
        None if how.remove_duplicates => format!("{} --remove-duplicates", again.other("onboard")),
        None => again.other("onboard"),
    };
    show(output, &plan, checked.as_deref(), Some(&next))?;
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(&plan).map_err(|error| {
            Failure::new(Exit::Internal, format!("cannot write the plan: {error}"))
        })?;
        files::write_public(path, &json).map_err(|error| Failure::file("write", path, &error))?;
        output.say(
            Line::Made,
            &format!("plan saved in {}", super::harmless::path(path)),
        );
    }
    if checked.is_some_and(|checked| checked.iter().any(Checked::is_denied)) {
        return Err(
            Failure::new(Exit::Access, "some calls of this plan would be denied")
                .next(format!(
                    "underpass policy {} --for onboard",
                    path(&args.site)
                ))
                .after_result(),
        );
    }
    let pending = args.detailed_exitcode && !plan.is_noop();
    Ok(if pending {
        Exit::ChangesPending
    } else {
        Exit::Ok
    })
}

/// Prints a plan in the form that was asked for.
///
/// `next` is the command to run next.
pub(super) fn show(
    output: Output,
    plan: &Plan,
    checked: Option<&[Checked]>,
    next: Option<&str>,
) -> Result<(), Failure> {
    match output.format {
        Format::Mermaid => output.text(&plan::show::mermaid(plan)),
        Format::Dot => output.text(&plan::show::dot(plan)),
        Format::Json | Format::Jsonl => match checked {
            Some(checked) => output.result(
                &serde_json::json!({ "schema_version": 1, "plan": plan, "permission_checks": checked }),
                String::new,
            )?,
            None => output.result(plan, String::new)?,
        },
        Format::Text => {
            let look = Look { width: output.width(), colour: output.colour(), origin: None };
            let mut text = plan::show::text(plan, &look);
            if let Some(checked) = checked {
                text.push_str(&permissions::table(checked));
            }
            if let Some(next) = next {
                text.push_str(&format!("\nnext: {next}\n"));
            }
            output.text(&text);
        }
    }
    Ok(())
}
