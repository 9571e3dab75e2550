//! Phrases, keys, signed objects, device lists, safety numbers.

use super::{good, hex, shown};
use crate::keys::{Secrets, box_public, room_access_key};
use crate::phrase::Phrase;
use crate::safety::{safety_code, safety_number};
use crate::view::{GroupId, Identity};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tidings_wire::certificate::{DeviceCertificate, mark};
use tidings_wire::device_list::{DeviceList, Freshness, GoneDevice, ListedDevice, ProvenKey};
use tidings_wire::{Blob, Fixed, Signed, cbor};

const PHRASES: [&str; 3] = [
    "test test test test test test test test test test test junk",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
];

pub(super) fn secrets() -> Secrets {
    good(Secrets::from_phrase(&good(Phrase::parse(PHRASES[0]))))
}

pub(super) fn keys() -> Value {
    let group = GroupId([0x11; 16]);
    let phrase = |words: &&str| {
        let phrase = good(Phrase::parse(words));
        let secrets = good(Secrets::from_phrase(&phrase));
        let access = secrets.access_key(&[0x33; 16]);
        json!({
            "phrase": words,
            "seed": hex(*phrase.seed()),
            "secrets": shown(&cbor::encode(&secrets)),
            "identity": hex(secrets.identity().0),
            "wallet_address": secrets.wallet_address(),
            "wallet_checksummed": secrets.wallet_checksummed(),
            "box_public_base64": box_public(secrets.box_secret()),
            "inbox_public": hex(secrets.inbox_public()),
            "profile_key": hex(secrets.profile_key()),
            "access_seed": hex(access.to_bytes()),
            "access_public": hex(access.verifying_key().to_bytes()),
        })
    };
    let room = room_access_key(&group, &[0x22; 32]);
    json!({
        "about": "identity.md, Phrase and keys. access_*: for the salt below. room: conversations.md, Joining",
        "salt": hex([0x33; 16]),
        "phrases": PHRASES.iter().map(phrase).collect::<Vec<_>>(),
        "room": { "group": hex(group.0), "seal": hex([0x22; 32]), "access_seed": hex(room.to_bytes()), "access_public": hex(room.verifying_key().to_bytes()) },
    })
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn certificate() -> DeviceCertificate {
    let identity = Fixed(key().verifying_key().to_bytes());
    let device = Fixed(SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes());
    DeviceCertificate { identity, device, serial: 1, created: 1_700_000_000_000 }
}

/// The signed object of any body under any label, whether it is right or not.
fn forged(label: &str, body: &[u8]) -> Vec<u8> {
    let signature = key().sign(&[b"tidings/1 ", label.as_bytes(), &[0], body].concat());
    cbor::encode(&(Blob(body.to_vec()), Fixed(signature.to_bytes())))
}

pub(super) fn signed() -> Value {
    let body = cbor::encode(&certificate());
    let object = good(Signed::sign(certificate(), &key())).into_bytes();
    assert_eq!(object, forged("device", &body));
    let mut flipped = object.clone();
    flipped[40] ^= 1;
    let mut neutral = [0; 64];
    neutral[0] = 1;
    let mut point = [0; 32];
    point[0] = 1;
    let weak = cbor::encode(&DeviceCertificate { identity: Fixed(point), ..certificate() });
    let own = cbor::encode(&DeviceCertificate { device: certificate().identity, ..certificate() });
    let refused = [
        ("signed under another label", forged("devices", &body)),
        ("a bit was changed", flipped),
        ("something follows", [object.as_slice(), &[0]].concat()),
        ("a third part", cbor::encode(&(Blob(body.clone()), Fixed([0u8; 64]), 1))),
        ("a key of small order, for which this signature fits everything", cbor::encode(&(Blob(weak), Fixed(neutral)))),
        ("the device key is the identity key", forged("device", &own)),
        ("the body is of another kind", forged("device", &cbor::encode(&7))),
    ];
    let refuse = |(why, object): &(&str, Vec<u8>)| {
        assert!(Signed::<DeviceCertificate>::verify(object).is_err(), "{why}");
        json!({ "why": why, "object": hex(object) })
    };
    json!({
        "about": "README.md, Notation: a device certificate as a signed object, and what a reader refuses in its place",
        "label": "device",
        "identity_seed": hex(key().to_bytes()),
        "value": shown(&body),
        "body": hex(&body),
        "object": hex(&object),
        "device_mark": hex(mark(&certificate().device.0).0),
        "refused": refused.iter().map(refuse).collect::<Vec<_>>(),
    })
}

/// Which lists are joined, by name.
const JOINED: [(&str, &str); 6] = [
    ("here", "there"),
    ("there", "here"),
    ("here", "there_without"),
    ("joined", "there_without"),
    ("joined", "here"),
    ("second", "fork"),
];

fn of_list() -> Fixed<32> {
    Fixed(key().verifying_key().to_bytes())
}

fn proven(n: u8) -> ProvenKey {
    ProvenKey::new(&SigningKey::from_bytes(&[n; 32]), &of_list())
}

fn listed(n: u8, serial: u64) -> ListedDevice {
    let ProvenKey { key, proof } = proven(n);
    ListedDevice { key, serial, proof }
}

fn gone(n: u8, serial: u64) -> GoneDevice {
    GoneDevice { serial, key: proven(n).key }
}

fn list(counter: u64, next: u64, devices: Vec<ListedDevice>, gone: Vec<GoneDevice>) -> DeviceList {
    DeviceList { identity: of_list(), counter, next, devices, gone }
}

/// Lists by name; the first four are one line.
fn named_lists() -> Vec<(&'static str, DeviceList)> {
    let first = DeviceList::first(of_list(), proven(1));
    let (second, _) = good(first.with(proven(2)));
    let third = good(second.without(1));
    let (later, _) = good(third.with(proven(4)));
    let (fork, _) = good(first.with(proven(3)));
    // Two sides of a node that had forgotten: the third device of one, and of the other, which then loses it.
    let (here, _) = good(second.with(proven(3)));
    let (there, _) = good(second.with(proven(4)));
    let there_without = good(there.without(3));
    let joined = good(here.joined(&there));
    let revived = list(4, 3, second.devices.clone(), vec![]);
    vec![
        ("first", first),
        ("second", second),
        ("third", third),
        ("later", later),
        ("revived", revived),
        ("renumbered", list(4, 4, vec![listed(2, 2), listed(1, 3)], vec![])),
        ("forgotten", list(4, 3, vec![listed(2, 2)], vec![])),
        ("silent", list(3, 3, vec![listed(2, 2)], vec![])),
        ("swapped", list(4, 3, vec![listed(9, 2)], vec![gone(1, 1)])),
        ("fallen", list(4, 2, vec![], vec![gone(1, 1)])),
        ("fork", fork),
        ("here", here),
        ("there", there),
        ("there_without", there_without),
        ("joined", joined),
    ]
}

/// Lists that nobody takes, and why.
fn refused_lists() -> [(&'static str, DeviceList); 5] {
    // As signed as any, but the device agreed to be another identity's.
    let strange = ProvenKey::new(&SigningKey::from_bytes(&[1; 32]), &Fixed([9; 32]));
    let with = |gone| list(4, 4, vec![listed(1, 1)], gone);
    [
        ("a device has not signed that it is this identity's", DeviceList::first(of_list(), strange)),
        ("a removed device is listed", list(4, 4, vec![listed(1, 3)], vec![gone(1, 1)])),
        ("removed devices are not in their order", with(vec![gone(2, 3), gone(3, 2)])),
        ("a device was removed twice", with(vec![gone(2, 2), gone(2, 3)])),
        ("a device was removed that was not there yet", with(vec![gone(2, 4)])),
    ]
}

pub(super) fn device_lists() -> Value {
    let lists = named_lists();
    let show = |(name, list): &(&str, DeviceList)| {
        let object = good(Signed::sign(list.clone(), &key()));
        json!({ "name": name, "object": hex(object.bytes()), "value": shown(&cbor::encode(list)) })
    };
    let judge = |(known_name, known): &(&str, DeviceList), (name, list): &(&str, DeviceList)| {
        let reader = match list.against(known) {
            Ok(Freshness::Same) => "same",
            Ok(Freshness::Newer) => "newer",
            Err(_) => "refused",
        };
        json!({ "known": known_name, "found": name, "reader": reader, "node_stores": list.succeeds(known).is_ok() })
    };
    let pairs = lists.iter().take(4).flat_map(|known| lists.iter().map(move |list| judge(known, list)));
    let named = |name: &str| lists.iter().find(|(of, _)| *of == name).map(|(_, list)| list.clone());
    let join = |(one, other): &(&str, &str)| {
        let joined = named(one).zip(named(other)).map(|(list, with)| good(list.joined(&with)));
        json!({ "one": one, "other": other, "value": joined.map(|joined| shown(&cbor::encode(&joined))) })
    };
    let refuse = |(why, list): &(&str, DeviceList)| {
        let object = forged("devices", &cbor::encode(list));
        assert!(Signed::<DeviceList>::verify(&object).is_err(), "{why}");
        json!({ "why": why, "object": hex(object) })
    };
    json!({
        "about": "identity.md, Device list: signed lists (label devices), and what a reader and a node say who know another",
        "lists": lists.iter().map(show).collect::<Vec<_>>(),
        "judged": pairs.collect::<Vec<_>>(),
        "joined": JOINED.iter().map(join).collect::<Vec<_>>(),
        "refused": refused_lists().iter().map(refuse).collect::<Vec<_>>(),
    })
}

pub(super) fn safety() -> Value {
    let pairs = [([1; 32], [2; 32]), ([2; 32], [1; 32]), (secrets().identity().0, certificate().identity.0)];
    let show = |(one, other): &([u8; 32], [u8; 32])| {
        let (a, b) = (Identity(*one), Identity(*other));
        json!({ "one": hex(one), "other": hex(other), "number": safety_number(&a, &b), "code": safety_code(&a, &b) })
    };
    json!({ "about": "identity.md, Safety number", "pairs": pairs.iter().map(show).collect::<Vec<_>>() })
}
