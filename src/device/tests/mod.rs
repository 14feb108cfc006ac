//! What every device must be: each test goes through the whole registry.

mod direct;
mod docs;
mod foreign;
mod matrix;
mod sample;
mod shape;
mod values;
