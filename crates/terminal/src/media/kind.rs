//! What a file is: by what stands in it, else by its name.

/// How files begin: offset, bytes, media type.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"\x1f\x8b", "application/gzip"),
];

/// Endings of names whose content has no beginning to tell it by, or a common one.
const ENDINGS: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("svg", "image/svg+xml"),
    ("zip", "application/zip"),
    ("tar", "application/x-tar"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("epub", "application/epub+zip"),
    ("ics", "text/calendar"),
    ("vcf", "text/vcard"),
    ("mkv", "video/x-matroska"),
    ("opus", "audio/ogg"),
    ("mp3", "audio/mpeg"),
];

/// The media type of a file.
pub(super) fn of(name: &str, head: &[u8]) -> String {
    let begins =
        |(offset, bytes, _): &&(usize, &[u8], &str)| head.get(*offset..).is_some_and(|rest| rest.starts_with(bytes));
    if let Some((_, _, kind)) = BEGINNINGS.iter().find(begins) {
        return (*kind).to_owned();
    }
    if let Some(kind) = of_name(name) {
        return kind.to_owned();
    }
    // The head may end within a character.
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if text && !head.is_empty() && !head.contains(&0) { "text/plain" } else { "application/octet-stream" }.to_owned()
}

/// The media type by the name alone.
pub fn of_name(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// Whether files of this type commonly say where and when they were made.
pub(super) fn has_metadata(kind: &str) -> bool {
    matches!(kind, "image/png" | "image/jpeg" | "image/webp" | "image/tiff" | "image/heic" | "image/avif")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_more_than_names() {
        assert_eq!(of("a.txt", b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(of("a.zip", b"PK\x03\x04"), "application/zip");
        assert_eq!(of("a", "grüße".as_bytes()), "text/plain");
        assert_eq!(of("a", b"\0\x01\x02"), "application/octet-stream");
        assert_eq!(of("a", b""), "application/octet-stream");
        assert_eq!(of("A.MD", b"# x"), "text/markdown");
        assert_eq!(of("a", &"ü".as_bytes()[..1]), "text/plain");
    }
}
