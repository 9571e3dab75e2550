//! Padding, sealing, entries, blobs, signatures of requests.

use super::{Counting, good, hex};
use crate::blob::{PIECE, pieces, seal_piece, sealed_size};
use crate::entry::{EntryKey, Info, PassphraseKey, Payload, fork_tag};
use crate::sealing::{hkdf, pad, padded_length, seal};
use crate::view::GroupId;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidings_wire::Fixed;
use tidings_wire::live::{Followed, True};
use tidings_wire::signature::{Parts, sign};

pub(super) fn sealing() -> Value {
    let lengths = [0, 1, 255, 256, 511, 512, 1023, 4096, 16_383, 16_384, 32_767, 32_768, 100_000, 1_000_000];
    let length = |length: &usize| json!({ "plain": length, "padded": padded_length(*length) });
    let sealed = |plain: &[u8]| {
        let made = seal(&[3; 32], b"purpose", plain, &mut Counting(0));
        json!({ "key": hex([3; 32]), "aad": hex("purpose"), "plain": hex(plain), "sealed": hex(made) })
    };
    let with = |content: &[u8], length: usize| hex([content, &vec![0; length - content.len()]].concat());
    json!({
        "about": "README.md, Notation. The nonces are 00, 01, 02, …",
        "hkdf": { "salt": hex("salt"), "secret": hex("secret"), "info": hex("info"), "output": hex(hkdf(b"salt", b"secret", b"info")) },
        "lengths": lengths.iter().map(length).collect::<Vec<_>>(),
        "padded": { "plain": hex("hello"), "padded": hex(pad(b"hello")) },
        "not_padded": [with(&[1, 0x80], 512), with(&[1, 0x81], 256), with(&[], 256), with(&[0x80], 300)],
        "sealed": [sealed(b""), sealed(b"hello"), sealed(&[0x80; 300])],
    })
}

pub(super) fn entries() -> Value {
    let group = GroupId([0x11; 16]);
    let payload = Payload { epoch: 3, tag: fork_tag(b"authenticator"), mls: b"an MLSMessage".to_vec() };
    let info = Info { turn: 4, epoch: 5, tag: fork_tag(b"next authenticator"), info: b"a GroupInfo".to_vec() };
    let passphrase = good(PassphraseKey::derive("open sesame", &group));
    let keys = [
        (None, EntryKey::unlocked(&group, &[0x22; 32])),
        (Some("open sesame"), EntryKey::locked(&group, &[0x22; 32], &passphrase)),
    ];
    let show = |(passphrase, key): &(Option<&str>, EntryKey)| {
        json!({
            "passphrase": passphrase,
            "entry": hex(key.seal_entry(&group, &[0x33; 16], &payload, &mut Counting(0))),
            "info": hex(key.seal_info(&group, &info, &mut Counting(0))),
        })
    };
    json!({
        "about": "conversations.md, Entries and turns. The nonces are 00, 01, 02, …",
        "group": hex(group.0),
        "seal": hex([0x22; 32]),
        "entry_id": hex([0x33; 16]),
        "epoch_authenticator": hex("authenticator"),
        "payload": { "epoch": 3, "tag": hex(payload.tag), "mls": hex(&payload.mls) },
        "info": { "turn": 4, "epoch": 5, "tag": hex(info.tag), "info": hex(&info.info) },
        "sealed": keys.iter().map(show).collect::<Vec<_>>(),
    })
}

pub(super) fn blobs() -> Value {
    let piece = PIECE as u64;
    let sizes = [0, 1, piece, piece + 1, 5 * piece, 7 * piece, 1600 * piece];
    let size = |size: &u64| json!({ "size": size, "pieces": pieces(*size), "sealed": sealed_size(*size) });
    let sealed = |(index, last, content): &(u32, bool, &[u8])| {
        let made = seal_piece(&[4; 32], *index, *last, content);
        json!({ "index": index, "last": last, "content": hex(content), "length": made.len(), "begins": hex(&made[..32]), "sha256": hex(Sha256::digest(&made)) })
    };
    let made: [(u32, bool, &[u8]); 3] = [(0, false, b"hello"), (0, true, b"hello"), (258, true, b"")];
    json!({
        "about": "messages.md, Blobs. Contents are padded with zeros to 65,536 bytes",
        "key": hex([4; 32]),
        "sizes": sizes.iter().map(size).collect::<Vec<_>>(),
        "pieces": made.iter().map(sealed).collect::<Vec<_>>(),
    })
}

pub(super) fn requests() -> Value {
    let key = SigningKey::from_bytes(&[5; 32]);
    let request = |method: &'static str, path: &'static str, query: &'static str, body: Option<&'static str>| {
        let parts = Parts { method, authority: "node.example:8443", path, query, body: body.map(str::as_bytes) };
        let headers = sign(&key, &parts, 1_700_000_000, &Fixed([6; 16]));
        json!({
            "method": method, "authority": parts.authority, "path": path, "query": query, "body": body,
            "content-digest": headers.content_digest, "signature-input": headers.input, "signature": headers.signature,
        })
    };
    let follow = |stream: Followed, name: &str| {
        let bytes = stream.signed_bytes(&Fixed([9; 32]), "node.example:8443");
        json!({ "stream": name, "bytes": hex(&bytes), "signature": hex(key.sign(&bytes).to_bytes()) })
    };
    json!({
        "about": "node.md, Signatures and Live",
        "seed": hex(key.to_bytes()),
        "created": 1_700_000_000,
        "nonce": hex([6; 16]),
        "requests": [
            request("GET", "/v1/inbox", "after=7&limit=100", None),
            request("GET", "/v1/account", "", None),
            request("POST", "/v1/inbox/taken", "", Some("{\"number\":7}")),
        ],
        "challenge": hex([9; 32]),
        "authority": "node.example:8443",
        "follows": [follow(Followed::Inbox(True), "inbox"), follow(Followed::Group(Fixed([0x11; 16])), &hex([0x11; 16]))],
    })
}
