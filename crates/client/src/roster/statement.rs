//! What owners and moderators sign with each change of a roster (docs/protocol/conversations.md, Signed rosters): so that a device that has
//! not seen the stream can tell who made what it is shown.

use super::{MODERATOR, OWNER, Roster};
use crate::view::Identity;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::cbor;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::{Body, Signed};

/// Most owners and moderators of a conversation.
pub const STAFF_MAX: usize = 64;
/// Most statements that a roster carries.
pub const STATEMENTS_MAX: usize = 12;
/// Most bytes of one: 64 of staff with 38 bytes each, a certificate, hashes.
pub const STATEMENT_BYTES_MAX: usize = 4 * 1024;

/// A signed statement, as a roster carries it.
pub type SignedStatement = Signed<Statement>;

/// What the one who changed a roster says of it. Signed by a device with the label `roster`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The certificate of the device that signs.
    pub by: Signed<DeviceCertificate>,
    /// Which conversation.
    #[serde(with = "serde_bytes")]
    pub group: [u8; 16],
    /// The version of the roster.
    pub v: u64,
    /// The SHA-256 of the statement before it among those that the roster carries; zeros for the first of all.
    #[serde(with = "serde_bytes")]
    pub prev: [u8; 32],
    /// Owners and moderators, in the roster's order, with their roles.
    pub staff: Vec<(Identity, u8)>,
    /// The hash of what only owners change: [`Roster::own_hash`].
    #[serde(with = "serde_bytes")]
    pub own: [u8; 32],
    /// The hash of all that is signed: [`Roster::content_hash`].
    #[serde(with = "serde_bytes")]
    pub all: [u8; 32],
}

impl Body for Statement {
    const LABEL: &'static str = "roster";
    const BYTES_MAX: usize = STATEMENT_BYTES_MAX;

    fn signer(&self) -> Fixed<32> {
        self.by.device
    }

    fn check(&self) -> Result<(), &'static str> {
        let roles = self.staff.iter().all(|(_, role)| *role <= MODERATOR);
        let owner = self.staff.iter().any(|(_, role)| *role == OWNER);
        if roles && owner && self.staff.len() <= STAFF_MAX { Ok(()) } else { Err("the staff of a roster can't be so") }
    }
}

impl Statement {
    /// Who signed.
    pub fn signer_identity(&self) -> Identity {
        Identity(self.by.identity.0)
    }

    /// The role of somebody by it; `None` for those who have none.
    pub fn role(&self, who: &Identity) -> Option<u8> {
        self.staff.iter().find(|(id, _)| id == who).map(|(_, role)| *role)
    }

    /// Whether only what moderators may change differs.
    fn same_staff(&self, other: &Self) -> bool {
        self.staff == other.staff && self.own == other.own
    }
}

/// With what a device signs.
pub struct Pen<'a> {
    /// Its key.
    pub device: &'a SigningKey,
    /// Its certificate.
    pub certificate: Signed<DeviceCertificate>,
    /// In which conversation.
    pub group: [u8; 16],
}

/// The SHA-256 of a statement as it travels.
pub fn statement_hash(statement: &[u8]) -> [u8; 32] {
    Sha256::digest(statement).into()
}

impl Roster {
    /// Owners and moderators, in the order of the roster.
    pub fn staff(&self) -> Vec<(Identity, u8)> {
        let staff = self.members.iter().filter(|member| member.role <= MODERATOR);
        staff.map(|member| (member.id, member.role)).collect()
    }

    /// The SHA-256 of the CBOR of `[kind, hub, seal, locked]`: what only owners change, beside roles.
    pub fn own_hash(&self) -> [u8; 32] {
        let own = (&self.kind, &self.hub, Fixed(self.seal), self.locked);
        Sha256::digest(cbor::encode(&own)).into()
    }

    /// The SHA-256 of the CBOR of `[own hash, name, picture or null, expire or null, [[id, since], …]]`, with the members as they were
    /// signed last: those who went since are in their places.
    pub fn content_hash(&self) -> [u8; 32] {
        let picture = self.picture.as_ref().map(|picture| Blob(picture.clone()));
        let all = (Fixed(self.own_hash()), &self.name, picture, self.expire, self.signed_members());
        Sha256::digest(cbor::encode(&all)).into()
    }

    /// The members as they were signed last.
    fn signed_members(&self) -> Vec<(Identity, u64)> {
        let mut members: Vec<_> = self.members.iter().map(|member| (member.id, member.since)).collect();
        for (at, id, since) in &self.gone {
            let at = usize::try_from(*at).unwrap_or(usize::MAX).min(members.len());
            members.insert(at, (*id, *since));
        }
        members
    }

    /// Who went by commits of plain members since the roster `before` was signed, if this one follows it.
    pub(super) fn gone_since(&self, before: &Self) -> Vec<(u64, Identity, u64)> {
        let signed = before.signed_members().into_iter().zip(0u64..);
        signed.filter(|((id, _), _)| self.member(id).is_none()).map(|((id, since), at)| (at, id, since)).collect()
    }

    /// The statements to which another one that is signed now is added. One that changed nothing but what moderators change is carried
    /// only as long as it is the last.
    pub(super) fn kept_statements(&self) -> Vec<Blob> {
        let mut kept = self.signed.clone();
        if let [.., before, last] = self.signed.as_slice() {
            let read = |bytes: &Blob| SignedStatement::verify(&bytes.0);
            if let (Ok(before), Ok(last)) = (read(before), read(last))
                && before.same_staff(&last)
            {
                kept.pop();
            }
        }
        let over = kept.len().saturating_add(1).saturating_sub(STATEMENTS_MAX);
        kept.drain(..over);
        kept
    }

    /// Completes a roster that follows `before`: with the pen of an owner or moderator it is signed; without one, those who went are
    /// noted. Fails if it can't be signed so.
    pub fn attest(&mut self, before: &Self, pen: Option<&Pen<'_>>) -> Result<(), &'static str> {
        let Some(pen) = pen else {
            self.signed.clone_from(&before.signed);
            self.gone = self.gone_since(before);
            return Ok(());
        };
        self.gone.clear();
        self.signed = before.kept_statements();
        let statement = Statement {
            by: pen.certificate.clone(),
            group: pen.group,
            v: self.v,
            prev: self.signed.last().map_or([0; 32], |last| statement_hash(&last.0)),
            staff: self.staff(),
            own: self.own_hash(),
            all: self.content_hash(),
        };
        let signed = Signed::sign(statement, pen.device).map_err(|_| "the roster can't be signed")?;
        self.signed.push(Blob(signed.into_bytes()));
        Ok(())
    }
}
