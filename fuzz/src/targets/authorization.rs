//! The `Authorization` header, against a slow reading of section 3.2 of wire/piqchat.md, rule by rule.

use tidings_doors::piqchat::Authorization;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn run(header: &[u8]) {
    let read = Authorization::parse(header).ok().map(|read| (*read.key.as_bytes(), read.nonce.to_vec(), read.sealed));
    if let Some((key, nonce, sealed)) = slow(header).filter(|_| header.len() <= 4096) {
        match read {
            Some(read) => assert_eq!(read, (key, nonce, sealed)),
            // A point that anybody can use is refused; nothing else may be.
            None => assert!(is_low_order(key), "refused: {}", String::from_utf8_lossy(header)),
        }
    } else {
        assert_eq!(read, None, "taken: {}", String::from_utf8_lossy(header));
    }
}

fn slow(header: &[u8]) -> Option<([u8; 32], Vec<u8>, Vec<u8>)> {
    let mut rest = String::from_utf8(header.to_vec()).ok()?;
    if let Some(at) = rest.find("Signature ") {
        rest.replace_range(at..at + "Signature ".len(), "");
    }
    let mut key = None;
    let mut signature = None;
    for piece in rest.split(',') {
        for (marker, value) in [("keyId=\"", &mut key), ("signature=\"", &mut signature)] {
            if let Some(at) = piece.find(marker) {
                let mut text = format!("{}{}", &piece[..at], &piece[at + marker.len()..]);
                if let Some(at) = text.find('"') {
                    text.remove(at);
                }
                *value = Some(text);
            }
        }
    }
    let key = bits(&key?, true)?.try_into().ok()?;
    let signature = bits(&signature?, false)?;
    (signature.len() >= 40).then(|| (key, signature[..24].to_vec(), signature[24..].to_vec()))
}

/// Padded base64, bit by bit. `canonical`: unused bits must be zero.
fn bits(text: &str, canonical: bool) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    let padding = text.len() - letters.len();
    let mut stream = Vec::new();
    for letter in letters.chars() {
        let value = LETTERS.find(letter)?;
        stream.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let unused = stream.len() % 8;
    let spare = stream.split_off(stream.len() - unused);
    if text.len() % 4 != 0 || padding > 2 || unused != padding * 2 || (canonical && spare.contains(&true)) {
        return None;
    }
    Some(stream.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect())
}

/// The points of small order, by their last and first bytes alone: enough to tell a refusal from a mistake.
fn is_low_order(key: [u8; 32]) -> bool {
    let (first, last) = (key[0], key[31] & 0x7f);
    matches!((first, last), (0 | 1, 0) | (0xe0, 0) | (0x5f, 0x57) | (0xec..=0xee, 0x7f))
}
