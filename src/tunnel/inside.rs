//! The /30s inside the tunnels, chosen so that the same site always gets the same ones.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use crate::spec::{InsideCidr, SiteName};

/// Chooses the tunnels' inside CIDRs.
///
/// `fixed` are the user's own, taken as they are; `used` those of other connections (unique per
/// virtual private gateway; on a transit gateway a clash breaks the site's own router); `lan` the
/// site's networks. The search begins at a place that the site's name decides, so a plan made
/// twice is the same plan, and two sites rarely compete for a /30. None when the two fixed ones
/// are equal or when 169.254.0.0/16 is exhausted.
pub fn choose(
    site: &SiteName,
    fixed: [Option<InsideCidr>; 2],
    used: &BTreeSet<InsideCidr>,
    lan: &[Ipv4Net],
) -> Option<[InsideCidr; 2]> {
    let start = start(site);
    let mut free = (0..InsideCidr::COUNT)
        .filter_map(|step| InsideCidr::nth((start + step) % InsideCidr::COUNT))
        .filter(|cidr| !used.contains(cidr) && !fixed.contains(&Some(*cidr)))
        .filter(|cidr| !lan.iter().any(|net| overlap(*net, cidr.net())));
    let one = fixed[0].or_else(|| free.next())?;
    let two = fixed[1].or_else(|| free.next())?;
    (one != two).then_some([one, two])
}

/// A number below [`InsideCidr::COUNT`] that only the site's name decides.
fn start(site: &SiteName) -> u32 {
    let digest = Sha256::digest(site.as_str().as_bytes());
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&digest[..4]);
    u32::from_be_bytes(bytes) % InsideCidr::COUNT
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SiteName {
        text.parse().unwrap()
    }

    #[test]
    fn the_name_decides_and_what_is_taken_is_skipped() {
        let none = BTreeSet::new();
        let first = choose(&name("plant-7"), [None, None], &none, &[]).unwrap();
        assert_eq!(
            first,
            choose(&name("plant-7"), [None, None], &none, &[]).unwrap()
        );
        assert_ne!(
            first,
            choose(&name("plant-8"), [None, None], &none, &[]).unwrap()
        );
        let used = BTreeSet::from([first[0]]);
        let second = choose(&name("plant-7"), [None, None], &used, &[]).unwrap();
        assert_eq!(second[0], first[1]);
        assert!(!second.contains(&first[0]) && second[0] != second[1]);
        let lan = ["169.254.0.0/17".parse().unwrap()];
        let away = choose(&name("plant-7"), [None, None], &none, &lan).unwrap();
        assert!(
            away.iter()
                .all(|cidr| !lan[0].contains(&cidr.net().network()))
        );
    }

    #[test]
    fn fixed_ones_stay_in_their_tunnel_and_the_range_has_an_end() {
        let mine: InsideCidr = "169.254.99.0/30".parse().unwrap();
        let [one, two] = choose(&name("a"), [None, Some(mine)], &BTreeSet::new(), &[]).unwrap();
        assert!(one != mine && two == mine);
        let both = [Some(mine), Some(mine)];
        assert_eq!(choose(&name("a"), both, &BTreeSet::new(), &[]), None);
        let mut used: BTreeSet<_> = (0..InsideCidr::COUNT).filter_map(InsideCidr::nth).collect();
        used.remove(&mine);
        assert_eq!(choose(&name("a"), [None, None], &used, &[]), None);
        let last = choose(
            &name("a"),
            [Some("169.254.8.0/30".parse().unwrap()), None],
            &used,
            &[],
        );
        assert_eq!(last.unwrap()[1], mine);
    }
}
