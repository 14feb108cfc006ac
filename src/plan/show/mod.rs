//! A plan for people: as text for a terminal, as a picture for a document.
//!
//! Returns strings; printing is the CLI's business.

mod graph;
mod layout;
mod sections;
mod text;
mod topology;

pub use graph::{dot, mermaid};
pub use text::{Look, text};
