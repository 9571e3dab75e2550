//! Wallets' addresses and rooms' ids (wire/denetwork.md, section 3).

use super::signature::keccak;
use tidings_core::{StreamKind, StreamName, WalletAddress};

/// Digits of an address.
const DIGITS: usize = 40;

/// Reads an address: `0x` and 40 hexadecimal digits, all lower case, all capitals, or mixed as EIP-55 wants it.
///
/// The client's libraries also take the digits alone and the ICAP form. Nobody who names himself so can sign, and no room is
/// named so, hence they are refused here.
pub(super) fn address(text: &str) -> Option<WalletAddress> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == DIGITS)?;
    let bytes = hex_bytes::<20>(digits)?;
    let (lower, upper) =
        (digits.bytes().any(|b| b.is_ascii_lowercase()), digits.bytes().any(|b| b.is_ascii_uppercase()));
    (!(lower && upper) || has_checksum(digits)).then(|| WalletAddress::from_bytes(bytes))
}

/// Whether letters are capitals where the hash of the lower-case digits has a 1 as the first bit of the same digit (EIP-55).
fn has_checksum(digits: &str) -> bool {
    let hash = keccak(&[digits.to_ascii_lowercase().as_bytes()]);
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .bytes()
        .zip(nibbles)
        .all(|(digit, nibble)| !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble >= 8))
}

/// Reads a room's id: `p` or `g` and an address. Rooms are told apart by the exact text.
pub(super) fn room(text: &str) -> Option<StreamName> {
    let rest = text.strip_prefix(['p', 'g'])?;
    address(rest)?;
    StreamName::named(StreamKind::Room, text.as_bytes())
}

/// Reads exactly so many bytes in hexadecimal of either case.
pub(super) fn hex_bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::VECTORS;
    use super::*;

    #[test]
    fn addresses_are_those_of_the_vectors() {
        let table = VECTORS["addresses"].as_object().unwrap();
        assert!(table.len() > 10);
        for (text, valid) in table {
            // The forms in which nobody can sign.
            let can_sign = text.starts_with("0x");
            assert_eq!(address(text).is_some(), valid == true && can_sign, "{text:?}");
        }
        assert!(address("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2é").is_none());
        let Some(found) = address("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A") else { panic!() };
        assert_eq!(found.to_string(), "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
        assert!(address("0x0000000000000000000000000000000000000000").is_some());
    }

    #[test]
    fn rooms_are_those_of_the_vectors() {
        let table = VECTORS["roomIds"].as_object().unwrap();
        assert!(table.len() > 10);
        for (text, valid) in table {
            assert_eq!(room(text).is_some(), valid == true, "{text:?}");
            assert!(room(text).is_none_or(|name| name.bytes() == text.as_bytes()));
        }
    }
}
