//! What is told about a device family: versions, limits, and what has judged its files.

use std::fmt;

use serde::Serialize;

/// A family in a few facts, for `underpass devices` and `docs/devices.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Who makes it.
    pub vendor: &'static str,
    /// The oldest software that the files are meant for, and known limits of later ones.
    pub versions: &'static str,
    /// How traffic finds the tunnels.
    pub tunnelling: Tunnelling,
    /// Whether its tunnels can carry IPv6.
    pub ipv6: bool,
    /// The longest name of an object that we make on the device, in characters; none where no
    /// limit is near.
    pub name_limit: Option<u16>,
    /// What has judged the files in our tests.
    pub judged: Judged,
    /// The sample that AWS offers for the same family, if any.
    pub sample: Option<Sample>,
}

/// How traffic finds the tunnels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tunnelling {
    /// Each tunnel is an interface, and routes lead into it.
    RouteBased,
    /// Selectors pick the packets.
    PolicyBased,
}

/// Whether a device's files can hold the router's end of a Direct Connect.
///
/// That is a VLAN sub-interface, and on it a BGP session with an MD5 key, BFD, prefix filters both
/// ways, a community on what goes out and a local preference on what comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectConnectSide {
    /// They can.
    Able {
        /// Whether also beside tunnels with static routes: BGP's are preferred to those.
        beside_static: bool,
    },
    /// They cannot.
    Unable {
        /// Why, as the end of a sentence.
        reason: &'static str,
    },
}

impl DirectConnectSide {
    /// Whether they can.
    pub const fn is_able(self) -> bool {
        matches!(self, Self::Able { .. })
    }
}

/// What has judged the files, the strictest judge first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The device's own daemon has loaded them.
    Daemon,
    /// The device's own parser, or the vendor's, has read them.
    Parser,
    /// Every statement stands in a schema or model that we did not write.
    Schema,
    /// Every statement stands in a grammar written down from the vendor's reference.
    Grammar,
    /// Nesting, names and references were checked, not the words.
    Structure,
}

/// A judgement and how it was come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// How strict.
    pub level: Level,
    /// By what, with its version.
    pub by: &'static str,
}

/// AWS's own sample: the words of `DescribeVpnConnectionDeviceTypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Such as `Cisco Systems, Inc.`.
    pub vendor: &'static str,
    /// Such as `ISR Series Routers`.
    pub platform: &'static str,
}

impl Tunnelling {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RouteBased => "route-based",
            Self::PolicyBased => "policy-based",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daemon => "daemon",
            Self::Parser => "parser",
            Self::Schema => "schema",
            Self::Grammar => "grammar",
            Self::Structure => "structure",
        })
    }
}

/// A command that shows whether something works, and what it shows then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// To be typed on the device.
    pub command: String,
    /// What to look for in its output.
    pub expect: String,
}

impl Check {
    /// A row of the check list.
    pub fn new(command: impl Into<String>, expect: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            expect: expect.into(),
        }
    }
}

/// How a device is put back as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// A file of the bundle to paste or load.
    File(&'static str),
    /// A command to run in the bundle's folder on the device.
    Command(&'static str),
    /// By hand, in the reverse order of the page.
    ByHand,
}
