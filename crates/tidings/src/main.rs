//! The Tidings node.
fn main() {}
