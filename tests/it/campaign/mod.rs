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

pub mod body;
pub mod buckets;
pub mod check;
pub mod draw;
pub mod draft;
pub mod many;
pub mod play;
pub mod process;
pub mod script;
pub mod shrink;
pub mod storage;
pub mod stage;
pub mod stranger;
pub mod text;
pub mod timeline;
pub mod watch;

#[cfg(test)]
mod tests;
