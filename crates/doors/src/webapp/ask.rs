//! What a request for a file says of encodings, and of what its sender has already.

use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Whether the answer may be compressed in this way (RFC 9110, section 12.5.3). Who says nothing gets the bytes as they are.
pub(super) fn takes(headers: &HeaderMap, packed: &str) -> bool {
    let (mut named, mut any) = (None, None);
    for (coding, wanted) in elements(headers, ACCEPT_ENCODING).map(read_coding) {
        match coding {
            coding
                if coding.eq_ignore_ascii_case(packed)
                    || (packed == "gzip" && coding.eq_ignore_ascii_case("x-gzip")) =>
            {
                named = Some(wanted)
            }
            "*" => any = Some(wanted),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

/// A coding, and whether it is wanted at all: with a weight above zero, or without one.
fn read_coding(element: &str) -> (&str, bool) {
    let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
    let weight =
        parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix(['q', 'Q'])?.trim().strip_prefix('='));
    let wanted = weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0));
    (coding.trim(), wanted)
}

/// Whether the sender has what bears this tag. Compared weakly (RFC 9110, section 13.1.2): proxies that compress weaken tags.
pub(super) fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    elements(headers, IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The elements of a list that may stand in several headers. No tag and no coding here has a comma in it.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn gzip_is_for_those_who_want_it() {
        for (accepted, gzip) in [
            (&["gzip"][..], true),
            (&["br, GZIP;q=0.5"], true),
            (&["br", "gzip"], true),
            (&["*"], true),
            (&["x-gzip"], true),
            (&["*;q=0, gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["identity, br"], false),
            (&["*;q=0"], false),
            (&["gzip;q=high"], false),
            (&["gzipped"], false),
            (&[""], false),
            (&[], false),
        ] {
            assert_eq!(takes(&with(ACCEPT_ENCODING, accepted), "gzip"), gzip, "{accepted:?}");
        }
    }

    #[test]
    fn brotli_is_for_those_who_name_it_or_take_anything() {
        for (accepted, brotli) in [
            ("gzip, deflate, br", true),
            ("BR;q=0.1", true),
            ("*", true),
            ("br;q=0, *", false),
            ("gzip", false),
            ("x-br", false),
        ] {
            assert_eq!(takes(&with(ACCEPT_ENCODING, &[accepted]), "br"), brotli, "{accepted}");
        }
    }

    #[test]
    fn tags_are_compared_weakly_and_whole() {
        let tag = HeaderValue::from_static("\"ab-gzip\"");
        for (known, same) in [
            (&["\"ab-gzip\""][..], true),
            (&["W/\"ab-gzip\""], true),
            (&["\"x\" , \"ab-gzip\""], true),
            (&["\"x\"", "\"ab-gzip\""], true),
            (&["*"], true),
            (&["\"ab\""], false),
            (&["ab-gzip"], false),
            (&[], false),
        ] {
            assert_eq!(has(&with(IF_NONE_MATCH, known), &tag), same, "{known:?}");
        }
    }
}
