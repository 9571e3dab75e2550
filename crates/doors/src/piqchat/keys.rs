//! The node's own keys for this door. They must never change: clients keep the public ones.

use crate::webpush::VapidKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::SecretKey;
use thiserror::Error;
use tidings_engine::{Engine, Error};
use zeroize::Zeroizing;

/// Under which name the store keeps the box key's 32 secret bytes.
pub const BOX_SECRET: &str = "piqchat.box-secret";

/// Under which name the store keeps the push key: base64url, as piqchat writes it.
pub const VAPID_SECRET: &str = "piqchat.vapid-secret";

/// Why the node's keys can't be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The private API key is not 32 bytes in base64.
    #[error("the private API key must be 32 bytes in standard base64")]
    BoxSecret,
    /// The public API key does not belong to the private one: nobody could sign.
    #[error("the public API key does not belong to the private one; leave it out, it follows from the private one")]
    BoxMismatch,
    /// The private push key is not one.
    #[error("the private VAPID key must be a P-256 secret in unpadded base64url")]
    VapidSecret,
    /// The public push key does not belong to the private one.
    #[error("the public VAPID key does not belong to the private one; leave it out, it follows from the private one")]
    VapidMismatch,
    /// The push contact is no address that push services accept.
    #[error("the push contact must be a mailto: or https: address")]
    PushContact,
    /// The store failed.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// Keys from the settings, which win over the stored ones (wire/piqchat.md, section 10). Text as piqchat writes it.
#[derive(Clone, Default)]
pub struct Overrides {
    /// `API_PRIVATE_KEY`.
    pub api_private: Option<String>,
    /// `API_PUBLIC_KEY`.
    pub api_public: Option<String>,
    /// `VAPID_PRIVATE_KEY`.
    pub vapid_private: Option<String>,
    /// `VAPID_PUBLIC_KEY`.
    pub vapid_public: Option<String>,
}

/// The secret half of the box key.
pub(super) struct BoxSecret(SecretKey);

impl BoxSecret {
    /// Takes the 32 secret bytes.
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretKey::from(bytes))
    }

    /// The public half in standard base64, 44 characters.
    pub(super) fn public_text(&self) -> String {
        STANDARD.encode(self.0.public_key().as_bytes())
    }

    /// For opening boxes.
    pub(super) fn secret(&self) -> &SecretKey {
        &self.0
    }
}

/// The keys of this door.
pub struct Keys {
    pub(super) box_secret: BoxSecret,
    pub(super) vapid: VapidKey,
}

impl Keys {
    /// Takes the keys from `overrides`, else from the store, else makes them and stores them. Fails with [`KeyError`].
    pub async fn load_or_make(engine: &Engine, overrides: &Overrides) -> Result<Self, KeyError> {
        let box_secret = match &overrides.api_private {
            Some(text) => text.clone().into_bytes(),
            None => {
                engine.node_value(BOX_SECRET, |entropy| STANDARD.encode(entropy.bytes::<32>()).into_bytes()).await?
            }
        };
        let vapid = match &overrides.vapid_private {
            Some(text) => text.clone().into_bytes(),
            None => engine.node_value(VAPID_SECRET, make_vapid).await?,
        };
        Self::from_texts(&Zeroizing::new(box_secret), &Zeroizing::new(vapid), overrides)
    }

    /// Reads both secrets as they are stored, and compares them with the public halves in `overrides`, if those are given. Fails
    /// with [`KeyError`].
    pub fn from_texts(box_secret: &[u8], vapid: &[u8], overrides: &Overrides) -> Result<Self, KeyError> {
        let box_secret = parse_box(box_secret)?;
        if overrides.api_public.as_ref().is_some_and(|text| *text != box_secret.public_text()) {
            return Err(KeyError::BoxMismatch);
        }
        let text = std::str::from_utf8(vapid).map_err(|_| KeyError::VapidSecret)?;
        let vapid = VapidKey::from_base64url(text).map_err(|_| KeyError::VapidSecret)?;
        if overrides.vapid_public.as_ref().is_some_and(|text| *text != vapid.public_base64url()) {
            return Err(KeyError::VapidMismatch);
        }
        Ok(Self { box_secret, vapid })
    }

    /// The public box key as clients get it: standard base64, 44 characters.
    pub fn public_key(&self) -> String {
        self.box_secret.public_text()
    }
}

fn parse_box(text: &[u8]) -> Result<BoxSecret, KeyError> {
    let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyError::BoxSecret)?);
    Ok(BoxSecret::from_bytes(bytes.as_slice().try_into().map_err(|_| KeyError::BoxSecret)?))
}

/// A failure gives an empty value, which is refused when it is read.
fn make_vapid(entropy: &tidings_engine::Entropy) -> Vec<u8> {
    let key = VapidKey::generate(&mut entropy.generator());
    key.map(|key| key.to_base64url().as_bytes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_half_follows_from_the_secret() {
        let secret = parse_box(b"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=").unwrap();
        assert_eq!(secret.public_text(), "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=");
        assert!(parse_box(b"AQID").is_err());
        assert!(parse_box(b"\xff").is_err());
    }
}
