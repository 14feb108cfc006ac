//! The command line: one file per command, one printer, one kind of failure.
//!
//! A command's doc comment is its `--help`. Only this stage prints, asks, and knows exit codes.

mod again;
mod args;
mod compare_aws;
mod confirm;
mod connect;
mod devices;
mod differ;
mod docs;
mod exit;
mod explain;
mod failure;
mod foreign;
mod handover;
mod harmless;
mod init;
mod interrupt;
mod keys;
mod load;
mod main;
mod onboard;
mod output;
mod permissions;
mod plan;
mod playbooks;
mod policy;
mod progress;
mod reap;
mod reaped;
mod removal;
mod render;
mod rest;
mod resume;
mod run;
mod runs;
mod sandbox;
mod schema;
mod search;
mod status;
mod stopped;
mod store;
mod survey;
mod table;
mod teardown;
mod verify;
mod waiting;
mod watch;
mod words;

pub use args::{Cli, Command, Global};
pub use exit::Exit;
pub use failure::Failure;
pub use main::main;
pub use output::{Format, Line, Output};
use words::duration;
