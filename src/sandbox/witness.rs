//! Somebody who watches: for a test that has to know every call and its fate as it happens, and to
//! end a process in the middle of one.

use std::fmt;

use super::sandbox::{Call, Sandbox};
use super::wire::Request;

/// What becomes of a request or of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    Through,
    /// It never does: its caller waits until it gives up, or until its process ends.
    Never,
}

/// Watches a sandbox; see [`Sandbox::set_witness`](super::Sandbox::set_witness).
///
/// Both functions are called while nothing is locked, so a witness may look at the sandbox, or be
/// a client of its own in the middle of somebody else's call.
pub trait Witness: fmt::Debug + Send + Sync {
    /// A request for `action` is about to be handled; [`Delivery::Never`] keeps it from AWS.
    fn arrives(&self, sandbox: &Sandbox, request: &Request, action: &str) -> Delivery;

    /// It was handled, and is in the log of calls; [`Delivery::Never`] keeps the answer from its
    /// caller.
    fn answered(&self, sandbox: &Sandbox, request: &Request, call: &Call) -> Delivery;
}
