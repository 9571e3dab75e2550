//! Linking a device with a code (docs/protocol/identity.md): the code, the request of the new device, the reply of the old one.

use crate::command::{Fault, Secret};
use crate::content::NAME_BYTES_MAX;
use crate::entry::slow_hash;
use crate::keys::{Secrets, x25519_public};
use crate::node_url::is_node_url;
use crate::sealing::{draw, hkdf, hkdf_id, open, seal};
use crate::view::Identity;
use rand::Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tidings_wire::api::EXCHANGE_BYTES_MAX;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::{DeviceList, ProvenKey, Standing};
use tidings_wire::{Fixed, Signed, cbor};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Crockford's base32: no I, L, O, U.
const ALPHABET: [u8; 32] = *b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code.
const CODE_LENGTH: usize = 16;
/// Most bytes of an offer.
const OFFER_BYTES_MAX: usize = 256;
/// Milliseconds that a code is good for.
pub const LINK_LASTS: u64 = 10 * 60 * 1000;

/// Why a code, a request or a reply is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkFault {
    /// Not `NODE/CODE`.
    #[error("a code has 16 letters and digits after the node's address")]
    Form,
    /// The node's address is none.
    #[error("the address of its node is none")]
    Node,
    /// It was not made with this code, or changed on the way.
    #[error("it does not belong to this code")]
    Unreadable,
    /// There is no memory to make the number that is compared.
    #[error("there is not enough memory to compare the devices: 64 MiB are needed")]
    Memory,
    /// The parts of the reply do not belong together.
    #[error("what the other device sent does not hang together")]
    Reply,
}

impl From<LinkFault> for Fault {
    fn from(fault: LinkFault) -> Self {
        Self::Link(fault.to_string())
    }
}

/// What an old device shows and a new one reads.
#[derive(Clone)]
pub struct LinkCode {
    /// The home node's URL.
    pub node: String,
    /// Random.
    pub secret: LinkSecret,
}

/// The secret of a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret(#[serde(with = "serde_bytes")] pub [u8; 10]);

/// What the new device says of itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRequest {
    /// Its device key (Ed25519).
    #[serde(with = "serde_bytes")]
    pub device: [u8; 32],
    /// The reply is sealed to it (X25519).
    #[serde(with = "serde_bytes")]
    pub agree: [u8; 32],
    /// What the person calls it.
    pub name: String,
    /// By the device key: that it is to be a device of the identity of the offer ([`ProvenKey`]).
    #[serde(with = "serde_bytes")]
    pub proof: [u8; 64],
}

impl LinkRequest {
    /// The device key with its proof.
    pub fn proven(&self) -> ProvenKey {
        ProvenKey { key: Fixed(self.device), proof: Fixed(self.proof) }
    }
}

/// What the old device says of itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LinkOffer {
    identity: Fixed<32>,
}

/// What the old device gives the new one.
#[derive(Clone, Serialize, Deserialize)]
pub struct LinkReply {
    /// All that is derived from the phrase.
    pub secrets: Secrets,
    /// The new device's certificate.
    pub certificate: Signed<DeviceCertificate>,
    /// The list with the new device on it.
    pub devices: Signed<DeviceList>,
    /// The home node's URL.
    pub node: String,
}

/// A key pair (secret, public) of the new device for one linking.
pub fn agree_key(random: &mut dyn Rng) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let secret = Zeroizing::new(draw(random));
    let public = x25519_public(&secret);
    (secret, public)
}

impl LinkCode {
    /// A new code.
    pub fn generate(node: String, random: &mut dyn Rng) -> Self {
        Self { node, secret: LinkSecret(draw(random)) }
    }

    /// `NODE/XXXX-XXXX-XXXX-XXXX`.
    pub fn text(&self) -> Secret {
        let value = self.secret.0.iter().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
        let letter = |place: usize| {
            let digit = usize::try_from(value >> (5 * (CODE_LENGTH - 1 - place)) & 31).unwrap_or_default();
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'0'))
        };
        let dashed = |place: usize| {
            if place > 0 && place.is_multiple_of(4) { vec!['-', letter(place)] } else { vec![letter(place)] }
        };
        let code: String = (0..CODE_LENGTH).flat_map(dashed).collect();
        Secret(format!("{}/{code}", self.node))
    }

    /// Reads a code as a person types it: small letters, spaces, missing dashes are forgiven, and O for 0, I and L for 1.
    pub fn parse(text: &str) -> Result<Self, LinkFault> {
        let (node, code) = text.trim().rsplit_once('/').ok_or(LinkFault::Form)?;
        let node = crate::node_url::from_typed(node).ok_or(LinkFault::Node)?;
        let letters = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let digits: Option<Vec<u128>> = letters.map(digit).collect();
        let digits = digits.filter(|digits| digits.len() == CODE_LENGTH).ok_or(LinkFault::Form)?;
        let value = digits.into_iter().fold(0u128, |value, digit| value << 5 | digit);
        let secret = value.to_be_bytes().last_chunk().copied().ok_or(LinkFault::Form)?;
        Ok(Self { node, secret: LinkSecret(secret) })
    }

    /// The exchange at the home node.
    pub fn exchange_id(&self) -> [u8; 16] {
        hkdf_id(b"tidings/1", &self.secret.0, b"link id")
    }

    /// The eight digits that both devices show: Argon2id over the request, salted with the exchange's id. Whoever saw the code and controls
    /// the node would have to find keys with the same digits within the ten minutes that a code is good for: 10^8 times 64 MiB. Takes a
    /// moment: keep it. Fails with [`LinkFault::Memory`].
    pub fn check_number(&self, request: &LinkRequest) -> Result<String, LinkFault> {
        let keys = [request.device, request.agree].concat();
        let digest = slow_hash(&keys, &self.exchange_id()).map_err(|_| LinkFault::Memory)?;
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Ok(format!("{:08}", u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 100_000_000))
    }

    fn key(&self) -> [u8; 32] {
        hkdf(b"tidings/1", &self.secret.0, b"link key")
    }

    /// The old device's offer in the exchange: whose device the new one would be.
    pub fn seal_offer(&self, identity: &Identity, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.key(), b"link offer", &cbor::encode(&LinkOffer { identity: Fixed(identity.0) }), random)
    }

    /// Opens it on the new device.
    pub fn open_offer(&self, sealed: &[u8]) -> Result<Identity, LinkFault> {
        let plain = open(&self.key(), b"link offer", sealed).map_err(|_| LinkFault::Unreadable)?;
        let offer: LinkOffer = cbor::decode(&plain, OFFER_BYTES_MAX).map_err(|_| LinkFault::Unreadable)?;
        Ok(Identity(offer.identity.0))
    }

    /// The new device's answer in the exchange.
    pub fn seal_request(&self, request: &LinkRequest, random: &mut dyn Rng) -> Vec<u8> {
        seal(&self.key(), b"link request", &cbor::encode(request), random)
    }

    /// Opens it on the old device.
    pub fn open_request(&self, sealed: &[u8]) -> Result<LinkRequest, LinkFault> {
        let plain = open(&self.key(), b"link request", sealed).map_err(|_| LinkFault::Unreadable)?;
        read_request(&plain)
    }

    /// The old device's reply. Fails with [`LinkFault::Reply`] if the parts don't belong together or the request's key is no good.
    pub fn seal_reply(
        &self,
        request: &LinkRequest,
        reply: &LinkReply,
        random: &mut dyn Rng,
    ) -> Result<Vec<u8>, LinkFault> {
        reply.check(request)?;
        let (ephemeral, public) = agree_key(random);
        let key = self.reply_key(&ephemeral, &request.agree).ok_or(LinkFault::Reply)?;
        let plain = Zeroizing::new(cbor::encode(reply));
        Ok([public.as_slice(), &seal(&key, b"link reply", &plain, random)].concat())
    }

    /// Opens it on the new device, which made `request` with the secret half of `agree`.
    pub fn open_reply(
        &self,
        request: &LinkRequest,
        agree_secret: &[u8; 32],
        bytes: &[u8],
    ) -> Result<LinkReply, LinkFault> {
        let (ephemeral, sealed) = bytes.split_first_chunk().ok_or(LinkFault::Unreadable)?;
        let key = self.reply_key(agree_secret, ephemeral).ok_or(LinkFault::Unreadable)?;
        let plain = Zeroizing::new(open(&key, b"link reply", sealed).map_err(|_| LinkFault::Unreadable)?);
        let reply: LinkReply = cbor::decode(&plain, EXCHANGE_BYTES_MAX).map_err(|_| LinkFault::Reply)?;
        reply.check(request)?;
        Ok(reply)
    }

    /// `None` for a key of small order, with which anybody would agree.
    fn reply_key(&self, secret: &[u8; 32], public: &[u8; 32]) -> Option<[u8; 32]> {
        let shared = StaticSecret::from(*secret).diffie_hellman(&PublicKey::from(*public));
        shared.was_contributory().then(|| hkdf(&self.key(), shared.as_bytes(), b"tidings/1 link"))
    }
}

/// Reads what a request's seal holds.
pub fn read_request(plain: &[u8]) -> Result<LinkRequest, LinkFault> {
    let request: LinkRequest = cbor::decode(plain, 1024).map_err(|_| LinkFault::Unreadable)?;
    if request.name.len() <= NAME_BYTES_MAX { Ok(request) } else { Err(LinkFault::Unreadable) }
}

/// The value of a letter.
fn digit(letter: char) -> Option<u128> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
    u128::try_from(place).ok()
}

impl LinkReply {
    /// Everything is of one identity, and about the device that asked.
    fn check(&self, request: &LinkRequest) -> Result<(), LinkFault> {
        let identity = self.secrets.identity().0;
        let good = is_node_url(&self.node)
            && request.proven().holds(&Fixed(identity))
            && self.certificate.identity.0 == identity
            && self.certificate.device.0 == request.device
            && self.devices.standing(&self.certificate) == Standing::Listed;
        if good { Ok(()) } else { Err(LinkFault::Reply) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrase::Phrase;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn code() -> LinkCode {
        LinkCode {
            node: "https://node.example".to_owned(),
            secret: LinkSecret([0, 1, 2, 3, 4, 0xfb, 0xfc, 0xfd, 0xfe, 0xff]),
        }
    }

    fn secrets() -> Secrets {
        let Some(secrets) = Phrase::from_entropy(&[1; 16]).ok().and_then(|phrase| Secrets::from_phrase(&phrase).ok())
        else {
            panic!("a good phrase")
        };
        secrets
    }

    fn device(n: u8) -> ProvenKey {
        ProvenKey::new(&SigningKey::from_bytes(&[n; 32]), &Fixed(secrets().identity().0))
    }

    fn request(n: u8, agree: [u8; 32], name: &str) -> LinkRequest {
        let ProvenKey { key, proof } = device(n);
        LinkRequest { device: key.0, agree, name: name.to_owned(), proof: proof.0 }
    }

    fn reply(new: ProvenKey) -> LinkReply {
        let secrets = secrets();
        let key = secrets.identity_key();
        let identity = Fixed(secrets.identity().0);
        let list = DeviceList::first(identity, device(1)).with(new);
        let Some((list, serial)) = list.ok() else { panic!("room for two") };
        let certificate = DeviceCertificate { identity, device: new.key, serial, created: 5 };
        let (Ok(certificate), Ok(devices)) = (Signed::sign(certificate, &key), Signed::sign(list, &key)) else {
            panic!("good objects")
        };
        LinkReply { secrets, certificate, devices, node: "https://node.example".to_owned() }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let text = code().text().0.clone();
        assert_eq!(text, "https://node.example/000G-40R4-ZFYF-VZQZ");
        for typed in [text.as_str(), "node.example/ooog 40r4 zfyfvzqz ", "https://NODE.example/OOOG40R4-ZFYF-VZQZ"] {
            assert!(
                LinkCode::parse(typed).is_ok_and(|read| read.secret == code().secret && read.node == code().node),
                "{typed}"
            );
        }
        for (typed, fault) in [
            ("000G-40R4-ZFYF-VZQZ", LinkFault::Form),
            ("node.example/000G-40R4-ZFYF-VZQ", LinkFault::Form),
            ("node.example/000G-40R4-ZFYF-VZQU", LinkFault::Form),
            ("http://node.example/000G-40R4-ZFYF-VZQZ", LinkFault::Node),
        ] {
            assert_eq!(LinkCode::parse(typed).err(), Some(fault), "{typed}");
        }
    }

    #[test]
    fn a_device_is_linked() {
        let mut random = StdRng::seed_from_u64(9);
        let (secret, agree) = agree_key(&mut random);
        let offer = code().seal_offer(&secrets().identity(), &mut random);
        assert!(code().open_offer(&offer).is_ok_and(|identity| identity == secrets().identity()));
        let request = request(4, agree, "Laptop");
        let sealed = code().seal_request(&request, &mut random);
        assert!(code().open_request(&sealed) == Ok(request.clone()));
        assert!(code().check_number(&request).is_ok_and(|check| check.len() == 8));
        let other = LinkCode::generate("https://node.example".to_owned(), &mut random);
        assert!(other.open_request(&sealed).is_err());

        let Ok(sealed) = code().seal_reply(&request, &reply(device(4)), &mut random) else { panic!("a good reply") };
        assert!(sealed.len() <= EXCHANGE_BYTES_MAX);
        let opened = code().open_reply(&request, &secret, &sealed);
        assert!(
            opened.is_ok_and(|reply| reply.secrets.identity() == secrets().identity() && reply.certificate.serial == 2)
        );
        assert_eq!(code().open_reply(&request, &[9; 32], &sealed).err(), Some(LinkFault::Unreadable));
        assert_eq!(other.open_reply(&request, &secret, &sealed).err(), Some(LinkFault::Unreadable));
        let stranger = LinkRequest { agree, ..self::request(5, agree, "Laptop") };
        let unproven = LinkRequest { proof: device(5).proof.0, ..request.clone() };
        assert_eq!(code().seal_reply(&unproven, &reply(device(4)), &mut random).err(), Some(LinkFault::Reply));
        assert_eq!(
            code().open_reply(&stranger, &secret, &sealed).err(),
            Some(LinkFault::Reply),
            "certified another device"
        );
        assert_eq!(code().seal_reply(&stranger, &reply(device(4)), &mut random).err(), Some(LinkFault::Reply));
        let weak = LinkRequest { agree: [0; 32], ..request };
        assert_eq!(code().seal_reply(&weak, &reply(device(4)), &mut random).err(), Some(LinkFault::Reply));
    }

    proptest! {
        #[test]
        fn all_codes_lead_back(secret: [u8; 10]) {
            let code = LinkCode { secret: LinkSecret(secret), ..code() };
            prop_assert!(LinkCode::parse(&code.text().0).is_ok_and(|read| read.secret == code.secret));
        }

        #[test]
        fn anything_is_answered(text in "\\PC{0,60}", bytes: Vec<u8>) {
            let _ = LinkCode::parse(&text);
            let _ = LinkCode::parse(&format!("node.example/{text}"));
            let _ = read_request(&bytes);
            let request = request(4, [1; 32], "");
            prop_assert!(code().open_offer(&bytes).is_err());
            prop_assert!(code().open_reply(&request, &[1; 32], &bytes).is_err());
        }
    }
}
