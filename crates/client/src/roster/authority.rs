//! Whether a roster that somebody shows follows from the one that is known (docs/protocol/conversations.md, Signed rosters).

use super::statement::{SignedStatement, Statement, statement_hash};
use super::{MODERATOR, OWNER, Roster};
use crate::view::Identity;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why a roster is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unproven {
    /// A statement can't be read, is not signed, or is of another conversation.
    #[error("the list of members is not signed as it must be")]
    Statement,
    /// It says something else than was signed.
    #[error("the list of members says something else than was signed")]
    Content,
    /// No statement in it is known.
    #[error("the list of members does not follow from the one that is known")]
    Unrelated,
    /// Somebody signed who had no right to.
    #[error("the list of members was changed by somebody who may not")]
    Authority,
}

/// How a roster stands to the one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// It is the same, or follows from it.
    Newer,
    /// It is an earlier one, or of another branch of the group.
    Older,
}

/// A statement and the hash that names it.
struct Link {
    hash: [u8; 32],
    statement: Statement,
}

fn must(holds: bool, unproven: Unproven) -> Result<(), Unproven> {
    if holds { Ok(()) } else { Err(unproven) }
}

impl Roster {
    /// Whether it is what its last statement says, and its statements belong together. Says nothing of who signed them.
    pub fn proven(&self, group: &[u8; 16]) -> Result<(), Unproven> {
        self.links(group).map(|_| ())
    }

    /// The same, and each statement but the first is by somebody who could make it by the one before, and nobody has a higher role than by
    /// the last. A roster that somebody became the heir of without having signed it is not so.
    pub fn stands_alone(&self, group: &[u8; 16]) -> Result<(), Unproven> {
        let links = self.links(group)?;
        let (first, rest) = links.split_first().ok_or(Unproven::Statement)?;
        let begun = Powers::said(first.statement.staff.iter().copied().collect(), first.statement.own);
        let powers = begun.follow(rest)?;
        let given = |who: &Identity, role: u8| powers.staff.get(who).is_some_and(|given| *given <= role);
        must(self.staff().iter().all(|(who, role)| given(who, *role)), Unproven::Authority)
    }

    fn links(&self, group: &[u8; 16]) -> Result<Vec<Link>, Unproven> {
        let mut links: Vec<Link> = Vec::with_capacity(self.signed.len());
        for bytes in &self.signed {
            let statement = SignedStatement::verify(&bytes.0).map_err(|_| Unproven::Statement)?.into_body();
            let follows = |before: &Link| before.hash == statement.prev && before.statement.v < statement.v;
            must(statement.group == *group && links.last().is_none_or(follows), Unproven::Statement)?;
            links.push(Link { hash: statement_hash(&bytes.0), statement });
        }
        let last = links.last().map(|link| &link.statement).ok_or(Unproven::Statement)?;
        let said = last.own == self.own_hash() && last.all == self.content_hash() && last.v <= self.v;
        must(said, Unproven::Content)?;
        Ok(links)
    }

    /// How `shown`, which a device is shown that did not see how it came about, stands to this roster, the newest that it knows. Fails
    /// if nobody with the right to do so has made it.
    pub fn weigh(&self, group: &[u8; 16], shown: &Self) -> Result<Weighed, Unproven> {
        if self == shown {
            return Ok(Weighed::Newer);
        }
        let links = shown.links(group)?;
        let known: Vec<[u8; 32]> = self.signed.iter().map(|bytes| statement_hash(&bytes.0)).collect();
        let Some(newest) = self.signed.last() else { return Ok(Weighed::Newer) };
        let newest = SignedStatement::verify(&newest.0).map_err(|_| Unproven::Statement)?.into_body();
        let common = links.iter().rposition(|link| known.contains(&link.hash)).ok_or(Unproven::Unrelated)?;
        let (root, new) = links.split_at(common.saturating_add(1));
        let (Some(root), Some(last)) = (root.last(), links.last()) else { return Err(Unproven::Unrelated) };
        if known.last() == Some(&last.hash) {
            // Only plain members have changed it since, one way or the other.
            let staff = newest.staff.iter().copied().collect();
            Powers::said(staff, newest.own).cover(shown, self)?;
            let back = self.gone.iter().any(|(_, id, _)| shown.member(id).is_some());
            return Ok(if shown.v < self.v || back { Weighed::Older } else { Weighed::Newer });
        }
        if last.statement.v < newest.v {
            // It was so once, or is a branch that has fallen behind: whoever had the right then.
            let staff = root.statement.staff.iter().copied().collect();
            Powers::said(staff, root.statement.own).follow(new)?.cover(shown, self)?;
            return Ok(Weighed::Older);
        }
        Powers::of(self).follow(new)?.cover(shown, self)?;
        Ok(if last.statement.v > newest.v { Weighed::Newer } else { Weighed::Older })
    }

    /// Whether the last change of roles, or of what only owners change, that is signed here is signed in `shown`, too: what else `shown` says
    /// of roles came after it.
    pub fn roles_known_to(&self, shown: &Self) -> bool {
        self.kept_statements().last().is_some_and(|last| shown.signed.contains(last))
    }

    /// Whether what was signed last here is later than what was in `shown`, which somebody with the right to do so has made, too.
    pub fn overtakes(&self, group: &[u8; 16], shown: &Self) -> bool {
        shown.signed_version() < self.signed_version() && self.weigh(group, shown) == Ok(Weighed::Older)
    }

    /// The version at which something was signed last.
    fn signed_version(&self) -> Option<u64> {
        let last = SignedStatement::verify(&self.signed.last()?.0).ok()?;
        Some(last.into_body().v)
    }

    /// Whether `shown` proves that somebody with the right to do so has taken `who` out, later than all that is known here. That they
    /// went by themselves it can't prove.
    pub fn expels(&self, group: &[u8; 16], shown: &Self, who: &Identity) -> bool {
        self.weigh(group, shown).is_ok()
            && shown.signed_version() >= self.signed_version()
            && self.member(who).is_some()
            && shown.member(who).is_none()
            && !shown.gone.iter().any(|(_, gone, _)| gone == who)
    }

    /// Whether somebody is gone in `shown` of whom only a plain member says so, while nobody else has changed anything. Who follows the stream
    /// has seen who went: then this is a branch that a single member can make.
    pub fn misses(&self, shown: &Self) -> bool {
        let gone = self.members.iter().any(|member| shown.member(&member.id).is_none());
        gone && self.signed.last() == shown.signed.last()
    }

    /// Who has more rights in `shown` than here, or is there and not here.
    pub fn excess(&self, shown: &Self) -> Vec<Identity> {
        let more = |who: &Identity, role: u8| self.role(who).is_none_or(|known| known > role);
        shown.members.iter().filter(|member| more(&member.id, member.role)).map(|member| member.id).collect()
    }

    /// Of two rosters with the same version on two branches that with the higher rank holds.
    pub fn rank(&self) -> (u64, [u8; 32]) {
        (self.v, statement_hash(&tidings_wire::cbor::encode(self)))
    }
}

/// Who may sign, and what only owners have changed so far.
struct Powers {
    staff: BTreeMap<Identity, u8>,
    own: [u8; 32],
    /// Who had a role and has none after a statement of a moderator, to whom it can only mean that they went.
    went: BTreeSet<Identity>,
}

impl Powers {
    fn of(roster: &Roster) -> Self {
        Self::said(roster.staff().into_iter().collect(), roster.own_hash())
    }

    fn said(staff: BTreeMap<Identity, u8>, own: [u8; 32]) -> Self {
        Self { staff, own, went: BTreeSet::new() }
    }

    /// After these statements, if each is by somebody who may say so.
    fn follow(mut self, new: &[Link]) -> Result<Self, Unproven> {
        for Link { statement, .. } in new {
            let role = self.staff.get(&statement.signer_identity()).copied();
            let unchanged = || {
                statement.own == self.own && statement.staff.iter().all(|(who, role)| self.staff.get(who) == Some(role))
            };
            must(role == Some(OWNER) || (role == Some(MODERATOR) && unchanged()), Unproven::Authority)?;
            let staff: BTreeMap<_, _> = statement.staff.iter().copied().collect();
            if role == Some(MODERATOR) {
                self.went.extend(self.staff.keys().filter(|who| !staff.contains_key(who)));
            }
            self.went.retain(|who| !staff.contains_key(who));
            (self.staff, self.own) = (staff, statement.own);
        }
        Ok(self)
    }

    /// Whether nobody has a role that was not given by these statements or known before.
    fn cover(&self, shown: &Roster, known: &Roster) -> Result<(), Unproven> {
        let given = |who: &Identity, role: u8| {
            let before = known.role(who).is_some_and(|had| had <= role);
            before || self.staff.get(who).is_some_and(|has| *has <= role)
        };
        let since = |roster: &Roster, who: &Identity| roster.member(who).map(|member| member.since);
        let stayed = |who: &Identity| since(known, who).is_some() && since(known, who) == since(shown, who);
        must(!self.went.iter().any(stayed), Unproven::Authority)?;
        must(shown.own_hash() == self.own, Unproven::Content)?;
        must(shown.staff().iter().all(|(who, role)| given(who, *role)), Unproven::Authority)
    }
}
