//! The fault campaign: seeded lives of sites on bad days, checked against AWS's own world.
//!
//! A [`Script`](script::Script) is one life: a topology, commands, and what goes wrong during each.
//! It is drawn from a seed (`draw.rs`), played in virtual time against the sandbox (`play.rs`, with
//! `process.rs` for one run of the tool, `storage.rs` for a disk that fails and `watch.rs` for what
//! AWS sees), and judged by what the world holds (`check.rs`), never by our own report. A script
//! that breaks an invariant is made as short as it goes (`shrink.rs`) and told as a timeline
//! (`timeline.rs`). `many.rs` plays thousands.
//!
//! `cargo run --release --example campaign -- --cases 20000 --seed 1` runs it at length.

pub(crate) mod body;
pub(crate) mod buckets;
pub(crate) mod check;
pub(crate) mod check_transit;
pub(crate) mod draft;
pub(crate) mod draw;
pub(crate) mod excuse;
pub(crate) mod intents;
pub(crate) mod many;
pub(crate) mod play;
pub(crate) mod process;
pub(crate) mod script;
pub(crate) mod shelf;
pub(crate) mod shrink;
pub(crate) mod stage;
pub(crate) mod storage;
pub(crate) mod stranger;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod watch;

#[cfg(test)]
mod tests;
