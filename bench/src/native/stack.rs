//! Requests that were made and signed before the clock started, one behind the other.

use super::key::{Key, Request};
use crate::clock;
use crate::error::Result;

/// Ready-made requests.
#[derive(Default)]
pub(super) struct Stack {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    nonce: [u8; 8],
}

impl Stack {
    /// None yet.
    pub(super) fn new() -> Result<Self> {
        let mut nonce = [0; 8];
        clock::fill_random(&mut nonce)?;
        Ok(Self { nonce, ..Self::default() })
    }

    /// Signs one more. Nonces are a random start and a count, so that none comes twice.
    pub(super) fn push(&mut self, key: &Key, host: &str, request: &Request<'_>) {
        let mut nonce = [0; 16];
        let count = (self.ends.len() as u64).to_be_bytes();
        nonce.iter_mut().zip(self.nonce.into_iter().chain(count)).for_each(|(to, from)| *to = from);
        key.write(&mut self.bytes, host, request, nonce);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The one with this number; nothing if there is none.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        let begin = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.bytes.get(begin..end).unwrap_or_default()
    }

    /// All of them, each by itself.
    pub(super) fn into_requests(self) -> Vec<Vec<u8>> {
        (0..self.len()).map(|number| self.get(number).to_vec()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_lie_behind_each_other() {
        let (mut stack, key) = (Stack::new().unwrap(), Key::from_seed([1; 32]));
        for path in ["/a", "/bc"] {
            stack.push(&key, "h", &Request { method: "GET", path, query: "", body: None });
        }
        assert!(stack.get(0).starts_with(b"GET /a HTTP") && stack.get(0).ends_with(b"\r\n\r\n"));
        assert!(stack.get(1).starts_with(b"GET /bc HTTP") && stack.get(2).is_empty() && stack.len() == 2);
        let nonce = |number| String::from_utf8_lossy(stack.get(number)).split("nonce=").nth(1).map(str::to_owned);
        assert_ne!(nonce(0), nonce(1));
    }
}
