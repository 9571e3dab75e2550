//! What a push tells a piqchat client: that a parcel arrived, of which type and from whom.

use serde::Serialize;

/// The fields in the order of the wire, which is the order in which they are written.
#[derive(Serialize)]
struct Notice<'a> {
    r#type: &'static str,
    payload: Parcel<'a>,
}

#[derive(Serialize)]
struct Parcel<'a> {
    r#type: &'a str,
    sender: &'a str,
}

/// The plaintext of a push about a parcel, byte for byte what piqchat sends (wire/piqchat.md 6):
/// `{"type":"PARCEL","payload":{"type":"<parcel type>","sender":"<sender id>"}}`, escaped as `JSON.stringify` does.
///
/// # Errors
/// None is known; the type is that of the serialiser.
pub fn parcel_notice(parcel_type: &str, sender: &str) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Notice { r#type: "PARCEL", payload: Parcel { r#type: parcel_type, sender } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parcel_type: &str, sender: &str) -> String {
        String::from_utf8(parcel_notice(parcel_type, sender).unwrap()).unwrap()
    }

    #[test]
    fn the_notice_is_exactly_that_of_piqchat() {
        assert_eq!(
            text("MEDIA", "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns="),
            r#"{"type":"PARCEL","payload":{"type":"MEDIA","sender":"WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns="}}"#
        );
    }

    #[test]
    fn texts_are_escaped_as_javascript_does() {
        // What JSON.stringify gives for '"\\/\b\t\n\f\r\0\x1f\x7f\u2028é😀<>&\''.
        let expected = r#"\"\\/\b\t\n\f\r\u0000\u001f"#.to_owned() + "\u{7f}\u{2028}é😀<>&'";
        let given = "\"\\/\u{8}\t\n\u{c}\r\0\u{1f}\u{7f}\u{2028}é😀<>&'";
        assert_eq!(text(given, ""), format!(r#"{{"type":"PARCEL","payload":{{"type":"{expected}","sender":""}}}}"#));
    }
}
