//! What a device has now beside what it should have.
//!
//! `mask.rs` takes the keys out of both sides, `tree.rs` reads a configuration as lines within
//! lines, `align.rs` puts the two into one order, so that a common diff shows what differs and
//! nothing else.

mod align;
mod mask;
mod tree;

#[cfg(test)]
mod tests;

pub use align::{Compared, compare};
