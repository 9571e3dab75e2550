//! Variants of enums: a name alone, or a map of a name to its content.

use super::{Broken, Items, Reader, Result};
use serde::de::value::{StrDeserializer, U64Deserializer};
use serde::de::{self, DeserializeSeed, Visitor};

/// The one pair of a variant with content.
impl<'a, 'de> de::EnumAccess<'de> for &'a mut Items<'_, 'de> {
    type Error = Broken;
    type Variant = Content<'a, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        let name = seed.deserialize(&mut *self.reader)?;
        Ok((name, Content(&mut *self.reader)))
    }
}

pub(super) struct Content<'a, 'de>(&'a mut Reader<'de>);

impl<'de> de::VariantAccess<'de> for Content<'_, 'de> {
    type Error = Broken;

    fn unit_variant(self) -> Result<()> {
        Err(Broken)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_seq(self.0, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_map(self.0, visitor)
    }
}

/// A value with a tag where any value is wanted, in the way that `ciborium::Value` asks for it.
pub(super) struct Tagged<'a, 'de> {
    pub(super) reader: &'a mut Reader<'de>,
    pub(super) tag: Option<u64>,
}

impl<'de> de::EnumAccess<'de> for Tagged<'_, 'de> {
    type Error = Broken;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        Ok((seed.deserialize(StrDeserializer::<Broken>::new("@@TAGGED@@"))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Tagged<'_, 'de> {
    type Error = Broken;

    fn unit_variant(self) -> Result<()> {
        Err(Broken)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value> {
        Err(Broken)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(self)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value> {
        Err(Broken)
    }
}

/// The tag, then the value.
impl<'de> de::SeqAccess<'de> for Tagged<'_, 'de> {
    type Error = Broken;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        match self.tag.take() {
            Some(tag) => seed.deserialize(U64Deserializer::<Broken>::new(tag)).map(Some),
            None => seed.deserialize(&mut *self.reader).map(Some),
        }
    }
}

/// A variant that is its name alone.
pub(super) struct Name<'a, 'de>(pub(super) &'a mut Reader<'de>);

impl<'de> de::EnumAccess<'de> for Name<'_, 'de> {
    type Error = Broken;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = seed.deserialize(&mut *self.0)?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Name<'_, 'de> {
    type Error = Broken;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value> {
        Err(Broken)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value> {
        Err(Broken)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value> {
        Err(Broken)
    }
}
