//! underpass takes a site's traffic off the open Internet.

pub mod clock;
pub mod files;
pub mod sandbox;
