//! Pictures: turned upright, made smaller, written anew. What an image says beside its pixels does not survive that.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Pixels on the longer side at most.
const SIDE_MAX: u32 = 2048;

/// Pixels on a side of what is decoded at most.
const DECODED_SIDE_MAX: u32 = 20_000;

/// Bytes that decoding may take.
const DECODED_MAX: u64 = 512 * 1024 * 1024;

/// Quality of JPEGs, of 100.
const QUALITY: u8 = 85;

/// Bytes of a PNG at most; an opaque picture that needs more becomes a JPEG.
const PNG_MAX: usize = 2 * 1024 * 1024;

/// Bytes of a thumbnail at most (docs/protocol/messages.md).
const THUMBNAIL_MAX: usize = 16 * 1024;

/// Sides and qualities of thumbnails, tried in this order until one is small enough.
const THUMBNAILS: [(u32, u8); 6] = [(320, 75), (320, 50), (240, 50), (160, 50), (96, 50), (64, 30)];

/// A picture written anew.
pub(super) struct Cleaned {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) ending: &'static str,
    pub(super) pixels: (u32, u32),
    pub(super) thumbnail: Option<Vec<u8>>,
}

/// Writes a picture anew. An error says why that can't be done.
pub(super) fn clean(kind: &str, bytes: &[u8]) -> Result<Cleaned, String> {
    let (format, picture) = read(kind, bytes)?;
    let picture = if picture.width().max(picture.height()) > SIDE_MAX {
        picture.resize(SIDE_MAX, SIDE_MAX, FilterType::Lanczos3)
    } else {
        picture
    };
    let lossless = if format == ImageFormat::Jpeg { None } else { Some(png(&picture)?) };
    let opaque = !picture.color().has_alpha();
    let (bytes, kind, ending) = match lossless.filter(|bytes| !opaque || bytes.len() <= PNG_MAX) {
        Some(bytes) => (bytes, "image/png", "png"),
        None => (jpeg(&picture, QUALITY)?, "image/jpeg", "jpg"),
    };
    Ok(Cleaned { bytes, kind, ending, pixels: (picture.width(), picture.height()), thumbnail: thumbnail(&picture) })
}

/// The middle of a picture as a small square JPEG.
pub(super) fn portrait(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (_, picture) = read(kind, bytes)?;
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    thumbnail(&picture.crop_imm(left, top, side, side)).ok_or_else(|| "it can't be made small enough".to_owned())
}

fn read(kind: &str, bytes: &[u8]) -> Result<(ImageFormat, DynamicImage), String> {
    let format = match kind {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/webp" => ImageFormat::WebP,
        other => return Err(format!("{other} can't be read here")),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(DECODED_SIDE_MAX);
    limits.max_image_height = Some(DECODED_SIDE_MAX);
    limits.max_alloc = Some(DECODED_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let orientation = decoder.orientation().map_err(|error| error.to_string())?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    picture.apply_orientation(orientation);
    Ok((format, picture))
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    on_white(picture).write_with_encoder(encoder).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // Sixteen bits a channel are more than a screen shows.
    let plain = match picture.color().has_alpha() {
        true => DynamicImage::ImageRgba8(picture.to_rgba8()),
        false => DynamicImage::ImageRgb8(picture.to_rgb8()),
    };
    plain.write_with_encoder(PngEncoder::new(&mut bytes)).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// JPEG knows nothing of transparency.
fn on_white(picture: &DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.to_rgb8());
    }
    let mut white = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([255; 4]));
    image::imageops::overlay(&mut white, &picture.to_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(white).to_rgb8())
}

fn thumbnail(picture: &DynamicImage) -> Option<Vec<u8>> {
    THUMBNAILS.iter().find_map(|(side, quality)| {
        let small = if picture.width().max(picture.height()) > *side {
            picture.thumbnail(*side, *side)
        } else {
            picture.clone()
        };
        jpeg(&small, *quality).ok().filter(|bytes| bytes.len() <= THUMBNAIL_MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    fn noisy(width: u32, height: u32) -> DynamicImage {
        let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).to_le_bytes();
        DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
            let [a, b, c, _] = noise(x, y);
            Rgb([a, b, c])
        }))
    }

    /// A JPEG that says it lies on its side, and where it was taken.
    fn with_exif(picture: &DynamicImage) -> Vec<u8> {
        let plain = jpeg(picture, 90).unwrap();
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0secret place".to_vec();
        let mut marked = plain[..2].to_vec();
        marked.extend([0xff, 0xe1]);
        marked.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        marked.append(&mut exif);
        marked.extend(&plain[2..]);
        marked
    }

    #[test]
    fn pictures_lose_their_metadata_and_stand_upright() {
        let marked = with_exif(&noisy(40, 20));
        assert!(marked.windows(12).any(|window| window == b"secret place"));
        let cleaned = clean("image/jpeg", &marked).unwrap();
        assert!(!cleaned.bytes.windows(12).any(|window| window == b"secret place"));
        assert!(!cleaned.bytes.windows(4).any(|window| window == b"Exif"));
        assert_eq!((cleaned.pixels, cleaned.kind), ((20, 40), "image/jpeg"));
        assert!(cleaned.thumbnail.unwrap().len() <= THUMBNAIL_MAX);
    }

    #[test]
    fn large_ones_become_smaller_and_thumbnails_fit() {
        let mut bytes = Vec::new();
        noisy(2100, 300).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
        let cleaned = clean("image/png", &bytes).unwrap();
        assert_eq!(cleaned.pixels, (2048, 293));
        assert!(cleaned.thumbnail.unwrap().len() <= THUMBNAIL_MAX);
    }

    #[test]
    fn transparency_stays() {
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 100])));
        let mut bytes = Vec::new();
        picture.write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
        let cleaned = clean("image/png", &bytes).unwrap();
        assert_eq!(cleaned.kind, "image/png");
        let read = image::load_from_memory(&cleaned.bytes).unwrap();
        assert_eq!(read.to_rgba8().get_pixel(3, 3), &Rgba([1, 2, 3, 100]));
        assert!(portrait("image/png", &bytes).unwrap().len() <= THUMBNAIL_MAX);
    }

    #[test]
    fn what_is_no_picture_is_said_to_be_none() {
        assert!(clean("image/png", b"\x89PNG\r\n\x1a\nnothing").is_err());
        assert!(clean("image/heic", b"").is_err());
    }
}
