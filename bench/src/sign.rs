//! Signed headers as piqchat's clients make them (wire section 3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::AeadInPlace as _;
use crypto_box::{PublicKey, SalsaBox, SecretKey};

use crate::error::{Error, Result};
use crate::{clock, error};

/// Length of the nonce before the box, in bytes.
const NONCE_LENGTH: usize = 24;

/// A key pair of the generator's own, and the id that goes with it.
pub(crate) struct Identity {
    secret: SecretKey,
    id: String,
}

impl Identity {
    /// Makes a new one.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        clock::fill_random(&mut bytes)?;
        Ok(Self::from_secret(bytes))
    }

    /// The identity of a known secret.
    pub(crate) fn from_secret(bytes: [u8; 32]) -> Self {
        let secret = SecretKey::from_bytes(bytes);
        let id = STANDARD.encode(secret.public_key().as_bytes());
        Self { secret, id }
    }

    /// The user id: the public key in standard base64, 44 characters.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The two header lines, each with its line end, that sign in at the server whose public key is given.
    pub(crate) fn headers(&self, server: &PublicKey) -> Result<String> {
        let mut nonce = [0; NONCE_LENGTH];
        clock::fill_random(&mut nonce)?;
        self.headers_with(server, &clock::iso8601(clock::unix_millis()), nonce)
    }

    /// The same for a given date and nonce.
    fn headers_with(&self, server: &PublicKey, date: &str, nonce: [u8; NONCE_LENGTH]) -> Result<String> {
        let mut text = date.as_bytes().to_vec();
        let tag = SalsaBox::new(server, &self.secret)
            .encrypt_in_place_detached(&nonce.into(), b"", &mut text)
            .map_err(|_| Error::Unusable("the date is too long to be signed".to_owned()))?;
        let signature = STANDARD.encode([nonce.as_slice(), tag.as_slice(), &text].concat());
        let id = &self.id;
        Ok(format!(
            "Authorization: Signature keyId=\"{id}\",headers=\"x-date\",signature=\"{signature}\"\r\nX-Date: {date}\r\n"
        ))
    }
}

/// Reads the server's public key as `GET /api/info` gives it.
pub(crate) fn server_key(text: &str) -> error::Result<PublicKey> {
    let bytes = STANDARD.decode(text).map_err(|_| Error::Unusable("the server's key is not base64".to_owned()))?;
    PublicKey::from_slice(&bytes).map_err(|_| Error::Unusable("the server's key has not 32 bytes".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Consecutive bytes, as the vectors of wire section 3.3 use them.
    fn counted<const N: usize>(first: u8) -> [u8; N] {
        std::array::from_fn(|place| first + u8::try_from(place).unwrap())
    }

    #[test]
    fn signs_vector_a_and_b() {
        let server = server_key("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=").unwrap();
        let table = [
            (
                (0x21, 0x41, "2024-01-02T03:04:05.678Z"),
                "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=",
                "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYczJRXhth/Dz3w1c0n41AxFHHwgc4QatgeS8K1tFG/tfZRztsG1S81w==",
            ),
            (
                (0x61, 0x81, "Tue, 02 Jan 2024 03:04:05 GMT"),
                "JE/juWPomd0pW6/84kjTUw86mnR5ugYwAmgOv+etrUk=",
                "gYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYkq/T1GOdL9TZzjN0Ww1YiYUQsdJ/S8sRZe+aI3R9MDSkfadifOk1V7KAVkK1",
            ),
        ];
        for ((secret, nonce, date), id, signature) in table {
            let headers = Identity::from_secret(counted(secret)).headers_with(&server, date, counted(nonce)).unwrap();
            let wanted = format!(
                "Authorization: Signature keyId=\"{id}\",headers=\"x-date\",signature=\"{signature}\"\r\nX-Date: {date}\r\n"
            );
            assert_eq!(headers, wanted);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert!(server_key("AAAA").is_err());
        assert!(server_key("not base64").is_err());
    }
}
