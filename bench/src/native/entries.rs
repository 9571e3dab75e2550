//! Entries whose bodies say which they are, and how they are found again where they lie in a text or a page.

use super::key::{Key, Request, b64, random, unb64};
use super::stack::Stack;
use super::village::Group;
use crate::chat::wallet::find;
use crate::error::Result;

/// How many bytes of a body say of which run it is, before four with its number.
const RUN: usize = 8;
/// How many characters these and the number are in base64url.
const MARK: usize = 16;
/// Smallest body, in bytes: the mark and something behind it.
pub(super) const MIN_SIZE: u16 = 24;

/// What all bodies of a run have in common.
#[derive(Clone)]
pub(super) struct Shape {
    run: [u8; RUN],
    /// What stands behind the mark, in base64url.
    rest: String,
}

/// An entry that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its number in the group.
    pub(super) number: u32,
    /// Its number in the run, which its sender gave it.
    pub(super) index: u32,
    /// Whether its body is to the byte what was sent.
    pub(super) is_genuine: bool,
}

impl Shape {
    /// Bodies of so many bytes, random as sealed ones are.
    pub(super) fn new(size: u16) -> Result<Self> {
        let mut rest = Vec::new();
        while rest.len() + RUN + 4 < size.max(MIN_SIZE).into() {
            rest.push(random::<1>()?[0]);
        }
        Ok(Self { run: random()?, rest: b64(&rest) })
    }

    /// The body with this number, in base64url.
    fn body(&self, index: u32) -> String {
        b64(&[self.run.as_slice(), &index.to_be_bytes()].concat()) + &self.rest
    }

    /// Signs the request that appends the entry with this number to a group.
    pub(super) fn push(&self, stack: &mut Stack, index: u32, group: &Group, sender: &Key, host: &str) {
        let id = b64(&[self.run.as_slice(), &u64::from(index).to_be_bytes()].concat());
        let body = self.body(index);
        let json = format!(r#"{{"id":"{id}","kind":"message","turn":0,"body":"{body}","notify":true}}"#);
        let path = format!("/v1/groups/{}/entries", group.text);
        stack.push(sender, host, &Request { method: "POST", path: &path, query: "", body: Some(json.as_bytes()) });
    }

    /// The first entry of the bytes and what follows it; none if there is none of this run.
    pub(super) fn next<'bytes>(&self, bytes: &'bytes [u8]) -> Option<(Found, &'bytes [u8])> {
        let (number, rest) = number_after(bytes, b"\"number\":")?;
        let (_, body) = split_behind(rest, b"\"body\":\"")?;
        let (mark, body) = body.split_at_checked(MARK)?;
        let mark = unb64::<12>(mark)?;
        let (run, index) = mark.split_last_chunk::<4>()?;
        let (content, behind) = body.split_at_checked(self.rest.len())?;
        if run != self.run || behind.first() != Some(&b'"') {
            return None;
        }
        let is_genuine = content == self.rest.as_bytes();
        Some((Found { number, index: u32::from_be_bytes(*index), is_genuine }, behind))
    }
}

/// The group that a text with entries is of, in base64url, and the text from its entries on.
pub(super) fn group_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(br#"{"entries":{"group":""#)?;
    rest.split_at_checked(22)
}

/// The number behind a name.
pub(super) fn number_after<'bytes>(bytes: &'bytes [u8], name: &[u8]) -> Option<(u32, &'bytes [u8])> {
    let (_, rest) = split_behind(bytes, name)?;
    let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

fn split_behind<'bytes>(bytes: &'bytes [u8], wanted: &[u8]) -> Option<(&'bytes [u8], &'bytes [u8])> {
    bytes.split_at_checked(find(bytes, wanted)? + wanted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_one_after_the_other() {
        let shape = Shape::new(300).unwrap();
        let entry = |number: u32, index| {
            let body = shape.body(index);
            assert_eq!(body.len(), 400);
            format!(r#"{{"number":{number},"id":"x","kind":"message","turn":0,"at":1700000000000,"body":"{body}"}}"#)
        };
        let text = format!(
            r#"{{"entries":{{"group":"AwMDAwMDAwMDAwMDAwMDAw","entries":[{},{}]}}}}"#,
            entry(7, 70_000),
            // So long a piece stands nowhere but in the body.
            entry(8, 1).replace(&shape.rest[20..60], &"*!".repeat(20))
        );
        let (group, rest) = group_of(text.as_bytes()).unwrap();
        assert_eq!(group, b"AwMDAwMDAwMDAwMDAwMDAw");
        let (first, rest) = shape.next(rest).unwrap();
        assert_eq!(first, Found { number: 7, index: 70_000, is_genuine: true });
        let (second, rest) = shape.next(rest).unwrap();
        assert_eq!(second, Found { number: 8, index: 1, is_genuine: false });
        assert!(shape.next(rest).is_none() && Shape::new(300).unwrap().next(text.as_bytes()).is_none());
    }

    #[test]
    fn other_texts_are_none() {
        let shape = Shape::new(24).unwrap();
        for text in ["", r#"{"entries":{"group":"short"#, r#"{"number":,"body":""}"#, r#"{"number":1,"body":"AAAA"#] {
            assert!(group_of(text.as_bytes()).is_none() && shape.next(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(number_after(br#"{"number":12,"at":1}"#, b"\"number\":").unwrap().0, 12);
        assert!(number_after(br#"{"number":99999999999}"#, b"\"number\":").is_none());
    }
}
