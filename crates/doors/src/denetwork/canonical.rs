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

/// The canonical form of an object, whose depth the reader has bounded. `None` if it has a number that is not written as
/// JavaScript writes it: what its reader would sign is not what its writer has signed.
pub(super) fn canonical(payload: Value<'_, '_>) -> Option<String> {
    let mut writer = Writer { out: String::with_capacity(payload.raw().len()), foreign: false };
    let members = payload.members().filter(|(name, _)| !UNSIGNED.iter().any(|unsigned| name.is_string(unsigned)));
    writer.object(members, true);
    (!writer.foreign).then_some(writer.out)
}

struct Writer {
    out: String,
    /// A number was met that is not written as JavaScript writes it.
    foreign: bool,
}

impl Writer {
    /// `sorted`: not inside an array. What is in an array keeps the order in which it was sent.
    fn value(&mut self, value: Value<'_, '_>, sorted: bool) {
        match value.kind() {
            Kind::Object => self.object(value.members(), sorted),
            Kind::Array => self.array(value),
            Kind::String => self.string(value),
            Kind::Number => {
                self.foreign |= !number::is_canonical(value.raw());
                self.out.push_str(value.raw());
            }
            Kind::Null | Kind::True | Kind::False => self.out.push_str(value.raw()),
        }
    }

    fn array(&mut self, array: Value<'_, '_>) {
        self.out.push('[');
        for (at, element) in array.elements().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.value(element, false);
        }
        self.out.push(']');
    }

    fn object<'d, 't: 'd>(&mut self, members: impl Iterator<Item = (Value<'d, 't>, Value<'d, 't>)>, sorted: bool) {
        self.out.push('{');
        for (at, member) in in_order(members, sorted).iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.string(member.name);
            self.out.push(':');
            self.value(member.value, sorted);
        }
        self.out.push('}');
    }

    fn string(&mut self, string: Value<'_, '_>) {
        self.out.push('"');
        if string.escaped() {
            text::write_canonical(string.raw(), &mut self.out);
        } else {
            self.out.push_str(string.raw());
        }
        self.out.push('"');
    }
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

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    fn form(text: &str) -> String {
        canonical(Document::read(text).unwrap().root()).unwrap()
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
    fn numbers_are_as_javascript_writes_them() {
        let form = |text: &str| canonical(Document::read(text).unwrap().root());
        for number in ["1", "-1.5", "1e+21", "1e-7", "123456789012345680000"] {
            let text = format!("{{\"a\":[{number}]}}");
            assert_eq!(form(&text), Some(text));
        }
        for number in ["1.0", "-0", "1e21", "1E+21", "0.10", "1e400", "12345678901234567890"] {
            assert_eq!(form(&format!("{{\"a\":[{number}]}}")), None, "{number}");
            assert_eq!(form(&format!("{{\"createdAt\":{number}}}")).as_deref(), Some("{}"), "{number}");
        }
    }

    #[test]
    fn the_deepest_that_is_read_can_be_written() {
        let deep = format!("{{\"a\":{}1{}}}", "{\"x\":".repeat(511), "}".repeat(511));
        assert_eq!(form(&deep), deep);
    }
}
