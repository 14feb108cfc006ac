use std::os::unix::fs::symlink;

use super::*;
use crate::device::{Device, find};
use crate::spec::Routing;
use crate::tunnel::{RouteExchange, sample};

fn context(second: i64) -> RenderContext {
    RenderContext {
        generated_at: Timestamp::from_second(second).unwrap(),
        tool_version: "0.1.0".to_owned(),
    }
}

fn put(path: &Path, text: &str) {
    files::write_public(path, text.as_bytes()).unwrap();
}

fn strongswan() -> &'static dyn Device {
    find("strongswan").unwrap()
}

fn static_set() -> TunnelSet {
    let mut set = sample::tunnel_set();
    set.site.routing = Routing::Static;
    set.routes = RouteExchange::Static;
    set
}

fn bundle(folder: &Path, set: &TunnelSet, second: i64) -> Result<Manifest, BundleError> {
    let context = context(second);
    let files = strongswan().render(set, &context).unwrap();
    write(folder, &files, set, "strongswan", &context)
}

fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = files::mode(&path).unwrap();
        if path.is_dir() {
            found.extend(everything(&path));
            found.insert(path, (mode, Vec::new()));
        } else {
            let content = fs::read(&path).unwrap();
            found.insert(path, (mode, content));
        }
    }
    found
}

#[test]
fn the_same_tunnels_give_the_same_bytes_and_only_the_owner_reads_keys() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant-7");
    let first = bundle(&folder, &sample::tunnel_set(), 1).unwrap();
    assert!(first.files.iter().all(|file| file.change == Change::New));
    let before = everything(&folder);
    let second = bundle(&folder, &sample::tunnel_set(), 2).unwrap();
    assert!(second.files.iter().all(|file| file.change == Change::Same));
    assert_eq!(second.generated_at, first.generated_at);
    assert_eq!(everything(&folder), before);

    assert_eq!(files::mode(&folder).unwrap(), 0o700);
    for (path, (mode, content)) in before {
        let text = String::from_utf8(content).unwrap();
        let holds = sample::KEYS.iter().any(|key| text.contains(key));
        assert!(!holds || mode == 0o600, "{}", path.display());
        assert!(path.is_file() || mode == 0o700, "{}", path.display());
        if path.ends_with(MANIFEST) {
            assert!(!holds && mode == 0o600);
            assert_eq!(
                serde_json::from_str::<Manifest>(&text).unwrap().files.len(),
                20
            );
        }
        if path.ends_with(".gitignore") {
            assert_eq!(text, "*\n");
        }
    }
}

#[test]
fn a_loosened_mode_and_an_edited_file_are_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bundle(folder, &sample::tunnel_set(), 1).unwrap();
    let before = everything(folder);
    let secrets = "etc/swanctl/conf.d/underpass-plant-7-secrets.conf";
    files::restrict(&folder.join(secrets), 0o644).unwrap();
    files::restrict(folder, 0o755).unwrap();
    put(&folder.join("README.md"), "notes");
    let manifest = bundle(folder, &sample::tunnel_set(), 1).unwrap();
    let changed: Vec<_> = (manifest.files.iter())
        .filter(|file| file.change == Change::Changed)
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(changed, ["README.md", secrets]);
    assert_eq!(everything(folder), before);
    assert_eq!(files::mode(folder).unwrap(), 0o700);
}

#[test]
fn stale_files_go_unless_somebody_edited_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bundle(folder, &sample::tunnel_set(), 1).unwrap();
    let frr = "etc/underpass/plant-7/frr.conf";
    put(&folder.join(frr), "! mine now");
    put(&folder.join("notes.txt"), "mine");
    let manifest = bundle(folder, &static_set(), 2).unwrap();
    assert_eq!(manifest.kept, [frr]);
    assert_eq!(manifest.removed, ["etc/underpass/plant-7/frr-remove.conf"]);
    assert!(folder.join(frr).exists() && folder.join("notes.txt").exists());
    // What was kept is somebody else's from now on, so it is not overwritten either.
    let error = bundle(folder, &sample::tunnel_set(), 3).unwrap_err();
    assert!(
        matches!(&error, BundleError::Foreign { found, .. } if found == frr),
        "{error}"
    );
}

#[test]
fn a_folder_of_somebody_elses_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(&folder.join("README.md"), "mine");
    let before = everything(folder);
    let error = bundle(folder, &sample::tunnel_set(), 1).unwrap_err();
    assert!(error.to_string().contains("README.md"), "{error}");
    put(&folder.join(MANIFEST), "{}");
    let error = bundle(folder, &sample::tunnel_set(), 1).unwrap_err();
    assert!(matches!(error, BundleError::Manifest { .. }), "{error}");
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    assert_eq!(everything(folder), before);

    let other = tempfile::tempdir().unwrap();
    bundle(other.path(), &sample::tunnel_set(), 1).unwrap();
    let mut set = sample::tunnel_set();
    set.site.name = "plant-8".parse().unwrap();
    let error = bundle(other.path(), &set, 1).unwrap_err();
    assert!(
        error.to_string().contains("the bundle of site `plant-7`"),
        "{error}"
    );
}

/// Killed between any two writes, the folder is one that the next call finishes.
#[test]
fn a_bundle_that_was_cut_short_is_finished() {
    let whole = tempfile::tempdir().unwrap();
    bundle(whole.path(), &static_set(), 2).unwrap();
    let wanted = everything(whole.path());
    let paths: Vec<PathBuf> = (wanted.keys())
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(whole.path()).unwrap().to_owned())
        .collect();
    for cut in (0..paths.len()).step_by(3) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        bundle(folder, &sample::tunnel_set(), 1).unwrap();
        // The manifest of intent is there, and what stands before the cut.
        let old = read_manifest(folder).unwrap().unwrap();
        let mut intent = read_manifest(whole.path()).unwrap().unwrap();
        let stale = stale(Some(&old), &intent);
        intent.files.extend(stale);
        save(folder, &intent).unwrap();
        for path in paths
            .iter()
            .take(cut)
            .filter(|path| !path.ends_with(MANIFEST))
        {
            fs::copy(whole.path().join(path), folder.join(path)).unwrap();
        }
        bundle(folder, &static_set(), 2).unwrap();
        let found = everything(folder);
        let relative = |tree: &BTreeMap<PathBuf, (u32, Vec<u8>)>, root: &Path| -> Vec<_> {
            (tree.iter())
                .map(|(path, entry)| (path.strip_prefix(root).unwrap().to_owned(), entry.clone()))
                .collect()
        };
        assert_eq!(
            relative(&found, folder),
            relative(&wanted, whole.path()),
            "cut at {cut}"
        );
    }
}

#[test]
fn no_path_leaves_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("bundle");
    for path in ["../x", "/etc/x", "a/../../x", "", ".", "manifest.json"] {
        let file = BundleFile::of_bytes(path, 0o644, Zeroizing::new(Vec::new()));
        let set = sample::tunnel_set();
        let error = write(&folder, &[file], &set, "strongswan", &context(1)).unwrap_err();
        assert!(matches!(error, BundleError::Path(_)), "{path}: {error}");
        assert!(!folder.exists());
    }
    // A link in the place of a file is replaced, not followed.
    bundle(&folder, &sample::tunnel_set(), 1).unwrap();
    let target = parent.path().join("target");
    put(&target, "theirs");
    fs::remove_file(folder.join("README.md")).unwrap();
    symlink(&target, folder.join("README.md")).unwrap();
    bundle(&folder, &sample::tunnel_set(), 1).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert!(
        folder
            .join("README.md")
            .symlink_metadata()
            .unwrap()
            .is_file()
    );
}

#[test]
fn what_a_killed_write_left_is_not_somebody_elses_and_goes() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("plant-7");
    // Killed over the manifest: there is nothing else to tell whose folder it is.
    files::private_folder(&folder).unwrap();
    put(&folder.join(".underpass-a1B2c3"), "{");
    bundle(&folder, &sample::tunnel_set(), 1).unwrap();
    let clean = everything(&folder);
    assert!(!folder.join(".underpass-a1B2c3").exists());

    // Killed over a file with keys, deeper down.
    let deep = folder.join("etc/underpass/plant-7");
    put(&deep.join(".underpass-Xy9Zw8"), "secret");
    put(&deep.join(".underpass-notes"), "mine");
    bundle(&folder, &sample::tunnel_set(), 2).unwrap();
    assert!(deep.join(".underpass-notes").exists());
    fs::remove_file(deep.join(".underpass-notes")).unwrap();
    assert_eq!(everything(&folder), clean);
}
