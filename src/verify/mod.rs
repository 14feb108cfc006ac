//! Whether the VPN works, as AWS sees it, and what to do where it does not.
//!
//! [`inspect`] fetches, [`judge`] decides: a pure function of what was planned and what was seen.
//! Each miss comes with its likely cause and the command to run next.

mod causes;
mod crypto;
mod inspect;
mod judge;
mod next;
mod report;
mod routes;
mod subject;
mod transit;
mod tunnels;

#[cfg(test)]
mod tests;

pub use causes::meaning;
pub use inspect::inspect;
pub use judge::judge;
pub use report::{Check, CheckId, Health, Report, TunnelReport, Verdict};
pub use subject::{Negotiated, Subject};
