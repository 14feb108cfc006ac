//! Which steps a topology needs: declarative YAML, compiled against a site into a graph.
//!
//! `model.rs` is the YAML shape, `expr.rs` the `${…}` references, `compile.rs` turns
//! Playbook × [`Context`] into a [`Graph`]. Pure: nothing here knows AWS or what a kind does.

mod catalog;
mod graph;

pub use catalog::KindCatalog;
pub use graph::{Context, Graph, Input, Node, StepId};
