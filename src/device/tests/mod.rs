//! What every device must be: each test goes through the whole registry.

mod docs;
mod matrix;
mod sample;
mod shape;
mod values;
