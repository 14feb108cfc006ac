//! A connection's options as AWS lists them, read as what each tunnel may be.

use std::str::FromStr;

use super::model::SeenTunnel;
use crate::spec::{DhGroup, InvalidValue, TunnelWishes};

impl SeenTunnel {
    /// What AWS accepts in this tunnel, as wishes that negotiation keeps to.
    ///
    /// An empty list means AWS's default, which is everything. A word that we do not know is left
    /// out; a list of nothing else is a problem, because it must not become "everything".
    pub fn wishes(&self) -> Result<TunnelWishes, Vec<InvalidValue>> {
        let mut problems = Vec::new();
        let wishes = TunnelWishes {
            inside_cidr: self.inside_cidr,
            pre_shared_key_file: None,
            ike_versions: known(&self.ike_versions, "IKE versions", &mut problems),
            phase1_encryption: known(&self.phase1_encryption, "phase 1 ciphers", &mut problems),
            phase1_integrity: known(&self.phase1_integrity, "phase 1 hashes", &mut problems),
            phase1_dh_groups: groups(&self.phase1_dh_groups),
            phase1_lifetime: self.phase1_lifetime,
            phase2_encryption: known(&self.phase2_encryption, "phase 2 ciphers", &mut problems),
            phase2_integrity: known(&self.phase2_integrity, "phase 2 hashes", &mut problems),
            phase2_dh_groups: groups(&self.phase2_dh_groups),
            phase2_lifetime: self.phase2_lifetime,
            rekey_margin: self.rekey_margin,
            rekey_fuzz: self.rekey_fuzz,
            replay_window: self.replay_window,
            dpd_timeout: self.dpd_timeout,
            dpd_action: word(self.dpd_action.as_deref()),
            startup_action: word(self.startup_action.as_deref()),
            log_group_arn: self.log_group_arn.clone(),
            bgp_log_group_arn: self.bgp_log_group_arn.clone(),
            lifecycle_control: self.lifecycle_control,
        };
        if problems.is_empty() {
            Ok(wishes)
        } else {
            Err(problems)
        }
    }
}

fn known<T: FromStr>(words: &[String], what: &str, problems: &mut Vec<InvalidValue>) -> Vec<T> {
    let known: Vec<T> = (words.iter())
        .filter_map(|word| word.parse().ok())
        .collect();
    if known.is_empty() && !words.is_empty() {
        problems.push(InvalidValue::new(
            format!(
                "AWS lists {what} that this version does not know: {}",
                words.join(", ")
            ),
            "update underpass, or allow one more in the tunnel's options",
        ));
    }
    known
}

fn groups(numbers: &[u16]) -> Vec<DhGroup> {
    numbers.iter().copied().map(DhGroup).collect()
}

fn word<T: FromStr>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Encryption;

    #[test]
    fn unknown_words_narrow_and_never_widen() {
        let mut seen = SeenTunnel {
            phase1_encryption: vec!["AES256".into(), "CHACHA20-POLY1305".into()],
            phase1_dh_groups: vec![2, 24],
            dpd_action: Some("restart".into()),
            ..SeenTunnel::default()
        };
        let wishes = seen.wishes().unwrap();
        assert_eq!(wishes.phase1_encryption, [Encryption::Aes256]);
        assert_eq!(wishes.phase1_dh_groups, [DhGroup(2), DhGroup(24)]);
        assert!(wishes.phase2_encryption.is_empty() && wishes.dpd_action.is_some());
        seen.phase1_encryption.remove(0);
        let problems = seen.wishes().unwrap_err();
        assert!(problems[0].problem.contains("CHACHA20"), "{problems:?}");
    }
}
