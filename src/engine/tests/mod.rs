//! Whole runs against the sandbox, in virtual time.

mod cancel;
mod crash;
mod doubts;
mod faults;
mod leftovers;
mod life;
mod matrix;
mod matrix_check;
mod matrix_rows;
mod matrix_settled;
mod planner;
mod stage;
mod update;
mod wish;
mod words;
