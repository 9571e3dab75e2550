//! The canonical form of a payload: the text that its hash and its signature are of (wire/denetwork.md, section 5).

use super::json::{Kind, Value};
use super::{number, text};

/// Members that are not signed, at the top level only.
const UNSIGNED: [&str; 4] = ["sig", "hash", "createdAt", "updatedAt"];

/// The largest name that JavaScript treats as an array's index and puts in front.
const INDEX_MAX: u32 = u32::MAX - 1;

/// A member of an object, with what its place depends on.
struct Member<'d, 't> {
    name: Value<'d, 't>,
    value: Value<'d, 't>,
    index: Option<u32>,
}

/// The canonical form of an object, whose depth the reader has bounded.
pub(super) fn canonical(payload: Value<'_, '_>) -> String {
    let mut out = String::with_capacity(payload.raw().len());
    let members = payload.members().filter(|(name, _)| !UNSIGNED.iter().any(|unsigned| name.is_string(unsigned)));
    write_object(members, true, &mut out);
    out
}

/// `sorted`: not inside an array. What is in an array keeps the order in which it was sent.
fn write_value(value: Value<'_, '_>, sorted: bool, out: &mut String) {
    match value.kind() {
        Kind::Object => write_object(value.members(), sorted, out),
        Kind::Array => write_array(value, out),
        Kind::String => write_string(value, out),
        Kind::Number => number::write_canonical(value.raw(), out),
        Kind::Null | Kind::True | Kind::False => out.push_str(value.raw()),
    }
}

fn write_array(array: Value<'_, '_>, out: &mut String) {
    out.push('[');
    for (at, element) in array.elements().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_value(element, false, out);
    }
    out.push(']');
}

fn write_object<'d, 't: 'd>(
    members: impl Iterator<Item = (Value<'d, 't>, Value<'d, 't>)>,
    sorted: bool,
    out: &mut String,
) {
    out.push('{');
    for (at, member) in in_order(members, sorted).iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(member.name, out);
        out.push(':');
        write_value(member.value, sorted, out);
    }
    out.push('}');
}

/// Indices first, by number, as JavaScript's objects have them; then the others, by UTF-16 units or as they came.
fn in_order<'d, 't: 'd>(
    members: impl Iterator<Item = (Value<'d, 't>, Value<'d, 't>)>,
    sorted: bool,
) -> Vec<Member<'d, 't>> {
    let mut members: Vec<_> = members.map(|(name, value)| Member { name, value, index: index_of(name) }).collect();
    let rank = |member: &Member<'_, '_>| member.index.unwrap_or(u32::MAX);
    if sorted {
        members.sort_unstable_by(|one, other| {
            let by_text =
                || text::compare(one.name.raw(), other.name.raw(), one.name.escaped() || other.name.escaped());
            rank(one).cmp(&rank(other)).then_with(by_text)
        });
    } else {
        members.sort_by_key(rank);
    }
    members
}

/// The array index that a name is, if it is one in its only spelling: `"0"`, `"10"`, but not `"01"`.
fn index_of(name: Value<'_, '_>) -> Option<u32> {
    let decoded;
    let text = if name.escaped() {
        decoded = text::canonical(name.raw());
        decoded.as_str()
    } else {
        name.raw()
    };
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|index| canonical && *index <= INDEX_MAX)
}

fn write_string(string: Value<'_, '_>, out: &mut String) {
    out.push('"');
    if string.escaped() {
        text::write_canonical(string.raw(), out);
    } else {
        out.push_str(string.raw());
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    fn form(text: &str) -> String {
        canonical(Document::read(text).unwrap().root())
    }

    #[test]
    fn objects_are_sorted_arrays_are_not() {
        let text = r#"{ "b" : {"y":1,"x":{"d":1,"c":2}}, "a":[{"y":1,"x":{"d":1,"c":2},"7":0}, [ ], {}], "é":1,"😀":2,"\uffee":3 }"#;
        let expected = "{\"a\":[{\"7\":0,\"y\":1,\"x\":{\"d\":1,\"c\":2}},[],{}],\"b\":{\"x\":{\"c\":2,\"d\":1},\"y\":1},\"é\":1,\"😀\":2,\"\u{ffee}\":3}";
        assert_eq!(form(text), expected);
    }

    #[test]
    fn unsigned_members_are_dropped_at_the_top_only() {
        let text = r#"{"sig":1,"h\u0061sh":2,"createdAt":{},"updatedAt":[],"x":{"sig":1,"hash":2},"hash ":3}"#;
        assert_eq!(form(text), r#"{"hash ":3,"x":{"hash":2,"sig":1}}"#);
    }

    #[test]
    fn indices_come_first_by_number() {
        let text = r#"{"b":1,"01":1,"4294967295":1,"4294967294":1,"10":1,"9":1,"0":1,"-1":1,"":1,"1.5":1,"\u0038":1}"#;
        let expected = r#"{"0":1,"8":1,"9":1,"10":1,"4294967294":1,"":1,"-1":1,"01":1,"1.5":1,"4294967295":1,"b":1}"#;
        assert_eq!(form(text), expected);
    }

    #[test]
    fn the_deepest_that_is_read_can_be_written() {
        let deep = format!("{{\"a\":{}1{}}}", "{\"x\":".repeat(511), "}".repeat(511));
        assert_eq!(form(&deep), deep);
    }
}
