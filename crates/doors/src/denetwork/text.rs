//! Strings as JavaScript has them: sequences of UTF-16 units, in which half of a surrogate pair may stand alone.
//!
//! All functions take what stands between the quotes of a JSON string that was read and found well-formed.

use std::cmp::Ordering;

/// How many UTF-16 units a string has.
pub(super) fn units(raw: &str) -> usize {
    let mut count = 0;
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            // Each escape stands for one unit.
            b'\\' => {
                if bytes.next() == Some(b'u') {
                    bytes.nth(3);
                }
                count += 1;
            }
            0xf0.. => count += 2,
            0x80..=0xbf => {}
            _ => count += 1,
        }
    }
    count
}

/// The string as `JSON.stringify` writes it, still without quotes (wire/denetwork.md, section 5, rule 4).
pub(super) fn canonical(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    write_canonical(raw, &mut text);
    text
}

/// Appends the string as `JSON.stringify` writes it, without quotes.
pub(super) fn write_canonical(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        rest = one_escape(escape, out);
    }
    out.push_str(rest);
}

/// Writes what an escape stands for, given what follows its backslash; gives what comes after it.
fn one_escape<'t>(escape: &'t str, out: &mut String) -> &'t str {
    let (unit, rest) = unit_of(escape);
    let high = matches!(unit, 0xd800..=0xdbff);
    let low = rest.strip_prefix('\\').filter(|next| high && next.starts_with('u')).map(unit_of);
    if let Some((second @ 0xdc00..=0xdfff, after)) = low {
        out.extend(char::decode_utf16([unit, second]).flatten());
        return after;
    }
    write_unit(unit, out);
    rest
}

/// The UTF-16 unit of an escape, given what follows its backslash, and what comes after it.
fn unit_of(escape: &str) -> (u16, &str) {
    let mut chars = escape.chars();
    let unit = match chars.next() {
        Some('u') => {
            let (digits, rest) = chars.as_str().split_at_checked(4).unwrap_or_default();
            return (u16::from_str_radix(digits, 16).unwrap_or_default(), rest);
        }
        Some('b') => 0x08,
        Some('t') => 0x09,
        Some('n') => 0x0a,
        Some('f') => 0x0c,
        Some('r') => 0x0d,
        Some(other) => u16::try_from(u32::from(other)).unwrap_or_default(),
        None => 0,
    };
    (unit, chars.as_str())
}

fn write_unit(unit: u16, out: &mut String) {
    match unit {
        0x22 => out.push_str("\\\""),
        0x5c => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0a => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        0x0d => out.push_str("\\r"),
        0..0x20 | 0xd800..=0xdfff => {
            out.push_str("\\u");
            out.extend([12, 8, 4, 0].iter().filter_map(|shift| char::from_digit(u32::from(unit >> shift) & 15, 16)));
        }
        _ => out.extend(char::from_u32(u32::from(unit))),
    }
}

/// Compares two strings by their UTF-16 units. `escaped` says whether either has escapes in it.
pub(super) fn compare(one: &str, other: &str, escaped: bool) -> Ordering {
    if escaped {
        return decoded(one).cmp(decoded(other));
    }
    // UTF-8 sorts as code points do. UTF-16 differs only in that what needs four bytes of UTF-8, and so a surrogate pair, comes
    // before U+E000 to U+FFFF, which begin with EE or EF; other bytes of a sequence never meet these.
    let rank = |byte: u8| if byte >= 0xf0 { byte - 0x02 } else { byte + if byte >= 0xee { 0x10 } else { 0 } };
    match one.bytes().zip(other.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => rank(a).cmp(&rank(b)),
        None => one.len().cmp(&other.len()),
    }
}

/// The UTF-16 units of a string with escapes.
fn decoded(raw: &str) -> impl Iterator<Item = u16> {
    let mut rest = raw;
    let mut second = None;
    std::iter::from_fn(move || {
        if let Some(unit) = second.take() {
            return Some(unit);
        }
        if let Some(escape) = rest.strip_prefix('\\') {
            let (unit, after) = unit_of(escape);
            rest = after;
            return Some(unit);
        }
        let mut chars = rest.chars();
        let mut units = [0; 2];
        let mut units = chars.next()?.encode_utf16(&mut units).iter().copied();
        rest = chars.as_str();
        let first = units.next();
        second = units.next();
        first
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_are_those_of_javascript() {
        for (raw, count) in [
            ("", 0),
            ("abc", 3),
            ("é", 1),
            ("中", 1),
            ("😀", 2),
            (r"\u0061\n\\\/", 4),
            (r"\ud83d\ude00", 2),
            (r"\ud83d", 1),
        ] {
            assert_eq!(units(raw), count, "{raw}");
        }
    }

    #[test]
    fn escapes_are_those_of_json_stringify() {
        for (raw, expected) in [
            (r"\/", "/"),
            (r"\u002f\u0041\u00e9", "/Aé"),
            (r"\u0022\u005C\u0008\u0009\u000A\u000c\u000d\u0001\u001F", r#"\"\\\b\t\n\f\r\u0001\u001f"#),
            (r"\uD83D\uDE00", "😀"),
            (r"\uD83D\uD83D\uDE00\uDE00x", "\\ud83d😀\\ude00x"),
            (r"\uD83D\n", r"\ud83d\n"),
            (r"a\u007f\u2028", "a\u{7f}\u{2028}"),
        ] {
            assert_eq!(canonical(raw), expected, "{raw}");
        }
    }

    #[test]
    fn order_is_by_utf_16_units() {
        let sorted = ["", "10", "Z", "a", "a\u{0}", "ab", "é", "\u{d7ff}", "😀", "😁", "\u{e000}", "\u{ffee}"];
        for (at, one) in sorted.iter().enumerate() {
            for (beside, other) in sorted.iter().enumerate() {
                assert_eq!(compare(one, other, false), at.cmp(&beside), "{one} {other}");
                assert_eq!(compare(one, other, true), at.cmp(&beside), "{one} {other}");
            }
        }
        assert_eq!(compare(r"\ud83d", "😀", true), Ordering::Less);
        assert_eq!(compare(r"\ud83e", "😀", true), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn order_is_that_of_decoded_text(one in "[a-c\u{d7fe}-\u{e001}\u{fffe}-\u{10001}]{0,3}", other in "[a-c\u{d7fe}-\u{e001}\u{fffe}-\u{10001}]{0,3}") {
            let expected = one.encode_utf16().cmp(other.encode_utf16());
            prop_assert_eq!(compare(&one, &other, false), expected);
            prop_assert_eq!(compare(&one, &other, true), expected);
            prop_assert_eq!(units(&one), one.encode_utf16().count());
        }

        #[test]
        fn canonical_is_what_serde_writes(text in ".{0,20}") {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let expected = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(format!("\"{}\"", canonical(&escaped)), expected);
        }
    }
}
