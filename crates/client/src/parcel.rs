//! Parcels (docs/protocol/contacts.md, Parcels): what a contact puts into an inbox, sealed to the inbox and signed by the sender.

use crate::conversation::step::ParcelBody;
use crate::io::Time;
use crate::sealing::{pad, unpad};
use crate::view::Identity;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand::Rng;
use rand::rand_core::{TryCryptoRng, TryRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::convert::Infallible;
use thiserror::Error;
use tidings_wire::api::PARCEL_BYTES_MAX;
use tidings_wire::signed::{Body, SignedError};
use tidings_wire::{Blob, Fixed, Signed};

/// HPKE's info.
const INFO: &[u8] = b"tidings/1 parcel";
/// Bytes of an encapsulated key.
const ENCAPSULATED: usize = 32;

/// Why a parcel was not sealed or is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParcelError {
    /// The recipient's inbox key is none.
    #[error("the recipient's inbox key can't be used")]
    Key,
    /// It can't be opened with this inbox key by this identity.
    #[error("the parcel can't be opened")]
    Unreadable,
    /// It is for somebody else.
    #[error("the parcel is for somebody else")]
    Recipient,
    /// Not a good signed parcel.
    #[error(transparent)]
    Signed(#[from] SignedError),
}

/// A parcel. Signed by the sender with the label `parcel`.
#[derive(Clone)]
pub struct Parcel {
    /// Who sends it.
    pub from: Identity,
    /// Who shall read it.
    pub to: Identity,
    /// The sender's clock, in milliseconds.
    pub at: Time,
    /// What it carries; none if it is of a kind that this version does not know.
    pub body: Option<ParcelBody>,
}

impl Body for Parcel {
    const LABEL: &'static str = "parcel";
    /// So that it fits into a parcel once padded and sealed.
    const BYTES_MAX: usize = PARCEL_BYTES_MAX - 32 * 1024;

    fn signer(&self) -> Fixed<32> {
        Fixed(self.from.0)
    }

    fn check(&self) -> Result<(), &'static str> {
        let hub = match &self.body {
            Some(ParcelBody::Welcome { hub, .. }) => crate::node_url::is_node_url(hub),
            _ => true,
        };
        if hub { Ok(()) } else { Err("the welcome names no hub") }
    }
}

/// A parcel as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    from: Identity,
    to: Identity,
    at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    welcome: Option<WrittenWelcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card: Option<Blob>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    devices: Option<Blob>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    knock: Option<WrittenKnock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<WrittenSalt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<WrittenLeft>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<WrittenMember>,
}

#[derive(Serialize, Deserialize)]
struct WrittenWelcome {
    welcome: Blob,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    devices: Vec<Blob>,
    group: Fixed<16>,
    hub: String,
    turn: u64,
    number: u64,
}

#[derive(Serialize, Deserialize)]
struct WrittenKnock {
    group: Fixed<16>,
}

#[derive(Serialize, Deserialize)]
struct WrittenLeft {
    group: Fixed<16>,
    since: u64,
}

#[derive(Serialize, Deserialize)]
struct WrittenMember {
    group: Fixed<16>,
    roster: Blob,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    devices: Vec<Blob>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSalt {
    group: Fixed<16>,
    salt: Fixed<16>,
}

fn blobs(lists: Vec<Vec<u8>>) -> Vec<Blob> {
    lists.into_iter().map(Blob).collect()
}

fn bytes(lists: Vec<Blob>) -> Vec<Vec<u8>> {
    lists.into_iter().map(|list| list.0).collect()
}

impl Serialize for Parcel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { from, to, at, .. } = *self;
        let (welcome, card, devices, knock) = (None, None, None, None);
        let (salt, left, member) = (None, None, None);
        let mut written = Written { from, to, at, welcome, card, devices, knock, salt, left, member };
        match self.body.clone() {
            Some(ParcelBody::Welcome { welcome, group, hub, turn, number, devices }) => {
                let (welcome, group, devices) = (Blob(welcome), Fixed(group), blobs(devices));
                written.welcome = Some(WrittenWelcome { welcome, group, hub, turn, number, devices });
            }
            Some(ParcelBody::Card(card)) => written.card = Some(Blob(card)),
            Some(ParcelBody::Devices(devices)) => written.devices = Some(Blob(devices)),
            Some(ParcelBody::Knock(group)) => written.knock = Some(WrittenKnock { group: Fixed(group) }),
            Some(ParcelBody::Salt { group, salt }) => {
                written.salt = Some(WrittenSalt { group: Fixed(group), salt: Fixed(salt) });
            }
            Some(ParcelBody::Member { group, roster, devices }) => {
                let (group, roster, devices) = (Fixed(group), Blob(roster), blobs(devices));
                written.member = Some(WrittenMember { group, roster, devices });
            }
            Some(ParcelBody::Left { group, since }) => written.left = Some(WrittenLeft { group: Fixed(group), since }),
            None => {}
        }
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Parcel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { from, to, at, welcome, card, devices, knock, salt, left, member } =
            Written::deserialize(deserializer)?;
        let welcome = welcome.map(|WrittenWelcome { welcome, group, hub, turn, number, devices }| {
            ParcelBody::Welcome { devices: bytes(devices), welcome: welcome.0, group: group.0, hub, turn, number }
        });
        let bodies = [
            welcome,
            card.map(|card| ParcelBody::Card(card.0)),
            devices.map(|devices| ParcelBody::Devices(devices.0)),
            knock.map(|knock| ParcelBody::Knock(knock.group.0)),
            salt.map(|told| ParcelBody::Salt { group: told.group.0, salt: told.salt.0 }),
            left.map(|left| ParcelBody::Left { group: left.group.0, since: left.since }),
            member.map(|member| ParcelBody::Member {
                group: member.group.0,
                roster: member.roster.0,
                devices: bytes(member.devices),
            }),
        ];
        let mut bodies = bodies.into_iter().flatten();
        let body = bodies.next();
        if bodies.next().is_some() {
            return Err(de::Error::custom("a parcel carries one thing"));
        }
        Ok(Self { from, to, at, body })
    }
}

/// The caller's randomness, for HPKE.
struct Drawn<'a>(&'a mut dyn Rng);

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

/// Seals a parcel to the recipient's inbox key. Fails with [`ParcelError::Key`] if that is no good key.
pub fn seal(parcel: &Signed<Parcel>, inbox: &[u8; 32], random: &mut dyn Rng) -> Result<Vec<u8>, ParcelError> {
    let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(inbox).map_err(|_| ParcelError::Key)?;
    let padded = pad(parcel.bytes());
    let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        INFO,
        &padded,
        &parcel.to.0,
        &mut Drawn(random),
    )
    .map_err(|_| ParcelError::Key)?;
    Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
}

/// Opens a parcel for `me`: checks the seal, the signature, and for whom it is. Whether the sender is a contact is the caller's affair.
pub fn open(inbox_secret: &[u8; 32], me: &Identity, bytes: &[u8]) -> Result<Signed<Parcel>, ParcelError> {
    if bytes.len() > PARCEL_BYTES_MAX {
        return Err(ParcelError::Unreadable);
    }
    let (encapsulated, sealed) = bytes.split_at_checked(ENCAPSULATED).ok_or(ParcelError::Unreadable)?;
    let encapsulated =
        <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| ParcelError::Unreadable)?;
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(inbox_secret).map_err(|_| ParcelError::Key)?;
    let padded = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        INFO,
        sealed,
        &me.0,
    )
    .map_err(|_| ParcelError::Unreadable)?;
    let parcel = Signed::<Parcel>::verify(&unpad(padded).ok_or(ParcelError::Unreadable)?)?;
    if parcel.to == *me { Ok(parcel) } else { Err(ParcelError::Recipient) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::x25519_public;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const ME: Identity = Identity([2; 32]);
    const SECRET: [u8; 32] = [3; 32];

    fn parcel(body: Option<ParcelBody>) -> Signed<Parcel> {
        let key = SigningKey::from_bytes(&[7; 32]);
        let parcel = Parcel { from: Identity(key.verifying_key().to_bytes()), to: ME, at: 5, body };
        let Ok(signed) = Signed::sign(parcel, &key) else { panic!("a good parcel") };
        signed
    }

    fn welcome(hub: &str) -> ParcelBody {
        let (hub, devices) = (hub.to_owned(), vec![vec![5; 300]; 50]);
        ParcelBody::Welcome { welcome: vec![1; 900_000], group: [4; 16], hub, turn: 1, number: 2, devices }
    }

    #[test]
    fn parcels_reach_their_recipient_and_nobody_else() {
        let mut random = StdRng::seed_from_u64(5);
        let bodies = [
            welcome("https://hub.example"),
            ParcelBody::Card(vec![1]),
            ParcelBody::Devices(vec![2]),
            ParcelBody::Knock([4; 16]),
            ParcelBody::Salt { group: [4; 16], salt: [5; 16] },
            ParcelBody::Left { group: [4; 16], since: 6 },
            ParcelBody::Member { group: [4; 16], roster: vec![7; 500], devices: vec![vec![8; 300]] },
        ];
        for body in bodies.into_iter().map(Some).chain([None]) {
            let parcel = parcel(body);
            let Ok(sealed) = seal(&parcel, &x25519_public(&SECRET), &mut random) else { panic!("a good key") };
            assert!(sealed.len() <= PARCEL_BYTES_MAX);
            assert!(open(&SECRET, &ME, &sealed).is_ok_and(|read| read == parcel));
            assert_eq!(open(&[9; 32], &ME, &sealed).err(), Some(ParcelError::Unreadable));
            assert_eq!(open(&SECRET, &Identity([9; 32]), &sealed).err(), Some(ParcelError::Unreadable));
            let mut changed = sealed.clone();
            changed[40] ^= 1;
            assert_eq!(open(&SECRET, &ME, &changed).err(), Some(ParcelError::Unreadable));
        }
    }

    #[test]
    fn a_parcel_carries_one_thing_to_its_recipient() {
        use ciborium::{Value, cbor};
        let bytes = |byte: u8| Value::Bytes(vec![byte; 32]);
        let Ok(two) =
            cbor!({ "from" => bytes(1), "to" => bytes(2), "at" => 1, "card" => bytes(1), "devices" => bytes(1) })
        else {
            panic!("a value")
        };
        assert!(tidings_wire::cbor::decode::<Parcel>(&tidings_wire::cbor::encode(&two), 500).is_err());
        let Ok(newer) = cbor!({ "from" => bytes(1), "to" => bytes(2), "at" => 1, "wave" => {} }) else {
            panic!("a value")
        };
        let read = tidings_wire::cbor::decode::<Parcel>(&tidings_wire::cbor::encode(&newer), 500);
        assert!(read.is_ok_and(|parcel| parcel.body.is_none()));
        let key = SigningKey::from_bytes(&[7; 32]);
        let bad = Parcel { body: Some(welcome("hub.example")), ..parcel(None).into_body() };
        assert!(Signed::sign(bad, &key).is_err());
    }

    #[test]
    fn a_key_of_small_order_seals_nothing() {
        let mut random = StdRng::seed_from_u64(6);
        assert_eq!(seal(&parcel(None), &[0; 32], &mut random).err(), Some(ParcelError::Key));
        assert_eq!(open(&SECRET, &ME, &[0; 400]).err(), Some(ParcelError::Unreadable));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            prop_assert!(open(&SECRET, &ME, &bytes).is_err());
        }
    }
}
