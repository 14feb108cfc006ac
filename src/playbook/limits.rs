//! How big a playbook may be: it may come from a stranger.

/// Bytes of a playbook's text.
pub(super) const BYTES: usize = crate::limits::PLAYBOOK;
/// How deep YAML values may nest.
pub(super) const DEPTH: usize = 16;
/// YAML values in all, with aliases followed.
pub(super) const NODES: usize = 10_000;
/// YAML anchors, and uses of them.
pub(super) const ANCHORS: usize = 64;
/// Steps of a playbook.
pub(super) const STEPS: usize = 100;
/// Steps of a compiled graph, with every instance of a `for_each`.
pub(super) const INSTANCES: usize = crate::limits::STEPS;
/// Characters of a name.
pub(super) const NAME: usize = 40;
/// Characters of an item that names an instance.
pub(super) const ITEM: usize = 64;
/// Bytes of an expression.
pub(super) const EXPRESSION: usize = 1_000;
/// How deep parentheses and `!` may nest in a condition.
pub(super) const NESTING: usize = 32;
/// Characters of what is said about one problem.
pub(super) const WORDS: usize = 600;
/// Problems that are reported at once.
pub(super) const PROBLEMS: usize = 50;
