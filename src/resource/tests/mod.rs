//! What every kind must do, and what each decides.

mod conformance;
mod connections;
mod faults;
mod gateways;
mod looks;
mod ownership;
mod registered;
mod round_trip;
