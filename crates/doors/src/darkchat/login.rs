//! Who speaks on a connection: a key that signed 32 bytes of ours (wire/darkchat.md, section 5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secp256k1::{Message, PublicKey, ecdsa};
use std::time::Duration;
use tidings_core::{Secp256k1Key, Timestamp};

/// Random bytes of a challenge: as many as give 32 characters.
pub(super) const CHALLENGE_BYTES: usize = 24;

/// How long a challenge may be answered.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);

/// How often a challenge may be answered wrongly.
const TRIES_MAX: u8 = 12;

/// Reads the one spelling of a key: 66 lower-case hexadecimal digits of a compressed point on the curve.
pub(super) fn parse_key(text: &str) -> Option<Secp256k1Key> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let bytes = from_hex(text)?;
    PublicKey::from_byte_array_compressed(bytes).ok()?;
    Secp256k1Key::from_compressed(bytes).ok()
}

/// Exactly as many hexadecimal digits as the bytes need, in either case.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// A challenge and whom it was given.
pub(super) struct Challenge {
    key: Secp256k1Key,
    text: String,
    made: Timestamp,
    tries: u8,
}

impl Challenge {
    /// Makes one of random bytes.
    pub(super) fn new(key: Secp256k1Key, random: [u8; CHALLENGE_BYTES], now: Timestamp) -> Self {
        Self { key, text: URL_SAFE_NO_PAD.encode(random), made: now, tries: 0 }
    }

    /// The text to sign: 32 characters.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the signature of that key: 128 hexadecimal digits, r and s, of which only the lower s counts. Each call
    /// is a try; after a dozen, or a minute, none succeeds.
    pub(super) fn is_met(&mut self, key: &str, signature: &str, now: Timestamp) -> Option<Secp256k1Key> {
        self.tries = self.tries.saturating_add(1);
        let alive = self.tries <= TRIES_MAX && now.since(self.made) <= CHALLENGE_LIFE;
        if !alive || parse_key(key)? != self.key {
            return None;
        }
        let digest: [u8; 32] = self.text.as_bytes().try_into().ok()?;
        let signature = ecdsa::Signature::from_compact(&from_hex::<64>(signature)?).ok()?;
        let point = PublicKey::from_byte_array_compressed(*self.key.as_bytes()).ok()?;
        // The library refuses what has the higher s.
        ecdsa::verify(&signature, Message::from_digest(digest), &point).ok()?;
        Some(self.key)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use secp256k1::SecretKey;

    pub(crate) const ALICE: &str = "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa";
    pub(crate) const BOB: &str = "02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27";
    const CHALLENGE: &str = "a1b2c3d4e5f6-4a7b-8c9d-0e1f2a3b4";
    const SIGNATURE: &str = "18ab52cbb7d9fd565f1c4ab9dcf5038f92f0c3abe55b9d459965bcb270c4adf6\
                             1e04b6169863154c5819ee65bc419bb710302ad843cc7e42320d051df2174293";

    /// As the clients sign.
    pub(crate) fn sign(secret: [u8; 32], challenge: &str) -> String {
        let secret = SecretKey::from_secret_bytes(secret).unwrap();
        let digest = challenge.as_bytes().try_into().unwrap();
        let signature = ecdsa::sign(Message::from_digest(digest), &secret);
        signature.serialize_compact().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn given() -> Challenge {
        let key = parse_key(ALICE).unwrap();
        Challenge { key, text: CHALLENGE.to_owned(), made: Timestamp::EPOCH, tries: 0 }
    }

    fn met(challenge: &mut Challenge, key: &str, signature: &str) -> bool {
        challenge.is_met(key, signature, Timestamp::EPOCH).is_some()
    }

    #[test]
    fn the_worked_login_is_good() {
        assert_eq!(sign([0x11; 32], CHALLENGE), SIGNATURE);
        assert!(met(&mut given(), ALICE, SIGNATURE));
        assert!(met(&mut given(), ALICE, &SIGNATURE.to_uppercase()));
    }

    #[test]
    fn nothing_else_is() {
        let high = {
            let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
            let (s, n) = (from_hex::<32>(&SIGNATURE[64..]).unwrap(), from_hex::<32>(order).unwrap());
            let mut borrow = 0i16;
            let mut negated = [0u8; 32];
            for at in (0..32).rev() {
                let mut digit = i16::from(n[at]) - i16::from(s[at]) - borrow;
                borrow = i16::from(digit < 0);
                digit += borrow * 256;
                negated[at] = u8::try_from(digit).unwrap();
            }
            let hex: String = negated.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}{hex}", &SIGNATURE[..64])
        };
        for (key, signature) in [
            (ALICE, high.as_str()),
            (ALICE, &SIGNATURE.replace("18ab", "18ac")),
            (ALICE, &format!("{SIGNATURE}zz")),
            (ALICE, &SIGNATURE[..126]),
            (ALICE, &"0".repeat(128)),
            (ALICE, ""),
            (BOB, SIGNATURE),
            (&ALICE.to_uppercase(), SIGNATURE),
        ] {
            assert!(!met(&mut given(), key, signature), "{key} {signature}");
        }
    }

    #[test]
    fn keys_have_one_spelling() {
        assert_eq!(parse_key(ALICE).map(|key| key.to_string()).as_deref(), Some(ALICE));
        for other in [
            &ALICE.to_uppercase(),
            &format!("{ALICE}zz"),
            &format!(" {ALICE}"),
            &ALICE.replacen("03", "04", 1),
            &format!("02{}", "0".repeat(64)),
            &format!("02{}", "f".repeat(64)),
            &format!("04{}", "1".repeat(128)),
            "toString",
            "",
        ] {
            assert_eq!(parse_key(other), None, "{other}");
        }
    }

    #[test]
    fn a_challenge_lives_a_minute_and_a_dozen_tries() {
        let (mut late, minute) = (given(), Timestamp::EPOCH.after(CHALLENGE_LIFE));
        assert!(late.is_met(ALICE, SIGNATURE, minute).is_some());
        assert!(late.is_met(ALICE, SIGNATURE, minute.after(Duration::from_millis(1))).is_none());
        for (wrong, still_good) in [(11, true), (12, false)] {
            let mut challenge = given();
            (0..wrong).for_each(|_| assert!(!met(&mut challenge, ALICE, "00")));
            assert_eq!(met(&mut challenge, ALICE, SIGNATURE), still_good);
        }
    }

    #[test]
    fn challenges_are_32_characters_that_can_be_copied_by_hand() {
        let text = Challenge::new(parse_key(ALICE).unwrap(), [0xfb; 24], Timestamp::EPOCH).text().to_owned();
        assert!(text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
