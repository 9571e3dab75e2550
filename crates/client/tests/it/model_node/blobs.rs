//! Blobs in pieces.

use super::{Answered, Asked, ModelNode, Refused, done, no, yes};
use sha2::Digest as _;
use tidings_client::io::HttpAnswer;
use tidings_wire::api;
use tidings_wire::bytes::{Fixed, decode, encode};
use tidings_wire::failure::Code;

#[derive(Clone)]
pub(crate) struct Upload {
    size: u64,
    pub(crate) bytes: Vec<u8>,
    delete: Fixed<32>,
    owner: Fixed<32>,
}

fn with(status: u16, name: &str, value: String) -> HttpAnswer {
    HttpAnswer { status, headers: vec![(name.to_owned(), value)], body: Vec::new() }
}

impl ModelNode {
    pub(super) fn blob_request(&mut self, asked: &Asked<'_>) -> Answered {
        match (asked.request.method, &asked.path[..]) {
            ("POST", ["blobs"]) => {
                let new: api::NewBlob = asked.body()?;
                let (owner, _) = self.device(asked)?;
                let id = self.unguessable();
                self.blobs.insert(encode(&id), Upload { size: new.size, bytes: Vec::new(), delete: new.delete, owner });
                yes(201, &api::BlobMade { id: Fixed(id), expires: asked.now + 90 * 86_400_000 })
            }
            ("PATCH", ["blobs", id]) => {
                let (owner, _) = self.device(asked)?;
                let offset = asked.header("upload-offset").and_then(|text| text.parse::<u64>().ok());
                let Some(offset) = offset else { return no(400, Code::Malformed) };
                let upload = self.upload(id)?;
                let have = upload.bytes.len() as u64;
                if upload.owner != owner {
                    return no(404, Code::NotFound);
                }
                if offset != have || have == upload.size {
                    return Err(Refused(409, Code::Offset, vec![("upload-offset", have.to_string())]));
                }
                let bytes = asked.request.body.as_ref().map_or(0, Vec::len) as u64;
                if bytes > upload.size - have {
                    return no(413, Code::TooLarge);
                }
                upload.bytes.extend_from_slice(asked.request.body.as_deref().unwrap_or_default());
                Ok(with(204, "upload-offset", upload.bytes.len().to_string()))
            }
            ("HEAD", ["blobs", id]) => self.look(asked, id),
            ("GET", ["blobs", id]) => {
                let upload = self.upload(id)?.clone();
                if (upload.bytes.len() as u64) < upload.size {
                    return no(404, Code::NotFound);
                }
                self.range(asked, &upload.bytes)
            }
            ("DELETE", ["blobs", id]) => {
                let secret = asked.header("tidings-delete").and_then(decode);
                let by = self.device(asked).ok().map(|(identity, _)| identity);
                if by.is_none() && secret.is_none() {
                    return no(401, Code::Unsigned);
                }
                let upload = self.upload(id)?;
                let knows = secret.is_some_and(|secret| sha2::Sha256::digest(&secret)[..] == upload.delete.0);
                if by.map_or(!knows, |by| by != upload.owner) {
                    return no(403, Code::NotAccepted);
                }
                self.blobs.remove(*id);
                done()
            }
            _ => no(404, Code::NotFound),
        }
    }

    /// Flips a bit in each of these blobs: in all, if none is named. Gives which they were; once more, and they are as before.
    pub(crate) fn flip_blobs(&mut self, which: &[String]) -> Vec<String> {
        let chosen = |(id, _): &(&String, &mut Upload)| which.is_empty() || which.contains(id);
        let flip = |(id, upload): (&String, &mut Upload)| {
            upload.bytes[9] ^= 1;
            id.clone()
        };
        self.blobs.iter_mut().filter(chosen).map(flip).collect()
    }

    /// What is not whole yet is there for its account only.
    fn look(&mut self, asked: &Asked<'_>, id: &str) -> Answered {
        let by = self.device(asked).ok().map(|(identity, _)| identity);
        let upload = self.upload(id)?;
        let have = upload.bytes.len() as u64;
        if have < upload.size && by != Some(upload.owner) {
            return no(404, Code::NotFound);
        }
        let mut answer = with(200, "upload-offset", have.to_string());
        answer.headers.extend((have == upload.size).then(tag));
        Ok(answer)
    }

    fn upload(&mut self, id: &str) -> Result<&mut Upload, Refused> {
        self.blobs.get_mut(id).ok_or(Refused(404, Code::NotFound, Vec::new()))
    }

    fn range(&self, asked: &Asked<'_>, bytes: &[u8]) -> Answered {
        let size = bytes.len();
        let wanted = asked.header("range").and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
        let number = |text: &str| text.parse::<usize>().ok();
        let part = match wanted.map(|(first, last)| (number(first), number(last), first.is_empty(), last.is_empty())) {
            Some((Some(first), Some(last), ..)) if first <= last => Some((first, last)),
            Some((Some(first), None, _, true)) => Some((first, size)),
            Some((None, Some(count), true, _)) => Some((size.saturating_sub(count), size)),
            _ => None,
        };
        let Some((first, last)) = part else {
            return Ok(HttpAnswer { status: 200, headers: vec![tag()], body: bytes.to_vec() });
        };
        if first >= size {
            return Err(Refused(416, Code::Malformed, vec![("content-range", format!("bytes */{size}"))]));
        }
        let last = last.min(size - 1);
        let headers = vec![("content-range".to_owned(), format!("bytes {first}-{last}/{size}")), tag()];
        Ok(HttpAnswer { status: 206, headers, body: bytes[first..=last].to_vec() })
    }
}

/// The tag of every blob: it never changes.
fn tag() -> (String, String) {
    ("etag".to_owned(), "\"1\"".to_owned())
}
