//! Which way traffic takes between a VPC and a site's prefix, there and back.
//!
//! A pure function of the world at a time: VPC route table → virtual private or transit gateway →
//! association → route table → attachment → tunnels that are up, and the same backwards. It knows
//! routes only: no security groups, no network ACLs, no rules of the site's own.

mod map;
mod way;

pub use way::{Gap, Lane, Lanes, Path};
