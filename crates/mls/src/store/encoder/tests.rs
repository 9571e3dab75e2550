//! What it writes is what postcard writes.

use super::{Serializer, encode};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    One(Vec<u8>),
    Two(u16, i64),
    Named { bytes: Vec<u8>, small: i8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(u8);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Value {
    bytes: Vec<u8>,
    queue: VecDeque<Option<Vec<u8>>>,
    choices: Vec<Choice>,
    map: BTreeMap<String, Vec<u64>>,
    wrapped: Vec<Wrapped>,
    signed: Vec<i8>,
    fixed: [u8; 5],
    numbers: (u32, i32, u128, i128, i16, usize),
    rest: (bool, char, f32, f64, (), Option<()>),
}

fn choice() -> impl Strategy<Value = Choice> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        Just(Choice::Nothing),
        bytes().prop_map(Choice::One),
        any::<(u16, i64)>().prop_map(|(short, long)| Choice::Two(short, long)),
        (bytes(), any::<i8>()).prop_map(|(bytes, small)| Choice::Named { bytes, small }),
    ]
}

prop_compose! {
    fn value()(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        queue in proptest::collection::vec_deque(any::<Option<Vec<u8>>>(), 0..4),
        choices in proptest::collection::vec(choice(), 0..5),
        map in any::<BTreeMap<String, Vec<u64>>>(),
        wrapped in proptest::collection::vec(any::<u8>().prop_map(Wrapped), 0..4),
        signed in any::<Vec<i8>>(),
        fixed in any::<[u8; 5]>(),
        numbers in any::<(u32, i32, u128, i128, i16, usize)>(),
        (truth, letter, unit) in any::<(bool, char, Option<()>)>(),
        (single, double) in (-1e9_f32..1e9, -1e99_f64..1e99),
    ) -> Value {
        let rest = (truth, letter, single, double, (), unit);
        Value { bytes, queue, choices, map, wrapped, signed, fixed, numbers, rest }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_postcards_encoding(value in value()) {
        let encoded = encode(&value, 0).unwrap();
        prop_assert_eq!(&encoded, &postcard::to_stdvec(&value).unwrap());
        prop_assert_eq!(postcard::from_bytes::<Value>(&encoded).unwrap(), value);
    }
}

/// A byte, or something else.
struct Odd(bool);

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { serializer.serialize_u8(1) } else { serializer.serialize_str("odd") }
    }
}

#[test]
fn what_it_does_not_have_is_refused_and_never_altered() {
    assert!(encode(&[Odd(true), Odd(false)][..], 0).is_err());
    assert!(encode(&[Odd(false), Odd(true)][..], 0).is_ok());
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0_u8..9).filter(|number| number % 2 == 0))
        }
    }
    assert!(encode(&Endless, 0).is_err());
}
