//! A pre-shared key is found in 0600 files and nowhere else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use underpass::sandbox::{Faults, GatewaySim};

use crate::env::{Env, ran};

#[test]
fn keys_are_in_files_of_mode_0600_and_nowhere_else() {
    for example in ["examples/plant-7.yaml", "examples/warehouse-generic.yaml"] {
        let env = Env::served(300.0, Faults::default(), GatewaySim::Online);
        let mut said = String::new();
        // A run that is killed, one that finishes, one in every format, and all the looks.
        let mut child = env.start(&["onboard", example, "--yes"]);
        std::thread::sleep(Duration::from_millis(700));
        child.kill().unwrap();
        let killed = ran(child.wait_with_output().unwrap());
        said.push_str(&killed.stdout);
        said.push_str(&killed.stderr);
        for args in [
            &["onboard", example, "--yes"][..],
            &["onboard", example, "--yes", "--format", "json"],
            &["onboard", example, "--yes", "--format", "jsonl"],
            &["plan", example, "--format", "json", "--out", "plan.json"],
            &["plan", example, "--check-permissions"],
            &["status", example, "--format", "json"],
            &["verify", example, "--format", "json"],
            &["render", example],
            &["runs", "--format", "json"],
            &["policy", example],
            &["teardown", example, "--yes", "--dry-run"],
        ] {
            let run = env.run(args);
            assert!(
                [0, 7].contains(&run.code),
                "{args:?}\n{}\n{}",
                run.stdout,
                run.stderr
            );
            said.push_str(&run.stdout);
            said.push_str(&run.stderr);
        }
        let site = if example.contains("plant") {
            "plant-7"
        } else {
            "warehouse"
        };
        let folder = fs::read_dir(env.file(".underpass"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with(site)
            })
            .unwrap();
        let keys: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("keys.json")).unwrap()).unwrap();
        let keys: Vec<String> = strings(&keys)
            .into_iter()
            .filter(|text| text.len() >= 32)
            .collect();
        assert!(keys.len() >= 2, "{example}: no keys to look for");
        let mut holders = 0;
        for key in &keys {
            assert!(!said.contains(key.as_str()), "{example}: a key was printed");
            for file in env.files() {
                let content = fs::read(&file).unwrap();
                if content
                    .windows(key.len())
                    .any(|part| part == key.as_bytes())
                {
                    holders += 1;
                    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
                    assert_eq!(mode, 0o600, "{} holds a key", file.display());
                    let folder = fs::metadata(file.parent().unwrap())
                        .unwrap()
                        .permissions()
                        .mode()
                        & 0o777;
                    assert_eq!(folder, 0o700, "the folder of {}", file.display());
                    let name = file.display().to_string();
                    assert!(
                        !name.contains("/runs/") && !name.ends_with("plan.json"),
                        "{name}"
                    );
                }
            }
        }
        assert!(
            holders >= 4,
            "{example}: each key is in keys.json and in the bundle"
        );
    }
}

/// Every string in a JSON value.
fn strings(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(items) => items.iter().flat_map(strings).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
