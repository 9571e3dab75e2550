//! CBOR (RFC 8949) as docs/protocol/README.md fixes it: bounded depth, bounded size, definite lengths, no key twice, nothing after the value.

mod reader;

use reader::Reader;
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
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader).map_err(|_| CborError::Form)?;
    if reader.is_at_end() { Ok(value) } else { Err(CborError::Trailing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{Blob, Fixed};
    use ciborium::Value;
    use proptest::{collection, prelude::*};
    use serde::de;
    use std::collections::BTreeMap;

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

    #[test]
    fn what_announces_more_than_is_read_is_refused() {
        let pair = |bytes: &[u8]| decode::<(u8, u8)>(bytes, 100);
        assert_eq!(pair(&[0x82, 1, 2]), Ok((1, 2)));
        for broken in [
            &[0x83, 1, 2][..],
            &[0x86, 1, 2],
            &[0x83, 1, 2, 3],
            &[0x98, 200, 1, 2],
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2],
        ] {
            assert!(pair(broken).is_err(), "{broken:?}");
        }
        let list = |bytes: &[u8]| decode::<Vec<(u8, u8)>>(bytes, 100);
        assert_eq!(list(&[0x82, 0x82, 1, 2, 0x82, 3, 4]), Ok(vec![(1, 2), (3, 4)]));
        // Three items, of which the third would be taken for the next of the outer array.
        for start in [0x81, 0x82, 0x83] {
            assert!(list(&[start, 0x83, 1, 2, 0x82, 3, 4]).is_err());
            assert!(list(&[start, 0x83, 1, 2, 0x82, 3, 4, 0x82, 5, 6]).is_err());
            assert!(list(&[start, 0x82, 1, 2, 0x83, 3, 4, 5]).is_err());
        }
    }

    #[test]
    fn lengths_are_definite() {
        assert_eq!(decode::<Vec<u8>>(&[0x82, 1, 2], 100), Ok(vec![1, 2]));
        assert_eq!(decode::<Vec<u8>>(&[0x9f, 1, 2, 0xff], 100), Err(CborError::Form));
        // ciborium would read a part of the inner array and take the other for an item of the outer one.
        assert_eq!(decode::<Vec<(u8, u8)>>(&[0x9f, 0x83, 1, 2, 0x82, 3, 4, 0xff], 100), Err(CborError::Form));
        for value in [&[0x5f, 0x41, 1, 0xff][..], &[0x7f, 0x61, b'a', 0xff], &[0x9f, 0xff], &[0xbf, 0xff], &[0xff]] {
            assert_eq!(decode::<Value>(value, 100), Err(CborError::Form), "{value:?}");
        }
    }

    #[test]
    fn values_of_all_kinds_are_whole_or_refused() {
        for good in [
            &[0x17][..],
            &[0x18, 9],
            &[0x3b, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0x42, 1, 2],
            &[0x61, b'a'],
            &[0xa1, 1, 2],
            &[0xc1, 0x19, 1, 2],
            &[0xf4],
            &[0xf9, 0, 0],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x80],
            &[0x82, 0xa0, 0x81, 0x40],
        ] {
            assert!(decode::<Value>(good, 100).is_ok(), "{good:?}");
            assert_eq!(decode::<de::IgnoredAny>(good, 100).map(drop), Ok(()), "{good:?}");
        }
        for bad in [&[][..], &[0x18], &[0x1c], &[0x1f], &[0x42, 1], &[0xa1, 1], &[0xc1], &[0xdf, 0xff], &[0x81; 40]] {
            assert!(decode::<Value>(bad, 100).is_err(), "{bad:?}");
            assert!(decode::<de::IgnoredAny>(bad, 100).is_err(), "{bad:?}");
        }
    }

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    enum Act {
        Rest,
        Say(String),
        Go { far: u8, back: Option<bool> },
        Both(i64, Vec<u16>),
    }

    #[test]
    fn variants_stand_alone_or_with_their_content() {
        let acts = [
            Act::Rest,
            Act::Say("ü".into()),
            Act::Go { far: 9, back: Some(true) },
            Act::Go { far: 9, back: None },
            Act::Both(i64::MIN, vec![1, 65_535]),
        ];
        for act in acts {
            assert_eq!(decode::<Act>(&encode(&act), 100), Ok(act));
        }
        let refused = |bytes: &[u8]| assert_eq!(decode::<Act>(bytes, 100), Err(CborError::Form), "{bytes:?}");
        // Content where there is none, none where there is some, two at once, an unknown one, a field twice, a field too few.
        refused(&[&[0xa1, 0x64][..], b"Rest", &[0xf6]].concat());
        refused(&[&[0x63][..], b"Say"].concat());
        refused(&[&[0xa2, 0x63][..], b"Say", &[0x60, 0x63], b"Say", &[0x60]].concat());
        refused(&[&[0x65][..], b"Dance"].concat());
        refused(&[&[0xa1, 0x62][..], b"Go", &[0xa2, 0x63], b"far", &[1, 0x63], b"far", &[1]].concat());
        refused(&[&[0xa1, 0x62][..], b"Go", &[0xa0]].concat());
        refused(&[&[0xa1, 0x64][..], b"Both", &[0x83, 1, 0x80, 0]].concat());
    }

    #[test]
    fn what_a_type_does_not_know_is_stepped_over() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Known {
            a: u8,
        }
        let with = |value: &[u8]| [&[0xa2, 0x61, b'b'][..], value, &[0x61, b'a', 7]].concat();
        for value in [
            &[0x3b, 255, 255, 255, 255, 255, 255, 255, 255][..],
            &[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x82, 0xa1, 0x80, 0xf9, 0x7e, 0, 0xf0],
            &[0x62, 0xff, 0xff],
        ] {
            assert_eq!(decode::<Known>(&with(value), 100), Ok(Known { a: 7 }), "{value:?}");
        }
        let deep = [vec![0x81; DEPTH_MAX], vec![0]].concat();
        assert_eq!(decode::<Known>(&with(&deep), 100), Err(CborError::Form));
        assert_eq!(decode::<Known>(&with(deep.split_first().unwrap().1), 100), Ok(Known { a: 7 }));
    }

    #[test]
    fn a_key_stands_once_in_a_map() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Known {
            a: u8,
        }
        let map = |bytes: &[u8]| decode::<BTreeMap<String, u8>>(bytes, 100).map(|map| map.len());
        let (a, again, b) = ([0x61, b'a'], [0x78, 1, b'a'], [0x61, b'b']);
        assert_eq!(map(&[&[0xa2][..], &a, &[1], &b, &[2]].concat()), Ok(2));
        assert_eq!(map(&[&[0xa2][..], &a, &[1], &a, &[2]].concat()), Err(CborError::Form));
        assert_eq!(map(&[&[0xa2][..], &a, &[1], &again, &[2]].concat()), Err(CborError::Form), "in another form");
        assert_eq!(map(&[&[0xa2][..], &a, &[1], &[0xc0], &a, &[2]].concat()), Err(CborError::Form), "with a tag");
        // Also keys that a type does not know, in what it steps over, and in what has no type.
        let known = |bytes: &[u8]| decode::<Known>(bytes, 100);
        assert_eq!(known(&[&[0xa2][..], &b, &[1], &a, &[7]].concat()), Ok(Known { a: 7 }));
        assert_eq!(known(&[&[0xa3][..], &b, &[1], &b, &[1], &a, &[7]].concat()), Err(CborError::Form));
        let inner = [&[0xa2][..], &[0x41, 9, 1, 0x41, 9, 1]].concat();
        assert_eq!(known(&[&[0xa2][..], &b, &inner, &a, &[7]].concat()), Err(CborError::Form));
        for twice in [inner, [&[0xa2][..], &a, &[1], &a, &[1]].concat(), vec![0xa2, 5, 0, 5, 0]] {
            assert_eq!(decode::<Value>(&twice, 100), Err(CborError::Form), "{twice:?}");
            assert_eq!(decode::<de::IgnoredAny>(&twice, 100).map(drop), Err(CborError::Form), "{twice:?}");
        }
        // A text and a byte string of the same content are two keys.
        assert!(decode::<Value>(&[0xa2, 0x61, b'a', 0, 0x41, b'a', 0], 100).is_ok());
    }

    #[test]
    fn numbers_are_of_the_width_that_is_meant() {
        assert_eq!(decode::<u8>(&[0x19, 0, 255], 9), Ok(255));
        assert_eq!(decode::<u8>(&[0x19, 1, 0], 9), Err(CborError::Form));
        assert_eq!(decode::<u64>(&[0x20], 9), Err(CborError::Form));
        assert_eq!(decode::<i8>(&[0x38, 127], 9), Ok(-128));
        assert_eq!(decode::<i8>(&[0x38, 128], 9), Err(CborError::Form));
        assert_eq!(decode::<i64>(&[0x3b, 128, 0, 0, 0, 0, 0, 0, 0], 9), Err(CborError::Form));
        assert_eq!(decode::<u64>(&[0xf4], 9), Err(CborError::Form));
        assert_eq!(decode::<bool>(&[0], 9), Err(CborError::Form));
        // Not the number 20, but a simple value in two bytes.
        assert_eq!(decode::<bool>(&[0xf8, 20], 9), Err(CborError::Form));
        for (bytes, value) in
            [([0xf9, 0x3c, 0], 1.0), ([0xf9, 0, 1], 2_f64.powi(-24)), ([0xf9, 0xfc, 0], f64::NEG_INFINITY)]
        {
            assert_eq!(decode::<f64>(&bytes, 9), Ok(value));
        }
    }

    proptest! {
        #[test]
        fn ciborium_reads_the_same(bytes in collection::vec(any::<u8>(), 0..16)) {
            let ours = decode::<Value>(&bytes, 100).map(|value| format!("{value:?}"));
            let theirs: Result<Value, _> = ciborium::de::from_reader_with_recursion_limit(bytes.as_slice(), DEPTH_MAX);
            // A tagged number is a number for ciborium, and here it stays as it came.
            if let Ok(ours) = ours && !ours.contains("Tag(") {
                prop_assert_eq!(ours, format!("{:?}", theirs.unwrap()));
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = decode::<Value>(&bytes, 200);
        }

        #[test]
        fn a_value_without_types_is_read_whole_or_not_at_all(bytes in collection::vec(any::<u8>(), 0..12)) {
            // ciborium reads all of a `Value`, so where this reader takes one, both agree on its end.
            let mut rest = bytes.as_slice();
            let read: Result<Value, _> = ciborium::from_reader(&mut rest);
            let whole = &bytes[..bytes.len() - rest.len()];
            if read.is_ok() {
                if decode::<Value>(whole, 100).is_ok() && !rest.is_empty() {
                    prop_assert_eq!(decode::<Value>(&bytes, 100), Err(CborError::Trailing));
                }
                for end in 0..whole.len() {
                    prop_assert!(decode::<Value>(&bytes[..end], 100).is_err());
                }
            }
        }
    }
}
