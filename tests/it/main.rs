//! The one integration binary.

mod sandbox_clients;
mod sandbox_file;
mod sandbox_http;
