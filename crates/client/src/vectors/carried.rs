//! Links, invitations, linking, parcels, the profile.

use super::person::secrets;
use super::{Counting, good, hex, shown};
use crate::card::Card;
use crate::command::Secret;
use crate::conversation::step::ParcelBody;
use crate::invitation::{AccountLink, Answer, Invitation, InvitationLink, Offer, RoomLink};
use crate::keys::x25519_public;
use crate::link::{LinkCode, LinkReply, LinkRequest, LinkSecret};
use crate::parcel::{self, Parcel};
use crate::profile::{Archived, Document, Name, write_archive};
use crate::view::{GroupId, Identity};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::{DeviceList, ProvenKey};
use tidings_wire::{Fixed, Signed, cbor};

const NODE: &str = "https://node.example:8443";

struct Person {
    key: SigningKey,
    card: Signed<Card>,
    devices: Signed<DeviceList>,
}

fn person(n: u8, name: &str) -> Person {
    let key = SigningKey::from_bytes(&[n; 32]);
    let identity = Identity(key.verifying_key().to_bytes());
    let inbox = x25519_public(&[n; 32]);
    let card = Card {
        identity,
        node: NODE.to_owned(),
        inbox,
        name: name.to_owned(),
        picture: None,
        counter: 1,
        posting: Some([n; 32]),
    };
    let device = ProvenKey::new(&SigningKey::from_bytes(&[n.wrapping_add(100); 32]), &Fixed(identity.0));
    let devices = DeviceList::first(Fixed(identity.0), device);
    Person { card: good(Signed::sign(card, &key)), devices: good(Signed::sign(devices, &key)), key }
}

fn signed(object: &[u8]) -> Value {
    let (body, _): (tidings_wire::Blob, Fixed<64>) = good(cbor::decode(object, usize::MAX));
    json!({ "object": hex(object), "value": shown(&body.0) })
}

pub(super) fn links() -> Value {
    let secret = Invitation([0x44; 16]);
    let token = Some(Secret("TOKEN-1".to_owned()));
    let invitation = |token: Option<Secret>| {
        InvitationLink { node: NODE.to_owned(), secret: secret.clone(), token }.text().0.clone()
    };
    let room = RoomLink { hub: NODE.to_owned(), group: GroupId([0x11; 16]), seal: [0x22; 32] };
    let code = LinkCode { node: NODE.to_owned(), secret: LinkSecret([0, 1, 2, 3, 4, 0xfb, 0xfc, 0xfd, 0xfe, 0xff]) };
    let agree = x25519_public(&[0x55; 32]);
    let secrets = secrets();
    let identity = Fixed(secrets.identity().0);
    let [first, device] = [1, 0x66].map(|n| ProvenKey::new(&SigningKey::from_bytes(&[n; 32]), &identity));
    let request = LinkRequest { device: device.key.0, agree, name: "Laptop".to_owned(), proof: device.proof.0 };
    let offer = code.seal_offer(&secrets.identity(), &mut Counting(0));
    let (list, serial) = good(DeviceList::first(identity, first).with(device));
    let certificate = DeviceCertificate { identity, device: Fixed(request.device), serial, created: 5 };
    let certificate = good(Signed::sign(certificate, &secrets.identity_key()));
    let devices = good(Signed::sign(list, &secrets.identity_key()));
    let reply = LinkReply { secrets, certificate, devices, node: NODE.to_owned() };
    json!({
        "about": "contacts.md, Invitation; conversations.md, Joining; identity.md, Linking a device with a code. Nonces and the ephemeral secret are 00, 01, 02, …",
        "invitation": {
            "secret": hex(secret.0), "link": invitation(None), "token": "TOKEN-1", "link_with_token": invitation(token), "account_link": AccountLink { node: NODE.to_owned(), token: Secret("TOKEN-1".to_owned()) }.text().0.clone(), "exchange": hex(secret.exchange_id()),
        },
        "room": { "group": hex(room.group.0), "seal": hex(room.seal), "link": room.text().0.clone() },
        "linking": {
            "secret": hex(code.secret.0), "code": code.text().0.clone(), "exchange": hex(code.exchange_id()), "agree_secret": hex([0x55; 32]),
            "offer": hex(offer), "request": hex(code.seal_request(&request, &mut Counting(0))), "request_value": shown(&cbor::encode(&request)), "check": good(code.check_number(&request)),
            "reply": hex(good(code.seal_reply(&request, &reply, &mut Counting(0)))), "reply_value": shown(&cbor::encode(&reply)),
        },
    })
}

pub(super) fn invitations() -> Value {
    let secret = Invitation([0x44; 16]);
    let (ada, bob) = (person(1, "Ada"), person(2, "Bob"));
    let exchange = secret.exchange_id();
    let packages = vec![b"a key package".to_vec()];
    let offer = Offer {
        exchange,
        card: ada.card.clone(),
        devices: ada.devices,
        packages,
        expires: 1_700_000_000_000,
        incarnation: 1,
    };
    let (to, welcome, group, hub) =
        (Fixed(ada.card.identity.0), b"a welcome".to_vec(), GroupId([0x11; 16]), NODE.to_owned());
    let answer = Answer { exchange, to, card: bob.card.clone(), devices: bob.devices, welcome, group, hub };
    let (offer, answer) = (good(Signed::sign(offer, &ada.key)), good(Signed::sign(answer, &bob.key)));
    json!({
        "about": "contacts.md, Card and Invitation. The nonces are 00, 01, 02, …",
        "secret": hex(secret.0),
        "card": signed(ada.card.bytes()),
        "offer": signed(offer.bytes()),
        "sealed_offer": hex(secret.seal_offer(&offer, &mut Counting(0))),
        "answer": signed(answer.bytes()),
        "sealed_answer": hex(secret.seal_answer(&answer, &mut Counting(0))),
    })
}

pub(super) fn parcels() -> Value {
    let (ada, bob) = (person(1, "Ada"), person(2, "Bob"));
    let welcome = ParcelBody::Welcome {
        devices: Vec::new(),
        welcome: b"a welcome".to_vec(),
        group: [0x11; 16],
        hub: NODE.to_owned(),
        turn: 1,
        number: 2,
    };
    let bodies = [
        Some(welcome),
        Some(ParcelBody::Card(ada.card.bytes().to_vec())),
        Some(ParcelBody::Devices(ada.devices.bytes().to_vec())),
        Some(ParcelBody::Knock([0x11; 16])),
        Some(ParcelBody::Left { group: [0x11; 16], since: 3 }),
        Some(ParcelBody::Member { group: [0x11; 16], roster: b"roster".to_vec(), devices: Vec::new() }),
        None,
    ];
    let show = |body: Option<ParcelBody>| {
        let parcel = Parcel { from: ada.card.identity, to: bob.card.identity, at: 1_700_000_000_000, body };
        let parcel = good(Signed::sign(parcel, &ada.key));
        let sealed = good(parcel::seal(&parcel, &bob.card.inbox, &mut Counting(0)));
        json!({ "signed": signed(parcel.bytes()), "sealed": hex(sealed) })
    };
    json!({
        "about": "contacts.md, Parcels: to an inbox with this X25519 secret. The last one is of a newer kind",
        "inbox_secret": hex([2; 32]),
        "recipient": hex(bob.card.identity.0),
        "parcels": bodies.into_iter().map(show).collect::<Vec<_>>(),
    })
}

pub(super) fn profile() -> Value {
    let secrets = secrets();
    let contact = Name::Contact(Identity([9; 32]));
    let mut one = Document { counter: 7, device: [1; 8], ..Document::default() };
    one.set(&Name::Me, Some(b"me".to_vec()), 100, [1; 8]);
    one.set(&contact, Some(b"nine".to_vec()), 100, [1; 8]);
    let mut other = one.clone();
    other.counter = 8;
    one.set(&contact, None, 110, [1; 8]);
    one.set(&Name::Me, Some(b"same time".to_vec()), 105, [1; 8]);
    other.set(&contact, Some(b"NINE".to_vec()), 109, [2; 8]);
    other.set(&Name::Me, Some(b"higher mark".to_vec()), 105, [2; 8]);
    other.set(&Name::History(GroupId([0x11; 16]), 0), Some(b"archive".to_vec()), 90, [2; 8]);
    let mut merged = one.clone();
    merged.merge(&other);
    let archived = Archived { message: b"CBOR".to_vec(), device: [2; 32], identity: Identity([3; 32]), received: 4 };
    let sealed = good(one.seal(&secrets.profile_key(), &secrets.identity(), &mut Counting(0)));
    json!({
        "about": "profile.md. Merging `one` and `other` gives `merged`, but for `device`, which names who stores it. The nonce is 00, 01, 02, …",
        "profile_key": hex(secrets.profile_key()),
        "identity": hex(secrets.identity().0),
        "one": super::both(&one),
        "other": super::both(&other),
        "merged": super::both(&merged),
        "sealed_one": hex(sealed),
        "archive": { "cbor": hex(good(write_archive(std::slice::from_ref(&archived)))), "value": shown(&good(write_archive(&[archived]))) },
    })
}
