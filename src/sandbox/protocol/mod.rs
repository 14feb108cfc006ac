//! AWS's protocols beside EC2's own: what a request asks for, and how an answer is worded.
//!
//! Direct Connect speaks two: awsJson 1.1, which its operation names in the header `X-Amz-Target`,
//! and Smithy RPC v2 CBOR, which has it in the path. Both carry the same documents, so a request
//! becomes JSON at the edge, and its members a form like that of EC2's Query protocol, with dots and
//! numbers. What comes back is worded in the protocol of the request.

mod asked;
mod cbor;
mod reply;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use cbor::{decode, encode};

pub(super) use asked::{DIRECT_CONNECT, Protocol, form, operation, target, text_of};
pub(super) use reply::{reply, worded};
