//! Whole runs against the sandbox, in virtual time.

mod campaign;
mod cancel;
mod crash;
mod faults;
mod leftovers;
mod life;
mod stage;
mod update;
mod words;
