//! Which bytes of a blob a `Range` header asks for (RFC 9110, section 14).

/// What is to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// All of it: there is no range, or one that this node does not understand.
    Whole,
    /// From this byte on, so many.
    Part(u64, u64),
    /// Nothing that is there.
    Unsatisfiable,
}

/// Reads the header for something of `size` bytes. Never fails: what is not understood is answered with the whole.
pub fn read_range(header: Option<&str>, size: u64) -> Range {
    let Some((unit, set)) = header.and_then(|text| text.trim().split_once('=')) else { return Range::Whole };
    let Some((first, last)) = set.trim().split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes")) else {
        return Range::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => part(first, last, size),
        (Some(first), None) if last.is_empty() => part(first, u64::MAX, size),
        (None, Some(0)) if first.is_empty() => Range::Unsatisfiable,
        (None, Some(count)) if first.is_empty() => part(size.saturating_sub(count), u64::MAX, size),
        _ => Range::Whole,
    }
}

fn part(first: u64, last: u64, size: u64) -> Range {
    if first >= size {
        return Range::Unsatisfiable;
    }
    let end = last.saturating_add(1).min(size);
    Range::Part(first, end.saturating_sub(first))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are a number beyond the end.
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        use Range::{Part, Unsatisfiable, Whole};
        for (header, expected) in [
            ("bytes=0-0", Part(0, 1)),
            ("bytes=0-", Part(0, 10)),
            ("Bytes=3-5", Part(3, 3)),
            ("bytes=3-99999999999999999999999", Part(3, 7)),
            ("bytes=-4", Part(6, 4)),
            ("bytes=-40", Part(0, 10)),
            ("bytes=-0", Unsatisfiable),
            ("bytes=10-", Unsatisfiable),
            ("bytes=5-3", Whole),
            ("bytes=0-1,3-4", Whole),
            ("bytes=+1-2", Whole),
            ("lines=1-2", Whole),
            ("bytes=-", Whole),
            ("bytes", Whole),
        ] {
            assert_eq!(read_range(Some(header), 10), expected, "{header}");
        }
        assert_eq!((read_range(None, 10), read_range(Some("bytes=0-"), 0)), (Whole, Unsatisfiable));
    }

    proptest! {
        #[test]
        fn what_is_given_is_there(header in "bytes=[0-9]{0,21}-[0-9]{0,21}", size: u64) {
            if let Range::Part(from, count) = read_range(Some(&header), size) {
                prop_assert!(count > 0 && from < size && count <= size - from);
            }
        }
    }
}
