//! Signed headers as piqchat's clients make them (wire section 3).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::AeadInPlace as _;
use crypto_box::{PublicKey, SalsaBox, SecretKey};

use crate::answer::split_after;
use crate::clock;
use crate::error::{Error, Result};

/// Length of the nonce before the box, in bytes.
const NONCE_LENGTH: usize = 24;
/// Length of an id, in characters.
const ID_LENGTH: usize = 44;
/// What stands before the id.
const BEFORE_ID: &str = "Authorization: Signature keyId=\"";
/// What stands before the signature, after the list of headers.
const BEFORE_SIGNATURE: &str = "signature=\"";
/// What stands between the signature and the date.
const BEFORE_DATE: &str = "\"\r\nX-Date: ";

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
        let signature = self.pen(server).sign(date, nonce)?;
        let id = &self.id;
        Ok(format!("{BEFORE_ID}{id}\",headers=\"x-date\",{BEFORE_SIGNATURE}{signature}{BEFORE_DATE}{date}\r\n"))
    }

    /// Works out the key that this identity and the server share.
    fn pen(&self, server: &PublicKey) -> Pen {
        Pen(SalsaBox::new(server, &self.secret))
    }
}

/// What one identity signs with for one server. Making it is the costly part of a signature.
struct Pen(SalsaBox);

impl Pen {
    /// The signature in base64.
    fn sign(&self, date: &str, nonce: [u8; NONCE_LENGTH]) -> Result<String> {
        let mut text = date.as_bytes().to_vec();
        let tag = self.0.encrypt_in_place_detached(&nonce.into(), b"", &mut text);
        let tag = tag.map_err(|_| Error::Unusable("the date is too long to be signed".to_owned()))?;
        Ok(STANDARD.encode([nonce.as_slice(), tag.as_slice(), &text].concat()))
    }
}

/// Nonces that never repeat: a random start, and a count.
pub(crate) struct Nonces {
    start: [u8; NONCE_LENGTH - 8],
    count: u64,
}

impl Nonces {
    /// Begins at a random place.
    pub(crate) fn new() -> Result<Self> {
        let mut start = [0; NONCE_LENGTH - 8];
        clock::fill_random(&mut start)?;
        Ok(Self { start, count: 0 })
    }

    fn next(&mut self) -> [u8; NONCE_LENGTH] {
        self.count += 1;
        let mut nonce = [0; NONCE_LENGTH];
        nonce.iter_mut().zip(self.start.into_iter().chain(self.count.to_be_bytes())).for_each(|(to, from)| *to = from);
        nonce
    }
}

/// Signs ready-made requests anew, each time that one is sent.
pub(crate) struct Notary {
    pens: HashMap<String, Pen>,
}

impl Notary {
    /// Takes the pens of all who sign.
    pub(crate) fn new<'who>(who: impl IntoIterator<Item = &'who Identity>, server: &PublicKey) -> Self {
        Self { pens: who.into_iter().map(|identity| (identity.id.clone(), identity.pen(server))).collect() }
    }

    /// Replaces signature and date in a request by new ones. Requests that are not signed, or by strangers, are left as they are.
    pub(crate) fn renew(&self, request: &mut [u8], nonces: &mut Nonces, unix_millis: u64) -> Result<()> {
        let Some((id_at, signature_at)) = places(request) else { return Ok(()) };
        let id = request.get(id_at..id_at + ID_LENGTH).and_then(|id| std::str::from_utf8(id).ok());
        let Some(pen) = id.and_then(|id| self.pens.get(id)) else { return Ok(()) };
        let date = clock::iso8601(unix_millis);
        let signature = pen.sign(&date, nonces.next())?;
        let date_at = signature_at + signature.len() + BEFORE_DATE.len();
        for (place, text) in [(signature_at, &signature), (date_at, &date)] {
            if let Some(old) = request.get_mut(place..place + text.len()) {
                old.copy_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }
}

/// Where the id and the signature begin in a request of ours.
fn places(request: &[u8]) -> Option<(usize, usize)> {
    let id_at = split_after(request, BEFORE_ID.as_bytes())?.0.len();
    let rest = request.get(id_at..)?;
    Some((id_at, id_at + split_after(rest, BEFORE_SIGNATURE.as_bytes())?.0.len()))
}

/// Reads the server's public key as `GET /api/info` gives it.
pub(crate) fn server_key(text: &str) -> Result<PublicKey> {
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
    fn renewed_requests_are_signed_as_if_made_so() {
        let server = SecretKey::from_bytes(counted(1)).public_key();
        let identity = Identity::from_secret(counted(0x21));
        let request = |headers: String| format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}X: y\r\n\r\nbody").into_bytes();
        let mut renewed = request(identity.headers(&server).unwrap());
        let mut nonces = Nonces { start: [5; 16], count: 0 };
        Notary::new([&identity], &server).renew(&mut renewed, &mut nonces, 1_704_164_645_678).unwrap();
        let nonce = Nonces { start: [5; 16], count: 0 }.next();
        let wanted = request(identity.headers_with(&server, "2024-01-02T03:04:05.678Z", nonce).unwrap());
        assert_eq!(String::from_utf8(renewed).unwrap(), String::from_utf8(wanted).unwrap());
        assert_ne!(nonces.next(), nonce);
    }

    #[test]
    fn strangers_requests_stay_as_they_are() {
        let server = SecretKey::from_bytes(counted(1)).public_key();
        let signed = Identity::from_secret(counted(0x21)).headers(&server).unwrap().into_bytes();
        for request in [signed, b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
            let mut renewed = request.clone();
            Notary::new([], &server).renew(&mut renewed, &mut Nonces::new().unwrap(), 0).unwrap();
            assert_eq!(renewed, request);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert!(server_key("AAAA").is_err());
        assert!(server_key("not base64").is_err());
    }
}
