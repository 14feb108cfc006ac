//! underpass takes a site's traffic off the open Internet.
//!
//! One command makes the AWS half of a site-to-site VPN, writes the router's half, and proves that
//! the two meet. This page is the map; the stages stand in the order in which data flows, and none
//! imports from one to its right (a test holds them to it):
//!
//! ```text
//! spec → tunnel → device → playbook → aws → resource → plan → journal → engine → verify → cli
//! ```
//!
//! | Stage | Turns | Into |
//! |---|---|---|
//! | [`spec`] | a YAML text | a [`spec::Site`] that is valid by type, or every problem with its place |
//! | [`tunnel`] | site policy × device abilities × what AWS allows | one proposal per phase for both ends; AWS's answer into a [`tunnel::TunnelSet`] |
//! | [`device`] | a `TunnelSet` | a router's files |
//! | [`playbook`] | a topology's steps × a site | a [`playbook::Graph`] |
//! | [`aws`] | Describe calls | a [`aws::View`] of our own types; an [`aws::Call`] into an effect |
//! | [`resource`] | a view × a step | what exists, what has to change, and the calls for it |
//! | [`plan`] | all of the above | a [`plan::Plan`]: complete, boring, without any secret |
//! | [`journal`] | what a run does | lines on disk before and after every mutating call |
//! | [`engine`] | a plan | the world as planned, and one stream of [`engine::Event`]s |
//! | [`verify`] | a view × a plan | checks, each miss with its likely cause |
//! | [`cli`] | words | exit codes; the only stage that prints |
//!
//! Beside them stand [`sandbox`], an AWS look-alike that shares nothing with the stages but the
//! clock, so that it cannot share their mistakes; [`clock`], the only caller of "now" and "random";
//! [`files`], atomic writes with the right mode and reads that end; and [`limits`], how big an input
//! may be.
//!
//! What holds everywhere:
//!
//! 1. AWS is the state, the journal is the memory: what exists is found by ownership tags.
//! 2. The plan is made before the first write; the engine makes no choices.
//! 3. Both ends agree because both come from one model; AWS's XML is never read for cryptography.
//! 4. A tunnel is its outside address, never an index in somebody's list.
//! 5. Nothing is done until it was seen, twice.
//! 6. Stop anywhere, run again.
//! 7. Only what is ours is changed or deleted.
//! 8. A key is in a 0600 file or in memory, and nowhere else.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod device;
pub mod engine;
pub mod files;
pub mod journal;
pub mod limits;
pub mod plan;
pub mod playbook;
pub mod resource;
pub mod sandbox;
pub mod spec;
pub mod tunnel;
pub mod verify;
