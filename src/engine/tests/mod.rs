//! Whole runs against the sandbox, in virtual time.

mod cancel;
mod crash;
mod doubts;
mod faults;
mod leftovers;
mod life;
mod matrix;
mod stage;
mod update;
mod words;
