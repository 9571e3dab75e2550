//! The canonical form of a DeNetwork payload, against a slow implementation that builds values and sorts them as JavaScript
//! would (wire/denetwork.md, section 5).

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
use tidings_doors::denetwork::canonical_form;

const UNSIGNED: [&str; 4] = ["sig", "hash", "createdAt", "updatedAt"];

pub(super) fn run(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let form = canonical_form(text);
    if let Some(form) = &form {
        let again = canonical_form(form).expect("what is written can be read");
        // An unsigned name can't be there any more, so nothing is dropped the second time.
        assert_eq!(&again, form, "the canonical form of a canonical form");
    }
    match Slow::read(text, 0) {
        Read::Value(Slow::Object(mut members)) => {
            members.retain(|(name, _)| !UNSIGNED.contains(&name.as_str()));
            let signed = Slow::Object(members);
            if signed.foreign() {
                return assert_eq!(form, None);
            }
            let mut expected = String::new();
            signed.write(true, &mut expected);
            assert_eq!(form, Some(expected));
        }
        Read::Value(_) | Read::Refused => assert_eq!(form, None),
        Read::Unable => {}
    }
}

enum Slow {
    Object(Vec<(String, Slow)>),
    Array(Vec<Slow>),
    String(String),
    /// As it is written, and as JavaScript writes it.
    Number(String, String),
    Word(String),
}

enum Read {
    Value(Slow),
    /// Not JSON, a name twice, `__proto__`.
    Refused,
    /// Half surrogate pairs and great depth are beyond this reader.
    Unable,
}

struct Members;

impl<'d> Visitor<'d> for Members {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

impl Slow {
    fn read(text: &str, depth: usize) -> Read {
        let Ok(raw) = serde_json::from_str::<&RawValue>(text) else { return Read::Refused };
        if depth > 300 {
            return Read::Unable;
        }
        let raw = raw.get().trim();
        match raw.as_bytes()[0] {
            b'{' => Self::object(raw, depth),
            b'[' => {
                let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(raw) else { return Read::Unable };
                let mut values = Vec::new();
                for element in elements {
                    match Self::read(element.get(), depth + 1) {
                        Read::Value(value) => values.push(value),
                        other => return other,
                    }
                }
                Read::Value(Self::Array(values))
            }
            b'"' => serde_json::from_str(raw).map_or(Read::Unable, |text| Read::Value(Self::String(text))),
            b't' | b'f' | b'n' => Read::Value(Self::Word(raw.to_owned())),
            _ => {
                let number = raw.parse().expect("serde took it for a number");
                Read::Value(Self::Number(raw.to_owned(), javascript(number)))
            }
        }
    }

    fn object(raw: &str, depth: usize) -> Read {
        let Ok(members) = serde_json::Deserializer::from_str(raw).deserialize_map(Members) else { return Read::Unable };
        let mut known = HashSet::new();
        let (mut values, mut refused) = (Vec::new(), false);
        for (name, value) in members {
            refused |= name == "__proto__" || !known.insert(name.clone());
            match Self::read(value.get(), depth + 1) {
                Read::Value(value) => values.push((name, value)),
                Read::Refused => refused = true,
                Read::Unable => return Read::Unable,
            }
        }
        if refused { Read::Refused } else { Read::Value(Self::Object(values)) }
    }

    /// Whether a number in it is not written as JavaScript writes it.
    fn foreign(&self) -> bool {
        match self {
            Self::Number(raw, javascript) => raw != javascript,
            Self::Array(values) => values.iter().any(Self::foreign),
            Self::Object(members) => members.iter().any(|(_, value)| value.foreign()),
            Self::String(_) | Self::Word(_) => false,
        }
    }

    fn write(self, sorted: bool, out: &mut String) {
        match self {
            Self::Word(word) => out.push_str(&word),
            Self::String(text) => out.push_str(&serde_json::to_string(&text).expect("a string")),
            Self::Number(raw, _) => out.push_str(&raw),
            Self::Array(values) => {
                out.push('[');
                for (at, value) in values.into_iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    value.write(false, out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let index = |name: &str| name.parse::<u32>().ok().filter(|i| *i < u32::MAX && i.to_string() == name);
                let (mut front, mut rest): (Vec<_>, Vec<_>) = members.into_iter().partition(|m| index(&m.0).is_some());
                front.sort_by_key(|(name, _)| index(name));
                if sorted {
                    rest.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<u16>>());
                }
                out.push('{');
                for (at, (name, value)) in front.into_iter().chain(rest).enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    Self::String(name).write(sorted, out);
                    out.push(':');
                    value.write(sorted, out);
                }
                out.push('}');
            }
        }
    }
}

/// ECMA-262, Number::toString, from the digits of the number written out in full.
fn javascript(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let full = number.abs().to_string();
    let (whole, fraction) = full.split_once('.').unwrap_or((&full, ""));
    let all = format!("{whole}{fraction}");
    let zeros = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    // The number is 0.digits times ten to the power of n.
    let n = whole.len() as i32 - zeros as i32;
    let k = digits.len() as i32;
    let text = if k <= n && n <= 21 {
        format!("{digits}{}", "0".repeat((n - k) as usize))
    } else if 0 < n && n <= 21 {
        format!("{}.{}", &digits[..n as usize], &digits[n as usize..])
    } else if -6 < n && n <= 0 {
        format!("0.{}{digits}", "0".repeat(-n as usize))
    } else if k == 1 {
        format!("{digits}e{:+}", n - 1)
    } else {
        format!("{}.{}e{:+}", &digits[..1], &digits[1..], n - 1)
    };
    format!("{sign}{text}")
}
