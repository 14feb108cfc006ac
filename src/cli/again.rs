//! The commands that underpass tells people to run next: each can be pasted as it stands.

use std::fmt::Write as _;
use std::path::Path;

use super::args::Global;
use crate::spec::is_hostile;

/// How to begin the same again.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// The command, as it was typed.
    pub(super) command: String,
    /// The site file and the flags, where the command names one.
    pub(super) site: Option<String>,
    /// The site file alone, for the commands that know none of the flags about planning.
    pub(super) bare: Option<String>,
}

impl Again {
    /// For a command that takes a site file; `more` are flags that other commands on this site
    /// need as well, such as `--playbook`.
    pub(super) fn new(site: &Path, more: &str, global: &Global) -> Self {
        Self {
            command: typed(),
            site: Some(format!("{}{more}{}", path(site), same_flags(global))),
            bare: Some(format!("{}{}", path(site), same_flags(global))),
        }
    }

    /// Another command on the same site.
    pub(super) fn other(&self, command: &str) -> String {
        let site = self.site.as_deref().unwrap_or_default();
        format!("underpass {command} {site}").trim_end().to_owned()
    }

    /// The command that removes the site.
    pub(super) fn teardown(&self) -> String {
        let site = self.bare.as_deref().unwrap_or_default();
        format!("underpass teardown {site}").trim_end().to_owned()
    }

    /// The same with the consent that it lacked.
    pub(super) fn with(&self, flags: &str) -> String {
        format!("{} {flags}", self.command)
    }
}

/// The command line of this process.
pub(super) fn typed() -> String {
    let mut words = vec!["underpass".to_owned()];
    words.extend(
        std::env::args_os()
            .skip(1)
            .map(|word| quoted(&word.to_string_lossy())),
    );
    words.join(" ")
}

/// The options that a command needs to reach the same place again; what the environment says
/// goes without saying.
pub(super) fn same_flags(global: &Global) -> String {
    let mut flags = String::new();
    let mut add = |flag: &str, variable: &str, value: &str| {
        if std::env::var(variable).ok().as_deref() != Some(value) {
            // Writing to a String cannot fail.
            let _ = write!(flags, " {flag} {}", quoted(value));
        }
    };
    if let Some(profile) = global.profile.as_deref().filter(|_| !global.sandbox) {
        add("--profile", "AWS_PROFILE", profile);
    }
    if let Some(url) = global.endpoint_url.as_deref().filter(|_| !global.sandbox) {
        add("--endpoint-url", "AWS_ENDPOINT_URL", url);
    }
    if global.home != Path::new(".underpass") {
        add("--home", "UNDERPASS_HOME", &global.home.to_string_lossy());
    }
    if let Some(journal) = &global.journal {
        add("--journal", "UNDERPASS_JOURNAL", &journal.to_string());
    }
    if let Some(scale) = global.time_scale {
        add("--time-scale", "", &scale.to_string());
    }
    if global.sandbox && std::env::var_os("UNDERPASS_SANDBOX").is_none() {
        flags.insert_str(0, " --sandbox");
    }
    flags
}

/// A path as a shell reads it back.
pub(super) fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else if word.contains(is_hostile) {
        dollar_quoted(word)
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A word in `$'…'`, by which a shell reads back what a terminal should not be shown (POSIX.1-2024).
fn dollar_quoted(word: &str) -> String {
    let mut text = "$'".to_owned();
    for c in word.chars() {
        match c {
            '\'' | '\\' => text.extend(['\\', c]),
            c if is_hostile(c) => {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                text.extend(bytes.map(|byte| format!("\\{byte:03o}")));
            }
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_each_word_back() {
        assert_eq!(quoted("sites/plant-7.yaml"), "sites/plant-7.yaml");
        assert_eq!(quoted("plant 7's.yaml"), r"'plant 7'\''s.yaml'");
        assert_eq!(quoted(""), "''");
        let evil = "a\u{1b}[2J\nnext: it's \\ \u{202e}";
        let word = quoted(evil);
        assert_eq!(word, r"$'a\033[2J\012next: it\'s \\ \342\200\256'");
        let command = format!("printf %s {word}");
        let output = std::process::Command::new("bash")
            .args(["-c", &command])
            .output();
        assert_eq!(output.unwrap().stdout, evil.as_bytes());
    }
}
