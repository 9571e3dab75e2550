//! Decodes pictures that others have sent.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::thumbnail;
use image::{ExtendedColorType, ImageEncoder, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// Memory that decoding one picture may take.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Width and height to which a picture is made smaller; no terminal shows more.
const KEPT_SIDE: u32 = 1_600;

/// A picture in points.
#[derive(Clone)]
pub(crate) struct Decoded {
    points: RgbImage,
}

/// Decodes a JPEG, PNG or WebP, if it is one and neither side is longer than this.
pub(crate) fn decode(bytes: &[u8], side: u32) -> Option<Decoded> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(side);
    limits.max_image_height = Some(side);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let points = reader.decode().ok()?.into_rgb8();
    let (width, height) = points.dimensions();
    if width == 0 || height == 0 {
        return None;
    }
    let largest = width.max(height);
    if largest <= KEPT_SIDE {
        return Some(Decoded { points });
    }
    let shrunk =
        |side: u32| u32::try_from(u64::from(side) * u64::from(KEPT_SIDE) / u64::from(largest)).unwrap_or(1).max(1);
    Some(Decoded { points: thumbnail(&points, shrunk(width), shrunk(height)) })
}

impl Decoded {
    /// A picture of these points.
    pub(crate) fn from_points(points: RgbImage) -> Self {
        Self { points }
    }

    /// The cells it takes within so many, a cell being twice as high as wide. Small pictures are not blown up much.
    pub(crate) fn cells(&self, (columns, rows): (u16, u16)) -> Option<(u16, u16)> {
        let (width, height) = self.points.dimensions();
        let (width, height) = (f64::from(width), f64::from(height));
        let scale = (f64::from(columns) / width).min(f64::from(rows) * 2.0 / height).min(0.5);
        let whole = |cells: f64, most: u16| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
            let cells = cells.round().clamp(1.0, f64::from(most.max(1))) as u16;
            cells
        };
        (columns > 0 && rows > 0).then(|| (whole(width * scale, columns), whole(height * scale / 2.0, rows)))
    }

    /// Its points, made as large as this.
    pub(crate) fn scaled(&self, width: u32, height: u32) -> RgbImage {
        thumbnail(&self.points, width.max(1), height.max(1))
    }

    /// Width and height in points.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.points.dimensions()
    }

    /// As a PNG, for terminals: they never get the bytes that a stranger made.
    pub(crate) fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Sub);
        let (width, height) = self.size();
        encoder.write_image(self.points.as_raw(), width, height, ExtendedColorType::Rgb8).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::Rgb;

    /// A picture with a red left and a blue right half.
    pub(crate) fn halves(width: u32, height: u32) -> Vec<u8> {
        let points =
            RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
        Decoded { points }.png().unwrap()
    }

    #[test]
    fn pictures_fit_their_room() {
        let wide = decode(&halves(200, 100), 1_024).unwrap();
        assert_eq!(wide.cells((40, 12)), Some((40, 10)));
        assert_eq!(wide.cells((40, 5)), Some((20, 5)));
        assert_eq!(wide.cells((0, 5)), None);
        assert_eq!(decode(&halves(4, 4), 1_024).unwrap().cells((40, 12)), Some((2, 1)));
    }

    #[test]
    fn what_is_too_large_or_no_picture_is_refused() {
        assert!(decode(&halves(200, 100), 100).is_none());
        assert!(decode(b"no picture", 1_024).is_none());
        assert!(decode(&[], 1_024).is_none());
        assert!(decode(&halves(20, 10)[..60], 1_024).is_none());
    }
}
