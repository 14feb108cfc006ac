//! Whole files: the good ones load, each bad one gives the report that stands in `snapshots/`.

use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::*;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn load_file(path: &Path) -> Result<Loaded, SpecErrors> {
    let name = path.file_name().unwrap();
    load_bytes(&std::fs::read(path).unwrap(), Path::new(name))
}

fn rendered(diagnostic: &dyn miette::Diagnostic) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, diagnostic)
        .unwrap();
    text
}

#[test]
fn every_example_loads_and_only_its_address_is_warned_of() {
    for path in files("examples") {
        let loaded = load_file(&path).unwrap_or_else(|errors| panic!("{}", rendered(&errors)));
        let codes: Vec<_> = loaded.warnings.problems().iter().map(|p| p.code).collect();
        assert_eq!(codes, [Code::DocumentationAddress], "{}", path.display());
        let name = loaded.site.name.to_string();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(name.as_str()));
    }
}

#[test]
fn every_bad_site_has_its_report() {
    for path in files("tests/scenarios/bad-sites") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let report = match load_file(&path) {
            Err(errors) => rendered(&errors),
            Ok(loaded) => {
                assert!(name.contains("warning"), "{name} loads");
                rendered(&loaded.warnings)
            }
        };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, report);
        });
    }
}
