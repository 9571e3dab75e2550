//! Channels, where darkchat's clients talk: public, not encrypted, not kept (docs/crossing.md).
//!
//! A native device has no key that darkchat's clients know, so it speaks without one, under a name that says where it comes from and
//! leads nobody to its account: it is made of a secret of this process, so it is stable until the node ends, in each channel another.

use super::super::Native;
use crate::websocket::Frame;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidings_core::{Draft, Ed25519Key, Envelope, EnvelopeId, Label, StreamKind, StreamName, Timestamp};
use tidings_wire::live::FromNode;

/// The slot of what a native client gets of a message in a channel. Such streams hold neither entries nor parcels.
pub(super) const SAID: usize = 4;

/// Characters of a sender's name that are passed on.
const NAME_MAX: usize = 64;

/// Characters of a key that stand for somebody without a name.
const KEY_SHOWN: usize = 16;

/// The stream of a channel. None for a name that no channel can have.
pub(super) fn stream(name: &str) -> Option<StreamName> {
    StreamName::named(StreamKind::Channel, name.as_bytes())
}

/// The name of a channel; none if it is no text.
pub(super) fn name(stream: &StreamName) -> Option<&str> {
    std::str::from_utf8(stream.bytes()).ok()
}

/// What darkchat's clients get of what a native device says, and what other servers know it by.
pub(super) fn draft(door: &Native, speaker: &Ed25519Key, channel: &str, text: &str, now: Timestamp) -> Option<Draft> {
    let uname = speaker_name(&door.salt, speaker, channel);
    let body = json!({
        "type": "msg", "msg": text, "uname": uname, "fromPublicKey": "", "toPublicKey": "", "cname": channel,
    });
    let uuid = EnvelopeId::from_random(door.engine.entropy().bytes()).to_string();
    let label = format!("{}:{}", uuid.replacen('-', "", 1), now.millis());
    let id = EnvelopeId::from_bytes(first_half(&Sha256::digest(label.as_bytes()).into()));
    let body = serde_json::to_vec(&body).ok()?.into_boxed_slice();
    Some(Draft { stream: stream(channel)?, id, label: Label::new(label), body: Some(body), notify: false, time: None })
}

fn first_half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}

fn speaker_name(salt: &[u8; 32], speaker: &Ed25519Key, channel: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(speaker.as_bytes()).chain_update(channel).finalize();
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("tidings-{mark}")
}

/// What darkchat's clients write, as far as it is shown.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    msg: Value,
    #[serde(default)]
    uname: Value,
    #[serde(default, rename = "fromPublicKey")]
    key: Value,
}

/// What somebody said, as a frame for native clients, made once; none for what is no text.
pub(super) fn said(channel: &str, envelope: &Envelope) -> Bytes {
    let read = || {
        let written: Written = serde_json::from_slice(envelope.body.as_deref()?).ok()?;
        let text = written.msg.as_str()?.to_owned();
        let named = written.uname.as_str().filter(|name| !name.is_empty());
        let from = match named {
            Some(name) => name.chars().take(NAME_MAX).collect(),
            None => written.key.as_str().unwrap_or("?").chars().take(KEY_SHOWN).collect(),
        };
        let at = u64::try_from(envelope.at.millis()).unwrap_or_default();
        serde_json::to_vec(&FromNode::Said { channel: channel.to_owned(), from, text, at }).ok()
    };
    read().map(|json| Frame::text(&json).into_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_core::Seq;

    fn heard(body: &str) -> Option<Value> {
        let envelope = Envelope {
            id: EnvelopeId::from_bytes([0; 16]),
            seq: Seq::START,
            sender: None,
            label: Label::new("x"),
            body: Some(body.as_bytes().into()),
            at: Timestamp::from_millis(9),
            time: None,
        };
        let frame = said("lobby", &envelope);
        (!frame.is_empty()).then(|| serde_json::from_slice(&crate::websocket::payload(&frame)).unwrap())
    }

    #[test]
    fn what_darkchats_clients_say_is_heard_and_what_is_no_text_is_not() {
        let text = r#"{"type":"msg","msg":"hi","uname":"alice","fromPublicKey":"034f","cname":"lobby"}"#;
        let expected = json!({"said": {"channel": "lobby", "from": "alice", "text": "hi", "at": 9}});
        assert_eq!(heard(text), Some(expected));
        let nameless = heard(r#"{"msg":"hi","uname":null,"fromPublicKey":"034f355bdcb7cc0af728ef"}"#).unwrap();
        assert_eq!(nameless["said"]["from"], "034f355bdcb7cc0a");
        assert!(heard(r#"{"msg":7}"#).is_none() && heard("[").is_none());
        assert_eq!(heard(r#"{"msg":"hi","uname":{"a":1}}"#).unwrap()["said"]["from"], "?");
    }

    #[test]
    fn a_name_is_stable_in_a_channel_and_another_in_the_next() {
        let (salt, key) = ([1; 32], Ed25519Key::from_bytes([9; 32]).unwrap());
        let name = speaker_name(&salt, &key, "lobby");
        assert_eq!(name, speaker_name(&salt, &key, "lobby"));
        assert_ne!(name, speaker_name(&salt, &key, "other"));
        assert_ne!(name, speaker_name(&[2; 32], &key, "lobby"));
        assert_eq!(name.len(), 16);
    }
}
