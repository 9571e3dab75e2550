//! Groups of a few devices, driven through the public interface only.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod changes;
mod device;
mod hostile;
mod joining;
mod kept;
mod messages;
