//! Whether the VPN works, as AWS sees it, and what to do where it does not.
//!
//! [`inspect`] fetches, [`judge`] decides: a pure function of what was planned and what was seen.
//! Each miss comes with its likely cause and the command to run next.

mod causes;
mod crypto;
mod cutover;
mod direct_checks;
mod direct_connect;
mod direct_report;
mod inspect;
mod judge;
mod next;
mod report;
mod routes;
mod subject;
mod transit;
mod tunnels;
mod ways;

#[cfg(test)]
mod tests;

pub use causes::meaning;
pub use cutover::{Readiness, readiness};
pub use direct_report::{DirectConnectReport, Going, NetworkWay};
pub use inspect::{errands, inspect};
pub use judge::judge;
pub use report::{Check, CheckId, Health, Report, TunnelReport, Verdict};
pub use subject::{Answers, Negotiated, Subject};
