//! Groups of RFC 9420 behind plain types: the only crate that names openmls.
