//! How long a sound is, where that is cheap to tell: WAV, FLAC and Ogg (Opus, Vorbis).

use std::io::{Read, Seek, SeekFrom};

/// Bytes at the end of an Ogg file in which its last page begins: a page has at most 65,307 (RFC 3533, section 6).
const TAIL: i64 = 66_000;

/// Bytes at the beginning that are looked at.
const HEAD: u64 = 4096;

/// Hours that a voice note may last; what says more is not believed.
const LONGEST: u64 = 24 * 3600 * 1000;

/// The length in milliseconds. `None` if it is no sound, or can't be told.
pub(super) fn length(kind: &str, file: &mut (impl Read + Seek)) -> Option<u64> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.by_ref().take(HEAD).read_to_end(&mut head).ok()?;
    let (samples, rate) = match kind {
        "audio/wav" => wav(&head)?,
        "audio/flac" => flac(&head)?,
        "audio/ogg" => ogg(&head, file)?,
        _ => return None,
    };
    let length = samples.checked_mul(1000)?.checked_div(rate)?;
    (length <= LONGEST).then_some(length)
}

/// RIFF: chunks of four letters, a length, and so many bytes. `fmt ` gives bytes per second, `data` how many there are.
fn wav(head: &[u8]) -> Option<(u64, u64)> {
    let mut rest = head.get(12..)?;
    let mut rate = None;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (size, body) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size);
        match name {
            b"fmt " => rate = body.get(8..12)?.try_into().ok().map(u32::from_le_bytes),
            b"data" => return Some((u64::from(size), u64::from(rate?))),
            _ => {}
        }
        let padded = usize::try_from(size).ok()?.checked_add(usize::try_from(size % 2).ok()?)?;
        rest = body.get(padded..)?;
    }
}

/// The first block of FLAC (RFC 9639, section 8.2): 20 bits of rate at byte 18, 36 bits of samples from the middle of byte 21.
fn flac(head: &[u8]) -> Option<(u64, u64)> {
    let field: [u8; 8] = head.get(18..26)?.try_into().ok()?;
    let field = u64::from_be_bytes(field);
    Some((field & 0xF_FFFF_FFFF, field >> 44))
}

/// The position on the last page counts samples: at 48 kHz for Opus (RFC 7845, section 4), less what is skipped at the start.
fn ogg(head: &[u8], file: &mut (impl Read + Seek)) -> Option<(u64, u64)> {
    let packet = head.get(28..)?;
    let (rate, skipped) = if packet.starts_with(b"OpusHead") {
        (48_000, u64::from(u16::from_le_bytes(packet.get(10..12)?.try_into().ok()?)))
    } else if packet.starts_with(b"\x01vorbis") {
        (u64::from(u32::from_le_bytes(packet.get(12..16)?.try_into().ok()?)), 0)
    } else {
        return None;
    };
    let end = i64::try_from(file.seek(SeekFrom::End(0)).ok()?).ok()?;
    file.seek(SeekFrom::End(-TAIL.min(end))).ok()?;
    let mut tail = Vec::new();
    file.by_ref().take(u64::try_from(TAIL).ok()?).read_to_end(&mut tail).ok()?;
    let last = tail.windows(4).rposition(|window| window == b"OggS")?;
    let position = u64::from_le_bytes(tail.get(last + 6..last + 14)?.try_into().ok()?);
    Some((position.checked_sub(skipped)?, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(kind: &str, bytes: Vec<u8>) -> Option<u64> {
        length(kind, &mut Cursor::new(bytes))
    }

    #[test]
    fn lengths_are_told() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(8000_u32.to_le_bytes());
        wav.extend(16_000_u32.to_le_bytes());
        wav.extend([2, 0, 16, 0]);
        wav.extend(b"data");
        wav.extend(24_000_u32.to_le_bytes());
        assert_eq!(of("audio/wav", wav.clone()), Some(1500));
        assert_eq!(of("audio/wav", wav[..30].to_vec()), None);
        let mut flac = vec![0; 18];
        flac.extend(((44_100_u64 << 44) | 88_200).to_be_bytes());
        assert_eq!(of("audio/flac", flac), Some(2000));
        let mut page = b"OggS\0\x04".to_vec();
        page.extend((48_000_u64 * 3 + 312).to_le_bytes());
        page.resize(28, 0);
        let mut ogg = page.clone();
        ogg.extend(b"OpusHead\x01\x01");
        ogg.extend(312_u16.to_le_bytes());
        ogg.resize(90_000, 7);
        ogg.extend(page);
        assert_eq!(of("audio/ogg", ogg), Some(3000));
        assert_eq!(of("video/mp4", vec![0; 100]), None);
        assert_eq!(of("audio/flac", vec![0; 100]), None);
    }
}
