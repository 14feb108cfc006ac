//! The playbooks that are built in: one YAML file each, one line in the registry.

use std::sync::LazyLock;

use super::model::{Fits, Playbook};
use super::read::parse;
use crate::spec::Site;

/// Every file in `playbooks/`, in the order in which a site is offered them.
const FILES: &[(&str, &str)] = &[
    (
        "dx-private.yaml",
        include_str!("../../playbooks/dx-private.yaml"),
    ),
    (
        "dx-private-ip-vpn.yaml",
        include_str!("../../playbooks/dx-private-ip-vpn.yaml"),
    ),
    (
        "dx-transit.yaml",
        include_str!("../../playbooks/dx-transit.yaml"),
    ),
    ("tgw-bgp.yaml", include_str!("../../playbooks/tgw-bgp.yaml")),
    (
        "tgw-ecmp.yaml",
        include_str!("../../playbooks/tgw-ecmp.yaml"),
    ),
    (
        "tgw-static.yaml",
        include_str!("../../playbooks/tgw-static.yaml"),
    ),
    ("vgw-bgp.yaml", include_str!("../../playbooks/vgw-bgp.yaml")),
    (
        "vgw-static.yaml",
        include_str!("../../playbooks/vgw-static.yaml"),
    ),
];

/// The built-in playbooks, read once.
pub fn builtin() -> &'static [Playbook] {
    // A file that cannot be read would be missing here; a test proves that none is.
    static PLAYBOOKS: LazyLock<Vec<Playbook>> = LazyLock::new(|| {
        FILES
            .iter()
            .filter_map(|(name, text)| parse(text, &format!("playbooks/{name}")).ok())
            .collect()
    });
    &PLAYBOOKS
}

/// The first built-in playbook that is made for such a site.
pub fn choose(site: &Site) -> Option<&'static Playbook> {
    builtin()
        .iter()
        .find(|playbook| playbook.fits().is_some_and(|fits: Fits| fits.site(site)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in_under_its_own_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let read: BTreeSet<String> = builtin()
            .iter()
            .map(|playbook| format!("{}.yaml", playbook.name()))
            .collect();
        assert_eq!(read, there);
        assert_eq!(FILES.len(), there.len());
    }
}
