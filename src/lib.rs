//! underpass takes a site's traffic off the open Internet.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod device;
pub mod engine;
pub mod files;
pub mod journal;
pub mod plan;
pub mod playbook;
pub mod resource;
pub mod sandbox;
pub mod spec;
pub mod tunnel;
pub mod verify;
