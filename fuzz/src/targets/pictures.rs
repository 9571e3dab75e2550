//! Pictures of strangers: as the screen shows them, and as they are written anew when a person sends them on. The first byte says at what
//! size they are shown.

use image::ImageReader;
use std::io::Cursor;

#[allow(dead_code, reason = "the terminal's own file, of which not all is used here")]
#[path = "../../../crates/terminal/src/screen/picture/decode.rs"]
mod decode;
#[path = "../../../crates/terminal/src/media/picture.rs"]
mod picture;

/// The longest side that the screen decodes, and that of thumbnails.
const SIDES: [u32; 2] = [10_000, 1_024];
/// Sides to which a picture is made smaller, before it is shown and before it is sent.
const SHOWN_SIDE: u32 = 1_600;
const SENT_SIDE: u32 = 2_048;
/// Pixels of what is written anew here: the rest is only slower.
const WRITTEN_MAX: u64 = 300_000;
const THUMBNAIL_MAX: usize = 16 * 1024;

pub(super) fn run(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let side = SIDES[usize::from(choice % 2)];
    if let Some(shown) = decode::decode(bytes, side) {
        let (width, height) = shown.size();
        assert!((1..=SHOWN_SIDE).contains(&width) && (1..=SHOWN_SIDE).contains(&height));
        let (columns, rows) = shown.cells((80, 20)).unwrap();
        assert!((1..=80).contains(&columns) && (1..=20).contains(&rows));
        assert_eq!(shown.scaled(40, 20).dimensions(), (40, 20));
        let png = shown.png().unwrap();
        assert_eq!(size(&png), Some((width, height)));
    }
    // Larger ones are looked at, not written.
    if size(bytes).is_some_and(|(width, height)| u64::from(width) * u64::from(height) <= WRITTEN_MAX) {
        for kind in ["image/png", "image/jpeg", "image/webp"] {
            written_anew(kind, bytes);
        }
    }
}

fn written_anew(kind: &str, bytes: &[u8]) {
    if let Ok(clean) = picture::clean(kind, bytes) {
        let (width, height) = clean.pixels;
        assert!(width.max(height) <= SENT_SIDE && size(&clean.bytes) == Some(clean.pixels));
        assert_eq!(clean.kind, if clean.ending == "png" { "image/png" } else { "image/jpeg" });
        assert!(clean.thumbnail.is_none_or(|thumbnail| thumbnail.len() <= THUMBNAIL_MAX && size(&thumbnail).is_some()));
        for word in [&b"eXIf"[..], b"tEXt", b"iTXt", b"Exif\0\0", b"http://ns.adobe.com"] {
            let at = clean.bytes.windows(word.len()).position(|window| window == word);
            assert!(at.is_none_or(|at| at > 100), "metadata in what was written anew");
        }
    }
    if let Ok(portrait) = picture::portrait(kind, bytes) {
        assert!(size(&portrait).is_some_and(|(width, height)| width == height));
    }
}

fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()
}
