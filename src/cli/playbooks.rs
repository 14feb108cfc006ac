//! `underpass playbooks`.

use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{Format, Output};
use super::survey::read_playbook;
use super::table::Table;
use crate::playbook::{self, Picture, Playbook};

/// List the topologies, or show one as a tree, mermaid or DOT
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A built-in playbook's name, or the path of your own
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    match &args.name {
        None => list(output)?,
        Some(name) => match playbook::builtin()
            .iter()
            .find(|playbook| playbook.name() == name)
        {
            Some(playbook) => show(output, playbook)?,
            None if std::path::Path::new(name).exists() => {
                show(output, &read_playbook(std::path::Path::new(name))?)?;
            }
            None => {
                return Err(Failure::new(
                    Exit::Input,
                    format!(
                        "no playbook and no file is called `{}`",
                        name.escape_debug()
                    ),
                )
                .next("underpass playbooks"));
            }
        },
    }
    Ok(Exit::Ok)
}

fn list(output: Output) -> Result<(), Failure> {
    let rows: Vec<_> = playbook::builtin()
        .iter()
        .map(|playbook| json!({ "name": playbook.name(), "summary": playbook.summary(), "steps": playbook.steps().len() }))
        .collect();
    output.result(&json!({ "schema_version": 1, "playbooks": rows }), || {
        let mut table = Table::new(["playbook", "what", "steps"]);
        for playbook in playbook::builtin() {
            table.add_row([
                playbook.name(),
                playbook.summary(),
                &playbook.steps().len().to_string(),
            ]);
        }
        format!("{table}\n\nnext: underpass playbooks vgw-bgp")
    })
}

fn show(output: Output, playbook: &Playbook) -> Result<(), Failure> {
    let picture = Picture::of_playbook(playbook);
    match output.format {
        Format::Mermaid => output.text(&picture.mermaid()),
        Format::Dot => output.text(&picture.dot()),
        Format::Text | Format::Json | Format::Jsonl => {
            let steps: Vec<_> = playbook
                .steps()
                .iter()
                .map(|step| json!({ "id": step.id(), "kind": step.kind(), "after": step.after().collect::<Vec<_>>() }))
                .collect();
            let value = json!({
                "schema_version": 1,
                "name": playbook.name(),
                "summary": playbook.summary(),
                "fits": playbook.fits(),
                "steps": steps,
                "source": playbook.source(),
            });
            output.result(&value, || {
                format!(
                    "{}: {}\n\n{}",
                    playbook.name(),
                    playbook.summary(),
                    picture.tree()
                )
            })?;
        }
    }
    Ok(())
}
