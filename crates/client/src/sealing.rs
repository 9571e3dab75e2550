//! What all sealing is made of (docs/protocol/README.md, Notation): HKDF, padding to buckets, XChaCha20-Poly1305.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::Rng;
use sha2::Sha256;
use thiserror::Error;

/// The smallest bucket.
const BUCKET_MIN: usize = 256;
/// From here on, buckets are multiples of this.
const BUCKET_STEP: usize = 16_384;
/// Bytes of a nonce.
const NONCE: usize = 24;
/// Bytes of an authentication tag.
const TAG: usize = 16;
/// Ends the content, before the zeros.
const END: u8 = 0x80;

/// It can't be opened: another key, another purpose, a change on the way. It does not say which, since nobody can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it can't be opened with this key")]
pub struct Unreadable;

/// `N` random bytes.
pub fn draw<const N: usize>(random: &mut dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill_bytes(&mut bytes);
    bytes
}

/// HKDF-SHA256 (RFC 5869) with 32 bytes of output.
pub fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let mut output = [0; 32];
    let expanded = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut output);
    debug_assert!(expanded.is_ok(), "only more than 8,160 bytes can't be had");
    output
}

/// The first 16 bytes of [`hkdf()`], for ids.
pub fn hkdf_id(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = hkdf(salt, secret, info);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// How long `length` bytes are once padded.
pub fn padded_length(length: usize) -> usize {
    let with_end = length.saturating_add(1);
    if with_end <= BUCKET_STEP {
        with_end.next_power_of_two().max(BUCKET_MIN)
    } else {
        with_end.div_ceil(BUCKET_STEP).saturating_mul(BUCKET_STEP)
    }
}

/// Pads to the next bucket.
pub fn pad(plain: &[u8]) -> Vec<u8> {
    let length = padded_length(plain.len());
    let mut padded = Vec::with_capacity(length.saturating_add(TAG));
    padded.extend_from_slice(plain);
    padded.push(END);
    padded.resize(length, 0);
    padded
}

/// What was padded; `None` if this is not what [`pad`] gives.
pub fn unpad(mut padded: Vec<u8>) -> Option<Vec<u8>> {
    let length = padded.iter().rposition(|byte| *byte != 0)?;
    if padded.get(length) != Some(&END) || padded.len() != padded_length(length) {
        return None;
    }
    padded.truncate(length);
    Some(padded)
}

/// `seal(key, aad, plain)`: a random nonce, then XChaCha20-Poly1305 of the padded plain bytes.
///
/// Beyond the cipher's 256 GiB, which nothing here comes near, it gives nothing, which nobody can open.
pub fn seal(key: &[u8; 32], aad: &[u8], plain: &[u8], random: &mut dyn Rng) -> Vec<u8> {
    seal_with(key, aad, plain, &draw(random))
}

/// As [`seal`] with a given nonce, which must never be used twice with a key.
pub(crate) fn seal_with(key: &[u8; 32], aad: &[u8], plain: &[u8], nonce: &[u8; NONCE]) -> Vec<u8> {
    let padded = zeroize::Zeroizing::new(pad(plain));
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    match cipher.encrypt(&XNonce::from(*nonce), Payload { msg: &padded, aad }) {
        Ok(sealed) => [nonce.as_slice(), &sealed].concat(),
        Err(_) => Vec::new(),
    }
}

/// Opens what [`seal`] made with the same key and the same `aad`.
pub fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Unreadable)?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let padded = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad }).map_err(|_| Unreadable)?;
    unpad(padded).ok_or(Unreadable)
}

/// Most bytes that can be sealed so that the result has at most `sealed` bytes.
pub fn room_within(sealed: usize) -> usize {
    let padded = sealed.saturating_sub(NONCE + TAG);
    let bucket = if padded >= BUCKET_STEP {
        padded - padded % BUCKET_STEP
    } else if padded >= BUCKET_MIN {
        padded.checked_ilog2().map_or(0, |bits| 1 << bits)
    } else {
        0
    };
    bucket.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn buckets_are_those_of_the_specification() {
        for (length, padded) in [
            (0, 256),
            (255, 256),
            (256, 512),
            (511, 512),
            (8191, 8192),
            (16_383, 16_384),
            (16_384, 32_768),
            (32_767, 32_768),
            (32_768, 49_152),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(padded_length(length), padded, "{length}");
        }
    }

    #[test]
    fn padding_has_one_form() {
        let with = |content: &[u8], length: usize| [content, &vec![0; length - content.len()]].concat();
        assert_eq!(unpad(with(&[1, 0x80], 256)), Some(vec![1]));
        assert_eq!(unpad(with(&[0x80, 0x80], 256)), Some(vec![0x80]));
        for other in [
            with(&[1, 0x80], 512),
            with(&[1, 0x81], 256),
            with(&[], 256),
            vec![],
            with(&[0x80], 255),
            with(&[0x80], 300),
        ] {
            assert_eq!(unpad(other), None);
        }
    }

    #[test]
    fn sealing_binds_key_purpose_and_bytes() {
        let mut random = StdRng::seed_from_u64(1);
        let sealed = seal(&[1; 32], b"purpose", b"hello", &mut random);
        assert_eq!(sealed.len(), 24 + 256 + 16);
        assert_eq!(open(&[1; 32], b"purpose", &sealed), Ok(b"hello".to_vec()));
        assert_eq!(open(&[2; 32], b"purpose", &sealed), Err(Unreadable));
        assert_eq!(open(&[1; 32], b"other", &sealed), Err(Unreadable));
        for place in [0, 23, 24, 100, sealed.len() - 1] {
            let mut other = sealed.clone();
            other[place] ^= 1;
            assert_eq!(open(&[1; 32], b"purpose", &other), Err(Unreadable));
        }
        assert_eq!(open(&[1; 32], b"purpose", &sealed[..39]), Err(Unreadable));
        assert_ne!(seal(&[1; 32], b"purpose", b"hello", &mut random), sealed);
    }

    #[test]
    fn derivation_is_that_of_rfc_5869() {
        // Test case 1 of its appendix A; the first 32 of 42 bytes are the same.
        let info = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
        let salt = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let output = hkdf(&salt, &[0x0b; 22], &info);
        let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    proptest! {
        #[test]
        fn what_is_padded_leads_back(plain in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let padded = pad(&plain);
            prop_assert_eq!(padded.len(), padded_length(plain.len()));
            prop_assert_eq!(unpad(padded), Some(plain));
        }

        #[test]
        fn as_much_as_fits(sealed in 0usize..200_000) {
            let room = room_within(sealed);
            if room > 0 {
                prop_assert!(padded_length(room) + NONCE + TAG <= sealed);
            }
            prop_assert!(padded_length(room + 1) + NONCE + TAG > sealed || room == 0);
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = unpad(bytes.clone());
            prop_assert_eq!(open(&[0; 32], b"", &bytes), Err(Unreadable));
        }
    }
}
