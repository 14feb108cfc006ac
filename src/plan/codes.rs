//! The one table of what this stage refuses, warns about and finds in a plan.
//!
//! The codes are stable: scripts know them. A code is never given a new meaning.

mod lint;
mod network;
mod planning;
mod target;
mod transit;

use std::sync::LazyLock;

use serde::Serialize;

/// One code with everything that `underpass explain CODE` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code, such as `preflight::asn_equal`.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// How one comes to it and what would happen.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether `--accept CODE` turns a refusal into a warning.
    pub acceptable: bool,
}

static ALL: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let mut all = [
        lint::CODES,
        planning::CODES,
        target::CODES,
        transit::CODES,
        network::CODES,
    ]
    .concat();
    all.sort_by_key(|code| code.code);
    all
});

/// Every code of this stage, sorted.
pub fn codes() -> &'static [Code] {
    &ALL
}

/// The code of that name.
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|known| known.code == code)
}

const fn refused(
    code: &'static str,
    title: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Code {
    Code {
        code,
        title,
        cause,
        remedy,
        acceptable: false,
    }
}

const fn acceptable(
    code: &'static str,
    title: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Code {
    Code {
        code,
        title,
        cause,
        remedy,
        acceptable: true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_says_enough() {
        for part in [lint::CODES, planning::CODES, target::CODES, network::CODES] {
            assert!(part.is_sorted_by(|a, b| a.code < b.code));
        }
        for code in codes() {
            assert!(code.cause.len() > 60, "{}", code.code);
            assert!(
                code.title.len() < 70 && !code.remedy.is_empty(),
                "{}",
                code.code
            );
        }
    }

    #[test]
    fn what_is_used_is_explained_and_what_is_explained_is_used() {
        let mut used = BTreeSet::new();
        collect(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan")),
            &mut used,
        );
        let known: BTreeSet<String> = codes().iter().map(|code| code.code.to_owned()).collect();
        assert_eq!(used, known);
    }

    /// Codes in string literals of the stage's files, this one and tests apart.
    fn collect(folder: &Path, used: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains("tests") || name == "testing.rs" || name.starts_with("codes") {
                continue;
            }
            if path.is_dir() {
                collect(&path, used);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap()
                    .to_owned();
                let words = text.split('"').skip(1).step_by(2);
                used.extend(
                    words
                        .filter(|word| {
                            ["lint::", "plan::", "preflight::"]
                                .iter()
                                .any(|stage| word.starts_with(stage))
                        })
                        .map(str::to_owned),
                );
            }
        }
    }
}
