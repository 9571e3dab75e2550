//! Safety numbers (docs/protocol/identity.md, Safety number): what two people compare to know that nobody stands between them.

use crate::view::Identity;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use tidings_wire::bytes;

/// What the text of the QR code begins with.
const CODE: &str = "tidings:safety:1:";
/// Chunks of five digits.
const CHUNKS: usize = 12;

fn digest(one: &Identity, other: &Identity) -> [u8; 64] {
    let (lower, higher) = if one <= other { (one, other) } else { (other, one) };
    Sha512::new().chain_update(b"tidings/1 safety\0").chain_update(lower.0).chain_update(higher.0).finalize().into()
}

/// Sixty digits, the same for both people. Shown in groups of five.
pub fn safety_number(one: &Identity, other: &Identity) -> String {
    let digits = |chunk: &[u8]| {
        let value = chunk.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        format!("{:05}", value % 100_000)
    };
    digest(one, other).chunks_exact(5).take(CHUNKS).map(digits).collect()
}

/// What the QR code holds.
pub fn safety_code(one: &Identity, other: &Identity) -> String {
    let half: Vec<u8> = digest(one, other).into_iter().take(32).collect();
    format!("{CODE}{}", bytes::encode(&half))
}

/// Whether what was scanned, or typed with any white space, is the code or the number of these two.
pub fn fits(scanned: &str, one: &Identity, other: &Identity) -> bool {
    let scanned: String = scanned.split_whitespace().collect();
    let same = |right: String| bool::from(right.as_bytes().ct_eq(scanned.as_bytes()));
    same(safety_code(one, other)) || same(safety_number(one, other))
}

/// Whether what was scanned, or typed with any white space, is the code or the number of any two people.
pub fn is_code(scanned: &str) -> bool {
    let scanned: String = scanned.split_whitespace().collect();
    let digits = scanned.len() == CHUNKS * 5 && scanned.bytes().all(|byte| byte.is_ascii_digit());
    let code = scanned.strip_prefix(CODE).and_then(bytes::decode);
    digits || code.is_some_and(|half| half.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_see_the_same_and_others_another() {
        let (a, b, c) = (Identity([1; 32]), Identity([2; 32]), Identity([3; 32]));
        let number = safety_number(&a, &b);
        assert!(number.len() == 60 && number.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(number, safety_number(&b, &a));
        assert_ne!(number, safety_number(&a, &c));
        let grouped: Vec<&str> = number.as_bytes().chunks(5).map(|group| std::str::from_utf8(group).unwrap()).collect();
        assert!(fits(&grouped.join(" "), &a, &b));
        assert!(fits(&safety_code(&b, &a), &a, &b));
        assert!(!fits(&safety_code(&a, &c), &a, &b));
        assert!(!fits("", &a, &b));
        assert!(is_code(&safety_code(&a, &c)) && is_code(&grouped.join(" ")));
        assert!(!is_code("tidings:safety:xyz") && !is_code("12345") && !is_code(""));
    }
}
