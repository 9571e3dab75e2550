//! The words and rules of Tidings: no input or output, no clock, no randomness.
