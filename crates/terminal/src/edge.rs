//! The machine's clock and randomness: the only place of this crate that asks for them.

use rand::rngs::ThreadRng;
use tidings_client::io::Time;

/// Milliseconds since 1970; zero on a machine whose clock stands before that.
#[allow(clippy::disallowed_methods, reason = "the client takes time as an argument; this is where it comes from")]
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The operating system's randomness, through a generator fit for keys. Stays on its thread.
#[allow(clippy::disallowed_methods, reason = "the client takes randomness as an argument; this is where it comes from")]
pub fn random() -> ThreadRng {
    rand::rng()
}

/// Random bytes.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    use rand::Rng as _;
    let mut bytes = [0; N];
    random().fill_bytes(&mut bytes);
    bytes
}
