//! Contact exchanges and invitations.

use crate::Engine;
use crate::error::Error;
use tidings_core::exchange::{Acceptance, Accepted, Exchange, ExchangeRefusal, NewExchange};
use tidings_core::{Key, Timestamp, Token, TokenHash};

impl Engine {
    /// Makes an exchange; with no maker it is the node owner's invitation. Gives the token, which is kept nowhere, and until
    /// when it can be accepted. Fails with [`Error::NoAccount`], or [`Error::Exchange`] if the maker has too many open ones.
    pub async fn create_exchange(
        &self,
        maker: Option<Key>,
        text: Option<String>,
        now: Timestamp,
    ) -> Result<(Token, Timestamp), Error> {
        self.allow_stored(text.as_ref().map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX)), now)?;
        let token = self.inner.entropy.token();
        let life = if maker.is_some() { self.inner.exchange_life } else { self.inner.invitation_life };
        let expires_at = now.after(life);
        let new = NewExchange { token: token.hash(), maker, text, created_at: now, expires_at };
        match self.inner.store.create_exchange(new).await? {
            Err(ExchangeRefusal::NoAccount) => Err(Error::NoAccount),
            refused => Ok(refused.map(|()| (token, expires_at))?),
        }
    }

    /// Accepts an exchange, and registers the key in the same step if that is wanted. Fails with [`Error::Exchange`].
    pub async fn accept_exchange(
        &self,
        token: TokenHash,
        register: Option<Key>,
        text: Option<String>,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        let bytes = text.as_ref().map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.allow_stored(bytes, now)?;
        Ok(self.inner.store.accept_exchange(Acceptance { token, register, text, now }).await??)
    }

    /// The maker's own exchange. Fails with [`Error::NotFound`] if it is unknown, somebody else's, or expired unaccepted.
    pub async fn exchange(&self, token: TokenHash, maker: Key, now: Timestamp) -> Result<Exchange, Error> {
        let maker = self.inner.store.account(maker).await?.ok_or(Error::NotFound)?;
        let exchange = self.inner.store.exchange(token).await?;
        exchange.filter(|found| found.maker == Some(maker.number) && found.visible(now)).ok_or(Error::NotFound)
    }

    /// Deletes the maker's own exchange in any state. Fails with [`Error::NoAccount`] or [`Error::NotFound`].
    pub async fn delete_exchange(&self, token: TokenHash, maker: Key) -> Result<(), Error> {
        let maker = self.account(maker).await?;
        let deleted = self.inner.store.delete_exchange(token, maker.number).await?;
        if deleted { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Whether the node has nobody yet and no open invitation of its owner.
    pub async fn wants_first_invitation(&self, now: Timestamp) -> Result<bool, Error> {
        Ok(self.inner.store.wants_first_invitation(now).await?)
    }
}
