//! The house rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

/// The stages in reading order; none may import from one that stands to its right.
const STAGES: [&str; 10] = [
    "spec", "tunnel", "device", "playbook", "aws", "resource", "plan", "journal", "engine",
    "verify",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{} holds no source", folder.display());
    found
}

/// The text before a file's inline tests.
fn program(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.contains("test") || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn no_stage_imports_from_a_later_one() {
    let mut wrong = Vec::new();
    for (place, stage) in STAGES.iter().enumerate() {
        for (path, text) in sources(&root().join("src").join(stage)) {
            if is_test(&path) {
                continue;
            }
            for later in STAGES[place + 1..].iter().chain(&["cli"]) {
                if program(&text).contains(&format!("crate::{later}::")) {
                    wrong.push(format!("{} imports from {later}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sandbox_stands_apart() {
    for (path, text) in sources(&root().join("src/sandbox")) {
        for stage in STAGES.iter().chain(&["cli"]) {
            let import = format!("crate::{stage}::");
            assert!(
                !program(&text).contains(&import),
                "{} uses {stage}",
                path.display()
            );
        }
    }
}

#[test]
fn only_aws_names_the_sdk() {
    for (path, text) in sources(&root().join("src")) {
        if path.starts_with(root().join("src/aws")) {
            continue;
        }
        for name in ["aws_sdk_", "aws_smithy_", "aws_config"] {
            assert!(!text.contains(name), "{} names {name}", path.display());
        }
    }
}

#[test]
fn a_mod_file_holds_docs_and_re_exports_only() {
    for (path, text) in sources(&root().join("src")) {
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            for word in ["fn ", "impl ", "struct ", "enum "] {
                let holds = text.lines().any(|line| {
                    !line.trim_start().starts_with("//")
                        && line
                            .trim_start()
                            .trim_start_matches("pub ")
                            .starts_with(word)
                });
                assert!(!holds, "{} holds a `{word}`", path.display());
            }
        }
    }
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for (path, text) in sources(&root().join("src")) {
        let lines = program(&text).lines().count();
        if lines > 450 && !is_test(&path) {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "these have two jobs:\n{}", long.join("\n"));
}
