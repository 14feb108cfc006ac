//! Whole runs against the sandbox, in virtual time.

mod cancel;
mod crash;
mod faults;
mod life;
mod matrix;
mod stage;
mod update;
mod words;
