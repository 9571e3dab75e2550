//! Who is meant in lines about the conversation.

use super::history::Notice;
use super::scene::People;
use crate::view::{Identity, NoticeView, Somebody};

/// How somebody is called: by name, or by the beginning of the key.
pub(super) fn name_of(people: &dyn People, me: &Identity, who: &Identity) -> String {
    if who == me {
        return "You".to_owned();
    }
    people.name(who).unwrap_or_else(|| who.to_string().chars().take(8).collect())
}

pub(super) fn somebody(people: &dyn People, me: &Identity, who: &Identity) -> Somebody {
    Somebody { identity: *who, name: name_of(people, me, who), me: who == me }
}

/// A line as a screen shows it.
pub(super) fn shown(people: &dyn People, me: &Identity, by: &Identity, notice: &Notice) -> NoticeView {
    let one = |who: &Identity| somebody(people, me, who);
    let all = |who: &[Identity]| who.iter().map(one).collect();
    let by = one(by);
    match notice {
        Notice::Added(who) => NoticeView::Added { by, who: all(who) },
        Notice::Removed(who) => NoticeView::Removed { by, who: all(who) },
        Notice::Left(who) => NoticeView::Left { who: all(who) },
        Notice::Role(who, role) => NoticeView::Role { by, who: one(who), role: *role },
        Notice::Name(name) => NoticeView::Name { by, name: name.clone() },
        Notice::Picture => NoticeView::Picture { by },
        Notice::Expire(seconds) => NoticeView::Expire { by, seconds: *seconds },
        Notice::Came(who) => NoticeView::Came { who: all(who) },
        Notice::Gone(who) => NoticeView::Gone { who: all(who) },
        Notice::Refused => NoticeView::Refused,
        Notice::RemovedYou => NoticeView::RemovedYou { by },
        Notice::NotLetIn => NoticeView::NotLetIn,
        Notice::LostMemory => NoticeView::LostMemory { of: by },
    }
}
