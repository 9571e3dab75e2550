//! JSON read once, from its text into a flat list of tokens that point back into it. Nothing is copied or converted, so what
//! is not looked at stays as the sender wrote it: numbers beyond any type, half surrogate pairs, nesting of any usual depth.
//!
//! What JavaScript and others would read differently is refused: a name twice in one object, and the name `__proto__`
//! (wire/denetwork.md, section 5).

use super::text;
use std::collections::HashSet;
use thiserror::Error;

/// Objects and arrays within each other at most.
const DEPTH_MAX: usize = 512;

/// Up to so many names of an object are compared each with each; more are put into a set.
const FEW_NAMES: usize = 24;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// It is not JSON (RFC 8259).
    #[error("the request is not JSON")]
    Malformed,
    /// An object has the same name twice.
    #[error("the request has a key twice")]
    DuplicateName,
    /// An object has the name `__proto__`.
    #[error("the request has the key __proto__")]
    Prototype,
    /// Objects and arrays go too deep.
    #[error("the request is nested too deeply")]
    TooDeep,
}

/// What kind of value a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string; also the name of a member.
    String,
    Array,
    Object,
}

/// One token. The elements of an array follow it; the members of an object follow it as name, value, name, value.
#[derive(Clone, Copy)]
struct Token {
    kind: Kind,
    /// A string with escapes in it.
    escaped: bool,
    start: usize,
    end: usize,
    /// The token after this one and all that is inside it.
    next: usize,
}

/// A text that was read.
pub(super) struct Document<'t> {
    text: &'t str,
    tokens: Vec<Token>,
}

/// A value in it.
#[derive(Clone, Copy)]
pub(super) struct Value<'d, 't> {
    document: &'d Document<'t>,
    index: usize,
}

impl<'t> Document<'t> {
    /// Reads a whole text, which must be one value.
    pub(super) fn read(text: &'t str) -> Result<Self, JsonError> {
        let mut reader = Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            tokens: Vec::with_capacity(text.len() / 16 + 4),
            open: Vec::new(),
        };
        reader.document()?;
        Ok(Self { text, tokens: reader.tokens })
    }

    /// The outermost value.
    pub(super) fn root(&self) -> Value<'_, 't> {
        Value { document: self, index: 0 }
    }

    fn token(&self, index: usize) -> Token {
        const NOTHING: Token = Token { kind: Kind::Null, escaped: false, start: 0, end: 0, next: usize::MAX };
        self.tokens.get(index).copied().unwrap_or(NOTHING)
    }
}

impl<'d, 't> Value<'d, 't> {
    fn token(self) -> Token {
        self.document.token(self.index)
    }

    /// What it is.
    pub(super) fn kind(self) -> Kind {
        self.token().kind
    }

    /// Whether it is a string with escapes in it.
    pub(super) fn escaped(self) -> bool {
        self.token().escaped
    }

    /// Its text as it was sent; a string's without the quotes.
    pub(super) fn raw(self) -> &'t str {
        let token = self.token();
        self.document.text.get(token.start..token.end).unwrap_or_default()
    }

    /// What is inside an array, in order.
    pub(super) fn elements(self) -> impl Iterator<Item = Value<'d, 't>> {
        let (end, mut index) = (self.token().next, self.index + 1);
        let inside = self.kind() == Kind::Array;
        std::iter::from_fn(move || {
            let value = Value { document: self.document, index };
            (inside && index < end).then(|| {
                index = value.token().next;
                value
            })
        })
    }

    /// The members of an object, in the order in which they were sent.
    pub(super) fn members(self) -> impl Iterator<Item = (Value<'d, 't>, Value<'d, 't>)> {
        let (end, mut index) = (self.token().next, self.index + 1);
        let inside = self.kind() == Kind::Object;
        std::iter::from_fn(move || {
            let name = Value { document: self.document, index };
            let value = Value { document: self.document, index: index + 1 };
            (inside && index < end).then(|| {
                index = value.token().next;
                (name, value)
            })
        })
    }

    /// Whether it is a string of this content, however it is escaped.
    pub(super) fn is_string(self, content: &str) -> bool {
        self.kind() == Kind::String
            && if self.escaped() { text::canonical(self.raw()) == content } else { self.raw() == content }
    }

    /// The member of an object that has this name.
    pub(super) fn member(self, wanted: &str) -> Option<Value<'d, 't>> {
        self.members().find(|(name, _)| name.is_string(wanted)).map(|(_, value)| value)
    }

    /// The number, as JavaScript has it; `None` if it is something else.
    pub(super) fn number(self) -> Option<f64> {
        (self.kind() == Kind::Number).then(|| self.raw().parse().unwrap_or(f64::NAN))
    }
}

/// Where a reader is.
struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The arrays and objects around this place.
    open: Vec<usize>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            if !self.value()? && self.ended()? {
                self.space();
                return if self.at == self.bytes.len() { Ok(()) } else { Err(JsonError::Malformed) };
            }
        }
    }

    /// Reads one value; of an array or object, its opening only. Gives whether that has something inside.
    fn value(&mut self) -> Result<bool, JsonError> {
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => return self.opening(Kind::Object),
            Some(b'[') => return self.opening(Kind::Array),
            Some(b'"') => {
                self.string()?;
                return Ok(false);
            }
            Some(b't') => self.word(b"true", Kind::True)?,
            Some(b'f') => self.word(b"false", Kind::False)?,
            Some(b'n') => self.word(b"null", Kind::Null)?,
            _ => self.digits()?,
        };
        self.push(kind, start, self.at);
        Ok(false)
    }

    /// After a value: takes the comma and the next name, or closes what ends here, as often as it does. Gives whether
    /// nothing is open any more.
    fn ended(&mut self) -> Result<bool, JsonError> {
        while let Some(&around) = self.open.last() {
            self.space();
            let object = self.tokens.get(around).is_some_and(|token| token.kind == Kind::Object);
            match (self.take(), object) {
                (Some(b','), true) => {
                    self.name()?;
                    return Ok(false);
                }
                (Some(b','), false) => return Ok(false),
                (Some(b'}'), true) | (Some(b']'), false) => self.close(around)?,
                _ => return Err(JsonError::Malformed),
            }
        }
        Ok(true)
    }

    fn opening(&mut self, kind: Kind) -> Result<bool, JsonError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        let index = self.tokens.len();
        self.push(kind, self.at, self.at);
        self.open.push(index);
        self.at += 1;
        self.space();
        let empty = self.peek() == Some(if kind == Kind::Object { b'}' } else { b']' });
        if empty {
            self.at += 1;
            self.close(index)?;
        } else if kind == Kind::Object {
            self.name()?;
        }
        Ok(!empty)
    }

    fn close(&mut self, index: usize) -> Result<(), JsonError> {
        self.open.pop();
        let (end, next) = (self.at, self.tokens.len());
        let Some(token) = self.tokens.get_mut(index) else {
            return Err(JsonError::Malformed);
        };
        (token.end, token.next) = (end, next);
        if token.kind == Kind::Object { self.check_names(index) } else { Ok(()) }
    }

    /// Refuses a name that is there twice, and `__proto__`.
    fn check_names(&self, object: usize) -> Result<(), JsonError> {
        let end = self.tokens.len();
        let mut names: Vec<&str> = Vec::new();
        let mut spelled: Vec<String> = Vec::new();
        let mut index = object + 1;
        while let Some(name) = self.tokens.get(index).filter(|_| index < end) {
            let raw = self.text.get(name.start..name.end).unwrap_or_default();
            if name.escaped {
                spelled.push(text::canonical(raw));
            } else {
                names.push(raw);
            }
            index = self.tokens.get(index + 1).map_or(end, |value| value.next);
        }
        names.extend(spelled.iter().map(String::as_str));
        if names.contains(&"__proto__") {
            return Err(JsonError::Prototype);
        }
        if distinct(&names) { Ok(()) } else { Err(JsonError::DuplicateName) }
    }

    fn name(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(JsonError::Malformed);
        }
        self.string()?;
        self.space();
        if self.take() == Some(b':') { Ok(()) } else { Err(JsonError::Malformed) }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        let (start, mut escaped) = (self.at, false);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).ok_or(JsonError::Malformed)?;
            self.at += plain;
            match self.take() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return Err(JsonError::Malformed),
            }
            escaped = true;
        }
        self.push(Kind::String, start, self.at - 1);
        if let Some(token) = self.tokens.last_mut() {
            token.escaped = escaped;
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.take() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => {
                let digits = self.bytes.get(self.at..self.at + 4).ok_or(JsonError::Malformed)?;
                self.at += 4;
                if digits.iter().all(u8::is_ascii_hexdigit) { Ok(()) } else { Err(JsonError::Malformed) }
            }
            _ => Err(JsonError::Malformed),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Kind, JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += word.len();
        if rest.starts_with(word) { Ok(kind) } else { Err(JsonError::Malformed) }
    }

    /// A number: `-`, no leading zeros, and digits around each point and after each exponent.
    fn digits(&mut self) -> Result<Kind, JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.some_digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(Kind::Number)
    }

    fn some_digits(&mut self) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(JsonError::Malformed) }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.tokens.len() + 1;
        self.tokens.push(Token { kind, escaped: false, start, end, next });
    }
}

fn distinct(names: &[&str]) -> bool {
    if names.len() > FEW_NAMES {
        let mut known = HashSet::with_capacity(names.len());
        return names.iter().all(|name| known.insert(*name));
    }
    names.iter().enumerate().all(|(at, name)| !names.iter().skip(at + 1).any(|other| other == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fails(text: &str) -> Option<JsonError> {
        Document::read(text).err()
    }

    #[test]
    fn members_are_found_and_left_as_they_are() {
        let text = r#" {"a" : [1e+21, {"x":"\ud83d"}, []] ,"\u0062":-0.10,"c":{},"d":null} "#;
        let document = Document::read(text).unwrap();
        let root = document.root();
        let a: Vec<&str> = root.member("a").unwrap().elements().map(Value::raw).collect();
        assert_eq!(a, ["1e+21", r#"{"x":"\ud83d"}"#, "[]"]);
        assert_eq!(root.member("b").unwrap().number(), Some(-0.1));
        assert_eq!(root.member("c").unwrap().members().count(), 0);
        assert_eq!(root.member("d").unwrap().kind(), Kind::Null);
        assert!(root.member("x").is_none() && root.member("a").unwrap().member("x").is_none());
        assert_eq!(root.members().count(), 4);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "{]",
            "[}",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "[1 2]",
            "1 2",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "1e+",
            "tru",
            "nul",
            "truefalse",
            "\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u12\"",
            "\"\n\"",
            "NaN",
            "Infinity",
            "'a'",
            "[1]]",
            "\u{feff}1",
            "\u{a0}1",
        ] {
            assert_eq!(fails(text), Some(JsonError::Malformed), "{text}");
        }
    }

    #[test]
    fn what_javascript_reads_differently_is_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"[{"x":[{"a":1,"b":2,"\u0061":3}]}]"#,
            r#"{"":1,"":2}"#,
            r#"{"\ud83d":1,"\uD83D":1}"#,
        ] {
            assert_eq!(fails(text), Some(JsonError::DuplicateName), "{text}");
        }
        for text in [r#"{"__proto__":1}"#, r#"[{"a":{"\u005f_proto__":1}}]"#] {
            assert_eq!(fails(text), Some(JsonError::Prototype), "{text}");
        }
        assert_eq!(fails(r#"{"a":{"a":1},"b":{"a":2},"c":"__proto__"}"#), None);
        let many = |last: usize| {
            let names: Vec<String> = (0..1000).chain([last]).map(|at| format!("\"{at}\":{{}}")).collect();
            format!("{{{}}}", names.join(","))
        };
        assert_eq!((fails(&many(1000)), fails(&many(999))), (None, Some(JsonError::DuplicateName)));
    }

    #[test]
    fn depth_is_bounded_well_beyond_what_survives() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(fails(&nested(DEPTH_MAX)), None);
        assert_eq!(fails(&nested(DEPTH_MAX + 1)), Some(JsonError::TooDeep));
        assert_eq!(fails(&"[".repeat(1 << 20)), Some(JsonError::TooDeep));
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_takes(text in r#"[ \[\]{}:,"\\a1e.-]{0,12}"#) {
            let expected = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            let read = Document::read(&text);
            prop_assert!(read.is_ok() == expected || matches!(read, Err(JsonError::DuplicateName)), "{}", text);
        }
    }
}
