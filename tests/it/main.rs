//! The one integration binary.

mod aws_child;
mod aws_remote;
mod moto;
mod sandbox_clients;
mod sandbox_http;
