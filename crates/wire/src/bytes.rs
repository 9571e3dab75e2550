//! Bytes: base64url without padding (RFC 4648, section 5) in JSON, byte strings in CBOR.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// `bytes` in base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding in its one spelling; `None` for anything else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Bytes of any length. `Debug` says only how many.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        written(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return deserializer.deserialize_byte_buf(Any).map(Self);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        decode(&text).map(Self).ok_or_else(|| de::Error::custom("not base64url without padding"))
    }
}

/// Exactly `N` bytes: a key, an id, a challenge. `Debug` shows nothing, since some are capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fixed<const N: usize>(pub [u8; N]);

impl<const N: usize> Fixed<N> {
    /// Reads the base64url form; `None` for anything else, also of another length.
    pub fn parse(text: &str) -> Option<Self> {
        decode(text)?.try_into().ok().map(Self)
    }
}

impl<const N: usize> fmt::Display for Fixed<N> {
    /// The base64url form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }
}

impl<const N: usize> From<[u8; N]> for Fixed<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        written(&self.0, serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return deserializer.deserialize_bytes(Exactly::<N>);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("not {N} bytes in base64url without padding")))
    }
}

/// As text where people read it (JSON), as bytes elsewhere (CBOR).
fn written<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&encode(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

/// Takes a byte string of any length, and nothing else.
struct Any;

impl de::Visitor<'_> for Any {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
        Ok(bytes)
    }
}

/// Takes a byte string of `N` bytes, and nothing else.
struct Exactly<const N: usize>;

impl<const N: usize> de::Visitor<'_> for Exactly<N> {
    type Value = Fixed<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        bytes.try_into().map(Fixed).map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

#[cfg(feature = "openapi")]
mod described {
    use super::{Blob, Fixed};
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
    use utoipa::{PartialSchema, ToSchema};

    /// A character, and what can stand at the end: the bits beyond the last byte are zero.
    const ANY: &str = "[A-Za-z0-9_-]";
    const END_OF_ONE: &str = "[AQgw]";
    const END_OF_TWO: &str = "[AEIMQUYcgkosw048]";

    fn text(pattern: String, length: Option<usize>) -> RefOr<Schema> {
        let builder = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(pattern))
            .min_length(length)
            .max_length(length);
        RefOr::T(Schema::Object(builder.build()))
    }

    impl PartialSchema for Blob {
        fn schema() -> RefOr<Schema> {
            text(format!("^({ANY}{{4}})*({ANY}{END_OF_ONE}|{ANY}{{2}}{END_OF_TWO})?$"), None)
        }
    }

    impl ToSchema for Blob {}

    impl<const N: usize> PartialSchema for Fixed<N> {
        fn schema() -> RefOr<Schema> {
            let length = (N * 8).div_ceil(6);
            let before = length.saturating_sub(1);
            let pattern = match N % 3 {
                1 => format!("^{ANY}{{{before}}}{END_OF_ONE}$"),
                2 => format!("^{ANY}{{{before}}}{END_OF_TWO}$"),
                _ => format!("^{ANY}{{{length}}}$"),
            };
            text(pattern, Some(length))
        }
    }

    impl<const N: usize> ToSchema for Fixed<N> {
        fn name() -> std::borrow::Cow<'static, str> {
            format!("Bytes{N}").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("AQ"), Some(vec![1]));
        for other in ["AQ==", "AR", "A", "A Q", "+/8"] {
            assert_eq!(decode(other), None, "{other}");
        }
        assert_eq!(Fixed::<2>::parse("AQI").map(|found| found.0), Some([1, 2]));
        assert_eq!(Fixed::<2>::parse("AQ"), None);
    }

    proptest! {
        #[test]
        fn bytes_lead_back(bytes: Vec<u8>) {
            let blob = Blob(bytes);
            let json = serde_json::to_string(&blob).unwrap();
            prop_assert_eq!(serde_json::from_str::<Blob>(&json).unwrap(), blob);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = serde_json::from_value::<Fixed<16>>(text.into());
        }
    }
}
