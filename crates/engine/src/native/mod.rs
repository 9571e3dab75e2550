//! What Tidings' own clients ask of a node (docs/protocol/node.md). Doors check signatures and signed objects and call these verbs with
//! plain values; the rules are in `tidings_core`.

mod groups;
mod inbox;
mod knocks;
mod known;
mod memory;
mod people;
mod swaps;
mod uploads;

pub use uploads::{Deleter, UploadMade, UploadState, UploadWriter};

pub(crate) use memory::{Memberships, Owners};
pub(crate) use people::Takings;
pub(crate) use uploads::Writing;

use crate::Engine;
use crate::error::Error;
use tidings_core::denial::Denial;
use tidings_core::{AccountNews, Ed25519Key, Envelope, Hint, Key, Label, Refusal, Seq, StreamName};

/// Under which name the store keeps the node's incarnation, in decimal digits.
const INCARNATION: &str = "incarnation";

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NoAccount => Self::NoAccount,
            Denial::NotAccepted => Self::Refused(Refusal::NotAccepted),
            Denial::Exists => Self::Exists,
            Denial::NotFound => Self::NotFound,
            Denial::Conflict => Self::Conflict,
            Denial::Malformed(what) => Self::Malformed(what),
            Denial::TooLarge => Self::TooLarge,
            Denial::Full => Self::Refused(Refusal::StreamFull),
            Denial::TooMuch => Self::Refused(Refusal::SenderFull),
            Denial::Token(refusal) => Self::Exchange(refusal),
        }
    }
}

impl Engine {
    /// The node's incarnation: 1 before the first restore from a backup. It does not change while the node runs.
    pub async fn incarnation(&self) -> Result<u64, Error> {
        if let Some(known) = self.inner.incarnation.get() {
            return Ok(*known);
        }
        let digits = self.inner.store.value(INCARNATION).await?;
        let number = digits.and_then(|digits| String::from_utf8(digits).ok()?.parse().ok()).unwrap_or(1);
        Ok(*self.inner.incarnation.get_or_init(|| number))
    }

    /// The number given last in a stream.
    pub async fn end(&self, stream: &StreamName) -> Result<Seq, Error> {
        match self.inner.tail.end(stream) {
            Some(end) => Ok(end),
            None => Ok(self.inner.store.end(stream.clone()).await?),
        }
    }

    /// The live stream on which the devices of an account are told that something of it changed: the label of each envelope is the
    /// word of an [`AccountNews`]. Whoever follows it should ask whether their device is still one of the account.
    pub fn account_news(&self, identity: &Ed25519Key) -> StreamName {
        StreamName::direct(&Key::Ed25519(*identity))
    }

    /// Tells the devices of an account, in this process and others.
    pub(crate) fn tell_account(&self, identity: &Ed25519Key, news: AccountNews) {
        self.tell_account_here(identity, news);
        if self.inner.bus.reaches_others() {
            self.inner.bus.wake(Hint::Account(*identity, news));
        }
    }

    /// Tells the devices of an account that listen in this process.
    pub(crate) fn tell_account_here(&self, identity: &Ed25519Key, news: AccountNews) {
        if news == AccountNews::Devices {
            self.inner.owners.forget(identity);
        }
        let stream = self.account_news(identity);
        let envelope = Envelope {
            id: self.inner.entropy.envelope_id(),
            seq: Seq::START,
            sender: None,
            label: Label::new(news.word()),
            body: None,
            at: self.now(),
            time: None,
        };
        self.inner.feeds.tell(&stream, |followed| {
            // Where nobody listens, nothing is remembered.
            followed.then(|| self.inner.tail.push_live(&stream, envelope))
        });
    }
}

/// A length as budgets count it.
fn bytes(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
