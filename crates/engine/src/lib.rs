//! What a Tidings node does, in verbs that doors call.
