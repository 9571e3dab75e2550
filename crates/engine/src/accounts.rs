//! What account holders, and those who ask about them, may do.

use crate::Engine;
use crate::accept::to_the_end;
use crate::blobs::BlobReader;
use crate::error::Error;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tidings_core::account::{Account, Invited, Presence};
use tidings_core::blob::Blob;
use tidings_core::statistics::MEDIA;
use tidings_core::{AccountNews, EnvelopeId, Key, Label, StreamName, Timestamp};

/// How often the last-seen time of an account is written at most.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Accounts whose last-seen time is remembered, to write it rarely. Beyond that all are forgotten and written anew.
const SEEN_MAX: usize = 65_536;

/// Characters that are kept of what a client calls itself.
const VERSION_MAX: usize = 100;

/// What a sender may know of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Pictures of the asker that wait.
    pub waiting: u64,
    /// When the recipient was last seen, coarsely.
    pub presence: Presence,
}

/// An opened attachment.
pub enum Attachment {
    /// A small one, whole.
    Whole(Bytes),
    /// A larger one, to be read piece by piece.
    Pieces {
        /// Gives the pieces.
        reader: BlobReader,
        /// Length in bytes of all of them.
        size: u64,
    },
}

impl Engine {
    /// The caller's account. Fails with [`Error::NoAccount`].
    pub async fn account(&self, caller: Key) -> Result<Account, Error> {
        self.inner.store.account(caller).await?.ok_or(Error::NoAccount)
    }

    /// Replaces the allow-list. Fails with [`Error::NoAccount`].
    pub async fn set_contacts(&self, caller: Key, contacts: Vec<Key>, now: Timestamp) -> Result<(), Error> {
        let bytes = Key::TAGGED_LEN.saturating_mul(contacts.len());
        self.allow_stored(u64::try_from(bytes).unwrap_or(u64::MAX), now)?;
        known(self.inner.store.set_contacts(caller, contacts).await?)
    }

    /// Replaces or removes the push subscription. Fails with [`Error::NoAccount`].
    pub async fn set_subscription(&self, caller: Key, subscription: Option<String>) -> Result<(), Error> {
        known(self.inner.store.set_subscription(caller, subscription).await?)
    }

    /// Replaces the profile backup. Fails with [`Error::NoAccount`] or [`Error::DiskFull`].
    pub async fn set_backup(&self, caller: Key, content: String, now: Timestamp) -> Result<(), Error> {
        self.allow_stored(u64::try_from(content.len()).unwrap_or(u64::MAX), now)?;
        known(self.inner.store.set_backup(caller, content, now).await?)
    }

    /// The profile backup and when it was made. Fails with [`Error::NoAccount`], or [`Error::NotFound`] if there is none.
    pub async fn backup(&self, caller: Key) -> Result<(String, Timestamp), Error> {
        if let Some(backup) = self.inner.store.backup(caller).await? {
            return Ok(backup);
        }
        self.account(caller).await?;
        Err(Error::NotFound)
    }

    /// The caller and all whom the caller's invitations brought, or everybody. Fails with [`Error::NoAccount`].
    pub async fn invited(&self, caller: Key, everybody: bool) -> Result<Vec<Invited>, Error> {
        let account = self.account(caller).await?;
        Ok(self.inner.store.invited((!everybody).then_some(account.number)).await?)
    }

    /// Deletes the account with what waits in its inbox; a very full one is emptied in the background. Fails with [`Error::NoAccount`].
    pub async fn delete_account(&self, caller: Key) -> Result<(), Error> {
        let engine = self.clone();
        to_the_end(async move {
            known(engine.inner.store.delete_account(caller).await?)?;
            engine.inner.seen.forget(&caller);
            engine.inner.tail.forget(&StreamName::inbox(&caller));
            if let Key::Ed25519(identity) = caller {
                // Its devices that listen look, and find that they are nobody's.
                engine.tell_account(&identity, AccountNews::Devices);
            }
            engine.sweep_ended().await;
            engine.inner.sweeper.notify_one();
            Ok(())
        })
        .await
    }

    /// Notes that the caller looked into the inbox. Written at most once a minute, the first time at once. Nothing happens for
    /// somebody without an account.
    pub async fn seen(&self, caller: Key, client_version: Option<String>, now: Timestamp) -> Result<(), Error> {
        let client_version = client_version.map(|text| text.chars().take(VERSION_MAX).collect::<String>());
        if self.inner.seen.is_fresh(&caller, client_version.as_deref(), now) {
            return Ok(());
        }
        // Strangers may look into inboxes that they don't have; that must not cost a write.
        if self.inner.store.account(caller).await?.is_none() {
            return Ok(());
        }
        if self.inner.store.touch(caller, now, client_version.clone()).await? {
            self.inner.seen.note(caller, client_version, now);
        }
        Ok(())
    }

    /// Whether `owner` accepts envelopes from `asker`.
    pub async fn accepts(&self, asker: Key, owner: Key) -> Result<bool, Error> {
        Ok(self.inner.store.lists(owner, asker).await?)
    }

    /// What `asker` may know of `owner`: nothing, unless the owner listed the asker.
    pub async fn status(&self, asker: Key, owner: Key, now: Timestamp) -> Result<Status, Error> {
        let nothing = Status { waiting: 0, presence: Presence::Never };
        if !self.inner.store.lists(owner, asker).await? {
            return Ok(nothing);
        }
        let Some(account) = self.inner.store.account(owner).await? else {
            return Ok(nothing);
        };
        let waiting = self.inner.store.waiting(StreamName::inbox(&owner), asker, Label::new(MEDIA)).await?;
        Ok(Status { waiting, presence: Presence::of(account.seen_at, now) })
    }

    /// Deletes an envelope from the caller's inbox. Fails with [`Error::NotFound`] if it is not there.
    pub async fn take(&self, caller: Key, id: EnvelopeId) -> Result<(), Error> {
        let engine = self.clone();
        to_the_end(async move {
            let stream = StreamName::inbox(&caller);
            let taken = engine.inner.store.take(stream.clone(), id).await?.ok_or(Error::NotFound)?;
            engine.inner.tail.remove(&stream, taken.seq);
            engine.inner.blobs.remove(taken.freed.into_iter().collect()).await
        })
        .await
    }

    /// Opens the attachment of an envelope in the caller's inbox: `None` if it has none or the file is lost. Fails with
    /// [`Error::NotFound`] if the envelope is not there.
    pub async fn attachment(&self, caller: Key, id: EnvelopeId) -> Result<Option<Attachment>, Error> {
        let blob = self.inner.store.blob(StreamName::inbox(&caller), id).await?.ok_or(Error::NotFound)?;
        match blob {
            None => Ok(None),
            Some(Blob::Inline(bytes)) => Ok(Some(Attachment::Whole(bytes.into()))),
            Some(Blob::File { name, size }) => match self.inner.blobs.read(name, size).await {
                Ok(reader) => Ok(Some(Attachment::Pieces { reader, size })),
                Err(Error::NotFound) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}

fn known(found: bool) -> Result<(), Error> {
    if found { Ok(()) } else { Err(Error::NoAccount) }
}

/// When accounts were last noted as seen, to write it rarely.
#[derive(Default)]
pub(crate) struct SeenLately {
    times: Mutex<HashMap<Key, (Timestamp, Option<String>)>>,
}

impl SeenLately {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, (Timestamp, Option<String>)>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self, key: &Key, version: Option<&str>, now: Timestamp) -> bool {
        let times = self.lock();
        times.get(key).is_some_and(|(at, noted)| now.distance(*at) < SEEN_EVERY && noted.as_deref() == version)
    }

    fn note(&self, key: Key, version: Option<String>, now: Timestamp) {
        let mut times = self.lock();
        if times.len() >= SEEN_MAX {
            times.clear();
        }
        times.insert(key, (now, version));
    }

    fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }
}
