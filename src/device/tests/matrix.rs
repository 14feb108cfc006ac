//! A snapshot of every file of every device, in every combination.

use super::sample::{cases, context, rendered, set, vendors};
use crate::device::{Removal, registry};
use crate::tunnel::sample::KEYS;

#[test]
fn every_file_of_every_combination() {
    for device in vendors() {
        for case in cases(device) {
            for (path, text) in rendered(device, &case.set) {
                // The same in words; one of each routing is enough to read.
                if ["README.md", "install.sh", "merge.php"].contains(&path.as_str())
                    && !case.name.contains("public_strong")
                {
                    continue;
                }
                let path = path.replace(['/', '.'], "_");
                insta::assert_snapshot!(format!("{}__{path}", case.name), text);
            }
        }
    }
}

#[test]
fn keys_stand_only_in_files_for_their_owner() {
    for device in registry() {
        for case in cases(*device) {
            let mut holders = 0;
            for file in device.render(&case.set, &context()).unwrap() {
                let text = String::from_utf8(file.content().to_vec()).unwrap();
                let held = KEYS.iter().filter(|key| text.contains(*key)).count();
                assert_eq!(held > 0, file.secret, "{} {}", case.name, file.path);
                assert_eq!(file.secret, file.mode == 0o600, "{}", file.path);
                holders += usize::from(held == 2);
            }
            assert!(holders > 0, "{}: no file has both keys", case.name);
        }
    }
}

/// Words that mean an algorithm below the floor, in any vendor's language.
#[test]
fn strong_means_no_weak_word_anywhere() {
    let weak = [
        "sha1",
        "sha-1",
        "hmac-sha-96",
        "sha-hmac",
        "md5",
        "3des",
        "modp1024",
        "modp768",
        "group2",
        "group 2",
        "group5",
        "group 5",
        "dhgrp 2",
        "dhgrp 5",
        "dh-group 2 ",
        "aes128",
        "aes-128",
        "aes 128",
        "aes-cbc-128",
        "aes-gcm-128",
        "ikev1",
        "main-mode",
        "aggressive",
    ];
    for device in vendors() {
        for bgp in [true, false] {
            let abilities = device.abilities();
            if (bgp && !abilities.bgp) || (!bgp && !abilities.static_routing) {
                continue;
            }
            for (path, text) in rendered(device, &set(device, bgp, false, true)) {
                for line in text.to_lowercase().lines() {
                    for word in weak {
                        let stands = line.match_indices(word).any(|(at, _)| {
                            let after = line[at + word.len()..].chars().next();
                            !after.is_some_and(|c| c.is_ascii_digit())
                        });
                        assert!(!stands, "{} {path}: {line}", device.name());
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_left_to_fill_in() {
    let marks = [
        "<", "xxx", "todo", "changeme", "your_", "your-", "fixme", "{{", "{%",
    ];
    for device in vendors() {
        for case in cases(device) {
            for (path, text) in rendered(device, &case.set) {
                // Markup has angle brackets of its own, and programs redirect.
                let markup = [".xml", ".md", ".sh", ".php"]
                    .iter()
                    .any(|kind| path.ends_with(kind));
                for line in text.to_lowercase().lines() {
                    for mark in marks.iter().filter(|mark| !(markup && **mark == "<")) {
                        assert!(!line.contains(mark), "{} {path}: {line}", case.name);
                    }
                }
            }
        }
    }
}

#[test]
fn what_removes_is_there_and_holds_no_key() {
    for device in vendors() {
        for case in cases(device) {
            let files = device.render(&case.set, &context()).unwrap();
            if let Removal::File(path) = device.removal() {
                let file = files.iter().find(|file| file.path == path);
                let file = file.unwrap_or_else(|| panic!("{}: no {path}", case.name));
                assert!(!file.secret && !file.content().is_empty(), "{}", case.name);
            }
            assert!(!device.notes(&case.set).is_empty());
            assert!(device.checks(&case.set).len() >= 3, "{}", case.name);
        }
    }
}
