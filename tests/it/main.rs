//! The one integration binary.

mod bundle_install;
mod bundle_sample;
mod bundle_strongswan;
