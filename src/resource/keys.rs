//! The secrets of a site.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Deref, DerefMut};

use crate::spec::InsideCidr;
use crate::tunnel::{BgpKey, PreSharedKey};

/// The run's keys: made before the first write, kept in a 0600 file.
///
/// As a map it is the tunnels' pre-shared keys by inside CIDR.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    tunnels: BTreeMap<InsideCidr, PreSharedKey>,
    /// The key of the Direct Connect's BGP session, where there is one.
    pub bgp: Option<BgpKey>,
}

impl Keys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Deref for Keys {
    type Target = BTreeMap<InsideCidr, PreSharedKey>;

    fn deref(&self) -> &Self::Target {
        &self.tunnels
    }
}

impl DerefMut for Keys {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tunnels
    }
}

impl<const N: usize> From<[(InsideCidr, PreSharedKey); N]> for Keys {
    fn from(keys: [(InsideCidr, PreSharedKey); N]) -> Self {
        keys.into_iter().collect()
    }
}

impl FromIterator<(InsideCidr, PreSharedKey)> for Keys {
    fn from_iter<T: IntoIterator<Item = (InsideCidr, PreSharedKey)>>(keys: T) -> Self {
        Self {
            tunnels: keys.into_iter().collect(),
            bgp: None,
        }
    }
}

impl IntoIterator for Keys {
    type Item = (InsideCidr, PreSharedKey);
    type IntoIter = btree_map::IntoIter<InsideCidr, PreSharedKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.tunnels.into_iter()
    }
}
