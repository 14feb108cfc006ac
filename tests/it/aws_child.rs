//! Runs one test of this binary again in a process of its own, with an environment of its own.
//!
//! Where credentials, profiles and endpoints come from is part of what is tested, and a test
//! cannot change its own process's environment safely.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

/// Set for the child, so that it knows that it is one.
const CHILD: &str = "UNDERPASS_TEST_CHILD";

/// Runs the ignored test `name` with `variables` and nothing of the user's AWS configuration.
pub(crate) async fn run(name: &str, home: &Path, variables: &[(&str, &str)]) -> Output {
    let aws = std::env::vars_os().filter_map(|(name, _)| {
        let name = name.into_string().ok()?;
        let ours = name.starts_with("AWS_") || name.to_ascii_lowercase().ends_with("_proxy");
        ours.then_some(name)
    });
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in aws {
        command.env_remove(name);
    }
    command
        .args([
            name,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, "1")
        .env("HOME", home)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// Fails with what the child said, unless it ran and passed.
pub(crate) fn passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether this process is such a child; `--ignored` alone runs nothing.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}
