//! `underpass completions` and `underpass man`.

use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::files;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the man pages
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write them to
    folder: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs, output: Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "underpass", &mut script);
    output.text(&String::from_utf8_lossy(&script));
    Exit::Ok
}

pub(super) fn man(args: &ManArgs, output: Output) -> Result<Exit, Failure> {
    std::fs::create_dir_all(&args.folder)
        .map_err(|error| Failure::file("create", &args.folder, &error))?;
    let command = Cli::command().disable_help_subcommand(true);
    let mut pages = vec![("underpass".to_owned(), command.clone())];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages.push((format!("underpass-{}", sub.get_name()), sub.clone()));
    }
    for (name, page) in pages {
        let path = args.folder.join(format!("{name}.1"));
        let title: &'static str = Box::leak(name.into_boxed_str());
        let mut text = Vec::new();
        clap_mangen::Man::new(page.name(title))
            .render(&mut text)
            .and_then(|()| files::write_public(&path, &text))
            .map_err(|error| Failure::file("write", &path, &error))?;
        output.text(&path.display().to_string());
    }
    Ok(Exit::Ok)
}
