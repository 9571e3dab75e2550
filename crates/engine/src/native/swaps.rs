//! Exchanges of Tidings' own clients.

use super::bytes;
use crate::Engine;
use crate::accept::to_the_end;
use crate::error::Error;
use std::sync::Arc;
use tidings_core::swap::{Answered, SWAP_BYTES_MAX, SWAP_LIFE_MAX, Swap, SwapId, SwapState};
use tidings_core::{AccountNews, Ed25519Key, Timestamp};

impl Engine {
    /// Makes an exchange. The same again changes nothing. Fails with [`Error::NoAccount`], [`Error::TooLarge`], [`Error::Malformed`] if it
    /// were over already or would last longer than 30 days, [`Error::Exists`], and [`Error::Exchange`] if there are too many.
    pub async fn create_swap(
        &self,
        maker: Ed25519Key,
        id: SwapId,
        offer: Option<Vec<u8>>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let size = offer.as_ref().map_or(0, Vec::len);
        allowed(size)?;
        if expires_at <= now || expires_at > now.after(SWAP_LIFE_MAX) {
            return Err(Error::Malformed("an exchange lasts 30 days at most"));
        }
        self.allow_stored(bytes(size), now)?;
        let swap = Swap { id, state: SwapState::Open, offer, answer: None, reply: None, expires_at };
        Ok(self.inner.store.create_swap(maker, swap, now).await??)
    }

    /// An exchange. Fails with [`Error::NotFound`].
    pub async fn swap(&self, id: SwapId, now: Timestamp) -> Result<Swap, Error> {
        Ok(self.inner.store.swap(id, now).await?.ok_or(Error::NotFound)?.0)
    }

    /// Gives an exchange its answer, which comes into the maker's inbox, too. The same again changes nothing. Fails with
    /// [`Error::NotFound`], [`Error::TooLarge`], and [`Error::Refused`] if the inbox is full or its maker has too much.
    pub async fn answer_swap(
        &self,
        id: SwapId,
        answer: Vec<u8>,
        now: Timestamp,
    ) -> Result<Result<(), Answered>, Error> {
        allowed(answer.len())?;
        self.allow_stored(bytes(answer.len()).saturating_mul(2), now)?;
        let engine = self.clone();
        to_the_end(async move {
            let (policy, presences) = (engine.policies().inbox, Arc::clone(&engine.inner.presences));
            match engine.inner.store.answer_swap(id, answer, policy, presences, now).await?? {
                Err(Answered) => return Ok(Err(Answered)),
                Ok(None) => {}
                Ok(Some((maker, envelope))) => {
                    engine.tell_parcel(&maker, envelope, true);
                    engine.tell_account(&maker, AccountNews::Exchange);
                }
            }
            Ok(Ok(()))
        })
        .await
    }

    /// Gives an exchange its reply. The same again changes nothing. Fails with [`Error::NotFound`] if it is not the maker's,
    /// [`Error::TooLarge`], [`Error::Refused`] if its maker has too much, and [`Error::Conflict`] if it has no answer yet, or another
    /// reply.
    pub async fn reply_swap(&self, maker: Ed25519Key, id: SwapId, reply: Vec<u8>, now: Timestamp) -> Result<(), Error> {
        allowed(reply.len())?;
        self.allow_stored(bytes(reply.len()), now)?;
        let engine = self.clone();
        to_the_end(async move {
            engine.inner.store.reply_swap(maker, id, reply, now).await??;
            engine.tell_account(&maker, AccountNews::Exchange);
            Ok(())
        })
        .await
    }

    /// The maker's own exchanges, without what is in them.
    pub async fn swaps(&self, maker: Ed25519Key, now: Timestamp) -> Result<Vec<Swap>, Error> {
        Ok(self.inner.store.swaps(maker, now).await?)
    }

    /// Deletes one of the maker's. Fails with [`Error::NotFound`].
    pub async fn delete_swap(&self, maker: Ed25519Key, id: SwapId) -> Result<(), Error> {
        let engine = self.clone();
        to_the_end(async move {
            if !engine.inner.store.delete_swap(maker, id).await? {
                return Err(Error::NotFound);
            }
            engine.tell_account(&maker, AccountNews::Exchange);
            Ok(())
        })
        .await
    }
}

fn allowed(size: usize) -> Result<(), Error> {
    if size > SWAP_BYTES_MAX { Err(Error::TooLarge) } else { Ok(()) }
}
