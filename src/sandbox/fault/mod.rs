//! The ways in which EC2 fails, injected on purpose.
//!
//! `trouble.rs` names them, `faults.rs` is what somebody switched on, `fate.rs` decides about each
//! call, and `refusal.rs` has EC2's words.

mod fate;
mod faults;
mod refusal;
mod trouble;

pub use faults::{Faults, Injected, Stuck};
pub use trouble::Trouble;

pub(super) use fate::{Asked, Fate, FaultState};
pub(super) use refusal::{Caller, error};
