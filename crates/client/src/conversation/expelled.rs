//! Who is in a list of members again that had been removed from it: a hub, or somebody together with one, shows an old branch of the
//! group (docs/protocol/conversations.md, Falling out and coming back).

use crate::roster::Roster;
use crate::view::Identity;

/// What was known before a commit.
pub(super) struct Before<'a> {
    /// The newest roster ever seen.
    pub(super) newest: &'a Roster,
    /// The roster before the commit.
    pub(super) roster: &'a Roster,
    /// Who was there again.
    pub(super) expelled: &'a [Identity],
}

/// Who is in `after` again. Whoever was stays so until they are out, and so do those whom they bring in: with commits of their own they
/// could otherwise make the old list the newer one. That ends, too, when others have changed the list since, so that it is the newer one.
pub(super) fn expelled(before: &Before<'_>, after: &Roster, by: Option<&Identity>) -> Vec<Identity> {
    let Before { newest, roster, expelled } = before;
    let theirs = by.is_some_and(|by| expelled.contains(by));
    let overtaken = by.is_some() && !theirs && after.v > roster.v && after.v >= newest.v;
    let again = |who: &Identity| {
        (expelled.contains(who) && !overtaken)
            || (newest.v > after.v && newest.member(who).is_none())
            || (theirs && roster.member(who).is_none())
    };
    after.members.iter().map(|member| member.id).filter(again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::RosterMember;
    use crate::view::ConversationKind;

    const NOBODY: [u8; 0] = [];

    fn roster(v: u64, who: &[u8]) -> Roster {
        let member = |number: &u8| RosterMember {
            id: Identity([*number; 32]),
            access: [*number; 32],
            salt: [0; 16],
            role: 0,
            since: 0,
        };
        Roster {
            v,
            kind: ConversationKind::Group,
            name: String::new(),
            picture: None,
            hub: "https://hub.example".to_owned(),
            seal: [0; 32],
            locked: false,
            expire: None,
            members: who.iter().map(member).collect(),
        }
    }

    fn after(newest: &Roster, before: &Roster, known: &[u8], after: &Roster, by: Option<u8>) -> Vec<u8> {
        let known: Vec<_> = known.iter().map(|number| Identity([*number; 32])).collect();
        let by = by.map(|by| Identity([by; 32]));
        let found = expelled(&Before { newest, roster: before, expelled: &known }, after, by.as_ref());
        found.iter().map(|who| who.0[0]).collect()
    }

    #[test]
    fn whoever_was_removed_stays_so_whatever_they_commit() {
        let (newest, old) = (roster(9, &[1, 2]), roster(5, &[1, 2, 3]));
        assert_eq!(after(&newest, &newest, &[], &old, None), [3], "the old branch");
        assert_eq!(after(&newest, &old, &[3], &roster(10, &[1, 2, 3]), Some(3)), [3], "has overtaken");
        assert_eq!(after(&newest, &old, &[3], &roster(10, &[1, 2, 3, 4]), Some(3)), [3, 4], "with an accomplice");
        assert_eq!(after(&newest, &roster(10, &[1, 2, 3, 4]), &[3, 4], &roster(11, &[1, 2, 4]), Some(3)), [4]);
        assert_eq!(after(&newest, &roster(10, &[1, 2, 3, 4]), &[3, 4], &roster(11, &[1, 2]), Some(1)), NOBODY);
    }

    #[test]
    fn whoever_others_add_is_welcome() {
        let (newest, old) = (roster(9, &[1, 2]), roster(10, &[1, 2, 3]));
        assert_eq!(after(&newest, &newest, &[], &old, Some(1)), NOBODY);
        assert_eq!(after(&newest, &old, &[3], &roster(10, &[1, 2, 3]), Some(1)), [3], "an update changes nothing");
        assert_eq!(
            after(&newest, &old, &[3], &roster(11, &[1, 2, 3, 4]), Some(1)),
            NOBODY,
            "others have gone on with it"
        );
        assert_eq!(after(&newest, &newest, &[3], &roster(11, &[1, 2, 5]), None), NOBODY, "back on the newer branch");
    }
}
