//! CBOR (RFC 8949) as docs/protocol/README.md fixes it: bounded depth, bounded size, nothing after the value.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Arrays and maps within each other at most.
pub const DEPTH_MAX: usize = 16;

/// Why bytes were not read. It says nothing of what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CborError {
    /// More bytes than this kind of value may have.
    #[error("longer than this may be")]
    TooLarge,
    /// Not a value of the kind that is meant.
    #[error("not of the form that the protocol gives")]
    Form,
    /// Something follows the value.
    #[error("something stands after the end")]
    Trailing,
}

/// The CBOR of a value.
///
/// Types that can't be written (none of the protocol's) give nothing, which no reader takes for a value.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    match ciborium::into_writer(value, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// Reads one value of at most `max` bytes. Lengths that the input claims are not believed before their bytes are there.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, CborError> {
    if bytes.len() > max {
        return Err(CborError::TooLarge);
    }
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH_MAX).map_err(|_| CborError::Form)?;
    if rest.is_empty() { Ok(value) } else { Err(CborError::Trailing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Blob, Fixed};
    use ciborium::Value;
    use proptest::prelude::*;

    #[test]
    fn depth_length_and_end_are_checked() {
        let nested = |depth: usize| [vec![0x81; depth - 1], vec![0x80]].concat();
        assert!(decode::<Value>(&nested(DEPTH_MAX), 100).is_ok());
        assert_eq!(decode::<Value>(&nested(DEPTH_MAX + 1), 100), Err(CborError::Form));
        assert_eq!(decode::<Value>(&[0xa1, 0x61, 0x61, 1], 3), Err(CborError::TooLarge));
        assert_eq!(decode::<u64>(&[1, 1], 9), Err(CborError::Trailing));
        // A byte string, a text, an array and a map that claim to be enormous.
        for start in [0x5b, 0x7b, 0x9b, 0xbb] {
            let claim = [vec![start], vec![0x7f; 8]].concat();
            assert_eq!(decode::<Value>(&claim, 100), Err(CborError::Form));
            assert_eq!(decode::<Vec<u64>>(&claim, 100), Err(CborError::Form));
            assert_eq!(decode::<Blob>(&claim, 100), Err(CborError::Form));
        }
    }

    #[test]
    fn bytes_are_byte_strings_and_nothing_else() {
        assert_eq!(encode(&Fixed([1, 2])), [0x42, 1, 2]);
        assert_eq!(encode(&Blob(vec![3])), [0x41, 3]);
        assert_eq!(decode::<Fixed<2>>(&[0x42, 1, 2], 9), Ok(Fixed([1, 2])));
        for other in [&[0x41, 1][..], &[0x82, 1, 2], &[0x62, 65, 65], &[0x43, 1, 2, 3]] {
            assert_eq!(decode::<Fixed<2>>(other, 9), Err(CborError::Form), "{other:?}");
        }
        assert_eq!(decode::<Blob>(&[0x82, 1, 2], 9), Err(CborError::Form));
        let long = vec![7; 10_000];
        assert_eq!(decode::<Blob>(&encode(&Blob(long.clone())), 20_000), Ok(Blob(long)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = decode::<Value>(&bytes, 200);
        }
    }
}
