//! What clients send: JSON objects, of which a few members count (wire/darkchat.md, section 6).

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Why something is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON, or not UTF-8.
    Syntax,
    /// The value `null`.
    Null,
    /// Another value that is no object.
    NoObject,
}

/// A member as it stands in the text; nothing of it is copied or read before it is asked for.
#[derive(Clone, Copy, Default)]
pub struct Member<'a>(Option<&'a str>);

impl<'a> Member<'a> {
    /// Whether JavaScript takes it for true: neither absent nor `null`, `false`, zero or an empty text.
    pub fn is_set(self) -> bool {
        match self.0 {
            None | Some("null" | "false" | "\"\"") => false,
            Some(raw) if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                raw.parse().is_ok_and(|number: f64| number != 0.0)
            }
            Some(_) => true,
        }
    }

    /// Whether it is a text, of whatever length.
    pub fn is_text(self) -> bool {
        self.0.is_some_and(|raw| raw.starts_with('"'))
    }

    /// Whether it is the empty text.
    pub fn is_empty_text(self) -> bool {
        self.0 == Some("\"\"")
    }

    /// The text, if it is one. `None` also for a text with half a surrogate pair, which has no UTF-8.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let within = self.0?.strip_prefix('"')?.strip_suffix('"')?;
        if !within.contains('\\') {
            return Some(Cow::Borrowed(within));
        }
        serde_json::from_str(self.0?).ok().map(Cow::Owned)
    }

    /// As JavaScript puts it into a text.
    pub fn printed(self) -> Cow<'a, str> {
        match self.0 {
            None => Cow::Borrowed("undefined"),
            Some(raw) if raw.starts_with('"') => self.text().unwrap_or(Cow::Borrowed("\u{fffd}")),
            Some(raw) if raw.starts_with(['{', '[']) => Cow::Borrowed("[object Object]"),
            Some(raw) => Cow::Borrowed(raw),
        }
    }
}

/// The members of an object that count. Of members with equal names the last one does.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// What is asked.
    pub kind: Member<'a>,
    /// Who speaks.
    pub from: Member<'a>,
    /// Who speaks, as the first clients of 0.2 called it.
    pub pk: Member<'a>,
    /// A text, ciphertext or signature.
    pub msg: Member<'a>,
    /// A channel.
    pub channel: Member<'a>,
    /// The recipient of a private message.
    pub to: Member<'a>,
    /// The recipient, as the first clients of 0.2 called it.
    pub private: Member<'a>,
    /// Nothing that any client sends; it is repeated in an error.
    pub challenge: Member<'a>,
}

impl<'a> Request<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// What it is instead.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Syntax)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = reader.deserialize_any(Members).map_err(|_| Unreadable::Syntax)?;
        reader.end().map_err(|_| Unreadable::Syntax)?;
        read
    }

    /// Whether it names its sender only in the way of the first clients of 0.2.
    pub fn is_early(&self) -> bool {
        !self.from.is_set() && self.pk.is_set()
    }

    /// The recipient of a private message, in whichever way it is named.
    pub fn recipient(&self) -> Member<'a> {
        if self.is_early() && self.private.is_set() { self.private } else { self.to }
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Result<Request<'de>, Unreadable>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut request = Request::default();
        while let Some(name) = map.next_key::<Name>()? {
            let place = match name {
                Name::Kind => &mut request.kind,
                Name::From => &mut request.from,
                Name::Pk => &mut request.pk,
                Name::Msg => &mut request.msg,
                Name::Channel => &mut request.channel,
                Name::To => &mut request.to,
                Name::Private => &mut request.private,
                Name::Challenge => &mut request.challenge,
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *place = Member(Some(map.next_value::<&RawValue>()?.get()));
        }
        Ok(Ok(request))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(Unreadable::NoObject))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::Null))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::NoObject))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::NoObject))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::NoObject))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::NoObject))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(Unreadable::NoObject))
    }
}

/// The names of members that count.
#[derive(Clone, Copy)]
enum Name {
    Kind,
    From,
    Pk,
    Msg,
    Channel,
    To,
    Private,
    Challenge,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    /// Reads bytes: what has half a surrogate pair is a name to JavaScript, too, though no text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
        Ok(match name {
            b"type" => Name::Kind,
            b"fromPublicKey" => Name::From,
            b"pk" => Name::Pk,
            b"msg" => Name::Msg,
            b"cname" => Name::Channel,
            b"toPublicKey" => Name::To,
            b"private" => Name::Private,
            b"challenge" => Name::Challenge,
            _ => Name::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Request<'_> {
        Request::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn members_are_found_and_the_last_counts() {
        let request = read(" {\"type\":\"msg\",\"x\":{\"type\":[1,{}]},\"cname\":\"a\",\"cn\\u0061me\":\"b\\n\"}\n");
        assert_eq!(request.kind.text().as_deref(), Some("msg"));
        assert_eq!(request.channel.text().as_deref(), Some("b\n"));
        assert!(!request.to.is_set() && !request.to.is_text());
    }

    #[test]
    fn truth_is_that_of_javascript() {
        for (raw, truth) in [
            ("null", false),
            ("false", false),
            ("0", false),
            ("-0.0e5", false),
            ("\"\"", false),
            ("\"0\"", true),
            ("[]", true),
            ("{}", true),
            ("1", true),
            ("true", true),
        ] {
            let text = format!("{{\"toPublicKey\":{raw}}}");
            assert_eq!(read(&text).to.is_set(), truth, "{raw}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text_and_harms_nobody_else() {
        let request = read("{\"msg\":\"\\ud83d\",\"cname\":\"\\ud83d\",\"other\":\"\\udc00\"}");
        assert!(request.msg.is_text() && request.channel.text().is_none());
        assert_eq!(request.channel.printed(), "\u{fffd}");
        let request = read("{\"\\ud83d\":1,\"\\u0074ype\":\"msg\"}");
        assert_eq!(request.kind.text().as_deref(), Some("msg"));
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        use Unreadable::{NoObject, Null, Syntax};
        for (text, expected) in [
            ("null", Null),
            (" null ", Null),
            ("[1,[]]", NoObject),
            ("\"x\"", NoObject),
            ("7", NoObject),
            ("-1.5", NoObject),
            ("true", NoObject),
            ("", Syntax),
            ("{", Syntax),
            ("{}{}", Syntax),
            ("{\"a\":nul}", Syntax),
            ("{\"a\":\"\u{1}\"}", Syntax),
            ("hello", Syntax),
        ] {
            assert_eq!(Request::read(text.as_bytes()).err(), Some(expected), "{text}");
        }
        assert_eq!(Request::read(b"{\"a\":\"\xff\"}").err(), Some(Syntax));
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"msg\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(read(&deep).msg.printed(), "[object Object]");
        assert!(Request::read("[".repeat(500_000).as_bytes()).is_err());
    }
}
