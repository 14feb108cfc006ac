//! `underpass explain`.

use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::table::Table;
use crate::{plan, spec};

/// Explain a code that plan, onboard or a site file's error names
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code; without one, all codes are listed
    code: Option<String>,
}

/// A code as every stage explains it.
struct Explained {
    code: String,
    title: String,
    cause: &'static str,
    remedy: &'static str,
}

fn all() -> Vec<Explained> {
    let spec = spec::Code::ALL.iter().map(|code| Explained {
        code: code.to_string(),
        title: code.word().replace('_', " "),
        cause: code.cause(),
        remedy: code.mend(),
    });
    let plan = plan::codes().iter().map(|code| Explained {
        code: code.code.to_owned(),
        title: code.title.to_owned(),
        cause: code.cause,
        remedy: code.remedy,
    });
    spec.chain(plan).collect()
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let all = all();
    let Some(wanted) = &args.code else {
        let rows: Vec<_> = all
            .iter()
            .map(|code| json!({ "code": code.code, "title": code.title }))
            .collect();
        output.result(&json!({ "schema_version": 1, "codes": rows }), || {
            let mut table = Table::new(["code", "what"]);
            for code in &all {
                table.add_row([&code.code, &code.title]);
            }
            table.to_string()
        })?;
        return Ok(Exit::Ok);
    };
    let found: Vec<_> = all
        .iter()
        .filter(|code| {
            code.code == *wanted || code.code.rsplit("::").next() == Some(wanted.as_str())
        })
        .collect();
    let Some(code) = found.first() else {
        return Err(Failure::new(
            Exit::Input,
            format!("no code is called `{}`", wanted.escape_debug()),
        )
        .next("underpass explain"));
    };
    output.result(
        &json!({ "schema_version": 1, "code": code.code, "title": code.title, "cause": code.cause, "remedy": code.remedy }),
        || format!("{}: {}\n\nWhy\n  {}\n\nWhat to do\n  {}\n", code.code, code.title, code.cause.replace('\n', "\n  "), code.remedy.replace('\n', "\n  ")),
    )?;
    Ok(Exit::Ok)
}
