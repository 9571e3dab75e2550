//! Postcard's encoding (<https://postcard.jamesmunns.com/wire-format>), written faster where values are mostly bytes: serde hands a
//! `Vec<u8>` over element by element, and openmls writes some hundred kilobytes of them with each message of a large group. Here such a
//! sequence becomes one copy.

use super::StoreError;
use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::fmt::{self, Display};

/// The value's bytes. `expected` of them are reserved: a buffer that grows leaves copies of secrets behind, and takes time.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, expected: usize) -> Result<Vec<u8>, StoreError> {
    let mut encoder = Encoder { out: Vec::with_capacity(expected) };
    value.serialize(&mut encoder).map_err(|_| StoreError::Encode)?;
    Ok(encoder.out)
}

/// A value that the encoding does not have: a sequence of unknown length, or one whose elements are not alike. It says no more, since
/// what is encoded is secret.
#[derive(Debug)]
struct Unencodable;

impl Display for Unencodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of the MLS state can't be encoded")
    }
}

impl std::error::Error for Unencodable {}

impl serde::ser::Error for Unencodable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Done = Result<(), Unencodable>;

struct Encoder {
    out: Vec<u8>,
}

impl Encoder {
    /// Seven bits in each byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u128) -> Done {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                self.out.push(low);
                return Ok(());
            }
            self.out.push(low | 0x80);
        }
    }

    /// Small numbers of either sign are short.
    fn zigzag(&mut self, value: i128) -> Done {
        self.varint(((value << 1) ^ (value >> 127)).cast_unsigned())
    }

    fn length(&mut self, length: Option<usize>) -> Done {
        let length = length.and_then(|length| u128::try_from(length).ok()).ok_or(Unencodable)?;
        self.varint(length)
    }
}

impl Serializer for &mut Encoder {
    type Ok = ();
    type Error = Unencodable;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn collect_seq<I>(self, sequence: I) -> Done
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        let mut items = sequence.into_iter();
        let (least, most) = items.size_hint();
        self.length(most.filter(|most| *most == least))?;
        let Some(first) = items.next() else { return Ok(()) };
        let Ok(byte) = first.serialize(ByteOnly) else {
            first.serialize(&mut *self)?;
            return items.try_for_each(|item| item.serialize(&mut *self));
        };
        self.out.push(byte);
        let mut alike = true;
        // For bytes this is a copy: neither the failure nor the flag is left in the compiled loop.
        self.out.extend(items.map(|item| {
            item.serialize(ByteOnly).unwrap_or_else(|_| {
                alike = false;
                0
            })
        }));
        alike.then_some(()).ok_or(Unencodable)
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.serialize_u8(value.into())
    }

    fn serialize_i8(self, value: i8) -> Done {
        self.serialize_u8(value.cast_unsigned())
    }

    fn serialize_i16(self, value: i16) -> Done {
        self.zigzag(value.into())
    }

    fn serialize_i32(self, value: i32) -> Done {
        self.zigzag(value.into())
    }

    fn serialize_i64(self, value: i64) -> Done {
        self.zigzag(value.into())
    }

    fn serialize_i128(self, value: i128) -> Done {
        self.zigzag(value)
    }

    fn serialize_u8(self, value: u8) -> Done {
        self.out.push(value);
        Ok(())
    }

    fn serialize_u16(self, value: u16) -> Done {
        self.varint(value.into())
    }

    fn serialize_u32(self, value: u32) -> Done {
        self.varint(value.into())
    }

    fn serialize_u64(self, value: u64) -> Done {
        self.varint(value.into())
    }

    fn serialize_u128(self, value: u128) -> Done {
        self.varint(value)
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.out.extend(value.to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Done {
        self.out.extend(value.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Done {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Done {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        self.length(Some(value.len()))?;
        self.out.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.out.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Done {
        self.serialize_u32(index)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Done {
        self.varint(index.into())?;
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Unencodable> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Unencodable> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unencodable> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unencodable> {
        self.varint(index.into())?;
        Ok(self)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self, Unencodable> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unencodable> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unencodable> {
        self.varint(index.into())?;
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Parts stand one after the other, without names.
macro_rules! parts {
    ($($part:ident: $method:ident),*) => {$(
        impl $part for &mut Encoder {
            type Ok = ();
            type Error = Unencodable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                Ok(())
            }
        }
    )*};
    (named $($part:ident),*) => {$(
        impl $part for &mut Encoder {
            type Ok = ();
            type Error = Unencodable;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                Ok(())
            }
        }
    )*};
}

parts!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);
parts!(named SerializeStruct, SerializeStructVariant);

impl SerializeMap for &mut Encoder {
    type Ok = ();
    type Error = Unencodable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

/// Takes one byte and nothing else.
struct ByteOnly;

type Byte = Result<u8, Unencodable>;
type Never = Result<Impossible<u8, Unencodable>, Unencodable>;

/// What is no byte is refused.
macro_rules! refused {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, _: $type) -> Byte {
            Err(Unencodable)
        }
    )*};
}

impl Serializer for ByteOnly {
    type Ok = u8;
    type Error = Unencodable;
    type SerializeSeq = Impossible<u8, Unencodable>;
    type SerializeTuple = Impossible<u8, Unencodable>;
    type SerializeTupleStruct = Impossible<u8, Unencodable>;
    type SerializeTupleVariant = Impossible<u8, Unencodable>;
    type SerializeMap = Impossible<u8, Unencodable>;
    type SerializeStruct = Impossible<u8, Unencodable>;
    type SerializeStructVariant = Impossible<u8, Unencodable>;

    fn serialize_u8(self, value: u8) -> Byte {
        Ok(value)
    }

    refused!(
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str
    );

    fn serialize_none(self) -> Byte {
        Err(Unencodable)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Byte {
        Err(Unencodable)
    }

    fn serialize_unit(self) -> Byte {
        Err(Unencodable)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Byte {
        Err(Unencodable)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Byte {
        Err(Unencodable)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, _: &T) -> Byte {
        Err(Unencodable)
    }

    fn serialize_seq(self, _: Option<usize>) -> Never {
        Err(Unencodable)
    }

    fn serialize_tuple(self, _: usize) -> Never {
        Err(Unencodable)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Never {
        Err(Unencodable)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Never {
        Err(Unencodable)
    }

    fn serialize_map(self, _: Option<usize>) -> Never {
        Err(Unencodable)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Never {
        Err(Unencodable)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Never {
        Err(Unencodable)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
