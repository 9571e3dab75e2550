//! Who asks: what the key that signed may do here. Found out before a body is read, so that a stranger's is not.
//!
//! It is a look ahead. What counts is decided again by the engine where it acts.

use super::Native;
use super::answer::Refused;
use super::dispatch::key;
use super::route::Key;
use super::signer::Signed;
use tidings_core::device::PostingRight;
use tidings_core::{Ed25519Key, Timestamp};
use tidings_wire::{Code, Fixed};

/// Who asks.
#[derive(Clone, Copy)]
pub(super) enum Caller {
    /// Anybody.
    Nobody,
    /// A device of an account here.
    Device {
        /// Its key.
        device: Ed25519Key,
        /// Whose.
        identity: Ed25519Key,
    },
    /// A key in the role that the request has: identity, posting key or access key.
    Holder(Ed25519Key),
}

impl Caller {
    /// Finds out whether the key that signed is one that the request asks for. `parameter` is that of its path.
    pub(super) async fn find(
        door: &Native,
        wanted: Key,
        signed: Option<&Signed>,
        parameter: &str,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let Some(signed) = signed else { return Ok(Self::Nobody) };
        let key = signed.key()?;
        let engine = &door.engine;
        let caller = match wanted {
            Key::Nobody => Self::Nobody,
            Key::Identity => Self::Holder(key),
            Key::Device | Key::DeviceIfSigned => Self::device(door, key, now).await?.ok_or_else(no_device)?,
            Key::Owner => match Self::device(door, key, now).await? {
                Some(Self::Device { identity, device }) if engine.is_owner(identity).await? => {
                    Self::Device { device, identity }
                }
                _ => {
                    return Err(Refused::new(
                        Code::NotAccepted,
                        "this is for the owner of the node; see `tidings node owner`",
                    ));
                }
            },
            // Whose account it is comes first: anybody can list somebody's identity as a device of their own.
            Key::DeviceOrIdentity if engine.device_list(key).await?.is_some() => Self::Holder(key),
            Key::DeviceOrIdentity => Self::device(door, key, now).await?.unwrap_or(Self::Holder(key)),
            Key::Posting => {
                let owner = identity(parameter)?;
                match engine.may_post(owner, key).await?.ok_or_else(stranger)? {
                    PostingRight::Device => Self::Device { device: key, identity: owner },
                    PostingRight::Kept | PostingRight::Dropped => Self::Holder(key),
                }
            }
            Key::Access => {
                let group = Fixed::<16>::parse(parameter).ok_or_else(|| Refused::malformed("no group's id"))?;
                engine.member(&group.0, &key).await?.map(|_| Self::Holder(key)).ok_or_else(no_member)?
            }
        };
        Ok(caller)
    }

    async fn device(door: &Native, device: Ed25519Key, now: Timestamp) -> Result<Option<Self>, Refused> {
        let Some(identity) = door.engine.device_owner(device).await? else { return Ok(None) };
        // A full disk must not keep a device from reading.
        if let Err(error) = door.engine.seen(tidings_core::Key::Ed25519(identity), None, now).await {
            tracing::debug!(%error, "could not note that somebody was here");
        }
        Ok(Some(Self::Device { device, identity }))
    }

    /// The device and its identity.
    pub(super) fn as_device(self) -> Result<(Ed25519Key, Ed25519Key), Refused> {
        match self {
            Self::Device { device, identity } => Ok((device, identity)),
            _ => Err(no_device()),
        }
    }

    /// The identity that signed, or to which the device that signed belongs.
    pub(super) fn as_identity(self) -> Result<Ed25519Key, Refused> {
        match self {
            Self::Device { identity, .. } | Self::Holder(identity) => Ok(identity),
            Self::Nobody => Err(no_device()),
        }
    }

    /// The key that signed for somebody's inbox, and whether it is a device of the owner.
    pub(super) fn as_poster(self) -> Result<(Ed25519Key, bool), Refused> {
        match self {
            Self::Device { device, .. } => Ok((device, true)),
            Self::Holder(key) => Ok((key, false)),
            Self::Nobody => Err(no_device()),
        }
    }

    /// The key that signed, in the role that the request has.
    pub(super) fn as_holder(self) -> Result<Ed25519Key, Refused> {
        match self {
            Self::Holder(key) => Ok(key),
            _ => Err(no_device()),
        }
    }
}

fn identity(parameter: &str) -> Result<Ed25519Key, Refused> {
    let bytes = Fixed::<32>::parse(parameter).ok_or_else(|| Refused::malformed("the path needs an identity"))?;
    key(bytes.0)
}

fn no_device() -> Refused {
    Refused::new(Code::NotAccepted, "the key that signed is no device of an account on this node (any more)")
}

fn stranger() -> Refused {
    Refused::new(Code::NotAccepted, "the owner of this inbox, if there is one, does not accept this key")
}

fn no_member() -> Refused {
    Refused::new(Code::NotAccepted, "the key that signed is no member of this group, if there is one")
}
