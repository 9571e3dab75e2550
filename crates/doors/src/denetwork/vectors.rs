//! The published vectors, for tests.

use std::sync::LazyLock;

/// What wire/denetwork_vectors.json says.
pub(super) static VECTORS: LazyLock<serde_json::Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("vectors.json")).unwrap());
