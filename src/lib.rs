//! underpass takes a site's traffic off the open Internet.

pub mod clock;
pub mod device;
pub mod files;
pub mod spec;
pub mod tunnel;
