//! What goes out on live connections. The JSON of an entry or a parcel is made once and shared by all sockets.

use super::super::{group, inbox};
use crate::websocket::{Frame, Socket};
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use tidings_core::Envelope;
use tidings_engine::Item;
use tidings_wire::Fixed;
use tidings_wire::live::{FromNode, NODE_TEXT_BYTES};

/// The slot of the JSON of an entry or a parcel in the memory tail, of which several go into one text.
const JSON: usize = 3;

/// The slot of the whole frame, where it is the only one in its text, as it is when people talk.
const ALONE: usize = 4;

/// What stands around entries or parcels in a text.
pub(super) enum Around {
    /// Parcels of the inbox.
    Parcels,
    /// Entries of a group.
    Entries(Fixed<16>),
}

const COMMA: Bytes = Bytes::from_static(b",");
const TAIL: Bytes = Bytes::from_static(b"]}}");

impl Around {
    fn head(&self) -> Bytes {
        match self {
            Self::Parcels => Bytes::from_static(br#"{"parcels":{"parcels":["#),
            Self::Entries(id) => format!(r#"{{"entries":{{"group":"{id}","entries":["#).into(),
        }
    }

    /// The JSON of one; none for an envelope of another kind.
    fn read(&self, envelope: &Envelope) -> Option<Vec<u8>> {
        match self {
            Self::Parcels => written(&inbox::told(envelope)?),
            Self::Entries(_) => written(&group::told(envelope)?),
        }
    }

    /// Sends what came, in texts of about [`NODE_TEXT_BYTES`]. What is of another kind (piqchat's parcels) is left out.
    pub(super) fn send(&self, items: &[Arc<Item>], socket: &mut Socket) {
        if let [item] = items {
            let frame = item.encoded(ALONE, |envelope| match self.read(envelope) {
                Some(json) => Frame::text_of(&[&self.head(), &json, &TAIL]).into_bytes(),
                None => Bytes::new(),
            });
            if !frame.is_empty() {
                socket.send(Frame::ready(frame));
            }
            return;
        }
        let (mut parts, mut size) = (Vec::new(), 0);
        for item in items {
            let json = item.encoded(JSON, |envelope| self.read(envelope).unwrap_or_default().into());
            if json.is_empty() {
                continue;
            }
            if size > 0 && size + json.len() > NODE_TEXT_BYTES {
                self.flush(&mut parts, socket);
                size = 0;
            }
            size += json.len();
            parts.push(if parts.is_empty() { self.head() } else { COMMA });
            parts.push(json);
        }
        self.flush(&mut parts, socket);
    }

    fn flush(&self, parts: &mut Vec<Bytes>, socket: &mut Socket) {
        if !parts.is_empty() {
            parts.push(TAIL);
            socket.send_text_parts(std::mem::take(parts));
        }
    }
}

fn written(value: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

/// Any other text.
pub(super) fn say(text: &FromNode, socket: &mut Socket) {
    if let Some(json) = written(text) {
        socket.send(Frame::text(&json));
    }
}
