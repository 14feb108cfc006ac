//! What the sandbox promises, seen through its API.
