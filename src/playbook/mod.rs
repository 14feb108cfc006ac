//! Which steps a topology needs: declarative YAML, compiled against a site into a graph.
//!
//! `yaml.rs` reads a tree that knows its places, `read.rs` makes a [`Playbook`] of it, with the
//! `${…}` references of `expr.rs`; [`check()`] holds it against the kinds, and [`compile()`] turns
//! Playbook × [`Context`] into a [`Graph`]. Pure: nothing here knows AWS or what a kind does.

mod builtin;
mod check;
mod compile;
mod condition;
mod decide;
mod expr;
mod graph;
mod limits;
mod model;
mod problem;
mod read;
mod resolve;
mod show;
mod yaml;

#[cfg(test)]
mod tests;

pub use builtin::{builtin, choose};
pub use check::{KindCatalog, check};
pub use compile::compile;
pub use expr::{Condition, Operand, Part, Reference, Template};
pub use graph::{Context, Graph, Input, Node, StepId};
pub use model::{Attachable, Carrying, Fits, Playbook, Step};
pub use problem::{PlaybookErrors, PlaybookProblem};
pub use read::parse;
pub use show::Picture;
