//! What a Tidings node stands on: its store and its bus.
