//! What a playbook may know about the kinds that it names.

/// The kinds of resource by name, as far as compiling a playbook needs to know them.
///
/// Implemented by the registry of kinds, so that this stage stays to the left of it.
pub trait KindCatalog {
    /// A kind's inputs, each with whether it is required; none when there is no such kind.
    fn inputs(&self, kind: &str) -> Option<Vec<(&'static str, bool)>>;

    /// What other steps may refer to; none when there is no such kind.
    fn outputs(&self, kind: &str) -> Option<Vec<&'static str>>;

    /// Every kind's name, for "did you mean".
    fn names(&self) -> Vec<&'static str>;
}
