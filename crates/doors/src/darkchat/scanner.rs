//! Finds JSON objects in a stream of bytes that has no framing (wire/darkchat.md, section 3).

use std::borrow::Cow;

/// Brackets that may be open at a time. Each is a bit of [`Brackets::kinds`].
const DEPTH_MAX: u32 = u128::BITS;

/// What a stretch of bytes did to an object under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    Open,
    /// It ends after so many bytes of the stretch.
    End(usize),
    /// It can never end: a bracket closes what it did not open, or too many are open.
    Broken,
}

/// Where the scan of an object is: it knows strings and brackets and nothing else of JSON. Every byte that counts is ASCII,
/// so UTF-8 needs no care.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brackets {
    /// The open brackets, the innermost in the lowest bit: one for a brace.
    kinds: u128,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    /// Goes on with the next bytes. The first byte of all must be a brace.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Step {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.within_string(*byte);
                continue;
            }
            let fits = match byte {
                b'"' => {
                    self.in_string = true;
                    true
                }
                b'{' => self.open(1),
                b'[' => self.open(0),
                b'}' => self.close(1),
                b']' => self.close(0),
                _ => true,
            };
            if !fits {
                return Step::Broken;
            }
            if self.depth == 0 {
                return Step::End(at + 1);
            }
        }
        Step::Open
    }

    fn within_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
    }

    fn open(&mut self, kind: u128) -> bool {
        self.kinds = (self.kinds << 1) | kind;
        self.depth += 1;
        self.depth < DEPTH_MAX
    }

    fn close(&mut self, kind: u128) -> bool {
        let fits = self.depth > 0 && self.kinds & 1 == kind;
        self.kinds >>= 1;
        self.depth = self.depth.saturating_sub(1);
        fits
    }
}

/// White space of JSON.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What was found in a stream.
#[derive(PartialEq, Eq)]
pub enum Found<'a> {
    /// An object, from brace to brace. Not yet known to be JSON.
    Object(Cow<'a, [u8]>),
    /// Something else, up to the end of the read. The scanner goes on with the next read.
    Garbage(&'a [u8]),
    /// An object beyond the limit. There is no telling where the next one begins.
    TooLarge,
}

/// Finds objects however the stream is cut into reads. It holds no more than the unfinished object.
#[derive(Default)]
pub struct Scanner {
    held: Vec<u8>,
    brackets: Brackets,
}

impl Scanner {
    /// Takes the next object, or what else there is, out of a read; `None` when the read is used up. Objects may have `limit`
    /// bytes.
    pub fn next<'a>(&mut self, read: &mut &'a [u8], limit: usize) -> Option<Found<'a>> {
        if self.held.is_empty() {
            *read = read.trim_ascii_start_json();
            self.brackets = Brackets::default();
            if !matches!(read.first()?, b'{') {
                return Some(Found::Garbage(std::mem::take(read)));
            }
        } else if read.is_empty() {
            return None;
        }
        match self.brackets.scan(read) {
            Step::End(length) => {
                let (object, rest) = read.split_at_checked(length)?;
                *read = rest;
                Some(self.whole(object, limit))
            }
            Step::Open => {
                let rest = std::mem::take(read);
                if self.held.len() + rest.len() > limit {
                    self.held = Vec::new();
                    return Some(Found::TooLarge);
                }
                self.held.extend_from_slice(rest);
                None
            }
            Step::Broken => {
                self.held = Vec::new();
                Some(Found::Garbage(std::mem::take(read)))
            }
        }
    }

    fn whole<'a>(&mut self, end: &'a [u8], limit: usize) -> Found<'a> {
        let mut held = std::mem::take(&mut self.held);
        if held.len() + end.len() > limit {
            return Found::TooLarge;
        }
        if held.is_empty() {
            return Found::Object(Cow::Borrowed(end));
        }
        held.extend_from_slice(end);
        Found::Object(Cow::Owned(held))
    }

    /// Whether an object has begun and not ended.
    pub fn is_unfinished(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes held of it.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

/// Trims what JSON calls white space; the standard library's trim knows the form feed, too.
trait TrimJson {
    fn trim_ascii_start_json(&self) -> &Self;
}

impl TrimJson for [u8] {
    fn trim_ascii_start_json(&self) -> &[u8] {
        let blanks = self.iter().take_while(|byte| is_blank(**byte)).count();
        self.get(blanks..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(reads: &[&[u8]], limit: usize) -> Vec<String> {
        let mut scanner = Scanner::default();
        let mut found = Vec::new();
        for read in reads {
            let mut rest = *read;
            while let Some(next) = scanner.next(&mut rest, limit) {
                found.push(match next {
                    Found::Object(object) => String::from_utf8_lossy(&object).into_owned(),
                    Found::Garbage(bytes) => format!("garbage {}", String::from_utf8_lossy(bytes)),
                    Found::TooLarge => "too large".to_owned(),
                });
            }
        }
        found
    }

    fn one(read: &str) -> Vec<String> {
        all(&[read.as_bytes()], 1000)
    }

    #[test]
    fn objects_are_found_wherever_they_stand() {
        assert_eq!(one("{}"), ["{}"]);
        assert_eq!(one(" \r\n{\"a\":1}\t{\"b\":[{}]}\n"), ["{\"a\":1}", "{\"b\":[{}]}"]);
        assert_eq!(one(r#"{"a":"}\"{\\"}{"b":"]"}"#), [r#"{"a":"}\"{\\"}"#, r#"{"b":"]"}"#]);
        assert_eq!(one(""), Vec::<String>::new());
        assert_eq!(one("  "), Vec::<String>::new());
    }

    #[test]
    fn garbage_costs_the_rest_of_its_read() {
        assert_eq!(one("{}x{}"), ["{}", "garbage x{}"]);
        assert_eq!(all(&[b"null", b"{}"], 9), ["garbage null", "{}"]);
        assert_eq!(all(&[b"{\"a\":", b"]{}", b"{}"], 9), ["garbage ]{}", "{}"]);
        assert_eq!(one("{\u{c}}"), ["{\u{c}}"], "whether it is JSON is for others to say");
        assert_eq!(one("\u{c}{}"), ["garbage \u{c}{}"]);
        let deep = format!("{{\"a\":{}", "[".repeat(200));
        assert_eq!(one(&deep), [format!("garbage {deep}")]);
        let bearable = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(one(&bearable), [bearable]);
    }

    #[test]
    fn nothing_larger_than_the_limit_is_held() {
        assert_eq!(all(&[b"{\"aaaaaa\":1}"], 12), ["{\"aaaaaa\":1}"]);
        assert_eq!(all(&[b"{\"aaaaaaa\":1}"], 12), ["too large"]);
        assert_eq!(all(&[b"{\"aaa", b"aaaa\":1", b"}{}"], 12), ["too large", "{}"]);
        assert_eq!(all(&[b"{\"aaa", b"aaaaaaaaaaaaaaaaa"], 12), ["too large"]);
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_objects(
            objects in prop::collection::vec(r#"\{"[a-z{}\[\]é]{0,5}":("(\\"|\\\\|[ x{}\[\],:ß]){0,9}"|\[\{\},\[\]\]|-1\.5e3)\}[ \n]{0,2}"#, 0..6),
            cuts in prop::collection::vec(0usize..200, 0..8),
        ) {
            let text = objects.concat();
            let whole: Vec<String> = objects.iter().map(|object| object.trim_end().to_owned()).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let reads: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(all(&reads, 1000), whole);
        }

        #[test]
        fn any_bytes_are_borne(reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut scanner = Scanner::default();
            for read in &reads {
                let mut rest = read.as_slice();
                while scanner.next(&mut rest, 50).is_some() {}
                prop_assert!(rest.is_empty() && scanner.held() <= 50);
            }
        }
    }
}
