//! The people who send and receive, and the requests they make.

use std::sync::Arc;

use crypto_box::PublicKey;

use crate::clock;
use crate::error::Result;
use crate::multipart::{self, Form};
use crate::script::Script;
use crate::sign::{Identity, Notary};

/// Length of each parcel's text, in characters. A hundred parcels then make a list of about 47 kB, as in wire section 13.
const CONTENT_LENGTH: usize = 296;
/// What a server answers to an upload that everybody accepts.
pub(crate) const UPLOADED: &str = "{\"forbiddenRecipientIds\":[]}";
/// How many parcels an inbox holds when lists are measured.
pub(crate) const LISTED: usize = 100;
/// How many recipients one request names when inboxes are filled for lists.
const RECIPIENTS_AT_ONCE: usize = 16;

/// A parcel that waits: its recipient's place in the cast, and its id.
pub(crate) struct Waiting {
    /// The recipient's place.
    pub(crate) recipient: usize,
    /// The parcel's id.
    pub(crate) id: String,
}

/// Everybody who takes part, and the server's key they sign for.
pub(crate) struct Cast {
    /// The `Host` header.
    pub(crate) host: String,
    /// The server's public key.
    pub(crate) server: PublicKey,
    /// Those who upload. They need no account.
    pub(crate) senders: Vec<Identity>,
    /// Those who have accounts and accept from all senders.
    pub(crate) recipients: Vec<Identity>,
}

impl Cast {
    /// Makes key pairs for so many senders and recipients.
    pub(crate) fn random(host: String, server: PublicKey, senders: usize, recipients: usize) -> Result<Self> {
        let make = |count| (0..count).map(|_| Identity::random()).collect::<Result<Vec<_>>>();
        Ok(Self { host, server, senders: make(senders)?, recipients: make(recipients)? })
    }

    /// A notary for everybody here.
    pub(crate) fn notary(&self) -> Notary {
        Notary::new(self.senders.iter().chain(&self.recipients), &self.server)
    }

    /// Uploads of one parcel each with an attachment of random bytes of the given size, spread over all senders and recipients.
    pub(crate) fn uploads(&self, size: usize) -> Result<Script> {
        let count = 4 * self.senders.len().max(self.recipients.len());
        self.uploads_once(size, count).map(Script::again_and_again)
    }

    /// The same, but exactly so many.
    pub(crate) fn uploads_once(&self, size: usize, count: usize) -> Result<Script> {
        let mut attachment = vec![0; size];
        clock::fill_random(&mut attachment)?;
        let tail: Arc<[u8]> = multipart::tail(&attachment).into();
        let content = content();
        let heads = self.upload_heads()?;
        let recipients = self.recipients.iter().cycle().take(count);
        let requests = recipients.zip(pairs(&heads)).map(|(recipient, head)| {
            let form = Form::new([recipient.id()], &content, Some(&tail));
            [head.as_bytes(), form.headers().as_bytes(), b"\r\n", form.start()].concat()
        });
        Ok(expecting_upload(Script::once(requests.collect()).with_tail(Arc::clone(&tail))))
    }

    /// Uploads without attachments that put [`LISTED`] parcels into each inbox.
    pub(crate) fn fillings(&self) -> Result<Script> {
        let content = content();
        let heads = self.upload_heads()?;
        let groups = self.recipients.chunks(RECIPIENTS_AT_ONCE).flat_map(|group| std::iter::repeat_n(group, LISTED));
        let requests = groups.zip(pairs(&heads)).map(|(group, head)| {
            let form = Form::new(group.iter().map(Identity::id), &content, None);
            [head.as_bytes(), form.headers().as_bytes(), b"\r\n", form.start()].concat()
        });
        Ok(expecting_upload(Script::once(requests.collect())))
    }

    /// Request line and signature of each sender's uploads.
    fn upload_heads(&self) -> Result<Vec<String>> {
        self.senders.iter().map(|sender| self.head("POST /api/parcels", sender)).collect()
    }

    /// Each recipient's list, in turn.
    pub(crate) fn lists(&self, length: u64) -> Result<Script> {
        let requests = self.recipients.iter().map(|recipient| {
            let head = self.head("GET /api/parcels", recipient)?;
            Ok(format!("{head}X-Client-Version: bench\r\n\r\n").into_bytes())
        });
        Ok(Script::once(requests.collect::<Result<_>>()?).again_and_again().expecting(length))
    }

    /// Downloads of the parcels' attachments, which all have the given size, in turn.
    pub(crate) fn downloads(&self, parcels: &[Waiting], size: usize) -> Result<Script> {
        let requests = self.requests_about(parcels, "GET", "/attachment")?;
        Ok(Script::once(requests).again_and_again().expecting(size as u64))
    }

    /// Deletions of the parcels, once each.
    pub(crate) fn deletions(&self, parcels: &[Waiting]) -> Result<Script> {
        self.requests_about(parcels, "DELETE", "").map(Script::once)
    }

    fn requests_about(&self, parcels: &[Waiting], method: &str, below: &str) -> Result<Vec<Vec<u8>>> {
        let signed = self.recipients.iter().map(|recipient| recipient.headers(&self.server));
        let signed = signed.collect::<Result<Vec<_>>>()?;
        let host = &self.host;
        let known = parcels.iter().filter_map(|parcel| Some((parcel, signed.get(parcel.recipient)?)));
        Ok(known
            .map(|(parcel, headers)| {
                let id = &parcel.id;
                format!("{method} /api/parcels/{id}{below} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").into_bytes()
            })
            .collect())
    }

    /// Request line, host and signature.
    fn head(&self, line: &str, who: &Identity) -> Result<String> {
        let (host, headers) = (&self.host, who.headers(&self.server)?);
        Ok(format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}"))
    }
}

fn expecting_upload(script: Script) -> Script {
    script.expecting(UPLOADED.len() as u64)
}

/// Senders in turn, moved on by one after each round, so that in time each meets each recipient.
fn pairs(heads: &[String]) -> impl Iterator<Item = &String> {
    (0..).flat_map(move |round| {
        let start = if heads.is_empty() { 0 } else { round % heads.len() };
        heads.iter().skip(start).chain(heads.iter().take(start))
    })
}

/// What stands for an encrypted text.
pub(crate) fn content() -> String {
    "c29tZSBlbmNyeXB0ZWQgdGV4dCBvZiBhIHBhcmNlbA".chars().cycle().take(CONTENT_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(senders: usize, recipients: usize) -> Cast {
        Cast::random("host".to_owned(), PublicKey::from_bytes([7; 32]), senders, recipients).unwrap()
    }

    #[test]
    fn uploads_announce_their_length_and_reach_everybody() {
        let cast = cast(3, 3);
        let script = cast.uploads_once(1000, 9).unwrap();
        let mut met = std::collections::HashSet::new();
        while let Some(request) = script.take() {
            let mut head = Vec::new();
            script.write(request, &mut crate::sign::Nonces::new().unwrap(), &mut head).unwrap();
            let whole = [&head, script.tail()].concat();
            let (head, body) = crate::answer::split_after(&whole, b"\r\n\r\n").unwrap();
            let head = String::from_utf8(head.to_vec()).unwrap();
            assert!(head.starts_with("POST /api/parcels HTTP/1.1\r\nHost: host\r\nAuthorization: Signature keyId="));
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
            let body = String::from_utf8_lossy(body);
            let sender = cast.senders.iter().position(|sender| head.contains(sender.id()));
            let recipient = cast.recipients.iter().position(|recipient| body.contains(recipient.id()));
            met.insert((sender.unwrap(), recipient.unwrap()));
        }
        assert_eq!(met.len(), 9);
    }

    #[test]
    fn fillings_reach_each_inbox_as_often() {
        let cast = cast(2, RECIPIENTS_AT_ONCE + 1);
        let script = cast.fillings().unwrap();
        let mut requests = 0;
        while script.take().is_some() {
            requests += 1;
        }
        assert_eq!(requests, 2 * LISTED);
    }

    #[test]
    fn contents_have_their_length() {
        assert_eq!(content().len(), CONTENT_LENGTH);
    }
}
