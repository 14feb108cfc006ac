//! The router's half: one file per device family, and the bundle of files written for one site.
//!
//! EXTENSION POINT. A new device is one file here, one folder in `templates/` and one line in
//! `registry.rs`; `docs/devices.md` walks through it. A device says what it can do
//! ([`Device::abilities`], read by [`crate::tunnel::negotiate()`]) and turns a
//! [`TunnelSet`](crate::tunnel::TunnelSet) into files ([`Device::render`]). Everything that reaches
//! a device's configuration is valid by type or quoted by the device's own rules.

mod arista_eos;
pub mod bundle;
mod checkpoint_gaia;
mod cisco_asa;
mod cisco_ios_xe;
mod compare;
mod direct;
mod edgeos;
pub mod example;
mod firewall_xml;
mod fortinet_fortios;
mod generic;
mod juniper_srx;
mod libreswan;
mod linux;
mod linux_daemon;
mod linux_files;
mod mikrotik_routeros;
mod model;
mod openbsd_iked;
mod opnsense;
mod option;
mod paloalto_panos;
mod paper;
mod pfsense;
mod profile;
mod registry;
mod router_text;
mod sample;
mod schema;
mod screens;
mod sonicwall_sonicos;
mod strongswan;
mod strongswan_ipsecconf;
mod summary;
mod value;
mod view;
mod vyos;
mod words;
mod yamaha_rtx;

#[cfg(test)]
mod tests;

pub use compare::{Compared, compare};
pub use model::{BundleFile, Device, RenderContext, RenderError};
pub use option::{InterfaceName, OptionSpec, check as check_options};
pub use profile::{Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling};
pub use registry::{find, registry};
pub use router_text::{Difference, RouterText, read_router_text};
pub use sample::{SampleFacts, read_sample};
pub use schema::schema;
pub use summary::{Strongest, Summary};
