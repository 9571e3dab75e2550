//! Reads types from CBOR.
//!
//! ciborium could do that, too. This reader is for one kind of input only (bytes in memory, definite lengths), takes all items of an array or
//! refuses it, refuses a map in which a key stands twice, and an error of it says nothing, so that what derives `Deserialize` becomes half
//! as large in the WebAssembly module.

mod variants;

use super::DEPTH_MAX;
use serde::de::{self, DeserializeSeed, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use variants::{Name, Tagged};

/// Not of the form that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the form that is meant")
    }
}

impl std::error::Error for Broken {}

impl de::Error for Broken {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Result<T> = std::result::Result<T, Broken>;

/// The first bits of a head: what kind of value it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Major {
    Positive,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

const FALSE: u64 = 20;
const TRUE: u64 = 21;
const NULL: u64 = 22;
const UNDEFINED: u64 = 23;

#[derive(Clone, Copy)]
struct Head {
    major: Major,
    argument: u64,
    /// The five bits that say how long the argument is.
    short: u8,
}

/// Reads one value after another.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    /// How many arrays and maps may still be within each other.
    depth: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, depth: DEPTH_MAX }
    }

    /// Whether all was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(never)]
    fn head(&mut self) -> Result<Head> {
        let (first, rest) = self.rest.split_first().ok_or(Broken)?;
        let short = first & 0x1f;
        let (argument, rest) = match short {
            0..=23 => (u64::from(short), rest),
            24..=27 => argument(rest, 1 << (short - 24)).ok_or(Broken)?,
            // Reserved, of no definite length, or the end of such a one.
            _ => return Err(Broken),
        };
        self.rest = rest;
        let major = match first >> 5 {
            0 => Major::Positive,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::Simple,
        };
        Ok(Head { major, argument, short })
    }

    /// The next head that is no tag: tags add nothing to what types want.
    #[inline(never)]
    fn value(&mut self) -> Result<Head> {
        loop {
            let head = self.head()?;
            if head.major != Major::Tag {
                return Ok(head);
            }
        }
    }

    /// The argument of the next head, which must be of this kind.
    #[inline(never)]
    fn expect(&mut self, major: Major) -> Result<u64> {
        let head = self.value()?;
        if head.major == major { Ok(head.argument) } else { Err(Broken) }
    }

    #[inline(never)]
    fn content(&mut self, length: u64) -> Result<&'de [u8]> {
        let length = usize::try_from(length).map_err(|_| Broken)?;
        let (content, rest) = self.rest.split_at_checked(length).ok_or(Broken)?;
        self.rest = rest;
        Ok(content)
    }

    #[inline(never)]
    fn bytes(&mut self) -> Result<&'de [u8]> {
        let length = self.expect(Major::Bytes)?;
        self.content(length)
    }

    #[inline(never)]
    fn text(&mut self) -> Result<&'de str> {
        let length = self.expect(Major::Text)?;
        std::str::from_utf8(self.content(length)?).map_err(|_| Broken)
    }

    #[inline(never)]
    fn boolean(&mut self) -> Result<bool> {
        match self.value()? {
            Head { major: Major::Simple, argument: FALSE, short: 20 } => Ok(false),
            Head { major: Major::Simple, argument: TRUE, short: 21 } => Ok(true),
            _ => Err(Broken),
        }
    }

    /// An integer: its amount, or (`Err`) that of a negative one.
    #[inline(never)]
    fn integer(&mut self) -> Result<std::result::Result<u64, i64>> {
        let head = self.value()?;
        match head.major {
            Major::Positive => Ok(Ok(head.argument)),
            Major::Negative => i64::try_from(head.argument).map(|amount| Err(!amount)).map_err(|_| Broken),
            _ => Err(Broken),
        }
    }

    /// Takes a null, if one is next.
    #[inline(never)]
    fn null(&mut self) -> bool {
        let before = self.rest;
        let null = matches!(self.head(), Ok(Head { major: Major::Simple, argument: NULL | UNDEFINED, short: 22 | 23 }));
        if !null {
            self.rest = before;
        }
        null
    }

    /// Steps over a value.
    #[inline(never)]
    fn skip(&mut self) -> Result<()> {
        let head = self.value()?;
        match head.major {
            Major::Bytes | Major::Text => self.content(head.argument).map(|_| ()),
            Major::Array => self.deeper(|reader| (0..head.argument).try_for_each(|_| reader.skip())),
            Major::Map => self.deeper(|reader| {
                let mut keys = Keys::default();
                (0..head.argument).try_for_each(|_| {
                    let before = reader.rest;
                    reader.skip()?;
                    keys.take(before, reader.rest)?;
                    reader.skip()
                })
            }),
            _ => Ok(()),
        }
    }

    /// Does something one array, map or tag further in.
    fn deeper<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth = self.depth.checked_sub(1).ok_or(Broken)?;
        let value = act(self)?;
        self.depth += 1;
        Ok(value)
    }

    /// The content of an array or a map with so many items or pairs, all of which must be taken.
    fn within<T>(&mut self, left: u64, take: impl FnOnce(&mut Items<'_, 'de>) -> Result<T>) -> Result<T> {
        self.deeper(|reader| {
            let mut items = Items { reader, left, keys: Keys::default() };
            let value = take(&mut items)?;
            if items.left == 0 { Ok(value) } else { Err(Broken) }
        })
    }
}

/// A float of 16, 32 or 64 bits.
fn float(head: Head) -> Result<f64> {
    match head.short {
        25 => {
            let bits = head.argument;
            let (exponent, fraction) = ((bits >> 10) & 0x1f, (bits & 0x3ff) as f64);
            let amount = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1024.0 + fraction) * 2_f64.powi(exponent as i32 - 25),
            };
            Ok(if bits & 0x8000 == 0 { amount } else { -amount })
        }
        26 => u32::try_from(head.argument).map(|bits| f32::from_bits(bits).into()).map_err(|_| Broken),
        27 => Ok(f64::from_bits(head.argument)),
        _ => Err(Broken),
    }
}

macro_rules! read {
    ($read:ident, $visit:ident: $($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.$read()?)
        })*
    };
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.integer()? {
                Ok(amount) => visitor.visit_u64(amount),
                Err(negative) => visitor.visit_i64(negative),
            }
        })*
    };
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = Broken;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let before = self.rest;
        let head = self.head()?;
        match head.major {
            Major::Tag => return self.deeper(|reader| visitor.visit_enum(Tagged { reader, tag: Some(head.argument) })),
            Major::Negative if i64::try_from(head.argument).is_err() => {
                return visitor.visit_i128(!i128::from(head.argument));
            }
            Major::Simple if head.short > 24 => return visitor.visit_f64(float(head)?),
            _ => self.rest = before,
        }
        match head.major {
            Major::Positive | Major::Negative => self.deserialize_i64(visitor),
            Major::Bytes => self.deserialize_bytes(visitor),
            Major::Text => self.deserialize_str(visitor),
            Major::Array => self.deserialize_seq(visitor),
            Major::Map => self.deserialize_map(visitor),
            Major::Simple if self.null() => visitor.visit_none(),
            Major::Simple | Major::Tag => self.deserialize_bool(visitor),
        }
    }

    read!(boolean, visit_bool: deserialize_bool);
    read!(text, visit_borrowed_str: deserialize_str deserialize_string deserialize_char deserialize_identifier);
    read!(bytes, visit_borrowed_bytes: deserialize_bytes deserialize_byte_buf);
    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);
    integers!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let head = self.value()?;
        if head.major == Major::Simple { visitor.visit_f64(float(head)?) } else { Err(Broken) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.null() { visitor.visit_unit() } else { Err(Broken) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let items = self.expect(Major::Array)?;
        self.within(items, |items| visitor.visit_seq(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let pairs = self.expect(Major::Map)?;
        self.within(pairs, |pairs| visitor.visit_map(pairs))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    /// A variant stands as its name, or as a map of its name to its content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let before = self.rest;
        match self.value()? {
            Head { major: Major::Text, .. } => {
                self.rest = before;
                visitor.visit_enum(Name(self))
            }
            Head { major: Major::Map, argument: 1, .. } => self.within(0, |content| visitor.visit_enum(content)),
            _ => Err(Broken),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What is left of an array or a map.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: u64,
    keys: Keys<'de>,
}

impl Items<'_, '_> {
    fn next(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    /// No more than could be there, so that nothing is made ready for what is only announced.
    fn hint(&self) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX).min(self.reader.rest.len())
    }
}

/// The keys of a map so far. A text or byte string is told by its content, in whatever form its length stands; the protocol has no other
/// keys, and what else comes is told by its bytes.
#[derive(Default)]
struct Keys<'de>(BTreeSet<(u8, &'de [u8])>);

impl<'de> Keys<'de> {
    /// Takes the key that stands between these two places. Fails if the map has had it before.
    #[inline(never)]
    fn take(&mut self, from: &'de [u8], to: &'de [u8]) -> Result<()> {
        let mut reader = Reader::new(from);
        let head = reader.value()?;
        let (kind, key) = match head.major {
            Major::Bytes => (1, reader.content(head.argument)?),
            Major::Text => (2, reader.content(head.argument)?),
            _ => (0, from.get(..from.len().saturating_sub(to.len())).ok_or(Broken)?),
        };
        if self.0.insert((kind, key)) { Ok(()) } else { Err(Broken) }
    }
}

/// The number in the next `length` bytes.
fn argument(bytes: &[u8], length: usize) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_at_checked(length)?;
    Some((number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), rest))
}

impl<'de> de::SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Broken;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

impl<'de> de::MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Broken;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if !self.next() {
            return Ok(None);
        }
        let before = self.reader.rest;
        let key = seed.deserialize(&mut *self.reader)?;
        self.keys.take(before, self.reader.rest)?;
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}
