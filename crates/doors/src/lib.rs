//! The protocols that a Tidings node speaks.
