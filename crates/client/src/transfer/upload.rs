//! Bringing a file to one's own node.

use super::pace::Pace;
use super::{Ask, PIECES_AT_ONCE, TransferFault, TransferStep};
use crate::blob::{BlobPointer, CONTENT_MAX, PIECE, SEALED_PIECE, content_in_piece, pieces, seal_piece, sealed_size};
use crate::io::{HttpAnswer, Time};
use crate::sealing::draw;
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tidings_wire::Fixed;
use tidings_wire::api::{BlobMade, NewBlob};

/// How many times an upload begins anew that its node has lost.
const ANEW_MAX: u32 = 3;

/// A file on its way to a node.
#[derive(Clone, Serialize, Deserialize)]
pub struct Upload {
    node: String,
    size: u64,
    expires: Option<Time>,
    #[serde(with = "serde_bytes")]
    key: [u8; 32],
    #[serde(with = "serde_bytes")]
    delete: [u8; 16],
    id: Option<Fixed<32>>,
    /// Sealed bytes that the node has.
    offset: u64,
    /// The pieces that were sealed last, with the hash of their content: sealing another content in their place would break the cipher.
    sealed: Vec<(u32, Fixed<32>)>,
    /// How many times it began anew.
    anew: u32,
    pace: Pace,
    #[serde(skip)]
    doing: Doing,
}

/// For what it waits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Doing {
    #[default]
    Nothing,
    Making,
    Looking,
    Reading,
    Sending,
    Done,
}

impl Upload {
    /// An upload of a file of `size` bytes to `node`, to be kept there until `expires` (milliseconds), or as long as the node likes. The
    /// file must stay as it is. Fails if it is too large.
    pub fn new(node: String, size: u64, expires: Option<Time>, random: &mut dyn Rng) -> Result<Self, TransferFault> {
        if size > CONTENT_MAX {
            return Err(TransferFault::TooLarge);
        }
        let (key, delete) = (draw(random), draw(random));
        let (offset, anew, pace, doing) = (0, 0, Pace::default(), Doing::Nothing);
        Ok(Self { node, size, expires, key, delete, id: None, offset, sealed: Vec::new(), anew, pace, doing })
    }

    /// The node's URL.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Bytes of the content that the node has, and in all.
    pub fn progress(&self) -> (u64, u64) {
        let pieces = self.offset / SEALED_PIECE as u64;
        (pieces.saturating_mul(PIECE as u64).min(self.size), self.size)
    }

    /// Where the blob is and what destroys it, once the node has begun to take it.
    pub fn destroying(&self) -> Option<(String, Fixed<16>)> {
        self.id.map(|id| (format!("{}/v1/blobs/{id}", self.node), Fixed(self.delete)))
    }

    /// What a message says of the blob, once it has finished.
    pub fn pointer(&self, name: &str, kind: &str) -> Option<BlobPointer> {
        let (url, _) = self.destroying().filter(|_| self.doing == Doing::Done)?;
        Some(BlobPointer {
            url,
            key: self.key,
            size: self.size,
            name: name.to_owned(),
            kind: kind.to_owned(),
            delete: self.delete,
        })
    }

    /// Begins, or goes on after a restart.
    pub fn start(&mut self) -> Vec<TransferStep> {
        let ask = match self.id {
            None => {
                self.doing = Doing::Making;
                self.make()
            }
            Some(_) => {
                self.doing = Doing::Looking;
                self.ask("HEAD", Vec::new(), None)
            }
        };
        vec![TransferStep::Ask(ask)]
    }

    /// A wait is over.
    pub fn tick(&mut self) -> Vec<TransferStep> {
        if self.doing == Doing::Nothing { self.start() } else { Vec::new() }
    }

    /// The piece of the file that was asked for, or none if it can't be read.
    pub fn read(&mut self, offset: u64, content: Option<&[u8]>) -> Vec<TransferStep> {
        let (from, length) = self.wanted();
        if self.doing != Doing::Reading || offset != from {
            return Vec::new();
        }
        match content.filter(|content| content.len() == length) {
            Some(content) => self.send(content),
            None => self.failed(TransferFault::File),
        }
    }

    /// The node did not answer.
    pub fn unanswered(&mut self, now: Time) -> Vec<TransferStep> {
        self.doing = Doing::Nothing;
        self.pace.failed(now, None)
    }

    /// The node answered.
    pub fn answered(&mut self, now: Time, answer: &HttpAnswer, random: &mut dyn Rng) -> Vec<TransferStep> {
        let offset = answer.header("upload-offset").and_then(|offset| offset.parse().ok());
        match (std::mem::take(&mut self.doing), answer.status, offset) {
            (Doing::Making, 201, _) => self.made(now, answer),
            (Doing::Looking, 200..=204, None) => self.stands_at(sealed_size(self.size), random),
            // No further than before: looked at again after a wait, or a hostile node could have it sent without end.
            (Doing::Sending, 204 | 409, Some(offset)) if offset <= self.offset => self.pace.failed(now, Some(answer)),
            (Doing::Looking, 200..=204, Some(offset)) | (Doing::Sending, 204 | 409, Some(offset)) => {
                self.stands_at(offset, random)
            }
            (Doing::Sending, 409, None) => self.pace.failed(now, Some(answer)),
            (Doing::Looking | Doing::Sending, 404 | 410, _) => self.begin_anew(random),
            (Doing::Making | Doing::Looking | Doing::Sending, ..) => {
                let refused = self.pace.refused(now, answer);
                refused.unwrap_or_else(|fault| self.failed(fault))
            }
            (doing, ..) => {
                self.doing = doing;
                Vec::new()
            }
        }
    }

    fn failed(&mut self, fault: TransferFault) -> Vec<TransferStep> {
        self.doing = Doing::Nothing;
        vec![TransferStep::Failed(fault)]
    }

    fn make(&self) -> Ask {
        let delete = Fixed(Sha256::digest(self.delete).into());
        let body = NewBlob { size: sealed_size(self.size), delete, expires: self.expires };
        Ask {
            method: "POST",
            path: "/v1/blobs".to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            // Of these types, each can be written.
            body: Some(serde_json::to_vec(&body).unwrap_or_default()),
            signed: true,
        }
    }

    fn ask(&self, method: &'static str, headers: Vec<(&'static str, String)>, body: Option<Vec<u8>>) -> Ask {
        let id = self.id.map_or(String::new(), |id| id.to_string());
        Ask { method, path: format!("/v1/blobs/{id}"), headers, body, signed: true }
    }

    fn made(&mut self, now: Time, answer: &HttpAnswer) -> Vec<TransferStep> {
        match serde_json::from_slice::<BlobMade>(&answer.body) {
            Ok(made) => {
                self.id = Some(made.id);
                self.offset = 0;
                self.next()
            }
            Err(_) => self.pace.failed(now, Some(answer)),
        }
    }

    /// The node has so many bytes.
    fn stands_at(&mut self, offset: u64, random: &mut dyn Rng) -> Vec<TransferStep> {
        let first = self.sealed.first().map_or(0, |(index, _)| *index);
        let lost = offset / (SEALED_PIECE as u64) < u64::from(first);
        if lost || offset > sealed_size(self.size) {
            return self.begin_anew(random);
        }
        if offset > self.offset {
            self.pace.worked();
        }
        self.offset = offset;
        self.next()
    }

    /// The node has lost it: another blob, with another key, since what was sealed is not known any more.
    fn begin_anew(&mut self, random: &mut dyn Rng) -> Vec<TransferStep> {
        self.anew = self.anew.saturating_add(1);
        if self.anew > ANEW_MAX {
            return self.failed(TransferFault::Gone);
        }
        (self.key, self.delete, self.id, self.offset) = (draw(random), draw(random), None, 0);
        self.sealed.clear();
        self.start()
    }

    /// Index of the first piece that the node does not have wholly, and how many are sent now.
    fn window(&self) -> (u32, u32) {
        let first = u32::try_from(self.offset / SEALED_PIECE as u64).unwrap_or(u32::MAX);
        (first, pieces(self.size).saturating_sub(first).min(PIECES_AT_ONCE))
    }

    /// Which part of the file these pieces hold.
    fn wanted(&self) -> (u64, usize) {
        let (first, count) = self.window();
        let length = (first..first.saturating_add(count)).map(|index| content_in_piece(self.size, index)).sum();
        (u64::from(first).saturating_mul(PIECE as u64), length)
    }

    fn next(&mut self) -> Vec<TransferStep> {
        if self.offset >= sealed_size(self.size) {
            self.doing = Doing::Done;
            return vec![TransferStep::Finished];
        }
        let (offset, length) = self.wanted();
        if length == 0 {
            // Nothing but padding is left.
            return self.send(&[]);
        }
        self.doing = Doing::Reading;
        vec![TransferStep::Read { offset, length: u32::try_from(length).unwrap_or(u32::MAX) }]
    }

    fn send(&mut self, content: &[u8]) -> Vec<TransferStep> {
        let (first, count) = self.window();
        let last = pieces(self.size).saturating_sub(1);
        let mut hashes = Vec::new();
        let mut body = Vec::new();
        let mut parts = content.chunks(PIECE);
        for index in first..first.saturating_add(count) {
            let part = parts.next().unwrap_or_default();
            let hash = Fixed(Sha256::digest(part).into());
            if self.sealed.iter().any(|(sealed, before)| *sealed == index && *before != hash) {
                return self.failed(TransferFault::Changed);
            }
            hashes.push((index, hash));
            body.extend_from_slice(&seal_piece(&self.key, index, index == last, part));
        }
        self.sealed = hashes;
        // The node may have the beginning of the first piece already.
        let skip = usize::try_from(self.offset % SEALED_PIECE as u64).unwrap_or_default();
        body.drain(..skip.min(body.len()));
        self.doing = Doing::Sending;
        let kind = ("content-type", "application/octet-stream".to_owned());
        let headers = vec![("upload-offset", self.offset.to_string()), kind];
        vec![TransferStep::Ask(self.ask("PATCH", headers, Some(body)))]
    }
}
