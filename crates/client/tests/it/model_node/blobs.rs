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
    bytes: Vec<u8>,
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
                let upload = self.upload(id)?;
                let have = upload.bytes.len() as u64;
                if upload.owner != owner || offset != Some(have) {
                    return Err(Refused(409, Code::Offset, vec![("upload-offset", have.to_string())]));
                }
                upload.bytes.extend_from_slice(asked.request.body.as_deref().unwrap_or_default());
                Ok(with(204, "upload-offset", upload.bytes.len().to_string()))
            }
            ("HEAD", ["blobs", id]) => {
                let upload = self.upload(id)?;
                Ok(with(200, "upload-offset", upload.bytes.len().to_string()))
            }
            ("GET", ["blobs", id]) => {
                let upload = self.upload(id)?.clone();
                if (upload.bytes.len() as u64) < upload.size {
                    return no(404, Code::NotFound);
                }
                self.range(asked, &upload.bytes)
            }
            ("DELETE", ["blobs", id]) => {
                let secret = asked.header("tidings-delete").and_then(decode).unwrap_or_default();
                let by = self.device(asked).ok().map(|(identity, _)| identity);
                let upload = self.upload(id)?;
                if by != Some(upload.owner) && sha2::Sha256::digest(&secret)[..] != upload.delete.0 {
                    return no(403, Code::NotAccepted);
                }
                self.blobs.remove(*id);
                done()
            }
            _ => no(404, Code::NotFound),
        }
    }

    fn upload(&mut self, id: &str) -> Result<&mut Upload, Refused> {
        self.blobs.get_mut(id).ok_or(Refused(404, Code::NotFound, Vec::new()))
    }

    fn range(&self, asked: &Asked<'_>, bytes: &[u8]) -> Answered {
        let wanted = asked.header("range").and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
        let Some((from, to)) = wanted else {
            return Ok(HttpAnswer { status: 200, headers: Vec::new(), body: bytes.to_vec() });
        };
        let (from, to) =
            (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap_or(bytes.len() - 1).min(bytes.len() - 1));
        let headers = vec![("content-range".to_owned(), format!("bytes {from}-{to}/{}", bytes.len()))];
        Ok(HttpAnswer { status: 206, headers, body: bytes[from..=to].to_vec() })
    }
}
