//! The `underpass` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    underpass::cli::main()
}
