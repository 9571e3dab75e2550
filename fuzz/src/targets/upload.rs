//! A file on its way to a hostile node, and out of a file that changes meanwhile. The first two bytes are the size; each step after that
//! takes some bytes for what happens. Nothing may be sealed twice under one key with different content: that would give both away.

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use tidings_client::blob::{SEALED_PIECE, sealed_size};
use tidings_client::io::HttpAnswer;
use tidings_client::transfer::{Ask, TransferStep, Upload};
use tidings_wire::api::{BlobMade, NewBlob};
use tidings_wire::{Fixed, cbor};

const STEPS_MAX: usize = 60;
const STATUSES: [u16; 16] = [201, 204, 200, 409, 404, 410, 400, 401, 403, 413, 429, 500, 503, 507, 0, 65_535];

/// What was sent under each key: the hash of the delete secret is drawn with the key.
type Sent = BTreeMap<Fixed<32>, Vec<Option<u8>>>;

struct Scene<'a> {
    size: u64,
    bytes: std::slice::Iter<'a, u8>,
    random: StdRng,
    sent: Sent,
    under: Fixed<32>,
}

pub(super) fn run(data: &[u8]) {
    let Some(([low, high], rest)) = data.split_first_chunk::<2>() else { return };
    let size = u64::from(u16::from_le_bytes([*low, *high])) * 5;
    let mut random = StdRng::from_seed([1; 32]);
    let Ok(mut upload) = Upload::new("https://node.example".to_owned(), size, None, &mut random) else { return };
    let mut scene = Scene { size, bytes: rest.iter(), random, sent: Sent::new(), under: Fixed([0; 32]) };
    let mut steps = upload.start();
    for now in 0..STEPS_MAX {
        let (part, whole) = upload.progress();
        assert!(part <= whole && whole == size);
        let Some(step) = steps.pop() else { break };
        assert!(steps.is_empty(), "one thing at a time");
        steps = match step {
            TransferStep::Ask(ask) => scene.answer(&mut upload, now as u64, &ask),
            TransferStep::Read { offset, length } => scene.read(&mut upload, offset, length),
            TransferStep::WaitUntil(at) => {
                assert!(at >= now as u64);
                upload.tick()
            }
            TransferStep::Finished => return assert!(upload.pointer("x", "y").is_some_and(|blob| blob.size == size)),
            TransferStep::Failed(_) => return assert!(upload.pointer("x", "y").is_none()),
            TransferStep::Write { .. } => panic!("an upload writes nothing"),
        };
        // As after a restart.
        if scene.byte() % 16 == 15 {
            upload = cbor::decode(&cbor::encode(&upload), usize::MAX).expect("what was written is read");
            steps = upload.start();
        }
    }
}

impl Scene<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    /// The file, or another one, or a part of it, or none.
    fn read(&mut self, upload: &mut Upload, offset: u64, length: u32) -> Vec<TransferStep> {
        assert!(offset + u64::from(length) <= self.size);
        let content = match self.byte() % 8 {
            7 => vec![1; length as usize],
            6 => vec![0; length as usize + 1],
            5 => vec![0; (length / 2) as usize],
            4 => return upload.read(offset, None),
            3 => return upload.read(offset.wrapping_sub(1), Some(&[0])),
            _ => vec![0; length as usize],
        };
        upload.read(offset, Some(&content))
    }

    fn answer(&mut self, upload: &mut Upload, now: u64, ask: &Ask) -> Vec<TransferStep> {
        self.keep(ask);
        let status = STATUSES[usize::from(self.byte() % 16)];
        let offset = match self.byte() % 8 {
            0 => None,
            1 => Some(sealed_size(self.size)),
            2 => Some(0),
            3 => Some(u64::MAX),
            4 => Some(u64::from(self.byte()) * 7),
            pieces => Some(u64::from(pieces - 4) * SEALED_PIECE as u64),
        };
        let headers = offset.map(|offset| ("upload-offset".to_owned(), offset.to_string())).into_iter().collect();
        let made = BlobMade { id: Fixed([self.byte(); 32]), expires: 0 };
        let body = if self.byte() % 8 == 7 { b"{".to_vec() } else { serde_json::to_vec(&made).unwrap() };
        if self.byte() % 16 == 15 {
            return upload.unanswered(now);
        }
        upload.answered(now, &HttpAnswer { status, headers, body }, &mut self.random)
    }

    fn keep(&mut self, ask: &Ask) {
        match (ask.method, &ask.body) {
            ("POST", Some(body)) => {
                let new: NewBlob = serde_json::from_slice(body).unwrap();
                assert_eq!(new.size, sealed_size(self.size));
                self.under = new.delete;
            }
            ("PATCH", Some(body)) => {
                let offset: usize =
                    ask.headers.iter().find(|(name, _)| *name == "upload-offset").unwrap().1.parse().unwrap();
                let sent = self.sent.entry(self.under).or_default();
                sent.resize(sent.len().max(offset + body.len()), None);
                assert!(sent.len() as u64 <= sealed_size(self.size));
                for (before, now) in sent[offset..].iter_mut().zip(body) {
                    assert!(before.is_none_or(|before| before == *now), "sealed twice under one key");
                    *before = Some(*now);
                }
            }
            _ => {}
        }
    }
}
