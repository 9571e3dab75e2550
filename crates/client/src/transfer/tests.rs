//! Files travel through a node that loses answers, takes parts, forgets, and through clients that restart.

use super::*;
use crate::blob::{BlobPointer, PIECE, SEALED_PIECE, sealed_size};
use crate::io::HttpAnswer;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use tidings_wire::api::{BlobMade, NewBlob};
use tidings_wire::{Fixed, cbor};

/// What can go wrong.
#[derive(Clone, Copy, Default)]
struct Trouble {
    /// One in so many requests is not answered (whether it was done or not).
    silence: u32,
    /// One in so many requests is refused for now.
    busy: u32,
    /// One in so many uploads breaks off in the middle.
    broken: u32,
    /// One in so many steps the client starts again.
    restart: u32,
}

/// Blobs as a node keeps them.
#[derive(Default)]
struct Node {
    blobs: Vec<(u64, Vec<u8>)>,
}

fn answer(status: u16, offset: Option<usize>, body: Vec<u8>) -> HttpAnswer {
    let headers = offset.map(|offset| ("upload-offset".to_owned(), offset.to_string())).into_iter().collect();
    HttpAnswer { status, headers, body }
}

fn header<'a>(ask: &'a Ask, name: &str) -> &'a str {
    ask.headers.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
}

impl Node {
    fn handle(&mut self, ask: &Ask, cut: Option<usize>) -> HttpAnswer {
        if ask.method == "POST" {
            let new: NewBlob = serde_json::from_slice(ask.body.as_ref().unwrap()).unwrap();
            self.blobs.push((new.size, Vec::new()));
            let mut id = [0; 32];
            id[0] = self.blobs.len() as u8;
            return answer(201, None, serde_json::to_vec(&BlobMade { id: Fixed(id), expires: 0 }).unwrap());
        }
        let id = Fixed::<32>::parse(ask.path.strip_prefix("/v1/blobs/").unwrap()).unwrap();
        let Some((size, blob)) = self.blobs.get_mut(usize::from(id.0[0]) - 1).filter(|(size, _)| *size > 0) else {
            return answer(404, None, vec![]);
        };
        let whole = blob.len() as u64 == *size;
        match ask.method {
            "HEAD" => answer(200, (!whole).then_some(blob.len()), vec![]),
            "PATCH" if header(ask, "upload-offset") != blob.len().to_string() => answer(409, Some(blob.len()), vec![]),
            "PATCH" => {
                let body = ask.body.as_ref().unwrap();
                blob.extend_from_slice(&body[..cut.unwrap_or(body.len()).min(body.len())]);
                assert!(blob.len() as u64 <= *size);
                answer(204, Some(blob.len()), vec![])
            }
            _ => {
                let (from, to) = header(ask, "range").strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                answer(206, None, blob[from..=to.min(blob.len() - 1)].to_vec())
            }
        }
    }
}

fn one_in(random: &mut StdRng, chance: u32) -> bool {
    chance > 0 && random.random_range(0..chance) == 0
}

/// How a request ended: not at all, or with an answer.
fn through(node: &mut Node, ask: &Ask, trouble: Trouble, random: &mut StdRng) -> Option<HttpAnswer> {
    if one_in(random, trouble.busy) {
        return Some(answer(503, None, vec![]));
    }
    let broken = ask.method == "PATCH" && one_in(random, trouble.broken);
    let cut = broken.then(|| random.random_range(0..ask.body.as_ref().unwrap().len()));
    let lost = one_in(random, trouble.silence);
    if lost && random.random() {
        return None;
    }
    let answer = node.handle(ask, cut);
    (!lost && !broken).then_some(answer)
}

fn upload(node: &mut Node, file: &[u8], trouble: Trouble, random: &mut StdRng) -> Result<BlobPointer, TransferFault> {
    let mut upload = Upload::new("https://node.example".to_owned(), file.len() as u64, None, random)?;
    let mut steps = upload.start();
    for _ in 0..10_000 {
        if one_in(random, trouble.restart) {
            upload = cbor::decode(&cbor::encode(&upload), 10_000).unwrap();
            steps = upload.start();
        }
        steps = match steps.pop() {
            Some(TransferStep::Finished) => return Ok(upload.pointer("file", "text/plain").unwrap()),
            Some(TransferStep::Failed(fault)) => return Err(fault),
            Some(TransferStep::WaitUntil(_)) => upload.tick(),
            Some(TransferStep::Read { offset, length }) => {
                assert!(length as usize <= PIECES_AT_ONCE as usize * PIECE);
                upload.read(offset, file.get(offset as usize..offset as usize + length as usize))
            }
            Some(TransferStep::Ask(ask)) => match through(node, &ask, trouble, random) {
                Some(answer) => upload.answered(0, &answer, random),
                None => upload.unanswered(0),
            },
            _ => panic!("an upload without a step"),
        };
        assert_eq!(steps.len(), 1);
    }
    panic!("it does not end")
}

fn download(
    node: &mut Node,
    pointer: BlobPointer,
    trouble: Trouble,
    random: &mut StdRng,
) -> Result<Vec<u8>, TransferFault> {
    let mut download = Download::new(pointer)?;
    let mut file: Option<Vec<u8>> = None;
    let mut steps = download.start();
    for _ in 0..10_000 {
        if one_in(random, trouble.restart) {
            download = cbor::decode(&cbor::encode(&download), 10_000).unwrap();
            steps = download.start();
        }
        steps = match steps.pop() {
            Some(TransferStep::Finished) => return Ok(file.unwrap()),
            Some(TransferStep::Failed(fault)) => return Err(fault),
            Some(TransferStep::WaitUntil(_)) => download.tick(),
            Some(TransferStep::Write { offset, bytes }) => {
                let file = file.get_or_insert_default();
                file.truncate(offset as usize);
                assert_eq!(file.len(), offset as usize);
                file.extend_from_slice(&bytes);
                download.written(true)
            }
            Some(TransferStep::Ask(ask)) => match through(node, &ask, trouble, random) {
                Some(answer) => download.answered(0, &answer),
                None => download.unanswered(0),
            },
            _ => panic!("a download without a step"),
        };
        assert_eq!(steps.len(), 1);
    }
    panic!("it does not end")
}

fn file(size: usize, random: &mut StdRng) -> Vec<u8> {
    let mut file = vec![0; size];
    random.fill_bytes(&mut file);
    file
}

#[test]
fn files_arrive_whatever_happens_on_the_way() {
    let troubles = [
        Trouble::default(),
        Trouble { silence: 3, ..Trouble::default() },
        Trouble { broken: 2, ..Trouble::default() },
        Trouble { silence: 5, busy: 4, broken: 4, restart: 6 },
    ];
    for seed in 0..6 {
        for (at, trouble) in troubles.into_iter().enumerate() {
            let mut random = StdRng::seed_from_u64(seed);
            let sizes = [0, 1, PIECE, PIECE + 1, 5 * PIECE + 7, 9 * PIECE];
            let mut node = Node::default();
            let file = file(sizes[seed as usize], &mut random);
            let Ok(pointer) = upload(&mut node, &file, trouble, &mut random) else {
                panic!("seed {seed}, trouble {at}")
            };
            let stored: Vec<_> = node.blobs.iter().map(|(_, blob)| blob).filter(|blob| !blob.is_empty()).collect();
            assert!(stored.iter().all(|blob| blob.len() as u64 <= sealed_size(file.len() as u64)));
            let fetched = download(&mut node, pointer, trouble, &mut random);
            assert!(fetched.is_ok_and(|fetched| fetched == file), "seed {seed}, trouble {at}");
        }
    }
}

/// Uploads until the node has some of it.
fn halfway(node: &mut Node, file: &[u8], random: &mut StdRng) -> Upload {
    let Ok(mut upload) = Upload::new("https://node.example".to_owned(), file.len() as u64, None, random) else {
        panic!("small")
    };
    let mut steps = upload.start();
    while upload.progress().0 == 0 {
        steps = match steps.pop() {
            Some(TransferStep::Read { offset, length }) => {
                upload.read(offset, file.get(offset as usize..offset as usize + length as usize))
            }
            Some(TransferStep::Ask(ask)) => upload.answered(0, &node.handle(&ask, Some(SEALED_PIECE + 5)), random),
            _ => panic!("another step"),
        };
    }
    upload
}

fn go_on(upload: &mut Upload, node: &mut Node, file: &[u8], random: &mut StdRng) -> Option<TransferFault> {
    let mut steps = upload.start();
    loop {
        steps = match steps.pop() {
            Some(TransferStep::Read { offset, length }) => {
                upload.read(offset, file.get(offset as usize..offset as usize + length as usize))
            }
            Some(TransferStep::Ask(ask)) => upload.answered(0, &node.handle(&ask, None), random),
            Some(TransferStep::Finished) => return None,
            Some(TransferStep::Failed(fault)) => return Some(fault),
            _ => panic!("another step"),
        };
    }
}

#[test]
fn a_file_that_changed_is_not_sealed_twice() {
    let mut random = StdRng::seed_from_u64(20);
    let mut node = Node::default();
    let mut file = file(3 * PIECE, &mut random);
    let mut upload = halfway(&mut node, &file, &mut random);
    file[PIECE + 9] ^= 1;
    assert_eq!(go_on(&mut upload, &mut node, &file, &mut random), Some(TransferFault::Changed));
    assert_eq!(go_on(&mut upload, &mut node, &file[..PIECE], &mut random), Some(TransferFault::File));
}

#[test]
fn a_node_that_forgets_gets_another_blob_under_another_key() {
    let mut random = StdRng::seed_from_u64(21);
    let file = file(9 * PIECE, &mut random);
    for forget in [true, false] {
        let mut node = Node::default();
        let mut upload = halfway(&mut node, &file, &mut random);
        assert_eq!(go_on(&mut upload, &mut node, &file, &mut random), None, "the ordinary case");
        // Restored from a backup: without the blob, or with an earlier state of it, of which later pieces were sealed already.
        node.blobs[0] = if forget { (0, vec![]) } else { (node.blobs[0].0, vec![]) };
        let before = upload.pointer("x", "x").unwrap().key;
        assert_eq!(go_on(&mut upload, &mut node, &file, &mut random), None);
        let pointer = upload.pointer("x", "x").unwrap();
        assert!(pointer.key != before && node.blobs.len() == 2);
        assert!(download(&mut node, pointer, Trouble::default(), &mut random).is_ok_and(|fetched| fetched == file));
    }
}

#[test]
fn what_can_not_be_done_is_said() {
    let mut random = StdRng::seed_from_u64(22);
    let mut node = Node::default();
    let too_large = Upload::new(String::new(), crate::blob::CONTENT_MAX + 1, None, &mut random);
    assert_eq!(too_large.err(), Some(TransferFault::TooLarge));
    let file = file(2 * PIECE, &mut random);
    let Ok(pointer) = upload(&mut node, &file, Trouble::default(), &mut random) else { panic!("no trouble") };
    let mut fetch =
        |node: &mut Node, pointer: BlobPointer| download(node, pointer, Trouble::default(), &mut random).err();
    assert_eq!(fetch(&mut node, BlobPointer { key: [0; 32], ..pointer.clone() }), Some(TransferFault::Damaged));
    assert_eq!(fetch(&mut node, BlobPointer { url: "x".to_owned(), ..pointer.clone() }), Some(TransferFault::Damaged));
    node.blobs[0].1[SEALED_PIECE + 7] ^= 1;
    assert_eq!(fetch(&mut node, pointer.clone()), Some(TransferFault::Damaged));
    node.blobs[0].0 = 0;
    assert_eq!(fetch(&mut node, pointer.clone()), Some(TransferFault::Gone));
    let Ok(mut refused) = Download::new(pointer) else { panic!("a good pointer") };
    refused.start();
    assert!(refused.answered(0, &answer(403, None, vec![])) == [TransferStep::Failed(TransferFault::Refused(403))]);
    refused.start();
    assert!(refused.answered(0, &answer(503, None, vec![])) == [TransferStep::WaitUntil(1000)]);
}

#[test]
fn a_node_that_never_gets_further_is_not_sent_to_without_a_wait() {
    let mut random = StdRng::seed_from_u64(9);
    let mut upload = Upload::new("https://node.example".to_owned(), 10, None, &mut random).unwrap();
    upload.start();
    let made = serde_json::to_vec(&BlobMade { id: Fixed([1; 32]), expires: 0 }).unwrap();
    upload.answered(0, &answer(201, None, made), &mut random);
    for wait in [1_000, 2_000, 4_000] {
        assert!(matches!(upload.read(0, Some(&[7; 10])).first(), Some(TransferStep::Ask(_))));
        let steps = upload.answered(0, &answer(409, Some(0), vec![]), &mut random);
        assert!(matches!(steps.as_slice(), [TransferStep::WaitUntil(at)] if *at == wait));
        upload.tick();
        upload.answered(0, &answer(200, Some(0), vec![]), &mut random);
    }
}
